r"""Patterns of JSON schemas. In: a pattern and a text. Out: whether it is found.

Read by `regex`, which knows `\p{L}` and `(?<name>...)` as JavaScript does and can be
stopped; by `re` where `regex` would unroll huge repeats in memory.
"""

import functools
import math
import re
import warnings
from importlib import import_module
from typing import Any

__all__ = ["finds", "is_pattern"]

MOST_UNROLLED = 100_000


def finds(pattern: str, text: str, *, seconds: float) -> bool:
    r"""Tell whether *pattern* is found in *text*; raise TimeoutError after *seconds*.

    >>> finds(r"^\p{Lu}", "Été", seconds=1)
    True
    """
    read = _read(pattern)
    if isinstance(read, re.Pattern):
        return read.search(text) is not None
    return read.search(text, timeout=seconds) is not None


def is_pattern(text: str) -> bool:
    """Tell whether *text* can be read as a pattern.

    >>> is_pattern("(")
    False
    """
    try:
        _read(text)
    except ValueError:
        return False
    return True


@functools.lru_cache(maxsize=512)
def _read(pattern: str) -> Any:
    regex: Any = import_module("regex")  # it ships without types
    unrolled = math.prod(int(times) or 1 for times in re.findall(r"\{(\d+)", pattern))
    read = re.compile if unrolled > MOST_UNROLLED else regex.compile
    try:
        with warnings.catch_warnings(action="ignore"):
            return read(pattern)
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        raise ValueError(str(error)) from None
