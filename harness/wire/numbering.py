"""Which index the blocks of a streamed answer get, so that a sum keeps their order."""

from harness.blocks import TEXT_FIELD

__all__ = ["Numbering"]


class Numbering:
    """Indexes for blocks in the order in which they begin.

    A sum shows first what has no index, then by index. So the first text, and the
    first reasoning, need none as long as nothing before them has one: an answer of
    plain text stays a plain string. All else is numbered.

    >>> numbering = Numbering()
    >>> [numbering.next(kind) for kind in ("reasoning", "text", "tool_call", "text")]
    [None, None, 2, 3]
    """

    def __init__(self) -> None:
        self._count = 0
        self._plain: set[str] = set()
        self._numbered = False

    def next(self, kind: str) -> int | None:
        """The index of the next block, which is of the type *kind*."""
        number, self._count = self._count, self._count + 1
        if not self._numbered and kind in TEXT_FIELD and kind not in self._plain:
            self._plain.add(kind)
            return None
        self._numbered = True
        return number
