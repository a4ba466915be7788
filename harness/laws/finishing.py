"""Laws of finishing: what a finished message says, and what it never claims."""

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from harness.laws.law import Law, holds, same
from harness.laws.scope import fragment
from harness.laws.subjects import Subject
from harness.strategies.cuts import partitions
from harness.strategies.messages import answers
from harness.strategies.streams import Delta, delta_cuts
from harness.strategies.texts import json_arguments

__all__ = ["FINISHING"]

#: The pieces of a call's arguments, and whether they are one complete JSON object.
Arguments = tuple[list[str], bool]


@st.composite
def _streams(draw: st.DrawFn, subject: Subject) -> list[Delta]:
    blocks = 2 if "blocks" in subject.fields else 0
    stream = draw(delta_cuts(draw(answers(max_blocks=blocks))))
    kept = stream[: draw(st.integers(0, len(stream)))]
    return [_known(subject, delta) for delta in kept]


def _small(_: Subject) -> list[list[Delta]]:
    call = [fragment(0, "{", call_id="c", name="f"), fragment(0, "}")]
    return [call[:size] for size in (0, 1, 2)]


def _small_ends(_: Subject) -> list[tuple[list[Delta], int]]:
    ends: list[Delta] = [{"response_metadata": {"finish_reason": "stop"}}]
    return [([{"content": "a"}, *ends], kept) for kept in (0, 1)]


def _known(subject: Subject, delta: Delta) -> Delta:
    return {key: said for key, said in delta.items() if subject.says({key: said})}


def _idempotent(subject: Subject, stream: list[Delta]) -> None:
    finish: Any = subject.finish
    lift: Any = subject.lift
    message = finish(subject.total(subject.made(stream)))
    again = finish(lift(message))
    left, right = subject.observe(again), subject.observe(message)
    same(left, right, "the finished message, lifted and finished", "the message")


@st.composite
def _arguments(draw: st.DrawFn, _: Subject) -> Arguments:
    args = draw(json_arguments())
    spoilt = draw(st.sampled_from(["", "cut", "}", "{}", "x"]))
    if spoilt == "cut":
        text = args[: draw(st.integers(1, len(args) - 1))]
    else:
        text = args + spoilt
    return draw(partitions(text, max_size=4)), not spoilt


def _spoilt(_: Subject) -> Iterator[Arguments]:
    args = '{"a":[1,"x"]}'
    yield [args], True
    yield from (([args[:n]], False) for n in range(1, len(args)))
    yield from (([args, more], False) for more in ("}", "{}", "0", '"'))


def _strict(subject: Subject, case: Arguments) -> None:
    pieces, complete = case
    finish: Any = subject.finish
    first, *rest = pieces
    begun = fragment(0, first, call_id="c", name="f")
    stream = [begun, *(fragment(0, piece) for piece in rest)]
    message = finish(subject.total(subject.made(stream)))
    calls = [call["id"] for call in subject.read(message, "tool_calls")]
    wrong = [call["args"] for call in subject.read(message, "invalid_tool_calls")]
    same(calls, ["c"] if complete else [], "tool_calls", "what is complete")
    raw = [] if complete else ["".join(pieces)]
    same(wrong, raw, "raw text of invalid_tool_calls", "what is not complete")


@st.composite
def _broken_off(draw: st.DrawFn, subject: Subject) -> tuple[list[Delta], int]:
    stream = draw(delta_cuts(draw(answers(max_blocks=0))))
    ends = [n for n, d in enumerate(stream) if _finish(d.get("response_metadata"))]
    kept = draw(st.integers(0, ends[0]))
    return [_known(subject, delta) for delta in stream], kept


def _finish(metadata: Any) -> Any:
    return (metadata or {}).get("finish_reason")


def _truncation(subject: Subject, case: tuple[list[Delta], int]) -> None:
    stream, kept = case
    finish: Any = subject.finish
    whole = finish(subject.total(subject.made(stream)))
    part = finish(subject.total(subject.made(stream[:kept])))
    said = _finish(subject.read(whole, "response_metadata"))
    made_up = _finish(subject.read(part, "response_metadata"))
    holds(said, finish_reason_of_the_whole=said)
    holds(made_up is None, finish_reason_of_the_part=made_up)
    seen = subject.observe(part)
    holds(seen != subject.observe(whole), part_is_seen_as_the_whole=seen)


FINISHING: tuple[Law, ...] = (
    Law(
        "finished_once",
        "finishing a finished message changes nothing",
        _streams,
        _idempotent,
        frozenset({"make", "finish", "lift"}),
        scope=_small,
    ),
    Law(
        "strict_calls",
        "a finished call has complete arguments; others are invalid, raw text kept",
        _arguments,
        _strict,
        frozenset({"make", "finish", "tool_call_chunks"}),
        scope=_spoilt,
    ),
    Law(
        "truncation",
        "a stream that broke off can be told from one that ended",
        _broken_off,
        _truncation,
        frozenset({"make", "finish", "response_metadata"}),
        scope=_small_ends,
    ),
)
