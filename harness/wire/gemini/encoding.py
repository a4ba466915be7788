"""Streams of Gemini. In: chunks as they come. Out: events, or items of one array.

Texts go out piece by piece, calls when their arguments are complete; the last event has
the finish reason, usage and all else that was said of the answer. Parts stand in the
order of the blocks: what comes after an unfinished call waits for it.
"""

from typing import Any

from harness.blocks import TEXT_FIELD, ContentBlock
from harness.chunks import AIMessageChunk
from harness.errors import InputError, shown
from harness.partial_json import JsonError, parse_object
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.text import whole
from harness.wire.faults import error_status, is_silent
from harness.wire.gemini.errors import error_body
from harness.wire.gemini.replies import UNNAMED, answer_parts, closing, frame
from harness.wire.json_values import write_json, write_text
from harness.wire.ownership import own
from harness.wire.sse import Event, encode

__all__ = ["GeminiEncoder"]

#: Where a block stands in the sum of all chunks.
Place = tuple[int, int, str]
_RANK = {"reasoning": "0", "text": "1", "tool_call": "3"}
_GROWS = frozenset(TEXT_FIELD) - {"server_tool_call_chunk"}


class GeminiEncoder:
    """Encodes one answer. See `harness.wire.StreamEncoder`."""

    def __init__(self, request: ChatRequest | None, *, array: bool = False) -> None:
        self._request = request
        self._array = array
        self._all = AIMessageChunk()
        self._slots: dict[Place, list[ContentBlock]] = {}
        self._names: dict[str, int] = {}
        self._runs: dict[Any, tuple[int, str | None]] = {}
        self._closed: Place | None = None
        self._open: Place | None = None
        self._half = ""  # a high surrogate at the end of the open block
        self._grown = "text"
        self._said = False
        self._ended = False
        self._framed: dict[str, Any] = {}

    def feed(self, step: AIMessageChunk | Fault) -> bytes:
        """The event that *step* completes. Raises InputError for what has none."""
        if self._ended:
            return b""
        if isinstance(step, Fault):
            return self._fail(step)
        if not isinstance(step, AIMessageChunk):
            raise InputError(f"an encoder is fed chunks and Faults, not {shown(step)}.")
        for block in _blocks(step):
            self._put(block)
        self._all += step
        parts = self._ready()
        return self._event({"candidates": [_candidate(parts)]}) if parts else b""

    def close(self) -> bytes:
        """The last event: what waited, and why the answer ended."""
        if self._ended:
            return b""
        parts = self._ready(closing=True)
        self._ended = True
        data = self._event(closing(self._all.to_message(), parts), last=True)
        return data + (b"]" if self._array else b"")

    def _fail(self, fault: Fault) -> bytes:
        self._ended = True
        if is_silent(fault):
            return b""
        data = self._frame(error_body(fault, error_status(fault)))
        return data + (b"]" if self._array else b"")

    # --------------------------------------------------------------- frames

    def _event(self, said: dict[str, Any], *, last: bool = False) -> bytes:
        """The frame of one event; what has its id and model stays as it was."""
        if last or not self._framed:
            known = frame(self._all, self._request)
            if not last and known.get("modelVersion") == UNNAMED:
                del known["modelVersion"]  # the last chunk may tell it
            self._framed = {**known, **self._framed}
        return self._frame({**said, **self._framed})

    def _frame(self, said: dict[str, Any]) -> bytes:
        first, self._said = not self._said, True
        if self._array:
            return (b"[" if first else b",\r\n") + write_json(said)
        return encode(Event(write_text(said)), newline="\r\n")

    # --------------------------------------------------------------- blocks

    def _put(self, block: ContentBlock) -> None:
        """Take *block*. Raises InputError where its place has gone by."""
        place = self._place(block)
        if self._closed is not None and place <= self._closed and place != self._open:
            if block["type"] == "tool_call_chunk" and not block["args"].strip():
                return  # white space behind the last brace
            raise InputError(
                f"gemini: {shown(block)} belongs before what was already sent, and "
                "parts cannot go back: order the chunks by block first."
            )
        self._slots.setdefault(place, []).append(block)

    def _place(self, block: ContentBlock) -> Place:
        """Where the sum of all chunks has *block*."""
        kind, index = block["type"], block.get("index")
        rank = _RANK.get(kind, "2") + kind
        if kind == "tool_call_chunk":
            number, call_id = self._runs.get(index, (0, None))
            if not number or block["id"] not in (None, "", call_id):
                number, call_id = number + 1, block["id"]
            self._runs[index] = number, call_id
            rank = f"3{number:06}"
        match index:
            case int():
                return (1, index, rank)
            case str():
                return (2, self._names.setdefault(index, len(self._names)), rank)
            case _ if kind in _GROWS:
                return (0, self._names.setdefault(f"{kind} ", len(self._names)), kind)
            case _ if kind == "tool_call_chunk":
                return (3, 0, rank)
            case _:
                number = self._names.setdefault(
                    f" {len(self._names)}", len(self._names)
                )
                return (4 if kind.endswith("tool_call") else 0, number, kind)

    def _ready(self, *, closing: bool = False) -> list[dict[str, Any]]:
        """The parts that can be sent, in the order of their places."""
        blocks: list[ContentBlock] = []
        for place in sorted(self._slots):
            said = self._slots[place]
            if not (closing or _is_complete(said)):
                break
            del self._slots[place]
            if place != self._open:
                blocks += self._shut()
            self._closed = place
            grows = said[0]["type"] in _GROWS
            self._open = place if grows else None
            blocks += map(self._paired, said) if grows else _finished(said)
        if closing:
            blocks += self._shut()
        return answer_parts([block for block in blocks if not _is_empty(block)])

    def _paired(self, block: ContentBlock) -> ContentBlock:
        """*block* with the half of a character before it, and without one behind."""
        field = TEXT_FIELD[block["type"]]
        text = whole(self._half + (block.get(field) or ""))
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        text = text[:-1] if self._half else text
        self._grown = block["type"]
        return {**block, field: text}

    def _shut(self) -> list[ContentBlock]:
        """What the open block still says: a half that found no other."""
        half, self._half = self._half, ""
        if not half:
            return []
        return [{"type": self._grown, TEXT_FIELD[self._grown]: "\ufffd"}]


def _blocks(chunk: AIMessageChunk) -> list[ContentBlock]:
    """What *chunk* says, halves of characters included; calls come as fragments."""
    said = chunk.model_dump()
    content: Any = said["content"]
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    blocks = [block for block in content if not _is_empty(block)]
    return [*blocks, *said["tool_call_chunks"]]


def _is_empty(block: ContentBlock) -> bool:
    """Whether *block* says nothing by itself; citations are told at the end."""
    grows = TEXT_FIELD.get(block["type"]) if block["type"] in _GROWS else None
    return bool(
        grows and not block.get(grows) and not own(block.get("extras"), "gemini")
    )


def _candidate(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"content": {"role": "model", "parts": parts}, "index": 0}


def _is_complete(blocks: list[ContentBlock]) -> bool:
    if not blocks[0]["type"].endswith("tool_call_chunk"):
        return True
    args = "".join(block.get("args") or "" for block in blocks)
    named = any(block.get("name") for block in blocks)
    if not (named and args.rstrip().endswith("}")):
        return False
    try:
        parse_object(args)
    except JsonError:
        return False
    return True


def _finished(blocks: list[ContentBlock]) -> list[ContentBlock]:
    """The block that *blocks*, pieces of one, amount to."""
    calls = [block for block in blocks if block["type"] == "tool_call_chunk"]
    rest = [block for block in blocks if block["type"] != "tool_call_chunk"]
    whole = AIMessageChunk(rest or "", tool_call_chunks=calls, chunk_position="last")
    return whole.to_message().content_blocks
