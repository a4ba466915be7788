"""Where two plain values differ, as lines that people read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.errors import shown

__all__ = ["differences"]

MOST_LINES = 12


def differences(left: object, right: object) -> list[str]:
    """One line for each place in which *left* and *right* differ; at most a dozen.

    >>> differences({"a": [1, 2], "b": 1}, {"a": [1, 3]})
    ['a[1]: 2 | 3', 'b: 1 | (missing)']
    """
    lines = [*_found("", left, right)]
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], *([f"... and {more} more"] if more > 0 else [])]


def _found(path: str, left: Any, right: Any) -> Iterator[str]:
    match left, right:
        case Mapping(), Mapping():
            for key in {**left, **right}:
                step = f"{path}.{key}" if path else str(key)
                yield from _entry(step, left, right, key)
        case Sequence(), Sequence() if _listed(left) and _listed(right):
            for n in range(max(len(left), len(right))):
                pair = dict(enumerate(left)), dict(enumerate(right))
                yield from _entry(f"{path}[{n}]", *pair, n)
        case _ if left != right or type(left) is not type(right):
            yield f"{path or 'all'}: {shown(left)} | {shown(right)}"
        case _:
            pass


def _entry(
    path: str, left: Mapping[Any, Any], right: Mapping[Any, Any], key: Any
) -> Iterator[str]:
    if key in left and key in right:
        yield from _found(path, left[key], right[key])
    else:
        sides = (
            shown(side[key]) if key in side else "(missing)" for side in (left, right)
        )
        yield f"{path}: {' | '.join(sides)}"


def _listed(value: object) -> bool:
    return isinstance(value, list | tuple)
