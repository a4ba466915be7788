"""Token counts of Anthropic Messages.

The provider's ``input_tokens`` leaves out what was read from its cache or written to
it; ours count all that went in, and say these two as details.
"""

from collections.abc import Mapping
from typing import Any

from harness.wire.counts import Places, read_counts, write_counts

__all__ = ["read_usage", "write_usage"]

_CACHED: Places = {
    ("input_token_details", "cache_read"): (("cache_read_input_tokens",),),
    ("input_token_details", "cache_creation"): (("cache_creation_input_tokens",),),
    ("input_token_details", "ephemeral_5m"): (
        ("cache_creation", "ephemeral_5m_input_tokens"),
    ),
    ("input_token_details", "ephemeral_1h"): (
        ("cache_creation", "ephemeral_1h_input_tokens"),
    ),
}
_PLACES: Places = {
    ("input_tokens",): (("input_tokens",),),
    ("output_tokens",): (("output_tokens",),),
    **_CACHED,
    ("output_token_details", "reasoning"): (
        ("output_tokens_details", "thinking_tokens"),
    ),
}
_DETAILS = {"output_tokens_details": "output_token_details"}


def read_usage(said: Mapping[str, Any]) -> dict[str, Any] | None:
    """The usage that the provider reports, or None where it counts nothing.

    >>> read_usage({"input_tokens": 3, "cache_read_input_tokens": 9})
    {'input_tokens': 12, 'input_token_details': {'cache_read': 9}}
    """
    details = {k: v for k, v in _DETAILS.items() if isinstance(said.get(k), Mapping)}
    usage = read_counts(said, _PLACES, details)
    if usage and "input_tokens" in usage:
        usage["input_tokens"] += _cached(usage)
    return usage


def write_usage(usage: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the provider says for *usage*: `read_usage` gives it back.

    >>> write_usage({"input_tokens": 3, "output_tokens": 5})
    {'input_tokens': 3, 'output_tokens': 5}
    """
    said = {"input_tokens": 0, "output_tokens": 0}
    if usage is not None:
        said |= write_counts(usage, _PLACES)
        said["input_tokens"] = max(0, said["input_tokens"] - _cached(usage))
    return said


def _cached(usage: Mapping[str, Any]) -> int:
    details = usage.get("input_token_details")
    details = details if isinstance(details, Mapping) else {}
    counts = (details.get("cache_read"), details.get("cache_creation"))
    return sum(count for count in counts if type(count) is int)
