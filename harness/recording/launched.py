"""A cassette around a whole program: its processes open it, and report in the end.

What a process is told stands in a variable of the environment, which its children
inherit. What it reports is a file of its own. Recorded exchanges are in journals before
anything else happens: a process that is killed has lost nothing but its report.
"""

import atexit
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from harness.cassettes.settings import Mode
from harness.cassettes.tape import Tape
from harness.errors import HarnessError
from harness.recording.use import use_cassette

__all__ = ["VARIABLE", "Launch", "Report", "begin", "closed"]

#: Where a process finds what it is told.
VARIABLE = "CHAT_HARNESS_RECORD"

_STARTUP = Path(__file__).parent / "startup"


@dataclass(frozen=True, slots=True)
class Launch:
    """What processes are told: the *cassette*, its mode, and where *reports* go."""

    cassette: Path
    mode: Mode
    reports: Path

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """*environ*, so changed that every Python process opens the cassette."""
        told = {name: str(value) for name, value in asdict(self).items()}
        paths = [str(_STARTUP), *filter(None, [environ.get("PYTHONPATH")])]
        return {
            **environ,
            VARIABLE: json.dumps(told),
            "PYTHONPATH": os.pathsep.join(paths),
        }

    def collected(self) -> list["Report"]:
        """What the processes have reported."""
        return [*_read(self.reports)]


@dataclass(frozen=True, slots=True)
class Report:
    """What one process reports: what it *program* is, and how far it came.

    *state* is "started" if it needed no client of HTTP, "missing" if it had no harness,
    "refused" if the cassette could not be opened, "open" until it ends as it should,
    and then "closed". *played* are the numbers of the interactions that were replayed.
    """

    program: str
    state: Literal["started", "missing", "refused", "open", "closed"]
    why: str = ""
    played: tuple[int, ...] = ()
    misses: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def begin(told: Mapping[str, str]) -> None:
    """Open the cassette for this process, until it exits, and report.

    Nothing is done on signals: a program has handlers of its own, or none.
    """
    reports = Path(told["reports"])
    opening = use_cassette(Path(told["cassette"]), told["mode"])
    try:
        tape = opening.__enter__()
    except HarnessError as error:
        _write(reports, Report(sys.executable, "refused", str(error)))
        return
    _write(reports, Report(sys.executable, "open"))
    atexit.register(_end, tape, reports)


def _end(tape: Tape, reports: Path) -> None:
    _write(reports, closed(tape))


def closed(tape: Tape) -> Report:
    """Close *tape*, and report on it."""
    unused = {id(one) for one in tape.unused()}
    played = [n for n, one in enumerate(tape.interactions) if id(one) not in unused]
    why = ""
    try:
        tape.close()
    except HarnessError as error:
        why = str(error)
    misses = tuple(map(str, tape.misses))
    return Report(
        sys.executable, "closed", why, tuple(played), misses, tuple(tape.notes)
    )


def _write(reports: Path, report: Report) -> None:
    try:
        path = reports / f"{os.getpid()}.json"
        path.write_text(json.dumps(asdict(report)), "utf-8", newline="\n")
    except OSError:  # whoever waited for it has gone
        return


def _read(reports: Path) -> Iterator[Report]:
    for path in sorted(reports.glob("*.json")):
        try:
            said: dict[str, Any] = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):  # it was killed while it wrote
            said = {"program": "?", "state": "open"}
        for name in ("played", "misses", "notes"):
            said[name] = tuple(said.get(name, ()))
        yield Report(**said)
