"""What an item of a batch costs in threads, in processes and on Dask.

Run with ``make bench``. CPU time of an item, in the caller and in the one worker that
there is, the least of a few rounds in which all take their turn: a fake, which stays
in the caller, and a live model that asks a server in a process of its own. Dask's
scheduler runs in the caller. Last, what it would cost to send a fake's steps.
"""

import gc
import logging
import multiprocessing
import pickle
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib.metadata import version

from harness import ChatModel, FakeChatModel, OpenAIChatModel, say

ITEMS = 100
ROUNDS = 3
WORDS = " ".join(f"word{n:03}" for n in range(50))
INPUTS = [f"What is the weather in town {n}?" for n in range(ITEMS)]
SERVER = f"""
from harness import FakeProvider, say
with FakeProvider(say({WORDS!r}, times="forever")).serve() as server:
    print(server.url, flush=True)
    input()
"""


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


def worked(executor: Executor | None, *, remote: bool) -> float:
    """How much CPU time its worker has taken."""
    if executor is None or not remote:
        return 0.0
    if type(executor).__module__.startswith("distributed"):
        return executor.submit(time.process_time, pure=False).result()
    return executor.submit(time.process_time).result()


def cost(
    model: ChatModel, executor: Executor | None, *, remote: bool
) -> tuple[float, float]:
    """The CPU time of an item: in the caller, and in the worker."""
    config = {"executor": executor, "max_concurrency": 4}
    gc.collect()
    there, here = worked(executor, remote=remote), time.process_time()
    model.batch(INPUTS, config)
    here = time.process_time() - here
    return here / ITEMS, (worked(executor, remote=remote) - there) / ITEMS


def fake() -> ChatModel:
    """A fake with one turn."""
    return FakeChatModel(say(WORDS, times="forever"))


def sending() -> Iterator[tuple[str, float]]:
    """What it costs to play a turn, and to send its steps."""
    model = fake()
    assert isinstance(model, FakeChatModel)
    request = model.binding.request(INPUTS[0], stream=False)
    steps = [*model.script.play(request)]
    yield "play it", timed(lambda: [*model.script.play(request)])
    yield (
        "pickle and unpickle its steps",
        timed(lambda: pickle.loads(pickle.dumps(steps))),
    )


def timed(work: Callable[[], object]) -> float:
    """The CPU time of *work*, the least of a few."""
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(ITEMS):
            work()
        taken.append((time.process_time() - start) / ITEMS)
    return min(taken)


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


def main() -> None:
    """Print the tables."""
    with ExitStack() as stack:
        url = stack.enter_context(served())
        spawn = multiprocessing.get_context("spawn")
        places: dict[str, tuple[Executor | None, bool]] = {
            "no executor": (None, False),
            "ThreadPoolExecutor": (stack.enter_context(ThreadPoolExecutor(1)), False),
            "ProcessPoolExecutor": (
                stack.enter_context(ProcessPoolExecutor(1, mp_context=spawn)),
                True,
            ),
            "Dask": (dask(stack), True),
        }
        live = OpenAIChatModel("m", base_url=f"{url}/v1", api_key="k", timeout=30)
        models = {"a fake": fake(), "a live model": live}
        print(
            f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, CPython "
            f"{platform.python_version()}, distributed {version('distributed')}; CPU "
            f"time of an item, {ITEMS} a batch, 4 at once"
        )
        print("\n| item | executor | caller | worker |\n|---|---|---:|---:|")
        for what, model in models.items():
            taken: dict[str, list[tuple[float, float]]] = {name: [] for name in places}
            for _ in range(ROUNDS):
                for name, (executor, remote) in places.items():
                    taken[name].append(cost(model, executor, remote=remote))
            for name, found in taken.items():
                here, there = min(found)
                cells = f"{here * 1e6:,.0f} us | {there * 1e6:,.0f} us"
                print(f"| {what} | {name} | {cells} |", flush=True)
    print("\n| a fake's turn of 50 words | CPU |\n|---|---:|")
    for what, seconds in sending():
        print(f"| {what} | {seconds * 1e6:,.0f} us |")


if __name__ == "__main__":
    main()
