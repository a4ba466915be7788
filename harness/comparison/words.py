"""Two texts, and which words of them differ."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby
from operator import itemgetter
from typing import Literal

__all__ = ["word_changes"]

#: What stands in both texts, only in the first, only in the second.
Sort = Literal[" ", "-", "+"]

_WORD = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")
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
    pieces = [piece for piece in _pieces(ours, theirs) if piece[1]]
    # The space behind a change may stand beside what follows.
    runs = groupby(pieces, key=itemgetter(0))
    return [(sort, "".join(text for _, text in run)) for sort, run in runs]


def _pieces(ours: Sequence[str], theirs: Sequence[str]) -> Iterator[tuple[Sort, str]]:
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        gone, new = "".join(ours[a:b]), "".join(theirs[c:d])
        if tag == "equal":
            yield " ", gone
            continue
        space = gone[len(gone.rstrip()) :]
        shared = space if new.endswith(space) else ""
        yield "-", gone.removesuffix(shared)
        yield "+", new.removesuffix(shared)
        yield " ", shared
