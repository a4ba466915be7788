"""JSON bodies as a person reads them, and back to how they were spelled.

In: the text of a body. Out: the same tokens, one to a line, and a few words that say
how the wire spelled them. Only the space between tokens changes: numbers, escapes and
repeated keys stay as they are.
"""

import json
import re
from functools import lru_cache

__all__ = ["SPELLINGS", "laid_out", "spelled"]

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s",:\[\]{}]+|[,:\[\]{}"]')
_PART = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s",:]+|[,:"]')
_WORD = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s"]+|"')
_ESCAPE = re.compile(
    r"\\(?:u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})|u([0-9a-f]{4})|.)"
)
#: Lines as `laid_out` makes them: one value in each, behind its name if it has one.
_VALUE = r'(?:"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+"|[^\s",:]++)'
_LAID = re.compile(rf"[{{\[](?:,?\n *+{_VALUE}(?:: {_VALUE})?)*+")
_BEYOND = re.compile(r"[^\x00-\x7f]+")

#: How one line of JSON is spelled: with space behind commas and colons, or without;
#: what is beyond ASCII escaped, or not.
SPELLINGS = ("compact", "spaced", "compact ascii", "spaced ascii")

_SPACED = {",": ", ", ":": ": "}


def laid_out(text: str) -> tuple[str, str] | None:
    r"""The JSON object or array *text* over several lines, and the word for *text*.

    None where no word describes how it is spelled: it stays as it is.

    >>> laid_out('{"a":1.0,"b":[]}')
    ('{\n  "a": 1.0,\n  "b": []\n}', 'compact')
    """
    if text[:1] not in ("{", "[") or "\n" in text[:-1] or not _is_json(text):
        return None
    lines = _lines(text)
    if "\n" not in lines:
        return None
    if text.endswith("\n"):
        lines += "\n"
    shown = _unescaped(lines) if "\\u" in lines and text.isascii() else lines
    for said in dict.fromkeys((shown, lines)):
        for form in SPELLINGS:
            if spelled(said, form) == text == spelled(said, form, laid=True):
                return said, form
    return None


def spelled(text: str, form: str, *, laid: bool = False) -> str:
    r"""The JSON *text* on one line, in the spelling that *form* names.

    What is *laid* out by `laid_out`, and surely is, need not be looked at first.

    >>> spelled('{\n  "a": "é"\n}', "spaced ascii")
    '{"a": "\\u00e9"}'
    """
    gap, _, ascii_only = form.partition(" ")
    if gap == "compact":
        line = "".join(_WORD.findall(text))
    elif laid or _LAID.fullmatch(text, 0, len(text) - text.endswith("\n")):
        # A comma that ends a line stands between values, space that begins one is idle.
        line = "".join(map(str.lstrip, text.replace(",\n", ", \n").split("\n")))
    else:
        parts: list[str] = _PART.findall(text)
        line = "".join([_SPACED.get(part, part) for part in parts])
    if text.endswith("\n"):
        line += "\n"
    return _BEYOND.sub(_escape, line) if ascii_only and not line.isascii() else line


def _is_json(text: str) -> bool:
    try:
        json.loads(text, parse_int=str, parse_float=str)
    except (ValueError, RecursionError):
        return False
    return True


def _lines(text: str) -> str:
    parts: list[str] = []
    depth = 0
    before = ""
    for part in _TOKEN.findall(text):
        if part in "}]":
            depth -= 1
            if before not in ("{", "["):
                parts.append(f"\n{'  ' * depth}")
        elif before in ("{", "[", ","):
            parts.append(f"\n{'  ' * depth}")
        if part in "{[":
            depth += 1
        parts.append(": " if part == ":" else part)
        before = part
    return "".join(parts)


def _unescaped(text: str) -> str:
    """*text* with the escapes of letters beyond ASCII undone, of all else kept."""
    return _ESCAPE.sub(_letter, text)


def _letter(found: re.Match[str]) -> str:
    high, low, one = found.groups()
    if high:
        units = bytes.fromhex(high + low)
        return units.decode("utf-16-be")
    letter = chr(int(one, 16)) if one else ""
    return letter if letter > "\x7f" and letter.isprintable() else found.group()


def _escape(found: re.Match[str]) -> str:
    return _escaped(found.group())


@lru_cache(1024)
def _escaped(letters: str) -> str:
    return json.dumps(letters)[1:-1]
