"""Requests of Anthropic Messages. In: a body. Out: what it asks.

A user turn may say several things at once: each result of a tool becomes a ToolMessage,
what stands between or after them a HumanMessage. Writing puts neighbours together
again; where the request itself had two turns side by side, the first message of the
second says so in its ``additional_kwargs``, under the name of the dialect. There too
is what else was said of a turn.
"""

from itertools import groupby
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, WireError, shown
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import Mode, ToolChoice, ToolSpec
from harness.wire.anthropic_messages.blocks import NAME, read_block
from harness.wire.json_values import expect, read_json

__all__ = ["read_request"]

_MARKS = frozenset({"description", "input_schema", "type"})
_MODES: dict[str, Mode] = {"auto": "auto", "any": "any", "none": "none"}


def read_request(body: bytes) -> ChatRequest:
    """What *body* asks. Raises WireError where it is no request.

    What has no field in a ChatRequest is kept in its params, as it came.

    >>> read_request(b'{"messages": [{"role": "user", "content": "Hi"}]}').messages
    (HumanMessage('Hi'),)
    """
    try:
        said = read_json(body)
    except ValueError as error:
        raise WireError(f"{NAME}: a request is no JSON: {error}") from None
    if not (isinstance(said, dict) and isinstance(said.get("messages"), list)):
        raise WireError(
            f"{NAME}: {shown(said)} is no request: 'messages' is missing, or no list."
        )
    try:
        return _request(dict(said))
    except (InputError, WireError) as error:
        raise WireError(f"{NAME}: a request cannot be read: {error}") from None


def _request(said: dict[str, Any]) -> ChatRequest:
    messages = _system(said.pop("system", None))
    turns = said.pop("messages")
    for before, turn in zip([None, *turns], turns, strict=False):
        messages += _turn(turn, beside=_role(turn) == _role(before) == "user")
    tools = expect(said.pop("tools", None), list, "'tools'")
    choice, parallel = _choice(said)
    stop = expect(said.pop("stop_sequences", None), list, "'stop_sequences'")
    # That it was said not to stream stays in the params.
    stream = bool(said.get("stream")) and bool(said.pop("stream"))
    return ChatRequest(
        tuple(messages),
        tools=tuple(_tool(tool) for tool in tools or ()),
        tool_choice=choice,
        parallel_tool_calls=parallel,
        response_format=_format(said),
        stop=None if stop is None else tuple(stop),
        model=expect(said.pop("model", None), str, "'model'"),
        stream=stream,
        params=said if tools != [] else {**said, "tools": []},
    )


def _role(turn: Any) -> Any:
    return turn.get("role") if isinstance(turn, dict) else None


# -------------------------------------------------------------------- messages


def _system(said: Any) -> list[Message]:
    match said:
        case None:
            return []
        case str() | list():
            return [SystemMessage(_content(said))]
        case _:
            raise WireError(f"'system' is {shown(said)}, not a str or a list.")


def _turn(turn: Any, *, beside: bool) -> list[Message]:
    match turn:
        case {"role": str(role), "content": str() | list() as content, **rest}:
            pass
        case _:
            raise WireError(
                f"a message is {shown(turn)}; it has a 'role', and 'content' that is "
                "a str or a list."
            )
    mark = {NAME: rest} if rest or beside else {}
    match role:
        case "user":
            return _user(content, mark)
        case "assistant":
            return [_assistant(content, {NAME: rest} if rest else {})]
        case "system":
            return [SystemMessage(_content(content), additional_kwargs={NAME: rest})]
        case _:
            raise WireError(f"no message has the role {shown(role)}.")


def _content(content: str | list[Any]) -> str | list[ContentBlock]:
    return content if isinstance(content, str) else [read_block(b) for b in content]


def _user(content: str | list[Any], mark: dict[str, Any]) -> list[Message]:
    if isinstance(content, str) or not content:
        return [HumanMessage(content, additional_kwargs=mark)]
    messages: list[Message] = []
    for is_result, blocks in groupby(content, _is_result):
        if is_result:
            for block in blocks:
                messages.append(_result(block, mark))
                mark = {}
        else:
            said = [read_block(block) for block in blocks]
            messages.append(HumanMessage(said, additional_kwargs=mark))
        mark = {}
    return messages


def _is_result(block: Any) -> bool:
    match block:
        case {"type": "tool_result", "tool_use_id": str()}:
            content, wrong = block.get("content", ""), block.get("is_error", False)
            return isinstance(content, str | list) and isinstance(wrong, bool)
        case _:
            return False


def _result(block: dict[str, Any], mark: dict[str, Any]) -> ToolMessage:
    content = block.get("content", [])
    known = {"type", "tool_use_id", "content"} | (
        {"is_error"} if _failed(block) else set()
    )
    rest = {key: value for key, value in block.items() if key not in known}
    if content == [] and "content" in block:
        rest["content"] = []
    return ToolMessage(
        _content(content),
        tool_call_id=block["tool_use_id"],
        status="error" if _failed(block) else "success",
        additional_kwargs={**rest, **mark},
    )


def _failed(block: dict[str, Any]) -> bool:
    return block.get("is_error") is True


def _assistant(content: str | list[Any], mark: dict[str, Any]) -> AIMessage:
    blocks = _content(content)
    if isinstance(blocks, str):
        return AIMessage(blocks, additional_kwargs=mark)
    end = len(blocks)
    while end and blocks[end - 1]["type"] == "tool_call":
        end -= 1
    said, calls = blocks[:end], blocks[end:]
    if not calls or any(block["type"] == "tool_call" for block in said):
        return AIMessage(blocks, additional_kwargs=mark)
    match said:
        case []:
            body: str | list[ContentBlock] = ""
        case [{"type": "text", "text": str(text), **rest}] if text and not rest:
            body = text
        case _:
            body = said
    return AIMessage(body, tool_calls=calls, additional_kwargs=mark)


# ------------------------------------------------------------- tools and the rest


def _tool(tool: Any) -> ToolSpec:
    match tool:
        case {"name": str(name), "input_schema": dict(schema)}:
            pass
        case {"name": str(name)} | {"type": str(name)}:
            return ToolSpec(name, provider=tool)
        case dict():
            return ToolSpec(next(iter(tool), "tool"), provider=tool)
        case _:
            raise WireError(f"a tool is {shown(tool)}, not an object.")
    described, strict = tool.get("description"), tool.get("strict")
    if not (isinstance(described, str | None) and isinstance(strict, bool | None)):
        return ToolSpec(name, provider=tool)
    # What is said though it says nothing is an extra, to be said again.
    said = {"description": described, "input_schema": schema}
    known = {"name", *(key for key, value in said.items() if value)}
    known |= set[str]() if strict is None else {"strict"}
    extras = {key: value for key, value in tool.items() if key not in known}
    # Elsewhere a type says that a tool is of another kind; here it says nothing.
    marks = {key: extras.pop(key) for key in _MARKS & extras.keys()}
    extras |= {NAME: marks} if marks else {}
    return ToolSpec(name, described or "", schema, strict=strict, extras=extras)


def _choice(said: dict[str, Any]) -> tuple[ToolChoice | None, bool | None]:
    given = said.pop("tool_choice", None)
    if given is None:
        return None, None
    raw = dict(expect(given, dict, "'tool_choice'") or {})
    single = raw.pop("disable_parallel_tool_use", None)
    single = expect(single, bool, "'disable_parallel_tool_use'")
    parallel = None if single is None else not single
    match raw:
        case {"type": "tool", "name": str(name)} if len(raw) == 2:
            return ToolChoice("tool", name), parallel
        case {"type": "auto" | "any" | "none" as kind} if len(raw) == 1:
            return ToolChoice(_MODES[kind]), parallel
        case _:
            return ToolChoice("auto", provider=raw), parallel


def _format(said: dict[str, Any]) -> ResponseFormat | None:
    """Take the response format out of *said*, whichever of two places it has."""
    if (schema := _schema(said.get("output_format"))) is not None:
        said["output_format"] = {}  # that there was one tells where it goes
        return ResponseFormat("json_schema", schema)
    config = said.get("output_config")
    if not isinstance(config, dict):
        return None
    if (schema := _schema(config.get("format"))) is None:
        return None
    rest = {key: value for key, value in config.items() if key != "format"}
    said["output_config"] = rest
    if not rest:
        del said["output_config"]
    return ResponseFormat("json_schema", schema)


def _schema(said: Any) -> dict[str, Any] | None:
    match said:
        case {"type": "json_schema", "schema": dict(schema)} if len(said) == 2:
            return schema
        case _:
            return None
