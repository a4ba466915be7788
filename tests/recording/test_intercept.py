"""One script under every HTTP client: the same pieces and times, its own errors."""

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest
import requests
import urllib3

from harness import FakeProvider, UnscriptedRequest, fail, pause, say
from harness.models.clocks import VirtualClock

URL = "https://api.openai.com/v1/chat/completions"
WHOLE: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
STREAM: Any = {**WHOLE, "stream": True}
PATIENCE = 10.0


@dataclass
class Heard:
    """What an application has of an answer; *moments* are when each piece came."""

    status: int
    headers: Any
    pieces: list[bytes] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)

    def piece(self, data: bytes, moment: float) -> int:
        """Keep the next piece, and tell how many there are."""
        if data:
            self.pieces.append(data)
            self.moments.append(moment)
        return len(self.pieces)

    @property
    def words(self) -> str:
        """The text that is said in the body."""
        body = b"".join(self.pieces)
        if not body.startswith(b"data: "):
            return str(json.loads(body)["choices"][0]["message"]["content"])
        events = [
            json.loads(e[6:]) for e in body.split(b"\n\n")[:-1] if b"[DONE" not in e
        ]
        deltas = [choice["delta"] for e in events for choice in e["choices"]]
        return "".join(delta.get("content") or "" for delta in deltas)


Now = Callable[[], float]


def of_httpx(library: Any) -> Callable[..., Heard]:
    """Give what asks with httpx or httpx2."""

    def ask(asked: Any, limit: float | None, now: Now, most: int) -> Heard:
        with (
            library.Client(timeout=limit) as client,
            client.stream("POST", URL, json=asked) as answer,
        ):
            heard = Heard(answer.status_code, answer.headers)
            for piece in answer.iter_raw():
                if heard.piece(piece, now()) == most:
                    break
            return heard

    return ask


def of_async_httpx(library: Any) -> Callable[..., Heard]:
    """Give what asks with httpx or httpx2, awaited."""

    async def ask(asked: Any, limit: float | None, now: Now, most: int) -> Heard:
        async with (
            library.AsyncClient(timeout=limit) as client,
            client.stream("POST", URL, json=asked) as answer,
        ):
            heard = Heard(answer.status_code, answer.headers)
            async for piece in answer.aiter_raw():
                if heard.piece(piece, now()) == most:
                    break
            return heard

    return lambda *given: asyncio.run(ask(*given))


def of_requests(asked: Any, limit: float | None, now: Now, most: int) -> Heard:
    """Ask with requests."""
    with requests.post(URL, json=asked, stream=True, timeout=limit) as answer:
        heard = Heard(answer.status_code, answer.headers)
        for piece in answer.iter_content(None):
            if heard.piece(piece, now()) == most:
                break
        return heard


def of_urllib3(asked: Any, limit: float | None, now: Now, most: int) -> Heard:
    """Ask with urllib3."""
    with urllib3.PoolManager() as pool:
        answer = pool.request(
            "POST",
            URL,
            json=asked,
            timeout=limit,
            preload_content=False,
            retries=False,
        )
        heard = Heard(answer.status, answer.headers)
        for piece in answer.stream(None):
            if heard.piece(piece, now()) == most:
                break
        answer.close()
        return heard


def of_aiohttp(asked: Any, limit: float | None, now: Now, most: int) -> Heard:
    """Ask with aiohttp."""

    async def ask() -> Heard:
        limits = aiohttp.ClientTimeout(total=None, sock_read=limit)
        async with (
            aiohttp.ClientSession(timeout=limits) as session,
            session.post(URL, json=asked) as answer,
        ):
            heard = Heard(answer.status, answer.headers)
            async for piece in answer.content.iter_any():
                if heard.piece(piece, now()) == most:
                    break
            return heard

    return asyncio.run(ask())


CLIENTS: dict[str, Callable[..., Heard]] = {
    "httpx": of_httpx(httpx),
    "httpx2": of_httpx(httpx2),
    "httpx, awaited": of_async_httpx(httpx),
    "httpx2, awaited": of_async_httpx(httpx2),
    "requests": of_requests,
    "urllib3": of_urllib3,
    "aiohttp": of_aiohttp,
}


def errors_of(library: Any) -> dict[str, tuple[type, type]]:
    """Give the errors of httpx or httpx2."""
    return {
        "connection": (library.ConnectError, library.ReadError),
        "timeout": (library.ReadTimeout, library.ReadTimeout),
        "interrupted": (library.RemoteProtocolError, type(None)),
    }


LATE = urllib3.exceptions.ReadTimeoutError
#: What each client raises, by how the connection fails: before the answer, or in it.
ERRORS: dict[str, dict[str, tuple[type, type]]] = {
    "httpx": errors_of(httpx),
    "httpx2": errors_of(httpx2),
    "requests": {
        "connection": (
            requests.ConnectionError,
            requests.exceptions.ChunkedEncodingError,
        ),
        "timeout": (requests.ReadTimeout, requests.ConnectionError),
        "interrupted": (requests.ConnectionError, type(None)),
    },
    "urllib3": {
        "connection": (
            urllib3.exceptions.NewConnectionError,
            urllib3.exceptions.ProtocolError,
        ),
        "timeout": (LATE, LATE),
        "interrupted": (urllib3.exceptions.ProtocolError, type(None)),
    },
    "aiohttp": {
        "connection": (aiohttp.ClientConnectorError, aiohttp.ClientPayloadError),
        "timeout": (aiohttp.SocketTimeoutError, aiohttp.SocketTimeoutError),
        "interrupted": (aiohttp.ServerDisconnectedError, type(None)),
    },
}


class Application:
    """A program that uses one client, in one thread or in another."""

    def __init__(self, client: str, in_thread: bool) -> None:
        self.client = client
        self._ask = CLIENTS[client]
        self._in_thread = in_thread

    def ask(
        self,
        fake: FakeProvider,
        asked: Any = WHOLE,
        timeout: float | None = 30.0,
        most: int = 0,
    ) -> Heard:
        """Ask, with or without a timeout, and read all or *most* so many pieces."""
        given = (asked, timeout, fake.clock.now, most)
        if not self._in_thread:
            return self._ask(*given)
        outcome: list[Any] = []

        def run() -> None:
            try:
                outcome.append(self._ask(*given))
            except BaseException as error:  # noqa: BLE001  (it is raised below)
                outcome.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(PATIENCE)
        if isinstance(outcome[0], BaseException):
            raise outcome[0]
        heard: Heard = outcome[0]
        return heard

    def error(self, kind: str, *, within: bool) -> type:
        """What the client raises where the connection fails so."""
        return ERRORS[self.client.partition(",")[0]][kind][within]


@pytest.fixture(params=[*CLIENTS, *(f"{name}, in a thread" for name in CLIENTS)])
def application(request: pytest.FixtureRequest) -> Application:
    """Give a program on each client."""
    name = str(request.param)
    return Application(name.removesuffix(", in a thread"), "thread" in name)


def played(*turns: Any) -> FakeProvider:
    """Give a provider whose time stands still but for what is waited."""
    return FakeProvider(*turns, clock=VirtualClock())


def test_a_whole_answer(application: Application) -> None:
    """No client is told of the fake, and each has the words of the script."""
    fake = played("Hello!")

    with fake.intercept():
        heard = application.ask(fake)

    assert (heard.status, heard.words) == (200, "Hello!")
    assert heard.headers["content-type"] == "application/json"
    (request,) = fake.requests
    assert request.ended == "complete"
    assert request.url == URL
    assert request.request.method == "POST"
    assert json.loads(request.request.body) == WHOLE
    assert [call.text for call in fake.calls] == ["Hi"]


def test_a_stream_comes_a_piece_at_a_time(application: Application) -> None:
    """Each when the script says it: nothing is played ahead of who reads."""
    fake = played(say("It", pause(1), " is", pause(2), " blue."))

    with fake.intercept():
        heard = application.ask(fake, STREAM)

    assert heard.words == "It is blue."
    assert heard.headers["content-type"].startswith("text/event-stream")
    found = [
        moment
        for word in (b'"It"', b'" is"', b'" blue"')
        for piece, moment in zip(heard.pieces, heard.moments, strict=True)
        if word in piece
    ]
    assert found == [0, 1, 3]
    assert fake.requests[0].ended == "complete"
    assert fake.requests[0].body == b"".join(heard.pieces)


def test_an_error_is_the_providers(application: Application) -> None:
    """Status, headers and body are what the provider would say."""
    fake = played(fail(429, retry_after=7))

    with fake.intercept():
        heard = application.ask(fake)

    assert (heard.status, heard.headers["retry-after"]) == (429, "7")
    assert "error" in json.loads(b"".join(heard.pieces))


@pytest.mark.parametrize("kind", ["connection", "timeout", "interrupted"])
def test_no_answer_is_the_clients_own_error(
    application: Application, kind: Any
) -> None:
    """What it raises where a real connection fails so."""
    fake = played(fail(kind))

    error = application.error(kind, within=False)
    with fake.intercept(), pytest.raises(error):
        application.ask(fake, timeout=3)

    assert fake.requests[0].status is None
    assert fake.clock.now() == (3 if kind == "timeout" else 0)


@pytest.mark.parametrize("kind", ["connection", "timeout"])
def test_a_stream_that_fails_is_the_clients_own_error(
    application: Application, kind: Any
) -> None:
    """After what was said before."""
    fake = played(say("Half", pause(1), " of", fail(kind)))

    error = application.error(kind, within=True)
    with fake.intercept(), pytest.raises(error):
        application.ask(fake, STREAM, timeout=3)

    assert b"Half" in fake.requests[0].body
    assert fake.requests[0].ended == kind
    assert fake.clock.now() == (4 if kind == "timeout" else 1)


def test_a_stream_that_just_ends(application: Application) -> None:
    """No client notices: only who reads what it says."""
    fake = played(say("Half", fail("interrupted")))

    with fake.intercept():
        heard = application.ask(fake, STREAM)

    assert heard.words == "Half"
    assert b"[DONE]" not in heard.pieces[-1]
    assert fake.requests[0].ended == "interrupted"


@pytest.mark.parametrize("asked", [WHOLE, STREAM], ids=["whole", "streamed"])
def test_a_client_that_waits_too_long_times_out(
    application: Application, asked: Any
) -> None:
    """When its own timeout is over, in virtual time, before the answer begins."""
    fake = played(say(pause(5), "Late."))

    error = application.error("timeout", within=False)
    with fake.intercept(), pytest.raises(error):
        application.ask(fake, asked, timeout=3)

    assert fake.clock.now() == 3
    assert fake.requests[0].patience == 3
    assert fake.requests[0].ended == "truncated"


def test_the_timeout_is_for_each_piece(application: Application) -> None:
    """A stream may take longer than the timeout; a pause may not."""
    fake = played(say("a", pause(2), "b", pause(2), "c", pause(4), "d"))

    error = application.error("timeout", within=True)
    with fake.intercept(), pytest.raises(error):
        application.ask(fake, STREAM, timeout=3)

    assert fake.clock.now() == 7
    assert b'"c"' in fake.requests[0].body
    assert b'"d"' not in fake.requests[0].body


def test_a_client_that_hangs_up_is_noted(application: Application) -> None:
    """What it did not want is not played."""
    fake = played(say("a", pause(1), "b", pause(1), "c"))

    with fake.intercept():
        application.ask(fake, STREAM, most=1)

    assert fake.requests[0].ended == "truncated"
    assert b'"c"' not in fake.requests[0].body
    assert fake.clock.now() < 2


def test_a_client_without_a_timeout_is_told_where_nothing_comes(
    application: Application,
) -> None:
    """It would wait forever; the test has to hear of it, whatever the client does."""
    fake = played(fail("timeout"))

    with (
        pytest.raises(UnscriptedRequest, match="it would wait forever"),
        fake.intercept(),
    ):
        application.ask(fake, timeout=None)

    assert len(fake.endpoint.failures) == 1


def test_a_script_that_has_run_out(application: Application) -> None:
    """It is no error of the client, and no client retries it."""
    fake = played("Hello!")

    with fake.intercept() as interception:
        application.ask(fake)
        with pytest.raises(UnscriptedRequest, match="1 turn"):
            application.ask(fake)
        assert len(interception.forget()) == 1

    assert len(fake.requests) == 2
