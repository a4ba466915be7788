"""A provider's HTTP interface over any source, as a pure function."""

from harness.endpoint.acting import Acting, Broken, Waits
from harness.endpoint.calls import HttpCall
from harness.endpoint.chaos import Chaos
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.glitch import Glitch
from harness.endpoint.glitches import Glitches
from harness.endpoint.quotas import Quota, Quotas
from harness.endpoint.replies import Cut, Piece, Reply
from harness.endpoint.verdict import Finding

__all__ = [
    "Acting",
    "Broken",
    "Chaos",
    "Cut",
    "Endpoint",
    "Finding",
    "Glitch",
    "Glitches",
    "HttpCall",
    "Piece",
    "Quota",
    "Quotas",
    "Reply",
    "Waits",
]
