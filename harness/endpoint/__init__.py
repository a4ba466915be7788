"""A provider's HTTP interface over any source, as a pure function."""

from harness.endpoint.acting import Acting, Broken, Waits
from harness.endpoint.calls import HttpCall
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.replies import Cut, Piece, Reply

__all__ = [
    "Acting",
    "Broken",
    "Cut",
    "Endpoint",
    "HttpCall",
    "Piece",
    "Reply",
    "Waits",
]
