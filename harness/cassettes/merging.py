"""What a cassette holds after a recording, whoever else has recorded meanwhile."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from harness.cassettes.http_requests import Matching, RequestKey, request_of
from harness.cassettes.interactions import Interaction
from harness.cassettes.reading import Seals, load_cassette
from harness.cassettes.saving import replace_file
from harness.cassettes.settings import Redactor
from harness.cassettes.writing import ending_of, write_cassette
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
_BEGIN, _VERSION = "interactions:\n", "version: 1\n"
_ENDING = re.compile(
    r'^version: 1\n(?:(?:seal: "\w+"\n)?count: \d+\n)?\Z', re.MULTILINE
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
) -> None:
    """Make *interactions* the cassette at *path*, if *redaction* finds no secret there.

    Where they begin with what is there now, *current*, the rest is written behind it:
    that costs no more in a large cassette, and changes no line that was there. Else
    what other recorders left is redacted too. Raises CassetteError, which says where a
    secret is; the file is as it was then.
    """
    count, text = len(current), _text(path)
    grown = None
    if count and [*interactions[:count]] == [*current]:
        grown = _grown(text, current, interactions[count:])
    if grown is None:
        refuse_edited(interactions)
        head = "".join(takewhile(_is_comment, text.splitlines(keepends=True)))
        grown = (
            head,
            write_cassette(
                one if one.sealed else redaction.redact(one) for one in interactions
            ),
        )
    before, new = grown
    if any(True for _ in redaction.scan(new)):
        leaks = [str(leak) for leak in redaction.scan("\n" * before.count("\n") + new)]
        raise CassetteError(
            f"{path}: not saved, since it would hold what looks like a secret:\n"
            + "".join(f"  {leak}\n" for leak in leaks)
            + "Give the tape a redaction that takes it out."
        )
    replace_file(path, f"{before}{new}".encode())


def can_grow(path: Path) -> bool:
    """Whether interactions can be written behind those in the file at *path*."""
    return _ending(_text(path)) is not None


def _grown(
    text: str, current: Sequence[Interaction], new: Sequence[Interaction]
) -> tuple[str, str] | None:
    """What stays of *text*, which has *current*, and what comes behind."""
    ending = _ending(text)
    if ending is None:
        return None
    kept = text.removesuffix(ending)
    items = write_cassette(new).removeprefix(_BEGIN).rpartition(_VERSION)[0]
    count = len(current) + len(new)
    if all(one.sealed for one in current):  # the seal of all would hide what is not
        begin = 0
        while kept.startswith("#", begin):
            begin = kept.index("\n", begin) + 1
        return kept, f"{items}{ending_of(f'{kept[begin:]}{items}', count)}"
    # Who counts its interactions has sealed them: other recorders do neither.
    counted = f"count: {count}\n" if ending != _VERSION else ""
    return kept, f"{items}{_VERSION}{counted}"


def _ending(text: str) -> str | None:
    """The lines behind the last interaction of *text*; None if it is laid out oddly."""
    begin = 0
    while text.startswith("#", begin):
        begin = text.find("\n", begin) + 1 or len(text)
    ending = _ENDING.search(text[-_LONGEST_ENDING:])
    if ending is None or not text.startswith(f"{_BEGIN}- ", begin) or "\r" in text:
        return None
    # The last line that is not indented has to begin an interaction.
    line = len(text) - len(ending[0])
    indented = True
    while indented:
        line = text.rfind("\n", 0, line - 1) + 1
        indented = text[line] in " \n"
    return ending[0] if text.startswith("- ", line) else None


def _is_comment(line: str) -> bool:
    return line.startswith("#")


def _text(path: Path) -> str:
    """What the file at *path* says; nothing if there is none, or it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError):
        return ""


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
    there = Counter(map(_mark, current))
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
