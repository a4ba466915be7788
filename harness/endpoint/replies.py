"""What a provider's server answers over HTTP, before any face acts it out.

In: the steps of an answer, and the dialect in which it was asked for. Out: a status,
headers, and the pieces of the body, with the time between them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import KW_ONLY, dataclass, field, replace
from itertools import chain

from harness.chunks import AIMessageChunk
from harness.http_messages import Ending, Headers
from harness.requests import ChatRequest
from harness.steps import Fault, Pause, Step
from harness.wire import Dialect
from harness.wire.faults import is_silent

__all__ = [
    "Cut",
    "Last",
    "Piece",
    "Reply",
    "fault_reply",
    "joined",
    "json_reply",
    "rendered",
]

_JSON = "application/json"

#: How an answer ends in which a silent fault comes. Nobody hears the difference
#: between a stream that is whole and one that just ends, but who reads what it says.
_ENDINGS: dict[str, Ending] = {
    "timeout": "timeout",
    "connection": "connection",
    "interrupted": "interrupted",
}


@dataclass(frozen=True, slots=True)
class Cut:
    """Here the answer breaks off.

    *ending* "interrupted" is an end that looks like any other: the server stops in
    the middle and closes politely. With "connection" the connection breaks, and with
    "timeout" it stays open and nothing comes, ever.

    >>> Cut("connection").ending
    'connection'
    """

    ending: Ending


class Last(bytes):
    """The piece after which nothing comes: clients hang up on it."""

    __slots__ = ()


#: What comes of a body: bytes in one piece, time in which nothing does, a bad end.
Piece = bytes | Pause | Cut


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: first the *waits*, then status and headers, then the *pieces*.

    The *status* is None where nothing comes, not even a status: the first of the pieces
    is a `Cut` then. *stream* tells an event stream, each piece of which is a frame or
    more, from a body that comes whole.

    >>> reply = Reply(200, pieces=iter([b"Hel", b"lo"]))
    >>> b"".join(reply.pieces)
    b'Hello'
    """

    status: int | None
    headers: Headers = ()
    pieces: Iterator[Piece] = field(default_factory=lambda: iter(()))
    _: KW_ONLY
    waits: tuple[Pause, ...] = ()
    stream: bool = False

    @property
    def length(self) -> int | None:
        """The bytes that its headers promise, which a glitch may have made wrong."""
        for name, text in self.headers:
            if name == "content-length":
                return int(text)
        return None

    def after(self, *waits: Pause) -> "Reply":
        """The same answer, which comes later."""
        if not waits:
            return self
        return replace(self, waits=(*waits, *self.waits))

    def with_headers(self, *headers: tuple[str, str]) -> "Reply":
        """The same answer, with more *headers*: those it had already stay."""
        return replace(self, headers=joined(self.headers, headers))


def joined(headers: Headers, more: Headers) -> Headers:
    """*headers*, and of *more* those that are not said there.

    >>> joined((("A", "1"),), (("a", "2"), ("b", "3")))
    (('A', '1'), ('b', '3'))
    """
    known = {name.lower() for name, _ in headers}
    return (*headers, *[pair for pair in more if pair[0].lower() not in known])


def json_reply(body: bytes, status: int = 200, headers: Headers = ()) -> Reply:
    """A whole reply of JSON.

    >>> json_reply(b"{}").headers
    (('content-type', 'application/json'), ('content-length', '2'))
    """
    said = (("content-type", _JSON), ("content-length", str(len(body))), *headers)
    return Reply(status, said, iter((Last(body),)))


def fault_reply(fault: Fault, dialect: Dialect) -> Reply:
    """The answer that is nothing but *fault*, in the words of *dialect*."""
    if is_silent(fault):
        return Reply(None, pieces=iter((Cut(_ENDINGS[str(fault.kind)]),)))
    said = dialect.write_error(fault)
    length = ("content-length", str(len(said.body)))
    return Reply(said.status, (*said.headers.items(), length), iter((Last(said.body),)))


def rendered(steps: Iterator[Step], request: ChatRequest, dialect: Dialect) -> Reply:
    """The answer that *steps* are to *request*, streamed or whole as it was asked for.

    What comes before the first chunk decides between an answer and an error, so the
    steps up to there are taken now, and the others as they are read.
    """
    waits: list[Pause] = []
    for first in steps:
        match first:
            case Pause():
                waits.append(first)
            case Fault():
                return fault_reply(first, dialect).after(*waits)
            case _:
                steps = chain((first,), steps)
                break
    if not request.stream:
        return _whole(steps, request, dialect).after(*waits)
    headers = (("content-type", dialect.stream_type), ("cache-control", "no-cache"))
    pieces = _streamed(steps, request, dialect)
    return Reply(200, headers, pieces, waits=tuple(waits), stream=True)


def _whole(steps: Iterable[Step], request: ChatRequest, dialect: Dialect) -> Reply:
    chunks: list[AIMessageChunk] = []
    waits: list[Pause] = []
    for step in steps:
        match step:
            case AIMessageChunk():
                chunks.append(step)
            case Pause():
                waits.append(step)
            case Fault():
                return fault_reply(step, dialect).after(*waits)
    said = chunks[0] if len(chunks) == 1 else sum(chunks, AIMessageChunk())
    message = said.to_message()
    return json_reply(dialect.write_reply(message, request)).after(*waits)


def _streamed(
    steps: Iterator[Step], request: ChatRequest, dialect: Dialect
) -> Iterator[Piece]:
    encoder = dialect.encoder(request)
    feed = encoder.feed
    said: list[AIMessageChunk] = []
    for step in steps:
        if isinstance(step, AIMessageChunk):  # most are: no time is lost on them
            said.append(step)
            if data := feed(step):
                yield data
            if step.chunk_position and not any(one.finish_reason for one in said[::-1]):
                yield Cut("interrupted")  # it was cut off, and says no end
                return
        elif isinstance(step, Pause):
            yield step
        elif is_silent(step):
            yield Cut(_ENDINGS[str(step.kind)])
            return
        else:
            yield feed(step)
    if data := encoder.close():
        yield Last(data)
