"""Streams of the Converse API. In: chunks, as they come. Out: frames.

Blocks of the format do not interleave, and come in the order in which they are shown.
It has no room for the id of an answer, its model's name, or usage that is not known.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any

from harness.blocks import TEXT_FIELD, ContentBlock
from harness.chunks import AIMessageChunk
from harness.errors import InputError, shown
from harness.steps import Fault
from harness.wire.aws_frames import encode_frame
from harness.wire.bedrock_converse.blocks import (
    SERVER_TOOL,
    write_block,
    write_citation,
)
from harness.wire.bedrock_converse.exceptions import fault_frame
from harness.wire.bedrock_converse.finishing import NO_METRICS, about, stop_reason
from harness.wire.bedrock_converse.usage import write_usage
from harness.wire.json_values import says, write_json, write_text
from harness.wire.ownership import own

__all__ = ["ConverseEncoder"]

_NAME = "bedrock-converse"
_CALLS = ("tool_call", "invalid_tool_call", "tool_call_chunk")
_RANKS = {"reasoning": 0, "text": 1, "tool_call": 3}
#: Calls without an index are shown last.
_LATE = {"tool_call_chunk": 3, "tool_call": 4, "invalid_tool_call": 4}
_FIELDS = ("usage_metadata", "cumulative_usage", "response_metadata")
#: A block's place in an answer, and what tells it from others there.
_Key = tuple[tuple[int, int, int], str, int | str | None, str | None]


class ConverseEncoder:
    """Encodes one answer. See `harness.wire.StreamEncoder`."""

    def __init__(self) -> None:
        self._told = AIMessageChunk()
        self._begun = self._ended = self._calls = self._spoken = False
        self._open: _Key | None = None
        self._over: set[_Key] = set()
        self._index = -1
        self._number = 0
        self._start: dict[str, Any] | None = None
        self._waiting: list[dict[str, Any]] = []
        self._extras: dict[str, str] = {}
        self._id: str | None = None

    def feed(self, step: AIMessageChunk | Fault) -> bytes:
        """The frames that *step* amounts to.

        Raises InputError for what has no form in a stream, and for a block that goes
        on after another has begun.
        """
        if self._ended:
            return b""
        if isinstance(step, Fault):
            self._ended = True
            return fault_frame(step)
        said = step.model_dump()
        self._id = self._id or said["id"]
        self._told += AIMessageChunk(**{field: said[field] for field in _FIELDS})
        frames = [self._first()]
        # What one chunk says at once stands in it by kind, calls last.
        for block in sorted(_blocks(said), key=_order):
            self._number += 1
            frames += self._block(block)
        return b"".join(frames)

    def close(self) -> bytes:
        """The frames that end the stream."""
        if self._ended:
            return b""
        self._ended = True
        message = self._told.to_message()
        metadata = about(message)
        fields = metadata.pop("additionalModelResponseFields", None)
        more = {} if fields is None else {"additionalModelResponseFields": fields}
        reason = stop_reason(message.response_metadata, calls=self._calls)
        usage = {"usage": write_usage(message), "metrics": NO_METRICS, **metadata}
        return b"".join(
            [
                self._first(),
                *self._stop(),
                _frame("messageStop", {"stopReason": reason, **more}),
                _frame("metadata", usage),
            ]
        )

    def _first(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        return _frame("messageStart", {"role": "assistant"})

    # ---------------------------------------------------------------- blocks

    def _block(self, block: ContentBlock) -> Iterator[bytes]:
        kind = block["type"]
        if kind in TEXT_FIELD and not says({**block, "type": None, "index": None}):
            return
        key = self._key(block)
        if key != self._open:
            self._check(key, block)
            yield from self._stop()
            self._open, self._index, self._extras = key, self._index + 1, {}
            self._spoken = False
            self._calls = self._calls or kind in _CALLS
            if kind not in _DELTAS:
                yield from self._whole(block)
            elif kind in _CALLS or kind.startswith("server_tool_call"):
                self._start = _starting(block)
        if self._start is not None and block.get("name"):
            self._start["name"] = block["name"]
            yield from self._started()
        for delta in _DELTAS[kind](self, block) if kind in _DELTAS else ():
            if self._start is None:
                yield self._said("contentBlockDelta", delta=delta)
            else:
                self._waiting.append(delta)

    def _key(self, block: ContentBlock) -> _Key:
        kind, index, call_id = block["type"], block.get("index"), block.get("id")
        if kind in _CALLS:
            before = self._open
            place, kind = _place(kind, index), "tool_call"
            if before and before[:3] == (place, kind, index):
                call_id = call_id or before[3]
            return place, kind, index, call_id
        alone = index is None and kind not in TEXT_FIELD
        return _place(kind, index), kind, index, str(self._number) if alone else None

    def _check(self, key: _Key, block: ContentBlock) -> None:
        late = self._open is not None and key[0] < self._open[0]
        if late or key in self._over:
            raise InputError(
                f"a stream of the Converse API cannot go back to {shown(block)}: "
                "another block has begun since. Order the chunks first, or send the "
                "answer as a whole."
            )

    def _started(self) -> Iterator[bytes]:
        start, self._start = self._start, None
        if start is not None:
            name = start["name"] = start["name"] or ""
            start["toolUseId"] = start["toolUseId"] or self._made_id(name)
            yield self._said("contentBlockStart", start={"toolUse": start})
            for delta in self._waiting:
                yield self._said("contentBlockDelta", delta=delta)
        self._waiting = []

    def _made_id(self, name: str) -> str:
        seed = f"{self._id}/{self._index}/{name}"
        return f"tooluse_{sha256(seed.encode()).hexdigest()[:22]}"

    def _stop(self) -> Iterator[bytes]:
        if self._open is not None:
            yield from self._started()
            self._over.add(self._open)
            if self._spoken:
                yield self._said("contentBlockStop")
            else:
                self._index -= 1

    def _said(self, event: str, **said: Any) -> bytes:
        self._spoken = True
        return _frame(event, {**said, "contentBlockIndex": self._index})

    def _whole(self, block: ContentBlock) -> Iterator[bytes]:
        """Both the start and the deltas of a block that does not grow."""
        match write_block(block):
            case {"toolResult": {"content": content, **start}}:
                yield self._said("contentBlockStart", start={"toolResult": start})
                yield self._said("contentBlockDelta", delta={"toolResult": content})
            case {"image": {"source": source, **start}}:
                yield self._said("contentBlockStart", start={"image": start})
                delta = {"image": {"source": source}}
                yield self._said("contentBlockDelta", delta=delta)
            case _:
                raise InputError(
                    f"a stream of the Converse API has no form for {shown(block)}; a "
                    "whole reply has."
                )

    # ---------------------------------------------------------------- deltas

    def _text(self, block: ContentBlock) -> Iterator[dict[str, Any]]:
        for note in block.get("annotations") or ():
            if (citation := write_citation(note)) is not None:
                yield {"citation": citation}
        if text := block.get("text"):
            yield {"text": text}

    def _reasoning(self, block: ContentBlock) -> Iterator[dict[str, Any]]:
        if text := block.get("reasoning"):
            yield {"reasoningContent": {"text": text}}
        extras = own(block.get("extras"), _NAME)
        for name, key in _THOUGHTS.items():
            said, before = extras.get(name), self._extras.get(name, "")
            if not isinstance(said, str) or said == before:
                continue
            self._extras[name] = said
            # Extras say all of it each time; so can no more than texts.
            grows = name == "reasoningSignature" and said.startswith(before)
            yield {"reasoningContent": {key: said[len(before) :] if grows else said}}

    def _refusal(self, block: ContentBlock) -> Iterator[dict[str, Any]]:
        if text := block.get("refusal"):
            yield {"text": text}

    def _arguments(self, block: ContentBlock) -> Iterator[dict[str, Any]]:
        args = block.get("args")
        if isinstance(args, dict):
            args = write_text(args)
        if args:
            yield {"toolUse": {"input": args}}

    def _custom(self, block: ContentBlock) -> Iterator[dict[str, Any]]:
        said = block.get("value")
        if not isinstance(said, dict) or "type" in said:
            raise InputError(
                f"a stream of the Converse API has no form for {shown(block)}. Leave "
                "it out, or give the API's own delta."
            )
        yield said


def _starting(block: ContentBlock) -> dict[str, Any]:
    """The start of a call, which is yet to be named."""
    server = {} if block["type"] in _CALLS else {"type": SERVER_TOOL}
    extras = own(block.get("extras"), _NAME)
    extras.pop("type", None)
    return {"toolUseId": block.get("id"), "name": None, **extras, **server}


def _order(block: ContentBlock) -> Any:
    return _place(block["type"], block.get("index"))


def _place(kind: str, index: int | str | None) -> tuple[int, int, int]:
    """Where a sum of chunks shows a block."""
    match index:
        case int():
            return 1, index, _RANKS.get("tool_call" if kind in _CALLS else kind, 2)
        case str():
            return 2, 0, 0
        case None:
            return _LATE.get(kind, 0), 0, 0


def _blocks(said: dict[str, Any]) -> list[ContentBlock]:
    """What one chunk says, block by block, in the order in which it is shown."""
    content = said["content"]
    if isinstance(content, str):
        content = [{"type": "text", "text": content}] if content else []
    return [*content, *said["tool_call_chunks"]]


def _frame(event: str, said: dict[str, Any]) -> bytes:
    headers = {
        ":event-type": event,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return encode_frame(headers, write_json(said))


_THOUGHTS = {"reasoningSignature": "signature", "redactedContent": "redactedContent"}
_Deltas = Callable[[ConverseEncoder, ContentBlock], Iterator[dict[str, Any]]]
_DELTAS: dict[str, _Deltas] = {
    **dict.fromkeys((*_CALLS, "server_tool_call"), ConverseEncoder._arguments),
    "non_standard": ConverseEncoder._custom,
    "reasoning": ConverseEncoder._reasoning,
    "refusal": ConverseEncoder._refusal,
    "server_tool_call_chunk": ConverseEncoder._arguments,
    "text": ConverseEncoder._text,
}
