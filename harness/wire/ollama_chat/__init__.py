"""The wire format of Ollama's own chat API, in JSON lines.

It has no room for the id of an answer, for the order of its blocks, or for the kind of
an error.

>>> reply = b'{"message": {"content": "Hi"}, "done": true}'
>>> OLLAMA_CHAT.read_reply(reply).text
'Hi'
"""

from typing import Final

from harness.requests import ChatRequest
from harness.wire.faults import error_reply, error_status
from harness.wire.ollama_chat.checking import OllamaGrammar
from harness.wire.ollama_chat.encoding import OllamaEncoder
from harness.wire.ollama_chat.replies import write_reply
from harness.wire.ollama_chat.request_writing import write_request
from harness.wire.ollama_chat.requests import read_request
from harness.wire.ollama_chat.stream import OllamaReader
from harness.wire.wire_format import WireFormat

__all__ = ["OLLAMA_CHAT"]


def _model(request: ChatRequest | None) -> str | None:
    return request.model if request else None


OLLAMA_CHAT: Final = WireFormat(
    "ollama-chat",
    stream_type="application/x-ndjson",
    path="/api/chat",
    read_request=lambda body, _url: read_request(body),
    write_request=write_request,
    write_reply=lambda message, request: write_reply(message, _model(request)),
    write_error=lambda fault: error_reply(
        fault, error_status(fault), {"error": fault.message}
    ),
    reader=OllamaReader,
    encoder=lambda request: OllamaEncoder(_model(request)),
    grammar=OllamaGrammar,
)
