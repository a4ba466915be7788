"""Token counts of Gemini, which are running totals. Thoughts are beside the answer.

What tools of the server read counts as input too, so that input and output are all.
"""

from collections.abc import Mapping
from typing import Any

from harness.wire.counts import Places, read_counts, write_counts

__all__ = ["read_usage", "write_usage"]

_PLACES: Places = {
    ("input_tokens",): (("promptTokenCount",),),
    ("output_tokens",): (("candidatesTokenCount",), ("responseTokenCount",)),
    ("total_tokens",): (("totalTokenCount",),),
    ("input_token_details", "cache_read"): (("cachedContentTokenCount",),),
    ("input_token_details", "tool_use"): (("toolUsePromptTokenCount",),),
    ("output_token_details", "reasoning"): (("thoughtsTokenCount",),),
}
#: Counts that Gemini leaves out of the sums that we have them in.
_BESIDE = {
    "input_tokens": ("input_token_details", "tool_use"),
    "output_tokens": ("output_token_details", "reasoning"),
}


def read_usage(usage: Mapping[str, Any]) -> dict[str, Any] | None:
    """The usage that *usage*, a usageMetadata, reports so far.

    >>> read_usage({"candidatesTokenCount": 5, "thoughtsTokenCount": 2})
    {'output_tokens': 7, 'output_token_details': {'reasoning': 2}}
    """
    return _moved(read_counts(usage, _PLACES), 1)


def write_usage(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The usageMetadata of *usage*.

    >>> write_usage({"input_tokens": 3, "output_tokens": 5, "total_tokens": 8})
    {'promptTokenCount': 3, 'candidatesTokenCount': 5, 'totalTokenCount': 8}
    """
    return write_counts(_moved(usage, -1) or {}, _PLACES)


def _moved(usage: Mapping[str, Any] | None, sign: int) -> dict[str, Any] | None:
    if usage is None:
        return None
    moved = dict(usage)
    for total, (details, name) in _BESIDE.items():
        beside = (usage.get(details) or {}).get(name)
        if type(beside) is int:
            moved[total] = max(0, (usage.get(total) or 0) + sign * beside)
    return moved
