"""Calls whose arguments Gemini streams in pieces: values, each with its JSON path.

In: the functionCall of each part. Out: fragments of JSON text that stay one call. What
the values amount to is known when the last is there, so the text comes at the end; an
open brace before it keeps a call that breaks off from passing for a whole one.
"""

import re
from itertools import pairwise
from typing import Any

from harness.errors import WireError, shown
from harness.wire.json_values import expect, write_text

__all__ = ["PartialCall", "in_pieces"]

_STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,6})\]|\['([^']*)'\]|\["([^"]*)"\]""")
_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")


def in_pieces(call: dict[str, Any]) -> bool:
    """Whether *call*, a functionCall, is one of several that make one call.

    >>> in_pieces({"name": "f", "willContinue": True})
    True
    """
    return bool(call.get("partialArgs") or call.get("willContinue"))


class PartialCall:
    """The arguments of one call, as they come in.

    >>> call = PartialCall()
    >>> piece = {"jsonPath": "$.city", "stringValue": "Bo", "willContinue": True}
    >>> call.take({"partialArgs": [piece], "willContinue": True})
    >>> call.take({"partialArgs": [{"jsonPath": "$.city", "stringValue": "ston"}]})
    >>> call.text()
    '"city":"Boston"}'
    """

    def __init__(self) -> None:
        self._args: dict[str, Any] = {}
        self._grows: str | None = None

    def take(self, call: dict[str, Any]) -> None:
        """Take what one more functionCall says. Raises WireError."""
        self._args |= expect(call.get("args"), dict, "'args' of a functionCall") or {}
        pieces = expect(call.get("partialArgs"), list, "'partialArgs'") or []
        for piece in pieces:
            said: dict[str, Any] = expect(piece, dict, "a partial argument") or {}
            path = expect(said.get("jsonPath"), str, "'jsonPath'") or ""
            value = next((said[key] for key in _VALUES if key in said), None)
            value = None if "nullValue" in said else value
            self._put(path, value)
            self._grows = path if said.get("willContinue") else None

    def text(self) -> str:
        """The JSON text of all, without the brace that opens it."""
        return write_text(self._args)[1:]

    def _put(self, path: str, value: Any) -> None:
        steps = _steps(path)
        level: Any = self._args
        for step, after in pairwise(steps):
            inner = _at(level, step)
            if inner is None:
                inner = [] if isinstance(after, int) else {}
                _set(level, step, inner, path)
            level = inner
        before = _at(level, steps[-1])
        grows = path == self._grows and isinstance(before, str)
        _set(level, steps[-1], f"{before}{value}" if grows else value, path)


def _steps(path: str) -> list[str | int]:
    found = [*_STEP.finditer(path, 1)]
    if not found or path[0] != "$" or "".join(m[0] for m in found) != path[1:]:
        raise WireError(f"'jsonPath' is {shown(path)}, not a path such as '$.city'.")
    return [int(m[2]) if m[2] else m[1] or m[3] or m[4] or "" for m in found]


def _at(level: Any, step: str | int) -> Any:
    match level, step:
        case dict(), str():
            return level.get(step)
        case list(), int() if step < len(level):
            return level[step]
        case _:
            return None


def _set(level: Any, step: str | int, value: Any, path: str) -> None:
    match level, step:
        case dict(), str():
            level[step] = value
        case list(), int() if step < len(level):
            level[step] = value
        case list(), int() if step == len(level):
            level.append(value)
        case _:
            raise WireError(
                f"'jsonPath' {shown(path)} leads past what was said before."
            )
