"""The two spellings of Google's field names. In: JSON as it came. Out: camelCase.

Google's servers take ``system_instruction`` for ``systemInstruction``; clients send
both, even side by side. What is not theirs to name (arguments, schemas, labels) stays
as it is. A few marks say which names were spelled the other way.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

__all__ = ["CamelReader", "camel_name", "spelled"]

_SNAKE = re.compile(r"[a-z]+(?:_[a-z]+)+")
_CAPITAL = re.compile(r"[A-Z]")
#: Names whose values are a caller's own JSON.
_OPAQUE = frozenset(
    "args labels parameters parametersJsonSchema partMetadata response "
    "responseJsonSchema responseSchema".split()
)


def camel_name(name: str) -> str:
    """The camelCase of a snake_case *name*; any other is left alone.

    >>> camel_name("function_call"), camel_name("$schema")
    ('functionCall', '$schema')
    """
    if not _SNAKE.fullmatch(name):
        return name
    head, *rest = name.split("_")
    return head + "".join(word.title() for word in rest)


def _snake_name(name: str) -> str:
    return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", name)


class CamelReader:
    """Makes one request camelCase, and remembers what was not.

    >>> reader = CamelReader()
    >>> reader.read({"tool_config": {}, "labels": {"my_team": "a"}})
    {'toolConfig': {}, 'labels': {'my_team': 'a'}}
    >>> reader.marks()
    ['tool_config']
    """

    def __init__(self) -> None:
        self._snake: dict[str, list[str]] = {}
        self._camel: set[str] = set()

    def read(self, value: Any, place: str = "") -> Any:
        """*value* in camelCase; *place* is the path that leads to it."""
        match value:
            case dict():
                return {
                    name: self._inside(name, item, place)
                    for key, item in value.items()
                    for name in (self._name(key, place),)
                }
            case list():
                return [self.read(item, f"{place}/{n}") for n, item in enumerate(value)]
            case _:
                return value

    def marks(self) -> list[str]:
        """The names that were spelled with "_"; their places, if not all were."""
        marks: list[str] = []
        for word, places in sorted(self._snake.items()):
            marks += places if camel_name(word) in self._camel else [word]
        return marks

    def _name(self, key: str, place: str) -> str:
        name = camel_name(key)
        if name == key:
            self._camel.add(name)
        else:
            self._snake.setdefault(key, []).append(f"{place}/{key}")
        return name

    def _inside(self, name: str, value: Any, place: str) -> Any:
        return value if name in _OPAQUE else self.read(value, f"{place}/{name}")


def spelled(value: Any, marks: Collection[str], place: str = "") -> Any:
    """*value*, which is camelCase, in the spelling that *marks* tell of.

    >>> spelled({"toolConfig": {"mode": 1}}, ["tool_config"])
    {'tool_config': {'mode': 1}}
    """
    match value:
        case Mapping():
            written: dict[str, Any] = {}
            for name, item in value.items():
                word = _snake_name(name)
                snake = word in marks or f"{place}/{word}" in marks
                inner = item
                if name not in _OPAQUE:
                    inner = spelled(item, marks, f"{place}/{name}")
                written[word if snake else name] = inner
            return written
        case list():
            return [
                spelled(item, marks, f"{place}/{n}") for n, item in enumerate(value)
            ]
        case _:
            return value
