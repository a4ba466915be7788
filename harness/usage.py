"""Token usage as it adds up over a stream: a monoid of two parts.

Deltas add; a cumulative report replaces what the last one said, field by field; and
neither erases the other. Fields are kept by their path, so that details nest to any
depth and nothing clashes.
"""

from collections.abc import Mapping
from typing import Any

from harness.errors import InputError, shown
from harness.values import plain

__all__ = [
    "TOKEN",
    "UsageTotal",
    "estimated_tokens",
    "estimated_usage",
    "read_usage",
    "usage_fields",
]

#: How many characters a token is taken to have, where nobody counted.
TOKEN = 4

Path = tuple[str, ...]

_COUNTED: set[Path] = {("input_tokens",), ("output_tokens",)}
_HEAD = ("input_tokens", "output_tokens", "total_tokens")
_HEADS = frozenset(_HEAD)
_TOTAL_PATHS = tuple((name,) for name in _HEAD)
_TOTALS = frozenset(_TOTAL_PATHS)
_INT = frozenset({int})


def estimated_tokens(characters: int) -> int:
    """A token for every four *characters*, or part of four.

    >>> estimated_tokens(5)
    2
    """
    return -(-characters // TOKEN)


def estimated_usage(asked: int, said: int) -> dict[Path, Any]:
    """The fields, by path, of usage by so many characters *asked* and *said*.

    >>> estimated_usage(5, 4)[("total_tokens",)]
    3
    """
    got, gave = estimated_tokens(asked), estimated_tokens(said)
    return dict(zip(_TOTAL_PATHS, (got, gave, got + gave), strict=True))


def usage_fields(
    usage: object, where: str = "usage_metadata", *, total: bool = False
) -> dict[Path, Any]:
    """The fields of *usage* by path; None is the same as absent.

    With *total*, a missing ``total_tokens`` is counted from input and output, so
    that deltas which say it and deltas which do not still add up.

    >>> usage_fields({"input_tokens": 3, "input_token_details": {"cache_read": None}})
    {('input_tokens',): 3}
    """
    if not isinstance(usage, Mapping):
        raise InputError(
            f"{where} is {shown(usage)}. Give a dict such as {{'input_tokens': 3, "
            "'output_tokens': 5, 'total_tokens': 8}, or None."
        )
    fields: dict[Path, Any] = {}
    if usage.keys() <= _HEADS and _INT.issuperset(map(type, usage.values())):
        fields = {(name,): count for name, count in usage.items()}  # the usual
    else:
        _flatten(_read(usage, where), (), fields)
    if total and ("total_tokens",) not in fields and fields.keys() & _COUNTED:
        fields["total_tokens",] = sum(fields.get(path, 0) for path in _COUNTED)
    return fields


def _read(usage: Mapping[str, Any], where: str) -> dict[str, Any]:
    read: dict[str, Any] = plain(usage, where)
    for name in _HEAD:
        if not (read.get(name) is None or _counts(read[name])):
            raise InputError(f"{where}[{name!r}] is {shown(read[name])}, not a number.")
    return read


def _flatten(usage: dict[str, Any], path: Path, fields: dict[Path, Any]) -> None:
    for key, value in usage.items():
        if isinstance(value, dict):
            _flatten(value, (*path, key), fields)
        elif value is not None:
            fields[(*path, key)] = value


class UsageTotal:
    """Running totals of one stream; mutable, owned by the sum that reads it."""

    __slots__ = ("deltas", "other", "reported")

    def __init__(self) -> None:
        self.deltas: dict[Path, int | float] = {}
        self.reported: dict[Path, int | float] = {}
        self.other: dict[Path, Any] = {}

    def add(self, fields: Mapping[Path, Any]) -> None:
        """Count *fields* on top of what was counted."""
        for path, value in fields.items():
            if _counts(value):
                self.deltas[path] = self.deltas.get(path, 0) + value
            else:
                self.other[path] = value

    def report(self, fields: Mapping[Path, Any]) -> None:
        """Let *fields* replace what was reported before, each by itself."""
        for path, value in fields.items():
            (self.reported if _counts(value) else self.other)[path] = value

    def value(self) -> dict[str, Any] | None:
        """The usage to show, or None where nothing was said of it."""
        counted = dict(self.deltas)
        for path, value in self.reported.items():
            counted[path] = counted.get(path, 0) + value
        return read_usage({**self.other, **counted})


def _counts(value: object) -> bool:
    if type(value) is int:
        return True
    return isinstance(value, int | float) and not isinstance(value, bool)


def read_usage(
    fields: Mapping[Path, Any], *, fill: bool = True
) -> dict[str, Any] | None:
    """The nested usage of *fields*; with *fill* the three totals are always there."""
    if not fields:
        return None
    if fill and fields.keys() <= _TOTALS:  # most usage has no details
        got, said, total = map(fields.get, _TOTAL_PATHS)
        return _filled(got or 0, said or 0, total)
    usage: dict[str, Any] = {}
    for path in sorted(fields, key=_place):
        value = fields[path]
        level: Any = usage
        for key in path[:-1]:
            deeper = level.get(key)
            if not isinstance(deeper, dict):
                deeper = level[key] = {}
            level = deeper
        level.setdefault(path[-1], value)
    if fill:
        got, said = usage.get("input_tokens", 0), usage.get("output_tokens", 0)
        total = usage.pop("total_tokens", None)
        head = _filled(got, said, total)
        usage = {**head, **{k: v for k, v in usage.items() if k not in head}}
    return usage


def _filled(got: Any, said: Any, total: Any) -> dict[str, Any]:
    return {
        "input_tokens": got,
        "output_tokens": said,
        "total_tokens": got + said if total is None else total,
    }


def _place(path: Path) -> tuple[int, Path]:
    # A count sorts before details of the same name, which then take its place.
    return (_HEAD.index(path[0]) if path[0] in _HEAD else len(_HEAD), path)
