"""The calls of one stream, told apart as the sum of its chunks tells them."""

from collections.abc import Hashable

__all__ = ["Calls"]


class Calls:
    """Numbers the calls that fragments belong to, from 0.

    Fragments of one index are of one call, until one has an id that is another.

    >>> calls = Calls()
    >>> calls.number(0, "a"), calls.number(0, None), calls.number(0, "b")
    (0, 0, 1)
    """

    def __init__(self) -> None:
        self._runs: dict[Hashable, tuple[int, str | None]] = {}
        self._count = 0

    def number(self, index: Hashable, id: str | None) -> int:
        """Which call the fragment with *index* and *id* belongs to."""
        number, known = self._runs.get(index, (None, None))
        if number is None or (id and known and id != known):
            number, self._count = self._count, self._count + 1
        self._runs[index] = number, id or known
        return number
