"""The wire format of OpenAI Responses, and of all who speak it too."""

from collections.abc import Mapping
from typing import Final

from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.faults import ErrorReply, read_error
from harness.wire.grammar import Problem, check_events
from harness.wire.openai_responses.checking import ResponsesGrammar
from harness.wire.openai_responses.encoding import ResponsesEncoder
from harness.wire.openai_responses.errors import write_error
from harness.wire.openai_responses.replies import write_reply
from harness.wire.openai_responses.request_writing import write_request
from harness.wire.openai_responses.requests import read_request
from harness.wire.openai_responses.stream import ResponsesReader
from harness.wire.streams import StreamDecoder, read_whole

__all__ = ["OPENAI_RESPONSES", "OpenAIResponses"]


class OpenAIResponses:
    """The dialect "openai-responses". See `harness.wire.Dialect`."""

    @property
    def name(self) -> str:
        """The name of the format in `DIALECTS`."""
        return "openai-responses"

    @property
    def stream_type(self) -> str:
        """The content type of a streamed answer."""
        return "text/event-stream; charset=utf-8"

    def path(self, request: ChatRequest) -> str:  # noqa: ARG002 - it is one for all
        """The path below the base URL, which ends in ``/v1``."""
        return "/responses"

    def read_request(self, body: bytes, url: str = "") -> ChatRequest:  # noqa: ARG002 - the body says all
        """What a request asks. Raises WireError."""
        return read_request(body)

    def write_request(self, request: ChatRequest) -> bytes:
        """The body that asks for *request*. Raises InputError for what has no form."""
        return write_request(request)

    def read_reply(self, body: bytes) -> AIMessage:
        """The message of a whole reply, or of a whole stream. Raises WireError.

        >>> said = b'{"type": "output_text", "text": "Hi"}'
        >>> item = b'{"type": "message", "content": [' + said + b']}'
        >>> OPENAI_RESPONSES.read_reply(b'{"output": [' + item + b']}').text
        'Hi'
        """
        return read_whole(self.name, self.decoder(), body)

    def write_reply(
        self, message: AIMessage, request: ChatRequest | None = None
    ) -> bytes:
        """The whole reply that says *message*, to *request* if that is known."""
        return write_reply(message, request)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """What a reply of *status* 400 or more says, whatever its body is."""
        return read_error(status, headers, body)

    def write_error(self, fault: Fault) -> ErrorReply:
        """The reply with which the provider says *fault*."""
        return write_error(fault)

    def decoder(self) -> StreamDecoder:
        """A decoder for one streamed answer."""
        return StreamDecoder(self.name, ResponsesReader())

    def encoder(self, request: ChatRequest | None = None) -> ResponsesEncoder:
        """An encoder for one streamed answer, to *request* if that is known."""
        return ResponsesEncoder(request)

    def check_stream(self, data: bytes) -> list[Problem]:
        """Where the stream *data* breaks the grammar of the format; empty: nowhere."""
        return check_events(data, ResponsesGrammar())


OPENAI_RESPONSES: Final = OpenAIResponses()
