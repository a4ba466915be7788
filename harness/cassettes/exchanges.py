"""A live exchange while it is recorded: the request, then what comes back of it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from threading import Lock

from harness.cassettes.http_requests import HttpRequest
from harness.cassettes.interactions import NO_ANSWER, Ending, Headers, Interaction

__all__ = ["Exchange"]


class Exchange:
    """One *request* on the wire. It began when this was made; `end` ends it once.

    *ended* is called with the finished interaction, as it was on the wire. *clock*
    gives seconds, *now* is when it began.

    >>> from datetime import UTC
    >>> asked = HttpRequest("GET", "https://a.b/models")
    >>> heard, clock, now = [], lambda: 0.0, datetime(2026, 1, 31, tzinfo=UTC)
    >>> hear = lambda _, one: heard.append(one)
    >>> exchange = Exchange(asked, hear, clock=clock, now=now)
    >>> exchange.response(200)
    >>> exchange.chunk(b"[]")
    >>> exchange.end()
    >>> heard[0].status, heard[0].response_body
    (200, b'[]')
    """

    def __init__(
        self,
        request: HttpRequest,
        ended: Callable[["Exchange", Interaction], None],
        *,
        clock: Callable[[], float],
        now: datetime,
    ) -> None:
        self.request = request
        self._ended = ended
        self._clock = clock
        self._began = clock()
        self._recorded_at = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._lock = Lock()
        self._open = True
        self._status = NO_ANSWER
        self._head: tuple[Headers, str, str] = (), "", ""
        self._chunks: list[bytes] = []
        self._times: list[int] = []

    @property
    def dropped(self) -> bool:
        """Whether nothing is to come of it."""
        return not self._open

    @property
    def answered(self) -> bool:
        """Whether the status has come."""
        return self._status != NO_ANSWER

    def response(
        self,
        status: int,
        headers: Iterable[tuple[str, str]] = (),
        *,
        reason: str = "",
        http_version: str = "",
    ) -> None:
        """*status* and *headers* have come, *reason* and *http_version* if known."""
        self._status = status
        self._head = tuple(headers), reason, http_version

    def chunk(self, data: bytes) -> None:
        """A piece of the body has come: *data*, as it is on the wire."""
        if data and self._open:
            self._times.append(round((self._clock() - self._began) * 1000))
            self._chunks.append(bytes(data))

    def end(self, ended: Ending = "complete", failure: str = "") -> None:
        """It ended, as *ended* says; *failure* says in words what went wrong.

        What is said after that changes nothing.
        """
        with self._lock:
            if not self._open:
                return
            self._open = False
        self._ended(self, self._interaction(ended, failure))

    def drop(self) -> None:
        """Forget the exchange: nothing has come of it."""
        with self._lock:
            self._open = False

    def _interaction(self, ended: Ending, failure: str) -> Interaction:
        headers, reason, http_version = self._head
        return Interaction(
            self.request.method.upper(),
            self.request.url,
            self._status,
            request_headers=tuple(self.request.headers),
            request_body=self.request.body,
            response_headers=headers,
            response_body=b"".join(self._chunks),
            response_chunks=tuple(self._chunks),
            chunk_times=tuple(self._times),
            ended=ended,
            failure=failure,
            reason=reason,
            http_version=http_version,
            recorded_at=self._recorded_at,
            place="a live answer",
        )
