"""Changes of a text: found first, made together, and where its borders move."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

__all__ = ["Edit", "applied", "byte_edits", "chosen", "lines_at", "moved"]


class Edit(NamedTuple):
    """From *start* to *end* stands what becomes *new*, because of *secret* in it."""

    start: int
    end: int
    new: str
    kind: str
    secret: str


def chosen(edits: Iterable[Edit]) -> list[Edit]:
    """*edits* in order, without those that others overlap: the widest stay."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda one: (one.start, -one.end)):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


def applied(text: str, edits: Sequence[Edit]) -> str:
    """*text* with *edits* made, which are in order."""
    parts: list[str] = []
    done = 0
    for edit in edits:
        parts += text[done : edit.start], edit.new
        done = edit.end
    return "".join([*parts, text[done:]])


def lines_at(text: str, places: Iterable[int]) -> Iterator[int]:
    r"""The line of each of *places* in *text*, which ascend; the first line is 1.

    >>> [*lines_at("a\nb\nc", [0, 2, 3, 4])]
    [1, 2, 2, 3]
    """
    line, done = 1, 0
    for at in places:
        line += text.count("\n", done, at)
        done = at
        yield line


def byte_edits(text: str, edits: Sequence[Edit]) -> list[tuple[int, int, int]]:
    """Per edit, counted in bytes: start, end, and the length of what is new."""
    found: list[tuple[int, int, int]] = []
    at = done = 0
    for edit in edits:
        start = at + _size(text[done : edit.start])
        at = start + _size(text[edit.start : edit.end])
        done = edit.end
        found.append((start, at, _size(edit.new)))
    return found


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def moved(borders: Sequence[int], edits: Sequence[tuple[int, int, int]]) -> list[int]:
    """Where *borders*, which ascend, lie after *edits*.

    A border inside of what is replaced lies inside of the new text, in proportion.

    >>> moved([0, 4, 6, 10], [(2, 8, 3)])
    [0, 3, 4, 7]
    """
    found: list[int] = []
    shift, n = 0, 0
    for border in borders:
        while n < len(edits) and edits[n][1] <= border:
            start, end, new = edits[n]
            shift += new - (end - start)
            n += 1
        if n < len(edits) and (start := edits[n][0]) < border:
            _, end, new = edits[n]
            found.append(start + shift + (border - start) * new // (end - start))
        else:
            found.append(border + shift)
    return found
