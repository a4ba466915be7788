"""How a text is cut into the pieces of a stream. In: a text and a cut. Out: pieces.

One law holds for every cut: the pieces join to the text, and none is empty.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, cycle, pairwise, takewhile
from typing import assert_never

from harness.errors import InputError, nearest, shown

__all__ = [
    "ARGUMENTS",
    "Cut",
    "at",
    "characters",
    "cut",
    "cut_arguments",
    "graphemes",
    "pieces",
    "whole",
    "words",
]


@dataclass(frozen=True, slots=True)
class Words:
    """Word by word, each with the white space before it."""


@dataclass(frozen=True, slots=True)
class Characters:
    """Code points by number; the sizes are used in turn, again and again."""

    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Graphemes:
    """So many at a time of what a reader takes for one character."""

    size: int


@dataclass(frozen=True, slots=True)
class Whole:
    """One piece."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces themselves."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class At:
    """Before the characters of these numbers, counted from 0."""

    offsets: tuple[int, ...]


Cut = Words | Characters | Graphemes | Whole | Pieces | At


def words() -> Cut:
    """Cut into words, as models do: white space stays with the word after it.

    Punctuation is a piece of its own, and scripts that write no spaces (Chinese,
    Japanese, Thai...) are cut at each character. No grapheme is cut apart.

    >>> cut("Hi there! How can I", words())
    ['Hi', ' there', '!', ' How', ' can', ' I']
    """
    return Words()


def characters(*sizes: int) -> Cut:
    """Cut into pieces of so many code points: one each, or *sizes* in turn.

    A grapheme may be cut apart, as real streams do; a code point cannot be.
    InputError: a size is not a number from 1 up.

    >>> cut("abcdefgh", characters(1, 3))
    ['a', 'bcd', 'e', 'fgh']
    """
    return Characters(tuple(_number(size, "a size", 1) for size in sizes) or (1,))


def graphemes(size: int = 1) -> Cut:
    r"""Cut into pieces of *size* graphemes: an emoji, a letter with its accents.

    InputError: *size* is not a number from 1 up.

    >>> cut("e\u0301a", graphemes()) == ["e\u0301", "a"]
    True
    """
    return Graphemes(_number(size, "the size", 1))


def whole() -> Cut:
    """Do not cut.

    >>> cut("Hi there!", whole())
    ['Hi there!']
    """
    return Whole()


def pieces(*texts: str) -> Cut:
    """Cut into exactly these *texts*, which have to join to the whole text.

    InputError: one is empty or not a text.

    >>> cut("Hi there!", pieces("Hi th", "ere!"))
    ['Hi th', 'ere!']
    """
    for number, text in enumerate(texts, 1):
        if not isinstance(text, str) or not text:
            raise InputError(
                f"piece {number} of {len(texts)} is {shown(text)}: each piece is a "
                f"text of at least one character."
            )
    return Pieces(texts)


def at(*offsets: int) -> Cut:
    """Cut before the characters that *offsets* number, counted from 0.

    InputError: the offsets are not numbers from 1 up, each above the one before.

    >>> cut("Hi there!", at(3, 7))
    ['Hi ', 'ther', 'e!']
    """
    for offset in offsets:
        _number(offset, "an offset", 1)
    if any(left >= right for left, right in pairwise(offsets)):
        raise InputError(
            f"offsets {shown(offsets)} do not rise: at(3, 7), not at(7, 3)."
        )
    return At(offsets)


ARGUMENTS = Characters((4, 5, 6))
"""How arguments are cut by default: fragments of uneven size that ignore words."""

_NAMED: dict[str, Callable[[], Cut]] = {
    "words": words,
    "characters": characters,
    "graphemes": graphemes,
    "whole": whole,
}


def cut(text: str, how: Cut | str | int | Sequence[str] = "words") -> list[str]:
    """The pieces of *text*.

    *how* is a cut, or short for one: the name "words", "characters", "graphemes" or
    "whole", a number of characters, or the list of pieces. InputError: *how* is none
    of these, or does not fit the text.

    >>> cut("The sky is")
    ['The', ' sky', ' is']
    >>> cut("The sky is", 4)
    ['The ', 'sky ', 'is']
    """
    if not isinstance(text, str):
        raise InputError(f"only a text can be cut, not {shown(text)}.")
    match _cut_of(how):
        case Words():
            return _words(text)
        case Characters(sizes=sizes):
            inside = takewhile(lambda end: end < len(text), accumulate(cycle(sizes)))
            return _split(text, inside)
        case Graphemes(size=size):
            return _graphemes(text, size)
        case Whole():
            return [text] if text else []
        case Pieces(texts=texts):
            return _joining(text, texts)
        case At(offsets=offsets):
            if offsets and offsets[-1] >= len(text):
                raise InputError(
                    f"offset {offsets[-1]} is not inside the text {shown(text)}, which "
                    f"has {len(text)} characters: each offset must leave a piece on "
                    f"either side."
                )
            return _split(text, iter(offsets))
        case _ as unreachable:
            assert_never(unreachable)


def cut_arguments(
    json_text: str, how: Cut | str | int | Sequence[str] = ARGUMENTS
) -> list[str]:
    """The pieces of a tool call's arguments, cut without regard to words.

    >>> cut_arguments('{"location": "Boston"}')
    ['{"lo', 'catio', 'n": "B', 'osto', 'n"}']
    """
    return cut(json_text, how)


def _number(value: int, what: str, least: int) -> int:
    if type(value) is not int or value < least:
        raise InputError(
            f"{what} of a cut is {shown(value)}: give a whole number, {least} or more."
        )
    return value


def _cut_of(how: Cut | str | int | Sequence[str]) -> Cut:
    match how:
        case Words() | Characters() | Graphemes() | Whole() | Pieces() | At():
            return how
        case str() if how in _NAMED:
            return _NAMED[how]()
        case str():
            raise InputError(
                f"there is no cut named {shown(how)}. {nearest(how, _NAMED)}"
            )
        case int():
            return characters(how)
        case list() | tuple():
            return pieces(*how)
        case _:
            raise InputError(
                f"a text cannot be cut by {shown(how)}: give words(), characters(3), "
                f'graphemes(), whole(), at(3, 7), a name like "words", a number of '
                f"characters, or the list of pieces."
            )


def _split(text: str, offsets: Iterator[int]) -> list[str]:
    bounds = [0, *offsets, len(text)] if text else []
    return [text[start:end] for start, end in pairwise(bounds)]


def _joining(text: str, texts: tuple[str, ...]) -> list[str]:
    joined = "".join(texts)
    if joined == text:
        return list(texts)
    first = next(
        (i for i, (a, b) in enumerate(zip(text, joined, strict=False)) if a != b),
        min(len(text), len(joined)),
    )
    raise InputError(
        f"the pieces do not join to the text: from character {first} on the text is "
        f"{_rest(text, first)}, the pieces are {_rest(joined, first)}."
    )


def _rest(text: str, start: int) -> str:
    return shown(text[start:], limit=40) if start < len(text) else "at its end"


# A word with the white space before it, or a run of other signs with theirs; only at
# the end of a text is white space a piece of its own. Most texts have no sign that
# joins a grapheme and do without the bigger, slower engine; on those both agree.
_RULE = r"\s*+(?:{single}{word}++(?:['\u2019]{word}++)*+|{sign}++)|\s++"
_PLAIN = re.compile(_RULE.format(single="", word=r"\w", sign=r"[^\w\s]"))
_NOT_PLAIN = re.compile(
    r"[^\0-\x1b\x20-\x7f\xa0-\xb1\xb4-\xb8\xba\xbb\xbf-\u02ff\u2010-\u2027\u20ac]"
)
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_UNICODE = _RULE.format(
    single=rf"(?=[{_UNSPACED}])\X|",
    word=r"(?:[0-9A-Z_a-z]+(?![^\0-\x7f])|(?=\w)\X)",
    sign=r"(?:(?=[^\w\s])\X)",
)


def _words(text: str) -> list[str]:
    return _found(_UNICODE, text) if _NOT_PLAIN.search(text) else _PLAIN.findall(text)


def _graphemes(text: str, size: int) -> list[str]:
    return _found(rf"\X{{1,{min(size, len(text) + 1)}}}", text)


def _found(pattern: str, text: str) -> list[str]:
    import regex  # type: ignore[import-untyped]  # ships no types

    found: list[str] = regex.findall(pattern, text)
    return found
