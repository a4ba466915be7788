"""A chat model that is recorded while it answers, and replayed from then on."""

import copy
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterable, Iterator
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from harness.cassettes import CassetteSource
from harness.cassettes.chat_tape import ChatTape, Hearing
from harness.cassettes.folders import cassette_path
from harness.cassettes.settings import Redactor
from harness.errors import CassetteMiss, InputError, ModelError, shown
from harness.matching import DEFAULT_FIELDS
from harness.models import ChatModel
from harness.models.playback import aplayed, asynchronous, played
from harness.paths import StrPath
from harness.requests import ChatRequest
from harness.steps import Fault, Pause, Step

__all__ = ["RecordingChatModel"]


class RecordingChatModel(ChatModel):
    """*model*, recorded into the cassette *name*: ``cassettes/<name>.yaml``, or a path.

    *directory* stands for ``cassettes/``.
    Whatever the model is, its answers are passed on as they come, and recorded chunk by
    chunk, with requests as messages; errors too, and answers that were not read to
    their end. `ReplayChatModel` replays the cassette without the model. What *mode*
    does with a request:

    * "once" records if there is no cassette yet, else it replays,
    * "new_episodes" replays what was recorded, and records the rest,
    * "none" replays, and never asks the model; so does each mode where CI is set,
    * "all" and "rewrite" record everything again; what is not asked again stays in the
      one, and goes in the other.

    *match_on* says what makes requests the same, *redaction* what is hidden in the file
    besides keys and such. What is bound to the model holds here too, and what is bound
    to this one is recorded as well.

    Each answer is on the disk when it has ended; the cassette is saved by ``with``, by
    `save`, or when the program ends. What a failing ``with`` block recorded is kept
    aside, as ``<name>.failed.yaml``.
    """

    def __init__(
        self,
        model: ChatModel,
        name: StrPath,
        *,
        directory: StrPath | None = None,
        mode: str = "once",
        redaction: Redactor | None = None,
        match_on: Iterable[str] = DEFAULT_FIELDS,
    ) -> None:
        if not isinstance(model, ChatModel):
            raise InputError(f"{shown(model)} is no chat model that could be recorded.")
        #: The model that is asked.
        self.model = model
        self.path = cassette_path(name, directory)
        #: What is recorded, and what was: notes, misses.
        self.tape = ChatTape(self.path, mode, match_on=match_on, redaction=redaction)
        self.binding, self.config, self.clock = model.binding, model.config, model.clock
        self.blocking = model.blocking  # type: ignore[misc]  # this one blocks as that one does
        self._inner = model.player or model

    # ---------------------------------------------------------------- playing

    def play(self, request: ChatRequest) -> Iterator[Step]:
        """What was recorded for *request*, or what the model says. Or CassetteMiss."""
        known = self.tape.answer(request)
        if known is not None:
            return known
        hearing = self.tape.hearing(request, self.clock.now)
        return self._heard(self._begun(hearing, request, tasks=False), hearing)

    def aplay(self, request: ChatRequest) -> AsyncIterator[Step]:
        """The same in a task."""
        known = self.tape.answer(request)
        if known is not None:
            return asynchronous(known, type(self).__name__, blocking=False)
        hearing = self.tape.hearing(request, self.clock.now)
        return self._aheard(self._begun(hearing, request, tasks=True), hearing)

    def _sent(self) -> None:
        """Nothing: the cassette is open here."""

    def _begun(self, hearing: Hearing, request: ChatRequest, *, tasks: bool) -> Any:
        hearing.begin()
        try:
            return (self._inner.aplay if tasks else self._inner.play)(request)
        except BaseException as error:
            _ended_by(error, hearing)
            raise

    def _heard(self, steps: Any, hearing: Hearing) -> Generator[Step]:
        hearing.begin()
        try:
            for step in played(steps, type(self.model).__name__):
                _hear(step, hearing)
                yield step
        except BaseException as error:
            _ended_by(error, hearing)
            raise
        else:
            hearing.end("complete")
        finally:
            if (close := getattr(steps, "close", None)) is not None:
                close()

    async def _aheard(self, steps: Any, hearing: Hearing) -> AsyncGenerator[Step]:
        hearing.begin()
        try:
            async for step in aplayed(steps, type(self.model).__name__):
                _hear(step, hearing)
                yield step
        except BaseException as error:
            _ended_by(error, hearing)
            raise
        else:
            hearing.end("complete")
        finally:
            if (close := getattr(steps, "aclose", None)) is not None:
                await close()

    def new_run_id(self) -> UUID | str:
        """An id as the model gives them."""
        return self.model.new_run_id()

    # ---------------------------------------------------------------- looking

    @property
    def cassette(self) -> CassetteSource:
        """What had been recorded before, and what of it was played."""
        return self.tape.source

    @property
    def misses(self) -> list[CassetteMiss]:
        """The requests that were not recorded, and not asked of the model."""
        return self.tape.misses

    @property
    def notes(self) -> list[str]:
        """What there is to know besides: what was left over, or not recorded."""
        return self.tape.notes

    # ----------------------------------------------------------------- saving

    def save(self) -> None:
        """Save what was recorded so far; saving again adds what came since.

        Raises CassetteError if it cannot be saved, or would hold a secret.
        """
        self.tape.save()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.tape.close(failed=kind is not None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.tape.close(failed=kind is not None)

    def __deepcopy__(self, memo: object) -> Self:
        """A copy that records into the same, as every copy does."""
        return copy.copy(self)

    def __repr__(self) -> str:
        known, new = len(self.tape.source.recordings), len(self.tape.recorded)
        return (
            f"RecordingChatModel({self.model!r}, {str(self.path)!r}, "
            f"{self.tape.mode!r}: {known} known, {new} new)"
        )


def _hear(step: Any, hearing: Hearing) -> None:
    """Note *step*; what is none raises an InputError where it is read."""
    if hasattr(step, "model_dump") or isinstance(step, Fault | Pause):
        hearing.heard(step)


def _ended_by(error: BaseException, hearing: Hearing) -> None:
    """End what was heard, as *error* says."""
    match error:
        case ModelError():
            hearing.failed(error)
        case Exception():
            hearing.drop(error)
        case _:  # closed, cancelled or interrupted: nobody reads on
            hearing.end("truncated")
