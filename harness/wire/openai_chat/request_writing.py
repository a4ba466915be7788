"""Requests as OpenAI Chat Completions wants them. In: what is asked. Out: a body."""

from collections.abc import Iterable
from typing import Any

from harness.errors import InputError, shown
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)
from harness.requests import ChatRequest
from harness.wire.json_values import write_json
from harness.wire.openai_chat.assistant import write_assistant
from harness.wire.openai_chat.parts import DIALECT, write_part
from harness.wire.openai_chat.spelling import respelled
from harness.wire.openai_chat.tools import (
    is_old,
    write_choice,
    write_format,
    write_function,
    write_tool,
)
from harness.wire.ownership import beside, own
from harness.wire.parameters import asked

__all__ = ["request_body", "write_request"]

_IMAGES_OF = "What the tool call {} returned:"


def write_request(request: ChatRequest) -> bytes:
    """The body that asks for *request*. Raises InputError for what has no form."""
    return write_json(
        {**request_body(request), "messages": _messages(request.messages)}
    )


def request_body(request: ChatRequest) -> dict[str, Any]:
    """All of the body but its messages."""
    params = {k: v for k, v in asked(request.params, DIALECT).items() if k != DIALECT}
    body: dict[str, Any] = {"model": request.model, "messages": [], **params}
    tools = [write_tool(spec) for spec in request.tools if not is_old(spec)]
    old = [write_function(spec) for spec in request.tools if is_old(spec)]
    if tools:
        body["tools"] = tools
    if old:
        body["functions"] = old
    if request.tool_choice is not None:
        said = write_choice(request.tool_choice, request.tools)
        if tools or not old:
            body["tool_choice"] = said
        else:
            named = isinstance(said, dict)
            body["function_call"] = said.get("function", said) if named else said
    if request.parallel_tool_calls is not None:
        body["parallel_tool_calls"] = request.parallel_tool_calls
    if request.response_format is not None:
        body["response_format"] = write_format(request.response_format)
    if request.stop is not None:
        body["stop"] = list(request.stop)
    if request.stream:
        body["stream"] = True
    body |= respelled(request)
    return {
        key: value
        for key, value in body.items()
        if key not in _FIELDS or value is not None
    }


_FIELDS = frozenset({"function_call", "functions", "model", "stop", "stream", "tools"})


# ----------------------------------------------------------------------- messages


def _messages(messages: Iterable[Message]) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = []
    images: list[Any] = []
    for message in messages:
        if not isinstance(message, ToolMessage) and images:
            written.append({"role": "user", "content": images})
            images = []
        match message:
            case AIMessage():
                written.append(_history(message))
            case ToolMessage():
                said, seen = _tool(message)
                written.append(said)
                images += seen
            case SystemMessage():
                written.append(_message(message, "system"))
            case HumanMessage():
                written.append(_message(message, "user"))
            case _:
                raise InputError(f"{shown(message)} is no message that can be sent.")
    if images:
        written.append({"role": "user", "content": images})
    return written


def _history(message: AIMessage) -> dict[str, Any]:
    said = write_assistant(message.to_message())
    if message.response_metadata.get("reasoning_field") == "reasoning_details":
        said.pop("reasoning_content", None)
    return said


def _message(message: Message, role: str) -> dict[str, Any]:
    kwargs = own(message.additional_kwargs, DIALECT)
    said: dict[str, Any] = {"role": kwargs.pop("role", role)}
    content = message.content
    if isinstance(content, list):
        said["content"] = [write_part(block) for block in content]
    elif content or message.response_metadata.get("content_as") != "null":
        said["content"] = content
    else:
        said["content"] = None
    if message.name is not None:
        said["name"] = message.name
    return beside(said, kwargs)


def _tool(message: ToolMessage) -> tuple[dict[str, Any], list[Any]]:
    """The message of a tool, and a user's parts that show what it cannot hold.

    A tool can only say text: images, audio and files go to a message after it.
    """
    content = message.content
    if isinstance(content, str):
        said = _message(message, "tool")
        seen: list[Any] = []
    else:
        texts = [block for block in content if _stays(block)]
        said = _message(message.model_copy(update={"content": texts}), "tool")
        seen = [write_part(block) for block in content if not _stays(block)]
        if seen:
            said["content"] = said["content"] or ""
            title = _IMAGES_OF.format(message.tool_call_id)
            seen.insert(0, {"type": "text", "text": title})
    if said["role"] != "function" or message.tool_call_id != message.name:
        said["tool_call_id"] = message.tool_call_id
    return said, seen


_MOVED = frozenset({"audio", "file", "image", "video"})


def _stays(block: Any) -> bool:
    if isinstance(block, str) or block["type"] not in _MOVED:
        return True
    return "source" not in block and "file" in block
