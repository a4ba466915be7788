"""aiohttp: recorded, and answered, where its connector gives a connection.

That is below redirects, retries, cookies and middlewares, which all play as they did:
each hop is an interaction. While recording, the bytes are teed where they come from the
socket. In replay a connection without a socket feeds them to aiohttp's own parser, a
piece whenever the application waits for one: so `iter_any`, `iter_chunks` and the rest
see the pieces that were recorded. Websockets are left alone.
"""

import asyncio
import functools
import io
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from harness.cassettes.http_requests import HttpRequest
from harness.cassettes.interactions import Interaction
from harness.errors import CassetteMiss, UnrecordedRequest
from harness.recording import routing
from harness.recording.endings import cut_short
from harness.recording.http1 import Answer, failed_how, on_the_wire, os_error
from harness.recording.patching import Patch
from harness.recording.routing import Opened

__all__ = ["MODULE", "patches"]

#: The module that has to be there before there is anything to patch.
MODULE = "aiohttp.connector"

_NO_ANSWER = 599

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
        opened = routing.current()
        if opened is None or "Upgrade" in request.headers:
            return await connect(connector, request, *args, **options)
        sent = await _request(request)
        interaction = opened.tape.answer(sent)
        if interaction is not None:
            return _replayed(connector, request, _Player(opened, interaction))
        answer = Answer(opened.tape.recording(sent), sent.method)
        try:
            connection = await connect(connector, request, *args, **options)
        except BaseException as error:
            _refused(answer, request, error)
            raise
        _tee(connection, request, answer)
        return connection

    return connected


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


# --- Recorded ----------------------------------------------------------------


class _Player:
    """A recorded answer that is fed to a protocol, a piece each time one is missed."""

    def __init__(self, opened: Opened, interaction: Interaction) -> None:
        self.interaction = interaction
        self._opened = opened
        self._clock = opened.playback.clock
        self._began = self._clock.now()
        self._pieces = on_the_wire(interaction, opened.playback)

    async def feed(self, protocol: Any) -> bool:
        """Feed the next piece to *protocol*; tell whether there was one."""
        time, piece = next(self._pieces, (0.0, b""))
        if piece:
            await self._clock.asleep_until(self._began + time)
            protocol.data_received(piece)
        return bool(piece)

    def end(self, protocol: Any) -> None:
        """Fail where the recorded answer did; else let *protocol* know its end."""
        match self.interaction.ended:
            case "truncated":
                miss = CassetteMiss(cut_short(self.interaction))
                self._opened.tape.misses.append(miss)
                raise UnrecordedRequest(miss)
            case "timeout":
                raise _read_timeout(self.interaction)
            case _:
                protocol.connection_lost(os_error(failed_how(self.interaction)[1]))


def _replayed(connector: Any, request: Any, player: _Player) -> Any:
    """A connection that *player* speaks over."""
    _connect(request, player.interaction)
    made: Any = sys.modules[MODULE]
    loop = connector._loop
    protocol = made.ResponseHandler(loop)
    protocol.connection_made(_NoSocket())
    protocol.force_close()
    protocol.harness_player = player
    protocol.read = functools.partial(_read_head, protocol, protocol.read)
    return made.Connection(connector, request.connection_key, protocol, loop)


async def _read_head(protocol: Any, read: Callable[[], Awaitable[Any]]) -> Any:
    player: _Player = protocol.harness_player
    if player.interaction.status == _NO_ANSWER:
        raise _no_answer(player.interaction)
    await player.feed(protocol)
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
            if not await self._protocol.harness_player.feed(self._protocol):
                self._protocol.harness_player.end(self._protocol)
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


def _connect(request: Any, interaction: Interaction) -> None:
    """Fail where no connection came about when *interaction* was recorded."""
    if interaction.status != _NO_ANSWER:
        return
    library, key = _library(), request.connection_key
    how, words = failed_how(interaction)
    error = os_error(words) or OSError(0, words)
    match how:
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


def _no_answer(interaction: Interaction) -> Any:
    """The error of a connection over which nothing came."""
    library = _library()
    how, words = failed_how(interaction)
    if how == "timeout":
        return _read_timeout(interaction)
    error = os_error(words)
    if error is not None:
        return library.ClientOSError(*error.args)
    return library.ServerDisconnectedError()


def _read_timeout(interaction: Interaction) -> Any:
    """The error of the timeout that was: the total one, or that of a read."""
    library = _library()
    if interaction.failure.startswith("TimeoutError"):
        return TimeoutError()
    late = getattr(library, "SocketTimeoutError", library.ServerTimeoutError)
    return late(failed_how(interaction)[1])
