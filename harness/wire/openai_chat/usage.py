"""Token counts of OpenAI Chat Completions, in the spellings of all who copy it."""

from collections.abc import Mapping
from typing import Any

from harness.messages import AIMessage
from harness.wire.counts import Places, read_counts, write_counts

__all__ = ["read_usage", "write_usage"]

_PLACES: Places = {
    ("input_tokens",): (("prompt_tokens",), ("input_tokens",)),
    ("output_tokens",): (("completion_tokens",), ("output_tokens",)),
    ("total_tokens",): (("total_tokens",),),
    ("input_token_details", "cache_read"): (
        ("prompt_tokens_details", "cached_tokens"),
        ("input_tokens_details", "cached_tokens"),
        ("prompt_cache_hit_tokens",),
        ("cache_read_input_tokens",),
        ("cached_tokens",),
    ),
    ("input_token_details", "cache_creation"): (
        ("prompt_tokens_details", "cache_write_tokens"),
        ("input_tokens_details", "cache_write_tokens"),
        ("cache_creation_input_tokens",),
    ),
    ("output_token_details", "reasoning"): (
        ("completion_tokens_details", "reasoning_tokens"),
        ("output_tokens_details", "reasoning_tokens"),
        ("reasoning_tokens",),
    ),
}
_DETAILS: dict[str, str] = {
    "prompt_tokens_details": "input_token_details",
    "completion_tokens_details": "output_token_details",
}
#: What other formats call their counts: a report in these words is not OpenAI's.
_OTHERS = frozenset({"input_tokens", "output_tokens"})


def read_usage(usage: Mapping[str, Any]) -> dict[str, Any] | None:
    """The usage that a provider reports, or None where it counts nothing.

    >>> read_usage({"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8})
    {'input_tokens': 3, 'output_tokens': 5, 'total_tokens': 8}
    """
    return read_counts(usage, _PLACES, _DETAILS)


def write_usage(
    usage: Mapping[str, Any] | None, told: object = None
) -> dict[str, Any] | None:
    """What OpenAI reports for *usage*: *told*, if that is its own report of it.

    >>> write_usage({"input_tokens": 3, "output_tokens": 5, "total_tokens": 8})
    {'prompt_tokens': 3, 'completion_tokens': 5, 'total_tokens': 8}
    """
    if (
        isinstance(told, dict)
        and not told.keys() & _OTHERS
        and AIMessage(usage_metadata=read_usage(told))
        == AIMessage(usage_metadata=usage)
    ):
        return told
    if usage is None:
        return None
    counts: dict[str, Any] = {**usage}
    said = write_counts(counts, _PLACES)
    for theirs, ours in _DETAILS.items():
        for name, count in (counts.get(ours) or {}).items():
            if (ours, name) not in _PLACES:
                said.setdefault(theirs, {})[f"{name}_tokens"] = count
    return said
