"""What is recorded, on the disk before it is saved: who is killed has lost nothing.

Each finished exchange is a line in a journal beside the cassette, with its checksum.
A process writes its own journal and holds a lock on it as long as it lives, so a
journal that nobody holds was left by one that died.
"""

import base64
import contextlib
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from hashlib import blake2b
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

from harness.cassettes.interactions import Interaction
from harness.cassettes.saving import FRESH, hold, to_disk
from harness.errors import CassetteError

__all__ = [
    "Journal",
    "LeftJournal",
    "forsaken",
    "has_journals",
    "left_journals",
    "line_of",
]

_ENDING = ".journal"
_BEGINNING = 60.0  # seconds in which a journal gets its name
_OPEN_FILES_MOVE = sys.platform != "win32"
_READ_WRITE = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)


class Journal:
    """What one process records for the cassette at *path*, before it is saved there.

    The file is made with the first line. It is not thread-safe by itself.
    """

    def __init__(self, path: Path) -> None:
        self._cassette = path
        self._handle: int | None = None
        self._length = 0
        self._process = 0
        #: Where it lies; None while it has no line.
        self.path: Path | None = None

    def write(self, lines: Iterable[bytes]) -> None:
        """Put *lines* on the disk, all or none of them. Raises CassetteError."""
        data = b"".join(lines)
        try:
            handle = self._handle
            if handle is None or self._process != os.getpid():
                handle = self._begin()  # a forked process has its own
            self._append(handle, data)
        except OSError as error:
            raise CassetteError(
                f"{self.path or self._cassette}: the journal of the recording cannot "
                f"be written: {error.strerror or error}."
            ) from error

    def _begin(self) -> int:
        folder, name = self._cassette.parent, self._cassette.name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f".{name}.{uuid4().hex[:8]}{_ENDING}"
        # It is held before it has its name, so that nobody finds it free. Where no open
        # file can be renamed, none can be removed, and who finds it free does no harm.
        fresh = path.with_name(f"{path.name}{FRESH}") if _OPEN_FILES_MOVE else path
        handle = os.open(fresh, _READ_WRITE, 0o666)
        hold(handle)
        try:
            if fresh != path:
                fresh.replace(path)
        except OSError:
            os.close(handle)
            fresh.unlink(missing_ok=True)
            raise
        to_disk(folder)
        self._handle, self._length, self._process = handle, 0, os.getpid()
        self.path = path
        return handle

    def _append(self, handle: int, data: bytes) -> None:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, self._length)
            raise
        self._length += len(data)

    def close(self, *, keep: bool = False) -> None:
        """End the journal; without *keep* it goes, since what it said is saved."""
        if self._handle is None or self._process != os.getpid():
            return
        os.close(self._handle)
        self._handle = None
        if self.path is not None and not (keep and self._length):
            self.path.unlink(missing_ok=True)
            self.path = None


def line_of(number: int, interaction: Interaction) -> bytes:
    """The line of a journal that says *interaction*, the exchange *number*.

    Of the pieces of the body it has the lengths: text that was cut anywhere cannot be
    searched, as half a placeholder is none.
    """
    said = {
        one.name: _plain(value)
        for one in fields(Interaction)
        if one.compare and (value := getattr(interaction, one.name)) != one.default
    }
    chunks = interaction.response_chunks
    if chunks and b"".join(chunks) == interaction.response_body:
        said["response_chunks"] = [len(chunk) for chunk in chunks]
    text = json.dumps([number, said], separators=(",", ":")).encode()
    return b"%s %s\n" % (_sum(text), text)


@dataclass(frozen=True, slots=True)
class LeftJournal:
    """What a process that died left: its exchanges in the order of their issue.

    *damaged* lines could not be read. A last line that was cut short is none: its
    exchange had not finished.
    """

    path: Path
    interactions: tuple[Interaction, ...]
    damaged: int = 0


def left_journals(path: Path) -> list[LeftJournal]:
    """The journals that dead processes left for the cassette at *path*.

    Under the lock of the folder nobody else finds them.
    """
    found = []
    for journal in _beside(path, _ENDING):
        try:
            handle = os.open(journal, os.O_RDWR | getattr(os, "O_BINARY", 0))
        except OSError:
            continue
        with os.fdopen(handle, "rb") as file:
            if hold(handle):
                found.append(_read(journal, file.read()))
    return found


def forsaken(path: Path) -> None:
    """Remove files beside the cassette at *path* that were never made whole.

    Only under the lock of the folder: there nobody is making one.
    """
    for fresh in _beside(path, FRESH):
        with contextlib.suppress(OSError):
            begun = fresh.name.endswith(f"{_ENDING}{FRESH}")  # needs no lock
            if not begun or time.time() - fresh.stat().st_mtime > _BEGINNING:
                fresh.unlink()


def has_journals(path: Path) -> bool:
    """Whether anybody records for the cassette at *path*, or died while he did."""
    return any(_beside(path, _ENDING, FRESH))


def _beside(path: Path, *endings: str) -> Iterator[Path]:
    begin = f".{path.name}."  # once: there may be thousands of other files
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        found = [entry.name for entry in entries if entry.name.startswith(begin)]
        yield from (
            path.with_name(name) for name in sorted(found) if name.endswith(endings)
        )


def _read(journal: Path, data: bytes) -> LeftJournal:
    entries: list[tuple[int, Interaction]] = []
    damaged = 0
    for line in data.split(b"\n")[:-1]:
        entry = _entry(line, journal)
        if entry is None:
            damaged += 1
        else:
            entries.append(entry)
    entries.sort(key=lambda entry: entry[0])
    return LeftJournal(journal, tuple(one for _, one in entries), damaged)


def _entry(line: bytes, journal: Path) -> tuple[int, Interaction] | None:
    known, _, text = line.partition(b" ")
    if known != _sum(text):
        return None
    try:
        number, said = json.loads(text)
        values = {name: _read_value(value) for name, value in said.items()}
        values["response_chunks"] = _chunks(values)
        one = Interaction(**values, place=f"{journal}, exchange {number}")
        if type(number) is int and line_of(number, one) == line + b"\n":
            return number, one
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        pass
    return None  # of another version of harness


def _chunks(said: Mapping[str, Any]) -> tuple[bytes, ...] | None:
    """The pieces of the body that *said* tells; they are told by their lengths."""
    chunks, body = said.get("response_chunks"), said.get("response_body", b"")
    if not chunks or not all(isinstance(one, int) for one in chunks):
        return chunks
    return tuple(body[a:b] for a, b in pairwise(accumulate(chunks, initial=0)))


def _sum(text: bytes) -> bytes:
    return blake2b(text, digest_size=8).hexdigest().encode()


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            try:
                return {"text": value.decode()}
            except UnicodeDecodeError:
                return {"base64": base64.b64encode(value).decode()}
        case tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def _read_value(value: Any) -> Any:
    match value:
        case Mapping():
            text = value.get("text")
            return base64.b64decode(value["base64"]) if text is None else text.encode()
        case list():
            return tuple(_read_value(item) for item in value)
        case _:
            return value
