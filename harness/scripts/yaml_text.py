"""YAML that a person likes to edit. In: plain values. Out: lines of text.

Short values stand on one line; long texts are blocks, folded or line by line; quotes
are where they have to be, also for those who read YAML 1.1 (`no`, `12:30`).
`harness.scripts.yaml_source` reads it.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harness.errors import InputError, shown

__all__ = ["WIDTH", "comment", "entry", "item", "mapping"]

#: How wide lines are, where text can be broken.
WIDTH = 88

_SHORT = 40  # of a list on several lines
_LONG_KEY = 100

#: What YAML text may hold as it is; of line ends only the one that it knows.
_PRINTABLE = re.compile(
    "[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)
#: Texts that would be read as something else, by one version of YAML or the other.
_WORD = re.compile(
    r"(?i:~|null|true|false|yes|no|on|off|y|n|<<|=|[-+]?\.(?:inf|nan))"
    r"|[-+.]?\d[\d_.,:a-fox+\-tz ]*",
    re.IGNORECASE,
)
_INDICATORS = "-?:,[]{}#&*!|>'\"%@`"
_ENDS_PLAIN = re.compile(r": |:$| #|\t")
_IN_FLOW = re.compile(r"[,\[\]{}]|:(?![\w/])|\?$")
#: Where a folded text may break: the reader makes one space of it.
_FOLDS = re.compile(r"(?<=[^ \t\n]) (?=[^ \t\n])")


def entry(head: str, value: Any) -> list[str]:
    r"""The lines that say *value* behind *head*, which is "key:" or "-".

    >>> entry("args:", {"location": "Boston", "days": [1, 2]})
    ['args: {location: Boston, days: [1, 2]}']
    >>> entry("say:", "One.\nTwo.")
    ['say: |-', '  One.', '  Two.']
    """
    if isinstance(value, str):
        return _text(head, value)
    line = _flow(value)
    if line is not None and len(head) + 1 + len(line) <= WIDTH:
        return [f"{head} {line}"]
    match value:
        case list():
            return _wrapped(head, value) or [head, *_shifted(_items(value))]
        case dict():
            inside = mapping(value)
            return item(inside) if head == "-" else [head, *_shifted(inside)]
        case _:
            return [f"{head} {_atom(value)}"]


def mapping(fields: Mapping[str, Any]) -> list[str]:
    """The lines of a mapping, a field after the other.

    >>> mapping({"call": "f", "args": {"a": 1}})
    ['call: f', 'args: {a: 1}']
    """
    lines: list[str] = []
    for key, value in fields.items():
        if len(key) > _LONG_KEY:
            lines += [*_text("?", key), *entry(":", value)]
        else:
            lines += entry(f"{_scalar(key, flow=True)}:", value)
    return lines


def item(lines: Iterable[str]) -> list[str]:
    """*lines* as an item of a list.

    >>> item(["call: f", "args: {a: 1}"])
    ['- call: f', '  args: {a: 1}']
    """
    first, *rest = lines
    return [f"- {first}", *_shifted(rest)]


def comment(text: str) -> list[str]:
    """The lines of a comment.

    >>> comment("Left out: an image.")
    ['# Left out: an image.']
    """
    words = [word for word in text.split() if _PRINTABLE.fullmatch(word)]
    return [f"# {line}" for line in _filled(words, WIDTH - 6)]


def _shifted(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" if line else "" for line in lines]


def _items(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        yield from entry("-", value)


# ----------------------------------------------------------------------- texts


def _text(head: str, text: str) -> list[str]:
    line = _scalar(text, flow=False)
    if "\n" in text and _is_block(text):
        mark = "2" if text[0] in " \t\n" else ""
        end = "" if text.endswith("\n") else "-"
        lines = text.removesuffix("\n").split("\n")
        return [f"{head} |{mark}{end}", *_shifted(lines)]
    if len(head) + 1 + len(line) > WIDTH and "\n" not in text and _is_block(text):
        folded = _filled(_FOLDS.split(text), WIDTH - 10)
        if len(folded) > 1 and text[0] not in " \t":
            return [f"{head} >-", *_shifted(folded)]
    return [f"{head} {line}"]


def _is_block(text: str) -> bool:
    """Whether *text* can stand in a block; what ends in blank lines would grow."""
    last = text.removesuffix("\n").rpartition("\n")[2]
    return bool(last.strip(" \t")) and _PRINTABLE.fullmatch(text) is not None


def _filled(words: Iterable[str], width: int) -> list[str]:
    """*words* in lines of at most *width*, where they fit."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _scalar(text: str, *, flow: bool) -> str:
    """*text* on one line."""
    if _is_plain(text) and not (flow and _IN_FLOW.search(text)):
        return text
    if _PRINTABLE.fullmatch(text) and not re.search("[\t\n]", text):
        if '"' not in text and "\\" not in text:
            return f'"{text}"'
        return "'" + text.replace("'", "''") + "'"
    return "".join(
        one if _PRINTABLE.fullmatch(one) else _escaped(one)
        for one in json.dumps(text, ensure_ascii=False)
    )


def _is_plain(text: str) -> bool:
    return (
        bool(text)
        and text == text.strip()
        and text[0] not in _INDICATORS
        and not text.startswith("...")
        and not _ENDS_PLAIN.search(text)
        and not _WORD.fullmatch(text)
        and "\n" not in text
        and _PRINTABLE.fullmatch(text) is not None
    )


def _escaped(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        raise InputError(
            f"{shown(character)} is half a character, which no file can hold. "
            "Write the text without it."
        )
    return f"\\u{ord(character):04x}"


# ---------------------------------------------------------------- other values


def _flow(value: Any) -> str | None:
    """*value* on one line; None where that is not for reading."""
    match value:
        case dict():
            if any(len(key) > _LONG_KEY for key in value):
                return None
            said = [(_scalar(k, flow=True), _flow(v)) for k, v in value.items()]
            if any(inside is None for _, inside in said):
                return None
            return "{" + ", ".join(f"{key}: {inside}" for key, inside in said) + "}"
        case list():
            lines = [_flow(one) for one in value]
            return None if None in lines else f"[{', '.join(map(str, lines))}]"
        case str():
            return None if "\n" in value.strip() else _scalar(value, flow=True)
        case _:
            return _atom(value)


def _atom(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _wrapped(head: str, values: list[Any]) -> list[str]:
    """A list of short values, on several lines; nothing where it is another."""
    if any(isinstance(one, list | dict) for one in values):
        return []
    said = [_flow(one) for one in values]
    if any(one is None or len(one) > _SHORT for one in said):
        return []
    *most, last = map(str, said)
    lines = _filled([*(f"{one}," for one in most), f"{last}]"], WIDTH - 10 - len(head))
    return [f"{head} [{lines[0]}", *_shifted(lines[1:])]
