"""The layout that we write, read many times faster than YAML.

In: text. Out: the interactions that a YAML parser would find there, or None where
anything is not just as `write_cassette` lays it out; a YAML parser decides then.
Nothing is guessed here.
"""

import base64
import binascii
import json
import re
from functools import lru_cache
from itertools import chain
from typing import Any

from harness.cassettes.entries import completed
from harness.cassettes.interactions import Headers, Interaction
from harness.cassettes.scalars import RESERVED, UNSAFE
from harness.cassettes.seals import text_seal

__all__ = ["read_layout"]

_QUOTED = r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_WORD = rf"(?:[A-Za-z][A-Za-z0-9_-]*+|{_QUOTED})"
_LIST = rf"\[{_QUOTED}(?:, {_QUOTED})*+\]"
_HEADERS = rf"(?: \{{\}}\n|\n((?:      {_WORD}: {_LIST}\n)++))"

#: What may stand below `recorded`, in this order, and how.
_RECORDED = {
    "at": _WORD,
    "http_version": _WORD,
    "reason": _WORD,
    "ended": _WORD,
    "failure": _WORD,
    "request_form": _WORD,
    "form": _WORD,
    "request_header_order": _LIST,
    "header_order": _LIST,
}
_SAID = "".join(rf"(?:      {name}: ({said})\n)?" for name, said in _RECORDED.items())

_BEGIN = "interactions:\n"
_START = re.compile(rf"(?:#[^\n]*\n)*+{_BEGIN}")
_END = re.compile(
    r'^version: 1\n(?:seal: "([0-9a-f]{16})"\n)?count: (0|[1-9][0-9]*+)\n\Z',
    re.MULTILINE,
)
_LONGEST_END = 100
_REQUEST = re.compile(
    rf"- request:\n    method: ({_WORD})\n    uri: ({_QUOTED})\n"
    rf"    headers:{_HEADERS}    body: "
)
_RESPONSE = re.compile(
    r"  response:\n    status:\n      code: ([1-9][0-9][0-9])\n"
    rf"      message: ({_WORD})\n"
    rf"    headers:{_HEADERS}"
    rf"    recorded:\n{_SAID}      seal: ({_WORD})\n"
    r"    body:\n      string: "
)
# Only what repeats as a whole takes no memory for each of its repeats.
_CHUNKS = re.compile(
    r"      chunks: (null|\[[0-9\[\], ]*+(?:\n        [0-9\[\], ]++)*+)\n"
)
_HEADER = re.compile(rf"      ({_WORD}): ({_LIST})")
_RECORDED_NAMES = (*_RECORDED, "seal")
_LINE = re.compile(rf"({_QUOTED})\n")
_STRANGE = re.compile(f"[{UNSAFE}\ud800-\udfff]")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONGEST_KEY = 120
#: All of ASCII that YAML takes as it is: what is left without it is strange.
_PLAIN = bytes([*b"\n", *range(0x20, 0x7F)])


class _Unlike(Exception):
    """Something is not as we write it."""


class _Bodies:
    """The ways in which a body may stand at an indent."""

    def __init__(self, indent: int) -> None:
        self.indent = " " * indent
        # We leave no line that ends in space.
        self.block = re.compile(
            rf"\|(2?)([+-]?)\n((?: {{{indent}}}.*+(?<![ \t])\n|\n)++)"
        )
        self.lines = re.compile(
            rf'"\\\n((?: {{{indent}}}[^ \t\n][^\n]*+(?<=\\)\n)++) {{{indent}}}"\n'
        )
        self.binary = re.compile(
            rf"!!binary \|\n((?: {{{indent}}}[A-Za-z0-9+/=]++\n)++)"
        )

    def read(self, text: str, at: int) -> tuple[bytes, int]:
        """The body that stands at *at*, and where it ends."""
        if found := self.block.match(text, at):
            hint, chomp, raw = found.groups()
            return self._block(raw, chomp, hinted=bool(hint)).encode(), found.end()
        if found := _LINE.match(text, at):
            return _string(found[1]).encode(), found.end()
        if found := self.lines.match(text, at):
            return self._joined(found[1]).encode(), found.end()
        if found := self.binary.match(text, at):
            try:
                return base64.decodebytes(found[1].encode()), found.end()
            except binascii.Error:
                raise _Unlike from None
        raise _Unlike

    def _block(self, raw: str, chomp: str, *, hinted: bool) -> str:
        first = raw[len(self.indent) : len(self.indent) + 1]
        if not hinted and (raw[0] == "\n" or first in " \t"):
            raise _Unlike
        inner = raw.replace(f"\n{self.indent}", "\n")
        text = inner if raw[0] == "\n" else inner[len(self.indent) :]
        if chomp == "+":
            return text
        text = text.rstrip("\n")
        if not text:
            raise _Unlike
        return text if chomp else f"{text}\n"

    def _joined(self, raw: str) -> str:
        parts: list[str] = []
        for line in raw.splitlines():
            bare = line.rstrip("\\")
            if (len(line) - len(bare)) % 2 == 0:
                raise _Unlike
            parts.append(line[len(self.indent) : -1])
        return _string(f'"{"".join(parts)}"')


_ASKED, _ANSWERED = _Bodies(6), _Bodies(8)


def read_layout(text: str, name: str) -> tuple[list[Interaction], int] | None:
    """The interactions of *text*, and how many it says it has; None to ask YAML.

    *name* is what their places call it.

    >>> read_layout("interactions: []", "it")
    """
    start = _START.match(text)
    end = _END.search(text, max(len(text) - _LONGEST_END, 0))
    if start is None or end is None:
        return None
    at, stop = start.end(), end.start()
    said = text[at - len(_BEGIN) : stop].encode("utf-8", "surrogatepass")
    sound = end[1] == text_seal(said)
    if not _is_plain(text[:at] if sound else text):
        return None
    line, counted = text.count("\n", 0, at) + 1, at
    found: list[Interaction] = []
    try:
        while text.startswith("- ", at):
            line += text.count("\n", counted, at)
            counted = at
            place = f"{name}, interaction {len(found) + 1} (line {line})"
            one, at = _interaction(text, at, place, sound=sound)
            found.append(one)
    except (_Unlike, ValueError, RecursionError):
        return None
    return (found, int(end[2])) if at == stop and found else None


def _is_plain(text: str) -> bool:
    """Whether *text* has no character that YAML reads in a way of its own."""
    if text.isascii() and not text.encode().translate(None, _PLAIN):
        return True
    return not _STRANGE.search(text)


def _interaction(
    text: str, at: int, place: str, *, sound: bool
) -> tuple[Interaction, int]:
    """The interaction that stands at *at*, and where it ends."""
    asked = _REQUEST.match(text, at)
    if asked is None:
        raise _Unlike
    method, uri, request_headers = asked.groups()
    request_body, at = _ASKED.read(text, asked.end())
    answered = _RESPONSE.match(text, at)
    if answered is None:
        raise _Unlike
    code, message, headers, *recorded = answered.groups()
    body, at = _ANSWERED.read(text, answered.end())
    shown: dict[str, Any] = {}
    if chunks := _CHUNKS.match(text, at):
        shown["chunks"] = json.loads(chunks[1])
        at = chunks.end()
    said: dict[str, Any] = {
        "method": _word(method),
        "url": _string(uri),
        "status": int(code),
        "request_headers": _headers(request_headers),
        "request_body": request_body,
        "response_headers": _headers(headers),
        "response_body": body,
        "place": place,
        "reason": _word(message),
    }
    pairs = zip(_RECORDED_NAMES, recorded, strict=True)
    words = {name: _value(one) for name, one in pairs if one}
    return completed(said, words, shown, sound=sound), at


def _headers(lines: str | None) -> Headers:
    if not lines:
        return ()
    found = [_header(line) for line in lines.split("\n")[:-1]]
    if len({one[0][0] for one in found}) != len(found):
        raise _Unlike
    return tuple(chain.from_iterable(found))


@lru_cache(maxsize=4096)
def _header(line: str) -> Headers:
    """What a line says; most say the same in each interaction."""
    found = _HEADER.fullmatch(line)
    if found is None:
        raise _Unlike
    name = _key(found[1])
    return tuple([(name, one) for one in _value(found[2])])


def _key(text: str) -> str:
    if len(text) > _LONGEST_KEY:
        raise _Unlike
    return _word(text)


def _value(text: str) -> Any:
    if text[0] != "[":
        return _word(text)
    if "\\" not in text and text.count('"') == 2:
        return [text[2:-2]]
    return _json(text)


def _word(text: str) -> str:
    if text[0] == '"':
        return _string(text)
    if text.lower() in RESERVED:
        raise _Unlike
    return text


def _string(text: str) -> str:
    if "\\" not in text and text.count('"') == 2:
        return text[1:-1]
    said: str = _json(text)
    return said


def _json(text: str) -> Any:
    if _SURROGATE.search(text):
        raise _Unlike
    return json.loads(text)
