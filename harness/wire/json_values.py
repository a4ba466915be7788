"""JSON off the wire: read with care, and asked only for what it must be."""

import json
from math import isfinite
from typing import Any, TypeVar

from harness.errors import InputError, WireError, shown

__all__ = ["expect", "read_json", "says", "write_json", "write_text"]

T = TypeVar("T")

#: How many lists and objects may stand in each other: as many as servers bear.
_DEEPEST = 128
_TOO_DEEP = f"it is nested too deeply: in more than {_DEEPEST} levels"


def _finite(text: str) -> float | str:
    value = float(text)
    return value if isfinite(value) else text


_DECODER = json.JSONDecoder(parse_constant=str, parse_float=_finite)
# Each call of json.dumps with options would make an encoder of its own.
_READABLE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def read_json(text: str | bytes) -> Any:
    """The value that *text* says; ValueError if it is no JSON, or nested too deeply.

    NaN and the infinities, which JSON does not have but servers send, become text, and
    so do numbers that are too large for a float.

    >>> read_json(b'[-Infinity]')
    ['-Infinity']
    """
    text = text if isinstance(text, str) else text.decode()
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    # Few values have so many brackets that a look is needed.
    if len(text) > 2 * _DEEPEST and text.count("[") + text.count("{") > _DEEPEST:
        _check_depth(value)
    return value


def _check_depth(value: Any) -> None:
    """Raise ValueError for more levels than our readers, which recurse, can bear."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise ValueError(_TOO_DEEP)


def write_text(value: object) -> str:
    """*value* as compact JSON, readable where UTF-8 can carry it. Raises InputError.

    >>> write_text({"city": "Z\u00fcrich"})
    '{"city":"Z\u00fcrich"}'
    """
    try:
        text = _READABLE.encode(value)
    except (RecursionError, TypeError, ValueError) as error:
        raise InputError(
            f"{shown(value)} cannot be said in JSON: {error}. Give text, numbers, "
            "booleans, None, and lists and dicts of these."
        ) from None
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return json.dumps(value, separators=(",", ":"))
    return text


def write_json(value: object) -> bytes:
    """The same as bytes."""
    return write_text(value).encode()


def expect(value: object, kind: type[T], where: str) -> T | None:
    """*value*, which is a *kind* or null. Raises WireError."""
    if value is None or isinstance(value, kind):
        return value
    raise WireError(f"{where} is {shown(value)}, not a {kind.__name__}.")


def says(value: object) -> bool:
    """Whether *value* says anything: null, "", and what holds only these do not.

    >>> says({"id": "", "sources": [None]}), says(0)
    (False, True)
    """
    match value:
        case None | "":
            return False
        case dict():
            return any(map(says, value.values()))
        case list():
            return any(map(says, value))
        case _:
            return True
