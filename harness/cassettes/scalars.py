"""Values as YAML that loads as exactly themselves, and that a person can read.

All that stands in quotes is JSON too: nothing needs more than a reader of JSON.
"""

import base64
import json
import re

from harness.errors import InputError, shown

__all__ = ["RESERVED", "UNSAFE", "block_scalar", "key", "quoted", "word"]

#: Characters that YAML does not take as they are, or takes for the end of a line.
UNSAFE = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff"

_UNSAFE = re.compile(f"[{UNSAFE}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_FRAYED = re.compile(r"[ \t]$", re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")

#: Words that YAML takes for something else than text.
RESERVED = frozenset("y n yes no true false on off null".split())

#: The longest key that YAML takes without a mark is 1024 characters, quoted.
_LONG_KEY = 100
_BASE64_LINE = 76


def quoted(text: str) -> str:
    r"""*text* in double quotes, for YAML and JSON alike.

    >>> quoted("a\u2028é\n")
    '"a\\u2028é\\n"'
    """
    if found := _SURROGATE.search(text):
        raise InputError(
            f"{shown(text)} has half a surrogate pair at {found.start()}, which no "
            "file can hold. Give it as bytes."
        )
    return _UNSAFE.sub(_escaped, json.dumps(text, ensure_ascii=False))


def word(text: str) -> str:
    """*text*, in quotes only where it is no plain word.

    >>> word("POST"), word("Not Found"), word("NO")
    ('POST', '"Not Found"', '"NO"')
    """
    plain = _PLAIN.fullmatch(text) and text.lower() not in RESERVED
    return text if plain and len(text) <= _LONG_KEY else quoted(text)


def key(text: str, indent: str) -> str:
    """*text* as a key of a mapping at *indent*, with its colon."""
    said = word(text)
    return f"{said}:" if len(said) <= _LONG_KEY else f"? {said}\n{indent}:"


def block_scalar(body: bytes, indent: str) -> str:
    r"""*body* as the value of a key that stands at *indent*.

    >>> print("a:", block_scalar(b"1\n2", ""))
    a: |-
      1
      2
    """
    inner = f"{indent}  "
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _binary(body, inner)
    if not text.strip("\n"):
        return quoted(text)
    if _UNSAFE.search(text) or _FRAYED.search(text):
        return _quoted_lines(text, inner)
    trimmed = text.rstrip("\n")
    ends = len(text) - len(trimmed)
    hint = "2" if text[0] in " \t\n" else ""
    chomp = ("-", "", "+")[min(ends, 2)]
    lines = [f"{inner}{line}" if line else "" for line in trimmed.split("\n")]
    return f"|{hint}{chomp}\n" + "\n".join(lines) + "\n" * max(ends - 1, 0)


def _quoted_lines(text: str, indent: str) -> str:
    lines = text.split("\n")
    if len(lines) == 1:
        return quoted(text)
    said = [quoted(line)[1:-1] + "\\n" for line in lines[:-1]]
    said += [quoted(lines[-1])[1:-1]] if lines[-1] else []
    firm = [f"\\u0020{line[1:]}" if line[0] == " " else line for line in said]
    return '"\\\n' + "".join(f"{indent}{line}\\\n" for line in firm) + f'{indent}"'


def _binary(body: bytes, indent: str) -> str:
    said = base64.b64encode(body).decode()
    lines = [said[n : n + _BASE64_LINE] for n in range(0, len(said), _BASE64_LINE)]
    return "!!binary |\n" + "\n".join(f"{indent}{line}" for line in lines)


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found.group()):04x}"
