"""Fakes and cassettes, one in the other or side by side: each request finds its own."""

import asyncio
import queue
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import trio
import urllib3
import uvloop

from harness import (
    FakeProvider,
    NetworkBlocked,
    UnrecordedRequest,
    UnscriptedRequest,
    say,
)
from harness.cassettes import Interaction, load_cassette
from harness.cassettes.writing import write_cassette
from harness.recording import block_network, use_cassette

PATIENCE = 10.0
URL = "https://api.openai.com/v1/chat/completions"
OTHER = "https://api.anthropic.com/v1/chat/completions"
ASKED: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


async def aiohttp_post(url: str) -> str:
    """Ask with aiohttp."""
    async with aiohttp.ClientSession() as session, session.post(url, json=ASKED) as a:
        return await a.text()


POSTS: dict[str, Callable[[str], str]] = {
    "httpx": lambda url: httpx.post(url, json=ASKED).text,
    "requests": lambda url: requests.post(url, json=ASKED, timeout=9).text,
    "aiohttp": lambda url: asyncio.run(aiohttp_post(url)),
}


@pytest.fixture(params=POSTS)
def post(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Give what asks with each client."""
    return POSTS[request.param]


def saying(words: str) -> FakeProvider:
    """Give a provider that has the same answer often."""
    return FakeProvider(say(words, times=9))


# --------------------------------------------------------------- one in the other


def test_two_fakes_have_a_provider_each(post: Callable[[str], str]) -> None:
    """Whichever was opened first, and though each blocks what it does not take."""
    one, two = saying("of one"), saying("of two")

    with one.intercept("api.openai.com"), two.intercept("api.anthropic.com"):
        assert "of one" in post(URL)
        assert "of two" in post(OTHER)


def test_the_inner_fake_wins(post: Callable[[str], str]) -> None:
    """And the outer one is back when it is closed."""
    outer, inner = saying("of outer"), saying("of inner")

    with outer.intercept():
        with inner.intercept():
            assert "of inner" in post(URL)
        assert "of outer" in post(URL)


def test_a_cassette_inside_of_a_fake_answers_all(
    post: Callable[[str], str], server: Any, cassette: Path
) -> None:
    """What was not recorded is a miss, and no call of the fake."""
    fake = saying("of the fake")
    with use_cassette(cassette, "once"):
        recorded = post(server.url)
    server.close()

    with fake.intercept():
        with use_cassette(cassette) as tape:
            assert post(server.url) == recorded
            with pytest.raises(UnrecordedRequest):
                post(URL)
            tape.misses.clear()
        assert "of the fake" in post(URL)

    assert len(fake.requests) == 1


def test_a_cassette_inside_of_a_fake_records_no_provider(
    post: Callable[[str], str], cassette: Path
) -> None:
    """It would ask the real one: the error says how they are to be nested."""
    fake = saying("of the fake")

    with fake.intercept() as interception:
        with (
            pytest.raises(NetworkBlocked, match="Open the cassette outside") as error,
            use_cassette(cassette, "once"),
        ):
            post(URL)
        interception.forget()

    assert f"The cassette {cassette} was opened inside of fake.intercept()" in str(
        error.value
    )
    assert not cassette.exists()


def test_a_cassette_around_a_fake_never_records_it(
    post: Callable[[str], str], server: Any, cassette: Path
) -> None:
    """What the fake lets pass is the cassette's, to record and to replay."""
    for mode in ("once", "none"):
        fake = saying("of the fake")
        with use_cassette(cassette, mode), fake.intercept():
            assert "of the fake" in post(URL)
            assert post(server.url).startswith("echo ")
        assert len(fake.requests) == 1

    (only,) = load_cassette(cassette)
    assert only.url.startswith(server.url)
    assert len(server.asked) == 1


@pytest.mark.parametrize("url", ["https://tools.example.com/", OTHER])
def test_what_passes_reaches_the_cassette_around(
    post: Callable[[str], str], cassette: Path, url: str
) -> None:
    """Other hosts do by rule; the providers that the fake does not take as well."""
    one = Interaction("POST", url, 200, response_body=b"recorded")
    cassette.write_text(write_cassette([one]), "utf-8")
    fake = saying("of the fake")
    recorded = use_cassette(cassette, match_on=["method", "uri"])

    with recorded, fake.intercept("api.openai.com", others="pass"):
        assert post(url) == "recorded"
        assert "of the fake" in post(URL)
    with recorded as tape, fake.intercept("api.openai.com") as interception:
        with pytest.raises(NetworkBlocked):
            post(url)
        assert interception.forget()
        assert len(tape.unused()) == 1


def test_a_cassette_around_a_fake_may_record_a_provider(
    post: Callable[[str], str], cassette: Path
) -> None:
    """One that passes is asked for by the cassette; here somebody else blocks it."""
    fake = saying("of the fake")

    with block_network() as guard, use_cassette(cassette, "once"):
        with fake.intercept("api.openai.com", others="pass") as interception:
            with pytest.raises(NetworkBlocked, match="No network is allowed here"):
                post(OTHER)
            assert interception.refused == ()
        assert [attempt.host for attempt in guard.forget()] == ["api.anthropic.com"]


# ------------------------------------------------------------------- side by side


def test_two_threads_have_a_fake_each(post: Callable[[str], str]) -> None:
    """At the same time."""
    meet = threading.Barrier(2)

    def run(words: str) -> str:
        with saying(words).intercept():
            meet.wait(PATIENCE)
            said = post(URL)
            meet.wait(PATIENCE)
            return said

    with ThreadPoolExecutor(2) as pool:
        said = [*pool.map(run, ["of one", "of two"])]

    assert ["of one" in said[0], "of two" in said[1]] == [True, True]


@pytest.mark.parametrize("library", [httpx, httpx2, aiohttp], ids=lambda m: m.__name__)
def test_two_tasks_have_a_fake_each(library: types.ModuleType) -> None:
    """At the same time, with `async with`, and in tasks of their own."""
    meet = asyncio.Barrier(2)

    async def ask() -> str:
        if library is aiohttp:
            return await aiohttp_post(URL)
        async with library.AsyncClient() as client:
            return str((await client.post(URL, json=ASKED)).text)

    async def run(words: str) -> list[str]:
        async with saying(words).intercept():
            await meet.wait()
            said = [await ask(), *await asyncio.gather(ask(), ask())]
            said.append(await asyncio.create_task(ask()))
            await meet.wait()
            return said

    async def both() -> tuple[list[str], list[str]]:
        return await asyncio.gather(run("of one"), run("of two"))

    one, two = asyncio.run(both())

    assert ["of one" in said for said in one] == [True] * 4
    assert ["of two" in said for said in two] == [True] * 4


class Worker:
    """A thread that was there before any fake, and does what it is given."""

    def __init__(self) -> None:
        self._work: queue.Queue[Callable[[], Any] | None] = queue.Queue()
        self._done: queue.Queue[Any] = queue.Queue()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while (one := self._work.get()) is not None:
            try:
                self._done.put(one())
            except BaseException as error:  # noqa: BLE001  (it is the answer)
                self._done.put(error)

    def __call__(self, work: Callable[[], Any]) -> Any:
        self._work.put(work)
        return self._done.get(timeout=PATIENCE)

    def end(self) -> None:
        self._work.put(None)
        self._thread.join(PATIENCE)


@pytest.fixture
def workers() -> Iterator[tuple[Worker, Worker]]:
    """Give two of them."""
    both = Worker(), Worker()
    yield both
    for worker in both:
        worker.end()


def test_a_thread_of_before_is_answered(
    workers: tuple[Worker, Worker], post: Callable[[str], str]
) -> None:
    """Where one fake is open, it can be no other's."""
    fake = saying("of the fake")

    with fake.intercept():
        assert "of the fake" in workers[0](lambda: post(URL))


def test_a_thread_of_before_is_refused_where_two_are_open(
    workers: tuple[Worker, Worker], post: Callable[[str], str]
) -> None:
    """Each of them hears of it: which one was meant cannot be told."""
    there, elsewhere = workers
    one, two = saying("of one").intercept(), saying("of two").intercept()
    there(one.__enter__)

    with two:
        error = elsewhere(lambda: post(URL))
        assert "of one" in there(lambda: post(URL))
        assert "of two" in post(URL)
        heard = one.forget(), two.forget()
    there(lambda: one.__exit__(None, None, None))

    assert isinstance(error, UnscriptedRequest)
    assert "while 2 fakes are open that were not opened one in the other" in str(error)
    assert heard == ((error,), (error,))


def test_one_fake_does_not_block_what_another_lets_pass() -> None:
    """What is blocked is blocked in its own context, though the network is shared."""
    meet = threading.Barrier(2)

    def run() -> str:
        with saying("of other").intercept(others="pass"):
            meet.wait(PATIENCE)
            with pytest.raises(NetworkBlocked) as refused:
                POSTS["requests"]("https://tools.example.com/")
            meet.wait(PATIENCE)
            return str(refused.value)

    with block_network() as guard, ThreadPoolExecutor(1) as pool:
        running = pool.submit(run)
        with saying("of strict").intercept() as strict:
            meet.wait(PATIENCE)
            meet.wait(PATIENCE)
            assert strict.refused == ()
        assert "No network is allowed here" in running.result()
        guard.forget()


# ------------------------------------------------------------------------- patches


def test_patches_go_with_the_last() -> None:
    """Nothing of the clients is replaced when no fake is open."""

    def methods() -> list[Any]:
        pools: Any = urllib3.connectionpool
        return [
            httpx.HTTPTransport.handle_request,
            httpx.AsyncHTTPTransport.handle_async_request,
            httpx2.HTTPTransport.handle_request,
            pools.HTTPConnectionPool._make_request,
            aiohttp.connector.BaseConnector.connect,
            threading.Thread.start,
        ]

    before = methods()
    with saying("a").intercept():
        inside = methods()
        with saying("b").intercept():
            assert methods() == inside
        assert methods() == inside

    assert methods() == before
    assert not {*map(id, inside)} & {*map(id, before)}


def test_libraries_that_are_imported_later() -> None:
    """They are answered all the same."""
    program = f"""
from harness import FakeProvider, say
with FakeProvider(say("of the fake", times=3)).intercept():
    import requests, httpx, aiohttp, asyncio
    print(requests.post({URL!r}, json={ASKED!r}).status_code)
    print(httpx.post({URL!r}, json={ASKED!r}).status_code)
    async def ask():
        async with aiohttp.ClientSession() as session:
            async with session.post({URL!r}, json={ASKED!r}) as answer:
                print(answer.status)
    asyncio.run(ask())
"""

    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout.split() == ["200"] * 3


# -------------------------------------------------------------------- event loops


def test_other_event_loops() -> None:
    """Those of uvloop and trio are waited on as well."""
    fake = saying("of the fake")

    async def ask() -> str:
        async with httpx.AsyncClient() as client:
            return (await client.post(URL, json=ASKED)).text

    with fake.intercept():
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            assert "of the fake" in runner.run(aiohttp_post(URL))
            assert "of the fake" in runner.run(ask())
        assert "of the fake" in trio.run(ask)
