"""Cassettes around code: `with`, `async with`, or a decorator."""

import functools
import inspect
import warnings
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, TypeVar, Unpack, cast

from harness.cassettes.folders import cassette_path
from harness.cassettes.settings import TapeOptions
from harness.cassettes.tape import Tape
from harness.cassettes.timing import Timing, read_speed
from harness.errors import (
    CassetteError,
    CassetteWarning,
    InputError,
    NetworkBlocked,
    UnrecordedRequest,
    nearest,
    shown,
)
from harness.models.clocks import Clock, RealClock, given_clock
from harness.paths import StrPath
from harness.recording import routing
from harness.recording.opened import OpenCassette
from harness.recording.playback import Playback, RetryAfter
from harness.recording.routing import inside
from harness.recording.stubs import PATCHES

__all__ = ["use_cassette"]

F = TypeVar("F", bound=Callable[..., Any])


class use_cassette:  # noqa: N801  (it is called like a function)
    """Record the HTTP traffic of a block, or answer it from the cassette *name*.

    *name* is that of a file below ``cassettes/`` (or *directory*), or a path. *mode*
    says what may be recorded; by default nothing. More *options* are those of the
    tape: see `TapeOptions`.

    Answers come at once, or as *timing* says: "recorded", or how many times as fast;
    *replay_clock* is what waits then. A client that is told to try again later does so
    at once, unless *retry_after* is "recorded".

    ``with use_cassette("weather") as tape:`` gives the `Tape`. As a decorator it opens
    the cassette for each call anew: of functions, coroutines and generators; a
    generator has it while it runs, its reader has not.

    At the end of a block that went well, what was missed is raised once more, lest an
    application has swallowed it (`tape.misses.clear()` says that it was expected), and
    drift is a CassetteError.

    Raises CassetteError for a file that cannot be read or saved, and InputError.

    >>> with use_cassette("weather") as tape:
    ...     tape.path.name, len(tape.interactions)
    ('weather.yaml', 5)
    """

    def __init__(
        self,
        name: StrPath,
        mode: str | None = None,
        *,
        directory: StrPath | None = None,
        timing: Timing = "instant",
        retry_after: RetryAfter = "now",
        replay_clock: Clock | None = None,
        **options: Unpack[TapeOptions],
    ) -> None:
        if retry_after not in {"now", "recorded"}:
            known = nearest(str(retry_after), ["now", "recorded"])
            raise InputError(f"retry_after={shown(retry_after)}. {known}")
        self.path = cassette_path(name, directory)
        self.mode = mode or "none"
        self._options = options
        self._playback = Playback(
            speed=read_speed(timing),
            clock=given_clock(replay_clock or RealClock()),
            keep_retry_after=retry_after == "recorded",
        )
        self._entered: list[OpenCassette] = []

    # ---------------------------------------------------------------- blocks

    def __enter__(self) -> Tape:
        opened = self._open()
        routing.enter(opened)
        self._entered.append(opened)
        return opened.tape

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        here = routing.entered()
        mine = [one for one in self._entered if one is here]
        (opened,) = mine or self._entered[-1:]
        self._entered.remove(opened)
        _close(opened, error)

    async def __aenter__(self) -> Tape:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def _open(self) -> OpenCassette:
        tape = Tape(self.path, self.mode, **self._options)
        PATCHES.hold()
        return routing.put_in(OpenCassette(tape=tape, playback=self._playback))

    @contextmanager
    def _opened(self) -> Generator[OpenCassette]:
        """The cassette, open for nobody yet: for what runs inside it."""
        opened = self._open()
        try:
            yield opened
        except GeneratorExit:  # its reader wants no more: that is no failure
            _close(opened, None)
            raise
        except BaseException as error:
            _close(opened, error)
            raise
        _close(opened, None)

    # ------------------------------------------------------------- decorator

    def __call__(self, function: F) -> F:
        """*function*, each call of which has the cassette open."""
        if isinstance(function, type) or not callable(function):
            raise InputError(
                f"{shown(function)} cannot have a cassette: decorate a function, or "
                "the methods of the class."
            )
        if inspect.isasyncgenfunction(function):
            around = self._around_async_generator(function)
        elif inspect.isgeneratorfunction(function):
            around = self._around_generator(function)
        elif inspect.iscoroutinefunction(function):
            around = self._around_coroutine(function)
        else:
            around = self._around_function(function)
        return cast("F", functools.update_wrapper(around, function))

    def _around_function(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            with self._opened() as opened, inside(opened):
                return function(*args, **kwargs)

        return called

    def _around_coroutine(self, function: Callable[..., Any]) -> Callable[..., Any]:
        async def called(*args: Any, **kwargs: Any) -> Any:
            with self._opened() as opened, inside(opened):
                return await function(*args, **kwargs)

        return called

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            with self._opened() as opened:
                running: Generator[Any, Any, Any] = function(*args, **kwargs)
                step: Callable[[Any], Any] = running.send
                given: Any = None
                while True:
                    try:
                        with inside(opened):
                            said = step(given)
                    except StopIteration as ended:
                        return ended.value
                    try:
                        given = yield said
                        step = running.send
                    except GeneratorExit:
                        with inside(opened):
                            running.close()
                        raise
                    except BaseException as error:  # noqa: BLE001  (it goes in there)
                        step, given = running.throw, error

        return called

    def _around_async_generator(
        self, function: Callable[..., Any]
    ) -> Callable[..., Any]:
        async def called(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
            with self._opened() as opened:
                running: AsyncGenerator[Any, Any] = function(*args, **kwargs)
                step: Callable[[Any], Any] = running.asend
                given: Any = None
                while True:
                    try:
                        with inside(opened):
                            said = await step(given)
                    except StopAsyncIteration:
                        return
                    try:
                        given = yield said
                        step = running.asend
                    except GeneratorExit:
                        with inside(opened):
                            await running.aclose()
                        raise
                    except BaseException as error:  # noqa: BLE001  (it goes in there)
                        step, given = running.athrow, error

        return called


def _close(opened: OpenCassette, error: BaseException | None) -> None:
    """Close it, and tell what the user has to know; *error* ended its block."""
    tape = opened.tape
    try:
        tape.close(failed=error is not None)
    finally:
        routing.put_away(opened)
        PATCHES.release()
    if error is not None:
        _add_notes(error, tape)
        return
    for note in tape.notes:
        warnings.warn(note, CassetteWarning, stacklevel=3)
    if tape.misses:
        first, *others = tape.misses
        missed = UnrecordedRequest(first)
        missed.add_note("It is raised again at the end: it may have been swallowed.")
        for miss in others:
            missed.add_note(f"Missed as well: {miss}")
        raise missed
    if tape.drift:
        told = "".join(f"\n  {one}" for one in tape.drift)
        raise CassetteError(f"{tape.path}: the answers are not what they were:{told}")


def _add_notes(error: BaseException, tape: Tape) -> None:
    known = error.miss if isinstance(error, UnrecordedRequest) else None
    blocked = str(error) if isinstance(error, NetworkBlocked) else None
    for miss in tape.misses:
        if miss is not known and str(miss) != blocked:
            error.add_note(f"{tape.path} missed: {miss}")
    for note in (*tape.drift, *tape.notes):
        error.add_note(note)
