"""A reply in time, for one client: every face that runs in this process acts it so.

Nothing waits here: what comes out are bytes, and the moments to wait until before more
do. A client that has less patience than the reply needs is told so when its own timeout
would have been over.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass

from harness.endpoint.calls import Clocked
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.replies import Cut
from harness.errors import ScriptError
from harness.http_messages import Failed, Headers, HttpRequest
from harness.steps import Pause

__all__ = ["Acting", "Broken", "Waits"]

_RESET = f"[Errno {errno.ECONNRESET}] Connection reset by peer"
_REFUSED = f"[Errno {errno.ECONNREFUSED}] Connection refused"


@dataclass(frozen=True, slots=True)
class Waits:
    """How many seconds a client waits: for the next byte, and for all of the answer.

    None is forever.
    """

    read: float | None = None
    total: float | None = None

    @property
    def shortest(self) -> float | None:
        """The one that is over first where nothing comes."""
        if self.read is None or self.total is None:
            return self.total if self.read is None else self.read
        return min(self.read, self.total)


class Broken(Exception):
    """The connection fails, *how*; each face says it as its client does.

    *name* is the type of the error where that is known ("TimeoutError" is a timeout of
    the whole request), *words* what it says.
    """

    def __init__(self, how: Failed, words: str, name: str = "") -> None:
        super().__init__(words)
        self.how: Failed = how
        self.words = words
        self.name = name


class Acting:
    """The answer of *endpoint* to *request*, for a client that *waits* so long.

    First all of `head`, then all of `body`; both raise Broken where the connection
    fails. *now* tells the time.
    """

    def __init__(
        self, endpoint: Endpoint, request: HttpRequest, waits: Waits, now: Clocked
    ) -> None:
        self._endpoint = endpoint
        self._request = request
        self._waits = waits
        self._now = now
        self._closed = False
        self._began = self._heard = now()  # when something came last
        self._reply = endpoint.answer(request, patience=waits.shortest)

    @property
    def status(self) -> int | None:
        """The status; None where not even that comes."""
        return self._reply.status

    @property
    def headers(self) -> Headers:
        """What is said before the body."""
        return self._reply.headers

    @property
    def promised(self) -> int | None:
        """How many bytes of body the headers promise; None where they do not say."""
        return self._reply.length

    @property
    def stream(self) -> bool:
        """Whether the body comes piece by piece."""
        return self._reply.stream

    def head(self) -> Iterator[float]:
        """The moments to wait until before there is a status."""
        try:
            for pause in self._reply.waits:
                yield from self._wait(pause)
            if self._reply.status is None:
                yield from self._silence()
        except BaseException:
            self.close()
            raise
        self._heard = self._now()

    def body(self) -> Iterator[bytes | float]:
        """The bytes, and the moments to wait until between them."""
        try:
            for piece in self._reply.pieces:
                match piece:
                    case bytes():
                        self._heard = self._now()
                        if piece:
                            yield piece
                    case Pause():
                        yield from self._wait(piece)
                    case Cut(ending="timeout"):
                        yield from self._forever()
                    case Cut(ending="connection"):
                        raise Broken("reset", _RESET)
                    case Cut():
                        return
        finally:
            self.close()

    def close(self) -> None:
        """Nobody wants more of it."""
        if self._closed:
            return
        self._closed = True
        close = getattr(self._reply.pieces, "close", None)
        if close is not None:
            close()

    def _wait(self, pause: Pause) -> Iterator[float]:
        """Wait for it, but no longer than the client does."""
        moment = self._now() + pause.seconds
        limit = self._limit()
        if limit is not None and moment > limit[0]:
            yield from self._forever()
        yield moment

    def _forever(self) -> Iterator[float]:
        """Wait until the client has had enough."""
        limit = self._limit()
        if limit is None:
            raise self._endpoint._failed(
                ScriptError(
                    f"Nothing more comes of the answer to {self._request.method} "
                    f"{self._request.url}, and the client has no timeout: it would "
                    "wait forever. Give the client a timeout."
                )
            )
        moment, name = limit
        yield moment
        raise Broken("timeout", "the read operation timed out", name)

    def _limit(self) -> tuple[float, str] | None:
        """When the client has had enough, and the name of what it raises then."""
        waits = self._waits
        limits: list[tuple[float, str]] = []
        if waits.read is not None:
            limits.append((self._heard + waits.read, "ReadTimeout"))
        if waits.total is not None:
            limits.append((self._began + waits.total, "TimeoutError"))
        return min(limits, default=None)

    def _silence(self) -> Iterator[float]:
        """Fail as a connection does over which no answer comes."""
        for piece in self._reply.pieces:
            match piece:
                case Cut(ending="timeout"):
                    yield from self._forever()
                case Cut(ending="connection"):
                    raise Broken("refused", _REFUSED)
                case _:
                    break
        raise Broken("dropped", "Server disconnected without sending a response.")
