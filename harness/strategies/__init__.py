"""Hypothesis strategies for everything that talks to a chat model.

>>> from harness import strategies as hst
>>> from hypothesis import find
>>> find(hst.partitions("abc"), lambda pieces: len(pieces) > 1)
['a', 'bc']
"""

from harness.strategies.cuts import byte_cuts, interleavings, partitions
from harness.strategies.messages import answers, conversations, messages, tool_calls
from harness.strategies.quirks import QUIRKS, Quirk, quirk
from harness.strategies.streams import (
    Stream,
    chunk_streams,
    chunks,
    deltas,
    message_cuts,
)
from harness.strategies.texts import json_arguments, json_objects, texts
from harness.strategies.tools import OfferedTool, offered_tools, requests
from harness.strategies.turns import scripts
from harness.strategies.wire import ANSWER_PARTS, wire_answers, wire_chunks
from harness.strategies.wire_requests import REQUEST_PARTS, faults, wire_requests

__all__ = [
    "ANSWER_PARTS",
    "QUIRKS",
    "REQUEST_PARTS",
    "OfferedTool",
    "Quirk",
    "Stream",
    "answers",
    "byte_cuts",
    "chunk_streams",
    "chunks",
    "conversations",
    "deltas",
    "faults",
    "interleavings",
    "json_arguments",
    "json_objects",
    "message_cuts",
    "messages",
    "offered_tools",
    "partitions",
    "quirk",
    "requests",
    "scripts",
    "texts",
    "tool_calls",
    "wire_answers",
    "wire_chunks",
    "wire_requests",
]
