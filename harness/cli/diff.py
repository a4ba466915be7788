"""`harness diff`: how two cassettes or scripts differ, by meaning, then by text."""

from argparse import ArgumentParser
from collections.abc import Collection
from pathlib import Path
from typing import get_args

from rich.text import Text

from harness.cli.finding import found_file
from harness.cli.rows import Rows
from harness.cli.screen import os_error_text, output, print_json, tell
from harness.comparison import (
    PARTS,
    Change,
    Compared,
    Comparison,
    compare,
    compare_exchanges,
    comparison_value,
    word_changes,
)
from harness.errors import HarnessError, InputError, shown
from harness.text import visible
from harness.transcripts import Exchange, Transcript, read_transcript

__all__ = ["diff", "diff_arguments"]

_TROUBLE = 2
_STYLES = {"same": "dim", "changed": "yellow", "removed": "red", "added": "green"}
_SIGNS = {"same": "=", "changed": "~", "removed": "-", "added": "+"}
#: How much of what is the same is shown around a change.
_AROUND = 60


def diff_arguments(parser: ArgumentParser) -> None:
    """What `diff` takes."""
    for name, when in (("before", "old"), ("after", "new")):
        parser.add_argument(
            name,
            metavar=when.upper(),
            help=f"the {when} cassette or script: a name or a path; NAME#3 is its "
            "third exchange alone",
        )
    parser.add_argument(
        "--text", action="store_true", help="which words differ, too: [-old-]{+new+}"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for machines")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        dest="ignore",
        metavar="PART",
        choices=PARTS,
        help="what does not count, such as usage; may be given several times: "
        f"{', '.join(PARTS)}",
    )


def diff(
    before: str, after: str, *, text: bool, json: bool, ignore: Collection[str]
) -> int:
    """Tell how they differ: 0 if they do not, 1 if they do, 2 if there is trouble."""
    try:
        found = _compared(before, after, ignore)
    except HarnessError as error:
        tell(str(error))
        return _TROUBLE
    except OSError as error:
        tell(os_error_text(error))
        return _TROUBLE
    if json:
        print_json(comparison_value(found, words=text))
    else:
        _Told(found, text=text).tell()
    return int(not found.same)


def _compared(before: str, after: str, ignore: Collection[str]) -> Comparison:
    (ours, one), (theirs, other) = _read(before), _read(after)
    if one is None and other is None:
        return compare(ours, theirs, ignore=ignore)
    if one is None or other is None:
        wanting = before if one is None else after
        raise InputError(
            f"One of the two is a single exchange, and {wanting} is none. Give the "
            f"number of the exchange to compare with: {wanting}#1."
        )
    pair = compare_exchanges(one, other, ignore=ignore)
    return Comparison(ours.path, theirs.path, (pair,))


def _read(name: str) -> tuple[Transcript, Exchange | None]:
    file, sign, number = name.rpartition("#")
    if not sign or Path(name).exists():
        return read_transcript(found_file(name)), None
    transcript = read_transcript(found_file(file))
    known = len(transcript.exchanges)
    if not number.isdecimal() or not 1 <= int(number) <= known:
        raise InputError(
            f"{transcript.path} has no exchange {number!r}; it has {known}, counted "
            "from 1."
        )
    return transcript, transcript.exchanges[int(number) - 1]


class _Told:
    """A comparison on its way to the screen."""

    def __init__(self, found: Comparison, *, text: bool) -> None:
        self.found = found
        self.text = text
        self.rows = Rows(output(), full=True)

    def tell(self) -> None:
        """Show what differs, and sum up."""
        rows, found = self.rows, self.found
        if not found.same:
            rows.line(f"--- {found.before}", "bold red")
            rows.line(f"+++ {found.after}", "bold green")
        for one in found.exchanges:
            if one.change != "same":
                self._exchange(one)
        counts = [
            f"{count} {'the same' if change == 'same' else change}"
            for change in get_args(Change)
            if (count := found.count(change))
        ]
        if not found.same:
            rows.line()
        rows.line(f"Exchanges: {', '.join(counts) or 'none'}.", "bold")

    def _exchange(self, one: Compared) -> None:
        rows = self.rows
        sides = (self.found.before, one.before), (self.found.after, one.after)
        places = " -> ".join(_place(path, side) for path, side in sides if side)
        rows.line()
        sign = _SIGNS[one.change]
        rows.line(f"{sign} {one.change} {places}", f"bold {_STYLES[one.change]}")
        if (about := _about(one)) and one.change != "changed":
            rows.line(f"    {about}", "dim")
        for each in one.differences:
            rows.line(f"    {each.says}")
            if self.text and each.texts is not None:
                self._words(*each.texts)

    def _words(self, before: str, after: str) -> None:
        line = Text()
        changes = word_changes(before, after)
        for number, (sort, piece) in enumerate(changes):
            match sort:
                case "-":
                    line.append(f"[-{visible(piece)}-]", "red")
                case "+":
                    line.append(f"{{+{visible(piece)}+}}", "green")
                case _:
                    ends = number == 0, number == len(changes) - 1
                    line.append(_context(visible(piece), *ends), "dim")
        self.rows.rows("", [line])


def _place(path: Path, exchange: Exchange) -> str:
    line = f":{exchange.line}" if exchange.line else ""
    return f"#{exchange.number} {path}{line}"


def _about(one: Compared) -> str:
    """What was asked, or said."""
    exchange = one.after or one.before
    assert exchange is not None  # noqa: S101 - it is somewhere
    if exchange.request is not None:
        last = exchange.request.messages[-1:]
        return f"{last[0].type} {shown(last[0].text, limit=80)}" if last else ""
    if exchange.answer is not None:
        return f"ai {shown(exchange.answer.text, limit=80)}"
    found = exchange.interaction
    return f"{found.method} {found.url}" if found else exchange.about


def _context(text: str, first: bool, last: bool) -> str:  # noqa: FBT001 - where it stands
    """*text*, as far as it is near a change."""
    head = "" if first else text[:_AROUND]
    tail = "" if last else text[-_AROUND:]
    if len(head) + len(tail) >= len(text):
        return text
    return f"{head} ... {tail}"
