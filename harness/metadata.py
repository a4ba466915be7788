"""What becomes of metadata that a stream says more than once: a policy for each key.

Any other key keeps its last value. Nothing is ever summed or concatenated by accident.
"""

from collections.abc import Iterable
from typing import Any

__all__ = ["FINISH", "FIRST", "GRAVITY", "GROWING", "gravest", "lists_of"]

#: Metadata that says where an answer is from: the first value wins.
FIRST = frozenset(
    "created id model model_name model_provider object output_version role "
    "system_fingerprint".split()
)
#: Metadata that says why an answer ended: an ordered set.
FINISH = frozenset({"finish_reason", "stop_reason"})
#: The graver reason is read, whatever came first; others rank last.
GRAVITY = ("error", "content_filter", "refusal", "safety", "length", "max_tokens")
#: Metadata that arrives in pieces: lists grow.
GROWING = frozenset({"logprobs"})


def gravest(reasons: Iterable[Any]) -> Any:
    """The reason to read where several were given: the gravest, else the first."""
    ranked = [r for grave in GRAVITY for r in reasons if r == grave]
    return ranked[0] if ranked else next(iter(reasons))


def lists_of(value: Any) -> Iterable[tuple[str, list[Any]]]:
    """The lists that *value* adds to, by name; what has no name adds to ""."""
    if isinstance(value, dict):
        for key, items in value.items():
            if items is not None:
                yield key, items if isinstance(items, list) else [items]
    else:
        yield "", value if isinstance(value, list) else [value]
