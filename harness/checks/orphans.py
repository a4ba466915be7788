"""Cassettes that nothing names: told by the words of the code, and never for sure."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from harness.checks.rules import Finding

__all__ = ["check_orphans", "words_of"]

_WORD = re.compile(r"\w+")
#: What a test's name is followed by: its parameters, and what tells it from others.
_TAIL = re.compile(r"\[.*|-[0-9a-f]{8}$")


def words_of(text: str) -> set[str]:
    """The words of a source file, its name among them if that is given as well."""
    return {*_WORD.findall(text)}


def check_orphans(
    cassettes: Iterable[tuple[str, str]], words: set[str]
) -> Iterator[Finding]:
    """Those of *cassettes* (path, and name without ending) that no code can mean.

    A test's own cassette is called after its module, class and name; any other may be
    put together of *words* that stand in the code. Where all words of a name are there,
    it counts as named.
    """
    for path, name in cassettes:
        said = PurePosixPath(name)
        parts = [_TAIL.sub("", said.name)]
        if said.parent.name.startswith("test_"):
            parts.append(said.parent.name)
        missing = [word for part in parts for word in _WORD.findall(part)]
        missing = [word for word in missing if word not in words]
        if missing:
            text = f"no code has the word {missing[0]!r}: nothing seems to use it."
            yield Finding(path, 1, "orphan", text)
