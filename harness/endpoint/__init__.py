"""A provider's HTTP interface over any source, as a pure function."""

from harness.endpoint.calls import HttpCall
from harness.endpoint.endpoint import Endpoint
from harness.endpoint.replies import Cut, Piece, Reply
from harness.endpoint.verdict import Finding

__all__ = ["Cut", "Endpoint", "Finding", "HttpCall", "Piece", "Reply"]
