"""Recorded answers cut off anywhere: what is decoded is partial, never wrong.

And however the bytes are cut into pieces, nothing changes.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire import DIALECTS

Sdk = dict[str, Callable[..., Any]]
Played = AIMessageChunk | Fault

#: Streams up to this size are cut at every byte, larger ones at this many, but so that
#: no more than so many bytes are decoded of any. A long run cuts more of them so.
SMALL = 4096 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 2048
CUTS = 200
BYTES = 2_000_000
#: Whole replies, which an event stream's rules do not help, are cut at fewer.
CUTS_OF_WHOLE = 25

#: Bodies that are no answers, so that none of them can be read.
UNREADABLE = {
    # lines of an event stream, each kept as a JSON text
    "f22657bfd86db6348c0a0d0b17332dcfc038b345d2a7be8da4b880a433d36a52.json#0",
}
#: Streams with a prefix that is read wrongly, and how.
EXCEPTIONS = {
    # Blank lines between events were lost: only the first is one, and if cut after it.
    "stream-basic-text-1.sse#0": "it says what the whole does not",
    # Together says after each of two calls that it has finished.
    "should-set-function_call-attributes-in-span-for-stream-completion-when-multiple-"
    "tools-cal_2278551756/recording.har#0": "it ends too early",
}
#: Texts that a message has beside its text.
OTHER_TEXTS = ("reasoning", "refusal")


def decoded(dialect: str, pieces: Iterable[bytes]) -> list[Played]:
    """Decode a body that comes in pieces."""
    decoder = DIALECTS[dialect].decoder()
    found: list[Played] = []
    for piece in pieces:
        found += decoder.feed(piece)
    return found + decoder.close()


def answers(
    sdk: Sdk, dialect: str, exchanges: list[Any]
) -> Iterator[tuple[str, bytes, list[Played]]]:
    """Give each recorded answer that can be read, and what it is when whole."""
    for name, each in sdk["recorded"](dialect, exchanges):
        if each.status < 400:
            try:
                whole = decoded(dialect, [each.response])
            except WireError:
                if name not in UNREADABLE:
                    raise
            else:
                yield name, each.response, whole


def is_stream(body: bytes) -> bool:
    """Tell a stream from a whole reply."""
    start = body.lstrip()[:1]
    return start not in b"{[" or b"}\n{" in body or start == b"["


def cuts(body: bytes) -> list[int]:
    """Choose where to cut a body: everywhere, or evenly and around events."""
    if not is_stream(body):
        return spread(range(len(body)), CUTS_OF_WHOLE)
    if len(body) < SMALL:
        return [*range(len(body))]
    count = min(CUTS, BYTES // len(body))
    borders = [*borders_in(body)]
    near = [end + off for end in spread(borders, count // 6) for off in (-1, 0, 1)]
    inside = {*near, *spread(range(len(body)), count // 2)}
    return sorted(cut for cut in inside if cut < len(body))


def borders_in(body: bytes) -> Iterator[int]:
    """Give where events end: at lines, or as the frames of AWS say themselves."""
    if body[:1] != b"\0":
        yield from (end.end() for end in re.finditer(rb"\n\n|\r\n\r\n|\}\n", body))
        return
    at = 0
    while at < len(body):
        at += int.from_bytes(body[at : at + 4])
        yield at


def spread(places: Any, count: int) -> list[int]:
    """Choose some of many, evenly."""
    return [*places[:: max(1, len(places) // count)]]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the steps of an answer, or of its beginning, amount to."""

    texts: tuple[str, ...]
    calls: dict[Any, tuple[str, ...]]
    fault: Fault | None
    message: AIMessage

    @classmethod
    def of(cls, steps: list[Played]) -> "Reading":
        """Add up the chunks."""
        chunks = [step for step in steps if isinstance(step, AIMessageChunk)]
        total = sum(chunks, AIMessageChunk())
        message = total.to_message()
        blocks = [] if isinstance(message.content, str) else message.content_blocks
        joined = ("".join(b.get(kind, "") for b in blocks) for kind in OTHER_TEXTS)
        return cls(
            (message.text, *joined),
            {
                call["index"]: (
                    call["name"] or "",
                    call["id"] or "",
                    call["args"] or "",
                )
                for call in total.tool_call_chunks
            },
            steps[-1] if isinstance(steps[-1], Fault) else None,
            message,
        )

    def begins(self, whole: "Reading") -> bool:
        """Say whether all that is told here is told by the whole too, and first."""
        calls = [
            (call, whole.calls.get(index, ("", "", "")))
            for index, call in self.calls.items()
        ]
        return all(
            full.startswith(text)
            for some, every in [(self.texts, whole.texts), *calls]
            for text, full in zip(some, every, strict=True)
        )

    def ends(self, whole: "Reading") -> bool:
        """Say whether what the whole has more is nothing that an answer says."""
        some, every = self.message, whole.message
        return (
            some.content == every.content
            and some.tool_calls == every.tool_calls
            and some.invalid_tool_calls == every.invalid_tool_calls
            and some.finish_reason == every.finish_reason
        )


def wrong_in(part: Reading, whole: Reading) -> str:
    """Say what is wrong with the reading of a prefix, or nothing."""
    if not part.begins(whole):
        return "it says what the whole does not"
    if part.fault is not None:
        fine = part.fault.kind == "interrupted" or part.fault == whole.fault
        return "" if fine else "it fails"
    if whole.fault is not None:
        return "it ends, and the whole fails"
    return "" if part.ends(whole) else "it ends too early"


def wrong_prefix(dialect: str, body: bytes) -> str:
    """Say what is wrong with the first prefix that is read wrongly, or nothing."""
    whole = Reading.of(decoded(dialect, [body]))
    before: tuple[int, list[Played]] = (0, [])
    for cut in cuts(body):
        part = decoded(dialect, [body[:cut]])
        # As many steps with the same end are the same steps: most cuts change nothing.
        if (now := (len(part), part[-2:])) != before:
            if wrong := wrong_in(Reading.of(part), whole):
                return wrong
            before = now
    return ""


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_a_prefix_is_never_a_wrong_answer(
    dialect: str, exchanges: list[Any], sdk: Sdk
) -> None:
    """Cut off, an answer is interrupted, or lacks nothing but what follows its end."""
    found: dict[str, str] = {}
    known = {name for name, _ in sdk["recorded"](dialect, exchanges)}
    for name, body, _ in answers(sdk, dialect, exchanges):
        if wrong := wrong_prefix(dialect, body):
            found[name] = wrong

    assert found == {k: why for k, why in EXCEPTIONS.items() if k in known}


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_bytes_one_by_one_are_the_same(
    dialect: str, exchanges: list[Any], sdk: Sdk
) -> None:
    """An answer that comes in single bytes gives the chunks of one that comes whole."""
    found = [
        name
        for name, body, whole in answers(sdk, dialect, exchanges)
        if decoded(dialect, (body[at : at + 1] for at in range(len(body)))) != whole
    ]

    assert found == []
