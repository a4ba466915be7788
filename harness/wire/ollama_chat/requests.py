"""Requests of the Ollama API. In: a body. Out: what it asks.

Calls and their answers are matched here: older clients send no ids, but the name of
the tool at most. What goes without saying, and was or was not said, is marked: by a
None among a message's ``additional_kwargs``, or a request's params.
"""

from typing import Any

from harness.errors import InputError, WireError, shown
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolSpec
from harness.wire.json_values import expect, read_json
from harness.wire.ollama_chat.calls import is_made, made_id, read_call, standard_call
from harness.wire.ollama_chat.images import read_image

__all__ = ["OPTIONS", "read_request"]

#: Sampling parameters under their common names, and theirs.
OPTIONS = {
    **{
        name: name
        for name in (
            *("temperature", "top_p", "top_k", "seed"),
            *("presence_penalty", "frequency_penalty"),
        )
    },
    "max_tokens": "num_predict",
}
_OF_MESSAGE = frozenset("content images role thinking tool_calls".split())


def read_request(body: bytes) -> ChatRequest:
    """What *body* asks. Raises WireError where it is no chat request.

    >>> said = b'{"model": "qwen3", "messages": [{"role": "user", "content": "Hi"}]}'
    >>> read_request(said).messages, read_request(said).stream
    ((HumanMessage('Hi'),), True)
    """
    try:
        said = read_json(body)
    except ValueError as error:
        raise WireError(f"ollama-chat: a request is no JSON: {error}") from None
    if not (isinstance(said, dict) and isinstance(said.get("messages"), list)):
        raise WireError(
            f"ollama-chat: {shown(said)} is no chat request: 'messages' is missing, or "
            "no list."
        )
    try:
        return _request(dict(said))
    except (InputError, WireError) as error:
        raise WireError(f"ollama-chat: a request cannot be read: {error}") from None


def _request(said: dict[str, Any]) -> ChatRequest:
    reader = _History()
    messages = [reader.message(item) for item in said.pop("messages")]
    tools = tuple(_tool(t) for t in expect(said.get("tools"), list, "'tools'") or [])
    if tools:
        del said["tools"]
    stream = expect(said.pop("stream", None), bool, "'stream'")
    if stream is None:
        said["stream"] = None
    params, stop = _options(said)
    return ChatRequest(
        tuple(messages),
        tools=tools,
        response_format=_format(said),
        stop=stop,
        model=expect(said.pop("model", None), str, "'model'"),
        stream=stream is not False,
        params={**said, **params},
    )


class _History:
    """The messages so far, and which calls await an answer."""

    def __init__(self) -> None:
        self._open: list[tuple[str, str | None]] = []

    def message(self, item: Any) -> Message:
        said = expect(item, dict, "a message") or {}
        blocks = _blocks(said)
        kwargs = {k: v for k, v in said.items() if k not in _OF_MESSAGE}
        kwargs |= {
            key: said[key]
            for key in ("images", "thinking", "tool_calls")
            if key in said and not said[key]
        }
        if "content" not in said:
            kwargs["content"] = None
        match said.get("role"):
            case "assistant":
                return self._assistant(said, blocks, kwargs)
            case "tool":
                return self._tool(_content(blocks), kwargs)
            case "system":
                return SystemMessage(_content(blocks), additional_kwargs=kwargs)
            case "user":
                return HumanMessage(_content(blocks), additional_kwargs=kwargs)
            case role:
                raise WireError(f"no message has the role {shown(role)}.")

    def _assistant(
        self, said: dict[str, Any], blocks: list[Any], kwargs: dict[str, Any]
    ) -> AIMessage:
        if thinking := expect(said.get("thinking"), str, "'thinking'"):
            blocks.insert(0, {"type": "reasoning", "reasoning": thinking})
        items = expect(said.get("tool_calls"), list, "'tool_calls'") or []
        calls = [standard_call(read_call(call, n)) for n, call in enumerate(items)]
        self._open = [(call["id"], call["name"]) for call in calls]
        return AIMessage(
            _content(blocks),
            tool_calls=[call for call in calls if call["type"] == "tool_call"],
            invalid_tool_calls=[c for c in calls if c["type"] == "invalid_tool_call"],
            additional_kwargs=kwargs,
        )

    def _tool(self, content: Any, kwargs: dict[str, Any]) -> ToolMessage:
        name = expect(kwargs.pop("tool_name", None), str, "'tool_name'")
        call_id = expect(kwargs.pop("tool_call_id", None), str, "'tool_call_id'")
        if name is None:
            kwargs["tool_name"] = None
        if call_id is None:
            call_id = self._awaited(name)
            if not is_made(call_id):
                kwargs["tool_call_id"] = None
        self._open = [call for call in self._open if call[0] != call_id]
        return ToolMessage(
            content, tool_call_id=call_id, name=name, additional_kwargs=kwargs
        )

    def _awaited(self, name: str | None) -> str:
        """The id of the call that is answered: the first open one of this name."""
        named = [call for call in self._open if name in (None, call[1])]
        return named[0][0] if named else made_id(0, name, "")


def _blocks(said: dict[str, Any]) -> list[Any]:
    text = expect(said.get("content"), str, "'content'")
    images = expect(said.get("images"), list, "'images'") or []
    blocks = [{"type": "text", "text": text}] if text else []
    return [*blocks, *map(read_image, images)]


def _content(blocks: list[Any]) -> str | list[Any]:
    match blocks:
        case []:
            return ""
        case [{"type": "text", "text": str(text)}]:
            return text
        case _:
            return blocks


# ---------------------------------------------------------- what binds the answer


def _tool(tool: Any) -> ToolSpec:
    match tool:
        case {"function": {"name": str(name)} as function}:
            pass
        case _:
            raise WireError(f"a tool is {shown(tool)}, and not a function with a name.")
    described = expect(function.get("description"), str, f"the description of {name!r}")
    schema = expect(function.get("parameters"), dict, f"the parameters of {name!r}")
    known = {"name", "strict"}
    known |= {key for key in ("description", "parameters") if function.get(key)}
    extras = {key: value for key, value in function.items() if key not in known}
    beside = {key: value for key, value in tool.items() if key != "function"}
    if beside != {"type": "function"}:
        extras["tool"] = beside
    strict = expect(function.get("strict"), bool, f"'strict' of {name!r}")
    return ToolSpec(name, described or "", schema or {}, strict=strict, extras=extras)


def _format(said: dict[str, Any]) -> ResponseFormat | None:
    match said.get("format"):
        case "json":
            del said["format"]
            return ResponseFormat("json_object")
        case dict(schema):
            del said["format"]
            return ResponseFormat("json_schema", schema)
        case None | "":
            return None
        case other:
            raise WireError(f"'format' is {shown(other)}: it is 'json', or a schema.")


def _options(said: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...] | None]:
    options = expect(said.pop("options", None), dict, "'options'")
    if options is None:
        return {}, None
    rest = dict(options)
    params = {ours: rest.pop(name) for ours, name in OPTIONS.items() if name in rest}
    stop: tuple[str, ...] | None = None
    if isinstance(rest.get("stop"), list):
        stop = tuple(rest.pop("stop"))
    if rest or not options:
        params["options"] = rest
    return params, stop
