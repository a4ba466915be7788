"""uvicorn, started and stopped from other threads without waiting for its ticks."""

import asyncio
import threading
from typing import Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from harness.server.acting import TRANSPORT
from harness.server.application import Application

__all__ = ["running"]

#: How many seconds a connection may idle: clients keep them, and expect them open.
_IDLE = 3600
_GRACE = 5
#: Headers by which a client offers another protocol.
_OFFER = frozenset((b"upgrade", b"connection", b"http2-settings"))


class _Gathering:
    """A transport that can `hold` what is written, to write it at once."""

    __slots__ = ("_held", "_transport")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._held: list[bytes] | None = None

    def hold(self) -> None:
        """Write nothing until `release`."""
        self._held = []

    def release(self) -> None:
        """Write what was held."""
        held, self._held = self._held, None
        if held:
            self._transport.write(b"".join(held))

    def write(self, data: bytes) -> None:
        if self._held is None:
            self._transport.write(data)
        else:
            self._held.append(data)

    def close(self) -> None:
        self.release()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class _Parser:
    """A parser that takes offers to speak another protocol for what they are.

    Some clients offer HTTP/2 with each first request (Java's does), and the parser that
    hears of it takes the body for that protocol. We go on in ours: the head is parsed
    once more, without the offer, and then the rest.
    """

    __slots__ = ("_parser", "_protocol")

    def __init__(self, parser: Any, protocol: "_Protocol") -> None:
        self._parser = parser
        self._protocol = protocol

    def feed_data(self, data: bytes) -> None:
        """Parse *data*. Raises HttpParserError for what is no HTTP."""
        while data:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                if self._parser.get_method() == b"CONNECT":
                    raise httptools.HttpParserError("this is no proxy") from None
                data = self._protocol.head() + data[offer.args[0] :]
                self._parser = _new_parser(self._protocol)
            else:
                return

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)


def _new_parser(protocol: "_Protocol") -> Any:
    """A parser like that of uvicorn: what comes after a last request is no error."""
    parser: Any = httptools.HttpRequestParser(protocol)
    if hasattr(parser, "set_dangerous_leniencies"):
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


class _Protocol(HttpToolsProtocol):
    """HTTP whose applications can get at the transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(_Gathering(transport))  # type: ignore[arg-type]  # it has all that a transport has
        self.parser = _Parser(self.parser, self)  # type: ignore[assignment]  # as above

    def _should_upgrade(self) -> bool:
        """True: nothing is asked before the parser has heard it as HTTP."""
        return True

    def head(self) -> bytes:
        """The head of the request that is under way, without the offer in it."""
        method, version = self.scope["method"], self.scope["http_version"]
        lines = [b"%s %s HTTP/%s" % (method.encode(), self.url, version.encode())]
        for name, value in self.headers:
            closes = name == b"connection" and b"close" in value.lower()
            if closes or name not in _OFFER:
                lines.append(b"%s: %s" % (name, value))
        return b"\r\n".join([*lines, b"", b""])

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}  # type: ignore[dict-item]  # ours


class _Running(uvicorn.Server):
    """One server; `run` it in a thread of its own."""

    def __init__(self, config: uvicorn.Config, application: Application) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self._application = application
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let `run` return; from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)

    def run(self, sockets: Any = None) -> None:
        try:
            super().run(sockets)
        finally:
            self.ready.set()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.ready.set()
        await self._stopping.wait()

    async def shutdown(self, sockets: Any = None) -> None:
        for server in self.servers:
            server.close()
        for one in sockets or ():
            one.close()
        self._application.hang_up()
        for connection in [*self.server_state.connections]:
            connection.shutdown()
        if tasks := [*self.server_state.tasks]:
            _, left = await asyncio.wait(tasks, timeout=_GRACE)
            for task in left:
                task.cancel()
        await self._application.close()
        for connection in [*self.server_state.connections]:
            connection.transport.abort()
        await asyncio.sleep(0)


def running(application: Application) -> _Running:
    """A server of *application* that is ready to `run`."""
    config = uvicorn.Config(
        application,
        http=_Protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_IDLE,
    )
    return _Running(config, application)
