"""Steps acted out in Python: chunks are given on, pauses waited, faults raised."""

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import Any

from harness.chunks import AIMessageChunk
from harness.errors import InputError, InterruptedStreamError, shown
from harness.messages import AIMessage
from harness.models.clocks import Clock
from harness.models.runs import Run
from harness.requests import ChatRequest
from harness.steps import Fault, Pause, Step, fault_error

__all__ = ["Playback", "aplayed", "asynchronous", "played"]


class Playback:
    """The answer to one request as it comes in; listened to once."""

    __slots__ = (
        "_announced",
        "_message",
        "clock",
        "live",
        "request",
        "run",
        "seen",
        "steps",
    )

    def __init__(
        self,
        run: Run,
        request: ChatRequest,
        steps: Any,
        clock: Clock,
        *,
        live: bool = False,
    ) -> None:
        self.run = run
        self.request = request
        self.steps = steps
        self.clock = clock
        #: Whether the steps take time of their own, which no pause tells of.
        self.live = live and not clock.virtual
        self.seen: list[AIMessageChunk] = []
        self._message: AIMessage | None = None
        self._announced = False

    def message(self) -> AIMessage:
        """The finished message; all chunks must have come."""
        if self._message is None:
            self._message = _summed(self.seen)
        return self._message

    def begin(self) -> None:
        """Count pauses from now on: the run was opened before its turn came.

        Under a virtual clock all of a batch begin at once, whatever thread comes first.
        """
        if not self.clock.virtual:
            self.run.started = self.clock.now()

    def announce(self) -> None:
        """Tell the callbacks that the run begins, if they do not know."""
        if not self._announced:
            self._announced = True
            self.run._start(self.request.messages)

    async def aannounce(self) -> None:
        """The same in a task."""
        if not self._announced:
            self._announced = True
            await self.run._astart(self.request.messages)

    def chunks(self) -> Generator[AIMessageChunk]:
        """The chunks as they come, the last of them marked so."""
        chunks = self._chunks()
        return self._told(chunks) if self.run.handlers else chunks

    def achunks(self) -> AsyncGenerator[AIMessageChunk]:
        """The same in a task."""
        chunks = self._achunks()
        return self._atold(chunks) if self.run.handlers else chunks

    def _chunks(self) -> Generator[AIMessageChunk]:
        keep, name = self.seen.append, ""
        try:
            for step in played(self.steps, self.run.model):
                if isinstance(step, AIMessageChunk):
                    if not self.seen:  # the first names all
                        name = step.id or f"run-{self.run.run_id}"
                    chunk = step.identified(name)
                    keep(chunk)
                    yield chunk
                else:
                    self.clock.sleep_until(self._pause(step))
            if (ending := self._ending(name)) is not None:
                keep(ending)
                yield ending
        finally:
            if (close := getattr(self.steps, "close", None)) is not None:
                close()

    async def _achunks(self) -> AsyncGenerator[AIMessageChunk]:
        keep, name = self.seen.append, ""
        try:
            async for step in aplayed(self.steps, self.run.model):
                if isinstance(step, AIMessageChunk):
                    if not self.seen:  # the first names all
                        name = step.id or f"run-{self.run.run_id}"
                    chunk = step.identified(name)
                    keep(chunk)
                    yield chunk
                else:
                    await self.clock.asleep_until(self._pause(step))
            if (ending := self._ending(name)) is not None:
                keep(ending)
                yield ending
        finally:
            if (close := getattr(self.steps, "aclose", None)) is not None:
                await close()

    def _told(self, chunks: Generator[AIMessageChunk]) -> Generator[AIMessageChunk]:
        """*chunks*, with all callbacks told of the run."""
        run, tokens = self.run, self.request.stream
        try:
            self.announce()
            for chunk in chunks:
                if tokens:
                    run._token(chunk)
                yield chunk
            run._end(self.message())
        except BaseException as error:
            chunks.close()
            run._fail(error)
            raise

    async def _atold(
        self, chunks: AsyncGenerator[AIMessageChunk]
    ) -> AsyncGenerator[AIMessageChunk]:
        run, tokens = self.run, self.request.stream
        try:
            await self.aannounce()
            async for chunk in chunks:
                if tokens:
                    await run._atoken(chunk)
                yield chunk
            await run._aend(self.message())
        except BaseException as error:
            await chunks.aclose()
            await run._afail(error)
            raise

    def _pause(self, step: object) -> float:
        """When to go on after *step*, which is no chunk; a fault is raised."""
        match step:
            case Pause(seconds):
                if self.live:
                    passed = self.clock.now() - self.run.started
                    self.run.elapsed = max(self.run.elapsed, passed)
                self.run.elapsed += seconds
                return self.run.started + self.run.elapsed
            case Fault():
                raise fault_error(step, _summed(self.seen) if self.seen else None)
            case _:
                raise InputError(
                    f"{self.run.model}.play() yielded {shown(step)} "
                    f"({type(step).__name__}). It yields AIMessageChunk, Pause and "
                    "Fault."
                )

    def _ending(self, name: str) -> AIMessageChunk | None:
        """The chunk that ends a stream whose source did not end it."""
        if not self.seen:
            raise InterruptedStreamError(
                f"{self.run.model}.play() ended without a chunk: there is no answer."
            )
        if not self.request.stream:
            return None
        if any(chunk.chunk_position for chunk in reversed(self.seen)):
            return None
        return AIMessageChunk(id=name, chunk_position="last")


def _summed(chunks: list[AIMessageChunk]) -> AIMessage:
    first, *rest = chunks
    return sum(rest, first).to_message()


def played(steps: Any, name: str) -> Iterator[Step]:
    """*steps*, checked to be something that can be iterated over."""
    if hasattr(steps, "__iter__") and not isinstance(steps, str | bytes):
        return iter(steps)
    raise _not_steps(
        steps, f"{name}.play()", "an iterator of steps; it is no coroutine"
    )


def aplayed(steps: Any, name: str) -> AsyncIterator[Step]:
    """The same of what ``aplay`` gave."""
    if hasattr(steps, "__aiter__"):
        return aiter(steps)
    raise _not_steps(steps, f"{name}.aplay()", "an async iterator of steps")


def _not_steps(steps: Any, place: str, wanted: str) -> InputError:
    if inspect.iscoroutine(steps):
        steps.close()
    return InputError(
        f"{place} returned {shown(steps)} ({type(steps).__name__}). It gives {wanted}."
    )


_END = object()


async def asynchronous(
    steps: Iterator[Step], name: str, *, blocking: bool
) -> AsyncGenerator[Step]:
    """*steps* for async callers; those that block are taken in threads."""
    try:
        iterator = played(steps, name)
        if not blocking:
            for step in iterator:
                yield step
            return
        import asyncio

        while (step := await asyncio.to_thread(_next, iterator)) is not _END:
            yield step
    finally:
        # After a cancellation a thread may still run them; then they close with it.
        close = getattr(steps, "close", None)
        if close is not None and not getattr(steps, "gi_running", False):
            close()


def _next(iterator: Iterator[Step]) -> Any:
    return next(iterator, _END)
