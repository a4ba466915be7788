"""Requests of the Converse API. In: a body, and the URL. Out: what they ask.

One message of the user may hold results of tools and more: each result is a
ToolMessage, what stands between them a HumanMessage.
"""

import json
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any
from urllib.parse import unquote, urlsplit

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
from harness.tool_specs import ToolChoice, ToolSpec
from harness.wire.bedrock_converse.blocks import read_block
from harness.wire.json_values import expect, read_json

__all__ = ["PARAMS", "read_request"]

#: Sampling parameters under their common names, and theirs.
PARAMS = {"temperature": "temperature", "top_p": "topP", "max_tokens": "maxTokens"}

_PATH = re.compile(r"/model/([^/]+)/converse(-stream)?/?$")
_CALLS = ("tool_call", "invalid_tool_call")


def read_request(body: bytes, url: str = "") -> ChatRequest:
    """What *body* asks, which was sent to *url*. Raises WireError.

    >>> said = b'{"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}'
    >>> read_request(said, "/model/amazon.nova-lite-v1%3A0/converse").model
    'amazon.nova-lite-v1:0'
    """
    try:
        said = read_json(body)
    except ValueError as error:
        raise WireError(f"bedrock-converse: a request is no JSON: {error}") from None
    if not isinstance(said, dict):
        raise WireError(f"bedrock-converse: {shown(said)} is no request.")
    try:
        return _request(dict(said), url)
    except (InputError, WireError) as error:
        raise WireError(
            f"bedrock-converse: a request cannot be read: {error}"
        ) from None


def _request(said: dict[str, Any], url: str) -> ChatRequest:
    found = _PATH.search(urlsplit(url).path)
    messages: list[Message] = []
    if said.get("system"):
        content = expect(said.pop("system"), list, "'system'") or []
        messages.append(SystemMessage(_content(map(read_block, content))))
    for item in expect(said.pop("messages", None), list, "'messages'") or []:
        messages += _messages(expect(item, dict, "a message") or {})
    tools, choice = _tools(said)
    form = _format(said)
    params, stop = _inference(said)
    return ChatRequest(
        tuple(messages),
        tools=tools,
        tool_choice=choice,
        response_format=form,
        stop=stop,
        model=unquote(found[1]) if found else None,
        stream=bool(found and found[2]),
        params={**said, **params},
    )


# ------------------------------------------------------------------- messages


def _messages(said: dict[str, Any]) -> Iterator[Message]:
    content = expect(said.get("content"), list, "'content'") or []
    kwargs = {k: v for k, v in said.items() if k not in ("content", "role")}
    blocks = [*map(read_block, content)]
    match said.get("role"):
        case "assistant":
            yield _assistant(blocks, kwargs)
        case "user":
            yield from _user(blocks, kwargs)
        case "system":
            marked = {**kwargs, "role": "system"}
            yield SystemMessage(_content(blocks), additional_kwargs=marked)
        case role:
            raise WireError(f"no message has the role {shown(role)}.")


def _assistant(blocks: list[ContentBlock], kwargs: dict[str, Any]) -> AIMessage:
    end = len(blocks)
    while end and blocks[end - 1]["type"] in _CALLS:
        end -= 1
    body, calls = blocks[:end], blocks[end:]
    if any(block["type"] in _CALLS for block in body):
        body, calls = blocks, []
    return AIMessage(
        _content(body),
        tool_calls=[call for call in calls if call["type"] == "tool_call"],
        invalid_tool_calls=[c for c in calls if c["type"] == "invalid_tool_call"],
        additional_kwargs=kwargs,
    )


def _user(blocks: list[ContentBlock], kwargs: dict[str, Any]) -> Iterator[Message]:
    if not blocks:
        yield HumanMessage("", additional_kwargs=kwargs)
    runs = groupby(blocks, lambda block: block["type"] == "server_tool_result")
    for results, run in runs:
        if results:
            for block in run:
                yield _result(block, kwargs)
                kwargs = {}
        else:
            yield HumanMessage(_content(run), additional_kwargs=kwargs)
            kwargs = {}


def _result(block: ContentBlock, kwargs: dict[str, Any]) -> ToolMessage:
    call_id, status = block.get("tool_call_id"), block.get("status")
    output = expect(block.get("output"), list, "'content' of a toolResult") or []
    if not isinstance(call_id, str):
        raise WireError(f"'toolUseId' of a toolResult is {shown(call_id)}, not a str.")
    if status not in ("success", "error", None):
        raise WireError(f"'status' of a toolResult is {shown(status)}.")
    marks = {**block.get("extras", {}), **kwargs}
    if status == "success":
        marks["status"] = status  # which goes without saying
    return ToolMessage(
        _content(map(read_block, output)),
        tool_call_id=call_id,
        status=status or "success",
        additional_kwargs=marks,
    )


def _content(blocks: Any) -> str | list[ContentBlock]:
    """The text where there is no more than that."""
    match list(blocks):
        case []:
            return ""
        case [{"type": "text", "text": str(text), **rest}] if text and not rest:
            return text
        case found:
            return found


# ---------------------------------------------------------- what binds the answer


def _tools(
    said: dict[str, Any],
) -> tuple[tuple[ToolSpec, ...], ToolChoice | None]:
    config = dict(expect(said.pop("toolConfig", None), dict, "'toolConfig'") or {})
    tools = tuple(_tool(t) for t in expect(config.get("tools"), list, "'tools'") or [])
    if tools:
        del config["tools"]
    choice = _choice(config.pop("toolChoice", None))
    if config:
        said["toolConfig"] = config
    return tools, choice


def _tool(tool: Any) -> ToolSpec:
    match tool:
        case {"toolSpec": {"name": str(name), "inputSchema": {"json": dict(schema)}}}:
            spec = tool["toolSpec"]
        case {"systemTool": {"name": str(name)}}:
            return ToolSpec(name, provider=tool)
        case dict() if len(tool) == 1:
            return ToolSpec(next(iter(tool)), provider=tool)
        case _:
            raise WireError(f"a tool is {shown(tool)}.")
    known = ("name", "description", "inputSchema", "strict")
    return ToolSpec(
        name,
        expect(spec.get("description"), str, f"the description of {name!r}") or "",
        schema,
        strict=expect(spec.get("strict"), bool, f"'strict' of {name!r}"),
        extras={k: v for k, v in spec.items() if k not in known},
    )


def _choice(said: Any) -> ToolChoice | None:
    match said:
        case None:
            return None
        case {"auto": {}} | {"any": {}} if len(said) == 1:
            mode: Any = next(iter(said))
            return ToolChoice(mode, provider=said if said[mode] else None)
        case {"tool": {"name": str(name)}} if len(said) == 1:
            plain = said == {"tool": {"name": name}}
            return ToolChoice("tool", name, provider=None if plain else said)
        case dict():
            return ToolChoice("auto", provider=said)
        case _:
            raise WireError(f"'toolChoice' is {shown(said)}.")


def _format(said: dict[str, Any]) -> ResponseFormat | None:
    config = expect(said.get("outputConfig"), dict, "'outputConfig'") or {}
    match config:
        case {
            "textFormat": {
                "type": "json_schema",
                "structure": {"jsonSchema": {"schema": str(text), **described}},
            }
        }:
            pass
        case _:
            return None
    try:
        schema = read_json(text)
    except ValueError as error:
        raise WireError(f"the schema {shown(text)} is no JSON: {error}") from None
    name = expect(described.pop("name", None), str, "'name' of the schema")
    if text != json.dumps(schema):
        described["schema"] = text  # in a spelling of its own
    rest = {k: v for k, v in config.items() if k != "textFormat"}
    if described:
        rest["textFormat"] = {"structure": {"jsonSchema": described}}
    del said["outputConfig"]
    if rest:
        said["outputConfig"] = rest
    return ResponseFormat("json_schema", expect(schema, dict, "a schema"), name)


def _inference(said: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...] | None]:
    config = expect(said.pop("inferenceConfig", None), dict, "'inferenceConfig'")
    if config is None:
        return {}, None
    rest = dict(config)
    params = {ours: rest.pop(name) for ours, name in PARAMS.items() if name in rest}
    stop = expect(rest.pop("stopSequences", None), list, "'stopSequences'")
    if rest or not config:
        params["inferenceConfig"] = rest
    return params, None if stop is None else tuple(stop)
