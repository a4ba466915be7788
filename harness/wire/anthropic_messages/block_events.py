"""The events of the blocks of one answer: each begins, grows and ends in its turn.

In: blocks and fragments of calls, in order. Out: events as JSON values.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, shown
from harness.wire.anthropic_messages.block_writing import (
    call_id,
    made_id,
    write_block,
    write_extras,
)
from harness.wire.anthropic_messages.blocks import NAME
from harness.wire.anthropic_messages.replies import answer_block
from harness.wire.json_values import write_text
from harness.wire.text_frames import TextFrame

__all__ = ["BlockWriter"]

_Json = dict[str, Any]


@dataclass(slots=True)
class _Open:
    """The block that is being written."""

    key: tuple[Any, ...]
    #: What begins the block; None once that was said.
    start: _Json | None
    deltas: list[_Json] = field(default_factory=list)
    signature: str = ""


class BlockWriter:
    """Writes the blocks of one answer, one after the other."""

    def __init__(self) -> None:
        #: Whether a tool was called, for the program to run.
        self.calls = False
        self._open: _Open | None = None
        self._closed: set[tuple[Any, ...]] = set()
        self._place: tuple[Any, ...] = ()
        self._count = 0
        self._frame: tuple[int, TextFrame] | None = None

    @property
    def open(self) -> tuple[Any, ...] | None:
        """The key of the block that is open, and was begun."""
        block = self._open
        return None if block is None or block.start is not None else block.key

    def text_frame(self, encoded: Callable[[list[_Json]], bytes]) -> TextFrame:
        """The frame of a piece of text of the block that is open."""
        index = self._count
        if self._frame is None or self._frame[0] != index:
            head: _Json = {"type": "content_block_delta", "index": index}

            def write(text: str) -> bytes:
                return encoded(
                    [{**head, "delta": {"type": "text_delta", "text": text}}]
                )

            self._frame = index, TextFrame(write)
        return self._frame[1]

    def write(
        self, place: tuple[Any, ...], key: tuple[Any, ...], block: ContentBlock
    ) -> list[_Json]:
        """The events of a piece of the block *key*, which stands at *place*.

        Raises InputError for a block that has ended, or stands before one that has.
        """
        if self._open is not None and self._open.key == key:
            return self._grow(self._open, block)
        if key in self._closed or place < self._place:
            raise InputError(
                f"{NAME} says one block after the other, and {shown(block)} belongs "
                "before what was said. Order the chunks by their blocks first: send "
                "AIMessageChunk.from_message(sum(chunks).to_message())."
            )
        begin = _BEGIN.get(block["type"], _whole)
        opened = _Open(key, begin(block, self._count))
        events = self.end()
        self._open, self._place = opened, place
        return events + self._grow(opened, block)

    def end(self) -> list[_Json]:
        """The events that end the block that is open, if one is."""
        block = self._open
        if block is None:
            return []
        self._open = None
        self._closed.add(block.key)
        if block.signature:
            said = {"type": "signature_delta", "signature": block.signature}
            block.deltas.append(said)
        events = self._said(block)
        index, self._count = self._count, self._count + 1
        return [*events, {"type": "content_block_stop", "index": index}]

    def _grow(self, opened: _Open, block: ContentBlock) -> list[_Json]:
        grow = _GROW.get(block["type"])
        if grow is not None:
            grow(opened, block)
        start = opened.start
        # A call cannot begin before its name is known.
        if start is not None and start.get("name") == "":
            return []
        return self._said(opened)

    def _said(self, opened: _Open) -> list[_Json]:
        index, events = self._count, []
        if opened.start is not None:
            start: _Json = {"type": "content_block_start", "index": index}
            events.append({**start, "content_block": opened.start})
            self.calls = self.calls or opened.start["type"] == "tool_use"
            opened.start = None
        for delta in opened.deltas:
            head: _Json = {"type": "content_block_delta", "index": index}
            events.append({**head, "delta": delta})
        opened.deltas = []
        return events


# ------------------------------------------------------------------------ beginning


def _text(_: ContentBlock, __: int) -> _Json:
    return {"type": "text", "text": ""}


def _thinking(block: ContentBlock, _: int) -> _Json:
    said = write_block({**block, "reasoning": ""})
    if said["type"] == "redacted_thinking":
        return said
    return {"type": "thinking", "thinking": "", "signature": ""}


def _call(block: ContentBlock, number: int) -> _Json:
    name, made = block.get("name") or "", made_id("toolu", [block.get("name"), number])
    extras = write_extras(block, "name", "args", "error", "other_names")
    given = call_id(block.get("id") or made)
    head: _Json = {"id": given, "name": name, "input": {}}
    return {"type": "tool_use", **head, **extras}


def _server_call(block: ContentBlock, number: int) -> _Json:
    said = _call({**block, "args": None}, number)
    kind = answer_block({**block, "args": {}})["type"]
    given = block.get("id") or made_id("srvtoolu", [block.get("name"), number])
    return {**said, "type": kind, "id": call_id(given)}


def _whole(block: ContentBlock, _: int) -> _Json:
    said = answer_block(block)
    return {**said, "content": None} if _is_compaction(said) else said


def _is_compaction(said: _Json) -> bool:
    return said["type"] == "compaction" and isinstance(said.get("content"), str)


_BEGIN: dict[str, Callable[[ContentBlock, int], _Json]] = {
    "invalid_tool_call": _call,
    "reasoning": _thinking,
    "refusal": _text,
    "server_tool_call": _server_call,
    "server_tool_call_chunk": _server_call,
    "text": _text,
    "tool_call": _call,
    "tool_call_chunk": _call,
}


# -------------------------------------------------------------------------- growing


def _grow_text(opened: _Open, block: ContentBlock) -> None:
    said = write_block(block)
    cited = said.pop("citations", [])
    if said["text"] or said.keys() > {"type", "text"}:
        opened.deltas.append({**said, "type": "text_delta"})
    notes = cited if isinstance(cited, list) else []
    opened.deltas += [{"type": "citations_delta", "citation": note} for note in notes]


def _grow_thinking(opened: _Open, block: ContentBlock) -> None:
    said = write_block(block)
    if said["type"] == "redacted_thinking":
        return
    signature = said.pop("signature", None)
    if isinstance(signature, str) and signature:
        opened.signature = signature
    if said["thinking"] or said.keys() > {"type", "thinking"}:
        opened.deltas.append({**said, "type": "thinking_delta"})


def _grow_call(opened: _Open, block: ContentBlock) -> None:
    start = opened.start
    if start is not None:
        start["name"] = start["name"] or block.get("name") or ""
        if not opened.deltas:
            opened.deltas.append({"type": "input_json_delta", "partial_json": ""})
    args = block.get("args")
    piece = write_text(args) if isinstance(args, dict) and args else args
    if isinstance(piece, str) and piece:
        opened.deltas.append({"type": "input_json_delta", "partial_json": piece})


def _grow_whole(opened: _Open, block: ContentBlock) -> None:
    said = answer_block(block)
    if _is_compaction(said):
        delta = {"type": "compaction_delta", "content": said["content"]}
        opened.deltas.append(delta)


_GROW: dict[str, Callable[[_Open, ContentBlock], None]] = {
    "invalid_tool_call": _grow_call,
    "non_standard": _grow_whole,
    "reasoning": _grow_thinking,
    "refusal": _grow_text,
    "server_tool_call": _grow_call,
    "server_tool_call_chunk": _grow_call,
    "text": _grow_text,
    "tool_call": _grow_call,
    "tool_call_chunk": _grow_call,
}
