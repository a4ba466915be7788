"""Each request finds the cassette that it belongs to, and never another one."""

import asyncio
import contextlib
import contextvars
import queue
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from harness.errors import UnrecordedRequest
from harness.recording import use_cassette

PATIENCE = 10.0


def in_thread(work: Callable[[], Any]) -> Any:
    """Run *work* in a thread of its own, and give or raise what comes of it."""
    done: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()

    def run() -> None:
        try:
            done.put((work(), None))
        except BaseException as error:  # noqa: BLE001  (it is raised below)
            done.put((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    said, error = done.get(timeout=PATIENCE)
    thread.join()
    if error is not None:
        raise error
    return said


class Worker:
    """A thread that was there before any cassette, and does what it is given."""

    def __init__(self) -> None:
        self._work: queue.Queue[Callable[[], object] | None] = queue.Queue()
        self._done: queue.Queue[object] = queue.Queue()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                self._done.put(work())
            except BaseException as error:  # noqa: BLE001  (it is the answer)
                self._done.put(error)

    def __call__(self, work: Callable[[], object]) -> Any:
        self._work.put(work)
        return self._done.get(timeout=PATIENCE)

    def end(self) -> None:
        self._work.put(None)
        self._thread.join()


@pytest.fixture
def worker() -> Iterator[Worker]:
    """Give a thread that knows of no cassette."""
    worker = Worker()
    yield worker
    worker.end()


@pytest.fixture
def ask(server: Any) -> Iterator[Callable[[str], str]]:
    """Give what asks the server, which echoes."""
    with httpx.Client() as client:
        yield lambda words: client.post(server.url, content=words.encode()).text


def bodies(tape: Any) -> list[bytes]:
    """Give what was asked and recorded."""
    return [one.request_body for one in tape.recorded]


def test_prompts_asked_at_once_get_their_own_answers(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """Ten at a time, in whatever order they were answered."""

    async def ask_all(order: list[int]) -> dict[int, str]:
        async with library.AsyncClient() as client:

            async def ask(n: int) -> str:
                return (await client.post(server.url, json={"prompt": n})).text

            return dict(zip(order, await asyncio.gather(*map(ask, order)), strict=True))

    with use_cassette(cassette, "once"):
        live = asyncio.run(ask_all([*range(10)]))
    server.close()
    with use_cassette(cassette):
        again = asyncio.run(ask_all([*reversed(range(10))]))

    assert again == live
    assert len({*live.values()}) == 10


def test_nested_cassettes_hear_what_is_theirs(
    ask: Callable[[str], str], tmp_path: Path
) -> None:
    """The innermost, and the outer one again after that."""
    with use_cassette(tmp_path / "outer.yaml", "once") as outer:
        ask("before")
        with use_cassette(tmp_path / "inner.yaml", "once") as inner:
            ask("within")
        ask("after")

    assert bodies(outer) == [b"before", b"after"]
    assert bodies(inner) == [b"within"]


def test_threads_have_their_own_cassettes(
    ask: Callable[[str], str], tmp_path: Path
) -> None:
    """Two that are open at the same time do not mix."""
    both = threading.Barrier(2, timeout=PATIENCE)

    def work(name: str) -> list[bytes]:
        with use_cassette(tmp_path / f"{name}.yaml", "once") as tape:
            both.wait()
            for n in range(3):
                ask(f"{name} {n}")
            both.wait()
        return bodies(tape)

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(work, ["one", "two"])

    assert one == [b"one 0", b"one 1", b"one 2"]
    assert two == [b"two 0", b"two 1", b"two 2"]


def test_tasks_have_their_own_cassettes(server: Any, tmp_path: Path) -> None:
    """And the tasks that they start belong to them."""

    async def work(name: str, client: httpx.AsyncClient) -> list[bytes]:
        async def ask(n: int) -> None:
            await client.post(server.url, content=f"{name} {n}")

        async with use_cassette(tmp_path / f"{name}.yaml", "once") as tape:
            await asyncio.gather(*map(ask, range(3)))
        return bodies(tape)

    async def run() -> list[list[bytes]]:
        async with httpx.AsyncClient() as client:
            return await asyncio.gather(work("one", client), work("two", client))

    one, two = asyncio.run(run())

    assert one == [b"one 0", b"one 1", b"one 2"]
    assert two == [b"two 0", b"two 1", b"two 2"]


def test_thread_belongs_where_it_was_started(
    ask: Callable[[str], str], tmp_path: Path
) -> None:
    """Though it has a context of its own, and others are open."""

    def work(name: str) -> list[bytes]:
        with use_cassette(tmp_path / f"{name}.yaml", "once") as tape:
            in_thread(lambda: in_thread(lambda: ask(name)))
            if name == "one":
                two = in_thread(lambda: work("two"))
                in_thread(lambda: ask(name))
                assert two == [b"two"]
        return bodies(tape)

    assert work("one") == [b"one", b"one"]


def test_pool_belongs_where_its_work_comes_from(
    ask: Callable[[str], str], tmp_path: Path
) -> None:
    """Its threads may have been started for somebody else's work."""
    with ThreadPoolExecutor(1) as pool:
        with use_cassette(tmp_path / "one.yaml", "once") as one:
            pool.submit(ask, "one").result()
            later = contextvars.copy_context()
        with use_cassette(tmp_path / "two.yaml", "once") as two:
            pool.submit(ask, "two").result()
            pool.submit(later.run, ask, "two again").result()

    assert bodies(one) == [b"one"]
    assert bodies(two) == [b"two", b"two again"]


def test_work_for_a_loops_threads_is_heard(
    ask: Callable[[str], str], cassette: Path
) -> None:
    """`run_in_executor` carries no context, `to_thread` does."""

    async def run() -> None:
        await asyncio.get_running_loop().run_in_executor(None, ask, "executor")
        await asyncio.to_thread(ask, "thread")

    with use_cassette(cassette, "once") as tape:
        asyncio.run(run())

    assert bodies(tape) == [b"executor", b"thread"]


def test_thread_of_old_belongs_to_the_cassette_that_is_open(
    ask: Callable[[str], str], cassette: Path, worker: Worker, tmp_path: Path
) -> None:
    """A session's background thread is heard by the innermost."""
    with use_cassette(tmp_path / "outer.yaml") as outer:
        with use_cassette(cassette, "once") as tape:
            worker(lambda: ask("hi"))
            with ThreadPoolExecutor(1) as pool:
                worker(lambda: pool.submit(ask, "ho").result())
        missed = worker(lambda: ask("hi"))
        outer.misses.clear()

    assert bodies(tape) == [b"hi", b"ho"]
    assert isinstance(missed, UnrecordedRequest)


def test_request_that_may_be_anybodys_is_refused(
    ask: Callable[[str], str], server: Any, tmp_path: Path, worker: Worker
) -> None:
    """It never goes to the network, and each cassette tells that it was refused."""
    one = use_cassette(tmp_path / "one.yaml", "once")
    two = use_cassette(tmp_path / "two.yaml", "once")
    first = contextvars.copy_context().run(one.__enter__)
    second = contextvars.copy_context().run(two.__enter__)

    refused = worker(lambda: ask("hi"))
    with pytest.raises(UnrecordedRequest, match="one"):
        ask("hi")
    told = [len(tape.misses) for tape in (first, second)]
    for tape, wrap in ((first, one), (second, two)):
        tape.misses.clear()
        wrap.__exit__(None, None, None)

    assert isinstance(refused, UnrecordedRequest)
    assert "one.yaml, " in str(refused)
    assert told == [2, 2]
    assert server.asked == []


def test_context_falls_back_on_the_cassette_of_its_thread(
    ask: Callable[[str], str], tmp_path: Path
) -> None:
    """A task runner may be older than the cassette; another thread's does not count."""
    older = contextvars.copy_context()
    opened, done = threading.Event(), threading.Event()

    def elsewhere() -> list[bytes]:
        with use_cassette(tmp_path / "elsewhere.yaml", "once") as tape:
            opened.set()
            done.wait(PATIENCE)
        return bodies(tape)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(elsewhere)
        assert opened.wait(PATIENCE)
        with use_cassette(tmp_path / "here.yaml", "once") as tape:
            older.run(ask, "hi")
        done.set()

    assert bodies(tape) == [b"hi"]
    assert other.result() == []


def test_cassettes_may_close_in_any_order(
    ask: Callable[[str], str], tmp_path: Path
) -> None:
    """The one that is left is heard, and after it none."""
    outer = use_cassette(tmp_path / "outer.yaml", "once")
    inner = use_cassette(tmp_path / "inner.yaml", "once")
    first, second = outer.__enter__(), inner.__enter__()

    outer.__exit__(None, None, None)
    ask("inner")
    inner.__exit__(None, None, None)
    ask("nobody")

    assert bodies(first) == []
    assert bodies(second) == [b"inner"]


def test_task_that_outlives_its_cassette_is_the_outer_ones(
    server: Any, tmp_path: Path
) -> None:
    """What it asks then is no business of the one that is closed."""

    async def late(go: asyncio.Event) -> None:
        await go.wait()
        async with httpx.AsyncClient() as client:
            await client.post(server.url, content=b"late")

    async def run() -> list[bytes]:
        go = asyncio.Event()
        with use_cassette(tmp_path / "outer.yaml", "once") as outer:
            with use_cassette(tmp_path / "inner.yaml", "once"):
                task = asyncio.create_task(late(go))
                await asyncio.sleep(0)
            go.set()
            await task
        return bodies(outer)

    assert asyncio.run(run()) == [b"late"]


def test_generator_closes_its_cassette_in_whatever_context(
    ask: Callable[[str], str], cassette: Path
) -> None:
    """As fixtures do, which start in one context and end in another."""

    @contextlib.contextmanager
    def fixture() -> Iterator[Any]:
        with use_cassette(cassette, "once") as tape:
            yield tape

    context = contextvars.copy_context()
    block = fixture()
    tape = context.run(block.__enter__)
    ask("hi")
    block.__exit__(None, None, None)
    ask("nobody")

    assert bodies(tape) == [b"hi"]
