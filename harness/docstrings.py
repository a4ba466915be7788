"""Google-style docstrings. In: a docstring. Out: its description, its arguments."""

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

__all__ = ["plain_function", "split_docstring"]

_HEADING = re.compile(r"(?:Args|Arguments|Parameters|Params):\s*")
_ARGUMENT = re.compile(r"\*{0,2}(\w+)\s*(?:\(.*?\))?\s*:\s*(.*)")


def plain_function(function: Callable[..., Any]) -> Callable[..., Any]:
    """Find the function below `functools.partial` and decorators that say `wraps`."""
    while isinstance(function, functools.partial):
        function = function.func
    plain: Callable[..., Any] = inspect.unwrap(function)
    return plain


def split_docstring(docstring: str | None) -> tuple[str, dict[str, str]]:
    r"""Part a docstring into what stands before "Args:", and each argument's text.

    >>> split_docstring("Add two.\n\nArgs:\n    a: The first,\n        an int.")
    ('Add two.', {'a': 'The first, an int.'})
    """
    lines = inspect.cleandoc(docstring or "").splitlines()
    for number, line in enumerate(lines):
        if _HEADING.fullmatch(line):
            return "\n".join(lines[:number]).strip(), _arguments(lines[number + 1 :])
    return "\n".join(lines).strip(), {}


def _arguments(lines: list[str]) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    margin = 0
    current: list[str] = []
    for line in lines:
        text = line.lstrip()
        indent = len(line) - len(text)
        if text and not indent:
            break
        margin = margin or indent
        entry = _ARGUMENT.fullmatch(text) if indent == margin else None
        if entry:
            name, text = entry.groups()
            current = found.setdefault(name, [])
        current.append(text)
    return {name: " ".join(filter(None, texts)) for name, texts in found.items()}
