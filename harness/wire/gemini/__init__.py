"""The wire format of Gemini's generateContent, of Google AI and of Vertex AI.

The path has the model in it, and tells whether the answer is to be streamed.

>>> reply = b'{"candidates": [{"content": {"parts": [{"text": "Hi"}]}}]}'
>>> GEMINI.read_reply(reply).text
'Hi'
"""

from typing import Final

from harness.requests import ChatRequest
from harness.wire.gemini.checking import GeminiGrammar
from harness.wire.gemini.encoding import GeminiEncoder
from harness.wire.gemini.errors import read_error, write_error
from harness.wire.gemini.replies import write_reply
from harness.wire.gemini.request_writing import path, write_request
from harness.wire.gemini.requests import read_request
from harness.wire.gemini.stream import GeminiReader
from harness.wire.wire_format import WireFormat

__all__ = ["GEMINI"]


class Gemini(WireFormat):
    """The dialect "gemini"."""

    def encoder(
        self, request: ChatRequest | None = None, *, array: bool = False
    ) -> GeminiEncoder:
        """An encoder for one streamed answer: events, or the items of one *array*."""
        return GeminiEncoder(request, array=array)


GEMINI: Final = Gemini(
    "gemini",
    stream_type="text/event-stream",
    path=path,
    read_request=read_request,
    write_request=write_request,
    write_reply=write_reply,
    read_error=read_error,
    write_error=write_error,
    reader=GeminiReader,
    encoder=GeminiEncoder,
    grammar=GeminiGrammar,
)
