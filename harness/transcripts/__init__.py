"""Cassettes and scripts as people read them: who asked what, and how it was answered.

In: a file. Out: a `Transcript` of exchanges, each a request, the answer as a message,
its stream in time, and what went wrong; the same as plain JSON; its conversations.
"""

from harness.transcripts.conversations import Conversation, conversations
from harness.transcripts.exchanges import Exchange, Piece, Timing, Transcript
from harness.transcripts.json_form import exchange_value, transcript_value
from harness.transcripts.reading import read_transcript, transcript_of

__all__ = [
    "Conversation",
    "Exchange",
    "Piece",
    "Timing",
    "Transcript",
    "conversations",
    "exchange_value",
    "read_transcript",
    "transcript_of",
    "transcript_value",
]
