"""The wire format of Amazon Bedrock's Converse API, in AWS event-stream frames."""

from collections.abc import Mapping
from typing import Final

from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.bedrock_converse.checking import ConverseGrammar
from harness.wire.bedrock_converse.encoding import ConverseEncoder
from harness.wire.bedrock_converse.exceptions import read_reply_error, write_exception
from harness.wire.bedrock_converse.replies import write_reply
from harness.wire.bedrock_converse.request_writing import request_path, write_request
from harness.wire.bedrock_converse.requests import read_request
from harness.wire.bedrock_converse.stream import ConverseReader
from harness.wire.faults import ErrorReply
from harness.wire.grammar import Problem, check_events
from harness.wire.streams import StreamDecoder, read_whole

__all__ = ["BEDROCK_CONVERSE", "BedrockConverse"]


class BedrockConverse:
    """The dialect "bedrock-converse". See `harness.wire.Dialect`.

    The format names the model, and whether the answer is to be streamed, in the path
    alone; and has no room for the id of an answer.
    """

    @property
    def name(self) -> str:
        """The name of the format in `DIALECTS`."""
        return "bedrock-converse"

    @property
    def stream_type(self) -> str:
        """The content type of a streamed answer."""
        return "application/vnd.amazon.eventstream"

    def path(self, request: ChatRequest) -> str:
        """The path of *request*. Raises InputError where it has no model."""
        return request_path(request)

    def read_request(self, body: bytes, url: str = "") -> ChatRequest:
        """What a request asks, which was sent to *url*. Raises WireError."""
        return read_request(body, url)

    def write_request(self, request: ChatRequest) -> bytes:
        """The body that asks for *request*. Raises InputError for what has no form."""
        return write_request(request)

    def read_reply(self, body: bytes) -> AIMessage:
        """The message of a whole reply, or of a whole stream. Raises WireError.

        >>> import json
        >>> message = {"role": "assistant", "content": [{"text": "Hi"}]}
        >>> reply = {"output": {"message": message}, "stopReason": "end_turn"}
        >>> BEDROCK_CONVERSE.read_reply(json.dumps(reply).encode()).text
        'Hi'
        """
        return read_whole(self.name, self.decoder(), body)

    def write_reply(
        self,
        message: AIMessage,
        request: ChatRequest | None = None,  # noqa: ARG002 - the protocol's
    ) -> bytes:
        """The whole reply that says *message*."""
        return write_reply(message)

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """What a reply of *status* 400 or more says, whatever its body is."""
        return read_reply_error(status, headers, body)

    def write_error(self, fault: Fault) -> ErrorReply:
        """The reply with which the provider says *fault*."""
        return write_exception(fault)

    def decoder(self) -> StreamDecoder:
        """A decoder for one streamed answer."""
        return StreamDecoder(self.name, ConverseReader())

    def encoder(
        self,
        request: ChatRequest | None = None,  # noqa: ARG002 - the protocol's
    ) -> ConverseEncoder:
        """An encoder for one streamed answer."""
        return ConverseEncoder()

    def check_stream(self, data: bytes) -> list[Problem]:
        """Where the stream *data* breaks the grammar of the format; empty: nowhere."""
        return check_events(data, ConverseGrammar())


BEDROCK_CONVERSE: Final = BedrockConverse()
