"""aiohttp: recorded, and answered, where its connector gives a connection.

That is below redirects, retries, cookies and middlewares, which all play as they did:
each hop is an interaction. While recording, the bytes are teed where they come from the
socket. In replay, or from a fake, a connection without a socket feeds them to aiohttp's
own parser, a piece whenever the application waits for one: so `iter_any`, `iter_chunks`
and the rest see the pieces as they were. Websockets are left alone.
"""

import asyncio
import functools
import io
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from harness.cassettes.http_requests import HttpRequest
from harness.endpoint.acting import Broken, Waits
from harness.models.clocks import others_turn
from harness.recording import routing
from harness.recording.acts import Playing, answer_of
from harness.recording.http1 import Answer, os_error
from harness.recording.patching import Patch

__all__ = ["MODULE", "patches"]

#: The module that has to be there before there is anything to patch.
MODULE = "aiohttp.connector"

_Connect = Callable[..., Awaitable[Any]]


def patches() -> Iterator[Patch]:
    """What has to be replaced, if aiohttp was imported."""
    connector = sys.modules.get(MODULE)
    if connector is not None:
        yield Patch(connector.BaseConnector, "connect", _connecting)


def _library() -> Any:
    return sys.modules["aiohttp"]


def _connecting(connect: _Connect) -> _Connect:
    @functools.wraps(connect)
    async def connected(
        connector: Any, request: Any, *args: Any, **options: Any
    ) -> Any:
        upgrades = "Upgrade" in request.headers
        opened = None if upgrades else routing.current(str(request.url))
        if opened is None:
            return await connect(connector, request, *args, **options)
        sent = await _request(request)
        waits = _waits(options.get("timeout", (*args, None, None)[1]))
        found = answer_of(opened, sent, waits)
        if isinstance(found, Playing):
            return await _played(connector, request, _Player(found))
        answer = Answer(found, sent.method)
        try:
            with routing.inside(opened):
                connection = await connect(connector, request, *args, **options)
        except BaseException as error:
            _refused(answer, request, error)
            raise
        _tee(connection, request, answer)
        return connection

    return connected


def _waits(timeout: Any) -> Waits:
    """How long aiohttp waits: it says it where it asks for a connection."""
    if timeout is None:
        return Waits()
    return Waits(read=timeout.sock_read, total=timeout.total)


async def _request(request: Any) -> HttpRequest:
    headers = tuple((str(n), str(value)) for n, value in request.headers.items())
    body = await _whole(request)
    return HttpRequest(request.method, str(request.url), headers, body)


class _Collected:
    """What a payload writes itself to."""

    def __init__(self) -> None:
        self.data = bytearray()

    async def write(self, chunk: bytes) -> None:
        """Take the next part of it."""
        self.data += chunk


async def _whole(request: Any) -> bytes:
    """The body of *request*; what can be written but once is replaced by its bytes."""
    body = request.body
    if isinstance(body, bytes):
        return body
    collected = _Collected()
    await body.write(collected)
    data = bytes(collected.data)
    payloads: Any = sys.modules["aiohttp.payload"]
    if not isinstance(body, payloads.BytesPayload):
        whole = payloads.BytesIOPayload(io.BytesIO(data), headers=body.headers)
        setattr(request, "_body" if hasattr(request, "_body") else "body", whole)
    return data


# --- Live --------------------------------------------------------------------


def _refused(answer: Answer, request: Any, error: BaseException) -> None:
    """Tell that no connection came about."""
    library = _library()
    if _late(request):
        error = TimeoutError("the total timeout of the request")
    elif type(error) is TimeoutError:
        late = getattr(library, "ConnectionTimeoutError", library.ServerTimeoutError)
        error = late(f"Connection timeout to host {request.url}")
    answer.refuse(error, str(getattr(error, "os_error", "")))


def _late(request: Any) -> bool:
    """Whether the total timeout of *request* is what ends it."""
    return bool(getattr(getattr(request, "_timer", None), "_cancelled", False))


def _tee(connection: Any, request: Any, answer: Answer) -> None:
    """Tell *answer* what comes over *connection*, until it is given back."""
    protocol = connection.protocol
    received, lost = protocol.data_received, protocol.connection_lost

    def data_received(data: bytes) -> None:
        answer.feed(data)
        received(data)

    def connection_lost(error: BaseException | None) -> None:
        if error is None:
            answer.eof()
        else:
            answer.fail(error)
        lost(error)

    def released() -> None:
        error = protocol.exception()
        if _late(request):
            error = TimeoutError("the total timeout of the request")
        if error is not None:
            answer.fail(error)
        if not answer.ended:
            answer.refuse(error or sys.exception() or GeneratorExit())
        for name in ("data_received", "connection_lost"):
            vars(protocol).pop(name, None)
        _tell(protocol)

    protocol.data_received, protocol.connection_lost = data_received, connection_lost
    _tell(protocol)
    connection.add_callback(released)


def _tell(protocol: Any) -> None:
    """Let the transport look at its protocol again: some loops keep the methods."""
    if protocol.is_connected():
        protocol.transport.set_protocol(protocol)


# --- Played ------------------------------------------------------------------


class _Player:
    """An answer that is fed to a protocol, a piece each time one is missed."""

    def __init__(self, plays: Playing) -> None:
        self._plays = plays
        #: How the connection failed, if none came about.
        self.broken: Broken | None = None

    async def begin(self) -> None:
        """Find out whether a connection comes about."""
        if not self._plays.silent:
            return
        try:
            await self._next()
        except Broken as broken:
            self.broken = broken

    async def feed(self, protocol: Any) -> None:
        """Feed the next piece to *protocol*, or let it know the end."""
        piece = await self._next()
        if piece:
            protocol.data_received(piece)
        else:
            protocol.connection_lost(None)

    async def _next(self) -> bytes:
        for act in self._plays.acts:
            if isinstance(act, bytes):
                await others_turn()
                return act
            await self._plays.clock.asleep_until(act)
        return b""

    def close(self) -> None:
        """Nobody reads on."""
        self._plays.acts.close()


async def _played(connector: Any, request: Any, player: _Player) -> Any:
    """A connection that *player* speaks over."""
    try:
        await player.begin()
        _connect(request, player.broken)
    except BaseException:
        player.close()
        raise
    made: Any = sys.modules[MODULE]
    loop = connector._loop
    protocol = made.ResponseHandler(loop)
    protocol.connection_made(_NoSocket())
    protocol.force_close()
    protocol.harness_player = player
    protocol.read = functools.partial(_read_head, protocol, protocol.read)
    connection = made.Connection(connector, request.connection_key, protocol, loop)
    connection.add_callback(player.close)
    return connection


async def _read_head(protocol: Any, read: Callable[[], Awaitable[Any]]) -> Any:
    player: _Player = protocol.harness_player
    try:
        if player.broken is not None:
            raise player.broken
        await player.feed(protocol)
    except Broken as broken:
        raise _no_answer(broken) from None
    stream = protocol._payload
    if type(stream) is _library().StreamReader:
        stream.__class__ = _stream_class()
    return await read()


@functools.cache
def _stream_class() -> type:
    """A stream of aiohttp that is fed when it is waited for."""

    class Fed(_library().StreamReader):  # type: ignore[misc]  # made when it is there
        __slots__ = ()

        async def _wait(self, reader: str) -> None:
            if not self._protocol.connected:
                await super()._wait(reader)  # which says so
            try:
                await self._protocol.harness_player.feed(self._protocol)
            except Broken as broken:
                if broken.how == "timeout":
                    raise _read_timeout(broken) from None
                self._protocol.connection_lost(os_error(broken.words))
            if self._exception is not None:
                raise self._exception

    return Fed


class _NoSocket(asyncio.Transport):
    """A transport that leads nowhere: what is written was told before."""

    def __init__(self) -> None:
        super().__init__()
        self._closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Let it go."""

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._closing = True

    abort = close

    def pause_reading(self) -> None:
        """Nothing is read but what is asked for."""

    resume_reading = pause_reading


def _connect(request: Any, broken: Broken | None) -> None:
    """Fail where no connection comes about."""
    if broken is None:
        return
    library, key = _library(), request.connection_key
    error = os_error(broken.words) or OSError(0, broken.words)
    match broken.how:
        case "connect timeout":
            raise TimeoutError  # aiohttp says the rest
        case "refused":
            raise library.ClientConnectorError(key, error)
        case "name":
            named = getattr(library, "ClientConnectorDNSError", None)
            raise (named or library.ClientConnectorError)(key, error)
        case "tls":
            raise library.ClientConnectorSSLError(key, error)
        case _:
            pass


def _no_answer(broken: Broken) -> Any:
    """The error of a connection over which nothing came."""
    library = _library()
    if broken.how == "timeout":
        return _read_timeout(broken)
    error = os_error(broken.words)
    if error is not None:
        return library.ClientOSError(*error.args)
    return library.ServerDisconnectedError()


def _read_timeout(broken: Broken) -> Any:
    """The error of the timeout that was: the total one, or that of a read."""
    library = _library()
    if broken.name == "TimeoutError":
        return TimeoutError()
    late = getattr(library, "SocketTimeoutError", library.ServerTimeoutError)
    return late(broken.words)
