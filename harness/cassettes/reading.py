"""Cassette files of vcrpy's format. In: text. Out: interactions.

Read are all forms of it that are found in the wild: files without a version, packed
ones, two lists instead of one, the typed bodies of cassetter. What is damaged or
foreign is refused by name and place, never taken for empty; what was changed since it
was recorded is told.
"""

import gzip
import re
import stat
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

from harness.cassettes.entries import interaction_of, is_sealed
from harness.cassettes.foreign import refuse_text, refuse_value
from harness.cassettes.interactions import Interaction
from harness.cassettes.layout import read_layout
from harness.cassettes.message_format import holds_conversations, read_conversations
from harness.cassettes.parsing import RESTORE, parse
from harness.errors import CassetteError, CassetteWarning, InputError, nearest, shown
from harness.paths import StrPath, given_path

__all__ = ["Seals", "bytes_of", "load_cassette", "read_cassette", "text_of", "unpacked"]

#: What to do about an interaction that is not as it was recorded.
Seals = Literal["warn", "error", "ignore"]

_MARKS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_MARKER = re.compile(r"^(<{7}|={7}|>{7}|\|{7})(?= |$)", re.MULTILINE)
_GZIP = b"\x1f\x8b"


def load_cassette(path: StrPath, *, seals: Seals = "warn") -> tuple[Interaction, ...]:
    """The interactions of the file at *path*, packed or not; as `read_cassette`.

    Raises CassetteError for what cannot be read, InputError for what is no path.

    >>> load_cassette("cassettes/weather.yaml")[0].url
    'https://api.openai.com/v1/chat/completions'
    """
    path = given_path(path)
    data = bytes_of(path)
    try:
        text = text_of(data, str(path))
    except CassetteError:
        refuse_text(unpacked(data, str(path)).decode("latin-1"), str(path))
        raise
    return read_cassette(text, str(path), seals=seals)


def bytes_of(path: Path) -> bytes:
    """The bytes of the file at *path*. Raises CassetteError."""
    try:
        mode = path.stat().st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            why = "it is no file"  # a pipe may wait forever, and a device never end
            raise CassetteError(f"{path}: cannot be read: {why}.")
        return path.read_bytes()
    except OSError as error:
        raise CassetteError(
            f"{path}: cannot be read: {error.strerror or error}."
        ) from None


def text_of(data: bytes, name: str) -> str:
    """The text that the bytes of a file say, packed or not. Raises CassetteError."""
    data = unpacked(data, name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CassetteError(
            f"{name}: byte {error.start} is no UTF-8 (line {line}): the file is "
            f"damaged, or no cassette. {RESTORE}"
        ) from None


def unpacked(data: bytes, name: str) -> bytes:
    """*data*, its gzip undone if it is packed. Raises CassetteError."""
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise CassetteError(f"{name} is damaged gzip: {error}. {RESTORE}") from None


def read_cassette(
    text: str, name: str = "the cassette", *, seals: Seals = "warn"
) -> tuple[Interaction, ...]:
    r"""The interactions that *text* says; *name* is what errors call it.

    Raises CassetteError for what is damaged, foreign or of a wrong shape. What was
    changed after it was recorded is read as it is now, with a CassetteWarning; with
    *seals* "error" it is an error too, with "ignore" nothing is said; anything else is
    an InputError.

    >>> read_cassette("interactions: []\nversion: 1\n")
    ()
    """
    if seals not in get_args(Seals):
        raise InputError(f"seals={seals!r}. {nearest(str(seals), get_args(Seals))}")
    laid = read_layout(text, name)
    if laid is not None:
        found, count = laid
        counted: dict[str, Any] = {"count": count}
    else:
        _refuse_conflicts(text, name)
        if not text.strip():
            raise CassetteError(f"{name} is empty. {RESTORE}")
        if holds_conversations(text):
            return read_conversations(text, name, seals=seals)
        refuse_text(text, name)
        found, counted = _read(text, name)
    if seals != "ignore":
        _tell(_changes(counted, found, name), seals)
    return tuple(found)


def _read(text: str, name: str) -> tuple[list[Interaction], dict[str, Any]]:
    """The interactions of any file, and what it says beside them."""
    value, lines = parse(text, name)
    items = _items(value, name)
    ended = value.get("version") is not None
    if "seal" in value and "count" not in value:
        raise CassetteError(
            f"{name}, line {len(text.splitlines())} is the last, and behind the seal "
            f"there is no count: the file was cut short. {RESTORE}"
        )
    if not ended and (not text.endswith("\n") or any(map(is_sealed, items))):
        raise CassetteError(
            f"{name}, line {len(text.splitlines())} is the last, and there is no "
            f"version: the file was cut short. {RESTORE}"
        )
    places = _places(items, lines, name)
    pairs = zip(items, places, strict=True)
    return [interaction_of(item, place) for item, place in pairs], value


def _refuse_conflicts(text: str, name: str) -> None:
    if any(mark in text for mark in _MARKS) and (found := _MARKER.search(text)):
        line = text.count("\n", 0, found.start()) + 1
        raise CassetteError(
            f"{name}, line {line}: a merge conflict is not resolved "
            f"({found.group()!r}). Keep one side of it."
        )


def _places(items: list[Any], lines: list[int], name: str) -> list[str]:
    numbered = enumerate(items, 1)
    return [
        f"{name}, interaction {n}{f' (line {lines[n - 1]})' if lines else ''}"
        for n, _ in numbered
    ]


def _items(value: Any, name: str) -> list[Any]:
    refuse_value(value, name)
    match value:
        case {"interactions": list(items)}:
            return items
        case {"requests": list(requests), "responses": list(responses)}:
            return _paired(requests, responses, name)
        case {"interactions": other}:
            raise CassetteError(
                f"{name}: 'interactions' is {shown(other)}, not a list: the file is "
                f"damaged. {RESTORE}"
            )
        case dict():
            found = ", ".join(map(repr, value)) or "nothing"
            raise CassetteError(
                f"{name} is no cassette: it has no 'interactions', but {found}. "
                f"{RESTORE}"
            )
        case _:
            kind = type(value).__name__
            raise CassetteError(
                f"{name} is no cassette: a {kind}, where a mapping with 'interactions' "
                f"is expected. {RESTORE}"
            )


def _paired(requests: list[Any], responses: list[Any], name: str) -> list[Any]:
    if len(requests) != len(responses):
        raise CassetteError(
            f"{name} has {len(requests)} requests and {len(responses)} responses: the "
            f"file is damaged. {RESTORE}"
        )
    pairs = zip(requests, responses, strict=True)
    return [{"request": asked, "response": answered} for asked, answered in pairs]


def _changes(value: Any, found: list[Interaction], name: str) -> Iterator[str]:
    """What is not as it was recorded, in words."""
    again = f"If that is wanted, seal it again: harness seal {name}. Else: {RESTORE}"
    counted = "count" in value
    if counted and value["count"] != len(found):
        yield (
            f"{name} says that it has {shown(value['count'])} interactions, and has "
            f"{len(found)}. {again}"
        )
    for one in found:
        about = f"{one.place} ({one.method} {one.url})"
        if one.sealed is False:
            yield f"{about} was changed after it was recorded (wrong seal). {again}"
        elif one.sealed is None and counted:
            yield f"{about} has no seal: it was not recorded so. {again}"


def _tell(changes: Iterator[str], seals: Seals) -> None:
    for change in changes:
        if seals == "error":
            raise CassetteError(change)
        warnings.warn(change, CassetteWarning, stacklevel=4)
