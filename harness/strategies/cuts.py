"""Ways to cut a sequence apart, and to shuffle several into one.

Everything here is checked when a value is drawn, and shrinks towards few cuts and
sequences one after the other.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, TypeVar, cast

from hypothesis import strategies as st

from harness.errors import InputError, shown
from harness.strategies.sizes import check_sizes
from harness.text import whole

__all__ = ["byte_cuts", "halves", "interleavings", "partitions"]

S = TypeVar("S", bound=Sequence[Any])
T = TypeVar("T")


@st.composite
def partitions(
    draw: st.DrawFn,
    sequence: S,
    *,
    min_size: int = 0,
    max_size: int | None = None,
    empty: bool = False,
    halved: bool = False,
) -> list[S]:
    """Draw pieces that join to *sequence*: a text, bytes, a list or a tuple.

    *min_size* and *max_size* bound the number of pieces, *empty* allows empty ones;
    *halved* cuts a text between the halves of a character too, as UTF-16 allows.

    >>> from hypothesis import find
    >>> find(partitions("abc"), lambda pieces: len(pieces) > 1)
    ['a', 'bc']
    """
    check_sizes(min_size, max_size)
    units = halves(sequence) if halved and isinstance(sequence, str) else sequence
    most = _most_pieces(units, min_size, max_size, empty=empty)
    least = max(min_size, 1 if len(units) else 0)
    if empty:
        places = st.integers(0, len(units))
        cuts = draw(st.lists(places, min_size=max(least - 1, 0), max_size=most - 1))
    elif len(units) < 2:
        cuts = []
    else:
        inside = st.integers(1, len(units) - 1)
        cuts = [*draw(st.sets(inside, min_size=least - 1, max_size=most - 1))]
    if not len(units) and not (empty and max(min_size, len(cuts))):
        return []
    bounds = [0, *sorted(cuts), len(units)]
    pieces = [units[start:end] for start, end in pairwise(bounds)]
    if units is sequence:
        return cast("list[S]", pieces)
    return cast("list[S]", [whole("".join(piece)) for piece in pieces])


def _most_pieces(
    units: Sequence[Any], min_size: int, max_size: int | None, *, empty: bool
) -> int:
    most = max(len(units), min_size) + 2 if empty else len(units)
    if min_size > most:
        raise InputError(
            f"min_size={min_size} pieces cannot be cut from {shown(units, limit=60)}, "
            f"of length {len(units)}; lower it, or allow empty=True."
        )
    bound = most if max_size is None else min(most, max_size)
    if len(units) and not bound:
        raise InputError(
            f"max_size={max_size} pieces cannot hold {shown(units, limit=60)}; "
            "allow one at least."
        )
    return max(bound, 1)


def halves(text: str) -> list[str]:
    r"""The UTF-16 units of *text*: a character beyond U+FFFF is two.

    >>> halves("a😀") == ["a", "\ud83d", "\ude00"]
    True
    """
    data = text.encode("utf-16-le", "surrogatepass")
    units = (data[n : n + 2] for n in range(0, len(data), 2))
    return [unit.decode("utf-16-le", "surrogatepass") for unit in units]


def byte_cuts(
    data: bytes, *, min_size: int = 0, max_size: int | None = None, empty: bool = False
) -> st.SearchStrategy[list[bytes]]:
    """Draw pieces that join to *data*, as a network would deliver it.

    There are *min_size* to *max_size* pieces, and with *empty* some have no bytes.

    >>> from hypothesis import find
    >>> pieces = find(byte_cuts(b"data: {}"), lambda pieces: len(pieces) == 3)
    >>> len(pieces), b"".join(pieces)
    (3, b'data: {}')
    """
    return partitions(data, min_size=min_size, max_size=max_size, empty=empty)


@st.composite
def interleavings(draw: st.DrawFn, sequences: Sequence[Sequence[T]]) -> list[T]:
    """Draw one list of all items of *sequences*, the order within each kept.

    >>> from hypothesis import find
    >>> find(interleavings(["ab", "xy"]), lambda items: items[-1] == "b")
    ['a', 'x', 'y', 'b']
    """
    if isinstance(sequences, str | bytes) or not all(
        isinstance(sequence, Sequence) for sequence in sequences
    ):
        raise InputError(
            f"interleavings of {shown(sequences)}; give a list of sequences."
        )
    turns = [n for n, sequence in enumerate(sequences) for _ in sequence]
    rest = [iter(sequence) for sequence in sequences]
    return [next(rest[n]) for n in draw(st.permutations(turns))]
