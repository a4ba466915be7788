"""A provider's HTTP interface over any source, as a pure function."""

from harness.endpoint.acting import Acting, Broken, Waits
from harness.endpoint.answers import Answer, Desk
from harness.endpoint.calls import HttpCall
from harness.endpoint.chaos import Chaos
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.glitch import Glitch
from harness.endpoint.glitches import Glitches
from harness.endpoint.keys import key_check
from harness.endpoint.other_paths import other_paths
from harness.endpoint.quotas import Quota, Quotas
from harness.endpoint.replies import Cut, Piece, Reply
from harness.endpoint.validation import validate
from harness.endpoint.verdict import Finding

__all__ = [
    "Acting",
    "Answer",
    "Broken",
    "Chaos",
    "Cut",
    "Desk",
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
    "key_check",
    "other_paths",
    "validate",
]
