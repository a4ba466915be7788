"""Token counts of the Converse API, and ours."""

from collections.abc import Mapping
from typing import Any

from harness.messages import AIMessage
from harness.wire.counts import Places, read_counts, write_counts

__all__ = ["NOTHING", "read_usage", "write_usage"]

#: What a server says that has counted nothing: the API wants all three.
NOTHING = {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}

_CACHE = "input_token_details"
_PLACES: Places = {
    ("input_tokens",): (("inputTokens",),),
    ("output_tokens",): (("outputTokens",),),
    ("total_tokens",): (("totalTokens",),),
    (_CACHE, "cache_read"): (("cacheReadInputTokens",), ("cacheReadInputTokenCount",)),
    (_CACHE, "cache_creation"): (
        ("cacheWriteInputTokens",),
        ("cacheWriteInputTokenCount",),
    ),
}


def read_usage(usage: Mapping[str, Any]) -> dict[str, Any] | None:
    """The usage that *usage* counts, or None where it counts nothing.

    Ours counts all input; theirs counts what was read from a cache, or written to
    one, apart.

    >>> read_usage({"inputTokens": 3, "cacheReadInputTokens": 9, "outputTokens": 5})
    {'input_tokens': 12, 'output_tokens': 5, 'input_token_details': {'cache_read': 9}}
    """
    if usage == NOTHING:
        return None
    counts = read_counts(usage, _PLACES)
    if counts:
        counts["input_tokens"] = counts.get("input_tokens", 0) + _cached(counts)
    return counts


def write_usage(message: AIMessage) -> dict[str, Any]:
    """What the API says of the usage of *message*: as it came, if it came from there.

    >>> write_usage(AIMessage(usage_metadata={"input_tokens": 3, "output_tokens": 5}))
    {'inputTokens': 3, 'outputTokens': 5, 'totalTokens': 8}
    """
    usage: Any = message.usage_metadata
    said = message.response_metadata.get("token_usage")
    if isinstance(said, dict):
        counted = read_usage(said)
        if counted and AIMessage(usage_metadata=counted).usage_metadata == usage:
            return said
    if usage is None:
        return dict(NOTHING)
    fresh = max(0, usage["input_tokens"] - _cached(usage))
    return write_counts({**usage, "input_tokens": fresh}, _PLACES)


def _cached(usage: Mapping[str, Any]) -> int:
    details = usage.get(_CACHE, {})
    return sum(details.get(key, 0) for key in ("cache_read", "cache_creation"))
