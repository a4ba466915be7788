"""Two transcripts, compared."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.comparison.differences import PARTS, Difference, differences
from harness.comparison.pairing import paired
from harness.errors import InputError, nearest
from harness.transcripts import Exchange, Transcript

__all__ = ["Change", "Compared", "Comparison", "compare", "compare_exchanges"]

Change = Literal["same", "changed", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Compared:
    """An exchange in two runs; None where one of them does not have it.

    *differences* are empty for one that is the same, removed or added.
    """

    before: Exchange | None
    after: Exchange | None
    differences: tuple[Difference, ...] = ()

    @property
    def change(self) -> Change:
        """What became of it."""
        if self.before is None:
            return "added"
        if self.after is None:
            return "removed"
        return "changed" if self.differences else "same"


@dataclass(frozen=True, slots=True)
class Comparison:
    """All exchanges of the runs in the files *before* and *after*, one by one.

    They stand in the order of *after*; one that was removed stands where it was.
    """

    before: Path
    after: Path
    exchanges: tuple[Compared, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return all(one.change == "same" for one in self.exchanges)

    def count(self, change: Change) -> int:
        """How many exchanges are the "same", "changed", "removed" or "added"."""
        return sum(one.change == change for one in self.exchanges)


def compare(
    before: Transcript, after: Transcript, *, ignore: Collection[str] = ()
) -> Comparison:
    """How *after* differs from *before*, by meaning.

    Exchanges are paired by their requests, wherever they stand; turns of a script by
    their order. *ignore* names parts that do not count, of `PARTS`. Raises InputError
    for a part that there is none of.

    >>> from harness.transcripts import read_transcript
    >>> one = read_transcript("cassettes/weather.yaml")
    >>> compare(one, one).same, compare(one, one).count("same")
    (True, 5)
    """
    _checked(ignore)
    ours, theirs = before.exchanges, after.exchanges
    partner = {b: a for a, b in paired(ours, theirs)}
    last: dict[int, float] = {a: b for b, a in partner.items()}
    placed: list[tuple[float, int, Compared]] = []
    for n, one in enumerate(theirs):
        other = partner.get(n)
        if other is None:
            placed.append((n, 0, Compared(None, one)))
        else:
            placed.append((n, 0, _pair(ours[other], one, ignore)))
    behind = -0.5
    for n, one in enumerate(ours):
        if n in last:
            behind = last[n] + 0.5
        else:
            placed.append((behind, n, Compared(one, None)))
    placed.sort(key=lambda item: item[:2])
    return Comparison(before.path, after.path, tuple(one for _, _, one in placed))


def compare_exchanges(
    before: Exchange, after: Exchange, *, ignore: Collection[str] = ()
) -> Compared:
    """The same for two single exchanges, however little alike they are."""
    _checked(ignore)
    return _pair(before, after, ignore)


def _pair(before: Exchange, after: Exchange, ignore: Collection[str]) -> Compared:
    found = differences(before, after)
    return Compared(before, after, tuple(d for d in found if d.part not in ignore))


def _checked(ignore: Collection[str]) -> None:
    for part in ignore:
        if part not in PARTS:
            raise InputError(f"ignore has {part!r}. {nearest(part, PARTS)}")
