"""The four ways to ask many things at once, the same for all that can open runs."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from typing import Any

from harness.models import batching
from harness.models.batching import Job, Plan
from harness.models.config import ConfigLike

__all__ = ["Batches"]


class Batches(ABC):
    """What answers many inputs side by side."""

    @abstractmethod
    def _batched(
        self, inputs: Any, config: Any, params: Mapping[str, Any], *, tasks: bool
    ) -> list[Job[Any]]:
        """Open a run for each of *inputs*, in their order."""

    @abstractmethod
    def _plan(self, config: Any, *, keep: bool, progress: bool) -> Plan:
        """How the runs go together."""

    def batch(
        self,
        inputs: Sequence[object],
        config: ConfigLike | Sequence[ConfigLike] = None,
        *,
        return_exceptions: bool = False,
        progress: bool = False,
        **params: Any,
    ) -> list[Any]:
        """The answers to *inputs*, in their order, run side by side in threads.

        Raises the first error in input order, once what was running has ended; with
        *return_exceptions* errors stand among the answers. *progress* shows a bar.
        """
        jobs = self._batched(inputs, config, params, tasks=False)
        plan = self._plan(config, keep=return_exceptions, progress=progress)
        return batching.batch(jobs, plan)

    def batch_as_completed(
        self,
        inputs: Sequence[object],
        config: ConfigLike | Sequence[ConfigLike] = None,
        *,
        return_exceptions: bool = False,
        progress: bool = False,
        **params: Any,
    ) -> Generator[tuple[int, Any]]:
        """``(index, answer)`` for each input as its answer is complete; see `batch`."""
        jobs = self._batched(inputs, config, params, tasks=False)
        plan = self._plan(config, keep=return_exceptions, progress=progress)
        return batching.batch_as_completed(jobs, plan)

    async def abatch(
        self,
        inputs: Sequence[object],
        config: ConfigLike | Sequence[ConfigLike] = None,
        *,
        return_exceptions: bool = False,
        progress: bool = False,
        **params: Any,
    ) -> list[Any]:
        """`batch` with tasks in place of threads."""
        jobs = self._batched(inputs, config, params, tasks=True)
        plan = self._plan(config, keep=return_exceptions, progress=progress)
        return await batching.abatch(jobs, plan)

    def abatch_as_completed(
        self,
        inputs: Sequence[object],
        config: ConfigLike | Sequence[ConfigLike] = None,
        *,
        return_exceptions: bool = False,
        progress: bool = False,
        **params: Any,
    ) -> AsyncGenerator[tuple[int, Any]]:
        """`batch_as_completed` with tasks in place of threads."""
        jobs = self._batched(inputs, config, params, tasks=True)
        plan = self._plan(config, keep=return_exceptions, progress=progress)
        return batching.abatch_as_completed(jobs, plan)
