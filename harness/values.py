"""Plain JSON values: checked and copied where they enter, copied where they leave.

In: whatever a caller hands over. Out: dicts with string keys, lists, strings,
finite numbers, booleans and None that share nothing with what came in. That one rule
is what makes messages and chunks safe to keep, compare and hash.
"""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from harness.errors import InputError, shown
from harness.text import whole

__all__ = ["canonical", "copied", "dumped", "plain"]


def plain(value: object, where: str) -> Any:
    """A plain copy of *value*; *where* names it in the error if it is not JSON.

    >>> plain({"a": (1, 2)}, "content")
    {'a': [1, 2]}
    """
    try:
        return _plain(value)
    except RecursionError:
        raise InputError(f"{where} is nested too deeply, or contains itself.") from None
    except _NotPlainError:
        raise InputError(_fault(value, where)) from None


class _NotPlainError(Exception):
    """Somewhere in a value is something that is not JSON."""


_AS_THEY_ARE = frozenset({int, bool, type(None)})


def _plain(value: object) -> Any:
    kind = type(value)
    if kind is str:
        # JSON has no other way to say it: halves of a character read as one.
        return whole(value)  # type: ignore[arg-type]  # its type was looked at
    if kind in _AS_THEY_ARE:
        return value
    if kind is dict:
        return {_key(k): _plain(v) for k, v in value.items()}  # type: ignore[attr-defined]  # as above
    match value:
        case Mapping():
            return {_key(k): _plain(v) for k, v in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case str():
            return whole(str.__str__(value))
        case int():
            return int(value)
        case float() if math.isfinite(value):
            return float(value)
        case _:
            raise _NotPlainError


def _key(key: object) -> str:
    if type(key) is str:
        return whole(key)
    if isinstance(key, str):
        return whole(str.__str__(key))
    raise _NotPlainError


def _fault(value: object, where: str) -> str:
    """What is not JSON in *value*, and where: looked for only where there is."""
    inside: Iterable[tuple[object, str]] = ()
    if isinstance(value, Mapping):
        wrong = [key for key in value if not isinstance(key, str)]
        if wrong:
            return (
                f"{where} has the key {wrong[0]!r}; keys of JSON objects are strings."
            )
        inside = [(item, f"{where}[{key!r}]") for key, item in value.items()]
    elif isinstance(value, list | tuple):
        inside = [(item, f"{where}[{n}]") for n, item in enumerate(value)]
    for item, place in inside:
        try:
            _plain(item)
        except _NotPlainError:
            return _fault(item, place)
    return (
        f"{where} is not a JSON value: {shown(value)}. Give a string, a finite number, "
        "a boolean, None, or lists and string-keyed dicts of these (bytes as base64 "
        "text)."
    )


_ATOMS = frozenset({bool, float, int, str, type(None)})


def copied(value: Any) -> Any:
    """A deep copy of a value that is known to be plain."""
    if type(value) in _ATOMS:
        return value
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [copied(item) for item in value]
    return value


def canonical(value: Any) -> str:
    """One text per value: equal values, whatever their key order, give equal texts.

    >>> canonical({"b": 1, "a": [True, None]})
    '{"a":[true,null],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=repr)


def dumped(value: Any) -> str:
    """JSON text that always encodes to UTF-8: readable, but for lone surrogates."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"))
    return text
