"""harness.text: pieces that are cut inside a character."""

from hypothesis import given
from hypothesis import strategies as st

from harness.text import GrowingText, shown_text, whole

UNITS = st.lists(
    st.sampled_from(["a", "é", "😀", "\ufeff", "\ud83d", "\ude00", ""])
    | st.text(st.characters(exclude_categories=()), max_size=3)
)


def grown(pieces: list[str]) -> GrowingText:
    """Put the pieces together."""
    text = GrowingText()
    for piece in pieces:
        text.grow(piece)
    return text


@given(UNITS)
def test_growing_is_joining(pieces: list[str]) -> None:
    """Pieces that grow are what they are when joined at once."""
    text = grown(pieces)

    assert text.raw() == whole("".join(pieces))
    assert text.shown() == shown_text(text.raw())


@given(UNITS)
def test_what_is_shown_encodes_and_only_grows(pieces: list[str]) -> None:
    """Each prefix encodes to UTF-8 and is a prefix of the next."""
    text, before = GrowingText(), ""
    for piece in pieces:
        text.grow(piece)
        shown = text.shown()

        assert shown.encode().startswith(before.encode())
        before = shown
    assert text.shown(ended=True).startswith(before)


def test_whole_joins_pairs_only() -> None:
    """Pairs become characters; all else stays, a byte order mark too."""
    assert whole("\ufeffa\ud83d\ude00\ude00é") == "\ufeffa😀\ude00é"


def test_a_half_at_the_end_waits() -> None:
    """It shows neither as itself nor as U+FFFD until the text has ended."""
    text = grown(["a\ud83d"])

    assert (text.shown(), text.shown(ended=True)) == ("a", "a\ufffd")
    assert shown_text("a\ud83d") == "a"


def test_lone_halves_show_as_replacement_characters() -> None:
    """What can no longer become a character shows as U+FFFD; raw text keeps it."""
    text = grown(["\ude00a", "\ud83d", "b"])

    assert text.shown() == shown_text(text.raw()) == "\ufffda\ufffdb"
    assert text.raw() == "\ude00a\ud83db"


def test_plain_text_is_returned_as_it_is() -> None:
    """Nothing is copied where there is nothing to do."""
    text = "héllo"

    assert whole(text) is text
    assert shown_text(text) is text
