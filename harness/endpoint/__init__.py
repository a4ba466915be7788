"""A provider's HTTP interface over any source, as a pure function."""

from harness.endpoint.answers import Answer, Desk
from harness.endpoint.calls import HttpCall
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.keys import key_check
from harness.endpoint.other_paths import other_paths
from harness.endpoint.replies import Cut, Piece, Reply
from harness.endpoint.validation import validate

__all__ = [
    "Answer",
    "Cut",
    "Desk",
    "Endpoint",
    "HttpCall",
    "Piece",
    "Reply",
    "key_check",
    "other_paths",
    "validate",
]
