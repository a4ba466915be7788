"""The wire format of Amazon Bedrock's Converse API, in AWS event-stream frames.

It names the model, and whether the answer is to be streamed, in the path alone; and has
no room for the id of an answer.

>>> message = b'{"role": "assistant", "content": [{"text": "Hi"}]}'
>>> reply = b'{"output": {"message": ' + message + b'}, "stopReason": "end_turn"}'
>>> BEDROCK_CONVERSE.read_reply(reply).text
'Hi'
"""

from typing import Final

from harness.wire.bedrock_converse.checking import ConverseGrammar
from harness.wire.bedrock_converse.encoding import ConverseEncoder
from harness.wire.bedrock_converse.exceptions import read_reply_error, write_exception
from harness.wire.bedrock_converse.replies import write_reply
from harness.wire.bedrock_converse.request_writing import request_path, write_request
from harness.wire.bedrock_converse.requests import read_request
from harness.wire.bedrock_converse.stream import ConverseReader
from harness.wire.wire_format import WireFormat

__all__ = ["BEDROCK_CONVERSE"]

BEDROCK_CONVERSE: Final = WireFormat(
    "bedrock-converse",
    stream_type="application/vnd.amazon.eventstream",
    path=request_path,
    read_request=read_request,
    write_request=write_request,
    write_reply=lambda message, _request: write_reply(message),
    read_error=read_reply_error,
    write_error=write_exception,
    reader=ConverseReader,
    encoder=lambda _request: ConverseEncoder(),
    grammar=ConverseGrammar,
)
