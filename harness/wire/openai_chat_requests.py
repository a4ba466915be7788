"""Requests of OpenAI Chat Completions. In: a body. Out: what it asks."""

from typing import Any

from harness.coercion import coerce_messages
from harness.errors import InputError, SchemaError, WireError, shown
from harness.messages import Message
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec, tool_choice, tool_spec
from harness.wire.json_values import expect, read_json

__all__ = ["read_request"]


def read_request(body: bytes) -> ChatRequest:
    """What *body* asks. Raises WireError where it is no chat request.

    What has no field in a ChatRequest is kept in its params, as it came.

    >>> read_request(b'{"messages": [{"role": "user", "content": "Hi"}]}').messages
    (HumanMessage('Hi'),)
    """
    try:
        said = read_json(body)
    except ValueError as error:
        raise WireError(f"openai-chat: a request is no JSON: {error}") from None
    if not (isinstance(said, dict) and isinstance(said.get("messages"), list)):
        raise WireError(
            f"openai-chat: {shown(said)} is no chat request: 'messages' is missing, or "
            "no list."
        )
    try:
        return _request(dict(said))
    except (InputError, WireError) as error:
        raise WireError(f"openai-chat: a request cannot be read: {error}") from None


def _request(said: dict[str, Any]) -> ChatRequest:
    messages = _messages(said.pop("messages"))
    functions = expect(said.pop("functions", None), list, "'functions'") or []
    tools = expect(said.pop("tools", None), list, "'tools'") or []
    specs = tuple(_tool(tool) for tool in (*tools, *functions))
    choice = _choice(said.pop("tool_choice", said.pop("function_call", None)), specs)
    parallel = expect(
        said.pop("parallel_tool_calls", None), bool, "'parallel_tool_calls'"
    )
    stop = said.pop("stop", None)
    return ChatRequest(
        messages,
        tools=specs,
        tool_choice=choice,
        parallel_tool_calls=parallel,
        response_format=_format(said.pop("response_format", None)),
        stop=(stop,) if isinstance(stop, str) else tuple(stop or ()) or None,
        model=expect(said.pop("model", None), str, "'model'"),
        stream=bool(said.pop("stream", False)),
        params=said,
    )


def _messages(given: list[Any]) -> tuple[Message, ...]:
    return coerce_messages([_known_role(item) for item in given]) if given else ()


def _known_role(item: Any) -> Any:
    match item:
        case {"role": "function", "name": str(name)}:
            # The older spelling of a tool's answer has no id but the name.
            return {**item, "role": "tool", "tool_call_id": item.get("id", name)}
        case {"role": "assistant"}:
            said: dict[str, Any] = dict(item)
            if isinstance(said.get("function_call"), dict):
                call = said.pop("function_call")
                said["tool_calls"] = [{"function": call, "id": call.get("name")}]
            if isinstance(calls := said.get("tool_calls"), list):
                said["tool_calls"] = [_call(call) for call in calls]
            if isinstance(said.get("reasoning"), str):
                said.setdefault("reasoning_content", said.pop("reasoning"))
            return {"content": "", **said}
        case {"role": _}:
            return {"content": "", **item}
        case _:
            return item


def _call(call: Any) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    if isinstance(function, dict) and not function.get("arguments"):
        return {**call, "function": {**function, "arguments": "{}"}}
    return call


def _tool(tool: Any) -> ToolSpec:
    try:
        return tool_spec(tool)
    except SchemaError:
        # A tool that we cannot read is the provider's own.
        if isinstance(tool, dict) and isinstance(tool.get("type"), str):
            return ToolSpec(tool["type"], provider=tool)
        raise


def _choice(given: Any, tools: tuple[ToolSpec, ...]) -> ToolChoice | None:
    try:
        if isinstance(given, dict) and set(given) == {"name"}:
            given = given["name"]
        return tool_choice(given, tools)
    except InputError:
        # The provider judges whether it will do; we only tell one from another.
        kept = given if isinstance(given, dict) else {"tool_choice": given}
        return ToolChoice("auto", provider=kept)


def _format(given: Any) -> ResponseFormat | None:
    match given:
        case None:
            return None
        case {"type": "json_schema", "json_schema": dict(said)}:
            return ResponseFormat(
                "json_schema",
                expect(said.get("schema"), dict, "'schema'"),
                expect(said.get("name"), str, "'name'"),
                expect(said.get("strict"), bool, "'strict'"),
            )
        case {"type": "json_object" | "json_schema", "schema": dict(schema)}:
            return ResponseFormat("json_schema", schema)
        case {"type": "json_object" | "text" as kind}:
            return ResponseFormat(kind)
        case _:
            raise WireError(f"'response_format' is {shown(given)}.")
