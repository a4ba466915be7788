"""What "certain so far" means: an approximation that never takes anything back."""

import enum
from typing import Any, Final

__all__ = ["MISSING", "Missing", "is_prefix"]


class Missing(enum.Enum):
    """The type of `MISSING`."""

    MISSING = enum.auto()

    def __repr__(self) -> str:
        """Its name, as it is imported."""
        return "MISSING"


MISSING: Final = Missing.MISSING
"""The preview of text in which no value is certain yet."""


def is_prefix(approximation: object, value: object) -> bool:
    """Whether *approximation* may be a preview of what *value* is at the end.

    `MISSING` is a prefix of anything; of lists and dicts all entries but the last
    must be equal, in order, and the last a prefix; a string is a prefix of those
    that start with it; anything else only of itself.

    >>> is_prefix({"a": [1, "x"]}, {"a": [1, "xyz", 2], "b": None})
    True
    >>> is_prefix([1], [10])
    False
    """
    todo: list[tuple[Any, Any, bool]] = [(approximation, value, True)]
    while todo:
        part, whole, last = todo.pop()
        if last and part is MISSING:
            continue
        kind: type[Any] = type(part)
        if kind is not type(whole):
            return False
        if kind is dict:
            todo += [
                (list(part.values()), list(whole.values()), last),
                *((a, b, False) for a, b in zip(part, whole, strict=False)),
            ]
        elif kind is list:
            if len(part) > len(whole) or (len(part) < len(whole) and not last):
                return False
            todo += [(a, b, False) for a, b in zip(part[:-1], whole, strict=False)]
            if part:
                todo.append((part[-1], whole[len(part) - 1], last))
        elif part != whole and not (last and kind is str and whole.startswith(part)):
            return False
    return True
