"""The ASGI application: which of what is served answers a request, and its state."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

from harness.endpoint.replies import Reply, fault_reply, json_reply
from harness.errors import InputError, UnrecordedRequest, UnscriptedRequest, nearest
from harness.http_messages import HttpRequest
from harness.models.clocks import Clock, RealClock
from harness.server.acting import Receive, Scope, Send, Stage
from harness.steps import Fault
from harness.wire import DIALECTS, dialect_of

__all__ = ["Application", "Failure", "Served", "refusal"]

Failure = UnscriptedRequest | UnrecordedRequest

_ADMIN = "harness"


class Served(Protocol):
    """Something that answers requests: a script, a cassette."""

    async def respond(self, request: HttpRequest, stage: Stage) -> None:
        """Answer *request* on *stage*."""
        ...

    def state(self) -> dict[str, Any]:
        """What was asked, and what is left, as JSON."""
        ...

    def calls(self, session: str | None) -> list[dict[str, Any]]:
        """What came over HTTP, of one session or of all."""
        ...

    def reset(self, session: str | None) -> None:
        """Begin again: that session, or all."""
        ...

    def failures(self) -> list[Failure]:
        """What had no lawful answer."""
        ...

    async def close(self) -> None:
        """Nothing more is asked."""
        ...


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
            if name == _ADMIN or "/" in name:
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
        start = request.url.index("/", request.url.index("//") + 2)
        first, slash, rest = request.url[start + 1 :].partition("/")
        if first.partition("?")[0] == _ADMIN:
            await stage.play(self._told(request.method, rest))
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

    def failures(self) -> list[Failure]:
        """What had no lawful answer, of all that is served."""
        return [failure for one in self.served.values() for failure in one.failures()]

    # --------------------------------------------------------------------- state

    def _told(self, method: str, path: str) -> Reply:
        asked = urlsplit(path)
        session = next(iter(parse_qs(asked.query).get("session", [])), None)
        match method, asked.path:
            case "GET", "":
                return _json({name: one.state() for name, one in self._named()})
            case "GET", "health":
                return _json({"status": "ok"})
            case "GET", "calls":
                return _json({name: one.calls(session) for name, one in self._named()})
            case "POST", "reset":
                for _, one in self._named():
                    one.reset(session)
                return _json({"status": "reset"})
            case _:
                known = "GET /harness/, /harness/calls and /harness/health"
                words = f"{method} /harness/{path}: known are {known}, and POST"
                return _json({"error": f"{words} /harness/reset."}, status=404)

    def _named(self) -> Iterator[tuple[str, Served]]:
        return iter(self.served.items())


def refusal(words: str, url: str, *, status: int = 400) -> Reply:
    """The reply that says why there is no answer: no client may try it again."""
    dialect = dialect_of(url) or DIALECTS["openai-chat"]
    said = fault_reply(Fault(f"chat-harness: {words}", status=status), dialect)
    return said.with_headers(("x-should-retry", "false"))


def _json(value: object, status: int = 200) -> Reply:
    said = json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n"
    return json_reply(said.encode("utf-8", "replace"), status)
