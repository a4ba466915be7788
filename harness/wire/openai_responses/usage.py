"""Token counts of OpenAI Responses, to our names and back."""

from collections.abc import Mapping
from typing import Any

from harness.wire.counts import Places, read_counts, write_counts

__all__ = ["read_usage", "write_usage"]

_PLACES: Places = {
    ("input_tokens",): (("input_tokens",), ("prompt_tokens",)),
    ("output_tokens",): (("output_tokens",), ("completion_tokens",)),
    ("total_tokens",): (("total_tokens",),),
    ("input_token_details", "cache_read"): (("input_tokens_details", "cached_tokens"),),
    ("input_token_details", "cache_creation"): (
        ("input_tokens_details", "cache_write_tokens"),
    ),
    ("output_token_details", "reasoning"): (
        ("output_tokens_details", "reasoning_tokens"),
    ),
}
_DETAILS: dict[str, str] = {
    "input_tokens_details": "input_token_details",
    "output_tokens_details": "output_token_details",
}
_WRITTEN: dict[str, str] = {ours: theirs for theirs, ours in _DETAILS.items()}
#: What a report has that is this provider's, and not another's in much the same words.
_OWN = frozenset({"input_tokens", "output_tokens", "total_tokens"})
_NOTHING: dict[str, Any] = {
    "input_tokens": 0,
    "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
    "output_tokens": 0,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 0,
}


def read_usage(usage: Mapping[str, Any]) -> dict[str, Any] | None:
    """The usage that a provider reports, or None where it counts nothing.

    >>> read_usage({"input_tokens": 3, "output_tokens": 5, "total_tokens": 8})
    {'input_tokens': 3, 'output_tokens': 5, 'total_tokens': 8}
    """
    details = {key: said for key, said in _DETAILS.items() if _is_dict(usage.get(key))}
    return read_counts(usage, _PLACES, details)


def write_usage(
    usage: Mapping[str, Any] | None, raw: object = None
) -> dict[str, Any] | None:
    """What the provider says for *usage*: *raw*, where that says so.

    >>> write_usage({"input_tokens": 3})["input_tokens_details"]
    {'cached_tokens': 0, 'cache_write_tokens': 0}
    """
    if usage is None:
        return raw if isinstance(raw, dict) and not read_usage(raw) else None
    if isinstance(raw, dict) and raw.keys() >= _OWN and read_usage(raw) == usage:
        return raw
    said = write_counts(usage, _PLACES)
    for ours, theirs in _WRITTEN.items():
        placed = {path[1] for path in _PLACES if path[0] == ours}
        for name, count in (usage.get(ours) or {}).items():
            if name not in placed:
                said.setdefault(theirs, {})[f"{name}_tokens"] = count
    for key, value in _NOTHING.items():
        said[key] = {**value, **said.get(key, {})} if _is_dict(value) else said.get(key)
    said["input_tokens"] = said["input_tokens"] or 0
    said["output_tokens"] = said["output_tokens"] or 0
    if said["total_tokens"] is None:
        said["total_tokens"] = said["input_tokens"] + said["output_tokens"]
    return said


def _is_dict(value: object) -> bool:
    return isinstance(value, dict)
