"""What every wire format can do: bytes in, values out, and no I/O."""

from collections.abc import Mapping
from typing import Protocol

from harness.chunks import AIMessageChunk
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault

__all__ = ["Dialect", "StreamDecoder"]


class StreamDecoder(Protocol):
    """Chunks of one streamed answer, out of bytes that are cut anywhere.

    However the bytes are cut, the chunks are the same. A stream that ends as its
    format says ends in a chunk with ``chunk_position="last"``; one that breaks off
    ends in a Fault, after which nothing comes.
    """

    def feed(self, data: bytes) -> list[AIMessageChunk | Fault]:
        """What *data* completes. Raises WireError."""
        ...

    def close(self) -> list[AIMessageChunk | Fault]:
        """What the end of the stream completes. Raises WireError."""
        ...


class Dialect(Protocol):
    """One wire format, which many providers may share."""

    @property
    def name(self) -> str:
        """The name that the format has in `DIALECTS`."""
        ...

    def read_request(self, body: bytes) -> ChatRequest:
        """What a request asks. Raises WireError."""
        ...

    def read_reply(self, body: bytes) -> AIMessage:
        """The message of a whole reply. Raises WireError."""
        ...

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """What a reply of *status* 400 or more says, whatever its body is."""
        ...

    def decoder(self) -> StreamDecoder:
        """A decoder for one streamed answer."""
        ...
