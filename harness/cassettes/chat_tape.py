"""An open cassette of conversations: it answers requests, or hears how they are.

As `harness.cassettes.tape` does for HTTP traffic, for any chat model. All of it can be
called from any thread.
"""

import atexit
import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import NoReturn

from harness.cassettes.conversations import (
    ConversationMatching,
    ConversationRedaction,
    conversation,
    http_request,
    refuse_mixed,
)
from harness.cassettes.interactions import Ending, Interaction
from harness.cassettes.recorder import Recorder
from harness.cassettes.redaction import Redaction
from harness.cassettes.settings import Mode, Redactor, Settings, chosen_mode
from harness.cassettes.source import CassetteSource
from harness.chunks import AIMessageChunk
from harness.errors import (
    AuthenticationError,
    BadRequestError,
    CassetteError,
    CassetteMiss,
    InputError,
    InterruptedStreamError,
    ModelConnectionError,
    ModelError,
    ModelTimeoutError,
    OverloadedError,
    RateLimitError,
    nearest,
    shown,
)
from harness.matching import DEFAULT_FIELDS, match_fields
from harness.requests import ChatRequest
from harness.steps import Fault, FaultKind, Pause, Step

__all__ = ["ChatTape", "Hearing"]

_MODES = ("none", "once", "new_episodes", "all", "rewrite")
_PLAYS = frozenset({"none", "once", "new_episodes"})
_KINDS: tuple[tuple[type[ModelError], FaultKind], ...] = (
    (AuthenticationError, "authentication"),
    (BadRequestError, "bad_request"),
    (InterruptedStreamError, "interrupted"),
    (ModelConnectionError, "connection"),
    (ModelTimeoutError, "timeout"),
    (OverloadedError, "overloaded"),
    (RateLimitError, "rate_limit"),
)


class ChatTape:
    """The cassette at *path*, open; what it may record says *mode*.

    *match_on* says what of a request must be as it was recorded, *redaction* what is
    hidden. Raises CassetteError for a file that cannot be read or holds other traffic,
    InputError for options that there are not.
    """

    def __init__(
        self,
        path: Path,
        mode: str,
        *,
        match_on: Iterable[str] = DEFAULT_FIELDS,
        redaction: Redactor | None = None,
    ) -> None:
        if mode not in _MODES:
            raise InputError(f"mode={shown(mode)}. {nearest(str(mode), _MODES)}")
        if redaction is not None and not hasattr(redaction, "redact"):
            raise InputError(
                f"redaction={shown(redaction)} cannot redact: give a Redaction."
            )
        # A program may be somewhere else when it ends, and saves.
        self.path = path = path.absolute()
        self.mode: Mode = chosen_mode(mode, forced=False)
        #: What the user should know: what was left over, kept aside, not recorded.
        self.notes: list[str] = []
        rules = redaction or Redaction.default()
        fields = match_fields(match_on)
        settings = Settings(redaction=ConversationRedaction(rules))
        self._now = settings.now
        self._matching = ConversationMatching(fields=fields)
        self._recorder = Recorder(path, self.mode, settings, self.notes)
        self.source = self._source(fields, rules, mode)
        self._lock = Lock()
        self._open: dict[Hearing, int] = {}
        self._number = 0
        self._unsaved = self._closed = False

    def __reduce__(self) -> NoReturn:
        raise InputError(
            f"The cassette {str(self.path)!r} is open in this process, so what records "
            "into it cannot be pickled. Pickle the model that it asks (its .model), or "
            "open a cassette where it is used."
        )

    def _source(
        self, fields: tuple[str, ...], rules: Redactor, mode: str
    ) -> CassetteSource:
        """What plays the recordings that there are."""
        known = self._recorder.known
        if self._recorder.records:
            refuse_mixed(known, chats=True)
        source = CassetteSource(
            known,
            name=f"the cassette {str(self.path)!r}",
            match_on=fields,
            redaction=rules,
        )
        if self.mode != mode:
            source.hint = f"CI is set, so that mode {mode!r} records nothing."
        elif self.mode == "once" and not self._recorder.records:
            source.hint = "There is a cassette: mode 'once' records nothing more."
        return source

    # ------------------------------------------------------------------ requests

    @property
    def records(self) -> bool:
        """Whether a request that was not recorded is asked of the model."""
        return self._recorder.records

    @property
    def recorded(self) -> list[Interaction]:
        """What was recorded since, without secrets, in the order of issue."""
        return self._recorder.recorded

    @property
    def misses(self) -> list[CassetteMiss]:
        """The requests that were refused."""
        return self.source.misses

    def answer(self, request: ChatRequest) -> Iterator[Step] | None:
        """The recorded answer to *request*; None if the model is to be asked.

        Raises CassetteMiss where nothing is recorded any more.
        """
        if self._closed:
            raise CassetteError(f"{self.path}: the recording has ended.")
        if not self.records:
            return self.source.play(request)
        return self.source.find(request) if self.mode in _PLAYS else None

    def hearing(self, request: ChatRequest, clock: Callable[[], float]) -> "Hearing":
        """Begin to hear the answer to *request*; *clock* tells seconds.

        Answers stand in the file in the order in which this was called. Raises
        InputError for a request that no file can hold.
        """
        http_request(request)
        hearing = Hearing(self, request, clock)
        with self._lock:
            self._number += 1
            self._open[hearing] = self._number
        return hearing

    def ended(self, hearing: "Hearing", interaction: Interaction | None) -> None:
        """Take what was heard; None if that is nothing to record."""
        with self._lock:
            number = self._open.pop(hearing, None)
            if number is None or interaction is None:
                return
            if not self._unsaved:
                self._unsaved = True
                atexit.register(self._save_late)
        self._recorder.add(number, interaction)

    def stamp(self) -> str:
        """The time of day, as it is written."""
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")

    # -------------------------------------------------------------------- saving

    def save(self, *, failed: bool = False) -> None:
        """Save what was recorded so far; what a *failed* run recorded, aside.

        Raises CassetteError if it cannot be saved, or would hold a secret.
        """
        atexit.unregister(self._save_late)
        self._unsaved = False
        self._recorder.save(self._matching, failed=failed)

    def close(self, *, failed: bool = False) -> None:
        """End the recording: answers that are still being read are cut short."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            left = list(self._open)
        for hearing in left:
            hearing.end("truncated")
        self.save(failed=failed)

    def _save_late(self) -> None:
        """Save what nobody saved, when the program ends; else the journal has it."""
        with contextlib.suppress(CassetteError):
            self.save()


class Hearing:
    """One answer as it is heard, until it has ended."""

    def __init__(
        self, tape: ChatTape, request: ChatRequest, clock: Callable[[], float]
    ) -> None:
        self._tape = tape
        self._request = request
        self._clock = clock
        self._began = 0.0
        self._steps: list[AIMessageChunk | Fault] = []
        self._times: list[int] = []
        self._at = ""
        self._is_over = False

    def begin(self) -> None:
        """The model is asked now."""
        self._began, self._at = self._clock(), self._tape.stamp()

    def heard(self, step: Step) -> None:
        """*step* came; pauses count by the clock."""
        if isinstance(step, Pause):
            return
        self._steps.append(step)
        self._times.append(max(0, round((self._clock() - self._began) * 1000)))
        self._is_over = isinstance(step, Fault) or step.chunk_position is not None

    def failed(self, error: ModelError) -> None:
        """The model raised *error*."""
        self.heard(_fault_of(error))
        self.end("complete")

    def end(self, ended: Ending) -> None:
        """The answer has ended so, unless it had before; or nobody reads on."""
        if self._is_over:
            ended = "complete"
        if ended != "complete" and not self._steps:
            self.drop()
            return
        self._tape.ended(
            self,
            conversation(
                self._request,
                self._steps,
                self._times,
                ended=ended,
                recorded_at=self._at,
            ),
        )

    def drop(self, error: BaseException | None = None) -> None:
        """This is not to be recorded: nothing came, or what came is no answer."""
        if error is not None:
            self._tape.notes.append(
                f"An answer is not recorded, since it failed otherwise than a "
                f"provider does: {error!r}"
            )
        self._tape.ended(self, None)


def _fault_of(error: ModelError) -> Fault:
    """The fault as which *error* is played."""
    status, after = error.status, error.retry_after
    lawful = type(status) is int and 400 <= status <= 599
    kinds: list[FaultKind] = [kind for cls, kind in _KINDS if isinstance(error, cls)]
    return Fault(
        str(error).removesuffix(f" [status {status}]"),
        kind=kinds[0] if kinds else "server",
        status=status if lawful else None,
        retry_after=after if isinstance(after, int | float) and after >= 0 else None,
    )
