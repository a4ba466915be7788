"""Chunks of an answer as a stream of Anthropic Messages, as they come.

Blocks follow one another and cannot be taken up again, so chunks must say them in their
order, the one in which their sum shows them. What a chunk says of a text's or thought's
extras goes with it; a signature waits for the end of its thought.
"""

from typing import Any

from harness.blocks import ContentBlock
from harness.chunks import AIMessageChunk
from harness.errors import InputError, shown
from harness.finishing import plain_text
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.anthropic_messages.block_events import BlockWriter
from harness.wire.anthropic_messages.blocks import NAME
from harness.wire.anthropic_messages.endings import write_stop_reason
from harness.wire.anthropic_messages.errors import said_error
from harness.wire.anthropic_messages.replies import head, metadata_beside, usage_of
from harness.wire.faults import is_silent
from harness.wire.json_values import write_text
from harness.wire.sse import Event, encode

__all__ = ["MessagesEncoder"]

_OF_DELTA = frozenset({"container", "stop_details"})
_METRICS = "amazon-bedrock-invocationMetrics"
_RANK = {"reasoning": 0, "text": 1, "tool_call": 3}


class MessagesEncoder:
    """Encodes one answer. See `harness.wire.StreamEncoder`."""

    def __init__(self, request: ChatRequest | None = None) -> None:
        self._request = request
        self._total: AIMessageChunk | None = None
        self._beside: dict[str, Any] = {}
        self._writer = BlockWriter()
        self._runs: dict[Any, tuple[int, str | None]] = {}
        self._names: dict[str, int] = {}
        self._single = 0
        self._ended = False

    def feed(self, step: AIMessageChunk | Fault) -> bytes:
        """The events that *step* amounts to. Raises InputError for what has none."""
        if self._ended:
            return b""
        if isinstance(step, Fault):
            self._ended = True
            if is_silent(step):
                return b""
            return _encoded([said_error(step)])
        if not isinstance(step, AIMessageChunk):
            raise InputError(
                f"{shown(step)} is no chunk; for a whole message, feed "
                "AIMessageChunk.from_message(it)."
            )
        text = plain_text(step)
        if text and self._total is not None and self._writer.open == _TEXT:
            self._total += step
            return self._writer.text_frame(_encoded).saying(text)
        events = self._begin(step)
        for place, key, block in sorted(self._placed(step), key=lambda item: item[0]):
            events += self._writer.write(place, key, block)
        return _encoded(events)

    def close(self) -> bytes:
        """The events that end the answer."""
        if self._ended:
            return b""
        events = self._begin(AIMessageChunk()) + self._writer.end()
        self._ended = True
        total = self._total or AIMessageChunk()
        metadata = total.response_metadata
        reason = write_stop_reason(metadata, calls=self._writer.calls)
        delta = {
            "stop_reason": reason,
            "stop_sequence": metadata.get("stop_sequence"),
        }
        closing: dict[str, Any] = {"type": "message_delta", "delta": delta}
        closing["usage"] = usage_of(total)
        stop: dict[str, Any] = {"type": "message_stop"}
        for key, value in metadata_beside(metadata).items():
            if key not in self._beside or self._beside[key] != value:
                place = stop if key == _METRICS else closing
                (delta if key in _OF_DELTA else place)[key] = value
        others = metadata.get("other_events")
        if isinstance(others, list):
            events += [said for said in others if isinstance(said, dict)]
        return _encoded([*events, closing, stop])

    def _begin(self, chunk: AIMessageChunk) -> list[Any]:
        begun, self._total = self._total, chunk
        if begun is not None:
            self._total = begun + chunk
            return []
        self._beside = metadata_beside(chunk.response_metadata)
        message = head(chunk, self._request)
        message |= {"content": [], "stop_reason": None, "stop_sequence": None}
        counts = {"input_tokens": 0, "output_tokens": 0} | usage_of(chunk)
        message["usage"] = counts
        start = {"type": "message_start", "message": {**message, **self._beside}}
        return [start]

    # ----------------------------------------------------------------- the blocks

    def _placed(
        self, chunk: AIMessageChunk
    ) -> list[tuple[tuple[Any, ...], tuple[Any, ...], ContentBlock]]:
        """The blocks of *chunk*: where each stands in the sum, which it is, itself."""
        said = chunk.model_dump()
        content = said["content"]
        if isinstance(content, str):
            content = [{"type": "text", "text": content}] if content else []
        placed = []
        for block in content:
            kind, index = block["type"], block.get("index")
            if index is None and kind in _GROWING:
                key: tuple[Any, ...] = (kind, None)
            elif index is None:
                self._single += 1
                key = (kind, None, self._single)
            else:
                key = (kind, index)
            placed.append((self._place(kind, index), key, block))
        for fragment in said["tool_call_chunks"]:
            place = self._place("tool_call_chunk", fragment["index"])
            placed.append((place, self._run(fragment), fragment))
        return placed

    def _run(self, fragment: ContentBlock) -> tuple[Any, ...]:
        """Which call a fragment is of: a new id begins a new one."""
        index, call_id = fragment["index"], fragment["id"]
        number, before = self._runs.get(index, (0, None))
        if index not in self._runs or (call_id and call_id != before):
            number, before = number + 1, call_id
        self._runs[index] = number, before
        return ("tool_call_chunk", index, number)

    def _place(self, kind: str, index: Any) -> tuple[Any, ...]:
        if index is None:
            late = {"tool_call_chunk": 3, "tool_call": 4, "invalid_tool_call": 4}
            return (late.get(kind, 0),)
        kind = "tool_call" if kind == "tool_call_chunk" else kind
        rank = _RANK.get(kind, 2)
        if isinstance(index, str):
            return (2, self._names.setdefault(index, len(self._names)), rank, kind)
        return (1, index, rank, kind)


#: Text without a number: all of it is one block.
_TEXT = ("text", None)
_GROWING = frozenset({"reasoning", "refusal", "server_tool_call_chunk", "text"})


def _encoded(events: list[Any]) -> bytes:
    frames = [
        encode(Event(write_text(said), str(said.get("type", NAME)))) for said in events
    ]
    return b"".join(frames)
