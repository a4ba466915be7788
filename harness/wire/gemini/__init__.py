"""The wire format of Gemini's generateContent, of Google AI and of Vertex AI."""

from collections.abc import Mapping
from typing import Final

from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire import faults
from harness.wire.faults import ErrorReply
from harness.wire.gemini.checking import GeminiGrammar
from harness.wire.gemini.encoding import GeminiEncoder
from harness.wire.gemini.errors import error_body, read_error
from harness.wire.gemini.replies import write_reply
from harness.wire.gemini.request_writing import path, write_request
from harness.wire.gemini.requests import read_request
from harness.wire.gemini.stream import GeminiReader
from harness.wire.grammar import Problem, check_events
from harness.wire.streams import StreamDecoder, read_whole

__all__ = ["GEMINI", "Gemini"]


class Gemini:
    """The dialect "gemini". See `harness.wire.Dialect`."""

    @property
    def name(self) -> str:
        """The name of the format in `DIALECTS`."""
        return "gemini"

    @property
    def stream_type(self) -> str:
        """The content type of a streamed answer."""
        return "text/event-stream"

    def path(self, request: ChatRequest) -> str:
        """Path and query of *request*: the path has the model in it."""
        return path(request)

    def read_request(self, body: bytes, url: str = "") -> ChatRequest:
        """What a request asks; *url* tells the model, and whether it streams."""
        return read_request(body, url)

    def write_request(self, request: ChatRequest) -> bytes:
        """The body that asks for *request*. Raises InputError for what has no form."""
        return write_request(request)

    def read_reply(self, body: bytes) -> AIMessage:
        """The message of a whole reply, or of a whole stream. Raises WireError.

        >>> reply = b'{"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}'
        >>> GEMINI.read_reply(reply).text
        'Hi'
        """
        return read_whole(self.name, self.decoder(), body)

    def write_reply(
        self, message: AIMessage, request: ChatRequest | None = None
    ) -> bytes:
        """The whole reply that says *message*. Raises InputError."""
        return write_reply(message, request)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """What a reply of *status* 400 or more says, whatever its body is."""
        return read_error(status, headers, body)

    def write_error(self, fault: Fault) -> ErrorReply:
        """The reply with which Google says *fault*."""
        status = faults.error_status(fault)
        return faults.error_reply(fault, status, error_body(fault, status))

    def decoder(self) -> StreamDecoder:
        """A decoder for one streamed answer: events, or one array."""
        return StreamDecoder(self.name, GeminiReader())

    def encoder(
        self, request: ChatRequest | None = None, *, array: bool = False
    ) -> GeminiEncoder:
        """An encoder for one streamed answer: events, or the items of one *array*."""
        return GeminiEncoder(request, array=array)

    def check_stream(self, data: bytes) -> list[Problem]:
        """Where the stream *data* breaks the grammar of the format."""
        return check_events(data, GeminiGrammar())


GEMINI: Final = Gemini()
