"""What Ollama refuses, which is little. In: a request. Out: the answer that says so."""

from collections.abc import Iterator
from typing import Any, assert_never

from harness.endpoint.answers import Answer
from harness.endpoint.validation.shapes import (
    Either,
    Fields,
    Flag,
    Flaw,
    Items,
    Number,
    OneOf,
    Shape,
    Text,
    flaws,
    kind_of,
)
from harness.http_messages import HttpRequest

__all__ = [
    "REQUEST",
    "ROLES",
    "THINK",
    "UNREADABLE",
    "no_object",
    "refusals",
    "refused",
    "told",
]

_MESSAGE = Fields(
    {
        "role": Text(),
        "content": Text(),
        "thinking": Text(),
        "images": Items(Text()),
        "tool_calls": Items(Fields({"function": Fields({"name": Text()})})),
    }
)
_TOOL = Fields(
    {
        "type": Text(),
        "function": Fields(
            {"name": Text(), "description": Text(), "parameters": Fields()}
        ),
    }
)
_NUMBER, _WHOLE = Number(), Number(whole=True)
#: Every parameter that has a rule: of Go's types, all values will do.
REQUEST = Fields(
    {
        "model": Text(),
        "messages": Items(_MESSAGE),
        "stream": Flag(),
        "tools": Items(_TOOL),
        "options": Fields(
            {
                "temperature": _NUMBER,
                "top_p": _NUMBER,
                "top_k": _WHOLE,
                "num_predict": _WHOLE,
                "num_ctx": _WHOLE,
                "seed": _WHOLE,
                "stop": Items(Text()),
            }
        ),
    }
)
ROLES = ("system", "user", "assistant", "tool")
THINK = ("high", "medium", "low", "max")


def refused(message: str, status: int = 400) -> Answer:
    """The answer with which Ollama turns a request down."""
    return Answer({"error": message}, status, message)


UNREADABLE = refused(
    "invalid character in the request body: unexpected end of JSON input"
)


def no_object(value: Any) -> Answer:
    """The answer to a body that is JSON, but no object."""
    return refused(
        f"json: cannot unmarshal {_kind(value)} into Go value of type api.ChatRequest"
    )


def refusals(said: dict[str, Any], request: HttpRequest) -> Iterator[Answer]:
    """Why *request*, whose body is *said*, is refused."""
    del request
    yield from map(told, flaws(said, REQUEST))
    if not said.get("model"):
        yield refused("model is required")
    if not said.get("messages"):  # nothing is refused, and no model is asked
        yield _loaded(said["model"])
    for message in said.get("messages") or ():
        if message.get("role") not in ROLES:
            yield refused(
                f"invalid role: {message.get('role') or ''}; it is one of "
                f"{', '.join(ROLES)}"
            )
    form, think = said.get("format"), said.get("think")
    if not (form is None or form in ("", "json") or isinstance(form, dict)):
        yield refused(
            f'invalid format: "{form}"; expected "json" or a valid JSON Schema object'
        )
    if not (think is None or isinstance(think, bool) or think in THINK):
        yield refused(
            f'invalid think value: "{think}" (must be "high", "medium", "low", true, '
            "or false)"
        )


def _loaded(model: str) -> Answer:
    """The answer to a chat without messages, with which clients load a model."""
    return Answer(
        {
            "model": model,
            "created_at": "2025-01-01T00:00:00Z",
            "message": {"role": "assistant", "content": ""},
            "done_reason": "load",
            "done": True,
        }
    )


def told(flaw: Flaw, struct: str = "ChatRequest") -> Answer:
    """The words of Go's decoder: no other rule than the kind is in the table."""
    where = ".".join(step for step in flaw.at if isinstance(step, str))
    return refused(
        f"json: cannot unmarshal {_kind(flaw.value)} into Go struct field "
        f"{struct}.{where} of type {_asked(flaw.shape)}"
    )


def _kind(value: Any) -> str:
    kind = kind_of(value)
    return {"boolean": "bool", "integer": "number", "decimal": "number"}.get(kind, kind)


def _asked(shape: Shape) -> str:
    match shape:
        case Number(whole=True):
            return "int"
        case Number():
            return "float32"
        case Text() | OneOf():
            return "string"
        case Flag():
            return "bool"
        case Items(item=item):
            return f"[]{_asked(item) if item else 'any'}"
        case Fields() | Either():
            return "api.Object"
        case _ as unreachable:
            assert_never(unreachable)
