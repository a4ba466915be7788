"""Two texts, and which words of them differ."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

__all__ = ["word_changes"]

#: What stands in both texts, only in the first, only in the second.
Sort = Literal[" ", "-", "+"]

_WORD = re.compile(r"\w+|\s+|[^\w\s]")
_LINE = re.compile(r".*\n|.+")
#: Comparing takes the longer the more there is: beyond this, lines are compared.
_MANY = 4000


def word_changes(before: str, after: str) -> list[tuple[Sort, str]]:
    """*before* and *after* as pieces: in both (" "), gone ("-"), new ("+").

    >>> word_changes("It is sunny.", "It is not sunny.")
    [(' ', 'It is '), ('+', 'not '), (' ', 'sunny.')]
    """
    ours, theirs = _WORD.findall(before), _WORD.findall(after)
    if len(ours) + len(theirs) > _MANY:
        ours, theirs = _LINE.findall(before), _LINE.findall(after)
    return [(sort, text) for sort, text in _pieces(ours, theirs) if text]


def _pieces(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[Sort, str]]:
    matcher = SequenceMatcher(None, ours, theirs)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag == "equal":
            yield " ", "".join(ours[a:b])
        else:
            yield "-", "".join(ours[a:b])
            yield "+", "".join(theirs[c:d])
