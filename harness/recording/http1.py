"""HTTP/1 on the wire: answers read while they come in, and recorded ones put back.

Clients that read a socket themselves (urllib3, aiohttp) are recorded and answered at
that socket: their own parsers see what they would see of a server.
"""

import re
from collections.abc import Callable, Iterator

from harness.cassettes.exchanges import Exchange
from harness.cassettes.interactions import Ending, Headers, Interaction
from harness.http_messages import Failed
from harness.recording.endings import ended_early, failure_of, read_failure
from harness.recording.playback import Playback

__all__ = [
    "EMPTY",
    "Answer",
    "failed_how",
    "head_on_the_wire",
    "in_a_chunk",
    "on_the_wire",
    "os_error",
]

#: Answers of these statuses have no body.
EMPTY = frozenset({204, 304})
_ERRNO = re.compile(r"\[Errno (-?\d+)\] (.*)", re.DOTALL)


class Answer:
    """The bytes of a live answer, told to its *exchange* as they come.

    *method* is that of the request: an answer to HEAD has no body. With *whole*, a
    chunk is told when all of it is there; else each part that came by itself.
    """

    def __init__(self, exchange: Exchange, method: str, *, whole: bool = False) -> None:
        self._exchange = exchange
        self._method = method
        self._whole = whole
        self._read: Callable[[], bool] = self._head
        self._waiting = bytearray()
        self._left: int | None = 0
        self._told = bytearray()
        self._status = 0
        self._headers: Headers = ()
        self.ended = False

    @property
    def started(self) -> bool:
        """Whether status and headers have come."""
        return bool(self._status)

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._waiting += data
        while not self.ended and self._read():
            pass

    def eof(self) -> None:
        """The server has closed the connection."""
        if self.started and self._left is None:
            self._end("complete")
        elif self.started:
            self._end("interrupted", "IncompleteRead: the server closed the connection")

    def fail(self, error: BaseException) -> None:
        """Reading failed: in time, or not."""
        if self.started:
            late = isinstance(error, TimeoutError)
            self._end("timeout" if late else "interrupted", failure_of(error))

    def refuse(self, error: BaseException, words: str = "") -> None:
        """The request failed; *words* say it where those of *error* name objects."""
        if self.started:
            self.close()
        elif isinstance(error, Exception):
            name = type(error).__name__
            late = isinstance(error, TimeoutError) or "timeout" in name.lower()
            failure = f"{name}: {words}" if words else failure_of(error)
            self._end("timeout" if late else "connection", failure)
        else:
            self.ended = True
            self._exchange.drop()  # the test is interrupted: that is no answer

    def close(self) -> None:
        """The application reads no further."""
        if self.started and not self.ended:
            self._tell_rest()
            body = bytes(self._told)
            self._end(ended_early(self._method, self._status, self._headers, body))

    def _head(self) -> bool:
        head, end, rest = self._waiting.partition(b"\r\n\r\n")
        if not end:
            return False
        self._waiting = rest
        first, *lines = head.decode("latin-1").split("\r\n")
        version, status, reason = (*first.split(" ", 2), "", "")[:3]
        if not status.isdecimal():
            self._read = self._nothing  # no HTTP: the client will say so
            return False
        if status.startswith("1") and status != "101":
            return True
        pairs = (line.partition(":") for line in lines)
        self._status = int(status)
        self._headers = tuple((name, value.strip(" \t")) for name, _, value in pairs)
        self._exchange.response(
            self._status, self._headers, reason=reason, http_version=version
        )
        return self._begin_body()

    def _nothing(self) -> bool:
        self._waiting.clear()
        return False

    def _begin_body(self) -> bool:
        said = {name.lower(): value for name, value in self._headers}
        length = said.get("content-length", "").partition(",")[0].strip()
        if self._method == "HEAD" or self._status in EMPTY:
            self._end("complete")
        elif "chunked" in said.get("transfer-encoding", "").lower():
            self._read = self._chunk_size
        else:
            self._left = int(length) if length.isdecimal() else None
            self._read = self._plain
            if self._left == 0:
                self._end("complete")
        return True

    def _plain(self) -> bool:
        piece = bytes(self._waiting[: self._left])
        self._waiting.clear()
        self._tell(piece)
        if self._left is not None:
            self._left -= len(piece)
            if not self._left:
                self._end("complete")
        return False

    def _chunk_size(self) -> bool:
        line, end, rest = self._waiting.partition(b"\n")
        if not end:
            return False
        self._waiting = rest
        digits = bytes(line).partition(b";")[0].strip()
        try:
            self._left = int(digits, 16) if digits else -1
        except ValueError:
            self._end("interrupted", f"InvalidChunkLength: {digits[:40]!r}")
            return False
        if self._left == 0:
            self._read = self._trailer
        elif self._left > 0:
            self._read = self._chunk
        return True

    def _chunk(self) -> bool:
        left = self._left or 0
        if self._whole and len(self._waiting) < left:
            return False
        piece = bytes(self._waiting[:left])
        del self._waiting[:left]
        self._tell(piece)
        self._left = left - len(piece)
        if not self._left:
            self._left, self._read = -1, self._chunk_size
        return bool(piece)

    def _trailer(self) -> bool:
        line, end, rest = self._waiting.partition(b"\n")
        self._waiting = rest if end else self._waiting
        if end and not line.strip():
            self._end("complete")
        return bool(end)

    def _tell(self, piece: bytes) -> None:
        self._told += piece
        self._exchange.chunk(piece)

    def _tell_rest(self) -> None:
        if self._read == self._chunk:
            self._tell(bytes(self._waiting[: self._left]))

    def _end(self, ended: Ending, failure: str = "") -> None:
        if not self.ended:
            if ended != "complete":
                self._tell_rest()
            self.ended = True
            self._exchange.end(ended, failure)


def on_the_wire(
    interaction: Interaction, playback: Playback
) -> Iterator[tuple[float, bytes]]:
    """The answer as a server would send it, and how many seconds after the request.

    Head, pieces and end come one by one. A body of which neither length nor form is
    known is sent in chunks: so its pieces stay apart.
    """
    pieces = [*playback.pieces(interaction)]
    headers = playback.headers(interaction)
    if interaction.method == "HEAD" or interaction.status in EMPTY:
        yield 0.0, _head(interaction, headers)
        return
    names = {name.lower(): value for name, value in headers}
    chunked = "chunked" in names.get("transfer-encoding", "").lower()
    if interaction.ended == "complete" and not chunked and "content-length" in names:
        length = str(sum(len(piece) for _, piece in pieces))
        headers = tuple(
            (name, length if name.lower() == "content-length" else value)
            for name, value in headers
        )
    elif chunked:
        headers = tuple(one for one in headers if one[0].lower() != "content-length")
    elif "content-length" not in names:
        chunked = True
        headers = (*headers, ("Transfer-Encoding", "chunked"))
    yield pieces[0][0] if pieces else 0.0, _head(interaction, headers)
    time = 0.0
    for time, piece in pieces:
        if piece:
            yield time, in_a_chunk(piece) if chunked else piece
    if chunked and interaction.ended == "complete":
        yield time, b"0\r\n\r\n"


def _head(interaction: Interaction, headers: Headers) -> bytes:
    version = "HTTP/1.0" if interaction.http_version == "HTTP/1.0" else "HTTP/1.1"
    return head_on_the_wire(version, interaction.status, interaction.reason, headers)


def head_on_the_wire(version: str, status: int, reason: str, headers: Headers) -> bytes:
    """What comes before a body."""
    lines = [
        f"{version} {status} {reason}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    flat = (line.replace("\r", " ").replace("\n", " ") for line in lines)
    return b"".join(_bytes(line) + b"\r\n" for line in flat) + b"\r\n"


def in_a_chunk(piece: bytes) -> bytes:
    """A *piece* of a body of which the length is not told before."""
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")


#: Parts of the names that clients have for these; the first that fits counts.
_HOW: tuple[tuple[str, Failed], ...] = (
    ("connecttimeout", "connect timeout"),
    ("connectiontimeout", "connect timeout"),
    ("timeout", "timeout"),
    ("nameresolution", "name"),
    ("dns", "name"),
    ("gaierror", "name"),
    ("ssl", "tls"),
    ("certificate", "tls"),
    ("disconnected", "dropped"),
    ("reset", "dropped"),
    ("brokenpipe", "dropped"),
    ("protocol", "dropped"),
    ("badstatusline", "dropped"),
    ("readerror", "dropped"),
    ("writeerror", "dropped"),
    ("clientoserror", "dropped"),
)


def failed_how(interaction: Interaction) -> tuple[Failed, str]:
    """How a request failed that never got an answer, in any client; and the words."""
    name, words = read_failure(interaction)
    spelled = name.lower()
    for part, how in _HOW:
        if part in spelled:
            return how, words
    match interaction.ended:
        case "timeout":
            return "timeout", words
        case "interrupted":
            return "dropped", words
        case _:
            return "refused", words


def os_error(words: str) -> OSError | None:
    """The error of the system that *words* are of, if they are.

    >>> os_error("[Errno 104] Connection reset by peer")
    ConnectionResetError(104, 'Connection reset by peer')
    """
    said = _ERRNO.fullmatch(words)
    return OSError(int(said[1]), said[2]) if said else None
