"""The wire format of OpenAI Chat Completions, and of all who speak it too."""

from collections.abc import Mapping
from typing import Final

from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.openai_chat_errors import read_error
from harness.wire.openai_chat_requests import read_request
from harness.wire.openai_chat_stream import OpenAIChatDecoder

__all__ = ["OPENAI_CHAT", "OpenAIChat"]


class OpenAIChat:
    """The dialect "openai-chat". See `harness.wire.Dialect`."""

    @property
    def name(self) -> str:
        """The name of the format in `DIALECTS`."""
        return "openai-chat"

    def read_request(self, body: bytes) -> ChatRequest:
        """What a request asks. Raises WireError."""
        return read_request(body)

    def read_reply(self, body: bytes) -> AIMessage:
        """The message of a whole reply, or of a whole stream. Raises WireError.

        >>> reply = b'{"choices": [{"message": {"content": "Hi"}}]}'
        >>> OPENAI_CHAT.read_reply(reply).text
        'Hi'
        """
        decoder = self.decoder()
        total = AIMessageChunk()
        for played in (*decoder.feed(body), *decoder.close()):
            if isinstance(played, Fault):
                what = "cut short" if played.kind == "interrupted" else "an error"
                raise WireError(f"openai-chat: the reply is {what}: {played.message}")
            total += played
        return total.to_message()

    def read_error(self, status: int, headers: Mapping[str, str], body: bytes) -> Fault:
        """What a reply of *status* 400 or more says, whatever its body is."""
        return read_error(status, headers, body)

    def decoder(self) -> OpenAIChatDecoder:
        """A decoder for one streamed answer."""
        return OpenAIChatDecoder()


OPENAI_CHAT: Final = OpenAIChat()
