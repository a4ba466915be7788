"""A provider's HTTP interface over any source, as a pure function."""

from harness.endpoint.calls import HttpCall
from harness.endpoint.chaos import Chaos
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.glitch import Glitch
from harness.endpoint.quotas import Quota
from harness.endpoint.replies import Cut, Reply
from harness.endpoint.verdict import Finding
from harness.http_messages import HttpRequest

__all__ = [
    "Chaos",
    "Cut",
    "Endpoint",
    "Finding",
    "Glitch",
    "HttpCall",
    "HttpRequest",
    "Quota",
    "Reply",
]
