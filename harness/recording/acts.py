"""What comes over a connection, for clients that read it themselves.

It is the same whether it was recorded or a fake plays it: acts, which are bytes as they
are on the wire and, between them, the moments to wait until; and in the end, or instead
of it all, a Broken.
"""

import http
from collections.abc import Generator
from dataclasses import dataclass
from typing import assert_never

from harness.cassettes.exchanges import Exchange
from harness.cassettes.interactions import NO_ANSWER, Interaction
from harness.endpoint.acting import Acting, Broken, Waits
from harness.errors import CassetteMiss, UnrecordedRequest
from harness.http_messages import HttpRequest
from harness.models.clocks import Clock
from harness.recording.endings import cut_short, read_failure
from harness.recording.http1 import (
    EMPTY,
    failed_how,
    head_on_the_wire,
    in_a_chunk,
    on_the_wire,
)
from harness.recording.opened import OpenCassette, Opened, OpenFake

__all__ = ["Acts", "Playing", "answer_of"]

_LAST_CHUNK = b"0\r\n\r\n"
_REASONS = {int(status): status.phrase for status in http.HTTPStatus}

Acts = Generator[bytes | float]


@dataclass(eq=False, slots=True)
class Playing:
    """An answer that is played: its *acts*, in the time of *clock*.

    *version* is that of HTTP; *silent* tells that nothing comes but a Broken.
    """

    acts: Acts
    clock: Clock
    version: str = "HTTP/1.1"
    silent: bool = False


def answer_of(opened: Opened, request: HttpRequest, waits: Waits) -> Playing | Exchange:
    """What *opened* answers to *request*, or what records the live answer to it.

    *waits* is how long the client waits for a fake; what was recorded ends as it did.
    """
    match opened:
        case OpenCassette():
            known = opened.tape.answer(request)
            if known is None:
                return opened.tape.recording(request)
            clock = opened.playback.clock
            acts = _recorded(opened, known, clock.now())
            version = known.http_version or "HTTP/1.1"
            return Playing(acts, clock, version, silent=known.status == NO_ANSWER)
        case OpenFake(endpoint=endpoint, clock=clock):
            acting = Acting(endpoint, request, waits, clock.now)
            acts = _acted(acting, request.method)
            return Playing(acts, clock, silent=acting.status is None)
        case _:
            assert_never(opened)


def _recorded(opened: OpenCassette, known: Interaction, began: float) -> Acts:
    """The recorded answer, which fails where it did."""
    name, _ = read_failure(known)
    how, words = failed_how(known)
    if known.status == NO_ANSWER:
        raise Broken(how, words, name)
    for time, piece in on_the_wire(known, opened.playback):
        if time:
            yield began + time
        yield piece
    match known.ended:
        case "truncated":
            error = UnrecordedRequest(CassetteMiss(cut_short(known)))
            opened.tape.misses.append(error.miss)
            raise error
        case "timeout":
            raise Broken("timeout", words, name)
        case "interrupted" if "IncompleteRead" not in known.failure:
            raise Broken("reset", words, name)
        case _:
            pass


def _acted(acting: Acting, method: str) -> Acts:
    """The answer of a fake, a piece at a time, and in chunks if it has no length."""
    try:
        yield from acting.head()
        status = acting.status or NO_ANSWER
        headers = acting.headers
        chunked = "content-length" not in {name.lower() for name, _ in headers}
        if chunked:
            headers = (*headers, ("transfer-encoding", "chunked"))
        yield head_on_the_wire("HTTP/1.1", status, _REASONS.get(status, ""), headers)
        if method == "HEAD" or status in EMPTY:
            return
        for act in acting.body():
            yield in_a_chunk(act) if chunked and isinstance(act, bytes) else act
        if chunked:
            yield _LAST_CHUNK
    finally:
        acting.close()
