"""What xAI's SDK asks over gRPC, as a request. In: its JSON. Out: a ChatRequest."""

import json
from collections.abc import Mapping
from typing import Any

from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import Mode, ToolChoice, ToolSpec

__all__ = ["request_of"]

_MODES: Mapping[str, Mode] = {
    "TOOL_MODE_AUTO": "auto",
    "TOOL_MODE_NONE": "none",
    "TOOL_MODE_REQUIRED": "any",
}
_KNOWN = frozenset(
    "messages model tools tool_choice response_format parallel_tool_calls stop".split()
)

Json = Mapping[str, Any]


def request_of(said: Json, place: str) -> ChatRequest:
    """What *said* asks; the rest of it is in the params.

    Raises InputError, KeyError, TypeError or ValueError for what is of a wrong shape.

    >>> said = {"messages": [{"role": "ROLE_USER", "content": [{"text": "Hi"}]}]}
    >>> request_of(said, "a.yaml").messages[0].text
    'Hi'
    """
    stop = said.get("stop")
    return ChatRequest(
        tuple(_message(one, place) for one in said.get("messages") or ()),
        tools=tuple(_tool(one) for one in said.get("tools") or ()),
        tool_choice=_choice(said.get("tool_choice")),
        parallel_tool_calls=said.get("parallel_tool_calls"),
        response_format=_format(said.get("response_format")),
        stop=None if stop is None else tuple(stop),
        model=said.get("model"),
        params={key: value for key, value in said.items() if key not in _KNOWN},
    )


def _message(said: Json, place: str) -> Message:
    content = [_block(one) for one in said.get("content") or ()]
    texts = [one["text"] for one in content if one["type"] == "text"]
    plain: Any = "".join(texts) if len(texts) == len(content) else content
    match said.get("role"):
        case "ROLE_USER":
            return HumanMessage(plain)
        case "ROLE_SYSTEM" | "ROLE_DEVELOPER":
            return SystemMessage(plain)
        case "ROLE_TOOL":
            return ToolMessage(plain, tool_call_id=said.get("tool_call_id") or "")
        case "ROLE_ASSISTANT":
            thought = said.get("reasoning_content")
            blocks = [{"type": "reasoning", "reasoning": thought}] if thought else []
            calls = [_call(one) for one in said.get("tool_calls") or ()]
            body = [*blocks, *content] if blocks else plain
            return AIMessage(body, tool_calls=calls)
        case other:
            raise ValueError(f"{place}: a message has the role {other!r}")


def _block(said: Json) -> dict[str, Any]:
    match said:
        case {"text": str(text)}:
            return {"type": "text", "text": text}
        case {"image_url": {"image_url": str(url)}}:
            return {"type": "image_url", "image_url": {"url": url}}
        case _:
            return {"type": "non_standard", "value": dict(said)}


def _call(said: Json) -> dict[str, Any]:
    function = said["function"]
    args = json.loads(function.get("arguments") or "{}")
    return {"name": function["name"], "args": args, "id": said.get("id")}


def _tool(said: Json) -> ToolSpec:
    match said:
        case {"function": {"name": str(name), **rest}}:
            schema: Any = rest.get("parameters") or "{}"
            parameters = json.loads(schema) if isinstance(schema, str) else schema
            return ToolSpec(name, str(rest.get("description") or ""), parameters)
        case _:
            return ToolSpec(next(iter(said)), provider=dict(said))


def _choice(said: Json | None) -> ToolChoice | None:
    match said:
        case {"mode": str(mode)} if mode in _MODES:
            return ToolChoice(_MODES[mode])
        case {"function_name": str(name)}:
            return ToolChoice("tool", name)
        case _:
            return None


def _format(said: Json | None) -> ResponseFormat | None:
    match said:
        case {"format_type": "FORMAT_TYPE_JSON_SCHEMA", "schema": str(schema)}:
            return ResponseFormat("json_schema", json.loads(schema))
        case {"format_type": "FORMAT_TYPE_JSON_OBJECT"}:
            return ResponseFormat("json_object")
        case _:
            return None
