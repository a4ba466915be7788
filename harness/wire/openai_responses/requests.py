"""Requests of OpenAI Responses. In: a body. Out: what it asks.

Items that follow one another and are the model's are one message of ours, but an
answer in its short form (a role and a text) begins another where more than reasoning
stands before it. What an item has that a message does not stays with it: see
`harness.wire.openai_responses.items`.
"""

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
from harness.partial_json import JsonError, parse_object
from harness.requests import ChatRequest, ResponseFormat
from harness.values import plain
from harness.wire.json_values import expect, read_json, write_text
from harness.wire.openai_responses.item_calls import CALLS
from harness.wire.openai_responses.items import begins_item, held, marked
from harness.wire.openai_responses.parts import read_part
from harness.wire.openai_responses.server_tools import (
    RESULTS,
    TOOLS,
    image_block,
    read_tool,
)
from harness.wire.openai_responses.tools import read_choice, read_tools

__all__ = ["read_request"]

Said = dict[str, Any]

_USUAL: Said = {"type": "message", "role": "assistant", "status": "completed"}
_ROLES: dict[str, type[HumanMessage | SystemMessage]] = {
    "developer": SystemMessage,
    "system": SystemMessage,
    "user": HumanMessage,
}
#: What a request may have instead of an input.
_INSTEAD = ("conversation", "previous_response_id", "prompt")


def read_request(body: bytes) -> ChatRequest:
    """What *body* asks. Raises WireError where it is no request of this format.

    What has no field in a ChatRequest is kept in its params, as it came.

    >>> read_request(b'{"input": [{"role": "user", "content": "Hi"}]}').messages
    (HumanMessage('Hi'),)
    """
    try:
        said = read_json(body)
    except ValueError as error:
        raise WireError(f"openai-responses: a request is no JSON: {error}") from None
    if not (isinstance(said, dict) and _asks(said)):
        raise WireError(
            f"openai-responses: {shown(said)} is no request: 'input' is missing. If it "
            "has 'messages', it speaks openai-chat."
        )
    try:
        return _request(dict(said))
    except (InputError, WireError) as error:
        raise WireError(
            f"openai-responses: a request cannot be read: {error}"
        ) from None


def _asks(said: Said) -> bool:
    return any(said.get(key) is not None for key in ("input", *_INSTEAD))


def _request(said: Said) -> ChatRequest:
    messages: list[Message] = []
    if isinstance(said.get("instructions"), str):
        mark = {"item": {"type": "instructions"}}
        messages.append(SystemMessage(said.pop("instructions"), additional_kwargs=mark))
    match said.pop("input", None):
        case str(text):
            bare: Said = {"item": {"role": None}}
            messages.append(HumanMessage(text, additional_kwargs=bare))
        case list(items):
            messages += _messages(items)
        case None:
            pass
        case other:
            raise WireError(f"'input' is {shown(other)}, not a str or a list.")
    tools = read_tools(expect(said.pop("tools", None), list, "'tools'") or [])
    parallel = said.pop("parallel_tool_calls", None)
    if said.get("max_output_tokens") is not None:
        said["max_tokens"] = said.pop("max_output_tokens")
    # Not to stream is what is asked where nothing is said of it.
    stream = said.pop("stream") is True if said.get("stream") is True else False
    return ChatRequest(
        tuple(messages),
        tools=tools,
        tool_choice=read_choice(said.pop("tool_choice", None), tools),
        parallel_tool_calls=expect(parallel, bool, "'parallel_tool_calls'"),
        response_format=_format(said),
        model=expect(said.pop("model", None), str, "'model'"),
        stream=stream,
        params=said,
    )


def _format(said: Said) -> ResponseFormat | None:
    """The format, taken out of "text"; what else that says stays there."""
    text = dict(expect(said.get("text"), dict, "'text'") or {})
    form = dict(expect(text.pop("format", None), dict, "'format'") or {})
    kind = form.pop("type", None)
    match kind:
        case None:
            return None
        case "text" | "json_object":
            read = ResponseFormat(kind)
        case "json_schema":
            read = ResponseFormat(
                "json_schema",
                expect(form.pop("schema", None), dict, "'schema'"),
                expect(form.pop("name", None), str, "'name'"),
                strict=expect(form.pop("strict", None), bool, "'strict'"),
            )
        case _:
            raise WireError(f"'format' of 'text' is of type {shown(kind)}.")
    rest = {**text, **({"format": form} if form else {})}
    said.pop("text")
    if rest:
        said["text"] = rest
    return read


# ------------------------------------------------------------------- messages


def _messages(items: list[Any]) -> list[Message]:
    messages: list[Message] = []
    answer = _Answer()
    customs: set[str] = set()
    for given in items:
        item = expect(given, dict, "an item of 'input'") or {}
        kind = expect(item.get("type"), str, "'type' of an item")
        kind = kind or ("message" if "role" in item else None)
        if kind == "custom_tool_call":
            customs.add(str(item.get("call_id")))
        theirs = _theirs(item, kind, customs)
        if theirs is None:
            if answer.is_full(item):
                messages += answer.taken()
            answer.take(item, str(kind))
        else:
            messages += [*answer.taken(), theirs]
    return [*messages, *answer.taken()]


def _theirs(item: Said, kind: Any, customs: set[str]) -> Message | None:
    """The message that *item* is; None if it is a part of the model's."""
    role = item.get("role")
    if kind == "message":
        if role == "assistant":
            return None
        made = _ROLES.get(role) if isinstance(role, str) else None
        if made is None:
            raise WireError(f"the role of an item is {shown(role)}.")
        fields = {k: v for k, v in item.items() if k not in ("content", "role")}
        kwargs = held({k: v for k, v in fields.items() if v is not None})
        if role == "developer":
            kwargs["role"] = "developer"
        return made(_content(item.get("content")), additional_kwargs=kwargs)
    is_output = isinstance(kind, str) and kind.endswith("_output")
    if is_output and kind not in RESULTS and isinstance(item.get("call_id"), str):
        call_id = item["call_id"]
        usual = "custom_tool_call_output" if call_id in customs else _FUNCTION
        fields = {k: v for k, v in item.items() if k not in ("call_id", "output")}
        return ToolMessage(
            _content(item.get("output"), "output"),
            tool_call_id=call_id,
            additional_kwargs=held(
                {
                    k: v
                    for k, v in fields.items()
                    if (k, v) != ("type", usual) and v is not None
                }
            ),
        )
    if kind in _APPLICATION:
        block = {"type": "non_standard", "value": item}
        return HumanMessage([block], additional_kwargs={"item": {"type": kind}})
    return None


_FUNCTION = "function_call_output"
#: Items that the application says, but are no message.
_APPLICATION = frozenset(
    {"local_shell_call_output", "mcp_approval_response", "additional_tools"}
)


def _content(given: Any, key: str = "content") -> Any:
    match given:
        case None | "":
            return ""
        case str():
            return given
        case list():
            return [read_part(part) for part in given]
        case dict():
            return [{"type": "non_standard", "value": given}]
        case _:
            raise WireError(f"{key!r} is {shown(given)}, not a str or a list.")


class _Answer:
    """The items of one message of the model's."""

    def __init__(self) -> None:
        self._blocks: list[ContentBlock] = []
        self._kwargs: Said = {}
        self._texts = 0
        self._open = False

    def is_full(self, item: Said) -> bool:
        """Whether *item* begins another message."""
        short = "role" in item and isinstance(item.get("content"), str)
        return short and any(b["type"] != "reasoning" for b in self._blocks)

    def taken(self) -> list[Message]:
        """The message so far, if there is one; the next item begins another."""
        blocks, kwargs = self._blocks, self._kwargs
        self.__init__()  # type: ignore[misc]  # begins anew
        if not blocks:
            return []
        content: Any = blocks
        if [block.keys() for block in blocks] == [{"type", "text"}]:
            content = blocks[0]["text"]
        return [AIMessage(content, additional_kwargs=kwargs)]

    def take(self, item: Said, kind: str) -> None:
        """Add *item*."""
        if kind == "message":
            self._take_message(item)
            return
        self._open = False
        if kind == "reasoning":
            self._take_reasoning(item)
        elif kind in CALLS:
            self._blocks.append(_call(item, kind))
        elif kind == "image_generation_call" and isinstance(item.get("result"), str):
            self._blocks.append(image_block(item))
        elif kind in TOOLS or kind in RESULTS:
            self._blocks += read_tool(item)
        else:
            extras: Said = {"item": {}}
            block = {"type": "non_standard", "value": item, "extras": extras}
            self._blocks.append(block)

    def _take_message(self, item: Said) -> None:
        content = item.get("content")
        usual = dict(_USUAL) if item.get("id") else {"role": "assistant"}
        fields = {k: v for k, v in item.items() if k not in ("content", "id")}
        marks = marked(fields, usual)
        # A text where a list is usual, and a list where a text is.
        typed = "type" in item
        if isinstance(content, str) and typed:
            marks["content"] = ""
        read = _content(content)
        text: ContentBlock = {"type": "text", "text": read}
        blocks = [text] if isinstance(read, str) else read
        for block in blocks:
            if block["type"] == "non_standard":
                block["extras"] = {"part": {}}
        if isinstance(content, list) and not typed and _is_plain(blocks):
            marks["content"] = []
        extras = held({**marks, "id": item.get("id")})
        first: ContentBlock = blocks[0] if blocks else {"type": "text", "text": ""}
        if not self._texts:
            self._kwargs = extras
        elif extras or self._open:
            first["extras"] = {**first.get("extras", {}), **(extras or {"item": {}})}
        self._blocks += blocks or [first]
        self._texts += 1
        self._open = True

    def _take_reasoning(self, item: Said) -> None:
        said = {k: v for k, v in item.items() if k not in ("summary", "content")}
        if item.get("content") == []:
            said["content"] = []
        extras = held(marked(said, {"type": "reasoning"}) | {"id": item.get("id")})
        texts: list[ContentBlock] = [
            {"type": "reasoning", "reasoning": _text(part)}
            for part in _parts(item, "summary")
        ]
        texts += [
            {
                "type": "reasoning",
                "reasoning": _text(part),
                "extras": {"content_index": n},
            }
            for n, part in enumerate(_parts(item, "content"))
        ]
        empty: ContentBlock = {"type": "reasoning", "reasoning": ""}
        first = texts[0] if texts else empty
        if not begins_item(extras):
            extras = {"item": {}}
        first["extras"] = {**first.get("extras", {}), **extras}
        self._blocks += texts or [first]


def _is_plain(blocks: list[ContentBlock]) -> bool:
    return [block.keys() for block in blocks] == [{"type", "text"}]


def _parts(item: Said, group: str) -> list[Any]:
    return expect(item.get(group), list, f"{group!r} of reasoning") or []


def _text(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else None
    return expect(text, str, "'text' of reasoning") or ""


def _call(item: Said, kind: str) -> ContentBlock:
    raw = expect(item.get(CALLS[kind]), str, f"{CALLS[kind]!r} of a call") or ""
    name = expect(item.get("name"), str, "'name' of a call")
    call_id = expect(item.get("call_id"), str, "'call_id'")
    known = ("type", "call_id", "name", "id", CALLS[kind])
    rest = {k: v for k, v in item.items() if k not in known and v is not None}
    fields = {**rest, "id": item.get("id")}
    block: ContentBlock = {"type": "tool_call", "name": name, "id": call_id}
    custom = {"type": "custom"} if kind == "custom_tool_call" else {}
    if custom:
        extras = {**custom, **held(fields)}
        return {**block, "args": {"input": raw}, "extras": extras}
    try:
        args = plain(parse_object(raw), "arguments")
    except (InputError, JsonError) as error:
        said = {**block, "type": "invalid_tool_call", "args": raw, "error": str(error)}
        return {**said, **_extras(held(fields))}
    if write_text(args) != raw:
        fields["arguments"] = raw
    return {**block, "args": args, **_extras(held(fields))}


def _extras(extras: Said) -> Said:
    return {"extras": extras} if extras else {}
