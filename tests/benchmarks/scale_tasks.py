"""Up to 1,000 streams at once, of 50 chunks each, in one event loop."""

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import openai
from growing import Subject
from material import JSON, URL, question, streamed

from harness import FakeChatModel, FakeProvider, Script, say, use_cassette
from harness.cassettes import write_cassette

SIZES = (30, 100, 300, 1_000)
CHUNKS = 50
HI = [{"role": "user", "content": "Hi"}]
SERVED = "turns:\n- say: {text}\n  cut: 5\n  times: forever\n"


def forever() -> Script:
    """Give a script that says the same to all."""
    said = "".join(f"{n:04} " for n in range(CHUNKS))
    return Script([say(said, cut=5, times="forever")])


def together(count: int, one: Callable[[int], Awaitable[int]]) -> None:
    """Let *one* be done so many times at once; each gives how much it got."""

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*map(one, range(count)))

    got = asyncio.run(all_of_them())
    if min(got) < CHUNKS or len({*got}) != 1:
        raise AssertionError(f"streams of {min(got)} to {max(got)} chunks")


async def taken(stream: AsyncIterator[Any]) -> int:
    """Take all of a stream, letting others go on after each chunk."""
    found = 0
    async for _ in stream:
        found += 1
        await asyncio.sleep(0)
    return found


def fakes(count: int, _: Path) -> Callable[[], object]:
    model = FakeChatModel(forever())
    return lambda: together(count, lambda n: taken(model.astream(f"Hi {n}")))


def asking(client: openai.AsyncOpenAI) -> Callable[[int], Awaitable[int]]:
    """Give what asks *client* once, in a stream."""

    async def one(_: int) -> int:
        create: Any = client.chat.completions.create
        return await taken(await create(model="m", messages=HI, stream=True))

    return one


def in_process(count: int, _: Path) -> Callable[[], object]:
    transport = FakeProvider(forever()).transport()
    client = openai.AsyncOpenAI(
        api_key="x", http_client=httpx2.AsyncClient(transport=transport)
    )
    return lambda: together(count, asking(client))


def over_sockets(count: int, folder: Path) -> Callable[[], object]:
    """Ask a server in a process of its own, over as many connections."""

    def work() -> None:
        with served(folder) as url:
            limits = httpx2.Limits(max_connections=None)
            client = openai.AsyncOpenAI(
                api_key="x",
                base_url=f"{url}/v1",
                http_client=httpx2.AsyncClient(limits=limits, timeout=600),
            )
            together(count, asking(client))

    return work


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a script that says the same to all, and end with the server."""
    said = folder / "forever.yaml"
    text = "".join(f"{n:04} " for n in range(CHUNKS))
    said.write_text(SERVED.format(text=f'"{text}"'), "utf-8")
    command = [sys.executable, "-m", "harness", "serve", str(said), "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield url_in(process)
    finally:
        process.terminate()
        process.wait()


def url_in(process: "subprocess.Popen[str]") -> str:
    """Give the URL that the server prints."""
    for line in process.stdout or ():
        for word in line.split():
            if word.startswith("http://127.0.0.1:"):
                return word.rstrip("/.,")
    raise AssertionError("the server said no URL")


def replayed(count: int, folder: Path) -> Callable[[], object]:
    """Replay as many streams from one cassette."""
    path = folder / f"streams-{count}.yaml"
    if not path.exists():
        path.write_text(write_cassette(streamed(CHUNKS, n) for n in range(count)))
    bodies = [question(n, stream=True) for n in range(count)]

    def work() -> None:
        with use_cassette(path):
            asyncio.run(all_of(bodies))

    return work


async def all_of(bodies: list[bytes]) -> None:
    """Ask for all of them at once."""
    async with httpx.AsyncClient(timeout=600) as client:
        found = await asyncio.gather(*[asked(client, body) for body in bodies])
    if min(found) < CHUNKS:
        raise AssertionError(f"a stream of {min(found)} chunks")


async def asked(client: httpx.AsyncClient, body: bytes) -> int:
    """Ask once."""
    sent = client.stream("POST", URL, content=body, headers=dict(JSON))
    async with sent as answer:
        return await taken(answer.aiter_bytes())


SUBJECTS = tuple(
    Subject(name, ready, SIZES, "streams")
    for name, ready in {
        "FakeChatModel.astream": fakes,
        "AsyncOpenAI, FakeProvider.transport()": in_process,
        "AsyncOpenAI, harness serve": over_sockets,
        "httpx, one cassette": replayed,
    }.items()
)
