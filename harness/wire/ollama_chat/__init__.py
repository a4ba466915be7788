"""The wire format of Ollama's own chat API, in JSON lines."""

from collections.abc import Mapping
from typing import Final

from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.faults import ErrorReply, error_reply, error_status, read_error
from harness.wire.grammar import Problem, check_events
from harness.wire.ollama_chat.checking import OllamaGrammar
from harness.wire.ollama_chat.encoding import OllamaEncoder
from harness.wire.ollama_chat.replies import write_reply
from harness.wire.ollama_chat.request_writing import write_request
from harness.wire.ollama_chat.requests import read_request
from harness.wire.ollama_chat.stream import OllamaReader
from harness.wire.streams import StreamDecoder, read_whole

__all__ = ["OLLAMA_CHAT", "OllamaChat"]


class OllamaChat:
    """The dialect "ollama-chat". See `harness.wire.Dialect`.

    The format has no room for the id of an answer, for the order of its blocks, or for
    the kind of an error.
    """

    @property
    def name(self) -> str:
        """The name of the format in `DIALECTS`."""
        return "ollama-chat"

    @property
    def stream_type(self) -> str:
        """The content type of a streamed answer."""
        return "application/x-ndjson"

    def path(
        self,
        request: ChatRequest,  # noqa: ARG002 - the protocol's
    ) -> str:
        """The path of a request, which is the same for all."""
        return "/api/chat"

    def read_request(
        self,
        body: bytes,
        url: str = "",  # noqa: ARG002 - the protocol's
    ) -> ChatRequest:
        """What a request asks. Raises WireError."""
        return read_request(body)

    def write_request(self, request: ChatRequest) -> bytes:
        """The body that asks for *request*. Raises InputError for what has no form."""
        return write_request(request)

    def read_reply(self, body: bytes) -> AIMessage:
        """The message of a whole reply, or of a whole stream. Raises WireError.

        >>> reply = b'{"message": {"content": "Hi"}, "done": true}'
        >>> OLLAMA_CHAT.read_reply(reply).text
        'Hi'
        """
        return read_whole(self.name, self.decoder(), body)

    def write_reply(
        self, message: AIMessage, request: ChatRequest | None = None
    ) -> bytes:
        """The whole reply that says *message*, to *request* if that is known."""
        return write_reply(message, request.model if request else None)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """What a reply of *status* 400 or more says, whatever its body is."""
        return read_error(status, headers, body)

    def write_error(self, fault: Fault) -> ErrorReply:
        """The reply with which the provider says *fault*."""
        return error_reply(fault, error_status(fault), {"error": fault.message})

    def decoder(self) -> StreamDecoder:
        """A decoder for one streamed answer."""
        return StreamDecoder(self.name, OllamaReader())

    def encoder(self, request: ChatRequest | None = None) -> OllamaEncoder:
        """An encoder for one streamed answer, to *request* if that is known."""
        return OllamaEncoder(request.model if request else None)

    def check_stream(self, data: bytes) -> list[Problem]:
        """Where the stream *data* breaks the grammar of the format; empty: nowhere."""
        return check_events(data, OllamaGrammar())


OLLAMA_CHAT: Final = OllamaChat()
