"""What came over HTTP and what went back: the journal of an endpoint."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Literal, TypeAlias

from harness.asked import Asked
from harness.endpoint.glitch import Glitch
from harness.endpoint.replies import Cut, Last, Piece, Reply, joined
from harness.errors import HarnessError, shown
from harness.http_messages import Ending, Headers, HttpRequest
from harness.requests import ChatRequest

__all__ = ["Clocked", "HttpCall"]

#: Tells the time in seconds, from any start.
Clocked: TypeAlias = Callable[[], float]
#: Makes of an error of the source what no client takes for a failure of the provider.
Failed: TypeAlias = Callable[[HarnessError], BaseException]


@dataclass(slots=True, eq=False)
class HttpCall(Asked):
    """One request over HTTP, and its answer as far as it was taken.

    *index* counts from 0. *retry_of* is the index of the call that it repeats: method,
    URL and body are the same, and that one had failed, or the client says that it tries
    again. *dialect* is the name of the format, "" for what is no chat; *asked* what was
    asked in it, None where that could not be read or was refused.
    *began* and *ended_at* are seconds of the clock. *status* is None until there is
    one, and where the connection fails before it. *ended* says how the answer ended:
    "open" while it is under way, "truncated" if it was closed before its end, and else
    as `Cut` says. *refused* is why the endpoint turned the request down, *patience* how
    many seconds the client waits for the next byte: None if it waits forever, -1 if
    that is not known. *request_id* is what the provider calls the request. *headers*
    and *pieces* are those of the answer, and *moments* when each piece was taken, in
    seconds of the clock; *glitches* is what went wrong on purpose. *call* is the `Call`
    in the script's journal, where a script was asked.

    >>> import httpx
    >>> from harness import FakeProvider
    >>> fake = FakeProvider()
    >>> client = httpx.Client(transport=fake.transport())
    >>> client.get("https://api.openai.com/v1/models").status_code
    200
    >>> print(fake.requests[0])
    0. GET https://api.openai.com/v1/models -> 200
    """

    index: int
    request: HttpRequest
    began: float
    _: KW_ONLY
    dialect: str = ""
    asked: ChatRequest | None = None
    status: int | None = None
    headers: Headers = ()
    ended: Ending | Literal["open"] = "open"
    ended_at: float | None = None
    refused: str = ""
    patience: float | None = -1.0
    request_id: str = ""
    pieces: list[bytes] = field(default_factory=list, repr=False)
    #: What went wrong on purpose, in the order in which it came to pass.
    glitches: list[Glitch] = field(default_factory=list)
    moments: list[float] = field(default_factory=list, repr=False)
    retry_of: int | None = None
    call: Any = field(default=None, repr=False)

    @property
    def _chat(self) -> ChatRequest | None:
        return self.asked

    @property
    def body(self) -> bytes:
        """What was sent of the answer's body so far."""
        return b"".join(self.pieces)

    @property
    def elapsed(self) -> float | None:
        """How many seconds the answer took; None while it is under way."""
        return None if self.ended_at is None else self.ended_at - self.began

    @property
    def failed(self) -> bool:
        """Whether there is an error for an answer, or it was not taken as a whole."""
        is_error = self.status is not None and self.status >= 400
        return is_error or self.ended not in ("open", "complete")

    @property
    def url(self) -> str:
        """Where it was asked."""
        return self.request.url

    def header(self, name: str) -> str | None:
        """The first value of the header *name* of the answer."""
        name = name.lower()
        return next((text for said, text in self.headers if said.lower() == name), None)

    def __str__(self) -> str:
        """The call in one line."""
        last = self.asked.messages[-1:] if self.asked else ()
        about = "".join(f" {m.type}: {shown(m.text, limit=60)}" for m in last)
        status = "no answer" if self.status is None else str(self.status)
        ended = "" if self.ended == "complete" else f", {self.ended}"
        again = "" if self.retry_of is None else f", again after {self.retry_of}"
        why = f" ({self.refused})" if self.refused else ""
        method, url = self.request.method, self.request.url
        return f"{self.index}. {method} {url}{about} -> {status}{ended}{why}{again}"

    def _repeats(self, earlier: "HttpCall") -> None:
        """Note that *earlier* asked the same: this is a retry, if that went wrong."""
        counted = self.request.header("x-stainless-retry-count") or "0"
        if earlier.failed or counted != "0":
            self.retry_of = earlier.index

    def _followed(
        self, reply: Reply, more: Headers, now: Clocked, failed: Failed
    ) -> Reply:
        """*reply* with *more* headers, which notes here what is taken of it.

        *now* tells the time. What a source raises in mid-stream is raised as *failed*
        makes of it.
        """
        self.status = reply.status
        self.headers = headers = joined(reply.headers, more)
        pieces = _Followed(self, reply.pieces, now, failed)
        return Reply(
            reply.status, headers, pieces, waits=reply.waits, stream=reply.stream
        )

    def _end(self, ended: Ending, moment: float) -> None:
        """Nothing more is taken of the answer; what is said after that is not heard."""
        if self.ended == "open":
            self.ended, self.ended_at = ended, moment


class _Followed:
    """The pieces of an answer, noted in *call* as they are taken."""

    __slots__ = ("_call", "_failed", "_noted", "_now", "_pieces")

    def __init__(
        self, call: HttpCall, pieces: Iterator[Piece], now: Clocked, failed: Failed
    ) -> None:
        self._call = call
        self._pieces = pieces
        self._now = now
        self._failed = failed
        self._noted = self._taken()

    def __iter__(self) -> Iterator[Piece]:
        return self._noted

    def __next__(self) -> Piece:
        return next(self._noted)

    def _taken(self) -> Generator[Piece]:
        call, now = self._call, self._now
        note, moment = call.pieces.append, call.moments.append
        try:
            for piece in self._pieces:
                if isinstance(piece, bytes):
                    note(piece)
                    moment(at := now())
                    if type(piece) is Last:
                        call._end("complete", at)
                elif isinstance(piece, Cut):
                    call._end(piece.ending, now())
                yield piece
        except HarnessError as error:
            raise self._failed(error) from None
        if call.ended == "open":
            call._end("complete", now())

    def close(self) -> None:
        """Whoever took them wants no more."""
        if self._call.ended == "open":
            self._call._end("truncated", self._now())
        self._noted.close()
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()
