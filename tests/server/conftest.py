"""What tests of the server share: clients of it, and a clock that they hold."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from harness.server import Server

PATIENCE = 20.0  # seconds after which a test that waits has failed


class Chat:
    """A client of a server, which speaks Chat Completions."""

    path = "/v1/chat/completions"

    def __init__(self, server: Server, **options: Any) -> None:
        options = {"trust_env": False, "timeout": PATIENCE} | options
        self.http = httpx.Client(base_url=server.url, **options)

    def asked(self, text: str = "Hi", **more: Any) -> dict[str, Any]:
        """Give the body of a request."""
        return {"model": "m", "messages": [{"role": "user", "content": text}], **more}

    def ask(self, text: str = "Hi", *, to: str = "", **headers: str) -> httpx.Response:
        """Ask, and give the whole answer."""
        named = {name.replace("_", "-"): said for name, said in headers.items()}
        return self.http.post(f"{to}{self.path}", json=self.asked(text), headers=named)

    def text(self, text: str = "Hi", **options: Any) -> str:
        """Ask, and give what is said."""
        answer = self.ask(text, **options)
        answer.raise_for_status()
        said: str = answer.json()["choices"][0]["message"]["content"]
        return said

    def stream(self, text: str = "Hi") -> Any:
        """Ask for a stream, as a block."""
        return self.http.stream("POST", self.path, json=self.asked(text, stream=True))

    def deltas(self, data: bytes) -> list[str]:
        """Give the texts of a stream's events."""
        said = [line[6:] for line in data.split(b"\n") if line.startswith(b"data: {")]
        choices = [json.loads(one)["choices"] for one in said]
        return [one[0]["delta"].get("content") or "" for one in choices if one]

    def broken(self, error: type[Exception]) -> bytes:
        """Read a stream that breaks off with *error*; give what came before."""
        came = b""
        with self.stream() as answer:
            pieces = answer.iter_raw()
            try:
                for piece in pieces:
                    came += piece
            except error:
                return came
        pytest.fail(f"the stream ended as it should, after {came!r}")

    def state(self) -> Any:
        """Give the state of the server."""
        return self.http.get("/harness/").json()


class HeldClock:
    """A clock whose waits last until the test lets them end."""

    virtual = False

    def __init__(self) -> None:
        self.waiting = threading.Event()
        self.given_up = threading.Event()
        self._free = threading.Event()
        self._held: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def now(self) -> float:
        """Always the same moment."""
        return 0.0

    def let(self) -> None:
        """End what waits, and all later waits."""
        self._free.set()
        for loop, held in self._held:
            loop.call_soon_threadsafe(held.set)

    def sleep_until(self, moment: float) -> None:
        """Wait in this thread."""
        assert self._free.wait(PATIENCE)

    async def asleep_until(self, moment: float) -> None:
        """Wait in this task."""
        self.waiting.set()
        try:
            loop = asyncio.get_running_loop()
            if not self._free.is_set():
                self._held.append((loop, asyncio.Event()))
                await self._held[-1][1].wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise


@pytest.fixture
def chat():
    """Give what makes clients, which are closed in the end."""
    made: list[Chat] = []

    def make(server: Server, **options: Any) -> Chat:
        made.append(Chat(server, **options))
        return made[-1]

    yield make
    for one in made:
        one.http.close()


@contextmanager
def unraised(server: Server) -> Iterator[Server]:
    """Run *server* for a block, and raise nothing of what had no answer."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def quietly():
    """Give a block around a server that does not raise at its end."""
    return unraised


@pytest.fixture
def clock():
    """Give a clock that the test holds."""
    return HeldClock()
