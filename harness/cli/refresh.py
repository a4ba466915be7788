"""The command `refresh`: what is stale is recorded anew."""

import json
import os
import shlex
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.progress import Progress

from harness.cassettes.merging import Loaded
from harness.cli.programs import CannotRun, run_program
from harness.cli.stale_cassettes import (
    Row,
    as_json,
    costs,
    files_of,
    looked_at,
    shown_row,
)
from harness.errors import HarnessError, InputError
from harness.refreshing import Keys, ask_again, read_age, signed, tokens_of

__all__ = ["refresh", "refresh_arguments"]

_INTERRUPTED = 130


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
        "--key",
        action="append",
        default=[],
        dest="given_keys",
        metavar="HOST=VARIABLE",
        help="the variable that has the key of a host that is no well-known provider's",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="list what is stale, and ask nothing"
    )
    parser.add_argument(
        "--yes", action="store_true", help="do not ask before requests are sent"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(behind=())


def refresh(  # noqa: PLR0913 - the options of the command
    *,
    paths: Sequence[str],
    older_than: str,
    only: Sequence[str],
    given_keys: list[str],
    dry_run: bool,
    yes: bool,
    json: bool,
    behind: Sequence[str],
) -> int:
    """Record the stale cassettes anew; 1 if one of them could not be.

    Raises HarnessError for what cannot be used; nothing is asked then.
    """
    age, keys = read_age(older_than), Keys.read(os.environ, given_keys)
    now = datetime.now(UTC)
    out = _Output(as_json=json)
    looked = [looked_at(path, age, now) for path in files_of(paths, only)]
    rows = [row for row in looked if row.state != "fresh"]
    if behind:  # which asks by itself: nothing stands in its way
        rows = [
            replace(row, state="stale", why="") if row.state == "left" else row
            for row in rows
        ]
    stale = [row for row in rows if row.state == "stale"]
    if dry_run or not stale:
        out.rows(rows)
        out.end(rows, older_than, len(looked), spent=False)
        broken = any(row.state in {"failed", "left"} for row in rows)
        return 1 if broken and not dry_run else 0
    if not behind:
        _check_keys(stale, keys)
    if not (yes or behind or _agreed(stale, out)):
        return 2
    left = [row for row in rows if row.state != "stale"]
    out.rows(left)
    try:
        if behind:
            done = _by_command(behind, stale, age, out)
        else:
            done = _by_asking(stale, keys, out)
    except KeyboardInterrupt:
        _tell("interrupted; the cassette that was being asked is as it was.")
        return _INTERRUPTED
    out.end([*left, *done], older_than, len(looked), spent=True)
    return 0 if all(row.state == "refreshed" for row in [*left, *done]) else 1


def _check_keys(stale: Sequence[Row], keys: Keys) -> None:
    """Have every key that will be wanted, before anything is sent. Raises InputError."""
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
    count = sum(len(row.loaded.interactions) for row in stale)
    words = f"{count} request{'' if count == 1 else 's'} would be sent"
    if not sys.stdin.isatty():
        _tell(f"{words}: say --yes, or look with --dry-run.")
        return False
    out.rows(stale)
    out.costs(stale, "They cost the last time:")
    answer = input(f"{words}. Go on? [y/N] ")
    return answer.strip().lower() in {"y", "yes"}


def _by_asking(stale: Sequence[Row], keys: Keys, out: "_Output") -> list[Row]:
    done: list[Row] = []
    with out.progress(stale) as told:
        for row in stale:
            result = ask_again(row.path, row.loaded, keys, told=told)
            why = result.why
            if result.state == "diverged":
                why += (
                    ". It is as it was: run its test with "
                    f"--cassette-rewrite={shlex.quote(row.place)}"
                )
            elif result.state == "failed":
                why += ". It is as it was."
            done.append(replace(row, state=result.state, why=why, tokens=result.spent))
            out.rows(done[-1:])
    return done


def _by_command(
    command: Sequence[str], stale: Sequence[Row], age: timedelta, out: "_Output"
) -> list[Row]:
    """Run the *command*, whose pytest records the *stale* cassettes anew."""
    chosen = [f"--cassette-rewrite={row.path.absolute()}" for row in stale]
    options = [os.environ.get("PYTEST_ADDOPTS", ""), shlex.join(chosen)]
    environ = {**os.environ, "PYTEST_ADDOPTS": " ".join(filter(None, options))}
    try:
        status = run_program(command, environ)
    except CannotRun as error:
        raise HarnessError(str(error)) from None
    if status:
        _tell(f"the command ended with status {status}.")
    done = [_after(row, age) for row in stale]
    out.rows(done)
    return done


def _after(row: Row, age: timedelta) -> Row:
    """What became of a cassette that the command may have recorded anew."""
    if row.loaded.refreshed(row.path) is row.loaded:
        failed = row.path.with_name(f"{row.path.stem}.failed.yaml")
        why = "nothing has asked for it, or its test failed"
        if failed.exists():
            why += f" (see {failed.name})"
        return replace(row, state="left", why=f"{why}: it is as it was.", tokens=())
    del age
    loaded = Loaded.read(row.path, "ignore")
    return replace(
        row, state="refreshed", loaded=loaded, tokens=tokens_of(loaded.interactions)
    )


class _Output:
    """What is printed: lines for people, or JSON at the end."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._console = Console(highlight=False, quiet=as_json)

    def rows(self, rows: Sequence[Row]) -> None:
        for row in rows:
            shown_row(self._console, row)

    def costs(self, rows: Sequence[Row], head: str) -> None:
        costs(self._console, rows, head)

    def end(
        self, rows: Sequence[Row], older_than: str, count: int, *, spent: bool
    ) -> None:
        """Sum up."""
        if self._as_json:
            told = {"older_than": older_than, "looked_at": count}
            print(json.dumps({**told, "cassettes": [*map(as_json, rows)]}, indent=2))
            return
        name = "refreshed" if spent else "stale"
        found = [
            row
            for row in rows
            if row.state == name or (not spent and row.state == "left")
        ]
        many = f"{count} cassette{'' if count == 1 else 's'}"
        whole = f"{len(rows)} stale cassettes" if spent else many
        self._console.print(
            f"{len(found)} of {whole} {'is' if len(found) == 1 else 'are'} {name}."
        )
        if rows:
            self.costs(rows, "That took:" if spent else "They cost the last time:")

    @contextmanager
    def progress(self, stale: Sequence[Row]) -> Generator[Callable[[], None]]:
        """Show how far it is, on a terminal; what is given is called for each answer."""
        console = Console(stderr=True)
        total = sum(len(row.loaded.interactions) for row in stale)
        with Progress(
            console=console, transient=True, disable=not console.is_terminal
        ) as bar:
            task = bar.add_task("asking", total=total)
            yield lambda: bar.advance(task)


def _tell(text: str) -> None:
    print(f"harness: {text}", file=sys.stderr, flush=True)
