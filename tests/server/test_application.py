"""The application by the rules of ASGI, on any server; no socket is opened."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from harness import FakeProvider, InputError, fail, say
from harness.endpoint import Endpoint, Reply
from harness.endpoint.replies import Last
from harness.http_messages import HttpRequest
from harness.models.clocks import SkippingClock
from harness.server import Application, ServedScript
from harness.server.acting import TRANSPORT
from harness.server.speeds import clock_at

ASKED = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
LEFT = {"type": "http.disconnect"}


def application(*turns: Any) -> tuple[Application, Endpoint]:
    """Give one that serves a script, and its endpoint."""
    endpoint = FakeProvider(*turns).endpoint
    played = ServedScript(lambda: endpoint, first=endpoint)
    return Application({"it": played}, clock=SkippingClock()), endpoint


def run(
    app: Application,
    *,
    stream: bool = False,
    parts: Sequence[dict[str, Any]] | None = None,
    scope: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Give what the application sends to a client that says *parts*."""
    body = json.dumps(ASKED | {"stream": stream}).encode()
    come = [*(parts or [{"type": "http.request", "body": body}])]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return come.pop(0) if come else LEFT

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asked = {
        "type": "http",
        "method": "POST",
        "path": "/v1/chat/completions",
        "headers": [(b"host", b"a.b")],
        "query_string": b"x=1",
    }
    asyncio.run(app(asked | (scope or {}), receive, send))
    return sent


def test_a_reply_is_a_head_and_one_body():
    """With the length that it has; the URL is the one that was asked."""
    app, endpoint = application("Hello!")

    head, body = run(app)

    assert (head["type"], head["status"]) == ("http.response.start", 200)
    assert (b"content-length", str(len(body["body"])).encode()) in head["headers"]
    assert body["more_body"] is False
    assert endpoint.calls[0].url == "http://a.b/v1/chat/completions?x=1"


def test_a_body_may_come_in_parts():
    """As servers hand it on."""
    body = json.dumps(ASKED).encode()
    app, endpoint = application("Hello!")
    first = {"type": "http.request", "body": body[:9], "more_body": True}

    run(app, parts=[first, {"type": "http.request", "body": body[9:]}])

    assert endpoint.calls[0].request.body == body


def test_who_leaves_before_all_was_asked_asks_nothing():
    """No turn is used up."""
    app, endpoint = application("Hello!")
    first = {"type": "http.request", "body": b"{", "more_body": True}

    sent = run(app, parts=[first])

    assert (sent, endpoint.calls) == ([], [])


def test_what_is_long_is_written_in_several_pieces():
    """So that it does not wait in memory, and a client that reads slowly slows it."""
    app, _ = application(say("word " * 2000))

    _, *bodies = run(app, stream=True)

    sizes = [len(one["body"]) for one in bodies]
    assert len(sizes) > 3
    assert min(sizes[:-1]) >= 1 << 16
    assert max(sizes) < 2 << 16


def test_any_other_server_hangs_up_where_the_application_raises():
    """It has no transport to lend."""
    app, _ = application(say("a", fail("connection")))

    with pytest.raises(ConnectionResetError, match="the script closes this connection"):
        run(app, stream=True)


def test_lifespans_and_websockets_are_answered():
    """The one is followed, the other refused."""
    app, _ = application("Hello!")
    phases = [{"type": f"lifespan.{phase}"} for phase in ("startup", "shutdown")]

    lifespan = run(app, parts=phases, scope={"type": "lifespan"})
    refused = run(app, scope={"type": "websocket"})

    assert [one["type"] for one in lifespan] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    assert refused == [{"type": "websocket.close", "code": 1000}]


class Wire:
    """What a server lends."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def hold(self) -> None:
        """Keep what is written."""

    def release(self) -> None:
        """Write it."""

    def is_closing(self) -> bool:
        """Whether it is over."""
        return bool(self.told)

    def set_write_buffer_limits(self, high: int) -> None:
        """Wait for what was written."""

    def close(self) -> None:
        """Hang up."""
        self.told.append("closed")


@pytest.mark.parametrize("length", ["3", "7"])
def test_a_body_of_another_length_than_was_announced_is_no_proper_end(length):
    """What fits is sent, and then it is hung up."""
    app, endpoint = application("Hello!")
    said = Reply(200, (("content-length", length),), iter((Last(b"Hello"),)))
    endpoint._spoilers = (lambda *_: said,)
    wire = Wire()

    sent = run(app, scope={"extensions": {TRANSPORT: wire}})

    body = b"".join(one.get("body", b"") for one in sent)
    assert body == b"Hello"[: int(length)]
    assert all(one.get("more_body", True) for one in sent)
    assert wire.told == ["closed"]


@pytest.mark.parametrize("names", [[], ["harness"], ["a/b"]])
def test_what_is_served_has_a_name(names):
    """One that a path can begin with."""
    with pytest.raises(InputError):
        Application(dict.fromkeys(names, application("Hi")[0].served["it"]))


def test_a_request_that_comes_again_is_not_that_of_before():
    """It is not read again, but what a function changes of it is its own."""

    def turn(request: Any) -> str:
        return str(request.params.pop("seed", "none"))

    fake = FakeProvider(turn, turn)
    body = json.dumps(ASKED | {"seed": 7}).encode()
    asked = HttpRequest("POST", "/v1/chat/completions", (), body)

    said = [b"".join(fake.endpoint.answer(asked).pieces) for _ in range(2)]

    assert [b'"content":"7"' in one for one in said] == [True, True]


def test_waits_may_pass_faster():
    """By a clock that is as much ahead of the computer's as it has to be."""
    clock = clock_at(1e6)
    moment = clock.now() + 1000

    clock.sleep_until(moment)
    asyncio.run(clock.asleep_until(moment + 1000))

    assert clock.now() >= moment + 1000
    with pytest.raises(InputError, match="speed=-1"):
        clock_at(-1)
