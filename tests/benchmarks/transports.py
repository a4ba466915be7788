"""The official SDK of OpenAI, on a fake's transport and on a bare MockTransport.

MockTransport has the same bytes ready. A stream is 200 pieces of 8 characters.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx2
import openai
from machine import named
from measuring import Side, cpu, rounds
from tables import OURS, Line, Subject
from traffic import PATH, STREAM, body, fake_provider

from harness.http_messages import HttpRequest

PEERS = ("openai", "httpx2")
FLOOR = f"MockTransport of {named('httpx2')}"


def rows(*, quick: bool) -> Iterator[Line]:
    """A call, and a stream."""
    for what, place, times in (
        ("a call of the SDK", 0, 60),
        ("a stream of 200 chunks", 1, 6),
    ):
        sides: dict[str, Side] = {
            OURS: partial(
                asked, lambda: fake_provider().transport(), place=place, times=times
            ),
            FLOOR: partial(asked, ready_transport, place=place, times=times),
        }
        taken = rounds(sides, 5 if quick else 11, warm=1)
        subject = Subject("transports", what, "ms")
        yield from subject.rows(taken, aims={FLOOR: "<= 1.15x the cost"})


def asked(make: Callable[[], Any], *, place: int, times: int) -> float:
    """What one call costs, or one stream, on a new transport."""
    run = sdk(make())[place]
    run()
    return cpu(run, times)


def sdk(transport: Any) -> tuple[Callable[[], object], Callable[[], object]]:
    """Give a call, and a stream, of the official SDK."""
    client = openai.OpenAI(
        api_key="none", http_client=httpx2.Client(transport=transport)
    )
    create: Any = client.chat.completions.create
    plain = [{"role": "user", "content": "plain"}]
    long = [{"role": "user", "content": STREAM}]
    return (
        lambda: create(model="m", messages=plain),
        lambda: [*create(model="m", messages=long, stream=True)],
    )


def ready_transport() -> httpx2.MockTransport:
    """Give the transport that has both answers ready."""
    endpoint = fake_provider().endpoint

    def answered(question: str, *, stream: bool) -> tuple[Any, bytes]:
        asked = HttpRequest("POST", PATH, (), body(question, stream=stream))
        reply = endpoint.answer(asked)
        return list(reply.headers), b"".join(reply.pieces)  # type: ignore[arg-type]  # no pauses

    whole, streamed = answered("plain", stream=False), answered(STREAM, stream=True)

    def answer(request: httpx2.Request) -> httpx2.Response:
        headers, data = streamed if b'"stream":true' in request.content else whole
        return httpx2.Response(200, headers=headers, content=data)

    return httpx2.MockTransport(answer)
