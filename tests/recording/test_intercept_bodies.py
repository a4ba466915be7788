"""What only some clients do on the wire, and what it costs a fake to play it."""

import asyncio
import io
from collections.abc import Iterator
from itertools import chain
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import urllib3

from harness import FakeProvider, UnscriptedRequest, fail, pause, say
from harness.endpoint import Endpoint
from harness.endpoint.acting import Acting, Broken, Waits
from harness.http_messages import HttpRequest
from harness.models.clocks import RealClock, VirtualClock

URL = "https://api.openai.com/v1/chat/completions"
BODY = b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}]}'
LATE = urllib3.exceptions.ReadTimeoutError
STREAM: Any = {
    "model": "m",
    "messages": [{"role": "user", "content": "Hi"}],
    "stream": True,
}


def played(*turns: Any) -> FakeProvider:
    """Give a provider whose time stands still but for what is waited."""
    return FakeProvider(*turns, clock=VirtualClock())


def pieces() -> Iterator[bytes]:
    """Give the body in parts, once."""
    yield BODY[:9]
    yield BODY[9:]


async def apieces() -> Any:
    """Give the body in parts, awaited."""
    for piece in pieces():
        yield piece


async def aiohttp_post(data: Any) -> int:
    """Ask with aiohttp."""
    async with aiohttp.ClientSession() as session, session.post(URL, data=data) as a:
        return a.status


@pytest.mark.parametrize(
    "post",
    [
        lambda: requests.post(URL, data=pieces(), timeout=9).status_code,
        lambda: requests.post(URL, data=io.BytesIO(BODY), timeout=9).status_code,
        lambda: urllib3.request("POST", URL, body=io.BytesIO(BODY)).status,
        lambda: httpx.post(URL, content=pieces()).status_code,
        lambda: asyncio.run(aiohttp_post(apieces())),
        lambda: asyncio.run(aiohttp_post(io.BytesIO(BODY))),
    ],
)
def test_bodies_that_come_in_parts_are_read(post: Any) -> None:
    """The fake has all of what is sent, as a provider would."""
    fake = played("Hello!")

    with fake.intercept():
        assert post() == 200

    assert fake.requests[0].request.body == BODY


def test_an_answer_without_a_body() -> None:
    """HEAD has none, and what is no path of a provider has the error of one."""
    fake = played("Hello!")

    with fake.intercept():
        said = requests.head("https://api.openai.com/v1/nothing", timeout=3)

    assert (said.status_code, said.reason, said.content) == (404, "Not Found", b"")
    assert "content-length" in said.headers


def test_the_total_timeout_of_aiohttp() -> None:
    """It is for all of the answer, and has an error of its own."""
    fake = played(say("a", pause(2), "b", pause(2), "c"))

    async def ask() -> None:
        limits = aiohttp.ClientTimeout(total=3)
        async with (
            aiohttp.ClientSession(timeout=limits) as session,
            session.post(URL, json=STREAM) as answer,
        ):
            await answer.read()

    with fake.intercept(), pytest.raises(TimeoutError) as raised:
        asyncio.run(ask())

    assert type(raised.value) is TimeoutError
    assert (fake.clock.now(), fake.requests[0].patience) == (3, 3)


def test_the_total_timeout_of_urllib3() -> None:
    """It bounds the wait for each byte there."""
    fake = played(fail("timeout"))
    limits = urllib3.Timeout(total=2)

    with fake.intercept(), pytest.raises(LATE):
        urllib3.request("POST", URL, body=BODY, timeout=limits, retries=False)

    assert fake.clock.now() == pytest.approx(2, abs=1e-3)


def test_a_client_that_never_reads_is_noted() -> None:
    """One that drops the answer as well as one that closes it."""
    fake = played(say("a", "b", times=2))

    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            answer = await session.post(URL, json=STREAM)
            answer.close()

    with fake.intercept():
        requests.post(URL, json=STREAM, stream=True, timeout=9).close()
        asyncio.run(ask())

    assert [request.ended for request in fake.requests] == ["truncated"] * 2


class Waited(RealClock):
    """A clock that tells when somebody waits."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def asleep_until(self, moment: float) -> None:
        """Tell, and wait."""
        self.begun.set()
        await super().asleep_until(moment)


def test_a_cancelled_request_is_noted() -> None:
    """While aiohttp waits for the answer."""
    clock = Waited()
    fake = FakeProvider(say(pause(600), "Late."), clock=clock)

    async def ask() -> None:
        asking = asyncio.create_task(aiohttp_post(BODY))
        await clock.begun.wait()
        asking.cancel()
        await asyncio.wait([asking])

    with fake.intercept():
        asyncio.run(ask())

    assert fake.requests[0].ended == "truncated"


# --------------------------------------------------------------- an answer in time


def acting(*turns: Any, waits: Waits) -> tuple[Acting, Endpoint, VirtualClock]:
    """Give what is acted out for a client."""
    fake = played(*turns)
    clock: Any = fake.clock
    asked = HttpRequest("POST", URL, (), BODY.replace(b"{", b'{"stream": true, ', 1))
    return Acting(fake.endpoint, asked, waits, clock.now), fake.endpoint, clock


@pytest.mark.parametrize(
    ("waits", "until", "name"),
    [
        (Waits(read=3, total=9), 3, "ReadTimeout"),
        (Waits(read=9, total=2), 2, "TimeoutError"),
        (Waits(total=4), 4, "TimeoutError"),
    ],
)
def test_the_shorter_limit_ends_a_wait(waits: Waits, until: float, name: str) -> None:
    """And its name says which it was."""
    play, _, clock = acting(say(pause(99), "Late."), waits=waits)

    with pytest.raises(Broken) as broken:
        [clock.sleep_until(moment) for moment in play.head()]

    assert (broken.value.how, broken.value.name) == ("timeout", name)
    assert clock.now() == until


def test_a_wait_that_has_no_end_is_remembered() -> None:
    """An application may swallow it: who asks the endpoint knows."""
    play, endpoint, _ = acting(fail("timeout"), waits=Waits())

    with pytest.raises(UnscriptedRequest) as raised:
        next(play.head())

    assert endpoint.failures == [raised.value]


def test_an_answer_in_time_is_whole() -> None:
    """However long it takes altogether, if nothing bounds that."""
    play, _, clock = acting(say("a", pause(5), "b", pause(5), "c"), waits=Waits(read=6))
    said = b""

    for act in chain(play.head(), play.body()):
        if isinstance(act, bytes):
            said += act
        else:
            clock.sleep_until(act)

    assert clock.now() == 10
    assert said.endswith(b"data: [DONE]\n\n")
