"""What a tape writes: journal while it records, cassette when it is closed."""

import contextlib
import warnings
from dataclasses import replace
from pathlib import Path
from threading import Lock

from harness.cassettes.conversations import is_conversation
from harness.cassettes.folders import used
from harness.cassettes.http_requests import HttpRequest, Matching
from harness.cassettes.interactions import Interaction
from harness.cassettes.journals import (
    Journal,
    LeftJournal,
    forsaken,
    has_journals,
    left_journals,
    line_of,
)
from harness.cassettes.merging import (
    Loaded,
    added,
    can_grow,
    refuse_edited,
    replaced,
    rewritten,
    save,
)
from harness.cassettes.reading import Seals
from harness.cassettes.redaction import Redaction
from harness.cassettes.saving import locked
from harness.cassettes.settings import Mode, Settings
from harness.cassettes.writing import item_of
from harness.errors import CassetteError, CassetteWarning, InputError

__all__ = ["Recorder"]

_WRITTEN = frozenset({".yaml", ".yml"})


class Recorder:
    """Knows what the cassette at *path* holds, and keeps what is recorded into it.

    Nothing that holds a secret is written anywhere. *notes* is where it tells what the
    user should know.
    """

    def __init__(
        self, path: Path, mode: Mode, settings: Settings, notes: list[str]
    ) -> None:
        self._path = used(path)
        self._mode = mode
        self._seals: Seals = settings.seals
        self._notes = notes
        self._redaction = settings.redaction or Redaction.default()
        self._lock = Lock()
        self._journal = Journal(path)
        self._taken: list[Interaction] = []  # out of journals of the dead
        self._new: dict[int, Interaction] = {}
        self._clean: dict[Interaction, str] = {}  # texts that have no secret
        self._refused: list[str] = []
        self._waiting: list[bytes] = []  # lines that the disk had no room for
        self._loaded = Loaded()
        #: Journals of processes that died, which wait for a mode that records.
        self.told: list[str] = []
        self.records = False
        self._open()
        self._look_at_age(settings)

    # ------------------------------------------------------------------- opening

    @property
    def known(self) -> tuple[Interaction, ...]:
        """What was recorded before: in the cassette, and by processes that died."""
        return (*self._loaded.interactions, *self._taken)

    @property
    def recorded(self) -> list[Interaction]:
        """What was recorded since, in the order of issue."""
        with self._lock:
            return [self._new[number] for number in sorted(self._new)]

    def _open(self) -> None:
        recording = self._mode in {"once", "new_episodes", "all", "rewrite"}
        if not has_journals(self._path):
            self._loaded = Loaded.read(self._path, self._seals)
        else:
            with locked(self._path.parent):
                forsaken(self._path)
                self._loaded = Loaded.read(self._path, self._seals)
                left = left_journals(self._path)
                if recording:
                    self._take(left)
                else:
                    self._tell(left)
        exists = bool(self._loaded.state[0])
        self.records = recording and not (
            self._mode == "once" and exists and not self._taken
        )
        if not self.records:
            return
        if self._path.suffix not in _WRITTEN:
            raise InputError(
                f"{self._path}: cassettes are recorded as YAML; call it "
                f"{self._path.with_suffix('.yaml').name!r}."
            )
        grows = self._mode == "rewrite" or (
            self._mode != "all" and can_grow(self._path)
        )
        if not grows:
            refuse_edited(self._loaded.interactions)

    def _take(self, left: list[LeftJournal]) -> None:
        """Make what the dead left our own: it is in our journal before theirs goes."""
        found: list[Interaction] = []
        for journal in left:  # who died while he took over left them twice
            found = added(found, journal.interactions)
        new = added(self._loaded.interactions, found)[len(self._loaded.interactions) :]
        if new:
            self._journal.write(line_of(n - len(new), one) for n, one in enumerate(new))
        self._taken = new
        for journal in left:
            if journal.damaged:
                aside = journal.path.with_suffix(".damaged")
                journal.path.replace(aside)
                self._notes.append(
                    f"{aside}: {journal.damaged} of the exchanges that a killed "
                    "process left could not be read; the rest is taken over."
                )
            else:
                with contextlib.suppress(PermissionError):  # on Windows: still open
                    journal.path.unlink(missing_ok=True)
        if new:
            self._notes.append(
                f"{self._path}: {len(new)} exchanges that a killed process had "
                "recorded are taken over from its journal."
            )

    def _tell(self, left: list[LeftJournal]) -> None:
        self.told = [
            f"{journal.path}: a killed process left {len(journal.interactions)} "
            "recorded exchanges. Run in mode 'new_episodes' to take them over."
            for journal in left
        ]
        self._notes += self.told

    def _look_at_age(self, settings: Settings) -> None:
        oldest = settings.oldest()
        if oldest is None or self._mode in {"all", "rewrite", "verify"}:
            return
        limit = oldest.strftime("%Y-%m-%dT%H:%M:%SZ")
        old = [one for one in self.known if "" < one.recorded_at < limit]
        if not old:
            return
        first = min(one.recorded_at for one in old)
        told = (
            f"{self._path}: {len(old)} of {len(self.known)} recordings are older than "
            f"max_age={settings.max_age} allows; the oldest is of {first}. Record them "
            "again in mode 'all' or 'rewrite'."
        )
        if settings.expired == "fail":
            self._journal.close(keep=True)
            raise CassetteError(told)
        warnings.warn(told, CassetteWarning, stacklevel=5)

    # ----------------------------------------------------------------- recording

    def redacted(self, interaction: Interaction) -> Interaction:
        """*interaction* as it may be stored."""
        return self._redaction.redact(interaction)

    def redacted_request(self, request: HttpRequest) -> HttpRequest:
        """*request* as it may be stored, or shown."""
        return HttpRequest(
            *self._redaction.redact_request(
                request.method, request.url, request.headers, request.body
            )
        )

    def add(self, number: int, interaction: Interaction) -> None:
        """Keep *interaction*, the exchange *number*: on the disk when this returns.

        What goes wrong here does not disturb the application: `save` tells it.
        """
        asked = f"{interaction.method} {interaction.url.partition('?')[0]}"
        try:
            one = self.redacted(interaction)
        except Exception as error:  # noqa: BLE001  # a rule may be the user's function
            with self._lock:
                self._refused.append(f"{asked}: the redaction failed: {error!r}")
            return
        line = line_of(number, one)
        text = _text(one)
        leaks = [str(leak) for leak in self._redaction.scan(text or line.decode())]
        with self._lock:
            self._new[number] = replace(one, place=f"{self._path}, exchange {number}")
            if text and not leaks:
                self._clean[one] = text
            if leaks:
                self._refused += [f"{asked}: {leak}" for leak in leaks]
                return
            try:
                self._journal.write([*self._waiting, line])
                self._waiting = []
            except CassetteError as error:
                self._waiting.append(line)
                self._notes.append(f"{error} It is tried again with the next one.")

    # -------------------------------------------------------------------- saving

    def save(self, matching: Matching, *, failed: bool) -> None:
        """Save what was recorded, and end the journal. Raises CassetteError."""
        new = self.recorded
        try:
            self._refuse_secrets()
            if new or self._taken:
                # Under the lock the journal goes, so that nobody takes it over.
                with locked(self._path.parent):
                    self._save(new, matching, failed=failed)
                    self._journal.close()
        except CassetteError as error:
            raise CassetteError(f"{error}{self._kept()}") from error
        finally:
            self._journal.close(keep=True)

    def _kept(self) -> str:
        """What of the recording outlives an error, and where."""
        with contextlib.suppress(CassetteError):
            self._journal.write(self._waiting)
            self._waiting = []
        lost = len(self._waiting)
        told = f"\n{lost} recorded exchanges are lost." if lost else ""
        self._journal.close(keep=True)
        if self._journal.path is not None:
            told += (
                f"\nWhat was recorded is in {self._journal.path}; the next run that "
                "records takes it over."
            )
        return told

    def _refuse_secrets(self) -> None:
        if self._refused:
            raise CassetteError(
                f"{self._path}: not saved. What was recorded has what looks like a "
                "secret, or could not be redacted:\n"
                + "".join(f"  {one}\n" for one in self._refused)
                + "Give the tape a redaction that takes it out."
            )

    def _save(
        self, new: list[Interaction], matching: Matching, *, failed: bool
    ) -> None:
        if failed:
            aside = self._path.with_name(f"{self._path.stem}.failed.yaml")
            self._aside(aside, [*self._taken, *new], matching)
            return
        current = self._loaded.refreshed(self._path).interactions
        match self._mode:
            case "all":
                wanted = replaced(added(current, self._taken), new, matching)
            case "rewrite":
                old = self._loaded.interactions
                wanted = (
                    rewritten(current, old, new) if new else added(current, self._taken)
                )
            case _:
                wanted = added(current, [*self._taken, *new])
        save(self._path, wanted, self._redaction, current=current, clean=self._clean)

    def _aside(self, aside: Path, new: list[Interaction], matching: Matching) -> None:
        """Keep what a failing test recorded, and what others of its run did."""
        earlier: list[Interaction] = []
        with contextlib.suppress(CassetteError):  # it was kept for people to look at
            earlier = [*Loaded.read(aside, "ignore").interactions]
        save(aside, replaced(earlier, new, matching), self._redaction)
        self._notes.append(
            f"{aside}: {len(new)} exchanges of a run that failed are kept here; "
            f"{self._path.name} is as it was."
        )


def _text(one: Interaction) -> str | None:
    """How *one* will stand in the file; None if that is not known, or cannot be."""
    try:
        return None if is_conversation(one) else item_of(one)
    except InputError:
        return None  # saving tells why
