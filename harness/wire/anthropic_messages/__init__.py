"""The wire format of Anthropic Messages."""

from collections.abc import Mapping
from typing import Final

from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.anthropic_messages.blocks import NAME
from harness.wire.anthropic_messages.checking import MessagesGrammar
from harness.wire.anthropic_messages.encoding import MessagesEncoder
from harness.wire.anthropic_messages.errors import write_error
from harness.wire.anthropic_messages.replies import write_reply
from harness.wire.anthropic_messages.request_writing import write_request
from harness.wire.anthropic_messages.requests import read_request
from harness.wire.anthropic_messages.stream import MessagesReader
from harness.wire.faults import ErrorReply, read_error
from harness.wire.grammar import Problem, check_events
from harness.wire.streams import StreamDecoder, read_whole

__all__ = ["ANTHROPIC_MESSAGES", "AnthropicMessages"]


class AnthropicMessages:
    """The dialect "anthropic-messages". See `harness.wire.Dialect`."""

    @property
    def name(self) -> str:
        """The name of the format in `DIALECTS`."""
        return NAME

    @property
    def stream_type(self) -> str:
        """The content type of a streamed answer."""
        return "text/event-stream; charset=utf-8"

    def path(self, request: ChatRequest) -> str:  # noqa: ARG002 - one for all
        """The path below the base URL, which ends in ``/v1``."""
        return "/messages"

    def read_request(self, body: bytes, url: str = "") -> ChatRequest:  # noqa: ARG002 - the body says all
        """What a request asks. Raises WireError."""
        return read_request(body)

    def write_request(self, request: ChatRequest) -> bytes:
        """The body that asks for *request*. Raises InputError for what has no form."""
        return write_request(request)

    def read_reply(self, body: bytes) -> AIMessage:
        """The message of a whole reply, or of a whole stream. Raises WireError.

        >>> reply = b'{"type": "message", "content": [{"type": "text", "text": "Hi"}]}'
        >>> ANTHROPIC_MESSAGES.read_reply(reply).text
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
        return StreamDecoder(self.name, MessagesReader())

    def encoder(self, request: ChatRequest | None = None) -> MessagesEncoder:
        """An encoder for one streamed answer, to *request* if that is known."""
        return MessagesEncoder(request)

    def check_stream(self, data: bytes) -> list[Problem]:
        """Where the stream *data* breaks the grammar of the format."""
        return check_events(data, MessagesGrammar())


ANTHROPIC_MESSAGES: Final = AnthropicMessages()
