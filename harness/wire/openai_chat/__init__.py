"""The wire format of OpenAI Chat Completions, and of all who speak it too.

>>> reply = b'{"choices": [{"message": {"content": "Hi"}}]}'
>>> OPENAI_CHAT.read_reply(reply).text
'Hi'
"""

from typing import Final

from harness.wire.openai_chat.checking import ChatGrammar
from harness.wire.openai_chat.encoding import ChatEncoder
from harness.wire.openai_chat.failures import write_error
from harness.wire.openai_chat.replies import write_reply
from harness.wire.openai_chat.request_writing import write_request
from harness.wire.openai_chat.requests import read_request
from harness.wire.openai_chat.stream import ChatReader
from harness.wire.wire_format import WireFormat

__all__ = ["OPENAI_CHAT"]

OPENAI_CHAT: Final = WireFormat(
    "openai-chat",
    stream_type="text/event-stream; charset=utf-8",
    path="/chat/completions",
    read_request=read_request,
    write_request=write_request,
    write_reply=write_reply,
    write_error=write_error,
    reader=ChatReader,
    encoder=ChatEncoder,
    grammar=ChatGrammar,
)
