"""Fields of a request that can be spelled in several ways, and how one was spelled."""

from collections.abc import Callable
from typing import Any

from harness.errors import InputError, WireError, shown
from harness.requests import ChatRequest
from harness.wire.openai_chat.parts import DIALECT
from harness.wire.openai_chat.tools import read_choice, read_format, read_tool
from harness.wire.ownership import marks

__all__ = ["FIELDS", "read_stop", "respelled"]


def read_stop(given: Any) -> tuple[str, ...] | None:
    """The texts that end an answer. Raises WireError."""
    match given:
        case None | []:
            return None
        case str():
            return (given,)
        case list() if all(isinstance(text, str) for text in given):
            return tuple(given)
        case _:
            raise WireError(
                f"'stop' is {shown(given)}; it is a text, or a list of texts."
            )


def _choice(given: Any, request: ChatRequest) -> bool:
    return read_choice(given, request.tools) == request.tool_choice


def _format(given: Any, request: ChatRequest) -> bool:
    return read_format(given) == request.response_format


def _functions(given: Any, request: ChatRequest) -> bool:
    return tuple(read_tool(one, old=True) for one in given or ()) == request.tools


def _model(given: Any, _: ChatRequest) -> bool:
    return given is None  # it stands in the URL


def _stop(given: Any, request: ChatRequest) -> bool:
    return read_stop(given) == request.stop


def _stream(given: Any, request: ChatRequest) -> bool:
    return bool(given) == request.stream


def _tools(given: Any, request: ChatRequest) -> bool:
    return tuple(read_tool(one) for one in given or ()) == request.tools


#: Fields that may be spelled otherwise than we do; whether a spelling says the same.
FIELDS: dict[str, Callable[[Any, ChatRequest], bool]] = {
    "function_call": _choice,
    "functions": _functions,
    "model": _model,
    "response_format": _format,
    "stop": _stop,
    "stream": _stream,
    "tool_choice": _choice,
    "tools": _tools,
}


def respelled(request: ChatRequest) -> dict[str, Any]:
    """The fields of *request* as they were spelled, where that still says the same."""
    found: dict[str, Any] = {}
    for name, given in marks(request.params, DIALECT).items():
        try:
            if name in FIELDS and FIELDS[name](given, request):
                found[name] = given
        except (InputError, WireError):
            continue
    return found
