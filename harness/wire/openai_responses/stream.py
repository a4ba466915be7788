"""Answers of OpenAI Responses, streamed or whole, as chunks.

In: bytes, cut anywhere. Out: a chunk for each event that says something new. Most of a
stream is said three times over: in pieces, in the events that end a part or an item,
and again in the last event. Each is told once, by whatever says it first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.chunks import AIMessageChunk
from harness.errors import WireError, shown
from harness.wire.faults import fault_of
from harness.wire.json_values import expect, says
from harness.wire.openai_responses.item_calls import CALLS, item_reader
from harness.wire.openai_responses.item_texts import (
    Answer,
    Chunks,
    ItemReader,
    MessageReader,
)
from harness.wire.openai_responses.usage import read_usage
from harness.wire.sse import Event
from harness.wire.streams import Played
from harness.wire.templates import Repeat

__all__ = ["ResponsesReader"]

Said = dict[str, Any]

_APART = frozenset("error id model object output usage".split())
_BEGINNINGS = frozenset({"response.created", "response.in_progress", "response.queued"})
_ENDINGS = frozenset(
    f"response.{word}" for word in ("cancelled", "completed", "failed", "incomplete")
)
#: Ends of a whole answer; the others say that it is still to come.
_LENGTHS = {"max_output_tokens": "length", "max_tokens": "length"}


@dataclass(frozen=True, slots=True)
class _Texts:
    """Events about one kind of text: which item, which part, which block."""

    item: str
    group: str
    index: str
    kind: str
    field: str


_SUMMARY = _Texts("reasoning", "summary", "summary_index", "reasoning", "text")
_THOUGHT = _Texts("reasoning", "content", "content_index", "reasoning", "text")
_TEXTS: dict[str, _Texts] = {
    "response.code_interpreter_call_code": _Texts(
        "code_interpreter_call", "args", "", "", "code"
    ),
    "response.custom_tool_call_input": _Texts(
        "custom_tool_call", "args", "", "", "input"
    ),
    "response.function_call_arguments": _Texts(
        "function_call", "args", "", "", "arguments"
    ),
    "response.mcp_call_arguments": _Texts("mcp_call", "args", "", "", "arguments"),
    "response.output_text": _Texts(
        "message", "content", "content_index", "text", "text"
    ),
    "response.reasoning": _THOUGHT,
    "response.reasoning_summary": _SUMMARY,
    "response.reasoning_summary_text": _SUMMARY,
    "response.reasoning_text": _THOUGHT,
    "response.refusal": _Texts(
        "message", "content", "content_index", "refusal", "refusal"
    ),
}
_PARTS: dict[str, _Texts] = {
    "response.content_part": _TEXTS["response.output_text"],
    "response.reasoning_part": _THOUGHT,
    "response.reasoning_summary_part": _SUMMARY,
}


class ResponsesReader:
    """Reads the events of one answer. See `harness.wire.streams.Reader`."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.ended = False
        self.repeat: Repeat | None = None
        self._answer = Answer()
        self._items: dict[int, ItemReader] = {}
        self._places: dict[str, int] = {}
        self._kinds: dict[int, str] = {}
        self._metadata: Said = {}

    def read(self, event: Event, said: Any) -> Iterator[Played]:
        """The chunks of one event, or of a whole reply."""
        self.repeat = None
        if not isinstance(said, dict):
            raise WireError("it is not an object.")
        kind = said.get("type")
        if not isinstance(kind, str):
            kind = event.event
        head, _, end = kind.rpartition(".")
        if (texts := _TEXTS.get(head)) is not None:
            yield from self._text(texts, end, said)
        elif (texts := _PARTS.get(head)) is not None:
            yield from self._part(texts, end, said)
        elif head == "response.output_item":
            yield from self._item(end, said)
        elif "output" in said and "output_index" not in said:
            yield from self._last(said)
        elif kind in _BEGINNINGS or kind in _ENDINGS:
            answer = expect(said.get("response"), dict, "'response'") or {}
            yield from (
                self._begin(answer)
                if kind in _BEGINNINGS
                else self._last(answer, kind.removeprefix("response."))
            )
        elif kind == "error" or says(said.get("error")):
            yield fault_of({"error": said.get("error") or said})
        elif not event.event and not kind:
            raise WireError("it has neither 'type' nor 'output'.")
        else:
            yield from self._other(kind, said)

    # -------------------------------------------------------------- the answer

    def _begin(self, said: Said) -> Chunks:
        answer_id = expect(said.get("id"), str, "'id'") or None
        news = self._news(said)
        if news or answer_id != self.id:
            yield self._chunk(answer_id, news)

    def _last(self, said: Said, word: str | None = None) -> Iterator[Played]:
        status = said.get("status")
        if word == "failed" or status == "failed" or says(said.get("error")):
            yield self._chunk(said.get("id"), self._news(said))
            yield fault_of({"error": said.get("error") or "the answer failed"})
            return
        yield from self._begin(said)
        items = expect(said.get("output"), list, "'output'") or []
        for n, given in enumerate(items):
            item = expect(given, dict, "an item of 'output'") or {}
            yield from self._reader(item, n).end(item)
        usage = expect(said.get("usage"), dict, "'usage'") or {}
        metadata: Said = {"token_usage": usage} if says(usage) else {}
        if reason := self._reason(said, word or str(status or "completed")):
            metadata["finish_reason"] = reason
        self.ended = True
        yield AIMessageChunk(
            cumulative_usage=read_usage(usage),
            response_metadata=metadata,
            id=self.id,
            chunk_position="last",
        )

    def _reason(self, said: Said, status: str) -> str | None:
        """Why the answer ended, in the words of all; None if it has not."""
        if status in ("in_progress", "queued"):
            return None
        details = said.get("incomplete_details")
        if status == "incomplete":
            word = details.get("reason") if isinstance(details, dict) else None
            reason = str(word or status)
            return _LENGTHS.get(reason, reason)
        if status != "completed":
            return status
        called = not CALLS.keys().isdisjoint(self._kinds.values())
        return "tool_calls" if called else "stop"

    def _news(self, said: Said) -> Said:
        metadata = {k: v for k, v in said.items() if k not in _APART}
        metadata["model_name"] = said.get("model")
        metadata["model_provider"] = "openai"
        told = self._metadata
        news = {k: v for k, v in metadata.items() if says(v) and told.get(k) != v}
        told |= news
        return news

    def _chunk(self, answer_id: Any, metadata: Said) -> AIMessageChunk:
        self.id = self.id or expect(answer_id, str, "'id'") or None
        self._answer.id = self.id or ""
        return AIMessageChunk(response_metadata=metadata, id=self.id)

    # --------------------------------------------------------------- its items

    def _item(self, end: str, said: Said) -> Chunks:
        item = expect(said.get("item"), dict, "'item'") or {}
        place = _place(said)
        new = place not in self._items
        reader = self._reader(item, None if place < 0 else place)
        if end == "added":
            if new:
                yield from reader.begin(item)
        else:
            yield from reader.end(item)

    def _text(self, texts: _Texts, end: str, said: Said) -> Chunks:
        reader = self._reader_of(texts, said)
        field = "delta" if end == "delta" else texts.field
        text = expect(said.get(field), str, repr(field))
        if text is None:
            return
        key = _key(texts, said)
        if end == "delta":
            yield from reader.piece(key, texts.kind, text, said)
            self.repeat = reader.repeat
        else:
            yield from reader.whole(key, texts.kind, text, said)

    def _part(self, texts: _Texts, end: str, said: Said) -> Chunks:
        reader = self._reader_of(texts, said)
        part = expect(said.get("part"), dict, "'part'") or {}
        kind = "refusal" if "refusal" in part else texts.kind
        text = part.get("refusal", part.get("text"))
        if end == "added":
            reader.part(_key(texts, said), part)
        elif isinstance(text, str):
            yield from reader.whole(_key(texts, said), kind, text, part)

    def _other(self, kind: str, said: Said) -> Chunks:
        reader = self._items.get(_place(said))
        match kind, reader:
            case "response.output_text.annotation.added", MessageReader():
                key = _key(_TEXTS["response.output_text"], said)
                yield from reader.note(key, said.get("annotation"))
            case "response.image_generation_call.partial_image", ItemReader():
                yield from reader.image(said)
            case "keepalive" | "ping", _:
                pass
            case _ if "output_index" in said or "item_id" in said:
                # How far a tool has come; its item says in the end what it did.
                pass
            case _:
                index = self._answer.numbering.next("non_standard")
                block = {"type": "non_standard", "value": said, "index": index}
                yield AIMessageChunk([block])

    def _reader_of(self, texts: _Texts, said: Said) -> ItemReader:
        """The reader of the item that an event is about, which may be its first."""
        place = _place(said)
        if place in self._items:
            kind = self._kinds[place]
            if not texts.kind and kind in ("message", "reasoning"):
                raise WireError(
                    f"it tells of a {texts.item!r}, and of item {place}, which is a "
                    f"{kind!r}."
                )
            return self._items[place]
        item = {"type": texts.item, "id": said.get("item_id")}
        return self._reader(item, None if place < 0 else place)

    def _reader(self, item: Said, place: int | None) -> ItemReader:
        kind = expect(item.get("type"), str, "'type' of an item") or "message"
        item_id = expect(item.get("id"), str, "'id' of an item") or ""
        place = self._places.get(item_id, place)
        if place is None or self._kinds.get(place, kind) != kind:
            place = max(self._items, default=-1) + 1
        if place not in self._items:
            self._kinds[place] = kind
            self._items[place] = item_reader(kind, self._answer, place)
        if item_id:
            self._places.setdefault(item_id, place)
        return self._items[place]

    # ----------------------------------------------------------------- the end

    def missing(self) -> str | None:
        """What an answer that ends here lacks."""
        return "response.completed"

    def rest(self) -> AIMessageChunk | None:
        """Nothing is held back."""
        return None


def _place(said: Said) -> int:
    """Where the item of an event stands; -1 where it does not say."""
    place = said.get("output_index")
    return place if type(place) is int else -1


def _key(texts: _Texts, said: Said) -> tuple[str, int]:
    index = said.get(texts.index)
    if index is not None and type(index) is not int:
        raise WireError(f"{texts.index!r} is {shown(index)}, not an int.")
    return texts.group, index or 0
