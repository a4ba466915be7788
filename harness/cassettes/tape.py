"""An open cassette: it answers requests, or says that they go live and records them.

Clients of HTTP, patched, talk to it; it knows none of them. All of it can be called
from any thread, and from asyncio: nothing waits for the network here.
"""

from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Self, Unpack

from harness.cassettes.conversations import refuse_mixed
from harness.cassettes.drift import drift
from harness.cassettes.exchanges import Exchange
from harness.cassettes.http_requests import HttpRequest
from harness.cassettes.interactions import Interaction
from harness.cassettes.lookup import Answers
from harness.cassettes.misses import Shelf, explain_miss
from harness.cassettes.recorder import Recorder
from harness.cassettes.settings import Settings, TapeOptions, chosen_mode
from harness.errors import CassetteError, CassetteMiss, UnrecordedRequest
from harness.paths import StrPath

__all__ = ["Tape"]

_PLAYS = frozenset({"none", "once", "new_episodes"})


class Tape:
    """The cassette at *path*, open; what it may record says *mode* (see `Mode`).

    For *options* see `TapeOptions`. Where no cassette is yet, each request is a miss,
    or is recorded. Raises CassetteError for a file that cannot be read, InputError for
    options that there are not.

    * `misses` are the requests that were refused,
    * `drift` says where answers are not what was recorded (mode "verify"),
    * `notes` tells what else the user should know: what was left over, or kept aside.

    >>> with Tape("cassettes/weather.yaml") as tape:
    ...     tape.mode, len(tape.interactions)
    ('none', 5)
    """

    def __init__(
        self, path: StrPath, mode: str = "none", **options: Unpack[TapeOptions]
    ) -> None:
        self.path = Path(path)
        self.settings = Settings.read(options)
        self.mode = chosen_mode(mode, forced=self.settings.forced)
        self.notes: list[str] = []
        self.misses: list[CassetteMiss] = []
        self.drift: list[str] = []
        self._asked_mode = mode
        self._matching = self.settings.matching()
        self._lock = Lock()
        self._known: Answers | None = None
        self._live: dict[Exchange, tuple[int, Interaction | None]] = {}
        self._number = 0
        self._closed = False
        self._recorder = Recorder(self.path, self.mode, self.settings, self.notes)
        if self._recorder.records:
            refuse_mixed(self._recorder.known, chats=False)

    # ------------------------------------------------------------------ requests

    def answer(self, request: HttpRequest) -> Interaction | None:
        """The recorded answer to *request*; None if it is to go live, and be recorded.

        Raises UnrecordedRequest for one that was not recorded and may not go live.
        """
        with self._lock:
            if not self._closed:
                found = self._answers().take(request) if self.mode in _PLAYS else None
                if found is not None or self.goes_live:
                    return found
            shelf, same = self._shelf(), self._answers().recorded(request)
        asked = self._recorder.redacted_request(request)
        miss = explain_miss(asked, shelf, same)
        self.misses.append(miss)
        raise UnrecordedRequest(miss)

    def recording(self, request: HttpRequest) -> Exchange:
        """Begin the live exchange of *request*, which `answer` let go.

        Exchanges stand in the file in the order in which they begin here.
        """
        exchange = Exchange(
            request,
            self._finished,
            clock=self.settings.clock,
            now=self.settings.now(),
        )
        expected = None
        with self._lock:
            if self._closed or not self.goes_live:
                raise CassetteError(
                    f"{self.path}: nothing is recorded here (mode {self.mode!r}"
                    f"{', closed' if self._closed else ''})."
                )
            self._number += 1
            if self.mode == "verify":
                expected = self._answers().take(request)
            self._live[exchange] = self._number, expected
        return exchange

    @property
    def goes_live(self) -> bool:
        """Whether a request that was not recorded goes to the network."""
        return self.mode == "verify" or self._recorder.records

    def _finished(self, exchange: Exchange, interaction: Interaction) -> None:
        with self._lock:
            number, expected = self._live.pop(exchange, (0, None))
            closed = self._closed
        if closed or not number:
            self.notes.append(
                f"{interaction.method} {interaction.url} ended after the cassette was "
                "closed: it is not recorded."
            )
        elif self.mode == "verify":
            self.drift += self._drift(interaction, expected)
        else:
            self._recorder.add(number, interaction)

    def _drift(self, live: Interaction, recorded: Interaction | None) -> list[str]:
        try:
            return drift(self._recorder.redacted(live), recorded)
        except Exception as error:  # noqa: BLE001  # a rule may be the user's function
            return [f"{live.method} {live.url}: cannot be compared: {error!r}"]

    # ------------------------------------------------------------------- looking

    @property
    def interactions(self) -> tuple[Interaction, ...]:
        """What was in the cassette when it was opened."""
        return self._recorder.known

    @property
    def recorded(self) -> list[Interaction]:
        """What was recorded since, without secrets, in the order of issue."""
        return self._recorder.recorded

    def unused(self) -> list[Interaction]:
        """The recordings that nothing has asked for; none if all are made again."""
        if self.mode in {"all", "rewrite"}:
            return []
        with self._lock:
            return self._answers().unused()

    def _answers(self) -> Answers:
        if self._known is None:
            self._known = Answers(
                self._recorder.known,
                self._matching,
                self._recorder.redacted_request,
                self.settings.on_repeat,
            )
        return self._known

    def _shelf(self) -> Shelf:
        unused, known = self._answers().unused(), self._recorder.known
        return Shelf(
            f"The cassette {str(self.path)!r}",
            exists=self.path.exists(),
            recordings=unused or known,
            played=len(known) - len(unused),
            matching=self._matching,
            why=(*self._recorder.told, self._why()),
        )

    def _why(self) -> str:
        """Why a request may not go to the network."""
        if self._closed:
            return "The cassette is closed."
        if self.mode != self._asked_mode:
            return f"CI is set, so that mode {self._asked_mode!r} records nothing."
        if self.mode == "once":
            return "There is a cassette, so that mode 'once' records nothing more."
        return f"Mode {self.mode!r} records nothing."

    # ------------------------------------------------------------------- closing

    def close(self, *, failed: bool = False) -> None:
        """End the recording and save it; closing twice is closing once.

        What a *failed* test has recorded is kept aside, as ``<name>.failed.yaml``: the
        cassette stays as it is. Raises CassetteError if it cannot be saved, or would
        hold a secret; what was recorded stays in its journal then.
        """
        for exchange in self._left():
            exchange.end("truncated")
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._recorder.save(self._matching, failed=failed)

    def _left(self) -> Iterator[Exchange]:
        """The exchanges that nobody ended, if anything has come of them."""
        with self._lock:
            live = [] if self._closed else [*self._live]
        for exchange in live:
            if exchange.answered:
                yield exchange
            elif not exchange.dropped:
                exchange.drop()
                asked = exchange.request
                self.notes.append(
                    f"{asked.method} {asked.url} had no answer when the cassette was "
                    "closed: it is not recorded."
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close(failed=kind is not None)

    def __repr__(self) -> str:
        known, new = len(self.interactions), len(self.recorded)
        return f"Tape({str(self.path)!r}, {self.mode!r}: {known} known, {new} new)"
