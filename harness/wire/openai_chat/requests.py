"""Requests of OpenAI Chat Completions. In: a body. Out: what it asks."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.errors import InputError, WireError, shown
from harness.messages import Message
from harness.requests import ChatRequest
from harness.wire.json_values import expect, read_json
from harness.wire.openai_chat.history import read_message
from harness.wire.openai_chat.parts import DIALECT
from harness.wire.openai_chat.request_writing import request_body
from harness.wire.openai_chat.spelling import FIELDS, read_stop
from harness.wire.openai_chat.tools import read_choice, read_format, read_tool

__all__ = ["read_request"]

_DEPLOYMENT = re.compile(r"/deployments/([^/]+)/")


def read_request(body: bytes, url: str = "") -> ChatRequest:
    """What *body*, sent to *url*, asks. Raises WireError where it is no chat request.

    What has no field in a ChatRequest is kept in its params, as it came. So is, under
    "openai-chat", how a field was spelled that has several spellings.

    >>> read_request(b'{"messages": [{"role": "user", "content": "Hi"}]}').messages
    (HumanMessage('Hi'),)
    """
    try:
        said = read_json(body)
    except ValueError as error:
        raise WireError(f"{DIALECT}: a request is no JSON: {error}") from None
    if not (isinstance(said, dict) and isinstance(said.get("messages"), list)):
        raise WireError(
            f"{DIALECT}: {shown(said)} is no chat request: 'messages' is missing, or "
            "no list."
        )
    try:
        request = _request(dict(said), url)
        marks = _marks(said, request)
    except (InputError, WireError) as error:
        raise WireError(f"{DIALECT}: a request cannot be read: {error}") from None
    if not marks:
        return request
    return replace(request, params={**request.params, DIALECT: marks})


def _request(said: dict[str, Any], url: str) -> ChatRequest:
    messages = tuple(
        _message(item, number) for number, item in enumerate(said.pop("messages"))
    )
    functions = expect(said.pop("functions", None), list, "'functions'") or []
    tools = expect(said.pop("tools", None), list, "'tools'") or []
    specs = (
        *(read_tool(tool) for tool in tools),
        *(read_tool(tool, old=True) for tool in functions),
    )
    choice = read_choice(
        said.pop("tool_choice", said.pop("function_call", None)), specs
    )
    parallel = expect(
        said.pop("parallel_tool_calls", None), bool, "'parallel_tool_calls'"
    )
    model = expect(said.pop("model", None), str, "'model'")
    return ChatRequest(
        messages,
        tools=specs,
        tool_choice=choice,
        parallel_tool_calls=parallel,
        response_format=read_format(said.pop("response_format", None)),
        stop=read_stop(said.pop("stop", None)),
        model=_deployment(url) if model is None else model,
        stream=bool(said.pop("stream", False)),
        params=said,
    )


def _message(item: Any, number: int) -> Message:
    try:
        return read_message(item)
    except (InputError, WireError) as error:
        raise InputError(f"Message {number}: {error}") from None


def _deployment(url: str) -> str | None:
    """The model that Azure has in its URLs."""
    found = _DEPLOYMENT.search(urlsplit(url).path)
    return unquote(found[1]) if found else None


def _marks(said: dict[str, Any], request: ChatRequest) -> dict[str, Any]:
    """The fields that would not be written as they came."""
    written = request_body(request)
    return {
        name: said.get(name)
        for name in FIELDS
        if _without_nulls(said.get(name)) != _without_nulls(written.get(name))
    }


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {k: _without_nulls(v) for k, v in value.items() if v is not None}
        case list():
            return [_without_nulls(item) for item in value]
        case _:
            return value
