"""One exchange over HTTP: a request goes out, its answer comes back as steps.

Each piece of the body goes to the decoder as it arrives, each chunk goes on at once.
Whatever the network does is told as a Fault; leaving the steps closes the response.
"""

from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import aclosing, closing
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from harness.chunks import AIMessageChunk
from harness.errors import InputError, WireError
from harness.providers.addresses import public
from harness.providers.connections import Connections
from harness.providers.keys import ApiKey
from harness.requests import ChatRequest
from harness.steps import Fault, Step
from harness.wire import Dialect
from harness.wire.streams import Played

__all__ = ["Call", "Exchange"]

_REQUEST_IDS = ("x-request-id", "request-id", "x-amzn-requestid", "cf-ray")
_NOTHING = AIMessageChunk()
_LONGEST_REFUSAL = 1_000_000
_MOST_AFTER = 10
_TIMEOUTS: dict[type[httpx.HTTPError], tuple[str, str]] = {
    httpx.ConnectTimeout: ("connect", "no connection was made"),
    httpx.PoolTimeout: ("pool", "no connection was free"),
    httpx.WriteTimeout: ("write", "the request could not be sent"),
    httpx.ReadTimeout: ("read", "nothing came"),
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request, ready to be sent: as often as it takes."""

    dialect: Dialect
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    key: ApiKey
    timeout: httpx.Timeout | None = None

    @property
    def place(self) -> str:
        """What an error says of where it happened."""
        return f"POST {public(self.url)}"

    def request(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """The same for *client*, whose time limits hold where none were given."""
        given: dict[str, Any] = (
            {} if self.timeout is None else {"timeout": self.timeout}
        )
        try:
            return client.build_request(
                "POST", self.url, content=self.content, headers=self.headers, **given
            )
        except (httpx.InvalidURL, httpx.CookieConflict, UnicodeError) as error:
            raise InputError(f"{self.place} cannot be sent: {error}") from None


class Exchange:
    """A player of answers over *connections*; *written* makes calls of requests."""

    def __init__(
        self, written: Callable[[ChatRequest], Call], connections: Connections
    ) -> None:
        self.written = written
        self.connections = connections

    def play(self, request: ChatRequest) -> Generator[Step]:
        """The answer, as it arrives. Raises InputError, at once."""
        return self._steps(self.written(request))

    def aplay(self, request: ChatRequest) -> AsyncGenerator[Step]:
        """The same in a task."""
        return self._asteps(self.written(request))

    def _steps(self, call: Call) -> Generator[Step]:
        hearing = _Hearing(call)
        try:
            client = self.connections.client()
            sent = client.send(call.request(client), stream=True)
            with closing(sent) as response:
                hearing.begin(response)
                for data in response.iter_bytes():
                    yield from hearing.feed(data)
                    if hearing.done:
                        break
                yield from hearing.close()
        except httpx.HTTPError as error:
            yield from hearing.broken(error)

    async def _asteps(self, call: Call) -> AsyncGenerator[Step]:
        hearing = _Hearing(call)
        try:
            client = await self.connections.aclient()
            response = await client.send(call.request(client), stream=True)
            async with aclosing(response):
                hearing.begin(response)
                async for data in response.aiter_bytes():
                    for step in hearing.feed(data):
                        yield step
                    if hearing.done:
                        break
                for step in hearing.close():
                    yield step
        except httpx.HTTPError as error:
            for step in hearing.broken(error):
                yield step


class _Hearing:
    """What was heard of one answer."""

    def __init__(self, call: Call) -> None:
        self.call = call
        self.done = False
        self._decoder = call.dialect.decoder()
        self._status = 0
        self._headers: dict[str, str] = {}
        self._refusal: bytearray | None = None
        self._chunks = 0
        self._more = 0  # pieces of the body after the end of the answer
        self._ended = False

    def begin(self, response: httpx.Response) -> None:
        """Status and headers came."""
        self._status = response.status_code
        self._headers = dict(response.headers)
        if not response.is_success:
            self._refusal = bytearray()

    def feed(self, data: bytes) -> list[Step]:
        """What a piece of the body completes.

        A body is read to its end, so that its connection serves the next call; where
        it would not, or the body does not end, we are *done* before.
        """
        if self._refusal is not None:
            self._refusal += data
            self.done = len(self._refusal) > _LONGEST_REFUSAL
            return []
        if self._ended:
            self._more += 1
        steps = self._heard(lambda: self._decoder.feed(data))
        kept = self._headers.get("connection", "").lower() != "close"
        self.done = self._ended and not (kept and self._more < _MOST_AFTER)
        return steps

    def close(self) -> list[Step]:
        """What the end of the body completes."""
        if self._refusal is not None:
            return [self._refused(bytes(self._refusal))]
        return [] if self._ended else self._heard(self._decoder.close)

    def broken(self, error: httpx.HTTPError) -> list[Step]:
        """What is left to say when the network fails; nothing, if all was said."""
        if self._refusal is not None:
            return self.close()
        if self._ended:
            return []
        try:
            held = self._heard(self._decoder.close)
        except WireError:
            held = []
        rest = [
            s for s in held if isinstance(s, AIMessageChunk) and not s.chunk_position
        ]
        self._ended = True
        return [*rest, self._placed(_fault_of(error, self._chunks))]

    def _heard(self, decode: Callable[[], list[Played]]) -> list[Step]:
        try:
            steps = decode()
        except WireError as error:
            hidden = self.call.key.hidden
            error.args = (hidden(str(error)),)
            error.data = None if error.data is None else hidden(error.data)
            error.add_note(f"That was answered to {self._place}.")
            raise
        heard: list[Step] = []
        for step in steps:
            if isinstance(step, AIMessageChunk):
                if not self._chunks and step == _NOTHING:
                    continue  # so that what comes after it may still be tried again
                self._chunks += 1
                self._ended = step.chunk_position is not None
                heard.append(step)
            else:
                self._ended = True
                heard.append(self._placed(step))
        return heard

    def _refused(self, body: bytes) -> Fault:
        if 400 <= self._status <= 599:
            read = self.call.dialect.read_error(self._status, self._headers, body)
            return self._placed(read)
        said = f"the provider answered with status {self._status}"
        if (target := self._headers.get("location")) is not None:
            said += (
                f" and points to {public(target)!r}, which is not followed: give the "
                "base_url that it stands for"
            )
        return self._placed(Fault(said, kind="bad_request"))

    def _placed(self, fault: Fault) -> Fault:
        """*fault*, with where it happened, and without the key."""
        hidden = self.call.key.hidden
        headers = dict(fault.headers) or self._headers
        return replace(
            fault,
            message=f"{hidden(fault.message)} ({self._place})",
            headers={name: hidden(text) for name, text in headers.items()},
        )

    @property
    def _place(self) -> str:
        found = (self._headers.get(name) for name in _REQUEST_IDS)
        told = next((f", request id {text}" for text in found if text), "")
        return f"{self.call.place}{told}"


def _fault_of(error: httpx.HTTPError, chunks: int) -> Fault:
    """How the network failed, after so many *chunks* of the answer."""
    count = "1 chunk" if chunks == 1 else f"{chunks} chunks"
    after = f" after {count} of the answer" if chunks else ""
    if isinstance(error, httpx.TimeoutException):
        phase, said = _TIMEOUTS.get(type(error), ("read", "nothing came"))
        limit = error.request.extensions.get("timeout", {}).get(phase)
        waited = "time" if limit is None else f"{limit:g} seconds"
        return Fault(f"{said} in {waited}{after}", kind="timeout")
    said = str(error) or type(error).__name__
    if chunks:
        return Fault(f"the stream broke off{after}: {said}", kind="interrupted")
    return Fault(f"the connection failed: {said}", kind="connection")
