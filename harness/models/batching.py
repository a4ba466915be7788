"""Many runs at once, with answers in an order that can be relied on.

Jobs are opened in input order before any of them runs, so a script deals its turns by
position. Under a virtual clock, answers "as completed" come in the order of that clock.
"""

import heapq
import os
from collections.abc import (
    AsyncGenerator,
    Callable,
    Generator,
    Mapping,
    Sequence,
)
from concurrent.futures import Executor, Future, wait
from contextlib import closing, nullcontext
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

from harness.messages import AIMessage
from harness.models.places import Place, Threads, place_for
from harness.models.playback import Playback

if TYPE_CHECKING:
    from asyncio import Task

__all__ = ["Job", "abatch", "abatch_as_completed", "batch", "batch_as_completed"]

T = TypeVar("T")


class Job(Generic[T]):
    """One run of a batch; *opened* is its playback, or why there is none."""

    def __init__(
        self, opened: Playback | Exception, finish: Callable[[AIMessage], T]
    ) -> None:
        self.opened = opened
        self._finish = finish

    @property
    def elapsed(self) -> float:
        """Seconds of pauses that the run has taken."""
        return 0.0 if isinstance(self.opened, Exception) else self.opened.run.elapsed

    def ended(self, moment: float) -> None:
        """Let the virtual clock know that the run ended at *moment* of its batch."""
        if isinstance(self.opened, Playback):
            self.opened.clock.sleep_until(self.opened.run.started + moment)

    def run(self) -> T | Exception:
        """The answer, or the exception that it ended in."""
        if isinstance(self.opened, Exception):
            return self.opened
        self.opened.begin()
        try:
            for _ in self.opened.chunks():
                pass
            return self._finish(self.opened.message())
        except Exception as error:  # noqa: BLE001 - the caller asked for it or raises it
            return error

    async def arun(self) -> T | Exception:
        """The same in a task."""
        if isinstance(self.opened, Exception):
            return self.opened
        self.opened.begin()
        try:
            async for _ in self.opened.achunks():
                pass
            return self._finish(self.opened.message())
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
    def executor(self) -> Executor | None:
        """What runs it in place of threads or tasks of ours."""
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
    stop = not plan.keep and not plan.virtual
    with closing(_threaded(jobs, plan, stop=stop)) as done:
        for n, answer in _by_clock(jobs, plan, list(done)) if plan.virtual else done:
            if isinstance(answer, Exception) and not plan.keep:
                raise answer
            yield n, answer


def _threaded(
    jobs: Sequence[Job[T]], plan: Plan, *, stop: bool
) -> Generator[tuple[int, Any]]:
    """Run *jobs* in threads; with *stop*, none is begun after one has failed."""
    place = place_for(jobs, plan.executor)
    with _bar(plan, len(jobs)) as advance:
        if place is not None:
            lanes = plan.lanes or len(jobs)
            yield from _running(jobs, place, lanes, advance, stop=stop)
        elif len(jobs) == 1:
            yield 0, jobs[0].run()
            advance()
        else:
            lanes = plan.lanes or min(32, (os.cpu_count() or 1) + 4)
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(max_workers=min(lanes, len(jobs) or 1)) as pool:
                yield from _running(jobs, Threads(pool), lanes, advance, stop=stop)


def _running(
    jobs: Sequence[Job[T]],
    place: Place,
    lanes: int,
    advance: Callable[[], None],
    *,
    stop: bool,
) -> Generator[tuple[int, Any]]:
    """Run *jobs* in *place*, *lanes* at once; what had begun has ended at the end."""
    done: SimpleQueue[Future[Any]] = SimpleQueue()
    running: dict[Future[Any], int] = {}
    waiting = iter(range(len(jobs)))

    def begin(count: int) -> None:
        for _, n in zip(range(count), waiting, strict=False):
            future = place.submit(jobs[n])
            running[future] = n
            future.add_done_callback(done.put)

    try:
        begin(lanes)
        while running:
            for future in sorted(_taken(done, running), key=running.__getitem__):
                n = running.pop(future)
                answer = place.answer(jobs[n], future)
                del future  # Dask asks again for what is lost and somebody still holds
                if isinstance(answer, Exception) and stop:
                    waiting = iter(())
                    _cancel(running, after=n)
                begin(1)
                yield n, answer
                advance()
    finally:
        _cancel(running)
        wait(running)


def _taken(
    done: "SimpleQueue[Future[Any]]", running: dict[Future[Any], int]
) -> list[Future[Any]]:
    """All of *running* that is done, once something is; what was cancelled is not."""
    found = [done.get(), *(done.get() for _ in range(done.qsize()))]
    return [future for future in found if future in running]


def _cancel(running: dict[Future[Any], int], *, after: int = -1) -> None:
    """Drop what has not begun, of the jobs after that number.

    Those before it may have errors that come first.
    """
    for future in [one for one, n in running.items() if n > after]:
        if future.cancel():
            del running[future]


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
    import asyncio

    place, stopped = place_for(jobs, plan.executor), False
    tasks: dict[asyncio.Task[T | Exception], int] = {}
    waiting = iter(range(len(jobs)))

    def begin(count: int) -> None:
        for _, n in zip(range(count), waiting, strict=False):
            run = jobs[n].arun() if place is None else place.aanswer(jobs[n])
            tasks[asyncio.create_task(run)] = n

    try:
        with _bar(plan, len(jobs)) as advance:
            begin(plan.lanes or len(jobs))
            while tasks:
                done, _ = await asyncio.wait(tasks, return_when="FIRST_COMPLETED")
                for task in sorted(done, key=tasks.__getitem__):
                    n = tasks.pop(task)
                    if stopped and task.cancelled():
                        continue
                    answer = task.result()
                    if isinstance(answer, Exception) and stop:
                        waiting = iter(())
                        stopped = place is not None
                        _drop(tasks if stopped else {}, n)
                    begin(1)
                    yield n, answer
                    advance()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _drop(tasks: Mapping["Task[Any]", int], number: int) -> None:
    """Cancel those that wait for the executor, behind the job of that *number*."""
    for task, n in tasks.items():
        if n > number:
            task.cancel()


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
