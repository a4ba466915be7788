"""What was measured, as values, and as the tables that people and programs read.

A `Row` holds one subject of ours against one peer (or none), a `Growth` how the cost of
one grows with its size. Either may have an aim, a text that is checked:

* ``>= 10x``: ours is ten times better than the peer, or more;
* ``<= 3x the cost``: ours costs no more than three times what the peer does;
* ``<= 20 us``, ``>= 5000 requests/s``: ours alone, in the row's unit;
* ``<= 12x a decade``: the cost grows twelvefold, or less, where the size grows tenfold.

Several are separated by commas, and all are to be met.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from measuring import Spread, decade, growth, ratio

#: The side of a race that is this library; all others are peers.
OURS = "chat-harness"
#: How many of each there are in the unit that sides measure in.
UNITS = {"us": 1e6, "ms": 1e3, "s": 1.0, "MB": 1.0}
AIM = re.compile(
    r"(?P<sign><=|>=) (?P<limit>\d[\d.]*) ?(?P<of>x a decade|x the cost|x|.+)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of ours, and that of one peer for the same work.

    The ratio says how many times better ours is. Less is better, but of what there is
    in a second (a unit that ends with ``/s``) more is.
    """

    group: str
    what: str
    size: int | None
    unit: str
    ours: Spread
    peer: str | None = None
    theirs: Spread | None = None
    ratio: Spread | None = None
    aim: str | None = None

    @property
    def met(self) -> bool | None:
        """Whether the aim is met, where there is one."""
        return None if self.aim is None else met(self.aim, self.measured)

    def measured(self, of: str) -> float:
        """Give the figure that an aim speaks of."""
        if of == self.unit:
            return self.ours.median
        if self.ratio is not None and of in {"x", "x the cost"}:
            return self.ratio.median if of == "x" else 1 / self.ratio.median
        raise ValueError(f"{self.name} has no figure in {of!r}: {self.aim!r}")

    @property
    def name(self) -> str:
        """What was measured, at which size."""
        return self.what if self.size is None else f"{self.what}, n = {self.size:,}"

    def cells(self) -> list[str]:
        """Give the cells of a line."""
        times = "" if self.ratio is None else f"{digits(self.ratio.median)}x"
        return [
            self.name,
            spread(self.ours, self.unit),
            self.peer or "",
            spread(self.theirs, self.unit),
            times,
            *verdict(self.aim, self.met),
        ]


@dataclass(frozen=True, slots=True)
class Growth:
    """By which power of its size a cost grows, ours and that of one peer."""

    group: str
    what: str
    sizes: tuple[int, ...]
    ours: Spread
    peer: str | None = None
    theirs: Spread | None = None
    aim: str | None = None

    @property
    def met(self) -> bool | None:
        """Whether the aim is met, where there is one."""
        return None if self.aim is None else met(self.aim, self.measured)

    def measured(self, of: str) -> float:
        """Give the figure that an aim speaks of."""
        if of == "x a decade":
            return decade(self.ours.median)
        raise ValueError(f"{self.what} has no figure in {of!r}: {self.aim!r}")

    @property
    def name(self) -> str:
        """What grew, and from where to where."""
        return f"{self.what}, n = {min(self.sizes):,} to {max(self.sizes):,}"

    def cells(self) -> list[str]:
        """Give the cells of a line."""
        ours, theirs = power(self.ours), power(self.theirs)
        return [self.name, ours, self.peer or "", theirs, *verdict(self.aim, self.met)]


Line = Row | Growth


# ------------------------------------------------------------------------------- aims


def met(aim: str, measured: Any) -> bool:
    """Whether *aim* is met; ``measured(of)`` gives the figure that a part speaks of."""
    for part in aim.split(", "):
        found = AIM.fullmatch(part)
        if found is None:
            raise ValueError(f"no aim: {part!r}; write it as '>= 10x' or '<= 20 us'")
        value, limit = measured(found["of"]), float(found["limit"])
        if not (value <= limit if found["sign"] == "<=" else value >= limit):
            return False
    return True


def verdict(aim: str | None, kept: bool | None) -> tuple[str, str]:
    """Give the two cells that speak of an aim."""
    return aim or "", "" if kept is None else "yes" if kept else "**no**"


# ------------------------------------------------------------------------ from a race


@dataclass(frozen=True, slots=True)
class Subject:
    """What sides raced for: it makes rows and growths of what they took.

    Sides measure in seconds (units ``us``, ``ms``, ``s``), or in the unit itself.
    """

    group: str
    what: str
    unit: str = "us"

    def rows(
        self,
        taken: Mapping[str, Sequence[float]],
        size: int | None = None,
        aims: Mapping[str, str] | None = None,
    ) -> Iterator[Row]:
        """Give a row for each peer, or one if there is none.

        *taken* has our figures under `OURS` and those of each peer under its name and
        version; *aims* has them by the same names. An aim of ours stands in its first
        row.
        """
        scale = UNITS.get(self.unit, 1.0)
        mine, wanted = taken[OURS], aims or {}
        ours = Spread.of(mine).times(scale)
        peers = [name for name in taken if name != OURS]
        alone = wanted.get(OURS)
        if not peers:
            yield Row(self.group, self.what, size, self.unit, ours, aim=alone)
        for name in peers:
            both = [one for one in (alone, wanted.get(name)) if one is not None]
            alone = None
            more = self.unit.endswith("/s")
            yield Row(
                self.group,
                self.what,
                size,
                self.unit,
                ours,
                name,
                Spread.of(taken[name]).times(scale),
                ratio(mine, taken[name]) if more else ratio(taken[name], mine),
                ", ".join(both) or None,
            )

    def growths(
        self,
        taken: Mapping[int, Mapping[str, Sequence[float]]],
        aim: str | None = None,
    ) -> Iterator[Growth]:
        """Give our growth beside that of each peer that ran at two sizes or more.

        *taken* has for each size what `rows` takes; the aim stands in the first line.
        """
        sides: dict[str, dict[int, Sequence[float]]] = {}
        for size, found in taken.items():
            for name, each in found.items():
                sides.setdefault(name, {})[size] = each
        ours, sizes = growth(sides[OURS]), tuple(sides[OURS])
        for name, costs in sides.items():
            if name != OURS and len(costs) > 1:
                theirs = growth(costs)
                yield Growth(self.group, self.what, sizes, ours, name, theirs, aim)
                aim = None
        if aim is not None or len(sides) == 1:
            yield Growth(self.group, self.what, sizes, ours, aim=aim)


# ------------------------------------------------------------------------- the report


def picture(group: str) -> str:
    """Give the name of the file with a group's picture.

    >>> picture("partial JSON")
    'partial-json.svg'
    """
    return f"{group.lower().replace(' ', '-')}.svg"


@dataclass
class Report:
    """All lines of a run, and where and when it was."""

    date: str
    machine: dict[str, str]
    notes: dict[str, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> "Report":
        """Read what `plain` gave."""
        rows = [Row(**value(one)) for one in said["rows"]]
        growths = [Growth(**value(one)) for one in said["growths"]]
        notes: dict[str, str] = said["notes"]
        return cls(said["date"], said["machine"], notes, [*rows, *growths])

    @property
    def groups(self) -> list[str]:
        """The groups, in the order in which they ran."""
        return [*dict.fromkeys((*self.notes, *(line.group for line in self.lines)))]

    @property
    def missed(self) -> list[Line]:
        """The lines whose aim is not met."""
        return [line for line in self.lines if line.met is False]

    def of(self, group: str) -> list[Line]:
        """Give the lines of a group."""
        return [line for line in self.lines if line.group == group]

    def plain(self) -> dict[str, Any]:
        """Give it as JSON."""
        return {
            "date": self.date,
            "machine": self.machine,
            "notes": self.notes,
            "rows": [plain(one) for one in self.lines if isinstance(one, Row)],
            "growths": [plain(one) for one in self.lines if isinstance(one, Growth)],
            "missed": [f"{one.group}: {one.name}: {one.aim}" for one in self.missed],
        }

    def markdown(self) -> str:
        """Give it as a page."""
        parts = ["# Benchmarks", self.where()]
        for group in self.groups:
            parts.append(f"## {group[0].upper()}{group[1:]}")
            parts += [
                part for part in (self.notes.get(group), table(self.of(group))) if part
            ]
        return "\n\n".join([*parts, "## Aims not met", unmet(self.missed)]) + "\n"

    def where(self) -> str:
        """Say when and where it was measured."""
        return f"Measured on {self.date}: " + ", ".join(
            f"{name} {value}" if name else value for name, value in self.machine.items()
        )


def plain(line: Line) -> dict[str, Any]:
    """Give a line as JSON."""
    return {**asdict(line), "met": line.met}


def value(said: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields of a line that was JSON."""
    found = {name: one for name, one in said.items() if name != "met"}
    for name in ("ours", "theirs", "ratio"):
        if found.get(name) is not None:
            found[name] = Spread(**found[name])
    if "sizes" in found:
        found["sizes"] = tuple(found["sizes"])
    return found


def table(lines: Iterable[Line]) -> str:
    """Give lines as one or two tables of Markdown: the rows, and then the growths.

    A figure is a median, with its quartiles in brackets.
    """
    every = [*lines]
    parts = []
    for kind in (Row, Growth):
        found = [row_of(line.cells()) for line in every if isinstance(line, kind)]
        if found:
            names = head(kind)
            parts.append("\n".join([row_of(names), ruler(names), *found]))
    return "\n\n".join(parts)


def head(kind: type[Line]) -> list[str]:
    """Give the names of the columns of a kind of line."""
    if kind is Row:
        return ["what", OURS, "peer", "its figure", "ratio", "aim", "met"]
    return ["growth", OURS, "peer", "its growth", "aim", "met"]


def row_of(cells: Sequence[str]) -> str:
    r"""Give cells as a line of a table.

    >>> print(row_of(["a", "b|c"]))
    | a | b\|c |
    """
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def ruler(names: Sequence[str]) -> str:
    """Give the line below the head: figures stand on the right."""
    texts = {"what", "growth", "peer", "aim", "met"}
    return f"|{'|'.join('---' if name in texts else '---:' for name in names)}|"


def unmet(lines: Sequence[Line]) -> str:
    """Give the list of aims that are not met, with what was measured."""
    if not lines:
        return "None."
    found = []
    for line in lines:
        cells = line.cells()
        against = f" against {cells[3]} of {cells[2]}" if cells[2] else ""
        times = ""
        if isinstance(line, Row) and line.ratio is not None:
            times = f", {cells[4]}"
            if "x the cost" in (line.aim or ""):
                times = f", {digits(1 / line.ratio.median)}x the cost"
        found.append(
            f"- {line.group}: {line.name}: aim {line.aim}; measured {cells[1]}"
            f"{against}{times}"
        )
    return "\n".join(found)


def spread(found: Spread | None, unit: str) -> str:
    """Give a figure, and its quartiles where they differ from it.

    >>> spread(Spread(1.55, 1.5, 1.62), "ms")
    '1.55 ms (1.50 to 1.62)'
    """
    if found is None:
        return ""
    middle, low, high = map(digits, (found.median, found.low, found.high))
    around = "" if low == middle == high else f" ({low} to {high})"
    return f"{middle} {unit}{around}"


def power(found: Spread | None) -> str:
    """Give a growth: the exponent, and what that is in a decade.

    >>> power(Spread(1.0, 1.0, 1.0))
    'n^1.00, x10.0 a decade'
    """
    if found is None:
        return ""
    return f"n^{found.median:.2f}, x{digits(decade(found.median))} a decade"


def digits(value: float) -> str:
    """Give three digits of a number, or all of a large one.

    >>> [digits(one) for one in (0.0123, 1.5, 21.42, 18295.9)]
    ['0.0123', '1.50', '21.4', '18,296']
    """
    if abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 1:
        return f"{value:.{1 if abs(value) >= 10 else 2}f}"
    return f"{value:#.3g}"
