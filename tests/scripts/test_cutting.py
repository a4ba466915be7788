"""Cutting a text into pieces: every rule, one law."""

import json
import time
from collections.abc import Sequence

import pytest
import regex  # type: ignore[import-untyped]  # ships no types
from hypothesis import example, given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.scripts.cutting import (
    Cut,
    at,
    characters,
    cut,
    cut_arguments,
    graphemes,
    pieces,
    whole,
    words,
)

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
THUMB = "\U0001f44d\U0001f3fd"
SIGNS = (
    *("a", "word", "'", "\u2019", " ", "\n", "\r\n", "\r", "!", "...", "7", "_"),
    *("\u00e9", "e\u0301", "\u0301", "\u200d", "\ufe0f", "\u20e3", "\u0600", "\x1c"),
    *(FAMILY, THUMB, "\U0001f3fd", "\U0001f1e9", "\u5929", "\u0e2a", "\u0e31"),
    *("\u00b2", "\u00b0", "\u2014", "\u00ad", "\u2028", "\ud83d", "\ude00"),
)
TEXT = st.lists(st.sampled_from(SIGNS)).map("".join) | st.text()
SIZES = st.integers(1, 9)
CUT = st.one_of(
    st.just(words()),
    st.just(whole()),
    st.lists(SIZES, max_size=3).map(lambda sizes: characters(*sizes)),
    st.builds(graphemes, SIZES),
    st.sampled_from(["words", "characters", "graphemes", "whole"]),
    SIZES,
)


def ends(parts: Sequence[str]) -> set[int]:
    return {sum(map(len, parts[:i])) for i in range(len(parts) + 1)}


@given(TEXT, CUT)
def test_the_pieces_join_to_the_text(text: str, how: Cut | str | int) -> None:
    """However a text is cut, no piece is empty and nothing is lost or added."""
    found = cut(text, how)

    assert "".join(found) == text
    assert all(found)
    assert found == cut(text, how)


@given(st.lists(st.text(min_size=1)))
def test_given_pieces_come_out_as_given(texts: list[str]) -> None:
    """A list of pieces is its own cut, and so are its boundaries."""
    text = "".join(texts)

    assert cut(text, texts) == cut(text, tuple(texts)) == cut(text, pieces(*texts))
    assert cut(text, texts) == texts
    assert cut(text, at(*sorted(ends(texts) - {0, len(text)}))) == texts


@given(TEXT, st.just(words()) | st.builds(graphemes, SIZES))
@example(" \u0301a", words())
@example("!\u0301\u2764\ufe0f1\ufe0f\u20e3", words())
@example("caf" + "e\u0301" + "x" + THUMB, words())
def test_no_grapheme_is_cut_apart(text: str, how: Cut) -> None:
    """Words and graphemes end only where a reader's characters end."""
    assert ends(cut(text, how)) <= ends(regex.findall(r"\X", text))


@given(TEXT, SIZES)
def test_pieces_have_the_size_asked_for(text: str, size: int) -> None:
    """All but the last piece have exactly so many characters or graphemes."""
    by_graphemes = [len(regex.findall(r"\X", p)) for p in cut(text, graphemes(size))]

    assert {len(piece) for piece in cut(text, size)[:-1]} <= {size}
    assert set(by_graphemes[:-1]) <= {size}


@given(TEXT, TEXT)
def test_a_word_is_cut_alike_in_any_text(text: str, other: str) -> None:
    """What stands in a later line has no say in how an earlier one is cut."""
    alone = cut(text + "a")
    found = cut(text + "a\n" + other)

    assert found[: len(alone)] == alone


@pytest.mark.parametrize(
    "text, expected",
    [
        ("The sky is", ["The", " sky", " is"]),
        ("Hi there! How can I", ["Hi", " there", "!", " How", " can", " I"]),
        ("It's J\u2019adore", ["It's", " J\u2019adore"]),
        ("blue...", ["blue", "..."]),
        ("(see 'x')", ["(", "see", " '", "x", "')"]),
        ("72\u00b0F in Boston.", ["72", "\u00b0", "F", " in", " Boston", "."]),
        ("a\n\n  b \n", ["a", "\n\n  b", " \n"]),
        ("  ", ["  "]),
        ("\u5929\u7a7a\u3002", ["\u5929", "\u7a7a", "\u3002"]),
        (f"ok {THUMB}! {FAMILY}", ["ok", f" {THUMB}!", f" {FAMILY}"]),
        ("", []),
    ],
)
def test_words_are_cut_as_models_do(text: str, expected: list[str]) -> None:
    """White space leads the next word; signs stand alone, as do Chinese letters."""
    assert cut(text) == cut(text, words()) == cut(text, "words") == expected


@pytest.mark.parametrize(
    "city, expected",
    [
        ("Boston", ['{"lo', "catio", 'n": "B', "osto", 'n"}']),
        ("Tokyo", ['{"lo', "catio", 'n": "T', "okyo", '"}']),
    ],
)
def test_arguments_come_in_fragments(city: str, expected: list[str]) -> None:
    """By default arguments break at four, five and six characters in turn."""
    text = json.dumps({"location": city})

    assert cut_arguments(text) == expected
    assert cut_arguments(text, "whole") == [text]


def test_each_rule_has_a_constructor_and_a_short_form() -> None:
    """The same cut can be said in several ways."""
    text = f"a{THUMB}b"

    assert cut(text, characters()) == cut(text, "characters") == cut(text, 1)
    assert cut(text, 1) == ["a", *THUMB, "b"]
    assert cut(text, graphemes()) == cut(text, "graphemes") == ["a", THUMB, "b"]
    assert cut(text, characters(1, 2)) == ["a", THUMB, "b"]
    assert cut(text, whole()) == cut(text, "whole") == [text]
    assert cut(text, at()) == [text]
    assert cut(text, at(1, 3)) == ["a", THUMB, "b"]


def test_cuts_are_values() -> None:
    """Equal cuts are equal, can be keys of a dict, and say what they are."""
    assert characters(2) == characters(2) != characters(3)
    assert len({words(), words(), whole()}) == 2
    assert repr(characters(4, 5)) == "Characters(sizes=(4, 5))"


@pytest.mark.parametrize("how", [10**30, graphemes(10**30)])
def test_a_size_beyond_the_text_is_the_whole(how: Cut | int) -> None:
    """No size is too big."""
    assert cut("abc", how) == ["abc"]


BAD: list[tuple[str, object, str]] = [
    (
        "a",
        "wrds",
        (
            "there is no cut named 'wrds'. Did you mean 'words'? Known: "
            "'characters', 'graphemes', 'whole', 'words'."
        ),
    ),
    ("a", 0, "a size of a cut is 0: give a whole number, 1 or more."),
    ("a", True, "a size of a cut is True: give a whole number, 1 or more."),
    (
        "a",
        None,
        (
            "a text cannot be cut by None: give words(), characters(3), "
            'graphemes(), whole(), at(3, 7), a name like "words", a number of '
            "characters, or the list of pieces."
        ),
    ),
    ("a", words, "a text cannot be cut by <function words at 0x"),
    ("a", b"a", "a text cannot be cut by b'a': give words()"),
    ("a", 1.5, "a text cannot be cut by 1.5: give words()"),
    (
        "a",
        ["a", ""],
        ("piece 2 of 2 is '': each piece is a text of at least one character."),
    ),
    ("a", [3, 7], "piece 1 of 2 is 3: each piece is a text of at least one character."),
    (
        "abcd",
        ["ab", "xd"],
        (
            "the pieces do not join to the text: from character 2 on "
            "the text is 'cd', the pieces are 'xd'."
        ),
    ),
    (
        "abcd",
        ["ab"],
        (
            "the pieces do not join to the text: from character 2 on the text "
            "is 'cd', the pieces are at its end."
        ),
    ),
    (
        "",
        ["ab"],
        (
            "the pieces do not join to the text: from character 0 on the text is "
            "at its end, the pieces are 'ab'."
        ),
    ),
    (
        "abcd",
        at(2, 4),
        (
            "offset 4 is not inside the text 'abcd', which has 4 "
            "characters: each offset must leave a piece on either side."
        ),
    ),
]


@pytest.mark.parametrize("text, how, message", BAD)
def test_a_cut_that_does_not_fit(text: str, how: Cut, message: str) -> None:
    """The error names the value, and what would have been right."""
    with pytest.raises(InputError) as caught:
        cut(text, how)

    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    "offsets, message",
    [
        ((7, 3), "offsets (7, 3) do not rise: at(3, 7), not at(7, 3)."),
        ((3, 3), "offsets (3, 3) do not rise: at(3, 7), not at(7, 3)."),
        ((0, 3), "an offset of a cut is 0: give a whole number, 1 or more."),
        (("3",), "an offset of a cut is '3': give a whole number, 1 or more."),
    ],
)
def test_offsets_rise_from_one(offsets: tuple[int, ...], message: str) -> None:
    """Offsets that would make an empty piece are refused at once."""
    with pytest.raises(InputError) as caught:
        at(*offsets)

    assert str(caught.value) == message


@pytest.mark.parametrize("size", [0, -1, "2", 1.0, False])
def test_sizes_are_numbers_from_one(size: int) -> None:
    """A size that makes no progress is refused at once."""
    with pytest.raises(InputError, match="give a whole number, 1 or more"):
        graphemes(size)
    with pytest.raises(InputError, match="give a whole number, 1 or more"):
        characters(2, size)


def test_only_text_is_cut() -> None:
    """Bytes and messages are not text."""
    with pytest.raises(InputError, match=r"^only a text can be cut, not b'a'\.$"):
        cut(b"a")  # type: ignore[arg-type]  # the test's point


@pytest.mark.parametrize(
    "text",
    ["The sky is blue! " * 6000, "\u5929 e\u0301" * 20000, " " * 100_000 + "\u5929"],
)
def test_long_texts_are_cut_in_no_time(text: str) -> None:
    """100,000 characters take milliseconds; the bound is for slow machines."""
    start = time.process_time()
    cut(text)

    assert time.process_time() - start < 1
