"""The layout that we write, parsed many times faster than YAML.

In: text. Out: what a YAML parser says of it, or None where anything is not just as
`write_cassette` lays it out; a YAML parser decides then. Nothing is guessed here.
"""

import base64
import binascii
import json
import re
from functools import lru_cache
from typing import Any

from harness.cassettes.scalars import RESERVED, UNSAFE

__all__ = ["parse_layout"]

_QUOTED = r'"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"'
_WORD = rf"(?:[A-Za-z][A-Za-z0-9_-]*+|{_QUOTED})"
_LIST = rf"\[{_QUOTED}(?:, {_QUOTED})*+\]"
_HEADERS = rf"(?: \{{\}}\n|\n((?:      {_WORD}: {_LIST}\n)++))"
_KNOWN = (
    "at|http_version|reason|ended|failure|request_form|form|request_header_order|"
    "header_order|seal"
)

_START = re.compile(r"(?:#[^\n]*\n)*+interactions:\n")
_END = re.compile(r"version: 1\ncount: (0|[1-9][0-9]*+)\n\Z")
_REQUEST = re.compile(
    rf"- request:\n    method: ({_WORD})\n    uri: ({_QUOTED})\n"
    rf"    headers:{_HEADERS}    body: "
)
_RESPONSE = re.compile(
    r"  response:\n    status:\n      code: ([1-9][0-9][0-9])\n"
    rf"      message: ({_WORD})\n"
    rf"    headers:{_HEADERS}"
    rf"    recorded:\n((?:      (?:{_KNOWN}): (?:{_WORD}|{_LIST})\n)++)"
    r"    body:\n      string: "
)
_CHUNKS = re.compile(r"      chunks: (null|\[(?:[0-9\[\], ]|\n        )*\])\n")
_HEADER = re.compile(rf"      ({_WORD}): ({_LIST})")
_SAID = re.compile(rf"      ({_KNOWN}): ({_WORD}|{_LIST})\n")
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
        self.block = re.compile(rf"\|(2?)([+-]?)\n((?: {{{indent}}}[^\n]*+\n|\n)++)")
        self.lines = re.compile(
            rf'"\\\n((?: {{{indent}}}[^ \t\n][^\n]*+(?<=\\)\n)++) {{{indent}}}"\n'
        )
        self.binary = re.compile(
            rf"!!binary \|\n((?: {{{indent}}}[A-Za-z0-9+/=]++\n)++)"
        )

    def read(self, text: str, at: int) -> tuple[str | bytes, int]:
        """The body that stands at *at*, and where it ends."""
        if found := self.block.match(text, at):
            hint, chomp, raw = found.groups()
            return self._block(raw, chomp, hinted=bool(hint)), found.end()
        if found := _LINE.match(text, at):
            return _string(found[1]), found.end()
        if found := self.lines.match(text, at):
            return self._joined(found[1]), found.end()
        if found := self.binary.match(text, at):
            try:
                return base64.decodebytes(found[1].encode()), found.end()
            except binascii.Error:
                raise _Unlike from None
        raise _Unlike

    def _block(self, raw: str, chomp: str, *, hinted: bool) -> str:
        first = raw[len(self.indent) : len(self.indent) + 1]
        if " \n" in raw or "\t\n" in raw:
            raise _Unlike
        if not hinted and (raw[0] == "\n" or first in " \t"):
            raise _Unlike
        text = f"\n{raw}".replace(f"\n{self.indent}", "\n")[1:]
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


def parse_layout(text: str) -> tuple[Any, list[int]] | None:
    """The value of *text* and the line of each interaction; None to ask a YAML parser.

    >>> parse_layout("interactions: []")
    """
    start = _START.match(text)
    if start is None or not _is_plain(text):
        return None
    at = start.end()
    line, counted = text.count("\n", 0, at) + 1, at
    items: list[Any] = []
    lines: list[int] = []
    try:
        while text.startswith("- ", at):
            line += text.count("\n", counted, at)
            counted = at
            lines.append(line)
            item, at = _item(text, at)
            items.append(item)
    except (_Unlike, ValueError, RecursionError):
        return None
    end = _END.match(text, at)
    if end is None or not items:
        return None
    return {"interactions": items, "version": 1, "count": int(end[1])}, lines


def _is_plain(text: str) -> bool:
    """Whether *text* has no character that YAML reads in a way of its own."""
    if text.isascii() and not text.encode().translate(None, _PLAIN):
        return True
    return not _STRANGE.search(text)


def _item(text: str, at: int) -> tuple[Any, int]:
    asked = _REQUEST.match(text, at)
    if asked is None:
        raise _Unlike
    method, uri, headers = asked.groups()
    body, at = _ASKED.read(text, asked.end())
    request = {
        "method": _word(method),
        "uri": _string(uri),
        "headers": _headers(headers),
        "body": body,
    }
    answered = _RESPONSE.match(text, at)
    if answered is None:
        raise _Unlike
    code, message, headers, recorded = answered.groups()
    string, at = _ANSWERED.read(text, answered.end())
    shown: dict[str, Any] = {"string": string}
    if chunks := _CHUNKS.match(text, at):
        shown["chunks"] = json.loads(chunks[1])
        at = chunks.end()
    response = {
        "status": {"code": int(code), "message": _word(message)},
        "headers": _headers(headers),
        "recorded": _unique(
            [(key, _value(said)) for key, said in _SAID.findall(recorded)]
        ),
        "body": shown,
    }
    return {"request": request, "response": response}, at


def _headers(lines: str | None) -> dict[str, Any]:
    return _unique([_header(line) for line in lines.split("\n")[:-1]] if lines else [])


@lru_cache(maxsize=4096)
def _header(line: str) -> tuple[str, Any]:
    """What a line says; most say the same in each interaction."""
    found = _HEADER.fullmatch(line)
    if found is None:
        raise _Unlike
    return _key(found[1]), _value(found[2])


def _key(text: str) -> str:
    if len(text) > _LONGEST_KEY:
        raise _Unlike
    return _word(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Unlike
    return found


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
