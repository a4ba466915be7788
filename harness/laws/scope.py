"""All small cases, without chance: cuts, shuffles and a small alphabet of chunks."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise
from typing import Any, TypeVar

from harness.laws.subjects import Subject
from harness.strategies.streams import Delta

__all__ = ["all_cuts", "all_interleavings", "alphabet", "fragment"]

T = TypeVar("T")
S = TypeVar("S", bound=Sequence[Any])

MOST = 10


def all_cuts(sequence: S) -> Iterator[list[S]]:
    """All 2^(n-1) ways to cut *sequence* apart, few pieces first.

    >>> [*all_cuts("abc")]
    [['abc'], ['a', 'bc'], ['ab', 'c'], ['a', 'b', 'c']]
    """
    size = min(len(sequence), MOST)
    for count in range(max(size, 1)):
        for inside in combinations(range(1, size), count):
            bounds = [0, *inside, len(sequence)]
            yield [sequence[a:b] for a, b in pairwise(bounds)]  # type: ignore[misc]  # a slice of S is an S


def all_interleavings(first: Sequence[T], second: Sequence[T]) -> Iterator[list[T]]:
    """All shuffles of *first* and *second* that keep the order within each.

    >>> ["".join(items) for items in all_interleavings("ab", "x")]
    ['abx', 'axb', 'xab']
    """
    size = len(first) + len(second)
    for places in combinations(range(size), len(first)):
        left, right = iter(first), iter(second)
        yield [next(left if n in places else right) for n in range(size)]


def fragment(
    index: int | None,
    args: str = "",
    *,
    call_id: str | None = None,
    name: str | None = None,
) -> Delta:
    """One fragment of a tool call as a delta."""
    said = {"name": name, "args": args, "id": call_id, "index": index}
    return {"tool_call_chunks": [said]}


_USAGE = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}

_ALPHABET: tuple[Delta, ...] = (
    {},
    {"content": "a"},
    {"content": "\ud83d"},
    {"content": "\ude00"},
    {"content": [{"type": "text", "text": "b", "index": 0}]},
    {"content": [{"type": "reasoning", "reasoning": "c", "index": 0}]},
    fragment(0, "{", call_id="a", name="f"),
    fragment(0, "}"),
    fragment(0, "{}", call_id="b", name="g"),
    fragment(None, "{}", call_id="a", name="f"),
    fragment(1, "1"),
    {"usage_metadata": _USAGE},
    {"cumulative_usage": _USAGE},
    {"response_metadata": {"finish_reason": "stop"}},
    {"response_metadata": {"finish_reason": "length", "model_name": "m"}},
    {"response_metadata": {"logprobs": {"content": [1]}, "model_name": "n"}},
    {"additional_kwargs": {"k": 1}},
    {"id": "msg_1"},
    {"id": "msg_2", "name": "bob"},
    {"chunk_position": "last"},
)


def alphabet(subject: Subject) -> Iterable[Delta]:
    """A few deltas that between them say all that *subject* makes chunks of."""
    if subject.chunks is not None:
        return []
    return [delta for delta in _ALPHABET if subject.says(delta)]
