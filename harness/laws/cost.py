"""The law of cost, which measures: checked only on request."""

import gc
import time
from collections.abc import Callable

from hypothesis import strategies as st

from harness.laws.law import Law, holds
from harness.laws.scope import fragment
from harness.laws.subjects import Subject
from harness.strategies.streams import Delta

__all__ = ["COST"]

GROWTH = 8
MOST = 24.0  # a linear sum takes 8 times as long, a quadratic one 64 times
REPEATS = 3


def _words(size: int) -> list[Delta]:
    return [{"content": "word "}] * size


def _long_argument(size: int) -> list[Delta]:
    begun = fragment(0, '{"code": "', call_id="c", name="f")
    return [begun, *[fragment(0, "words")] * size]


def _many_keys(size: int) -> list[Delta]:
    begun = fragment(0, '{"": 0', call_id="c", name="f")
    return [begun, *(fragment(0, f', "k{n}": {n}') for n in range(size))]


_STREAMS: dict[str, Callable[[int], list[Delta]]] = {
    "words": _words,
    "one long argument": _long_argument,
    "many keys": _many_keys,
}


def _seconds(subject: Subject, stream: list[Delta]) -> float:
    """CPU time of a fold that looks at the sum each turn; the best of some."""
    best = float("inf")
    for _ in range(REPEATS):
        chunks = subject.made(stream)
        gc.collect()
        start = time.process_time()
        total = chunks[0]
        for chunk in chunks[1:]:
            total = subject.add(total, chunk)
            if subject.text is not None:
                subject.text(total)
            if subject.calls is not None:
                subject.calls(total)
        best = min(best, time.process_time() - start)
    return best


def _linear(subject: Subject, case: tuple[str, int]) -> None:
    kind, size = case
    make = _STREAMS[kind]
    short, long = _seconds(subject, make(size)), _seconds(subject, make(size * GROWTH))
    ratio = long / max(short, 1e-6)
    holds(
        ratio < MOST,
        stream=kind,
        chunks=(size, size * GROWTH),
        seconds=(round(short, 4), round(long, 4)),
        ratio=round(ratio, 1),
    )


def _cases(subject: Subject) -> list[tuple[str, int]]:
    return [(k, 500) for k, make in _STREAMS.items() if all(map(subject.says, make(1)))]


COST: tuple[Law, ...] = (
    Law(
        "linear_cost",
        "adding up n chunks, and looking at each sum, takes time in proportion to n",
        lambda subject: st.sampled_from(_cases(subject)),
        _linear,
        frozenset({"make"}),
        scope=_cases,
        opt_in=True,
    ),
)
