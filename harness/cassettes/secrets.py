"""The last look: secrets that are left in the text of a file.

In: the text as it will be written. Out: what would have had to be hidden. A hit refuses
the save; it tells the kind and the line, and does not print the secret.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from harness.cassettes.finding import Finder
from harness.cassettes.placeholders import PLACEHOLDER
from harness.cassettes.rules import Rules
from harness.cassettes.secret_names import (
    ACCOUNT,
    COOKIE,
    REQUEST_ID,
    SECRET,
    SUSPECT,
    looks_opaque,
)
from harness.cassettes.spans import Edit, lines_at
from harness.cassettes.streamed import stream_edits

__all__ = ["Leak", "left_edits", "scan", "stands_for_secret"]

_SHOWN = 4
_NAME, _BEFORE = "headers", 6
_DEFAULT = Rules()

#: Where the headers of a message begin, in all layouts of cassettes. What lies deeper
#: is text of a body, in which redaction looks for no names of headers either.
_BLOCK = re.compile(r"( {0,4})[\"']?headers[\"']?:[ \t]*\r?\n")
#: A header: its name, and its value on this line or as a list below.
_HEADER = re.compile(
    r"^[ \t]*-?[ \t]*[\"']?([A-Za-z][\w-]{2,60})[\"']?:[ \t]*(?:\[[ \t]*)?"
    r"(?:\r?\n[ \t]*-[ \t]+|(?=\S))([\w'\"][^\r\n]{3,})",
    re.MULTILINE,
)
#: What its value goes on with: where a recorder folded it, and its further values.
_MORE = re.compile(
    r"(?:\r?\n[ \t]+(?!(?:-[ \t]+)?[\"']?[\w-]+[\"']?:(?:\s|\Z))[^\s#][^\r\n]*)*"
)
_FOLD = re.compile(r"[ \t]*\r?\n[ \t]+")
_ITEM = re.compile(r"\r?\n[ \t]*-[ \t]+")
#: Where a request or an answer begins: what one says does not go on in the next.
_MESSAGE = re.compile(
    r"^(?:- (?:request|recorded):|  (?:response|answer):[ \t]*\r?$)", re.MULTILINE
)
#: What other recorders, or people, write in place of a secret.
_HIDDEN = re.compile(
    r"redacted|filtered|scrubbed|x{4}|\*{3}|<[A-Za-z_ -]{3,}>"
    r"|(?<![a-z0-9])(?:xxx|dummy|fake|mock|example|placeholder|test|none|your|my"
    r"|removed|hidden|access.token|api.key)(?![a-z0-9])",
    re.IGNORECASE | re.DOTALL,
)
#: Kinds that are told by a name alone, so that the value may be anything.
_NAMED = frozenset({SECRET, COOKIE, SUSPECT})


@dataclass(frozen=True, slots=True)
class Leak:
    r"""A secret in a file: its *kind*, its *line*, and a few letters of it, *shown*.

    >>> print(*scan("headers:\n  x-api-key:\n  - 8d1c0b7a4f\n"))
    line 3: secret (8d1... (10 characters))
    """

    kind: str
    line: int
    shown: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.kind} ({self.shown})"


def scan(text: str, rules: Rules = _DEFAULT) -> tuple[Leak, ...]:
    r"""The secrets in *text*, in order, also those in its base64 and encoded parts.

    >>> scan("headers:\n  x-api-key:\n  - 8d1c0b7a4f\n")
    (Leak(kind='secret', line=3, shown='8d1... (10 characters)'),)
    """
    edits = left_edits(text, rules)
    lines = lines_at(text, [one.start for one in edits])
    leaks = (
        Leak(SECRET if one.kind in _NAMED else one.kind, line, masked(one.secret))
        for one, line in zip(edits, lines, strict=True)
    )
    return tuple(dict.fromkeys(leaks))


def left_edits(text: str, rules: Rules = _DEFAULT) -> list[Edit]:
    """The same as edits, which have the secrets themselves: not to be shown."""
    if not rules.hides:
        return []
    finder = Finder(rules)
    found = [
        *finder.edits(text),
        *_streams(finder, text),
        *_headers(text, rules),
    ]
    return [one for one in sorted(found) if _counts(one)]


def stands_for_secret(value: str) -> bool:
    """Whether *value* is what a recorder, or a person, writes in place of a secret.

    >>> stands_for_secret("<API_KEY>"), stands_for_secret("8d1c0b7a4f")
    (True, False)
    """
    return _HIDDEN.search(value) is not None


def _counts(edit: Edit) -> bool:
    """Whether it is worth refusing a file; ids of requests and "none" are not."""
    if edit.kind == REQUEST_ID:
        return False
    return edit.kind not in _NAMED or not stands_for_secret(edit.secret)


def _streams(finder: Finder, text: str) -> Iterator[Edit]:
    """What is said piece by piece, in one request or one answer each."""
    places = [0, *(one.start() for one in _MESSAGE.finditer(text)), len(text)]
    for start, end in pairwise(places):
        for one in stream_edits(finder, text[start:end]):
            yield one._replace(start=one.start + start, end=one.end + start)


def _headers(text: str, rules: Rules) -> Iterator[Edit]:
    """Headers that hold a credential."""
    for start, end in _blocks(text):
        for found in _HEADER.finditer(text, start, end):
            kind = rules.header_kind(found[1])
            if kind is None or kind in {ACCOUNT, REQUEST_ID}:
                continue
            more = _MORE.match(text, found.end(), end)
            said = found[2] + (more[0] if more else "")
            for value in map(_value, _ITEM.split(said)):
                if _is_left(value, kind, found[1], rules):
                    yield Edit(*found.span(2), "", SECRET, value)


def _value(said: str) -> str:
    """A value of a header, which a recorder may have folded."""
    return _FOLD.sub(" ", said).strip(" \t\r\n,'\"]")


def _is_left(value: str, kind: str, name: str, rules: Rules) -> bool:
    """Whether *value* of the header *name* holds a credential."""
    if len(value) < _SHOWN or PLACEHOLDER.search(value):
        return False
    if Finder(rules).hide_credential(value, kind, name=name) == value:
        return False  # a cookie that is deleted has no value
    return kind != SUSPECT or ("-" in name and looks_opaque(value))


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Where headers stand: all lines that are indented more than what they are of."""
    at = text.find(_NAME)
    while at >= 0:
        near = max(at - _BEFORE, 0)  # a line may be as long as the file
        begin = text.rfind("\n", near, at) + 1
        end = at + len(_NAME)
        if (begin or not near) and (found := _BLOCK.match(text, begin)):
            start = end = found.end()
            while text.startswith(f"{found[1]} ", end):
                end = text.find("\n", end) + 1 or len(text)
            yield start, end
        at = text.find(_NAME, end)


def masked(secret: str) -> str:
    """*secret* so that it can be shown: how it begins, and how long it is."""
    begin = secret[: min(_SHOWN, len(secret) // 3)]
    return f"{begin}... ({len(secret)} characters)"
