"""What every wire format can do: bytes to values and back, and no I/O."""

from collections.abc import Mapping
from typing import Protocol

from harness.chunks import AIMessageChunk
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.faults import ErrorReply
from harness.wire.grammar import Problem
from harness.wire.streams import StreamDecoder

__all__ = ["Dialect", "StreamEncoder"]


class StreamEncoder(Protocol):
    """Bytes of one streamed answer, out of its chunks as they come.

    What is fed in one go is given out in whole frames. After a Fault, or after
    `close`, nothing comes.

    >>> from harness.wire import DIALECTS
    >>> encoder = DIALECTS["ollama-chat"].encoder()
    >>> b'"Hi"' in encoder.feed(AIMessageChunk("Hi"))
    True
    """

    def feed(self, step: AIMessageChunk | Fault) -> bytes:
        """The frames that *step* amounts to. Raises InputError for what has none."""
        ...

    def close(self) -> bytes:
        """The frames that end the stream."""
        ...


class Dialect(Protocol):
    """One wire format, which many providers may share.

    >>> from harness.wire import DIALECTS
    >>> DIALECTS["gemini"].stream_type
    'text/event-stream'
    """

    @property
    def name(self) -> str:
        """The name that the format has in `DIALECTS`."""
        ...

    @property
    def stream_type(self) -> str:
        """The content type of a streamed answer."""
        ...

    def path(self, request: ChatRequest) -> str:
        """Path and query of *request*, below the provider's base URL."""
        ...

    def read_request(self, body: bytes, url: str = "") -> ChatRequest:
        """What the *body* of a request asks that was sent to *url*. Raises WireError.

        What no field of a ChatRequest has room for is in its params, as it came.
        """
        ...

    def write_request(self, request: ChatRequest) -> bytes:
        """The body that asks for *request*. Raises InputError for what has no form.

        What `read_request` read is written as it was, key order and spacing apart.
        """
        ...

    def read_reply(self, body: bytes) -> AIMessage:
        """The message of *body*, a whole reply or a whole stream. Raises WireError."""
        ...

    def write_reply(
        self, message: AIMessage, request: ChatRequest | None = None
    ) -> bytes:
        """The whole reply that says *message*, to *request* if that is known."""
        ...

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """What *headers* and *body* of a reply say, with a *status* of 400 or more."""
        ...

    def write_error(self, fault: Fault) -> ErrorReply:
        """The reply with which the provider says *fault*."""
        ...

    def decoder(self) -> StreamDecoder:
        """A decoder for one streamed answer."""
        ...

    def encoder(self, request: ChatRequest | None = None) -> StreamEncoder:
        """An encoder for one streamed answer, to *request* if that is known."""
        ...

    def check_stream(self, data: bytes) -> list[Problem]:
        """Where the stream *data* breaks the grammar of the format; empty: nowhere.

        Official clients accept far less than providers send, and miss what is
        missing: this is the provider's word, not the clients'.
        """
        ...
