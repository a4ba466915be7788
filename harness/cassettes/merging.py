"""What a cassette holds after a recording, whoever else has recorded meanwhile."""

import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.cassettes.http_requests import Matching, RequestKey, request_of
from harness.cassettes.interactions import Interaction
from harness.cassettes.reading import Seals, load_cassette
from harness.cassettes.saving import Data, replace_file
from harness.cassettes.settings import Redactor
from harness.cassettes.writing import ending_of, item_of, write_cassette
from harness.errors import CassetteError

__all__ = [
    "Loaded",
    "added",
    "can_grow",
    "refuse_edited",
    "replaced",
    "rewritten",
    "save",
]

_NOTHING = (0, 0, 0)
_LONGEST_ENDING = 100
_ENDING = re.compile(
    rb'^version: 1\n(?:(?:seal: "\w+"\n)?count: \d+\n)?\Z', re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The interactions of a file, and by what to tell whether it is still the same."""

    interactions: tuple[Interaction, ...] = ()
    state: tuple[int, int, int] = _NOTHING

    @classmethod
    def read(cls, path: Path, seals: Seals = "warn") -> "Loaded":
        """What the file at *path* holds; nothing if there is none."""
        state = _state(path)
        found = () if state == _NOTHING else load_cassette(path, seals=seals)
        return cls(found, state)

    def refreshed(self, path: Path) -> "Loaded":
        """What the file holds now: it is read again only if it is another one."""
        return self if _state(path) == self.state else Loaded.read(path, "ignore")


def _state(path: Path) -> tuple[int, int, int]:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return _NOTHING
    except OSError as error:
        raise CassetteError(
            f"{path}: cannot be read: {error.strerror or error}."
        ) from None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def save(
    path: Path,
    interactions: Sequence[Interaction],
    redaction: Redactor,
    *,
    current: Sequence[Interaction] = (),
    clean: Mapping[Interaction, str] | None = None,
) -> None:
    """Make *interactions* the cassette at *path*, if *redaction* finds no secret there.

    Where they begin with what is there now, *current*, the rest is written behind it:
    that costs little more in a large cassette, and changes no line that was there. Else
    what other recorders left is redacted too. *clean* are texts of interactions in
    which it found none before. Raises CassetteError, which says where a secret is; the
    file is as it was then.
    """
    if current and [*interactions] == [*current]:
        return  # recorded again, and the same to the millisecond
    data, known = _data(path), clean or {}
    begins = bool(current) and [*interactions[: len(current)]] == [*current]
    ending = _ending(data) if begins else None
    if ending is None:
        refuse_edited(interactions)
        kept, unknown = _begin(data), True
        text = write_cassette(
            one if one.sealed else redaction.redact(one) for one in interactions
        )
    else:
        new = interactions[len(current) :]
        kept, unknown = len(data) - len(ending), any(one not in known for one in new)
        text = "".join([known.get(one) or item_of(one) for one in new])
        whole = memoryview(data)[_begin(data) : kept], text.encode()
        text += _new_ending(ending, whole, current, len(interactions))
    if unknown:
        _refuse_secrets(path, data.count(b"\n", 0, kept), text, redaction)
    replace_file(path, memoryview(data)[:kept], text.encode())


def _refuse_secrets(path: Path, line: int, text: str, redaction: Redactor) -> None:
    """Refuse *text*, which stands behind the *line*, if it has what looks like one."""
    if any(True for _ in redaction.scan(text)):
        leaks = [str(leak) for leak in redaction.scan("\n" * line + text)]
        raise CassetteError(
            f"{path}: not saved, since it would hold what looks like a secret:\n"
            + "".join(f"  {leak}\n" for leak in leaks)
            + "Give the tape a redaction that takes it out."
        )


def can_grow(path: Path) -> bool:
    """Whether interactions can be written behind those in the file at *path*."""
    return _ending(_data(path)) is not None


def _new_ending(
    ending: bytes, whole: Sequence[Data], current: Sequence[Interaction], count: int
) -> str:
    """What stands for *ending* behind the *whole* text of *count*, *current* first."""
    if all(one.sealed for one in current):  # the seal of all would hide what is not
        return ending_of(count, *whole)
    # Who counts its interactions has sealed them: other recorders do neither.
    return f"version: 1\ncount: {count}\n" if b"count" in ending else "version: 1\n"


def _begin(data: bytes) -> int:
    """Where *data* begins, behind its comments."""
    begin = 0
    while data.startswith(b"#", begin):
        begin = data.find(b"\n", begin) + 1 or len(data)
    return begin


def _ending(data: bytes) -> bytes | None:
    """The lines behind the last interaction of *data*; None if it is laid out oddly."""
    ending = _ENDING.search(data[-_LONGEST_ENDING:])
    begins = data.startswith(b"interactions:\n- ", _begin(data))
    if ending is None or not begins or b"\r" in data:
        return None
    # The last line that is not indented has to begin an interaction.
    line = len(data) - len(ending[0])
    indented = True
    while indented:
        line = data.rfind(b"\n", 0, line - 1) + 1
        indented = data[line : line + 1] in (b" ", b"\n")
    return ending[0] if data.startswith(b"- ", line) else None


def _data(path: Path) -> bytes:
    """What the file at *path* says; nothing if there is none, or it cannot be read."""
    try:
        return path.read_bytes().removeprefix(BOM_UTF8) if path.is_file() else b""
    except OSError:
        return b""


def refuse_edited(interactions: Iterable[Interaction]) -> None:
    """Refuse to write what is not as it was recorded: nobody could tell afterwards."""
    for one in interactions:
        if one.sealed is False:
            raise CassetteError(
                f"{one.place} is not as it was recorded: its checksum is wrong, and "
                "saving would make it right. Restore the file from version control, "
                "or seal a wanted edit again: harness seal."
            )


def added(
    current: Sequence[Interaction], new: Sequence[Interaction]
) -> list[Interaction]:
    """*current* and what of *new* is not in it: to add something twice does nothing.

    That a process died between saving and removing its journal is no harm so.
    """
    asked = {one.request_body for one in new}  # what has another one is none of them
    there = Counter(_mark(one) for one in current if one.request_body in asked)
    fresh = []
    for one in new:
        mark = _mark(one)
        if there[mark]:
            there[mark] -= 1
        else:
            fresh.append(one)
    return [*current, *fresh]


def replaced(
    current: Sequence[Interaction], new: Sequence[Interaction], matching: Matching
) -> list[Interaction]:
    """*current* with each request that *new* asks as *new* has it, at its old place.

    What *new* does not ask stays; what it asks more often than *current*, or for the
    first time, stands behind.
    """
    queues: dict[RequestKey, list[Interaction]] = {}
    for one in new:
        queues.setdefault(matching.key(request_of(one)), []).append(one)
    asked = set(queues)
    kept: list[Interaction] = []
    for one in current:
        key = matching.key(request_of(one))
        if key not in asked:
            kept.append(one)
        elif queues[key]:
            kept.append(queues[key].pop(0))
    left = {id(one) for queue in queues.values() for one in queue}
    return [*kept, *(one for one in new if id(one) in left)]


def rewritten(
    current: Sequence[Interaction],
    old: Sequence[Interaction],
    new: Sequence[Interaction],
) -> list[Interaction]:
    """*new* alone, and what others have recorded since *current* was *old*."""
    gone = Counter(map(_mark, old))
    kept = []
    for one in current:
        mark = _mark(one)
        if gone[mark]:
            gone[mark] -= 1
        else:
            kept.append(one)
    return added(kept, new)


def _mark(one: Interaction) -> tuple[object, ...]:
    """What makes an exchange this one, whatever a file can say of it."""
    return (
        *(one.method, one.url, one.status, one.recorded_at),
        *(one.request_body, one.response_body, one.chunk_times),
        frozenset(one.response_headers),
    )
