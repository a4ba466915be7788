"""JSON that arrives in pieces. In: text, cut anywhere. Out: what is certain so far.

The one rule: a preview never takes anything back. Numbers, literals and keys show
only when they are complete, a string shows before its closing quote but by whole
characters, and so every preview is a prefix (`is_prefix`) of the next one.
The exception is JSON's own: of duplicate keys the last wins, so a repeated key
replaces the value that earlier previews showed.

Halves of a surrogate pair are joined; a half alone becomes U+FFFD, so that each
preview encodes to UTF-8. NaN, infinities and floats that overflow are errors.
Control characters inside strings are accepted raw.
"""

import json
import math
import re
from collections.abc import Callable
from typing import Any, Final

from harness.approximation import MISSING, Missing, is_prefix
from harness.errors import shown

__all__ = ["MISSING", "JsonError", "JsonPrefix", "Missing", "is_prefix", "parse_object"]


class JsonError(ValueError):
    """The text is not the JSON it should be; *reason* says what is wrong and where."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# What may come next, as the characters it may begin with.
_VALUE: Final = '"{[tfn-0123456789'
_FIRST_ITEM: Final = _VALUE + "]"
_NEXT_ITEM: Final = ",]"
_KEY: Final = '"'
_FIRST_KEY: Final = '"}'
_COLON: Final = ":"
_NEXT_KEY: Final = ",}"
_NOTHING: Final = ""

_SPACES: Final = " \t\n\r"
_WORDS: Final = {"true": True, "false": False, "null": None}
_space = re.compile(f"[{_SPACES}]*").match
_word = re.compile("t(?:r(?:ue?)?)?|f(?:a(?:l(?:se?)?)?)?|n(?:u(?:ll?)?)?").match
_digits = re.compile("[-+.0-9eE]*").match
_is_number = re.compile(
    r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
).fullmatch
_plain_key = re.compile(rf'"([\0-!#-\[\]-\x7f]*)"[{_SPACES}]*:[{_SPACES}]*').match
_characters = re.compile(r'(?:[^"\\]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+').match
_escape = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?").match
_has_surrogate = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]").search


class JsonPrefix:
    """One JSON value that is still arriving.

    Feeding is lazy and reading is resumed, so the cost of any mixture of both is
    linear in the text, plus one copy of the value for each preview.

    >>> call = JsonPrefix()
    >>> call.feed('{"city": "Bos')
    >>> call.preview(), call.complete
    ({'city': 'Bos'}, False)
    >>> call.feed('ton"}')
    >>> call.preview(), call.complete
    ({'city': 'Boston'}, True)
    >>> call.feed("}")
    >>> call.error
    'data after the end of the value at character 18'
    """

    def __init__(self) -> None:
        self._unread: list[str] = []
        self._held = ""  # the beginning of an escape or a literal
        self._offset = 0  # where in the whole text *_held* begins
        self._stack: list[Any] = [[]]  # open containers; the first holds the value
        self._holders: set[int] = set()  # ids of the containers that hold containers
        self._key = ""
        self._pieces: list[str] = []  # of the open string or number
        self._half = ""  # a high surrogate that may find its other half
        self._wanted: str = _VALUE
        self._scan: Callable[[JsonPrefix, str, int], int] = JsonPrefix._structure
        self._error: str | None = None

    def feed(self, text: str) -> None:
        """Take the next piece of the text; after an error, ignore it."""
        if self._error is None:
            self._unread.append(text)

    def finish(self) -> None:
        """Say that the text has ended: a number is now complete, a gap an error."""
        self._read()
        if self._scan is JsonPrefix._number and self._error is None:
            self._end_number(0)
        if self._wanted != _NOTHING and self._error is None:
            self._fail(f"ends {self._where()}", len(self._held))

    def preview(self) -> Any:
        """What is certain of the value, as a fresh copy; `MISSING` if nothing is."""
        self._read()
        if self._scan is JsonPrefix._string and not self._in_key():
            self._pieces = ["".join(self._pieces)]
            self._replace(self._pieces[0])
        return self._copied()[0] if self._stack[0] else MISSING

    def _copied(self) -> list[Any]:
        root: list[Any] = self._stack[0].copy()
        todo: list[Any] = [(self._stack[0], root)]
        while todo:
            old, new = todo.pop()
            if id(old) not in self._holders:
                continue
            for place in old if type(old) is dict else range(len(old)):
                if type(old[place]) in (list, dict):
                    new[place] = old[place].copy()
                    todo.append((old[place], new[place]))
        return root

    @property
    def error(self) -> str | None:
        """What makes the text wrong, and at which character; None if nothing does."""
        self._read()
        return self._error

    @property
    def complete(self) -> bool:
        """Whether the value has ended (data after it is an *error* all the same)."""
        self._read()
        return self._wanted == _NOTHING

    def _read(self) -> None:
        if not self._unread:
            return
        text = self._held + "".join(self._unread)
        self._unread.clear()
        self._held = ""
        at, end = 0, len(text)
        while at < end and self._error is None:
            at = self._scan(self, text, at)
        self._offset += end - len(self._held)

    # Each scan takes text from *at* on, and tells where the next one goes on.

    def _structure(self, text: str, at: int) -> int:
        if text[at] in _SPACES:
            at = _end(_space(text, at))
            if at == len(text):
                return at
        char = text[at]
        if char not in self._wanted:
            return self._unexpected(text, at)
        return _STEPS[char](self, text, at)

    def _open(self, text: str, at: int) -> int:
        container: Any = {} if text[at] == "{" else []
        self._holders.add(id(self._stack[-1]))
        self._put(container)
        self._stack.append(container)
        self._wanted = _FIRST_KEY if text[at] == "{" else _FIRST_ITEM
        return at + 1

    def _close(self, _text: str, at: int) -> int:
        self._stack.pop()
        self._settle()
        return at + 1

    def _comma(self, _text: str, at: int) -> int:
        self._wanted = _KEY if self._wanted == _NEXT_KEY else _VALUE
        return at + 1

    def _colon(self, _text: str, at: int) -> int:
        self._wanted = _VALUE
        return at + 1

    def _literal(self, text: str, at: int) -> int:
        end = _end(_word(text, at))
        word = text[at:end]
        if word in _WORDS:
            self._put(_WORDS[word])
            self._settle()
        elif end == len(text):
            self._held = word
        else:
            self._unexpected(text, end)
        return end

    def _quote(self, text: str, at: int) -> int:
        if not self._in_key():
            self._put("")
        elif key := _plain_key(text, at):  # the common case, in one step
            self._key = key[1]
            self._wanted = _VALUE
            return key.end()
        self._scan = JsonPrefix._string
        return at + 1

    def _string(self, text: str, at: int) -> int:
        end = _end(_characters(text, at))
        if end > at:
            self._grow(text[at:end])
        if end == len(text):
            return end
        if text[end] == '"':
            self._end_string()
            return end + 1
        wrong = _end(_escape(text, end))
        if wrong < len(text):
            return self._unexpected(text, wrong)
        self._held = text[end:]
        return wrong

    def _number(self, text: str, at: int) -> int:
        end = _end(_digits(text, at))
        self._pieces.append(text[at:end])
        self._scan = JsonPrefix._number
        if end < len(text):
            self._end_number(end)
        return end

    def _grow(self, raw: str) -> None:
        chars = json.loads(f'"{raw}"', strict=False) if "\\" in raw else raw
        if self._half or not chars.isascii():
            chars = self._half + chars
            self._half = chars[-1] if "\ud800" <= chars[-1] <= "\udbff" else ""
            chars = _paired(chars[:-1] if self._half else chars)
        self._pieces.append(chars)

    def _end_string(self) -> None:
        string = "".join(self._pieces) + ("\ufffd" if self._half else "")
        self._pieces, self._half = [], ""
        if self._in_key():
            self._key = string
            self._wanted = _COLON
            self._scan = JsonPrefix._structure
        else:
            self._replace(string)
            self._settle()

    def _end_number(self, end: int) -> None:
        raw = "".join(self._pieces)
        self._pieces = []
        start = end - len(raw)
        if not _is_number(raw):
            self._fail(f"{shown(raw)} is not a number", start)
            return
        try:
            self._put(int(raw) if raw.lstrip("-").isdigit() else _finite(raw))
        except ValueError:
            self._fail(f"{shown(raw)} is too large a number", start)
        else:
            self._settle()

    def _put(self, value: object) -> None:
        holder = self._stack[-1]
        if type(holder) is dict:
            holder[self._key] = value
        else:
            holder.append(value)

    def _replace(self, string: str) -> None:
        holder = self._stack[-1]
        holder[self._key if type(holder) is dict else -1] = string

    def _settle(self) -> None:
        """A value has ended; what may follow depends on what it is in."""
        self._scan = JsonPrefix._structure
        if len(self._stack) == 1:
            self._wanted = _NOTHING
        else:
            self._wanted = _NEXT_KEY if type(self._stack[-1]) is dict else _NEXT_ITEM

    def _in_key(self) -> bool:
        return self._wanted in (_KEY, _FIRST_KEY)

    def _unexpected(self, text: str, at: int) -> int:
        if self._wanted == _NOTHING:
            return self._fail("data after the end of the value", at)
        return self._fail(f"unexpected {text[at]!r}", at)

    def _fail(self, what: str, at: int) -> int:
        self._error = f"{what} at character {self._offset + at}"
        return at

    def _where(self) -> str:
        if self._scan is JsonPrefix._string:
            return "inside a string"
        if self._held:
            return f"inside {self._held!r}"
        if len(self._stack) == 1:
            return "before a value"
        return "inside an object" if type(self._stack[-1]) is dict else "inside a list"


_STEPS: Final[dict[str, Callable[[JsonPrefix, str, int], int]]] = {
    '"': JsonPrefix._quote,
    ",": JsonPrefix._comma,
    ":": JsonPrefix._colon,
    **dict.fromkeys("{[", JsonPrefix._open),
    **dict.fromkeys("}]", JsonPrefix._close),
    **dict.fromkeys("tfn", JsonPrefix._literal),
    **dict.fromkeys("-0123456789", JsonPrefix._number),
}


def parse_object(text: str) -> dict[str, Any]:
    """The object that the finished *text* is; nothing at all counts as `{}`.

    Raises JsonError if *text* is anything else than one complete JSON object.

    >>> parse_object('{"city": "Boston"}')
    {'city': 'Boston'}
    >>> parse_object('{"city": "Bos')
    Traceback (most recent call last):
    harness.partial_json.JsonError: ends inside a string at character 13
    """
    if not text.strip(_SPACES):
        return {}
    try:
        value: Any = json.loads(
            text, strict=False, parse_float=_finite, parse_constant=_finite
        )
    except RecursionError:
        raise JsonError("is nested too deeply") from None
    except ValueError:
        raise JsonError(str(_finished(text).error)) from None
    if type(value) is not dict:
        raise JsonError(f"is {_KINDS[type(value)]}, not an object")
    return _finished(text).preview() if _has_surrogate(text) else value


_KINDS: Final[dict[type, str]] = {
    list: "a list",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}


def _finished(text: str) -> JsonPrefix:
    prefix = JsonPrefix()
    prefix.feed(text)
    prefix.finish()
    return prefix


def _finite(raw: str) -> float:
    number = float(raw)
    if not math.isfinite(number):
        raise ValueError(raw)
    return number


def _paired(chars: str) -> str:
    """*chars* with surrogate pairs joined, and U+FFFD for each half alone."""
    return chars.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _end(match: re.Match[str] | None) -> int:
    """Where a pattern that cannot fail here has stopped."""
    assert match is not None  # noqa: S101 - it is for the type checkers
    return match.end()
