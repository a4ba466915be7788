"""An endpoint as a transport of httpx and httpx2: official SDKs, in this process.

One transport serves both libraries, awaited or not: which one asks is seen from its
requests. It is no `HTTPTransport`, so that an open cassette never records a fake. Time
is that of a clock; a client that waits too long for the next byte times out as it would
have in the end, and at once where the clock is virtual.
"""

import sys
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import closing
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from harness.endpoint import Endpoint
from harness.endpoint.acting import Acting, Broken, Waits
from harness.http_messages import Failed, HttpRequest
from harness.models.clocks import Clock, others_turn

__all__ = ["transport_of"]

_LIBRARIES = ("httpx", "httpx2")


def transport_of(endpoint: Endpoint, clock: Clock) -> Any:
    """A transport for clients of httpx and, where it is installed, of httpx2."""
    libraries = [import_module(name) for name in _LIBRARIES if find_spec(name)]
    bases = [
        base
        for library in libraries
        for base in (library.BaseTransport, library.AsyncBaseTransport)
    ]
    made: Any = type("EndpointTransport", (_Transport, *bases), {})
    return made(endpoint, clock)


class _Transport:
    """Answers what clients send; see `transport_of`."""

    def __init__(self, endpoint: Endpoint, clock: Clock) -> None:
        self._endpoint = endpoint
        self._clock = clock

    def handle_request(self, request: Any) -> Any:
        """The response to *request*, whose stream is played as it is read."""
        play = self._play(request, request.read())
        for moment in play.head():
            self._clock.sleep_until(moment)
        return play.response()

    async def handle_async_request(self, request: Any) -> Any:
        """The same, awaited."""
        play = self._play(request, await request.aread())
        await others_turn()
        with closing(play.head()) as moments:
            for moment in moments:
                await self._clock.asleep_until(moment)
        return play.response()

    def _play(self, request: Any, body: bytes) -> "_Play":
        headers = tuple(
            [(n.decode("latin-1"), v.decode("latin-1")) for n, v in request.headers.raw]
        )
        url = str(request.url).partition("#")[0]
        waits = Waits(read=(request.extensions.get("timeout") or {}).get("read"))
        asked = HttpRequest(request.method, url, headers, body)
        acting = Acting(self._endpoint, asked, waits, self._clock.now)
        return _Play(request, acting, self._clock)


#: What httpx raises where the connection fails.
_ERRORS: dict[Failed, str] = {
    "timeout": "ReadTimeout",
    "refused": "ConnectError",
    "dropped": "RemoteProtocolError",
    "reset": "ReadError",
}


class _Play:
    """What is acted out for *request*, with the errors of its library."""

    def __init__(self, request: Any, acting: Acting, clock: Clock) -> None:
        self._request = request
        self._library: Any = sys.modules[type(request).__module__.partition(".")[0]]
        self._acting = acting
        self._clock = clock

    def head(self) -> Generator[float]:
        """The moments to wait until before there is a status."""
        try:
            yield from self._acting.head()
        except Broken as broken:
            raise self._error(broken) from None

    def body(self) -> Iterator[bytes | float]:
        """The bytes, and the moments to wait until between them.

        Where the headers promise a length it is no more bytes, and no less.
        """
        length = left = self._acting.promised
        try:
            for act in self._acting.body():
                if left is None or not isinstance(act, bytes):
                    yield act
                    continue
                if said := act[:left]:
                    left -= len(said)
                    yield said
                if not left and self._acting.stream:
                    self.close()  # there may be much more, and nobody reads it
                    return
        except Broken as broken:
            raise self._error(broken) from None
        if left and length:
            words = (
                "peer closed connection without sending complete message body "
                f"(received {length - left} bytes, expected {length})"
            )
            raise self._error(Broken("dropped", words))

    def close(self) -> None:
        """Nobody wants more of it."""
        self._acting.close()

    def response(self) -> Any:
        """The response, as the library that asks has it."""
        said = self._acting.headers
        return self._library.Response(
            self._acting.status,
            headers=[(name.encode("latin-1"), text.encode()) for name, text in said],
            stream=_stream_class(self._library)(self, self._clock),
            extensions={"http_version": b"HTTP/1.1"},
        )

    def _error(self, broken: Broken) -> Exception:
        kind = getattr(self._library, _ERRORS[broken.how])
        error: Exception = kind(broken.words, request=self._request)
        return error


class _Stream:
    """The body of a response, played as it is read."""

    def __init__(self, play: _Play, clock: Clock) -> None:
        self._play = play
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        for act in self._play.body():
            if isinstance(act, bytes):
                yield act
            else:
                self._clock.sleep_until(act)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for act in self._play.body():
            if isinstance(act, bytes):
                await others_turn()
                yield act
            else:
                await self._clock.asleep_until(act)

    def close(self) -> None:
        """Nobody reads on."""
        self._play.close()

    async def aclose(self) -> None:
        """The same."""
        self._play.close()


@cache
def _stream_class(library: Any) -> Any:
    """A stream that *library* takes for one of its own."""
    bases = (library.SyncByteStream, library.AsyncByteStream)
    return type("EndpointStream", (_Stream, *bases), {})
