"""A streamed answer of OpenAI Responses, written as its chunks come.

In: chunks. Out: events. Items follow one another: a text or a call ends where another
block begins, and cannot go on afterwards; only calls of the provider's own tools may
wait for their results. What the format has no item for is one of type "non_standard",
and is read back as it was.
"""

from typing import Any

from harness.blocks import TEXT_FIELD
from harness.chunks import AIMessageChunk
from harness.errors import InputError, shown
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.faults import is_silent
from harness.wire.json_values import write_text
from harness.wire.openai_responses.errors import error_words
from harness.wire.openai_responses.item_events import (
    CallItem,
    OpenItem,
    TextItem,
)
from harness.wire.openai_responses.item_writing import kind_of
from harness.wire.openai_responses.items import begins_item
from harness.wire.openai_responses.replies import about, answer_id, answer_of
from harness.wire.openai_responses.tool_events import WholeItem
from harness.wire.openai_responses.usage import write_usage
from harness.wire.sse import Event, encode

__all__ = ["ResponsesEncoder"]

Said = dict[str, Any]
Key = tuple[str, Any]

_CALLS = frozenset({"invalid_tool_call", "tool_call", "tool_call_chunk"})


class ResponsesEncoder:
    """See `harness.wire.StreamEncoder`."""

    def __init__(self, request: ChatRequest | None = None) -> None:
        self._request = request
        self._said: list[AIMessageChunk] = []
        self._events: list[bytes] = []
        self._count = 0
        self._id = ""
        self._model = (request and request.model) or ""
        self._aside: Said = {}
        self._items: list[OpenItem] = []
        self._keys: dict[Key, OpenItem] = {}
        self._ended = False

    def feed(self, step: AIMessageChunk | Fault) -> bytes:
        """The events that *step* amounts to. Raises InputError for what has none."""
        if self._ended:
            return b""
        if isinstance(step, Fault):
            self._ended = True
            self._fault(step)
            return self._taken()
        dumped = step.model_dump()
        self._begin(dumped)
        self._aside |= dumped["additional_kwargs"]
        logprobs = dumped["response_metadata"].get("logprobs")
        for block in _blocks(dumped):
            self._block(block, logprobs)
        self._said.append(step)
        return self._taken()

    def close(self) -> bytes:
        """The events that end the stream."""
        if self._ended:
            return b""
        self._begin({})
        self._ended = True
        for item in self._items:
            item.end()
        total = sum(self._said, AIMessageChunk())
        metadata = total.response_metadata
        model = self._model or str(metadata.get("model_name") or "harness")
        said = about(metadata, model)
        usage = write_usage(total.usage_metadata, metadata.get("token_usage"))
        items = [item.whole for item in self._items]
        status = said["status"]
        word = status if status in ("incomplete", "failed") else "completed"
        self._answer(word, answer_of(self._id, said, items, usage))
        return self._taken()

    # ------------------------------------------------------------------ events

    def _begin(self, dumped: Said) -> None:
        if self._id:
            return
        asked = self._request and [message.text for message in self._request.messages]
        self._id = answer_id(dumped.get("id"), [asked, dumped.get("content")])
        metadata = dumped.get("response_metadata") or {}
        self._model = str(metadata.get("model_name") or self._model)
        said = {**about(metadata, self._model), "status": "in_progress"}
        said["incomplete_details"] = None
        for word in ("created", "in_progress"):
            self._answer(word, answer_of(self._id, said, [], None))

    def _answer(self, word: str, answer: Said) -> None:
        self.say(f"response.{word}", {"response": answer})

    def say(self, kind: str, said: Said) -> None:
        """Put out an event."""
        data = {"type": kind, "sequence_number": self._count, **said}
        self._count += 1
        self._events.append(encode(Event(write_text(data), kind)))

    def _taken(self) -> bytes:
        data, self._events = b"".join(self._events), []
        return data

    def _fault(self, fault: Fault) -> None:
        if is_silent(fault):
            return
        self._begin({})
        error = error_words(fault)
        self.say("error", {"error": error})
        said = {**about({}, self._model), "status": "failed"}
        code = error["code"] or error["type"]
        said["error"] = {"code": code, "message": fault.message}
        items = [item.whole for item in self._items if item.ended]
        self._answer("failed", answer_of(self._id, said, items, None))

    # ------------------------------------------------------------------- items

    def _block(self, block: Said, logprobs: Any) -> None:
        kind = "call" if block["type"] in _CALLS else kind_of(block)
        match kind:
            case "call":
                self._call(block)
            case "message" | "reasoning":
                self._text(kind, block, logprobs)
            case _:
                self._other(kind, block)

    def _text(self, kind: str, block: Said, logprobs: Any) -> None:
        key = (block["type"], block.get("index"))
        item = self._keys.get(key)
        if not _speaks(block) and (item is None or item.ended):
            return
        if not isinstance(item, TextItem):
            last = self._items[-1] if self._items else None
            item = last if isinstance(last, TextItem) else None
            if item is None or not item.takes(kind, block):
                self._end_last()
                item = TextItem(self, self._place, kind, block, self._first(kind))
                self._items.append(item)
            self._keys[key] = item
        if not self._late(item, block):
            self._check(item, block)
            item.take(key, block, logprobs)

    def _first(self, kind: str) -> Said | None:
        """What is said aside of the first message; None for the others."""
        texts = [item for item in self._items if item.kind == "message"]
        return self._aside if kind == "message" and not texts else None

    def _call(self, block: Said) -> None:
        key = ("call", block.get("index") if "index" in block else block.get("id"))
        item = self._keys.get(key)
        opens = not isinstance(item, CallItem) or item.differs(block)
        if opens or (block["type"] != "tool_call_chunk" and key[1] is None):
            self._end_last()
            item = CallItem(self, self._place)
            self._items.append(item)
            self._keys[key] = item
        assert isinstance(item, CallItem)  # noqa: S101 - as was just seen to
        self._check(item, block)
        item.take(block)

    def _other(self, kind: str, block: Said) -> None:
        key = (block["type"], block.get("index"))
        item = self._keys.get(key) if key[1] is not None else None
        if item is None and block["type"] == "server_tool_result":
            if not begins_item(block.get("extras")):
                item = self._keys.get(("result of", block.get("tool_call_id")))
            if item is not None and item.ended:
                item = None
        if not isinstance(item, WholeItem):
            self._end_last()
            item = WholeItem(self, self._place, kind)
            self._items.append(item)
        self._keys[key] = item
        if isinstance(block.get("id"), str) and kind == "tool":
            self._keys["result of", block["id"]] = item
        self._check(item, block)
        item.take(block)

    @property
    def _place(self) -> int:
        return len(self._items)

    @property
    def answer(self) -> str:
        """The id of the answer."""
        return self._id

    def _end_last(self) -> None:
        for item in self._items:
            if not item.waits:
                item.end()

    def _late(self, item: OpenItem, block: Said) -> bool:
        """Take what the provider itself says anew in its last event."""
        extras = block.get("extras") or {}
        late = item.ended and extras.keys() == {"encrypted_content"}
        late = late and not (block.get(block["type"]) or block.get("annotations"))
        if late:
            item.whole |= extras
        return late

    def _check(self, item: OpenItem, block: Said) -> None:
        if item.ended:
            raise InputError(
                f"openai-responses: {shown(block)} goes on with a block that has ended:"
                " items follow one another in this format. Order the chunks by their "
                "blocks first, or send their sum."
            )


def _speaks(block: Said) -> bool:
    kind = block["type"]
    return bool(block.get(kind) or block.get("annotations") or block.get("extras"))


def _blocks(dumped: Said) -> list[Said]:
    content = dumped["content"]
    if isinstance(content, str):
        content = [{"type": "text", "text": content}] if content else []
    blocks: list[Said] = [*content, *dumped["tool_call_chunks"]]
    # Text without a number stands before all that has one.
    first = {block["type"]: -1 for block in content if block["type"] in TEXT_FIELD}
    indexes = [block.get("index", first.get(block["type"])) for block in blocks]
    if all(type(index) is int for index in indexes):
        blocks.sort(key=lambda block: block.get("index", -1))
    return blocks
