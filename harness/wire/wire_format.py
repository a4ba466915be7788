"""A dialect made of the functions of its package."""

from collections.abc import Callable, Mapping

from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire import faults
from harness.wire.dialect import StreamEncoder
from harness.wire.faults import ErrorReply
from harness.wire.grammar import Grammar, Problem, check_events
from harness.wire.streams import Reader, StreamDecoder, read_whole

__all__ = ["WireFormat"]


class WireFormat:
    """A dialect made of functions, yours too; `Dialect` says what each has to do.

    *name* is what errors call it, *stream_type* the content type of its streams; *path*
    is one for all requests, or made of each. *read_request*, *write_request*,
    *write_reply*, *write_error* and *read_error* are the methods of these names.
    *reader*, *encoder* and *grammar* make what reads, writes and checks one answer: a
    `Reader`, a `StreamEncoder`, a `Grammar`. Put it to the laws of `DialectLaws`.
    """

    def __init__(  # noqa: PLR0913 - all that a format is made of
        self,
        name: str,
        *,
        stream_type: str,
        path: str | Callable[[ChatRequest], str],
        read_request: Callable[[bytes, str], ChatRequest],
        write_request: Callable[[ChatRequest], bytes],
        write_reply: Callable[[AIMessage, ChatRequest | None], bytes],
        write_error: Callable[[Fault], ErrorReply],
        reader: Callable[[], Reader],
        encoder: Callable[[ChatRequest | None], StreamEncoder],
        grammar: Callable[[], Grammar],
        read_error: Callable[
            [int, Mapping[str, str], bytes], Fault
        ] = faults.read_error,
    ) -> None:
        self._name = name
        self._stream_type = stream_type
        self._path = path
        self._read_request = read_request
        self._write_request = write_request
        self._write_reply = write_reply
        self._read_error = read_error
        self._write_error = write_error
        self._reader = reader
        self._encoder = encoder
        self._grammar = grammar

    @property
    def name(self) -> str:
        """The name of the format in `DIALECTS`."""
        return self._name

    @property
    def stream_type(self) -> str:
        """The content type of a streamed answer."""
        return self._stream_type

    def path(self, request: ChatRequest) -> str:
        """Path and query of *request*, below the provider's base URL."""
        return self._path if isinstance(self._path, str) else self._path(request)

    def read_request(self, body: bytes, url: str = "") -> ChatRequest:
        """What the *body* of a request asks that was sent to *url*. Or WireError."""
        return self._read_request(body, url)

    def write_request(self, request: ChatRequest) -> bytes:
        """The body that asks for *request*. Raises InputError for what has no form."""
        return self._write_request(request)

    def read_reply(self, body: bytes) -> AIMessage:
        """The message of *body*, a whole reply or a whole stream. Raises WireError."""
        return read_whole(self._name, self.decoder(), body)

    def write_reply(
        self, message: AIMessage, request: ChatRequest | None = None
    ) -> bytes:
        """The whole reply that says *message*, to *request* if that is known."""
        return self._write_reply(message, request)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """What *headers* and *body* of a reply say, with a *status* of 400 or more."""
        return self._read_error(status, headers, body)

    def write_error(self, fault: Fault) -> ErrorReply:
        """The reply that says *fault*. Raises InputError for one that is silence."""
        return self._write_error(fault)

    def decoder(self) -> StreamDecoder:
        """A decoder for one streamed answer."""
        return StreamDecoder(self._name, self._reader())

    def encoder(self, request: ChatRequest | None = None) -> StreamEncoder:
        """An encoder for one streamed answer, to *request* if that is known."""
        return self._encoder(request)

    def check_stream(self, data: bytes) -> list[Problem]:
        """Where the stream *data* breaks the grammar of the format; empty: nowhere."""
        return check_events(data, self._grammar())

    def __repr__(self) -> str:
        return f"<dialect {self._name!r}>"
