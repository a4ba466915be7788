"""The wire format of OpenAI Responses, and of all who speak it too.

>>> said = b'{"type": "output_text", "text": "Hi"}'
>>> item = b'{"type": "message", "content": [' + said + b']}'
>>> OPENAI_RESPONSES.read_reply(b'{"output": [' + item + b']}').text
'Hi'
"""

from typing import Final

from harness.wire.openai_responses.checking import ResponsesGrammar
from harness.wire.openai_responses.encoding import ResponsesEncoder
from harness.wire.openai_responses.errors import write_error
from harness.wire.openai_responses.replies import write_reply
from harness.wire.openai_responses.request_writing import write_request
from harness.wire.openai_responses.requests import read_request
from harness.wire.openai_responses.stream import ResponsesReader
from harness.wire.wire_format import WireFormat

__all__ = ["OPENAI_RESPONSES"]

OPENAI_RESPONSES: Final = WireFormat(
    "openai-responses",
    stream_type="text/event-stream; charset=utf-8",
    path="/responses",
    read_request=lambda body, _url: read_request(body),
    write_request=write_request,
    write_reply=write_reply,
    write_error=write_error,
    reader=ResponsesReader,
    encoder=ResponsesEncoder,
    grammar=ResponsesGrammar,
)
