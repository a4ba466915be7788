"""An item of a batch, in threads, in processes and on Dask, beside no executor.

CPU time in the caller, and in the one worker that there is: of a fake, which stays in
the caller, and of a live model that asks a server in a process of its own. Dask's
scheduler runs in the caller. Last, what it would cost to send a fake's steps.
"""

import gc
import logging
import multiprocessing
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from machine import named
from measuring import rounds, side
from tables import OURS, Line, Subject

from harness import ChatModel, FakeChatModel, OpenAIChatModel, say

PEERS = ("distributed",)
ITEMS = 100
NONE = "no executor"
FAKE = "a fake"
WORDS = " ".join(f"word{n:03}" for n in range(50))
INPUTS = [f"What is the weather in town {n}?" for n in range(ITEMS)]
SERVER = f"""
from harness import FakeProvider, say
with FakeProvider(say({WORDS!r}, times="forever")).serve() as server:
    print(server.url, flush=True)
    input()
"""


def rows(*, quick: bool) -> Iterator[Line]:
    """The caller's cost and the worker's, and what sending costs."""
    count = 3 if quick else 5
    with ExitStack() as stack:
        url = stack.enter_context(served())
        places = [Place(NONE, None), *executors(stack)]
        live = OpenAIChatModel("m", base_url=f"{url}/v1", api_key="k", timeout=30)
        for what, model in ((FAKE, fake()), ("a live model", live)):
            taken: dict[str, list[tuple[float, float]]] = {}
            for _ in range(count + 1):
                for place in places:
                    taken.setdefault(place.name, []).append(place.cost(model))
            yield from told(what, taken)
    yield from sending(count)


def told(what: str, taken: dict[str, list[tuple[float, float]]]) -> Iterator[Line]:
    """Give the rows of a model; its first round does not count."""
    parts = {
        name: [[pair[place] for pair in pairs[1:]] for place in (0, 1)]
        for name, pairs in taken.items()
    }
    for name, (here, there) in parts.items():
        if name == NONE:
            continue
        subject = Subject("executors", f"{what}, {name}, caller")
        yield from subject.rows({OURS: here, NONE: parts[NONE][0]})
        if any(there) and what != FAKE:  # a fake stays in the caller
            subject = Subject("executors", f"{what}, {name}, worker")
            yield from subject.rows({OURS: there})


@contextmanager
def served() -> Iterator[str]:
    """Serve one answer, in a process of its own; give its URL."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate("\n")


@dataclass(frozen=True)
class Place:
    """Where items of a batch run."""

    name: str
    executor: Executor | None
    remote: bool = False

    def worked(self) -> float:
        """How much CPU time its worker has taken."""
        if self.executor is None or not self.remote:
            return 0.0
        if type(self.executor).__module__.startswith("distributed"):
            return self.executor.submit(time.process_time, pure=False).result()
        return self.executor.submit(time.process_time).result()

    def cost(self, model: ChatModel) -> tuple[float, float]:
        """The CPU time of an item: in the caller, and in the worker."""
        config = {"executor": self.executor, "max_concurrency": 4}
        gc.collect()
        there, here = self.worked(), time.process_time()
        model.batch(INPUTS, config)
        here = time.process_time() - here
        return here / ITEMS, (self.worked() - there) / ITEMS


def executors(stack: ExitStack) -> Iterator[Place]:
    """Start one of each kind, with one worker."""
    yield Place("threads", stack.enter_context(ThreadPoolExecutor(1)))
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(1, mp_context=spawn)
    yield Place("processes", stack.enter_context(pool), remote=True)
    yield Place(f"Dask {named('distributed')}", dask(stack), remote=True)


def dask(stack: ExitStack) -> Executor:
    """A cluster of one process."""
    import distributed

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    cluster = stack.enter_context(
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None
        )
    )
    client = stack.enter_context(distributed.Client(cluster))
    executor: Executor = client.get_executor()
    return executor


def fake() -> FakeChatModel:
    """A fake with one turn."""
    return FakeChatModel(say(WORDS, times="forever"))


def sending(count: int) -> Iterator[Line]:
    """What it costs to play a turn, and to send its steps."""
    model = fake()
    request = model.binding.request(INPUTS[0], stream=False)
    steps = [*model.script.play(request)]
    found = rounds(
        {
            "a fake's turn of 50 words, played": side(
                lambda: [*model.script.play(request)], ITEMS
            ),
            "the same, its steps pickled and read": side(
                lambda: pickle.loads(pickle.dumps(steps)), ITEMS
            ),
        },
        count,
        warm=1,
    )
    for what, taken in found.items():
        yield from Subject("executors", what).rows({OURS: taken})
