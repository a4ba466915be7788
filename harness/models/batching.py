"""Many runs at once, with answers in an order that can be relied on.

Jobs are opened in input order before any of them runs, so a script deals its turns by
position. Under a virtual clock, answers "as completed" come in the order of that clock.
"""

import asyncio
import contextvars
import heapq
import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext
from typing import Any, Generic, Protocol, TypeVar

from harness.messages import AIMessage
from harness.models.playback import Playback

__all__ = ["Job", "abatch", "abatch_as_completed", "batch", "batch_as_completed"]

T = TypeVar("T")


class Job(Generic[T]):
    """One run of a batch; *opened* is its playback, or why there is none."""

    def __init__(
        self, opened: Playback | Exception, finish: Callable[[AIMessage], T]
    ) -> None:
        self._opened = opened
        self._finish = finish

    @property
    def elapsed(self) -> float:
        """Seconds of pauses that the run has taken."""
        return 0.0 if isinstance(self._opened, Exception) else self._opened.run.elapsed

    def ended(self, moment: float) -> None:
        """Let the virtual clock know that the run ended at *moment* of its batch."""
        if isinstance(self._opened, Playback):
            self._opened.clock.sleep_until(self._opened.run.started + moment)

    def run(self) -> T | Exception:
        """The answer, or the exception that it ended in."""
        if isinstance(self._opened, Exception):
            return self._opened
        self._opened.begin()
        try:
            for _ in self._opened.chunks():
                pass
            return self._finish(self._opened.message())
        except Exception as error:  # noqa: BLE001 - the caller asked for it or raises it
            return error

    async def arun(self) -> T | Exception:
        """The same in a task."""
        if isinstance(self._opened, Exception):
            return self._opened
        self._opened.begin()
        try:
            async for _ in self._opened.achunks():
                pass
            return self._finish(self._opened.message())
        except Exception as error:  # noqa: BLE001 - the caller asked for it or raises it
            return error


class Plan(Protocol):
    """How a batch is to be run."""

    @property
    def lanes(self) -> int | None:
        """How many may run at once; None: as many as make sense."""
        ...

    @property
    def keep(self) -> bool:
        """Whether exceptions are answers (``return_exceptions``)."""
        ...

    @property
    def virtual(self) -> bool:
        """Whether the models' clock is virtual."""
        ...

    @property
    def progress(self) -> bool:
        """Whether to show a progress bar."""
        ...


def batch(jobs: Sequence[Job[T]], plan: Plan) -> list[Any]:
    """The answers in input order. Raises the first exception in input order."""
    answers: list[Any] = [None] * len(jobs)
    for n, answer in _threaded(jobs, plan, stop=not plan.keep):
        answers[n] = answer
    return _answers(jobs, plan, answers)


def _answers(jobs: Sequence[Job[T]], plan: Plan, answers: list[Any]) -> list[Any]:
    if plan.virtual:
        _moments(jobs, plan)
    if not plan.keep:
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
    return answers


def batch_as_completed(
    jobs: Sequence[Job[T]], plan: Plan
) -> Generator[tuple[int, Any]]:
    """``(index, answer)`` as the answers come. Raises an exception when it comes."""
    done = _threaded(jobs, plan, stop=not plan.keep and not plan.virtual)
    for n, answer in _by_clock(jobs, plan, list(done)) if plan.virtual else done:
        if isinstance(answer, Exception) and not plan.keep:
            raise answer
        yield n, answer


def _threaded(
    jobs: Sequence[Job[T]], plan: Plan, *, stop: bool
) -> Iterator[tuple[int, T | Exception]]:
    """Run *jobs* in threads; with *stop*, none is begun after one has failed."""
    with _bar(plan, len(jobs)) as advance:
        if len(jobs) == 1:
            yield 0, jobs[0].run()
            advance()
            return
        lanes = plan.lanes or min(32, (os.cpu_count() or 1) + 4)
        with ThreadPoolExecutor(max_workers=min(lanes, len(jobs) or 1)) as pool:
            futures: dict[Future[T | Exception], int] = {}
            waiting = iter(range(len(jobs)))

            def begin(count: int) -> None:
                for _, n in zip(range(count), waiting, strict=False):
                    context = contextvars.copy_context()
                    futures[pool.submit(context.run, jobs[n].run)] = n

            begin(lanes)
            while futures:
                done, _ = wait(futures, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=futures.__getitem__):
                    answer = future.result()
                    if isinstance(answer, Exception) and stop:
                        waiting = iter(())
                    begin(1)
                    yield futures.pop(future), answer
                    advance()


async def abatch(jobs: Sequence[Job[T]], plan: Plan) -> list[Any]:
    """The answers in input order. Raises the first exception in input order."""
    answers: list[Any] = [None] * len(jobs)
    async for n, answer in _tasked(jobs, plan, stop=not plan.keep):
        answers[n] = answer
    return _answers(jobs, plan, answers)


async def abatch_as_completed(
    jobs: Sequence[Job[T]], plan: Plan
) -> AsyncGenerator[tuple[int, Any]]:
    """``(index, answer)`` as the answers come. Raises an exception when it comes."""
    done = _tasked(jobs, plan, stop=not plan.keep and not plan.virtual)
    if plan.virtual:
        for n, answer in _by_clock(jobs, plan, [pair async for pair in done]):
            if isinstance(answer, Exception) and not plan.keep:
                raise answer
            yield n, answer
        return
    try:
        async for n, answer in done:
            if isinstance(answer, Exception) and not plan.keep:
                raise answer
            yield n, answer
    finally:
        await done.aclose()


async def _tasked(
    jobs: Sequence[Job[T]], plan: Plan, *, stop: bool
) -> AsyncGenerator[tuple[int, T | Exception]]:
    """Run *jobs* in tasks that begin in input order; *stop* as in `_threaded`."""
    tasks: dict[asyncio.Task[T | Exception], int] = {}
    waiting = iter(range(len(jobs)))

    def begin(count: int) -> None:
        for _, n in zip(range(count), waiting, strict=False):
            tasks[asyncio.create_task(jobs[n].arun())] = n

    try:
        with _bar(plan, len(jobs)) as advance:
            begin(plan.lanes or len(jobs))
            while tasks:
                done, _ = await asyncio.wait(tasks, return_when="FIRST_COMPLETED")
                for task in sorted(done, key=tasks.__getitem__):
                    answer = task.result()
                    if isinstance(answer, Exception) and stop:
                        waiting = iter(())
                    begin(1)
                    yield tasks.pop(task), answer
                    advance()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _by_clock(
    jobs: Sequence[Job[T]], plan: Plan, done: list[tuple[int, Any]]
) -> list[tuple[int, Any]]:
    """*done* in the order in which a real clock would have seen it."""
    answers = dict(done)
    return [(n, answers[n]) for _, n in sorted(_moments(jobs, plan))]


def _moments(jobs: Sequence[Job[T]], plan: Plan) -> list[tuple[float, int]]:
    """When each of *jobs* ended by a virtual clock, had each lane run one at a time."""
    lanes = [0.0] * min(plan.lanes or len(jobs), len(jobs))
    moments: list[tuple[float, int]] = []
    for n, job in enumerate(jobs):
        moment = heapq.heappop(lanes) + job.elapsed
        heapq.heappush(lanes, moment)
        job.ended(moment)
        moments.append((moment, n))
    return moments


def _bar(plan: Plan, total: int) -> Any:
    if not plan.progress:
        return nullcontext(lambda: None)
    from harness.models.progress import progress_bar

    return progress_bar(total)
