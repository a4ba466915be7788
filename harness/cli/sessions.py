"""A cassette while a program runs: what it held before, and what came of it."""

import os
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness.cassettes.interactions import Interaction
from harness.cassettes.merging import Loaded, added, rewritten, save
from harness.cassettes.reading import load_cassette
from harness.cassettes.redaction import Redaction
from harness.cassettes.saving import locked, replace_file
from harness.cassettes.settings import Mode, chosen_mode
from harness.cassettes.tape import Tape
from harness.cli.screen import counted
from harness.errors import CassetteError, HarnessError
from harness.recording.hosts import host_of
from harness.recording.launched import Launch, Report
from harness.refreshing import tokens_of, total_of

__all__ = ["Session"]

_SHOWN = 5


@dataclass
class Session:
    """The cassette at *path*, for a program that runs in the mode that was *asked*.

    One process may come after another, so what records a new cassette is "new_episodes"
    to each of them. In mode "rewrite" they record into a file beside it, which takes
    its place if the program ends well. Raises HarnessError for what cannot be used.
    """

    path: Path
    asked: Mode
    known: tuple[Interaction, ...] = ()
    new: list[Interaction] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        chosen = chosen_mode(self.asked, forced=False)
        with Tape(self.path, "none" if chosen == "rewrite" else chosen) as tape:
            self.records = tape.goes_live or chosen == "rewrite"
        self._aside = chosen == "rewrite"
        self._before = Loaded.read(self.path, "ignore") if self._aside else Loaded()
        if not self._aside:
            self.known, self.notes = tape.interactions, [*tape.notes]
        elif self.path.suffix not in {".yaml", ".yml"}:
            raise CassetteError(f"{self.path}: cassettes are recorded as YAML.")
        self.mode: Mode = "new_episodes" if self.records else "none"
        if chosen != self.asked:
            self.notes.append(f"CI is set: mode {self.asked!r} records nothing.")

    @property
    def file(self) -> Path:
        """Where processes record."""
        if not self._aside:
            return self.path
        return self.path.with_name(f"{self.path.stem}.{os.getpid()}.new.yaml")

    @contextmanager
    def launch(self) -> Generator[Launch]:
        """While the program runs: what its processes are to be told."""
        with tempfile.TemporaryDirectory(
            prefix="harness-record-", ignore_cleanup_errors=True
        ) as folder:
            launch = Launch(self.file, self.mode, Path(folder))
            yield launch
            self.reports += launch.collected()

    def end(self, status: int) -> None:
        """Take over what killed processes recorded, and put all where it belongs."""
        try:
            if self.records:
                with Tape(self.file, "new_episodes") as tape:
                    pass
                self.notes += tape.notes
            if self.file.exists():
                found = load_cassette(self.file, seals="ignore")
                self.new = added(self.known, found)[len(self.known) :]
                self.known = found
            if self._aside and self.new:
                self._replace(status)
        except HarnessError as error:
            self.notes.append(str(error))
            if self._aside and self.file.exists():
                self.notes.append(f"what was recorded is in {_below(self.file)}.")

    def _replace(self, status: int) -> None:
        target = self.path
        if status:
            target = self.path.with_name(f"{self.path.stem}.failed.yaml")
            self.notes.append(
                f"the command ended with status {status}, so {_below(self.path)} is "
                f"as it was; what was recorded is in {_below(target)}."
            )
        with locked(self.path.parent):
            if not status and (others := self._since()):
                save(self.file, added(others, self.new), Redaction.default())
            replace_file(target, self.file.read_bytes())
            self.file.unlink()
        self.path = target

    def _since(self) -> list[Interaction]:
        """What others have recorded there while the program ran."""
        old = self._before
        return rewritten(old.refreshed(self.path).interactions, old.interactions, [])

    # ------------------------------------------------------------------ in words

    def told(self) -> Iterator[str]:
        """What there is to say at the end; the last line sums it up."""
        misses = [miss for report in self.reports for miss in report.misses]
        for miss in misses[:_SHOWN]:
            yield f"not recorded: {miss}"
        if len(misses) > _SHOWN:
            yield f"not recorded: {counted(len(misses) - _SHOWN, 'request')} more"
        missing = {one.program: one.why for one in self.reports if _lacks(one)}
        for program, why in missing.items():
            yield (
                f"{program} cannot load chat-harness ({why}), so nothing of it was "
                "recorded: install it there, or use --proxy."
            )
        for report in self.reports:
            if report.why and not _lacks(report):
                yield report.why
            yield from report.notes
        yield from self.notes
        yield self._summary()

    def _summary(self) -> str:
        played = [
            self.known[number]
            for report in self.reports
            for number in report.played
            if number < len(self.known)
        ]
        said = []
        if self.new:
            said.append(f"recorded {_counted(self.new)} into {_below(self.path)}")
        if played:
            said.append(f"replayed {_counted(played)} from {_below(self.path)}")
        if not said:
            said.append(f"nothing was recorded or replayed: {self._why()}")
        silent = sum(report.state == "open" for report in self.reports)
        if silent:
            processes = counted(silent, "process", "es")
            said.append(f"{processes} ended without telling what was replayed")
        return "; ".join(said)

    def _why(self) -> str:
        if not self.reports:
            return (
                "no Python process was started that could be heard. "
                "Programs of other languages are with --proxy."
            )
        if any(report.misses for report in self.reports):
            return "what was asked is not in the cassette."
        if any(report.state == "closed" for report in self.reports):
            return "nothing was asked. Clients that are not heard are with --proxy."
        return (
            "no process used httpx, httpx2, requests, urllib3 or aiohttp. Other "
            "clients are heard with --proxy."
        )


def _lacks(report: Report) -> bool:
    return report.state == "missing"


def _counted(found: Sequence[Interaction]) -> str:
    """How many there are, of which hosts, and the tokens that they took."""
    hosts = [*dict.fromkeys(host_of(one.url)[0] for one in found)]
    names = ", ".join(hosts[:_SHOWN]) + (", ..." if len(hosts) > _SHOWN else "")
    total = total_of(tokens_of(found))
    tokens = f"; {counted(total.input, 'token')} in, {total.output:,} out"
    many = counted(len(found), "interaction")
    return f"{many} ({names}{tokens if total.input or total.output else ''})"


def _below(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
