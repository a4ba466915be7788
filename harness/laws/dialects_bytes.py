"""Laws of dialects, about bytes: cut, broken off, noisy or damaged, and how many."""

import gc
import json
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.laws.cost import GROWTH, MOST, REPEATS
from harness.laws.dialects import (
    Chunks,
    DialectSubject,
    decoded,
    encoded,
    heard,
    seen_answer,
    summed,
)
from harness.laws.dialects_trips import small_streams
from harness.laws.law import Law, holds, same
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire.sse import Event, SseDecoder

__all__ = ["BYTES"]

#: Chunks, and places in their bytes, which count round and round. To cut at none of
#: them is to cut everywhere.
Placed = tuple[Chunks, list[int]]

_MANY, _FEW = 200, 12


@st.composite
def _placed(draw: st.DrawFn, subject: DialectSubject) -> Placed:
    places = st.lists(st.integers(0, 5000), min_size=1, max_size=5)
    return draw(subject.streams()), draw(places)


@st.composite
def _cut(draw: st.DrawFn, subject: DialectSubject) -> Placed:
    chunks, places = draw(_placed(subject))
    return chunks, draw(st.sampled_from([places, []]))


def _small_cuts(subject: DialectSubject) -> Iterator[Placed]:
    yield from ((chunks, []) for chunks in small_streams(subject))
    yield from _small_places(subject)


def _small_places(subject: DialectSubject) -> Iterator[Placed]:
    for place in range(_MANY):
        yield from ((chunks, [place]) for chunks in small_streams(subject))


def _small_tails(subject: DialectSubject) -> Iterator[Placed]:
    for chunks in small_streams(subject):
        yield from ((chunks, [place]) for place in range(_FEW))


def _played(steps: list[AIMessageChunk | Fault]) -> list[Any]:
    return [
        step.model_dump() if isinstance(step, AIMessageChunk) else step
        for step in steps
    ]


def _any_cut(subject: DialectSubject, case: Placed) -> None:
    chunks, places = case
    data = encoded(subject, chunks)
    whole = _played(decoded(subject, [data]))
    if not places:
        bytewise = [data[n : n + 1] for n in range(len(data))]
        same(_played(decoded(subject, bytewise)), whole, "byte by byte", "in one piece")
        return
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    pieces = [data[a:b] for a, b in pairwise(bounds)]
    same(_played(decoded(subject, pieces)), whole, "decoded in pieces", "in one piece")


# ------------------------------------------------------------------------ prefixes


def _any_prefix(subject: DialectSubject, case: Placed) -> None:
    chunks, places = case
    data = encoded(subject, chunks)
    whole = heard(subject, [data])
    for place in places:
        played = decoded(subject, [data[: place % (len(data) + 1)]])
        _beginning(subject, played, whole)


def _beginning(
    subject: DialectSubject, played: list[AIMessageChunk | Fault], whole: AIMessage
) -> None:
    """Check that what a broken stream played is a beginning of the *whole*."""
    found, end = summed(played), played[-1] if played else None
    text = found.text
    holds(whole.text.startswith(text), text_of_the_prefix=text, text=whole.text)
    known = [(call["name"], call["args"]) for call in whole.tool_calls]
    for call in found.tool_calls:
        # Of a call that has only begun, no arguments are there yet.
        fits = not call["args"] or (call["name"], call["args"]) in known
        holds(fits, call=call, calls=known)
    if isinstance(end, Fault):
        holds(end.kind == "interrupted", fault_at_the_end=end)
        return
    holds(isinstance(end, AIMessageChunk) and end.chunk_position, end_of_the_prefix=end)
    # It may end here: then all is there, but perhaps what servers say after the end.
    parts = {*subject.carries} - {"usage", "id", "model"}
    seen, said = seen_answer(found, parts), seen_answer(whole, parts)
    same(seen, said, "a prefix that says it is complete", "the answer")


def _any_tail_lost(subject: DialectSubject, case: Placed) -> None:
    chunks, places = case
    frames = _framed(subject, encoded(subject, chunks))
    whole = heard(subject, [b"".join(frames)])
    for place in places:
        data = b"".join(frames[: place % len(frames)])
        if not subject.dialect.check_stream(data):
            _unharmed(subject, data, whole)


# ----------------------------------------------------------------- grammar, damage


def _grammar(subject: DialectSubject, chunks: Chunks) -> None:
    data = encoded(subject, chunks)
    problems = [str(problem) for problem in subject.dialect.check_stream(data)]
    holds(not problems, problems=problems, stream=data.decode("utf-8", "replace"))


_DAMAGES: dict[str, Callable[[list[bytes], int], list[bytes]]] = {
    "dropped": lambda frames, n: frames[:n] + frames[n + 1 :],
    "doubled": lambda frames, n: [*frames[: n + 1], *frames[n:]],
    "swapped": lambda frames, n: [
        *frames[:n],
        *frames[n : n + 2][::-1],
        *frames[n + 2 :],
    ],
    "spoilt": lambda frames, n: [
        *frames[:n],
        frames[n].replace(b"{", b"[", 1),
        *frames[n + 1 :],
    ],
}
Damaged = tuple[Chunks, str, int]


@st.composite
def _damaged(draw: st.DrawFn, subject: DialectSubject) -> Damaged:
    chunks = draw(subject.streams())
    return chunks, draw(st.sampled_from([*_DAMAGES])), draw(st.integers(0, 50))


def _small_damages(subject: DialectSubject) -> Iterator[Damaged]:
    for chunks in small_streams(subject):
        for kind in _DAMAGES:
            yield from ((chunks, kind, place) for place in range(_FEW))


def _damage(subject: DialectSubject, case: Damaged) -> tuple[bytes, AIMessage]:
    """The damaged bytes, and the answer that they had."""
    chunks, kind, place = case
    frames = _framed(subject, encoded(subject, chunks))
    whole = heard(subject, [b"".join(frames)])
    return b"".join(_DAMAGES[kind](frames, place % len(frames))), whole


def _damage_read(subject: DialectSubject, case: Damaged) -> None:
    data, _ = _damage(subject, case)
    subject.dialect.check_stream(data)
    try:
        decoded(subject, [data])
    except WireError as error:
        named = (error.dialect, error.event is not None)
        same(named, (subject.dialect.name, True), "what the error names", "the place")


def _damage_found(subject: DialectSubject, case: Damaged) -> None:
    data, whole = _damage(subject, case)
    if not subject.dialect.check_stream(data):
        _unharmed(subject, data, whole)


def _unharmed(subject: DialectSubject, data: bytes, whole: AIMessage) -> None:
    said = seen_answer(whole, subject.carries)
    found = seen_answer(heard(subject, [data]), subject.carries)
    same(found, said, "heard where check_stream finds no problem", "the answer")


def _framed(subject: DialectSubject, data: bytes) -> list[bytes]:
    frames: Any = subject.frames
    return list(frames(data))


# --------------------------------------------------------------------------- noise

_NEWLINES = ("\n", "\r\n", "\r")
_BETWEEN = (b"", b": ping\n\n", b":\n\n", b"\n", b"id: 7\n", b"retry: 10\n")
Noise = tuple[Chunks, str, list[int]]


@st.composite
def _noisy(draw: st.DrawFn, subject: DialectSubject) -> Noise:
    kinds = st.lists(st.integers(0, 99), min_size=1, max_size=4)
    return draw(subject.streams()), draw(st.sampled_from(_NEWLINES)), draw(kinds)


def _small_noises(subject: DialectSubject) -> Iterator[Noise]:
    between = len(_BETWEEN) + len(subject.pings)
    for chunks in small_streams(subject):
        for newline in _NEWLINES:
            yield from ((chunks, newline, [n]) for n in range(between))


def _noise(subject: DialectSubject, case: Noise) -> None:
    chunks, newline, kinds = case
    data = encoded(subject, chunks)
    decoder = SseDecoder()
    between = [*_BETWEEN, *subject.pings]
    noisy = b"".join(
        between[kinds[n % len(kinds)] % len(between)] + _spaced(event, n + kinds[0])
        for n, event in enumerate([*decoder.feed(data), *decoder.close()])
    )
    noisy = b"\xef\xbb\xbf" + noisy.replace(b"\n", newline.encode())
    whole, parts = heard(subject, [data]), subject.carries
    for pieces in ([noisy], [noisy[n : n + 1] for n in range(len(noisy))]):
        found = seen_answer(heard(subject, pieces), parts)
        same(found, seen_answer(whole, parts), "heard through the noise", "the answer")


def _spaced(event: Event, how: int) -> bytes:
    """The same event: its JSON padded, on several lines, or without spaces."""
    data = event.data
    if data.startswith(("{", "[{")):
        styles: tuple[dict[str, Any], ...] = (
            {"separators": (" , ", " : ")},
            {"indent": 1},
            {"separators": (",", ":")},
        )
        padding = "  " if how % 2 else ""
        data = padding + json.dumps(json.loads(data), **styles[how % 3]) + padding
    lines = [
        f"data: {line}" if how % 5 else f"data:{line}" for line in data.split("\n")
    ]
    if event.event != "message":
        lines.insert(0, f"event: {event.event}")
    return "\n".join([*lines, "", ""]).encode()


# ---------------------------------------------------------------------------- cost


def _long(kind: str, size: int) -> Chunks:
    finish = {"finish_reason": "stop" if kind == "words" else "tool_calls"}
    end = AIMessageChunk(response_metadata=finish, chunk_position="last")
    if kind == "words":
        return [*[AIMessageChunk("word ")] * size, end]

    def piece(args: str, name: str | None = None) -> AIMessageChunk:
        call_id = name and "call_0"
        said = {"name": name, "args": args, "id": call_id, "index": 0}
        return AIMessageChunk(tool_call_chunks=[said])

    return [piece('{"a": "', "f"), *[piece("words")] * size, piece('"}'), end]


def _seconds(subject: DialectSubject, data: bytes) -> float:
    """CPU time of decoding *data* in small pieces; the best of some."""
    pieces = [data[n : n + 100] for n in range(0, len(data), 100)]
    best = float("inf")
    for _ in range(REPEATS):
        gc.collect()
        start = time.process_time()
        decoded(subject, pieces)
        best = min(best, time.process_time() - start)
    return best


def _linear(subject: DialectSubject, case: tuple[str, int]) -> None:
    kind, size = case
    streams = (encoded(subject, _long(kind, n)) for n in (size, size * GROWTH))
    short, long = (_seconds(subject, data) for data in streams)
    ratio = long / max(short, 1e-6)
    holds(
        ratio < MOST,
        stream=kind,
        events=(size, size * GROWTH),
        seconds=(round(short, 4), round(long, 4)),
        ratio=round(ratio, 1),
    )


def _lengths(subject: DialectSubject) -> list[tuple[str, int]]:
    kinds = {"text": "words", "calls": "one long argument"}
    return [(kind, 300) for part, kind in kinds.items() if part in subject.carries]


_FRAMED = frozenset({"frames"})

BYTES: tuple[Law, ...] = (
    Law(
        "byte_cuts",
        "however the bytes are cut, the chunks are the same",
        _cut,
        _any_cut,
        scope=_small_cuts,
    ),
    Law(
        "byte_prefixes",
        "a stream cut short is a beginning of the answer, never a wrong whole one",
        _placed,
        _any_prefix,
        scope=_small_places,
    ),
    Law(
        "grammar",
        "check_stream finds no problem in a stream that the encoder wrote",
        DialectSubject.streams,
        _grammar,
        scope=small_streams,
    ),
    Law(
        "lost_tail",
        "check_stream finds that the last events are lost, or they said nothing",
        _placed,
        _any_tail_lost,
        _FRAMED,
        scope=_small_tails,
    ),
    Law(
        "damage_read",
        "a stream with a damaged event is read or refused, with the place told",
        _damaged,
        _damage_read,
        _FRAMED,
        scope=_small_damages,
    ),
    Law(
        "damage_found",
        "check_stream finds an event dropped, doubled or swapped, or nothing is hurt",
        _damaged,
        _damage_found,
        frozenset({"frames", "numbered"}),
        scope=_small_damages,
    ),
    Law(
        "noise",
        "comments, pings, spaces and other line ends leave the answer as it is",
        _noisy,
        _noise,
        frozenset({"event streams"}),
        scope=_small_noises,
    ),
    Law(
        "linear_decoding",
        "decoding n events takes time in proportion to n",
        lambda subject: st.sampled_from(_lengths(subject)),
        _linear,
        scope=_lengths,
        opt_in=True,
    ),
)
