"""The ASGI application: which of what is served answers a request, and its state."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from harness.endpoint.replies import Reply, fault_reply
from harness.errors import InputError, nearest, shown
from harness.http_messages import HttpRequest
from harness.models.clocks import Clock, RealClock
from harness.server.acting import Receive, Scope, Send, Stage
from harness.server.control import told
from harness.server.control_paths import ADMIN
from harness.server.description import description_of
from harness.server.served import Failure, Served
from harness.steps import Fault
from harness.wire import DIALECTS, dialect_of

__all__ = ["Application", "refusal"]


class Application:
    """Serves what *served* has by name, by the ASGI 3 protocol.

    The only one answers every path; of several each answers below its name. Under
    ``/harness/`` it tells its state. *clock* acts out what scripts wait: by default in
    real time. Raises InputError where there is nothing to serve.
    """

    def __init__(
        self, served: Mapping[str, Served], *, clock: Clock | None = None
    ) -> None:
        if not served:
            raise InputError("There is nothing to serve: name a script or a cassette.")
        for name in served:
            if name == ADMIN or "/" in name:
                raise InputError(f"Nothing can be served as {name!r}: rename it.")
        self.served = dict(served)
        self.clock = RealClock() if clock is None else clock
        self._only = next(iter(served.values())) if len(served) == 1 else None
        self._stages: set[Stage] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one exchange, or the whole lifespan."""
        match scope["type"]:
            case "http":
                await self._exchange(Stage(scope, receive, send, self.clock))
            case "lifespan":
                await self._lifespan(receive, send)
            case "websocket":
                await send({"type": "websocket.close", "code": 1000})
            case _:
                pass

    async def _exchange(self, stage: Stage) -> None:
        self._stages.add(stage)
        try:
            request = await stage.request()
            if request is not None:
                await self._respond(request, stage)
        finally:
            stage.close()
            self._stages.discard(stage)

    async def _respond(self, request: HttpRequest, stage: Stage) -> None:
        if not _is_host(host := request.header("host") or ""):
            words = f"Host is {shown(host)}: give a name or an address, and a port."
            await stage.play(refusal(words, ""))
            return
        start = request.url.index("/", request.url.index("//") + 2)
        first, slash, rest = request.url[start + 1 :].partition("/")
        if first.partition("?")[0] == ADMIN:
            await stage.play(told(self.served, request.method, rest))
        elif slash and first in self.served:
            url = f"{request.url[:start]}/{rest}"
            below = HttpRequest(request.method, url, request.headers, request.body)
            await self.served[first].respond(below, stage)
        elif self._only is not None:
            await self._only.respond(request, stage)
        else:
            words = f"nothing is served at {request.url}. {nearest(first, self.served)}"
            await stage.play(refusal(words, request.url, status=404))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            phase = (await receive())["type"].removeprefix("lifespan.")
            if phase == "shutdown":
                self.hang_up()
                await self.close()
            await send({"type": f"lifespan.{phase}.complete"})
            if phase == "shutdown":
                return

    # -------------------------------------------------------------------- ending

    def hang_up(self) -> None:
        """End what is being waited for, and all that is under way."""
        for stage in self._stages:
            stage.leave()

    async def close(self) -> None:
        """End what is served."""
        for one in self.served.values():
            await one.close()

    def description(self) -> dict[str, Any]:
        """What it answers, as OpenAPI 3.1."""
        return description_of(self.served)

    def failures(self) -> list[Failure]:
        """What had no lawful answer, of all that is served."""
        return [failure for one in self.served.values() for failure in one.failures()]


def _is_host(text: str) -> bool:
    """Whether *text* can stand in a URL as its host, and be nothing else of it."""
    try:
        parts = urlsplit(f"//{text}/")
        port = parts.port or 0
    except ValueError:
        return False
    return parts.netloc == text and parts.path == "/" and port >= 0


def refusal(words: str, url: str, *, status: int = 400) -> Reply:
    """The reply that says why there is no answer: no client may try it again."""
    dialect = dialect_of(url) or DIALECTS["openai-chat"]
    said = fault_reply(Fault(f"chat-harness: {words}", status=status), dialect)
    return said.with_headers(("x-should-retry", "false"))
