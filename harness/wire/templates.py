"""Events that differ from an earlier one in a text alone: read without parsing.

Most events of a stream are one JSON text with a few new characters in it. What was
read once becomes a pattern, in which one string is open and padding may be anything;
whatever does not match it to the letter is parsed as ever.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from harness.chunks import AIMessageChunk
from harness.wire.sse import Event

__all__ = ["Repeat", "Template"]

Place = tuple[str | int, ...]

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|\s+')
_CHARACTERS = r'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+'
_SCALAR = r"(?:-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?|true|false|null)"
_WITHIN = {"[": 0, "{": ""}


@dataclass(frozen=True, slots=True)
class Repeat:
    """What events like the one just read say.

    Only the string at *place* counts (the rest is as it was, but for the members of
    the outermost object that *padding* names): such an event is *chunk* saying that
    string. *heard* is told of it.
    """

    place: Place
    chunk: AIMessageChunk
    padding: frozenset[str] = frozenset()
    heard: Callable[[str], object] | None = None


class Template:
    """A pattern for events like one that was read.

    >>> repeat = Repeat(("delta", "text"), AIMessageChunk("Hi", id="a"))
    >>> template = Template(Event('{"delta": {"text": "Hi"}}'), repeat)
    >>> template.chunk(Event('{"delta": {"text": " there"}}'))
    AIMessageChunk(' there', id='a')
    >>> template.chunk(Event('{"delta": {"text": "", "stop": true}}')) is None
    True
    """

    __slots__ = ("_event", "_match", "repeat")

    def __init__(self, event: Event, repeat: Repeat) -> None:
        self.repeat = repeat
        self._event = event.event
        self._match = re.compile(_pattern(event.data, repeat)).fullmatch

    def chunk(self, event: Event) -> AIMessageChunk | None:
        """What *event* says, or None where it is not like the one that was read."""
        found = self._match(event.data)
        if found is None or event.event != self._event:
            return None
        text = found[1]
        if not text:
            return None  # what a reader makes of nothing is its own affair
        if "\\" in text:
            try:
                text = json.loads(f'"{text}"')
            except ValueError:
                return None
        repeat = self.repeat
        if repeat.heard is not None:
            repeat.heard(text)
        return repeat.chunk.saying(text)


def _pattern(data: str, repeat: Repeat) -> str:
    parts: list[str] = []
    found = 0
    for word, place in _placed(data):
        if word.isspace():
            continue
        if place == repeat.place:
            parts.append(f'"({_CHARACTERS})"')
        elif place and place[0] in repeat.padding:
            parts.append(f'"{_CHARACTERS}"' if word[0] == '"' else _SCALAR)
        else:
            parts.append(re.escape(word))
            continue
        found += place == repeat.place
    # A key that is there twice says what its last value says.
    return r"[ \t\r\n]*+".join(["", *parts, ""]) if found == 1 else "(?!)"


def _placed(data: str) -> Iterator[tuple[str, Place | None]]:
    """The words of *data*, each scalar value with the keys that lead to it."""
    path: list[Any] = []
    named = False
    for word in _WORD.findall(data):
        if word in ("{", "["):
            path.append(_WITHIN[word])
            named = False
        elif word in ("}", "]"):
            path.pop()
        elif word == ",":
            named = False
            if isinstance(path[-1], int):
                path[-1] += 1
        elif word == ":":
            named = True
        elif not word.isspace():
            if path and isinstance(path[-1], str) and not named:
                path[-1] = json.loads(word)
            else:
                yield word, tuple(path)
                continue
        yield word, None
