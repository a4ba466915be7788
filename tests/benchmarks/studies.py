"""What a study of scale found, as values and as tables. In: costs. Out: text.

A growth is the exponent k of cost = a * size ** k, of the last sizes that cost enough
to be measured. The page has a line for each subject; the JSON has all sizes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from growing import Cost
from measuring import Spread, exponent
from tables import Row, digits, row_of, ruler

#: Growth is told of so many sizes, of what took so many seconds or MB at least.
LAST, SECONDS, MEGABYTES = 3, 0.02, 2.0
HEAD = ["what", "n", "time", "collector", "growth", "memory", "its growth"]


@dataclass(frozen=True, slots=True)
class Line:
    """What one subject cost at each size; *most* and *why* are those of `Subject`."""

    group: str
    what: str
    unit: str
    costs: Mapping[int, Cost]
    most: float = 1.15
    why: str = ""

    @property
    def time_growth(self) -> float | None:
        """By which power of the size its time grows."""
        return growth({n: one.seconds for n, one in self.costs.items()}, SECONDS)

    @property
    def memory_growth(self) -> float | None:
        """By which power of the size its memory grows."""
        return growth({n: one.memory for n, one in self.costs.items()}, MEGABYTES)

    @property
    def surprising(self) -> bool:
        """Whether it grows faster than it should."""
        return (self.time_growth or 0.0) > self.most

    def cells(self) -> list[str]:
        """Give the cells of its line: the largest size, and how it came there."""
        size = max(self.costs)
        most = self.costs[size]
        time = power(self.time_growth)
        return [
            self.what,
            f"{size:,}",
            f"{digits(most.seconds)} s",
            f"{digits(most.collector)} s",
            f"**{time}**" if self.surprising else time,
            f"{digits(max(most.memory, 0.0))} MB",
            power(self.memory_growth),
        ]

    def rows(self) -> Iterable[Row]:
        """Give its points, for a picture."""
        for size, one in self.costs.items():
            for unit, value in (("s", one.seconds), ("MB", one.memory)):
                spread = Spread(*[max(value, 1e-4)] * 3)
                name = f"{self.what} ({self.unit})"
                yield Row(self.group, name, size, unit, spread)


def growth(costs: Mapping[int, float], least: float) -> float | None:
    """Give the exponent of the last of *costs* that are *least* or more.

    >>> round(growth({1: 9.0, 10: 1.0, 100: 10.0, 1000: 100.0}, 0.5), 6)
    1.0
    >>> growth({10: 0.1, 100: 1.0}, 0.5)
    """
    last = [(n, cost) for n, cost in sorted(costs.items()) if cost >= least][-LAST:]
    return exponent(dict(last)) if len(last) > 1 else None


def power(found: float | None) -> str:
    """Give an exponent as it is written.

    >>> power(1.0), power(None)
    ('n^1.00', '')
    """
    return "" if found is None else f"n^{found:.2f}"


@dataclass
class Study:
    """All lines of a run, and where and when it was."""

    where: str
    notes: dict[str, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    def of(self, group: str) -> list[Line]:
        """Give the lines of a group."""
        return [line for line in self.lines if line.group == group]

    @property
    def surprises(self) -> list[str]:
        """What grows faster than it should."""
        return [
            f"{line.group}: {line.what}: {power(line.time_growth)}, at most "
            f"n^{line.most:.2f}"
            for line in self.lines
            if line.surprising
        ]

    def renewed(self, later: "Study") -> "Study":
        """Give this study, the lines of a *later* one in the place of their like."""
        lines = {(line.group, line.what): line for line in self.lines}
        lines |= {(line.group, line.what): line for line in later.lines}
        where = later.where
        if self.where != where:
            where += f" Some of it earlier: {self.where}"
        return Study(where, {**self.notes, **later.notes}, [*lines.values()])

    def plain(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "where": self.where,
            "notes": self.notes,
            "lines": [
                {
                    **asdict(line),
                    "time_growth": line.time_growth,
                    "memory_growth": line.memory_growth,
                }
                for line in self.lines
            ],
            "surprises": self.surprises,
        }

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Study":
        """Read what `plain` gave, from JSON or not."""
        known = Line.__dataclass_fields__
        lines = [
            Line(**{**{k: one[k] for k in known}, "costs": costs(one["costs"])})
            for one in said["lines"]
        ]
        return cls(said["where"], dict(said["notes"]), lines)

    def markdown(self) -> str:
        """Give it as a page, or a part of one."""
        parts = [self.where]
        for group, note in self.notes.items():
            parts += [f"### {group[0].upper()}{group[1:]}", note, table(self.of(group))]
            parts += reasons(self.of(group))
        told = "\n".join(f"- {one}" for one in self.surprises)
        faster = f"Faster than they should:\n\n{told}" if told else ""
        return "\n\n".join(part for part in (*parts, faster) if part) + "\n"


def costs(said: Mapping[Any, Mapping[str, float]]) -> dict[int, Cost]:
    """Read costs by size."""
    return {int(size): Cost(**one) for size, one in said.items()}


def table(lines: Sequence[Line]) -> str:
    """Give lines as a table of Markdown."""
    cells = [row_of(line.cells()) for line in lines]
    return "\n".join([row_of(HEAD), ruler(HEAD), *cells])


def reasons(lines: Iterable[Line]) -> list[str]:
    """Give the reasons of what is expected to grow faster than its size."""
    return [f"{line.what}: {line.why}." for line in lines if line.why]
