"""Trying again, and asking another model: players of what other players play.

A failed attempt leaves nothing behind: an answer that is wanted whole is held back
until it is complete; of a stream, only what fails before its first chunk is retried.
Errors of the test itself (a script or cassette that does not fit) are never retried.
"""

import copy
import random
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterator,
)
from dataclasses import dataclass
from typing import Any, Protocol, cast

from harness.chunks import AIMessageChunk
from harness.errors import CassetteError, InputError, ModelError, ScriptError, shown
from harness.models.binding import Binding
from harness.models.playback import aplayed, played
from harness.requests import ChatRequest
from harness.steps import Fault, Pause, Step, fault_error

__all__ = ["Attempt", "Fallback", "Player", "Retry", "RetryPolicy", "sent"]

_NEVER = (ScriptError, CassetteError, InputError)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Which errors are tried again, how often, and how long to wait before."""

    errors: tuple[type[Exception], ...] = (Exception,)
    attempts: int = 3
    wait: bool = True

    def __post_init__(self) -> None:
        errors = self.errors if isinstance(self.errors, tuple) else (self.errors,)
        if not all(isinstance(e, type) and issubclass(e, Exception) for e in errors):
            raise InputError(
                f"{shown(self.errors)} are no exceptions to handle; give a tuple of "
                "exception classes, such as (RateLimitError,)."
            )
        if type(self.attempts) is not int or self.attempts < 1:
            raise InputError(
                f"stop_after_attempt is {shown(self.attempts)}; give a whole number "
                "from 1 up."
            )

    def handles(self, error: Exception | None) -> bool:
        """Whether *error* is worth another attempt."""
        return isinstance(error, self.errors) and not isinstance(error, _NEVER)

    def pause(self, error: Exception | None, attempt: int) -> Pause:
        """The wait before the attempt after number *attempt*.

        As long as the provider asks, else 1, 2, 4 ... 60 seconds and up to one more,
        the same ones each time.
        """
        if not self.wait:
            return Pause(0)
        if isinstance(error, ModelError) and error.retry_after is not None:
            return Pause(error.retry_after)
        jitter = random.Random(attempt).random()  # noqa: S311 - not a secret
        return Pause(min(60.0, 2.0 ** (attempt - 1)) + jitter)


@dataclass(slots=True)
class Attempt:
    """What came of one attempt so far."""

    whole: bool
    held: list[Step]
    given: bool = False
    error: Exception | None = None
    fault: Fault | None = None

    def take(self, step: Step) -> bool:
        """Whether *step* may be given on now."""
        if isinstance(step, Fault):
            partial = None
            if chunks := [s for s in self.held if isinstance(s, AIMessageChunk)]:
                partial = sum(chunks[1:], chunks[0]).to_message()
            self.error, self.fault = fault_error(step, partial), step
            return False
        self.held.append(step)
        self.given = self.given or (isinstance(step, AIMessageChunk) and not self.whole)
        return not self.whole or isinstance(step, Pause)

    def answer(self) -> Iterator[Step]:
        """What was held back of the answer."""
        if self.whole:
            yield from (step for step in self.held if not isinstance(step, Pause))

    def end(self) -> Iterator[Step]:
        """The failure, for whoever asked."""
        if self.fault is None:
            raise self.error  # type: ignore[misc]  # set, for it failed
        yield from self.answer()
        yield self.fault


class Player(Protocol):
    """What answers requests with steps: a model, or one of the classes below."""

    def play(self, request: ChatRequest) -> Iterator[Step]:
        """The steps that answer *request*."""
        ...

    def aplay(self, request: ChatRequest) -> AsyncIterator[Step]:
        """The same for async callers."""
        ...


def sent(player: Player) -> Player | None:
    """What stands for *player* in another process; None where it has to stay here."""
    go: Callable[[], Player | None] | None = getattr(player, "_sent", None)
    return None if go is None else go()


class _Attempts(ABC):
    """Attempts at an answer, one after the other, until one succeeds."""

    def __init__(self, inner: Player) -> None:
        self.inner = inner

    @abstractmethod
    def further(
        self, failed: list["Attempt"], request: ChatRequest
    ) -> tuple[Player, ChatRequest, Pause] | None:
        """Who is asked what next, after which pause; None: nobody."""

    def _sent(self) -> Player | None:
        inner = sent(self.inner)
        if inner is None:
            return None
        changed = copy.copy(self)
        changed.inner = inner
        return changed

    def final(self, failed: list["Attempt"]) -> "Attempt":
        """Which of the failures is told when nobody is left to ask."""
        return failed[-1]

    def play(self, request: ChatRequest) -> Iterator[Step]:
        """The steps of the first attempt that succeeds."""
        return self._attempts(request, _opened(self.inner, request))

    def _attempts(self, request: ChatRequest, steps: Any) -> Generator[Step]:
        failed: list[Attempt] = []
        player = self.inner
        while True:
            attempt = Attempt(whole=not request.stream, held=[])
            try:
                for step in played(_steps(steps), _named(player)):
                    if attempt.take(step):
                        yield step
                    elif attempt.error is not None:
                        break
            except Exception as error:  # noqa: BLE001 - raised again by `end`
                attempt.error = error
            finally:
                if (close := getattr(steps, "close", None)) is not None:
                    close()
            if attempt.error is None:
                yield from attempt.answer()
                return
            failed.append(attempt)
            further = self.further(failed, request)
            if attempt.given or further is None:
                last = attempt if attempt.given else self.final(failed)
                yield from last.end()
                return
            player, asked, pause = further
            yield pause
            steps = _opened(player, asked)

    def aplay(self, request: ChatRequest) -> AsyncIterator[Step]:
        """The same in a task."""
        return self._aattempts(request, _aopened(self.inner, request))

    async def _aattempts(  # noqa: C901 - line by line `_attempts`, with awaits
        self, request: ChatRequest, steps: Any
    ) -> AsyncGenerator[Step]:
        failed: list[Attempt] = []
        player = self.inner
        while True:
            attempt = Attempt(whole=not request.stream, held=[])
            try:
                async for step in aplayed(_steps(steps), _named(player)):
                    if attempt.take(step):
                        yield step
                    elif attempt.error is not None:
                        break
            except Exception as error:  # noqa: BLE001 - raised again by `end`
                attempt.error = error
            finally:
                if (close := getattr(steps, "aclose", None)) is not None:
                    await close()
            if attempt.error is None:
                for step in attempt.answer():
                    yield step
                return
            failed.append(attempt)
            further = self.further(failed, request)
            if attempt.given or further is None:
                last = attempt if attempt.given else self.final(failed)
                for step in last.end():
                    yield step
                return
            player, asked, pause = further
            yield pause
            steps = _aopened(player, asked)


def _opened(player: Player, request: ChatRequest) -> Any:
    try:
        return player.play(request)
    except _NEVER:
        raise
    except Exception as error:  # noqa: BLE001 - an attempt that failed at once
        return error


def _aopened(player: Player, request: ChatRequest) -> Any:
    try:
        return player.aplay(request)
    except _NEVER:
        raise
    except Exception as error:  # noqa: BLE001 - an attempt that failed at once
        return error


def _steps(opened: Any) -> Any:
    if isinstance(opened, Exception):
        raise opened
    return opened


def _named(player: Player) -> str:
    return type(player).__name__


class Retry(_Attempts):
    """A player that is asked again when it fails."""

    def __init__(self, inner: Player, policy: RetryPolicy) -> None:
        super().__init__(inner)
        self.policy = policy

    def further(
        self, failed: list[Attempt], request: ChatRequest
    ) -> tuple[Player, ChatRequest, Pause] | None:
        """The same again, after a pause, while attempts are left."""
        error = failed[-1].error
        if len(failed) >= self.policy.attempts or not self.policy.handles(error):
            return None
        return self.inner, request, self.policy.pause(error, len(failed))


class Fallback(_Attempts):
    """A player with others behind it, each with what is bound to its model."""

    def __init__(
        self,
        inner: Player,
        others: tuple[tuple[Player, Binding], ...],
        policy: RetryPolicy,
    ) -> None:
        super().__init__(inner)
        self.others = others
        self.policy = policy

    def _sent(self) -> Player | None:
        changed = super()._sent()
        others = [(sent(player), binding) for player, binding in self.others]
        if changed is None or any(player is None for player, _ in others):
            return None
        cast("Fallback", changed).others = cast("Any", tuple(others))
        return changed

    def further(
        self, failed: list[Attempt], request: ChatRequest
    ) -> tuple[Player, ChatRequest, Pause] | None:
        """The next of the others."""
        if len(failed) > len(self.others) or not self.policy.handles(failed[-1].error):
            return None
        player, binding = self.others[len(failed) - 1]
        return player, binding.adopted(request), Pause(0)

    def final(self, failed: list[Attempt]) -> Attempt:
        """The first failure, that of the model which was asked; or one not handled."""
        return failed[0] if self.policy.handles(failed[-1].error) else failed[-1]
