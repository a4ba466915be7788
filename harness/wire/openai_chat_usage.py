"""Token counts of OpenAI Chat Completions, in the spellings of all who copy it."""

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["read_usage"]

Path = tuple[str, ...]

#: Where each count stands; of several places the first that says a number is read.
_PLACES: dict[Path, tuple[Path, ...]] = {
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
_PLACED = {path for paths in _PLACES.values() for path in paths}


def read_usage(usage: Mapping[str, Any]) -> dict[str, Any] | None:
    """The usage that a provider reports, or None where it counts nothing.

    >>> read_usage({"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8})
    {'input_tokens': 3, 'output_tokens': 5, 'total_tokens': 8}
    """
    found: dict[Path, int] = {}
    for path, places in _PLACES.items():
        counts = (_at(usage, place) for place in places)
        number = next((count for count in counts if count is not None), None)
        if number is not None:
            found[path] = number
    for theirs, ours in _DETAILS.items():
        for name in usage.get(theirs) or ():
            count = _at(usage, (theirs, name))
            if count is not None and (theirs, name) not in _PLACED:
                found[ours, name.removesuffix("_tokens")] = count
    return _nested(found.items())


def _at(usage: Any, place: Path) -> int | None:
    for key in place:
        usage = usage.get(key) if isinstance(usage, Mapping) else None
    return usage if type(usage) is int else None


def _nested(counts: Iterable[tuple[Path, int]]) -> dict[str, Any] | None:
    usage: dict[str, Any] = {}
    for path, count in counts:
        level = usage
        for key in path[:-1]:
            level = level.setdefault(key, {})
        level[path[-1]] = count
    return usage or None
