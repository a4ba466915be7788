"""Names of files that not every system can tell apart, or take; and what runs leave."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from unicodedata import normalize

from harness.cassettes.naming import RESERVED, WRONG
from harness.checks.rules import Finding

__all__ = ["check_leftover", "check_names"]

_REWRITTEN = (
    "what harness record --mode rewrite recorded, and was killed before it put it in "
    "the place of {name}.yaml; give it that name, or remove it"
)
_LEFT = (
    (r"\.damaged", "what could not be read of the journal of a killed run"),
    (r"\.journal", "the journal of a run that was killed"),
    (r"\.tmp", "a file that a killed run has not finished"),
    (r"\.failed\.yaml", "what a failing test recorded"),
    (r"\.\d+\.new\.yaml", _REWRITTEN),
)


def check_names(paths: Iterable[str]) -> Iterator[Finding]:
    """Which of *paths* are the same where case does not count, or not for Windows."""
    known: dict[str, str] = {}
    for path in paths:
        other = known.setdefault(normalize("NFC", path).casefold(), path)
        if other != path:
            text = f"some systems take it for {other!r}, whose name has other letters."
            yield Finding(path, 1, "name", text)
        for part in PurePosixPath(path).parts:
            if why := _refused(part):
                yield Finding(path, 1, "portable", f"{part!r} {why} on Windows.")
                break


def check_leftover(path: str) -> Iterator[Finding]:
    """What the file at *path* is, if a run left it."""
    for ending, what in _LEFT:
        if found := re.fullmatch(f"(?P<name>.*){ending}", PurePosixPath(path).name):
            yield Finding(path, 1, "leftover", f"{what.format(**found.groupdict())}.")
            return


def _refused(part: str) -> str:
    if part in {"/", ".", ".."}:
        return ""
    if RESERVED.match(part):
        return "is the name of a device"
    if found := WRONG.search(part):
        return f"has {found[0]!r}, which no name has"
    return "ends in what is cut off" if part[-1] in " ." else ""
