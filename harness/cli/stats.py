"""`harness stats`: what cassettes are made of."""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from harness.cli.project import Project, shown_path
from harness.cli.rows import Rows
from harness.cli.screen import counted, output, print_json, tell, tracked
from harness.statistics import (
    GROUPS,
    Group,
    Statistics,
    Tally,
    read_files,
    statistics_of,
    statistics_value,
)
from harness.statistics.files import found_files
from harness.statistics.tallies import quantile
from harness.text import visible

__all__ = ["stats", "stats_arguments"]

_LARGEST, _MOST = 5, 8
_COLUMNS = ("exchanges", "streams", "faults", "input", "output", "first", "tokens/s")


def stats_arguments(parser: ArgumentParser) -> None:
    """What `stats` takes."""
    parser.add_argument(
        "paths",
        nargs="*",
        default=[],
        metavar="PATH",
        help="files, and folders with all below them; cassettes/ if there is none",
    )
    parser.add_argument(
        "--by", choices=GROUPS, default="model", help="a row for each of these"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for machines")


def stats(paths: Sequence[str], *, by: Group, json: bool) -> int:
    """Count what is in the files; 1 if one of them could not be read."""
    home = shown_path(Project.find(Path.cwd()).cassettes)
    files = found_files(paths or [home])
    found = statistics_of(tracked(read_files(files), "reading", len(files)))
    if json:
        print_json(statistics_value(found))
    else:
        _show(found, by, Rows(output(), full=True))
    for file in found.damaged:
        tell(file.problem)
    return int(bool(found.damaged))


def _show(found: Statistics, by: Group, rows: Rows) -> None:
    for label, text in _summary(found):
        rows.row(label, text)
    groups = found.groups[by]
    if groups:
        rows.line()
        rows.table(_table(groups, by))
    largest = [file for file in found.files if file.size][:_LARGEST]
    if len(found.files) > 1 and by != "file":
        rows.line()
        sizes = (f"{_size(one.size):>9}  {one.path}" for one in largest)
        rows.rows("largest", sizes)


def _summary(found: Statistics) -> Iterator[tuple[str, str]]:
    total = found.total
    damaged = f", {len(found.damaged):,} unreadable" if found.damaged else ""
    files = len(found.files) + len(found.damaged)
    yield "files", f"{counted(files, 'file')}, {_size(found.size)}{damaged}"
    if found.scripts:
        scripts, turns = counted(found.scripts, "script"), found.turns
        yield "scripts", f"{scripts} of {counted(turns, 'turn')}"
    other = total.exchanges - total.chats
    parts = [counted(total.exchanges, "exchange"), counted(total.chats, "chat")]
    parts += [counted(total.streams, "stream")]
    parts += [f"{other:,} other"] if other else []
    parts += [f"{total.problems:,} unreadable"] if total.problems else []
    yield "asked", ", ".join(parts)
    if total.statuses:
        counts = sorted(total.statuses.items())
        yield "status", ", ".join(f"{count:,} x {status}" for status, count in counts)
    if total.faults:
        yield "faults", _most(total.faults)
    if total.tokens.total():
        yield "tokens", ", ".join(f"{n:,} {k}" for k, n in total.tokens.items() if n)
    if total.tools:
        yield "tools", _most(total.tools)
    if told := _timing(total):
        yield "timing", told
    if total.oldest:
        days = dict.fromkeys([total.oldest[:10], total.newest[:10]])
        yield "recorded", " to ".join(days)


def _most(counts: dict[str, int]) -> str:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    told = [f"{name} {count:,}" for name, count in ordered[:_MOST]]
    if len(ordered) > _MOST:
        told.append(f"{len(ordered) - _MOST} more")
    return ", ".join(told)


def _timing(one: Tally) -> str:
    first, late = quantile(one.first, 0.5), quantile(one.first, 0.95)
    told = []
    if first is not None and late is not None:
        told.append(f"first piece after {first:,.0f} ms (95%: {late:,.0f} ms)")
    if (rate := quantile(one.rate, 0.5)) is not None:
        told.append(f"{rate:,.0f} tokens/s")
    return ", ".join(told)


def _table(groups: dict[str, Tally], by: Group) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold cyan")
    table.add_column(by, overflow="fold")
    for name in _COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    ordered = sorted(groups.items(), key=lambda item: (-item[1].exchanges, item[0]))
    for name, one in ordered:
        table.add_row(Text(visible(name) or "(none)"), *_cells(one))
    return table


def _cells(one: Tally) -> Iterator[str]:
    yield f"{one.exchanges:,}"
    tokens = one.tokens
    counts = (one.streams, one.faults.total(), tokens["input"], tokens["output"])
    yield from (f"{count:,}" if count else "" for count in counts)
    first, rate = quantile(one.first, 0.5), quantile(one.rate, 0.5)
    yield "" if first is None else f"{first:,.0f} ms"
    yield "" if rate is None else f"{rate:,.0f}"


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
