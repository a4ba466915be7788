"""The wire format of OpenAI Chat Completions, and of all who speak it too."""

from collections.abc import Mapping
from typing import Final

from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.faults import ErrorReply, read_error
from harness.wire.grammar import Problem, check_events
from harness.wire.openai_chat.checking import ChatGrammar
from harness.wire.openai_chat.encoding import ChatEncoder
from harness.wire.openai_chat.failures import write_error
from harness.wire.openai_chat.replies import write_reply
from harness.wire.openai_chat.request_writing import write_request
from harness.wire.openai_chat.requests import read_request
from harness.wire.openai_chat.stream import ChatReader
from harness.wire.streams import StreamDecoder, read_whole

__all__ = ["OPENAI_CHAT", "OpenAIChat"]


class OpenAIChat:
    """The dialect "openai-chat". See `harness.wire.Dialect`."""

    @property
    def name(self) -> str:
        """The name of the format in `DIALECTS`."""
        return "openai-chat"

    @property
    def stream_type(self) -> str:
        """The content type of a streamed answer."""
        return "text/event-stream; charset=utf-8"

    def path(self, request: ChatRequest) -> str:  # noqa: ARG002  # all have one path
        """The path of every request."""
        return "/chat/completions"

    def read_request(self, body: bytes, url: str = "") -> ChatRequest:
        """What a request asks, which was sent to *url*. Raises WireError."""
        return read_request(body, url)

    def write_request(self, request: ChatRequest) -> bytes:
        """The body that asks for *request*. Raises InputError for what has no form."""
        return write_request(request)

    def read_reply(self, body: bytes) -> AIMessage:
        """The message of a whole reply, or of a whole stream. Raises WireError.

        >>> reply = b'{"choices": [{"message": {"content": "Hi"}}]}'
        >>> OPENAI_CHAT.read_reply(reply).text
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
        """The reply with which OpenAI says *fault*. Raises InputError for silence."""
        return write_error(fault)

    def decoder(self) -> StreamDecoder:
        """A decoder for one streamed answer."""
        return StreamDecoder(self.name, ChatReader())

    def encoder(self, request: ChatRequest | None = None) -> ChatEncoder:
        """An encoder for one streamed answer, to *request* if that is known."""
        return ChatEncoder(request)

    def check_stream(self, data: bytes) -> list[Problem]:
        """Where the stream *data* breaks OpenAI's own grammar."""
        return check_events(data, ChatGrammar())


OPENAI_CHAT: Final = OpenAIChat()
