"""What came over HTTP and what went back: the journal of an endpoint."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.endpoint.replies import Cut, Last, Piece, Reply
from harness.errors import HarnessError, shown
from harness.http_messages import Ending, Headers, HttpRequest
from harness.requests import ChatRequest

__all__ = ["Clocked", "HttpCall"]

#: Tells the time in seconds, from any start.
Clocked: TypeAlias = Callable[[], float]
#: Makes of an error of the source what no client takes for a failure of the provider.
Failed: TypeAlias = Callable[[HarnessError], BaseException]


@dataclass(slots=True, eq=False)
class HttpCall:
    """One request over HTTP, and its answer as far as it was taken.

    *index* counts from 0. *dialect* is the name of the format, "" for what is no chat;
    *asked* what was asked in it, None where that could not be read or was refused.
    *began* and *ended_at* are seconds of the clock. *status* is None until there is
    one, and where the connection fails before it. *ended* says how the answer ended:
    "open" while it is under way, "truncated" if it was closed before its end, and else
    as `Cut` says. *refused* is why the endpoint turned the request down, *patience* how
    many seconds the client waits for the next byte: None if it waits forever, -1 if
    that is not known.
    """

    index: int
    request: HttpRequest
    began: float
    dialect: str = ""
    asked: ChatRequest | None = None
    status: int | None = None
    headers: Headers = ()
    ended: Ending | Literal["open"] = "open"
    ended_at: float | None = None
    refused: str = ""
    patience: float | None = -1.0
    pieces: list[bytes] = field(default_factory=list, repr=False)

    @property
    def body(self) -> bytes:
        """What was sent of the answer's body so far."""
        return b"".join(self.pieces)

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
        why = f" ({self.refused})" if self.refused else ""
        method, url = self.request.method, self.request.url
        return f"{self.index}. {method} {url}{about} -> {status}{ended}{why}"

    def followed(self, reply: Reply, now: Clocked, failed: Failed) -> Reply:
        """*reply*, which notes here what is taken of it; *now* tells the time.

        What a source raises in mid-stream is raised as *failed* makes of it.
        """
        self.status, self.headers = reply.status, reply.headers
        pieces = _Followed(self, reply.pieces, now, failed)
        return Reply(reply.status, reply.headers, pieces, reply.waits, reply.stream)

    def end(self, ended: Ending, moment: float) -> None:
        """Nothing more is taken of the answer; what is said after that is not heard."""
        if self.ended == "open":
            self.ended, self.ended_at = ended, moment


class _Followed:
    """The pieces of an answer, noted in *call* as they are taken."""

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
        call = self._call
        note = call.pieces.append
        try:
            for piece in self._pieces:
                if isinstance(piece, bytes):
                    note(piece)
                    if type(piece) is Last:
                        call.end("complete", self._now())
                elif isinstance(piece, Cut):
                    call.end(piece.ending, self._now())
                yield piece
        except HarnessError as error:
            raise self._failed(error) from None
        call.end("complete", self._now())

    def close(self) -> None:
        """Whoever took them wants no more."""
        self._call.end("truncated", self._now())
        self._noted.close()
        if isinstance(self._pieces, Generator):
            self._pieces.close()
