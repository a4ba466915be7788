"""The wire format of Anthropic Messages.

>>> reply = b'{"type": "message", "content": [{"type": "text", "text": "Hi"}]}'
>>> ANTHROPIC_MESSAGES.read_reply(reply).text
'Hi'
"""

from typing import Final

from harness.wire.anthropic_messages.blocks import NAME
from harness.wire.anthropic_messages.checking import MessagesGrammar
from harness.wire.anthropic_messages.encoding import MessagesEncoder
from harness.wire.anthropic_messages.errors import write_error
from harness.wire.anthropic_messages.replies import write_reply
from harness.wire.anthropic_messages.request_writing import write_request
from harness.wire.anthropic_messages.requests import read_request
from harness.wire.anthropic_messages.stream import MessagesReader
from harness.wire.wire_format import WireFormat

__all__ = ["ANTHROPIC_MESSAGES"]

ANTHROPIC_MESSAGES: Final = WireFormat(
    NAME,
    stream_type="text/event-stream; charset=utf-8",
    path="/messages",
    read_request=lambda body, _url: read_request(body),
    write_request=write_request,
    write_reply=write_reply,
    write_error=write_error,
    reader=MessagesReader,
    encoder=MessagesEncoder,
    grammar=MessagesGrammar,
)
