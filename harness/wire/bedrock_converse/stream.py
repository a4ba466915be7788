"""Answers of the Converse API, streamed or whole, as chunks.

In: events of frames, or one reply. Out: chunks; what no field of a chunk has room for
is in ``response_metadata`` under its own name. An answer ends with the event
"metadata", which comes after "messageStop"; or with the bytes, after the latter.
Padding ("p") is thrown away.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.blocks import ContentBlock
from harness.chunks import AIMessageChunk
from harness.errors import WireError, shown
from harness.wire.bedrock_converse.blocks import (
    SERVER_TOOL,
    call_extras,
    read_block,
    read_citation,
)
from harness.wire.bedrock_converse.exceptions import is_exception, read_exception, told
from harness.wire.bedrock_converse.finishing import NO_METRICS, finish
from harness.wire.bedrock_converse.usage import NOTHING, read_usage
from harness.wire.json_values import expect, says, write_text
from harness.wire.numbering import Numbering
from harness.wire.sse import Event
from harness.wire.streams import Played
from harness.wire.templates import Repeat

__all__ = ["ConverseReader"]

_FRAME = frozenset({"message", "output", "role"})
_PADDING = frozenset({"p"})
_FRAGMENT: dict[str, Any] = {"name": None, "args": None, "id": None}


@dataclass(slots=True)
class _Block:
    """A block that is not over."""

    kind: str
    number: int | None
    #: What a sum of chunks cannot put together waits here for the end of the block.
    held: dict[str, Any] | None = None
    extras: dict[str, str] = field(default_factory=dict)


class ConverseReader:
    """Reads the events of one answer. See `harness.wire.streams.Reader`."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.ended = False
        self.repeat: Repeat | None = None
        self._text_of: int | None = None
        self._numbering = Numbering()
        self._blocks: dict[int, _Block] = {}
        self._calls = False
        self._stopped = self._counted = self._told = False

    def read(self, event: Event, said: Any) -> Iterator[Played]:
        """The chunks of one event, or of a whole reply."""
        said = expect(said, dict, "an event")
        if said is None:
            raise WireError("it is null.")
        said = {key: value for key, value in said.items() if key != "p"}
        if event.event in _EVENTS:
            chunks = _EVENTS[event.event](self, said)
            if event.event == "contentBlockDelta":
                chunks = self._repeated(said, chunks)
            else:
                self.repeat = None
            yield from chunks
        elif is_exception(event.event):
            yield read_exception(event.event, said)
        elif event.event not in ("", "message"):
            yield _about({event.event: said})
        elif "output" in said:
            yield from self._whole(said)
        elif (message := told(said)) is not None:
            yield read_exception(str(said.get("__type", "")) or message, said)
        else:
            raise WireError("it has neither 'output' nor 'message'.")

    def _repeated(
        self, said: dict[str, Any], chunks: Iterator[AIMessageChunk]
    ) -> Iterator[AIMessageChunk]:
        """The *chunks* of an event; most events go on with the text of the last one."""
        match said:
            case {"delta": {"text": str(text)}, "contentBlockIndex": index} if text:
                for chunk in chunks:
                    if self.repeat is None or self._text_of != index:
                        self.repeat = Repeat(("delta", "text"), chunk, _PADDING)
                    self._text_of = index
                    yield chunk
            case _:
                self.repeat = None
                yield from chunks

    def missing(self) -> str | None:
        """What an answer that ends here lacks."""
        return None if self._stopped else "messageStop"

    def rest(self) -> AIMessageChunk | None:
        """What waited for the end of its block."""
        held = [self._over(index) for index in sorted(self._blocks)]
        blocks = [block for block in held if block]
        return AIMessageChunk(blocks) if blocks else None

    # ---------------------------------------------------------------- events

    def _message_start(self, said: dict[str, Any]) -> Iterator[AIMessageChunk]:
        role = said.pop("role", None)
        if role not in (None, "assistant"):
            said["role"] = role
        self._told = True
        yield _about({"model_provider": "bedrock_converse", **said})

    def _block_start(self, said: dict[str, Any]) -> Iterator[AIMessageChunk]:
        index = _index(said)
        match expect(said.get("start"), dict, "'start'") or {}:
            case {"toolUse": dict(call)}:
                yield self._call(index, call)
            case {"toolResult": dict(result)}:
                self._open(index, "server_tool_result").held = {
                    "toolResult": {**result, "content": []}
                }
            case {"image": dict(image)}:
                self._open(index, "image").held = {"image": {**image, "source": {}}}
            case {"toolUse": _} | {"toolResult": _} | {"image": _} as start:
                if says(start):
                    raise WireError(f"'start' is {shown(start)}.")
            case start if says(start):
                yield self._unknown(start)
            case _:
                pass

    def _call(self, index: int, call: dict[str, Any]) -> AIMessageChunk:
        server = call.get("type") == SERVER_TOOL
        kind = "server_tool_call_chunk" if server else "tool_call_chunk"
        block = self._open(index, kind)
        begun: dict[str, Any] = {
            "type": kind,
            "name": expect(call.get("name"), str, "'name' of a toolUse"),
            "args": "",
            "id": expect(call.get("toolUseId"), str, "'toolUseId'"),
            "index": block.number,
        }
        if extras := call_extras(call):
            begun["extras"] = extras
        if server:
            return AIMessageChunk([begun])
        self._calls = True
        return AIMessageChunk(tool_call_chunks=[begun])

    def _delta(self, said: dict[str, Any]) -> Iterator[AIMessageChunk]:
        index = _index(said)
        delta = expect(said.get("delta"), dict, "'delta'") or {}
        match delta:
            case {"text": str(text)}:
                block = self._going_on(index, "text")
                yield _piece({"type": "text", "text": text}, block)
            case {"reasoningContent": dict(thought)}:
                yield self._thought(index, thought)
            case {"toolUse": {"input": str(args)}}:
                yield self._arguments(index, args)
            case {"citation": dict(cited)}:
                note = read_citation(cited)
                block = self._going_on(index, "text")
                said = {"type": "text", "text": "", "annotations": [note]}
                yield _piece(said, block)
            case {"toolResult": list(pieces)}:
                self._hold_result(index, pieces)
            case {"image": dict(image)}:
                self._hold_image(index, image)
            case {"text": _} | {"toolUse": _} | {"reasoningContent": _}:
                raise WireError(f"'delta' is {shown(delta)}.")
            case _ if delta:
                yield self._unknown(delta)
            case _:
                pass

    def _thought(self, index: int, thought: dict[str, Any]) -> AIMessageChunk:
        block = self._going_on(index, "reasoning")
        piece: ContentBlock = {"type": "reasoning", "reasoning": ""}
        for key, value in thought.items():
            text = expect(value, str, f"'{key}' of a reasoningContent") or ""
            if key == "text":
                piece["reasoning"] = text
                continue
            # What stands in extras is replaced, not added to.
            name, join = _THOUGHTS.get(key, (key, str.__add__))
            before = block.extras.get(name)
            block.extras[name] = text if before is None else join(before, text)
            piece["extras"] = {name: block.extras[name]}
        return _piece(piece, block)

    def _arguments(self, index: int, args: str) -> AIMessageChunk:
        block = self._blocks.get(index)
        if block and block.kind == "server_tool_call_chunk":
            return _piece({"type": block.kind, "args": args}, block)
        block = self._going_on(index, "tool_call_chunk")
        self._calls = True
        fragment = {**_FRAGMENT, "args": args, "index": block.number}
        return AIMessageChunk(tool_call_chunks=[fragment])

    def _hold_result(self, index: int, pieces: list[Any]) -> None:
        block = self._going_on(index, "server_tool_result")
        block.held = block.held or {"toolResult": {"content": []}}
        content = block.held["toolResult"]["content"]
        for piece in pieces:
            match content[-1:], piece:
                case [{"text": str(before)}], {"text": str(text), **rest} if not rest:
                    content[-1] = {"text": before + text}
                case _:
                    content.append(piece)

    def _hold_image(self, index: int, image: dict[str, Any]) -> None:
        block = self._going_on(index, "image")
        block.held = block.held or {"image": {"source": {}}}
        held = block.held["image"]
        match held["source"], image.get("source"):
            case {"bytes": str(before)}, {"bytes": str(more)}:
                held["source"] = {"bytes": _joined(before, more)}
            case _, dict(source):
                held["source"] = source
            case _:
                pass
        held |= {key: value for key, value in image.items() if key != "source"}

    def _block_stop(self, said: dict[str, Any]) -> Iterator[AIMessageChunk]:
        if block := self._over(_index(said)):
            yield AIMessageChunk([block])

    def _message_stop(self, said: dict[str, Any]) -> Iterator[AIMessageChunk]:
        reason = expect(said.pop("stopReason", None), str, "'stopReason'")
        if not reason:
            raise WireError("'stopReason' is missing.")
        self._stopped = True
        self.ended = self._counted
        if (rest := self.rest()) is not None:
            yield rest
        yield self._finished({**finish(reason, calls=self._calls), **said})

    def _metadata(self, said: dict[str, Any]) -> Iterator[AIMessageChunk]:
        self._counted = True
        self.ended = self._stopped
        yield self._finished(said)

    # ---------------------------------------------------------------- a reply

    def _whole(self, said: dict[str, Any]) -> Iterator[AIMessageChunk]:
        output = expect(said["output"], dict, "'output'") or {}
        message = expect(output.get("message"), dict, "'message'") or {}
        content = expect(message.get("content"), list, "'content'") or []
        blocks: list[ContentBlock] = []
        calls: list[dict[str, Any]] = []
        for item in content:
            block = read_block(item)
            number = self._numbering.next(block["type"])
            placed = block if number is None else {**block, "index": number}
            if block["type"] in ("tool_call", "invalid_tool_call"):
                calls.append(_fragment(placed))
            else:
                blocks.append(placed)
        self._calls = bool(calls)
        others = {k: v for k, v in message.items() if k not in ("content", "role")}
        yield AIMessageChunk(blocks, tool_call_chunks=calls, additional_kwargs=others)
        yield from self._message_start({"role": message.get("role")})
        rest = {k: v for k, v in said.items() if k not in _FRAME}
        reason = expect(rest.pop("stopReason", None), str, "'stopReason'")
        ends = finish(reason, calls=self._calls) if reason else {}
        self._stopped = self.ended = True
        yield self._finished({**ends, **rest})

    # ---------------------------------------------------------------- blocks

    def _open(self, index: int, kind: str) -> _Block:
        block = self._blocks[index] = _Block(kind, self._numbering.next(kind))
        return block

    def _going_on(self, index: int, kind: str) -> _Block:
        """The block that a delta belongs to; most have no start."""
        block = self._blocks.get(index)
        return block if block and block.kind == kind else self._open(index, kind)

    def _over(self, index: int) -> ContentBlock | None:
        block = self._blocks.pop(index, None)
        if block is None or block.held is None:
            return None
        return {**read_block(block.held), "index": block.number}

    def _unknown(self, value: dict[str, Any]) -> AIMessageChunk:
        number = self._numbering.next("non_standard")
        block = {"type": "non_standard", "value": value, "index": number}
        return AIMessageChunk([block])

    def _finished(self, said: dict[str, Any]) -> AIMessageChunk:
        usage = expect(said.pop("usage", None), dict, "'usage'") or {}
        if usage and usage != NOTHING:
            said["token_usage"] = usage
        if said.get("metrics") == NO_METRICS:
            del said["metrics"]
        if not self._told:
            said["model_provider"] = "bedrock_converse"
        self._told = True
        return AIMessageChunk(
            cumulative_usage=read_usage(usage),
            response_metadata=said,
            chunk_position="last" if self.ended else None,
        )


def _about(metadata: dict[str, Any]) -> AIMessageChunk:
    return AIMessageChunk(response_metadata={k: v for k, v in metadata.items() if v})


def _index(said: dict[str, Any]) -> int:
    index = said.get("contentBlockIndex")
    if type(index) is not int:
        raise WireError(f"'contentBlockIndex' is {shown(index)}, not a number.")
    return index


def _piece(piece: ContentBlock, block: _Block) -> AIMessageChunk:
    if block.number is not None:
        return AIMessageChunk([{**piece, "index": block.number}])
    if piece.keys() == {"type", "text"}:
        return AIMessageChunk(piece["text"])
    return AIMessageChunk([piece])


def _fragment(call: ContentBlock) -> dict[str, Any]:
    args = call["args"]
    fragment = {k: v for k, v in call.items() if k not in ("type", "error")}
    return {**fragment, "args": args if isinstance(args, str) else write_text(args)}


def _bytes(data: str) -> bytes:
    return b64decode(data, validate=True)


def _joined(before: str, more: str) -> str:
    """The base64 of what two pieces of base64 say together."""
    try:
        return b64encode(_bytes(before) + _bytes(more)).decode()
    except ValueError:
        raise WireError(f"{shown(more)} is no base64.") from None


_THOUGHTS: dict[str, tuple[str, Callable[[str, str], str]]] = {
    "redactedContent": ("redactedContent", _joined),
    "signature": ("reasoningSignature", str.__add__),
}
_Read = Callable[[ConverseReader, dict[str, Any]], Iterator[AIMessageChunk]]
_EVENTS: dict[str, _Read] = {
    "contentBlockDelta": ConverseReader._delta,
    "contentBlockStart": ConverseReader._block_start,
    "contentBlockStop": ConverseReader._block_stop,
    "messageStart": ConverseReader._message_start,
    "messageStop": ConverseReader._message_stop,
    "metadata": ConverseReader._metadata,
}
