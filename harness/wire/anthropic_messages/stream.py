"""Answers of Anthropic Messages, streamed or whole, as chunks.

A whole reply is read as the stream that says the same: its head, its blocks, its end.
What no field of a chunk has room for is kept under its own name in
``response_metadata``, events of unknown types there as ``other_events``. Only pings and
padding, made to be thrown away, are.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.blocks import ContentBlock
from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.wire.anthropic_messages.blocks import (
    SERVER_CALLS,
    is_result,
    read_block,
    tidy,
)
from harness.wire.anthropic_messages.endings import read_finish
from harness.wire.anthropic_messages.usage import read_usage
from harness.wire.faults import fault_of
from harness.wire.json_values import expect, says, write_text
from harness.wire.news import News
from harness.wire.numbering import Numbering
from harness.wire.sse import Event
from harness.wire.streams import Played
from harness.wire.templates import Repeat

__all__ = ["MessagesReader"]

_OF_MESSAGE = frozenset("content id model role stop_reason type usage".split())
_OF_DELTA_EVENT = frozenset("delta type usage".split())
_DELTAS = {
    "citations_delta": ("text", "citation"),
    "input_json_delta": ("tool_use", "partial_json"),
    "signature_delta": ("thinking", "signature"),
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
}
#: Fields of deltas that are text, in event after event.
_GROWING = frozenset({"partial_json", "text", "thinking"})
#: What an event is called that has no name.
_UNNAMED = "message"
_BLANK = {"text": {"text": ""}, "thinking": {"thinking": ""}}
_STANDARD = {"redacted_thinking": "reasoning", "text": "text", "thinking": "reasoning"}


@dataclass(slots=True)
class _Block:
    """A block that has begun."""

    kind: str
    index: int | None
    #: What of a call's input, or of a block that has no standard, is yet to be said.
    held: Any = None
    #: What every chunk of this block says of it.
    place: dict[str, int] = field(default_factory=dict)
    repeat: Repeat | None = None


class MessagesReader:
    """Reads the events of one answer. See `harness.wire.streams.Reader`."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.ended = False
        self.repeat: Repeat | None = None
        self._blocks: dict[int, _Block] = {}
        self._latest = -1
        self._numbering = Numbering()
        self._calls = False
        self._usage: dict[str, Any] = {}
        self._news = News()
        self._unread: list[Any] = []
        self._finished = False

    def read(self, event: Event, said: Any) -> Iterator[Played]:
        """The chunks of one event, or of a whole reply."""
        if not isinstance(said, dict):
            raise WireError("it is not an object.")
        kind = _kind(event, said)
        if kind == "ping":
            return
        self.repeat = None
        if kind == "error" or (kind not in _READ and says(said.get("error"))):
            yield fault_of(said)
        elif kind in _READ:
            yield from _READ[kind](self, said)
        elif event.event and kind:
            self._unread.append(said)
        else:
            raise WireError("it is no message, no event of one and no error.")

    # ---------------------------------------------------------------- the message

    def _message(self, message: dict[str, Any]) -> Iterator[Played]:
        answer_id = expect(message.get("id"), str, "'id'") or None
        self.id = self.id or answer_id
        metadata = {k: v for k, v in message.items() if k not in _OF_MESSAGE}
        metadata["model_name"] = expect(message.get("model"), str, "'model'")
        metadata["model_provider"] = "anthropic"
        if message.get("role") != "assistant":
            metadata["role"] = message.get("role")
        yield self._about(metadata, message.get("usage"), answer_id)
        for block in expect(message.get("content"), list, "'content'") or []:
            place = self._latest + 1
            yield from self._begin(place, expect(block, dict, "a block") or {})
            yield from self._end(place)
        if says(message.get("stop_reason")):
            yield self._about(self._stopped(message["stop_reason"]), None)

    def _start(self, said: dict[str, Any]) -> Iterator[Played]:
        yield from self._message(expect(said.get("message"), dict, "'message'") or {})

    def _stop(self, said: dict[str, Any]) -> Iterator[Played]:
        self.ended = True
        about = self._about({k: v for k, v in said.items() if k != "type"}, None)
        last = AIMessageChunk(chunk_position="last", id=self.id)
        rest = self.rest()
        yield about + last if rest is None else about + rest + last

    def _whole(self, said: dict[str, Any]) -> Iterator[Played]:
        yield from self._message(said)
        yield from self._stop({})

    def _closing(self, said: dict[str, Any]) -> Iterator[Played]:
        delta = expect(said.get("delta"), dict, "'delta'") or {}
        metadata = {k: v for k, v in said.items() if k not in _OF_DELTA_EVENT}
        metadata |= {k: v for k, v in delta.items() if k != "stop_reason"}
        if says(reason := delta.get("stop_reason")):
            metadata |= self._stopped(reason)
        yield self._about(metadata, said.get("usage"))

    def _stopped(self, reason: Any) -> dict[str, Any]:
        self._finished = True
        finish = read_finish(str(reason), calls=self._calls)
        return {"stop_reason": reason, "finish_reason": finish}

    def _about(
        self, metadata: dict[str, Any], usage: Any, answer_id: str | None = None
    ) -> AIMessageChunk:
        """A chunk of what of *metadata* is new."""
        counted = expect(usage, dict, "'usage'") or {}
        self._usage |= {k: v for k, v in counted.items() if v is not None}
        metadata["token_usage"] = dict(self._usage)
        news = self._news.of(metadata)
        return AIMessageChunk(
            cumulative_usage=read_usage(self._usage) if counted else None,
            response_metadata=news,
            id=answer_id,
        )

    # ----------------------------------------------------------------- the blocks

    def _place(self, said: Mapping[str, Any], after: int = 0) -> int:
        index = said.get("index")
        return index if type(index) is int else self._latest + after

    def _open(self, place: int, kind: str) -> _Block:
        standard = _STANDARD.get(kind, kind)
        index = self._numbering.next(standard)
        numbered = {} if index is None else {"index": index}
        block = self._blocks[place] = _Block(kind, index, place=numbered)
        self._latest = place
        self._calls = self._calls or kind == "tool_use"
        return block

    def _block_start(self, said: dict[str, Any]) -> Iterator[Played]:
        block = expect(said.get("content_block"), dict, "'content_block'")
        yield from self._begin(self._place(said, after=1), block or {})

    def _block_stop(self, said: dict[str, Any]) -> Iterator[Played]:
        yield from self._end(self._place(said))

    def _begin(self, place: int, raw: dict[str, Any]) -> Iterator[AIMessageChunk]:
        yield from self._end(place)
        kind = str(raw.get("type"))
        raw = {**_BLANK.get(kind, {}), **tidy(raw)}
        if kind == "tool_use" or kind in SERVER_CALLS:
            yield self._begin_call(self._open(place, kind), raw)
            return
        block = self._open(place, kind)
        if kind in _STANDARD or is_result(raw):
            read = {**read_block(raw), **block.place}
            if read not in _SILENT:
                yield _content(read)
        else:
            block.held = raw

    def _begin_call(self, block: _Block, raw: dict[str, Any]) -> AIMessageChunk:
        call_id = expect(raw.pop("id", None), str, "'id' of a tool call")
        name = expect(raw.pop("name", None), str, "'name' of a tool call")
        block.held = raw.pop("input", None)
        extras = {key: raw[key] for key in raw if key != "type"}
        call = {"name": name or None, "id": call_id or None}
        if block.kind == "tool_use":
            kept = {"extras": extras} if extras else {}
            fragment = {**call, "args": "", "index": block.index, **kept}
            return AIMessageChunk(tool_call_chunks=[fragment])
        if block.kind != "server_tool_use":
            extras = {"block_type": block.kind, **extras}
        kept = {"extras": extras} if extras else {}
        head = {"type": "server_tool_call_chunk", **call, "args": ""}
        return _content({**head, **kept, **block.place})

    def _block_delta(self, said: dict[str, Any]) -> Iterator[AIMessageChunk]:
        delta = expect(said.get("delta"), dict, "'delta'") or {}
        place, kind = self._place(said), str(delta.get("type"))
        block = self._blocks.get(place)
        if kind not in _DELTAS:
            block = block or self._open(place, _OTHER)
            block.held = _grown(block.held, delta)
            return
        opens, key = _DELTAS[kind]
        value = delta.get(key)
        if block is None:
            block = self._open(place, opens)
            if opens == "tool_use" and not says(value):
                yield _arguments(block, "")  # its beginning was lost
        if key != "citation":
            value = expect(value, str, f"{key!r} of a {kind}")
        if says(value):
            chunk = self._grow(block, key, value)
            if key in _GROWING and delta.keys() == {"type", key}:
                if block.repeat is None or block.repeat.place[-1] != key:
                    block.repeat = Repeat(("delta", key), chunk)
                self.repeat = block.repeat
            yield chunk
        rest = {k: v for k, v in delta.items() if k not in {"type", key} and says(v)}
        if rest and block.kind in _STANDARD:
            standard = _STANDARD[block.kind]
            yield _content(
                {"type": standard, standard: "", "extras": rest, **block.place}
            )

    def _grow(self, block: _Block, key: str, value: Any) -> AIMessageChunk:
        match key:
            case "text" if block.index is None:
                return AIMessageChunk(value)
            case "text":
                said: ContentBlock = {"type": "text", "text": value}
            case "citation":
                said = read_block({"type": "text", "text": "", "citations": [value]})
            case "thinking":
                said = {"type": "reasoning", "reasoning": value}
            case "signature":
                extras = {"signature": value}
                said = {"type": "reasoning", "reasoning": "", "extras": extras}
            case _:
                block.held = None
                return _arguments(block, value)
        return _content({**said, **block.place})

    def _end(self, place: int) -> Iterator[AIMessageChunk]:
        block = self._blocks.pop(place, None)
        if block is None or block.held in (None, "", {}):
            return
        if block.kind == "tool_use" or block.kind in SERVER_CALLS:
            held = block.held
            yield _arguments(block, held if type(held) is str else write_text(held))
        else:
            yield _content({**read_block(block.held), **block.place})

    # ------------------------------------------------------------------- the end

    def missing(self) -> str | None:
        """What an answer that ends here lacks."""
        return None if self._finished else "message_stop or a stop_reason"

    def rest(self) -> AIMessageChunk | None:
        """What was held back until now."""
        held = [chunk for place in [*self._blocks] for chunk in self._end(place)]
        if self._unread:
            others = {"other_events": self._unread}
            held.append(AIMessageChunk(response_metadata=others))
            self._unread = []
        return sum(held[1:], held[0]) if held else None


_OTHER = "non_standard"
_SILENT = ({"type": "text", "text": ""}, {"type": "reasoning", "reasoning": ""})


_READ: dict[str, Callable[[MessagesReader, dict[str, Any]], Iterator[Played]]] = {
    "content_block_delta": MessagesReader._block_delta,
    "content_block_start": MessagesReader._block_start,
    "content_block_stop": MessagesReader._block_stop,
    "message": MessagesReader._whole,
    "message_delta": MessagesReader._closing,
    "message_start": MessagesReader._start,
    "message_stop": MessagesReader._stop,
}


def _kind(event: Event, said: dict[str, Any]) -> str:
    """The type of an event; imitators may say it in one of two places only."""
    kind = said.get("type")
    if not isinstance(kind, str):
        kind = "" if event.event == _UNNAMED else event.event
    return kind or ("message" if isinstance(said.get("content"), list) else "")


def _content(block: ContentBlock) -> AIMessageChunk:
    return AIMessageChunk([block])


def _arguments(block: _Block, piece: str) -> AIMessageChunk:
    if block.kind in SERVER_CALLS:
        said = {"type": "server_tool_call_chunk", "args": piece, "index": block.index}
        return _content(said)
    fragment = {"name": None, "args": piece, "id": None, "index": block.index}
    return AIMessageChunk(tool_call_chunks=[fragment])


def _grown(held: Any, delta: dict[str, Any]) -> Any:
    """A block that has no standard, and what a *delta* adds to it."""
    if not isinstance(held, dict):
        return {"type": _OTHER, "deltas": [delta]}
    if held.get("type") == _OTHER and "deltas" in held:
        return {**held, "deltas": [*held["deltas"], delta]}
    grown = dict(held)
    for key, value in delta.items():
        before = grown.get(key)
        if key == "type" or value is None:
            continue
        text = isinstance(before, str) and isinstance(value, str)
        grown[key] = f"{before}{value}" if text else value
    return grown
