"""Two runs side by side: which exchange of the other goes with which of this one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from harness.comparison import compare_exchanges, paired
from harness.report.entries import Entry
from harness.transcripts import Exchange

__all__ = ["compared"]

#: Counts, times and the like are shown, and are no other answer.
_BESIDE = ("usage", "stream")


@dataclass(frozen=True, slots=True)
class _Placed:
    """An exchange, and the file that it stands in."""

    path: str
    exchange: Exchange

    @property
    def place(self) -> str:
        """What links to it are called."""
        return f"{self.path}/{self.exchange.number}"

    @property
    def file(self) -> str:
        """The name of the file."""
        return PurePosixPath(self.path).name


def compared(entries: Sequence[Entry], others: Sequence[Entry]) -> list[Entry]:
    """*entries*, each exchange with that of *others* which asks the same.

    They are paired as `harness diff` pairs them: those of files of one name first, and
    what is left over among all. Of equal requests the first goes with the first.
    """
    ours, theirs = _placed(entries), _placed(others)
    found: dict[str, _Placed] = {}
    others_of = _by_file(theirs)
    for file, placed in _by_file(ours).items():
        _pair(placed, others_of.get(file, []), found)
    taken = {one.place for one in found.values()}
    _pair(
        [one for one in ours if one.place not in found],
        [one for one in theirs if one.place not in taken],
        found,
    )
    return [_with_others(entry, found) for entry in entries]


def _placed(entries: Sequence[Entry]) -> list[_Placed]:
    """All exchanges, in the order of their files."""
    order = {path: n for n, path in enumerate(dict.fromkeys(e.path for e in entries))}
    placed = [
        _Placed(entry.path, one) for entry in entries for one in entry.transcribed
    ]
    return sorted(placed, key=lambda one: (order[one.path], one.exchange.number))


def _by_file(placed: Sequence[_Placed]) -> dict[str, list[_Placed]]:
    found: dict[str, list[_Placed]] = {}
    for one in placed:
        found.setdefault(one.file, []).append(one)
    return found


def _pair(
    ours: list[_Placed], theirs: list[_Placed], found: dict[str, _Placed]
) -> None:
    asked = [one.exchange for one in theirs], [one.exchange for one in ours]
    for before, after in paired(*asked):
        found[ours[after].place] = theirs[before]


def _with_others(entry: Entry, found: Mapping[str, _Placed]) -> Entry:
    against: dict[str, str] = {}
    differs: Literal["", "differs", "only here"] = ""
    for one in entry.transcribed:
        other = found.get(_Placed(entry.path, one).place)
        if other is None:
            differs = differs or "only here"
            continue
        against[str(one.number)] = other.place
        if compare_exchanges(other.exchange, one, ignore=_BESIDE).differences:
            differs = "differs"
    return replace(entry, against=against, differs=differs)
