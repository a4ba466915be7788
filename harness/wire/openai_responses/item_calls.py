"""Items that are calls, while they stream: of the application's tools, and others.

The arguments of a call grow as JSON text. Where the wire says but one text of them (the
input of a custom tool, the code to run), JSON is put around it.
"""

# ruff: noqa: ARG002 - a reader takes of what all are told what it needs

import json
from typing import Any, ClassVar

from harness.chunks import AIMessageChunk
from harness.errors import WireError, shown
from harness.partial_json import JsonError, parse_object
from harness.wire.json_values import expect, write_text
from harness.wire.openai_responses.item_texts import (
    Answer,
    Chunks,
    ItemReader,
    Key,
    MessageReader,
    ReasoningReader,
    Said,
    Text,
)
from harness.wire.openai_responses.server_tools import (
    RESULTS,
    TOOLS,
    image_block,
    read_tool,
)

__all__ = ["CALLS", "item_reader"]

#: Calls of the application's tools, and the field that says their arguments.
CALLS: dict[str, str] = {"custom_tool_call": "input", "function_call": "arguments"}


class _Args:
    """The arguments of a call, as JSON text; *wrapped* names the one text of them."""

    def __init__(self, wrapped: str | None) -> None:
        self._wrapped = wrapped
        self._text = Text()
        self._opened = self._closed = False

    def add(self, text: str) -> str:
        self._text.add(text)
        return self._json(text)

    def whole(self, text: str) -> str:
        """What *text*, which is all, has beyond what was told.

        Raises WireError where that was something else, and no less complete.
        """
        if self._closed:
            return ""
        self._closed = True
        if not self._agree(self._text.told(), text):
            raise WireError(
                f"the arguments of a call are {shown(text)}, but came in pieces as "
                f"{shown(self._text.told())}."
            )
        rest = self._text.rest(text)
        return f'{self._json(rest)}"}}' if self._wrapped else rest

    def _agree(self, told: str, whole: str) -> bool:
        """Whether *told* may stand for *whole*, where that does not go on with it."""
        if whole.startswith(told):
            return True
        if self._wrapped:
            return False
        try:
            said = parse_object(told)
        except JsonError:
            return True  # an invalid call; nobody takes it for the whole one
        try:
            return said == parse_object(whole)
        except JsonError:
            return False

    def _json(self, text: str) -> str:
        if not self._wrapped:
            return text
        head = "" if self._opened else f'{{"{self._wrapped}":"'
        self._opened = True
        return head + json.dumps(text)[1:-1]


class _CallReader(ItemReader):
    usual: ClassVar[Said] = {"status": "completed"}

    def __init__(self, answer: Answer, place: int, kind: str) -> None:
        self._answer = answer
        self._place = place
        self._kind = kind
        self._index = answer.numbering.next("tool_call")
        self._args = _Args("input" if kind == "custom_tool_call" else None)
        self._own = frozenset({"type", "call_id", "name", CALLS[kind]})
        self._told: Said | None = None

    def begin(self, item: Said) -> Chunks:
        yield self._open({**item, "status": "completed"})

    def piece(self, key: Key, kind: str, text: str, said: Said) -> Chunks:
        yield self._chunk(None, None, self._args.add(text), {})

    def whole(self, key: Key, kind: str, text: str, said: Said) -> Chunks:
        if rest := self._args.whole(text):
            yield self._chunk(None, None, rest, {})

    def end(self, item: Said) -> Chunks:
        if self._told is None:
            yield self._open({**item, "status": "completed"})
        args = item.get(CALLS[self._kind])
        if args is not None and not isinstance(args, str):
            args = write_text(args)
        rest = self._args.whole(args or "")
        told = self._told or {}
        extras = {k: v for k, v in self._extras(item).items() if told.get(k) != v}
        told |= extras
        if rest or extras:
            yield self._chunk(None, None, rest, extras)

    def _open(self, item: Said) -> AIMessageChunk:
        call_id = expect(item.get("call_id"), str, "'call_id'")
        name = expect(item.get("name"), str, "'name' of a call")
        self._told = self._extras(item)
        # Some have one id for both.
        call_id = call_id or expect(item.get("id"), str, "'id'")
        return self._chunk(call_id or None, name, "", dict(self._told))

    def _extras(self, item: Said) -> Said:
        # Its type is the reader's; the kind is what ids are derived from.
        given = {**item, "type": self._kind}
        extras = self._answer.extras(given, self._place, self.usual, self._own)
        custom = {"type": "custom"} if self._kind == "custom_tool_call" else {}
        return {**custom, **extras}

    def _chunk(
        self, call_id: str | None, name: str | None, args: str, extras: Said
    ) -> AIMessageChunk:
        said: Said = {"name": name, "args": args, "id": call_id}
        said["index"] = self._index
        if extras:
            said["extras"] = extras
        return AIMessageChunk(tool_call_chunks=[said])


class _ToolReader(ItemReader):
    """A call of a tool that the provider runs, and its result."""

    def __init__(self, answer: Answer, kind: str) -> None:
        self._tool = TOOLS[kind]
        self._index = answer.numbering.next("server_tool_call")
        has_result = self._tool.output is not None
        self._next = answer.numbering.next("server_tool_result") if has_result else None
        self._args = _Args("code" if self._tool.args == "code" else None)
        self._told: dict[str, Any] = {}

    def begin(self, item: Said) -> Chunks:
        call = read_tool(item)[0]
        said = {"id": call["id"], "name": call["name"], "args": ""}
        kept = call["extras"]["item"]
        known = {key: kept[key] for key in ("type", "call_id") if key in kept}
        extras = {**call["extras"], "item": known}
        yield self._say({**said, "extras": extras})

    def piece(self, key: Key, kind: str, text: str, said: Said) -> Chunks:
        yield self._say({"args": self._args.add(text)})

    def whole(self, key: Key, kind: str, text: str, said: Said) -> Chunks:
        if rest := self._args.whole(text):
            yield self._say({"args": rest})

    def end(self, item: Said) -> Chunks:
        call, *results = read_tool(item)
        news = {k: v for k, v in call.items() if self._told.get(k) != v}
        news["args"] = (
            self._args.whole(self._spelled(call["args"])) if call["args"] else ""
        )
        news = {k: v for k, v in news.items() if v not in ("", None)}
        self._told |= call
        if news.keys() - {"type"}:
            yield self._say(news)
        for result in results:
            if self._told.get("result") != result:
                self._told["result"] = result
                yield AIMessageChunk([{**result, "index": self._next}])

    def _spelled(self, args: Said) -> str:
        code = args.get("code") if self._tool.args == "code" else None
        return code if isinstance(code, str) else write_text(args)

    def _say(self, said: Said) -> AIMessageChunk:
        head = {"type": "server_tool_call_chunk", "index": self._index}
        return AIMessageChunk([{**said, **head}])


class _BlockReader(ItemReader):
    """An item that is one block, and comes whole."""

    def __init__(self, answer: Answer, kind: str) -> None:
        self._kind = kind
        self._index = answer.numbering.next(kind)
        self._told: Said | None = None

    def image(self, said: Said) -> Chunks:
        """An image that is not finished."""
        data = expect(said.get("partial_image_b64"), str, "'partial_image_b64'")
        if data:
            form = said.get("output_format") or "png"
            yield self._say(
                {"type": "image", "base64": data, "mime_type": f"image/{form}"}
            )

    def end(self, item: Said) -> Chunks:
        block = self._block(item)
        if block != self._told:
            self._told = block
            yield self._say(block)

    def _block(self, item: Said) -> Said:
        if self._kind == "image_generation_call" and item.get("result"):
            return image_block(item)
        if self._kind in RESULTS or self._kind in TOOLS:
            return read_tool(item)[0]
        if self._kind == "non_standard" and isinstance(item.get("block"), dict):
            return dict(item["block"])
        return {"type": "non_standard", "value": item, "extras": {"item": {}}}

    def _say(self, block: Said) -> AIMessageChunk:
        return AIMessageChunk([{**block, "index": self._index}])


def item_reader(kind: str, answer: Answer, place: int) -> ItemReader:
    """The reader of an item of the type *kind*, the one at *place* in the *answer*."""
    if kind == "message":
        return MessageReader(answer, place)
    if kind == "reasoning":
        return ReasoningReader(answer, place)
    if kind in CALLS:
        return _CallReader(answer, place, kind)
    if kind in TOOLS and kind != "image_generation_call":
        return _ToolReader(answer, kind)
    return _BlockReader(answer, kind)
