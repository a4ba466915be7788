"""What requests must look like, as plain values, and where a request does not.

In: a shape and a value of JSON. Out: flaws, each with its place, the first first. How
a flaw is told is up to each provider.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, assert_never

__all__ = [
    "At",
    "Either",
    "Fields",
    "Flag",
    "Flaw",
    "Items",
    "Number",
    "OneOf",
    "Rule",
    "Shape",
    "Text",
    "flaws",
    "kind_of",
]

#: Where in a request: names of members and numbers of items.
At: TypeAlias = tuple[str | int, ...]
#: What is wrong: nothing there, another kind of JSON, a number out of its range, a
#: word that is none of those allowed, too few or too many items or characters, a text
#: of the wrong pattern.
Rule: TypeAlias = Literal[
    "missing", "kind", "below", "above", "word", "short", "long", "pattern"
]


@dataclass(frozen=True, slots=True)
class Number:
    """A number from *low* to *high*; *whole* allows no fraction."""

    low: float | None = None
    high: float | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A text of *least* to *most* characters, which matches *pattern* as a whole."""

    least: int = 0
    most: int | None = None
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of *words*."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A list of *least* to *most* items, each an *item*."""

    item: "Shape | None" = None
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Fields:
    """An object that has all *required* members, and others, of these shapes."""

    members: Mapping[str, "Shape"] = field(default_factory=dict, hash=False)
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Either:
    """Any of *shapes*, which are told apart by their kinds of JSON."""

    shapes: "tuple[Shape, ...]"


Shape: TypeAlias = Number | Text | Flag | OneOf | Items | Fields | Either


@dataclass(frozen=True, slots=True)
class Flaw:
    """The *value* at a place, which is not what *shape* asks for by *rule*."""

    rule: Rule
    at: At
    value: Any = field(hash=False)
    shape: Shape


_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "decimal"),
    (str, "string"),
    (list, "array"),
    (dict, "object"),
)


def kind_of(value: object) -> str:
    """The kind of JSON that *value* is.

    >>> kind_of(True), kind_of(1.0), kind_of(None)
    ('boolean', 'decimal', 'null')
    """
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "null")


def flaws(value: Any, shape: Shape, at: At = ()) -> Iterator[Flaw]:  # noqa: C901, PLR0912 - one case a shape
    """Where *value*, which stands at a place, is not of *shape*.

    >>> [(flaw.rule, flaw.at) for flaw in flaws({"n": 9}, Fields({"n": Number(0, 2)}))]
    [('above', ('n',))]
    """
    if isinstance(shape, Either):
        chosen = next((one for one in shape.shapes if _is_kind(value, one)), None)
        if chosen is None:
            yield Flaw("kind", at, value, shape)
        else:
            yield from flaws(value, chosen, at)
        return
    if not _is_kind(value, shape):
        yield Flaw("kind", at, value, shape)
        return
    match shape:
        case Fields(members=members):
            yield from _missing(value, shape, at)
            for name, member in members.items():
                if value.get(name) is not None:
                    yield from flaws(value[name], member, (*at, name))
        case Items(item=item):
            yield from _sized(value, shape, at)
            for place, one in enumerate(value) if item else ():
                yield from flaws(one, item or shape, (*at, place))
        case Text():
            yield from _sized(value, shape, at)
            if shape.pattern and not re.fullmatch(shape.pattern, value):
                yield Flaw("pattern", at, value, shape)
        case Number():
            yield from _ranged(value, shape, at)
        case OneOf():
            if value not in shape.words:
                yield Flaw("word", at, value, shape)
        case Flag():
            pass
        case _ as unreachable:
            assert_never(unreachable)


def _missing(value: dict[str, Any], shape: Fields, at: At) -> Iterator[Flaw]:
    for name in shape.required:
        if value.get(name) is None:
            yield Flaw("missing", (*at, name), None, shape.members.get(name, shape))


def _sized(value: Any, shape: Items | Text, at: At) -> Iterator[Flaw]:
    if len(value) < shape.least:
        yield Flaw("short", at, value, shape)
    if shape.most is not None and len(value) > shape.most:
        yield Flaw("long", at, value, shape)


def _ranged(value: float, shape: Number, at: At) -> Iterator[Flaw]:
    if shape.low is not None and value < shape.low:
        yield Flaw("below", at, value, shape)
    if shape.high is not None and value > shape.high:
        yield Flaw("above", at, value, shape)


def _is_kind(value: Any, shape: Shape) -> bool:
    match shape:
        case Fields():
            return isinstance(value, dict)
        case Items():
            return isinstance(value, list)
        case Text() | OneOf():
            return isinstance(value, str)
        case Flag():
            return isinstance(value, bool)
        case Number(whole=whole):
            # 3.0 is a whole number in JSON.
            if isinstance(value, bool) or not isinstance(value, int | float):
                return False
            return not whole or value % 1 == 0
        case Either(shapes=shapes):
            return any(_is_kind(value, one) for one in shapes)
        case _ as unreachable:
            assert_never(unreachable)
