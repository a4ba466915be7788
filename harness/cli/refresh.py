"""The command `refresh`: what is stale is recorded anew."""

import os
import shlex
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.progress import Progress, TaskID

from harness.cassettes.merging import Loaded
from harness.cli.options import given_age, given_key
from harness.cli.programs import run_program
from harness.cli.screen import counted, output, print_json, tell
from harness.cli.stale_cassettes import (
    Row,
    as_json,
    files_of,
    looked_at,
    shown_costs,
    shown_row,
)
from harness.errors import InputError
from harness.refreshing import Keys, ask_again, signed, tokens_of

__all__ = ["refresh", "refresh_arguments"]

_FORMAT = "chat-harness/refresh/1"


def refresh_arguments(parser: ArgumentParser) -> None:
    """What `refresh` takes; a command may stand behind ``--``."""
    parser.usage = "harness refresh [options] [PATH ...] [-- COMMAND [ARGUMENT ...]]"
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a cassette, or a folder of them (default: cassettes/)",
    )
    parser.add_argument(
        "--older-than",
        type=given_age,
        default="90d",
        metavar="AGE",
        help="what is stale: 90d (default), 12h, 2w; 0d: everything",
    )
    parser.add_argument(
        "-k",
        "--only",
        action="append",
        default=[],
        metavar="WORD",
        help="only cassettes with this in their path; * stands for anything",
    )
    parser.add_argument(
        "--key-variable",
        action="append",
        type=given_key,
        default=[],
        dest="keys",
        metavar="HOST=VARIABLE",
        help="the variable that has the key of a host that is no well-known provider's",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="list what is stale, and ask nothing"
    )
    parser.add_argument(
        "--yes", action="store_true", help="do not ask before requests are sent"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for machines")
    parser.set_defaults(behind=())


def refresh(  # noqa: PLR0913 - the options of the command
    *,
    paths: Sequence[str],
    older_than: timedelta,
    only: Sequence[str],
    keys: Sequence[tuple[str, str]],
    dry_run: bool,
    yes: bool,
    json: bool,
    behind: Sequence[str],
) -> int:
    """Record the stale cassettes anew; 1 if one of them could not be.

    Raises HarnessError for what cannot be used; nothing is asked then.
    """
    known = Keys(os.environ, dict(keys))
    out, now = _Output(machines=json), datetime.now(UTC)
    looked = [looked_at(path, older_than, now) for path in files_of(paths, only)]
    rows = [row for row in looked if row.state != "fresh"]
    if behind:  # the tests ask what is not asked again here
        rows = [
            replace(row, state="stale") if row.has_requests else row for row in rows
        ]
    stale = [row for row in rows if row.state == "stale"]
    left = [row for row in rows if row.state != "stale"]
    if dry_run or not stale:
        out.rows(rows)
        out.end(rows, len(looked), asked=False)
        damaged = any(row.state == "failed" for row in left)
        return 1 if damaged or (left and not dry_run) else 0
    if not behind:
        _check_keys(stale, known)
    if not (yes or behind or _agreed(stale, out)):
        return 2
    out.rows(left)
    done = _by_command(behind, stale, out) if behind else _by_asking(stale, known, out)
    out.end([*left, *done], len(looked), asked=True)
    return 0 if all(row.state == "refreshed" for row in [*left, *done]) else 1


def _check_keys(stale: Sequence[Row], keys: Keys) -> None:
    """See that every key is there, before anything is sent. Raises InputError."""
    problems: dict[str, str] = {}
    for row in stale:
        for one in row.loaded.interactions:
            try:
                signed(one, keys)
            except InputError as error:
                problems.setdefault(str(error), row.place)
    if problems:
        told = [f"{why} ({place})" for why, place in problems.items()]
        raise InputError("\nharness: ".join(told))


def _agreed(stale: Sequence[Row], out: "_Output") -> bool:
    """Whether the user wants these requests to be sent; asked on a terminal."""
    count = _requests(stale)
    words = f"{counted(count, 'request')} would be sent"
    if not sys.stdin.isatty():
        tell(f"{words}: say --yes, or look with --dry-run.")
        return False
    out.rows(stale)
    out.costs(stale, "They took the last time:")
    print(f"{words}. Go on? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _by_asking(stale: Sequence[Row], keys: Keys, out: "_Output") -> list[Row]:
    done: list[Row] = []
    bar = _progress(_requests(stale))
    with nullcontext() if bar.disable else bar:  # some print a line even of no bar
        for row in stale:
            result = ask_again(
                row.path, row.loaded, keys, told=lambda: bar.advance(TaskID(0))
            )
            why = result.why
            if result.state == "diverged":
                why += (
                    ". It is as it was: run its test with "
                    f"--cassette-rewrite={shlex.quote(row.place)}"
                )
            elif result.state == "failed":
                why += ". It is as it was."
            done.append(replace(row, state=result.state, why=why, tokens=result.spent))
            if bar.disable:
                out.rows(done[-1:])
    if not bar.disable:  # a line would tear the bar that is on the same terminal
        out.rows(done)
    return done


def _progress(total: int) -> Progress:
    """A bar on standard error, if that is a terminal."""
    console = Console(stderr=True)
    bar = Progress(
        console=console,
        transient=True,
        redirect_stdout=False,
        disable=not console.is_terminal,
    )
    bar.add_task("asking", total=total)
    return bar


def _by_command(
    command: Sequence[str], stale: Sequence[Row], out: "_Output"
) -> list[Row]:
    """Run the *command*, whose pytest records the *stale* cassettes anew."""
    chosen = [f"--cassette-rewrite={row.path.absolute()}" for row in stale]
    options = [os.environ.get("PYTEST_ADDOPTS", ""), shlex.join(chosen)]
    environ = {**os.environ, "PYTEST_ADDOPTS": " ".join(filter(None, options))}
    status = run_program(command, environ)
    if status:
        tell(f"the command ended with status {status}.")
    done = [_after(row) for row in stale]
    out.rows(done)
    return done


def _after(row: Row) -> Row:
    """What became of a cassette that the command may have recorded anew."""
    if row.loaded.refreshed(row.path) is row.loaded:
        failed = row.path.with_name(f"{row.path.stem}.failed.yaml")
        why = f"a test failed: {failed.name}" if failed.exists() else "no test asked it"
        return replace(row, state="left", why=f"{why}. It is as it was.", tokens=())
    loaded = Loaded.read(row.path, "ignore")
    spent = tokens_of(loaded.interactions)
    return replace(row, state="refreshed", why="", loaded=loaded, tokens=spent)


class _Output:
    """What is printed: lines for people, or JSON at the end."""

    def __init__(self, *, machines: bool) -> None:
        self._machines = machines
        self._console = output()

    def rows(self, rows: Sequence[Row]) -> None:
        """A line on each of *rows*."""
        if not self._machines:
            for row in rows:
                shown_row(self._console, row)

    def costs(self, rows: Sequence[Row], head: str) -> None:
        """What *rows* cost, by model."""
        if not self._machines:
            shown_costs(self._console, rows, head)

    def end(self, rows: Sequence[Row], count: int, *, asked: bool) -> None:
        """Sum up *rows*, of *count* cassettes; *asked* if requests were sent."""
        if self._machines:
            told = [*map(as_json, rows)]
            print_json({"format": _FORMAT, "looked_at": count, "cassettes": told})
            return
        done = sum(row.state == "refreshed" for row in rows)
        if asked:
            self._console.print(f"{done} of {len(rows)} refreshed.")
        else:
            stale = sum(row.state != "failed" for row in rows)
            self._console.print(f"{stale} of {counted(count, 'cassette')} stale.")
        self.costs(rows, "That took:" if asked else "They took the last time:")


def _requests(rows: Sequence[Row]) -> int:
    return sum(len(row.loaded.interactions) for row in rows)
