"""What a pickle finds by its name: functions, and what a decorator made of them."""

import sys
from importlib import import_module
from typing import Any, Self

from harness.errors import InputError, shown

__all__ = ["Shared", "check_findable", "found", "is_findable"]


def found(module: str, name: str) -> Any:
    """What *module* has at the dotted *name*; None if it has nothing there.

    >>> found("json", "JSONDecoder.decode").__name__
    'decode'
    """
    place: Any = sys.modules.get(module) or import_module(module)
    for part in name.split("."):
        place = getattr(place, part, None)
    return place


def is_findable(value: object, function: object) -> bool:
    """Whether *value* stands where *function* was defined."""
    module = getattr(function, "__module__", None) or ""
    name = getattr(function, "__qualname__", "")
    return module in sys.modules and found(module, name) is value


class Shared:
    """What nobody can change: a copy of it is itself."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self


def check_findable(function: object, who: str) -> None:
    """Refuse to pickle *function*, which *who* has, if no name leads to it.

    Raises InputError.
    """
    is_one = hasattr(function, "__code__")
    if is_one and not is_findable(function, function):
        raise InputError(
            f"{who} cannot be pickled: its function {shown(function)} is not found by "
            "its name. Define it with def, at the top of a module."
        )
