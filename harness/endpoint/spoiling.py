"""What glitches make of replies. In: a reply. Out: the one that is sent instead."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from random import Random

from harness.chunks import AIMessageChunk
from harness.endpoint.calls import HttpCall
from harness.endpoint.frames import frames_of, split, with_json
from harness.endpoint.glitch import Glitch
from harness.endpoint.replies import (
    Cut,
    Last,
    Piece,
    Reply,
    fault_reply,
    json_reply,
)
from harness.errors import ScriptError, WireError
from harness.requests import ChatRequest
from harness.steps import Fault, Pause
from harness.wire import Dialect

__all__ = ["Spoiling", "spoiled"]

_PAGE = (
    b"<!DOCTYPE html>\n<html><head><title>Just a moment</title></head>"
    b"<body><h1>This site is under maintenance.</h1></body></html>\n"
)
_NUMBER = re.compile(rb'("sequence_number":)\d+')
_TEXTS = (
    re.compile(rb'"(?:content|text|delta|thinking|partial_json|arguments)": ?"'),
    re.compile(rb': ?"'),
)


@dataclass(frozen=True, slots=True)
class Spoiling:
    """One *glitch* on its way into the answer to *call*, which asks in *dialect*.

    *met* is called once it came to pass. What is *drawn* by chance comes as late as it
    can in an answer that is too short for it; what was written there is a mistake.
    """

    glitch: Glitch
    call: HttpCall
    dialect: Dialect
    met: Callable[[], None]
    drawn: bool = False

    @property
    def request(self) -> ChatRequest | None:
        """What was asked."""
        return self.call.asked


def spoiled(reply: Reply, spoiling: Spoiling) -> Reply:
    """*reply* as the glitch leaves it.

    Raises ScriptError, here or from the pieces, where it can never come to pass.
    """
    glitch = spoiling.glitch
    match glitch.kind:
        case "html":
            spoiling.met()
            said = (("content-type", "text/html; charset=utf-8"),)
            page = Reply(200, said, iter((Last(_PAGE),)), waits=reply.waits)
            return _with_length(page, len(_PAGE))
        case "wrong_length":
            spoiling.met()
            return _with_length(reply, glitch.length)
        case "json":
            return _whole(reply, spoiling)
        case "pace":
            spoiling.met()
            return _paced(reply, spoiling)
        case _ if reply.stream:
            return replace(reply, pieces=_stream(frames_of(reply), spoiling))
        case _:
            return _spoiled_whole(reply, spoiling)


def _spoiled_whole(reply: Reply, spoiling: Spoiling) -> Reply:
    """The same for a reply that is one frame."""
    glitch = spoiling.glitch
    if glitch.kind == "error" and reply.status is not None:
        _only_frame(spoiling)
        return fault_reply(glitch.error, spoiling.dialect).after(*reply.waits)
    pieces = [*_stream(frames_of(reply), spoiling)]
    if glitch.kind == "slow":
        reply = reply.after(glitch.wait)
        pieces = [piece for piece in pieces if not isinstance(piece, Pause)]
    played = replace(reply, pieces=iter(pieces))
    if any(isinstance(piece, Cut) and _is_rude(piece) for piece in pieces):
        return played  # the length is that of all that would have come
    return _with_length(played, sum(len(p) for p in pieces if isinstance(p, bytes)))


def _is_rude(cut: Cut) -> bool:
    return cut.ending != "interrupted"


def _with_length(reply: Reply, length: int) -> Reply:
    rest = [pair for pair in reply.headers if pair[0].lower() != "content-length"]
    return replace(reply, headers=(*rest, ("content-length", str(length))))


# ------------------------------------------------------------------ one frame


def _stream(frames: Iterator[Piece], spoiling: Spoiling) -> Iterator[Piece]:
    """The *frames* with what the glitch makes of the one that it meets."""
    sent: list[bytes] = []
    after = _place(spoiling)
    for piece in frames:
        if isinstance(piece, bytes):
            is_last = isinstance(piece, Last)
            if len(sent) == after or (spoiling.drawn and is_last):
                yield from _met(piece, sent, frames, spoiling)
                return
            if is_last:
                raise _never(spoiling, len(sent) + 1)
            sent.append(piece)
        elif isinstance(piece, Cut) and not spoiling.drawn:
            break
        yield piece
    if not spoiling.drawn:
        raise _never(spoiling, len(sent))


def _place(spoiling: Spoiling) -> int:
    """How many frames come before it."""
    glitch = spoiling.glitch
    if glitch.after is not None:
        return glitch.after
    streamed = spoiling.request is not None and spoiling.request.stream
    return 1 if streamed and glitch.kind != "slow" else 0


def _only_frame(spoiling: Spoiling) -> None:
    """Meet the glitch in a whole reply, which has one frame."""
    if _place(spoiling) > 0 and not spoiling.drawn:
        raise _never(spoiling, 1)
    spoiling.met()


def _never(spoiling: Spoiling, there: int) -> ScriptError:
    counted = "1 frame" if there == 1 else f"{there} frames"
    answer = f"the answer to request {spoiling.call.index} has {counted}"
    place = f"Choose after from 0 to {there - 1}." if there else "Leave the glitch out."
    return ScriptError(f"{spoiling.glitch} never comes: {answer}. {place}")


def _met(
    frame: bytes, sent: list[bytes], frames: Iterator[Piece], spoiling: Spoiling
) -> Iterator[Piece]:
    """What comes from the place of the glitch on, where *frame* would come."""
    kind = spoiling.glitch.kind
    if kind == "reordered":
        yield from _swapped(frame, frames, spoiling, len(sent))
        return
    spoiling.met()
    match kind:
        case "error":
            yield from _error_frames(sent, spoiling)
            return
        case "slow":
            yield spoiling.glitch.wait
            yield frame
        case _ if kind in _ENDS:
            yield from _ENDS[str(kind)](frame, spoiling.request)
            return
        case _:
            made = _EDITS[str(kind)](bytes(frame), spoiling.glitch)
            yield from made[:-1]
            for last in made[-1:]:
                yield Last(last) if isinstance(frame, Last) else last
    yield from frames


def _swapped(
    frame: bytes, frames: Iterator[Piece], spoiling: Spoiling, place: int
) -> Iterator[Piece]:
    for piece in frames:
        if isinstance(piece, bytes):
            spoiling.met()
            yield bytes(piece)
            yield Last(frame) if isinstance(piece, Last) else frame
            yield from frames
            return
        yield piece
        if isinstance(piece, Cut):
            return
    if not spoiling.drawn:
        raise ScriptError(
            f"{spoiling.glitch} never comes: frame {place} is the last of the answer "
            f"to request {spoiling.call.index}, and no other can come before it."
        )
    yield frame


def _error_frames(sent: list[bytes], spoiling: Spoiling) -> Iterator[bytes]:
    """The frames in which the provider says an error, after what was *sent*."""
    decoder = spoiling.dialect.decoder()
    encoder = spoiling.dialect.encoder(spoiling.request)
    with suppress(WireError):  # of another glitch
        for frame in sent:
            for chunk in decoder.feed(frame):
                encoder.feed(chunk)
    *before, last = split(encoder.feed(spoiling.glitch.error))
    for number, frame in enumerate((*before, Last(last)), len(sent)):
        # Chunks do not tell how many events they came in.
        numbered = _NUMBER.sub(rb"\g<1>%d" % number, frame)
        yield Last(numbered) if isinstance(frame, Last) else numbered


def _half(frame: bytes) -> bytes:
    return frame[: len(frame) // 2]


def _cut_off(ending: Cut) -> Callable[[bytes, ChatRequest | None], Iterator[Piece]]:
    """End before a frame of a stream; a whole reply ends in its middle."""

    def ended(frame: bytes, request: ChatRequest | None) -> Iterator[Piece]:
        if request is None or not request.stream:
            yield _half(frame)
        yield ending

    return ended


#: What ends the answer.
_ENDS: dict[str, Callable[[bytes, ChatRequest | None], Iterator[Piece]]] = {
    "early_end": _cut_off(Cut("interrupted")),
    "half_frame": lambda frame, _: iter((_half(frame), Cut("interrupted"))),
    "reset": _cut_off(Cut("connection")),
    "stall": _cut_off(Cut("timeout")),
}
#: What comes instead of a frame; then the answer goes on.
_EDITS: dict[str, Callable[[bytes, Glitch], list[bytes]]] = {
    "dropped": lambda _frame, _: [],
    "duplicated": lambda frame, _: [frame, frame],
    "invalid_utf8": lambda frame, _: [with_json(frame, _with_wrong_byte)],
    "malformed": lambda frame, _: [with_json(frame, lambda said: said[:-1])],
    "oversized": lambda frame, glitch: [
        with_json(frame, lambda said: said.ljust(glitch.length))
    ],
}


def _with_wrong_byte(said: bytes) -> bytes:
    """JSON with a byte in a text of it that no UTF-8 has."""
    found = next((at for text in _TEXTS if (at := text.search(said))), None)
    place = len(said) if found is None else found.end()
    return said[:place] + b"\xff" + said[place:]


# --------------------------------------------------------------- whole answers


def _whole(reply: Reply, spoiling: Spoiling) -> Reply:
    """The whole reply that says what a stream would have said."""
    if not reply.stream:
        raise ScriptError(
            f"{spoiling.glitch} never comes: request {spoiling.call.index} gets a "
            "whole reply anyway. It is for one that asks for a stream."
        )
    pieces = [*reply.pieces]
    waits = [piece for piece in pieces if isinstance(piece, Pause)]
    said = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    message = spoiling.dialect.read_reply(said)
    spoiling.met()
    body = spoiling.dialect.write_reply(message, spoiling.request)
    return json_reply(body).after(*reply.waits, *waits)


def _paced(reply: Reply, spoiling: Spoiling) -> Reply:
    """*reply* in the time that its tokens take."""
    pieces = _timed(frames_of(reply), spoiling)
    if reply.stream:
        return replace(reply, pieces=pieces)
    whole = [*pieces]
    waits = [piece for piece in whole if isinstance(piece, Pause)]
    rest = iter([piece for piece in whole if not isinstance(piece, Pause)])
    return replace(reply, pieces=rest).after(*waits)


def _timed(frames: Iterator[Piece], spoiling: Spoiling) -> Iterator[Piece]:
    glitch = spoiling.glitch
    chance = Random(f"{glitch.seed} {spoiling.call.index}")  # noqa: S311 - no secret
    decoder = spoiling.dialect.decoder()
    rate = glitch.tokens_per_second or 1.0
    for piece in frames:
        if isinstance(piece, bytes):
            tokens = 0.0
            with suppress(WireError):  # of another glitch
                tokens = sum(map(_size, decoder.feed(piece))) / 4
            share = 1 + glitch.jitter * chance.uniform(-1, 1)
            if tokens:
                yield Pause(tokens / rate * share)
        yield piece


def _size(chunk: AIMessageChunk | Fault) -> int:
    """How many characters *chunk* says."""
    if isinstance(chunk, Fault):
        return 0
    said = chunk.model_dump()
    content = said["content"]
    blocks = [{"text": content}] if isinstance(content, str) else content
    keys = ("text", "reasoning", "args")
    return sum(
        len(text if isinstance(text, str) else str(text))
        for block in (*blocks, *said["tool_call_chunks"])
        for text in (block.get(key) for key in keys)
        if text
    )
