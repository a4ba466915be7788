"""Cost against size, of each subject of a group, on logarithmic scales, as SVG.

The same lines give the same bytes: no date is in the picture, and ids are not random.
"""

from collections.abc import Iterable
from io import StringIO

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, StrMethodFormatter
from tables import OURS, Line, Row

mpl.use("svg")
mpl.rcParams.update(
    {
        "svg.hashsalt": OURS,
        "svg.fonttype": "none",
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.3,
    }
)

Points = dict[int, tuple[float, float, float]]


def draw(lines: Iterable[Line]) -> str | None:
    """Give a picture with a panel for each subject that has two sizes or more."""
    drawn = figure(lines)
    if drawn is None:
        return None
    text = StringIO()
    drawn.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()


def figure(lines: Iterable[Line]) -> Figure | None:
    """Give the same as a figure of matplotlib."""
    panels = {what: sides for what, sides in curves(lines).items() if sides}
    if not panels:
        return None
    names = [*dict.fromkeys(name for sides in panels.values() for name in sides)]
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    drawn = Figure(figsize=(3.6 * columns, 3.0 * rows), layout="constrained")
    grid = drawn.subplots(rows, columns, squeeze=False)
    for place, ((what, unit), sides) in zip(grid.flat, panels.items(), strict=False):
        for name, points in sides.items():
            middle = [points[size][0] for size in sorted(points)]
            around = [points[size][1:] for size in sorted(points)]
            colour, width = f"C{names.index(name) % 10}", 2.0 if name == OURS else 1.2
            place.plot(
                sorted(points), middle, "o-", ms=3, lw=width, color=colour, label=name
            )
            low, high = zip(*around, strict=True)
            place.fill_between(sorted(points), low, high, color=colour, alpha=0.15)
        place.set(xscale="log", yscale="log", title=what, xlabel="n", ylabel=unit)
        place.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        place.xaxis.set_minor_formatter(NullFormatter())
        place.legend(fontsize=7, frameon=False)
    for place in grid.flat[len(panels) :]:
        place.set_axis_off()
    return drawn


def curves(lines: Iterable[Line]) -> dict[tuple[str, str], dict[str, Points]]:
    """Give for each subject and unit the points of each side, by size."""
    found: dict[tuple[str, str], dict[str, Points]] = {}
    for line in lines:
        if not isinstance(line, Row) or line.size is None:
            continue
        sides = found.setdefault((line.what, line.unit), {})
        for name, each in ((OURS, line.ours), (line.peer, line.theirs)):
            if name is not None and each is not None:
                point = (each.median, each.low, each.high)
                sides.setdefault(name, {})[line.size] = point
    return {
        subject: {name: points for name, points in sides.items() if len(points) > 1}
        for subject, sides in found.items()
    }
