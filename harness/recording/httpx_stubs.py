"""httpx and httpx2: recorded and answered at their transports.

One code serves both; the library is passed in. What it does not own passes by: mock,
ASGI and WSGI transports, and transports that do not go through its own. A fake answers
by a transport of its own.
"""

import functools
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from types import ModuleType
from typing import Any

from harness.cassettes.exchanges import Exchange
from harness.cassettes.http_requests import HttpRequest
from harness.cassettes.interactions import NO_ANSWER, Ending, Interaction
from harness.errors import CassetteMiss, UnrecordedRequest
from harness.models.clocks import others_turn
from harness.recording.endings import (
    BROKEN,
    cut_short,
    ended_early,
    failure_of,
    read_failure,
)
from harness.recording.opened import OpenCassette, OpenFake
from harness.recording.patching import Patch
from harness.recording.routing import current, inside

__all__ = ["MODULES", "patches"]

#: The libraries.
MODULES = ("httpx", "httpx2")

_SWITCHING_PROTOCOLS = 101
_DEFAULT_ERROR: dict[Ending, str] = {
    "timeout": "ReadTimeout",
    "connection": "ConnectError",
    "interrupted": "RemoteProtocolError",
}


def patches() -> Iterator[Patch]:
    """What has to be replaced in those that were imported."""
    for name in MODULES:
        module = sys.modules.get(name)
        if hasattr(module, "AsyncHTTPTransport") and module is not None:
            stub = _stub(module)
            yield Patch(module.HTTPTransport, "handle_request", stub.around)
            yield Patch(
                module.AsyncHTTPTransport, "handle_async_request", stub.around_async
            )


@functools.cache
def _stub(library: ModuleType) -> "_Stub":
    """That of *library*: two classes are made for it, and tapes are opened often."""
    return _Stub(library)


class _Stub:
    """What takes the place of the methods of *library* that send a request."""

    def __init__(self, library: ModuleType) -> None:
        self._library: Any = library
        streams = (library.SyncByteStream, library.AsyncByteStream)
        self._tee: Any = type("Tee", (_Tee, *streams), {})
        self._played: Any = type("Played", (_Played, *streams), {})

    def around(self, send: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        """*send*, recorded or answered."""

        @functools.wraps(send)
        def handle_request(transport: Any, request: Any) -> Any:
            opened = current(str(request.url))
            if opened is None:
                return send(transport, request)
            if isinstance(opened, OpenFake):
                return opened.transport.handle_request(request)
            asked = _asked(request, request.read())
            known = opened.tape.answer(asked)
            if known is not None:
                return self._answer(known, opened, request)
            exchange = opened.tape.recording(asked)
            try:
                with inside(opened):
                    response = send(transport, request)
            except BaseException as error:
                self._unanswered(exchange, error)
                raise
            return self._recorded(response, exchange)

        return handle_request

    def around_async(
        self, send: Callable[[Any, Any], Awaitable[Any]]
    ) -> Callable[[Any, Any], Awaitable[Any]]:
        """The same for a transport that is awaited."""

        @functools.wraps(send)
        async def handle_async_request(transport: Any, request: Any) -> Any:
            opened = current(str(request.url))
            if opened is None:
                return await send(transport, request)
            if isinstance(opened, OpenFake):
                return await opened.transport.handle_async_request(request)
            asked = _asked(request, await request.aread())
            known = opened.tape.answer(asked)
            if known is not None:
                await others_turn()
                return self._answer(known, opened, request)
            exchange = opened.tape.recording(asked)
            try:
                with inside(opened):
                    response = await send(transport, request)
            except BaseException as error:
                self._unanswered(exchange, error)
                raise
            return self._recorded(response, exchange)

        return handle_async_request

    # ------------------------------------------------------------------ live

    def _recorded(self, response: Any, exchange: Exchange) -> Any:
        """*response*, which tells *exchange* what is read of it."""
        said = response.extensions
        if response.status_code == _SWITCHING_PROTOCOLS:
            exchange.drop()  # what follows is no HTTP
            return response
        exchange.response(
            response.status_code,
            [(_text(name), _text(value)) for name, value in response.headers.raw],
            reason=_text(said.get("reason_phrase", b"")),
            http_version=_text(said.get("http_version", b"")),
        )
        response.stream = self._tee(response, exchange, self._ending)
        return response

    def _unanswered(self, exchange: Exchange, error: BaseException) -> None:
        """Nothing came but *error*: that of the network is an answer as well."""
        ended = self._ending(error)
        if ended == "truncated":
            exchange.drop()
        else:
            exchange.end(
                "connection" if ended == "interrupted" else ended, failure_of(error)
            )

    def _ending(self, error: BaseException) -> Ending:
        if isinstance(error, self._library.TimeoutException):
            return "timeout"
        broke = isinstance(error, self._library.TransportError)
        return "interrupted" if broke else "truncated"

    # -------------------------------------------------------------- recorded

    def _answer(self, known: Interaction, opened: OpenCassette, request: Any) -> Any:
        """The recorded answer. Raises what was recorded, if that was an error."""
        if known.status == NO_ANSWER and known.ended in BROKEN:
            raise self._failure(known, request)
        extensions = {"http_version": _bytes(known.http_version or "HTTP/1.1")}
        if known.reason or known.http_version.startswith("HTTP/1"):
            extensions["reason_phrase"] = _bytes(known.reason)
        return self._library.Response(
            known.status,
            headers=[
                (_bytes(name), _bytes(value))
                for name, value in opened.playback.headers(known)
            ],
            stream=self._played(
                known, opened, functools.partial(self._failure, known, request)
            ),
            extensions=extensions,
        )

    def _failure(self, known: Interaction, request: Any) -> Exception:
        """The error in which *known* ended."""
        name, words = read_failure(known)
        kind: Any = getattr(self._library, name, None)
        errors = self._library.TransportError
        if not (isinstance(kind, type) and issubclass(kind, errors)):
            kind = getattr(self._library, _DEFAULT_ERROR[known.ended])
        error: Exception = kind(words, request=request)
        return error


class _Tee:
    """The stream of a live answer: each piece goes on as it comes, and is recorded."""

    def __init__(
        self,
        response: Any,
        exchange: Exchange,
        ending: Callable[[BaseException], Ending],
    ) -> None:
        self._stream = response.stream
        self._status = response.status_code
        self._headers = [(_text(n), _text(v)) for n, v in response.headers.raw]
        self._exchange = exchange
        self._ending = ending
        self._body: list[bytes] = []

    def _heard(self, chunk: bytes) -> bytes:
        self._exchange.chunk(chunk)
        self._body.append(chunk)
        return chunk

    def _broke(self, error: BaseException) -> None:
        if isinstance(error, GeneratorExit):
            self._left()
        else:
            self._exchange.end(self._ending(error), failure_of(error))

    def _left(self) -> None:
        """Whoever read it is done with it."""
        ended = ended_early(
            self._exchange.request.method,
            self._status,
            tuple(self._headers),
            b"".join(self._body),
        )
        self._exchange.end(ended)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._stream:
                yield self._heard(chunk)
        except BaseException as error:
            self._broke(error)
            raise
        self._exchange.end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._stream:
                yield self._heard(chunk)
        except BaseException as error:
            self._broke(error)
            raise
        self._exchange.end()

    def close(self) -> None:
        """Close the connection, or free it for the next request."""
        try:
            self._stream.close()
        finally:
            self._left()

    async def aclose(self) -> None:
        """The same."""
        try:
            await self._stream.aclose()
        finally:
            self._left()


class _Played:
    """The stream of a recorded answer: the same pieces, and the same end."""

    def __init__(
        self, known: Interaction, opened: OpenCassette, failure: Callable[[], Exception]
    ) -> None:
        self._known = known
        self._tape = opened.tape
        self._clock = opened.playback.clock
        self._began = self._clock.now()
        self._pieces = opened.playback.pieces(known)
        self._failure = failure

    def __iter__(self) -> Iterator[bytes]:
        for time, chunk in self._pieces:
            if time:
                self._clock.sleep_until(self._began + time)
            yield chunk
        self._end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for time, chunk in self._pieces:
            if time:
                await self._clock.asleep_until(self._began + time)
            else:
                await others_turn()
            yield chunk
        self._end()

    def _end(self) -> None:
        if self._known.ended == "truncated":
            miss = CassetteMiss(cut_short(self._known))
            self._tape.misses.append(miss)
            raise UnrecordedRequest(miss)
        if self._known.ended in BROKEN:
            raise self._failure()

    def close(self) -> None:
        """Nothing is held."""

    async def aclose(self) -> None:
        """The same."""


def _asked(request: Any, body: bytes) -> HttpRequest:
    url = str(request.url)
    headers = [(_text(name), _text(value)) for name, value in request.headers.raw]
    return HttpRequest(request.method, url.partition("#")[0], tuple(headers), body)


def _text(said: bytes) -> str:
    return said.decode("latin-1")


def _bytes(said: str) -> bytes:
    try:
        return said.encode("latin-1")
    except UnicodeEncodeError:
        return said.encode()
