r"""What differs from run to run, and is left out when requests are compared.

In: rules, as JSON paths (``$.metadata.run_id``, ``messages[*].id``, ``$..timestamp``)
or as patterns (``re:[0-9a-f]{32}``). A member that a path leads to is taken away; what
a pattern finds in the URI, in texts, or as a whole number becomes ``*``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.errors import InputError, shown

__all__ = ["TIMESTAMPS", "UUIDS", "Volatile"]

#: Rules for what is volatile most often: ids in hexadecimal, and times in ISO 8601.
UUIDS = r"re:[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}"
TIMESTAMPS = r"re:\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"

_PATTERN = "re:"
_STEP = re.compile(
    r"\.\.(?P<deep>[^.\[\]*]+)|\.(?P<name>[^.\[\]*]+)|\.\*|\[\*\]|\[(?P<item>\d+)\]"
    r"|\[(?P<quote>['\"])(?P<quoted>.*?)(?P=quote)\]"
)


@dataclass(frozen=True, slots=True)
class _Below:
    """A name, however deep it lies."""

    name: str


#: A member, an item, all of them (None), or a name at any depth.
_Step = str | int | None | _Below


@dataclass(frozen=True, slots=True)
class Volatile:
    r"""The rules, read. Raises InputError for what is no rule.

    >>> rules = Volatile.read(["$.id", r"re:\d+ ms"])
    >>> rules.stripped({"id": 7, "text": "after 12 ms"})
    {'text': 'after *'}
    """

    paths: tuple[tuple[_Step, ...], ...] = ()
    patterns: tuple[re.Pattern[str], ...] = ()

    @classmethod
    def read(cls, rules: Iterable[str]) -> "Volatile":
        """Read *rules*, which are texts."""
        if isinstance(rules, str) or not isinstance(rules, Iterable):
            raise InputError(
                f"ignore={shown(rules)}; give a list of rules, such as "
                "['$.metadata.run_id', 're:[0-9a-f]{32}']."
            )
        paths: list[tuple[_Step, ...]] = []
        patterns: list[re.Pattern[str]] = []
        for rule in rules:
            if not isinstance(rule, str):
                raise _no_rule(rule, "it is no text")
            if rule.startswith(_PATTERN):
                patterns.append(_pattern(rule))
            else:
                paths.append(_path(rule))
        return cls(tuple(paths), tuple(patterns))

    def stripped(self, value: Any) -> Any:
        """*value*, a JSON value that may be changed, without what is volatile."""
        for path in self.paths:
            _drop(value, path)
        return self._blurred(value) if self.patterns else value

    def blurred(self, text: str) -> str:
        """*text* with ``*`` for what a pattern finds."""
        for pattern in self.patterns:
            text = pattern.sub("*", text)
        return text

    def _blurred(self, value: Any) -> Any:
        match value:
            case str():
                return self.blurred(value)
            case dict():
                return {key: self._blurred(item) for key, item in value.items()}
            case list():
                return [self._blurred(item) for item in value]
            case bool() | None:
                return value
            case _:
                known = str(value)
                found = any(pattern.fullmatch(known) for pattern in self.patterns)
                return "*" if found else value


def _pattern(rule: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(rule.removeprefix(_PATTERN))
    except (re.error, RecursionError, OverflowError) as error:
        raise _no_rule(rule, str(error)) from None
    if pattern.fullmatch(""):
        raise _no_rule(rule, "the pattern fits an empty text, so everything")
    return pattern


def _path(rule: str) -> tuple[_Step, ...]:
    text = rule if rule.startswith("$") else f"$.{rule}".replace("$.[", "$[")
    steps: list[_Step] = []
    at = 1
    while at < len(text):
        found = _STEP.match(text, at)
        if found is None:
            raise _no_rule(rule, f"{text[at:]!r} is no step of a path")
        steps.append(_step(found))
        at = found.end()
    if not steps:
        raise _no_rule(rule, "it leads nowhere")
    return tuple(steps)


def _step(found: re.Match[str]) -> _Step:
    said = found.groupdict()
    if said["deep"] is not None:
        return _Below(said["deep"])
    if said["item"] is not None:
        return int(said["item"])
    return said["name"] if said["name"] is not None else said["quoted"]


def _no_rule(rule: object, why: str) -> InputError:
    return InputError(
        f"ignore has {shown(rule)}: {why}. Give a JSON path, such as "
        "'$.messages[*].id' or '$..run_id', or a pattern, such as 're:[0-9a-f]{32}'."
    )


def _drop(value: Any, path: tuple[_Step, ...]) -> None:
    for place, key in [*_led_to(value, path[0])]:
        if len(path) > 1:
            _drop(place[key], path[1:])
        elif isinstance(place, dict):
            del place[key]
        else:
            place[key] = None


def _led_to(value: Any, step: _Step) -> Iterator[tuple[Any, Any]]:
    match step, value:
        case None, dict():
            yield from ((value, key) for key in value)
        case None, list():
            yield from ((value, n) for n in range(len(value)))
        case str(), dict() if step in value:
            yield value, step
        case int(), list() if step < len(value):
            yield value, step
        case _Below(name), dict() | list():
            inside = value.values() if isinstance(value, dict) else value
            for item in inside:
                yield from _led_to(item, step)
            yield from _led_to(value, name)
        case _:
            return
