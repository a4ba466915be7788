"""An endpoint as a transport of httpx and httpx2: official SDKs, in this process.

One transport serves both libraries, awaited or not: which one asks is seen from its
requests. It is no `HTTPTransport`, so that an open cassette never records a fake. Time
is that of a clock; a client that waits too long for the next byte times out as it would
have in the end, and at once where the clock is virtual.
"""

import sys
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from harness.endpoint import Cut, Endpoint, Reply
from harness.errors import ScriptError, UnscriptedRequest
from harness.http_messages import HttpRequest
from harness.models.clocks import Clock, others_turn
from harness.steps import Pause

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
        with play.answering():
            for moment in play.head():
                self._clock.sleep_until(moment)
        return play.response()

    async def handle_async_request(self, request: Any) -> Any:
        """The same, awaited."""
        play = self._play(request, await request.aread())
        await others_turn()
        with play.answering():
            for moment in play.head():
                await self._clock.asleep_until(moment)
        return play.response()

    def _play(self, request: Any, body: bytes) -> "_Play":
        headers = tuple(
            (_text(name), _text(said)) for name, said in request.headers.raw
        )
        url = str(request.url).partition("#")[0]
        patience = (request.extensions.get("timeout") or {}).get("read")
        asked = HttpRequest(request.method, url, headers, body)
        reply = self._endpoint.answer(asked, patience=patience)
        return _Play(request, reply, patience, self._clock)


class _Play:
    """One reply that is acted out for *request*, whose library's errors it raises."""

    def __init__(
        self, request: Any, reply: Reply, patience: float | None, clock: Clock
    ) -> None:
        self._request = request
        self._library: Any = sys.modules[type(request).__module__.partition(".")[0]]
        self._reply = reply
        self._patience = patience
        self._clock = clock
        self._heard = clock.now()  # when something came last

    @contextmanager
    def answering(self) -> Generator[None]:
        """A time in which the answer is over if something goes wrong."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    def head(self) -> Iterator[float]:
        """The moments to wait until before there is a status."""
        for pause in self._reply.waits:
            yield from self._wait(pause)
        if self._reply.status is None:
            yield from self._silence()
        self._heard = self._clock.now()

    def body(self) -> Iterator[bytes | float]:
        """The bytes, and the moments to wait until between them."""
        length = self._reply.length
        return self._acts() if length is None else self._measured(length)

    def _measured(self, length: int) -> Iterator[bytes | float]:
        """The body as who reads *length* bytes sees it: no more, and no less."""
        left = length
        for act in self._acts():
            if not isinstance(act, bytes):
                yield act
                continue
            if said := act[:left]:
                left -= len(said)
                yield said
            if not left and self._reply.stream:
                self.close()  # there may be much more, and nobody reads it
                return
        if left:
            words = (
                "peer closed connection without sending complete message body "
                f"(received {length - left} bytes, expected {length})"
            )
            raise self._error("RemoteProtocolError", words)

    def _acts(self) -> Iterator[bytes | float]:
        try:
            for piece in self._reply.pieces:
                match piece:
                    case bytes():
                        self._heard = self._clock.now()
                        yield piece
                    case Pause():
                        yield from self._wait(piece)
                    case Cut(ending="timeout"):
                        yield from self._forever()
                    case Cut(ending="connection"):
                        raise self._error("ReadError", "the connection was reset")
                    case Cut():
                        return
        finally:
            self.close()

    def close(self) -> None:
        """Nobody wants more of it."""
        close = getattr(self._reply.pieces, "close", None)
        if close is not None:
            close()

    def response(self) -> Any:
        """The response, as the library that asks has it."""
        return self._library.Response(
            self._reply.status,
            headers=[(n.encode("latin-1"), v.encode()) for n, v in self._reply.headers],
            stream=_stream_class(self._library)(self, self._clock),
            extensions={"http_version": b"HTTP/1.1"},
        )

    def _wait(self, pause: Pause) -> Iterator[float]:
        """Wait for it, but no longer than the client does."""
        moment = self._clock.now() + pause.seconds
        if self._patience is not None and moment - self._heard > self._patience:
            yield from self._forever()
        yield moment

    def _forever(self) -> Iterator[float]:
        """Wait until the client has had enough."""
        if self._patience is None:
            raise UnscriptedRequest(
                ScriptError(
                    f"Nothing more comes of the answer to {self._request.method} "
                    f"{self._request.url}, and the client has no timeout: it would "
                    "wait forever. Give the client a timeout."
                )
            )
        yield self._heard + self._patience
        raise self._error("ReadTimeout", "the read operation timed out")

    def _silence(self) -> Iterator[float]:
        """Fail as a connection does over which no answer comes."""
        for piece in self._reply.pieces:
            match piece:
                case Cut(ending="timeout"):
                    yield from self._forever()
                case Cut(ending="connection"):
                    raise self._error("ConnectError", "connection refused")
                case _:
                    break
        words = "Server disconnected without sending a response."
        raise self._error("RemoteProtocolError", words)

    def _error(self, name: str, words: str) -> Exception:
        error: Exception = getattr(self._library, name)(words, request=self._request)
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


def _text(said: bytes) -> str:
    return said.decode("latin-1")
