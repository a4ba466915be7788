"""Where the runs of a batch are played: in an executor's threads, or by its workers."""

import contextvars
from collections.abc import Sequence
from concurrent import futures
from concurrent.futures import Executor, Future
from typing import Any, Protocol

from harness.models.parcels import Sent, lost, play_parcel, refused
from harness.models.playback import Playback

__all__ = ["Place", "Threads", "Workers", "place_for", "shares_memory"]


class Runs(Protocol):
    """What is used of a job of a batch."""

    @property
    def opened(self) -> Playback | Exception:
        """The playback of its run, or why there is none."""
        ...

    def run(self) -> Any:
        """The answer, or the exception that it ended in."""
        ...

    async def arun(self) -> Any:
        """The same in a task."""
        ...


class Threads:
    """Threads of this process: whole jobs run there, each in a copy of the context."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def submit(self, job: Runs) -> Future[Any]:
        """Let *job* run."""
        try:
            return self._executor.submit(contextvars.copy_context().run, job.run)
        except Exception as error:  # noqa: BLE001 - it is shut down, or broken
            return _with(refused(error))

    def answer(self, job: Runs, future: Future[Any]) -> Any:
        """What *job* has answered in the end, or the exception that it ended in."""
        del job
        return _outcome(future)

    async def aanswer(self, job: Runs) -> Any:
        """Both of it, in a task."""
        return _outcome(await _over(self.submit(job)))


class Workers:
    """Workers of any kind: the steps are played there, all else is done here."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def submit(self, job: Runs) -> Future[Any]:
        """Let *job* be played."""
        sent = job.opened
        if not isinstance(sent, Sent):
            return _with(None)
        try:
            sent.announce()
            return self._posted(sent)
        except Exception as error:  # noqa: BLE001 - the job answers it
            return _with(error)

    def answer(self, job: Runs, future: Future[Any]) -> Any:
        """What *job* has answered in the end, or the exception that it ended in."""
        if isinstance(job.opened, Sent):
            job.opened.take(_outcome(future))
        return job.run()

    async def aanswer(self, job: Runs) -> Any:
        """Both of it, in a task."""
        sent = job.opened
        if isinstance(sent, Sent):
            try:
                await sent.aannounce()
                sent.take(_outcome(await _over(self._posted(sent))))
            except Exception as error:  # noqa: BLE001 - the job answers it
                sent.take(error)
        return await job.arun()

    def _posted(self, sent: Sent) -> Future[Any]:
        parcel = sent.parcel()
        try:
            return self._executor.submit(play_parcel, *parcel)
        except Exception as error:  # noqa: BLE001 - it is shut down, or broken
            return _with(refused(error))


Place = Threads | Workers


def place_for(jobs: Sequence[Runs], executor: Executor | None) -> Place | None:
    """Where *jobs* run that were given *executor*; None: where they do without."""
    if executor is None:
        return None
    if shares_memory(executor):
        return Threads(executor)
    sent = any(isinstance(job.opened, Sent) for job in jobs)
    return Workers(executor) if sent else None


def shares_memory(executor: Executor | None) -> bool:
    """Whether *executor* has threads that see all that this process has."""
    # Python 3.14 has threads that do not: each with an interpreter of its own.
    others = getattr(futures, "InterpreterPoolExecutor", ())
    is_pool = isinstance(executor, futures.ThreadPoolExecutor)
    return is_pool and not isinstance(executor, others)


def _with(value: object) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_result(value)
    return future


def _outcome(future: Future[Any]) -> Any:
    """The result of *future*, which is done, or what the executor says of it."""
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - every executor has its own
        return lost(error)


async def _over(future: Future[Any]) -> Future[Any]:
    """*future* when it is done; cancelled if this task is."""
    import asyncio

    waiting = asyncio.wrap_future(future)
    try:
        await asyncio.wait({waiting})
    finally:
        if not waiting.done():
            waiting.cancel()
        elif not waiting.cancelled():
            waiting.exception()  # it was looked at: nothing is logged
    return future
