"""One exchange over ASGI: the request as it came, and a reply acted out.

What comes without a pause between is written at once; a pause, and the end, flush it.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, TypeAlias

from harness.endpoint import Cut, Reply
from harness.http_messages import Headers, HttpRequest
from harness.models.clocks import Clock
from harness.steps import Pause

__all__ = ["TRANSPORT", "Receive", "Scope", "Send", "Stage"]

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

#: The extension of ASGI by which a server lends its transport: to be cut, and to `hold`
#: what is written until `release`.
TRANSPORT = "harness.transport"

#: How many bytes wait at most for the pause after them.
_FULL = 1 << 16
_NO_LINGER = struct.pack("ii", 1, 0)


class Stage:
    """Where one exchange is acted out, by *clock*: over *scope*, *receive* and *send*.

    These are what ASGI gives an application; an `Application` makes stages of them.

    `over` comes true when the client leaves, or is set where the server stops: nothing
    is waited for after that.
    """

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, clock: Clock
    ) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.started = False
        self._scope = scope
        self._receive = receive
        self._send = send
        self._clock = clock
        self._watch: asyncio.Task[None] | None = None
        self._length: int | None = None  # what was announced and has not been sent

    async def request(self) -> HttpRequest | None:
        """What is asked; None if the client leaves before it has said it."""
        parts: list[bytes] = []
        more = True
        while more:
            said = await self._receive()
            if said["type"] != "http.request":
                return None
            parts.append(said.get("body", b""))
            more = said.get("more_body", False)
        scope = self._scope
        headers = tuple(
            [(n.decode("latin-1"), v.decode("latin-1")) for n, v in scope["headers"]]
        )
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        return HttpRequest(scope["method"], _url(scope, headers), headers, body)

    # ------------------------------------------------------------------- playing

    async def play(self, reply: Reply) -> None:
        """Act *reply* out, as far as somebody listens."""
        try:
            for pause in reply.waits:
                if not await self._pause(pause):
                    return
            await self._pieces(reply)
        finally:
            close = getattr(reply.pieces, "close", None)
            if close is not None:
                close()

    async def _pieces(self, reply: Reply) -> None:
        held: list[bytes] = []
        size = 0
        for piece in reply.pieces:
            if isinstance(piece, bytes):
                held.append(piece)
                size += len(piece)
                if size < _FULL:
                    continue
            await self._said(reply, held, more=True)
            held, size = [], 0
            match piece:
                case Pause():
                    if not await self._pause(piece):
                        return
                case Cut(ending=ending):
                    await self.cut(ending)
                    return
                case _:
                    await asyncio.sleep(0)
                    if self.over.done():
                        return
        await self._said(reply, held, more=False)

    async def _said(self, reply: Reply, held: list[bytes], *, more: bool) -> None:
        if self.started or reply.status is None:
            if held or not more:
                await self.write(b"".join(held), more=more)
            return
        transport = self._transport
        if transport is not None:
            transport.hold()  # the head goes with the beginning of the body
        try:
            await self.start(reply.status, reply.headers)
            if held or not more:
                await self.write(b"".join(held), more=more)
        finally:
            if transport is not None:
                transport.release()

    async def start(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Say *status* and *headers*."""
        said = [(n.encode("latin-1"), v.encode()) for n, v in headers]
        for name, value in said:
            if name.lower() == b"content-length":
                self._length = int(value)
        self.started = True
        await self._send(
            {"type": "http.response.start", "status": status, "headers": said}
        )

    async def write(self, data: bytes, *, more: bool = True) -> None:
        """Say *data*; nothing comes after it, unless *more*."""
        if self._length is not None:
            self._length -= len(data)
            if not more and self._length:  # no proper end: too little, or too much
                await self._send(
                    _body(data[: len(data) + min(self._length, 0)], more=True)
                )
                await self._hang_up()
                return
        await self._send(_body(data, more=more))

    @property
    def _transport(self) -> Any:
        return self._scope.get("extensions", {}).get(TRANSPORT)

    # ------------------------------------------------------------------- endings

    async def cut(self, ending: str) -> None:
        """End here: *ending* is one of a `Cut`."""
        match ending:
            case "timeout":
                await self._until(None)
                await self._hang_up(reset=True)
            case "connection":
                await self._hang_up(reset=True)
            case _ if self.started:
                await self.write(b"", more=False)
            case _:
                await self._hang_up()

    async def _hang_up(self, *, reset: bool = False) -> None:
        """Close the connection, after what was written; *reset* it instead."""
        transport = self._transport
        if transport is None:  # any other server closes it where an application fails
            raise ConnectionResetError("the script closes this connection")
        if transport.is_closing():
            return
        transport.set_write_buffer_limits(high=0)
        if self.started:
            await self._send(_body(b"", more=True))
        if reset:
            own: socket.socket = transport.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()
        else:
            transport.close()
        await self._until(None)

    # ------------------------------------------------------------------- waiting

    async def _pause(self, pause: Pause) -> bool:
        """Wait for it; False if nobody listens any more."""
        moment = self._clock.now() + pause.seconds
        if self._clock.virtual:
            await self._clock.asleep_until(moment)
            return not self.over.done()
        return await self._until(self._clock.asleep_until(moment))

    async def _until(self, awaited: Awaitable[None] | None) -> bool:
        """Wait for it, or for the client to leave: False then."""
        if self._watch is None:
            self._watch = asyncio.ensure_future(self._watching())
        if awaited is None:
            await self.over
            return False
        task = asyncio.ensure_future(awaited)
        try:
            await asyncio.wait((task, self.over), return_when="FIRST_COMPLETED")
        finally:
            task.cancel()
        return not self.over.done()

    async def _watching(self) -> None:
        """See the client leave."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.leave()

    def leave(self) -> None:
        """Nobody listens any more."""
        if not self.over.done():
            self.over.set_result(None)

    def close(self) -> None:
        """The exchange is done."""
        if self._watch is not None:
            self._watch.cancel()


def _body(data: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": more}


def _url(scope: Scope, headers: Headers) -> str:
    """The URL that was asked, as the client spelled it."""
    host = ""
    for name, value in headers:
        if name == "host":
            host = value
            break
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    if not path.startswith("/"):  # "*": the server as a whole
        path = f"/{path}"
    query = scope.get("query_string", b"")
    if query:
        path = f"{path}?{query.decode('latin-1')}"
    return f"{scope.get('scheme', 'http')}://{host}{path}"
