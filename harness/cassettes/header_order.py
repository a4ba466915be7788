"""The order of headers, beside a mapping that can only say them by name."""

from collections import Counter, defaultdict, deque
from typing import Any

from harness.cassettes.interactions import Headers

__all__ = ["in_order", "order_of"]


def order_of(headers: Headers) -> list[str]:
    """The names of *headers*, if grouping them by name loses their order; else []."""
    names = [name for name, _ in headers]
    if len({*names}) == len(names):
        return []
    counts = Counter(names)
    grouped = [name for name, count in counts.items() for _ in range(count)]
    return [] if names == grouped else names


def in_order(headers: Headers, order: Any) -> Headers:
    """*headers* in the order that `order_of` gave, if they have just these names."""
    if not isinstance(order, list):
        return headers
    values: dict[str, deque[str]] = defaultdict(deque)
    for name, value in headers:
        values[name].append(value)
    try:
        found = tuple((name, values[name].popleft()) for name in order)
    except (IndexError, TypeError):
        return headers
    return found if len(found) == len(headers) else headers
