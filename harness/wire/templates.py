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
    string. *heard* is told of it. A `Reader` that never says so reads the
    same, and slower.

    >>> Repeat(("delta", "text"), AIMessageChunk("Hi")).chunk.text
    'Hi'
    """

    place: Place
    chunk: AIMessageChunk
    padding: frozenset[str] = frozenset()
    heard: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class _Open:
    """What may be anything in an event, and how the event goes on *before* it."""

    before: str
    match: Callable[[str, int], re.Match[str] | None]
    says: bool


class Template:
    """A pattern for events like one that was read.

    >>> repeat = Repeat(("delta", "text"), AIMessageChunk("Hi", id="a"))
    >>> template = Template(Event('{"delta": {"text": "Hi"}}'), repeat)
    >>> template.chunk(Event('{"delta": {"text": " there"}}'))
    AIMessageChunk(' there', id='a')
    >>> template.chunk(Event('{"delta": {"text": "", "stop": true}}')) is None
    True
    """

    __slots__ = ("_event", "_first", "_match", "_opens", "_tail", "repeat")

    def __init__(self, event: Event, repeat: Repeat) -> None:
        self.repeat = repeat
        self._event = event.event
        self._first = event.data
        self._opens, self._tail = _cut(event.data, repeat)
        self._match: Callable[[str], re.Match[str] | None] | None = None

    def chunk(self, event: Event) -> AIMessageChunk | None:
        """What *event* says, or None where it is not like the one that was read."""
        if event.event != self._event:
            return None
        text = self._said(event.data)
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

    def _said(self, data: str) -> str | None:
        """The string that counts, as JSON spells it."""
        at, text = 0, None
        for one in self._opens:
            if not data.startswith(one.before, at):
                break
            found = one.match(data, at + len(one.before))
            if found is None:
                break
            at = found.end()
            if one.says:
                text = found[0]
        else:
            rest = data[at:]
            if rest == self._tail or _is_closing(rest, self._tail):
                return text
        # Nearly all else is another event. A regular expression, which costs as much
        # as parsing many, is made for those alone that space makes look so.
        if not self._opens or not _squeezed(data).startswith(
            _squeezed(self._opens[0].before)
        ):
            return None
        if self._match is None:
            self._match = re.compile(_pattern(self._first, self.repeat)).fullmatch
        again = self._match(data)
        return again[1] if again else None


_SPACES = dict.fromkeys(map(ord, " \t\r\n"))
_CLOSING = re.compile(r'"[ \t\r\n}\]]*+')
_STRING = re.compile(_CHARACTERS).match
_PADDING_STRING = re.compile(f'"{_CHARACTERS}"').match
_PADDING_SCALAR = re.compile(_SCALAR).match


def _squeezed(data: str) -> str:
    return data.translate(_SPACES)


def _is_closing(rest: str, tail: str) -> bool:
    """Whether both say nothing but the same brackets: Anthropic puts spaces between."""
    if not (_CLOSING.fullmatch(rest) and _CLOSING.fullmatch(tail)):
        return False
    return _squeezed(rest) == _squeezed(tail)


def _cut(data: str, repeat: Repeat) -> tuple[tuple[_Open, ...], str]:
    """What is open in *data*, and what comes after it; nothing where that is unclear.

    A key that is there twice says what its last value says.
    """
    opens: list[_Open] = []
    before = ""
    for word, place in _placed(data):
        if place == repeat.place:
            opens.append(_Open(f'{before}"', _STRING, says=True))
            before = '"'
        elif place and place[0] in repeat.padding:
            match = _PADDING_STRING if word[0] == '"' else _PADDING_SCALAR
            opens.append(_Open(before, match, says=False))
            before = ""
        else:
            before += word
    says = sum(one.says for one in opens)
    return (tuple(opens), before) if says == 1 else ((), "")


def _pattern(data: str, repeat: Repeat) -> str:
    parts: list[str] = []
    for word, place in _placed(data):
        if word.isspace():
            continue
        if place == repeat.place:
            parts.append(f'"({_CHARACTERS})"')
        elif place and place[0] in repeat.padding:
            parts.append(f'"{_CHARACTERS}"' if word[0] == '"' else _SCALAR)
        else:
            parts.append(re.escape(word))
    return r"[ \t\r\n]*+".join(["", *parts, ""])


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
