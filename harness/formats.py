"""The formats of JSON Schema. In: a name and a text. Out: whether the text is one.

Pure and self-contained, so that a verdict does not depend on what is installed.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from ipaddress import IPv4Address, IPv6Address

from harness.patterns import is_pattern

__all__ = ["FORMATS", "FORMAT_EXAMPLES"]

FORMAT_EXAMPLES: Mapping[str, str] = {
    "date": "2026-01-17",
    "time": "09:30:00Z",
    "date-time": "2026-01-17T09:30:00Z",
    "duration": "PT90M",
    "email": "ada@example.com",
    "idn-email": "ada@example.com",
    "hostname": "www.example.com",
    "idn-hostname": "www.example.com",
    "ipv4": "192.0.2.17",
    "ipv6": "2001:db8::17",
    "uri": "https://example.com/items/17",
    "uri-reference": "/items/17",
    "iri": "https://example.com/items/17",
    "iri-reference": "/items/17",
    "uri-template": "https://example.com/{id}",
    "uuid": "2f1e6c9a-5d0b-4c8e-9a37-61b2c4d8e0f5",
    "regex": "^[a-z]+$",
    "json-pointer": "/items/0",
    "relative-json-pointer": "1/items",
}


def _shaped(*patterns: str) -> Callable[[str], bool]:
    """Tell whether a text has one of the shapes, as a whole."""
    shape = "|".join(f"(?:{pattern})" for pattern in patterns)
    # Compiled, and kept, by `re` when a text is first held against it.
    return lambda text: re.fullmatch(shape, text, re.ASCII) is not None


def _parsed_by(parse: Callable[[str], object], shape: str) -> Callable[[str], bool]:
    """Tell whether a text has the shape and the parser takes it."""
    shaped = _shaped(shape)

    def check(text: str) -> bool:
        if not shaped(text):
            return False
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return check


def _is_date_time(text: str) -> bool:
    return _is_date(text[:10]) and text[10:11] in "Tt " and _is_time(text[11:])


_URI_CHARACTERS = (
    r"(?:[^\s\x00-\x20\x7f-\uffff\U00010000-\U0010ffff<>\"{}|\\^`%]|%[0-9A-Fa-f]{2})*"
)
_IRI_CHARACTERS = r"(?:[^\s\x00-\x20\x7f<>\"{}|\\^`%]|%[0-9A-Fa-f]{2})*"
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*:"
_POINTER = r"(?:/(?:[^~/]|~[01])*)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_IDN_LABEL = r"[^\s.@-](?:[^\s.@]{0,61}[^\s.@-])?"
_CLOCK = r"T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?"

_is_date = _parsed_by(date.fromisoformat, r"\d{4}-\d\d-\d\d")
_is_time = _shaped(
    r"(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
)
_is_email = _shaped(r"[^@\s]+@[^@\s]+", r"\"[^\"\n]+\"@[^@\s]+")

FORMATS: Mapping[str, Callable[[str], bool]] = {
    "date": _is_date,
    "time": _is_time,
    "date-time": _is_date_time,
    "duration": _shaped(
        r"P\d+W", rf"P(?=[\dT])(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:{_CLOCK})?"
    ),
    "email": _is_email,
    "idn-email": _is_email,
    "hostname": _shaped(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*"),
    "idn-hostname": _shaped(rf"(?=.{{1,253}}\Z){_IDN_LABEL}(?:\.{_IDN_LABEL})*"),
    "ipv4": _parsed_by(IPv4Address, r"[\d.]+"),
    "ipv6": _parsed_by(IPv6Address, r"[0-9A-Fa-f:.]+"),
    "uri": _shaped(_SCHEME + _URI_CHARACTERS),
    "uri-reference": _shaped(_URI_CHARACTERS),
    "iri": _shaped(_SCHEME + _IRI_CHARACTERS),
    "iri-reference": _shaped(_IRI_CHARACTERS),
    "uri-template": _shaped(r"(?:[^\s{}<>\"|\\^`]|\{[^\s{}]+\})*"),
    "uuid": _shaped(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
    "regex": is_pattern,
    "json-pointer": _shaped(_POINTER),
    "relative-json-pointer": _shaped(rf"(?:0|[1-9]\d*)(?:#|{_POINTER})"),
}
