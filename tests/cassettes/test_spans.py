"""Changes of a text: which are made, and where its borders move."""

from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes.spans import Edit, applied, byte_edits, chosen, moved

TEXT = st.text(alphabet="aé😀\udc80", max_size=12)


def edit(start: int, end: int, new: str = "x") -> Edit:
    """Give an edit of any kind."""
    return Edit(start, end, new, "secret", "s")


@st.composite
def edited(draw):
    """Draw a text, and edits of it that do not overlap, in order."""
    text = draw(TEXT)
    places = draw(st.lists(st.integers(0, len(text)), unique=True, max_size=6))
    places = sorted(places)[: len(places) // 2 * 2]
    news = draw(st.lists(TEXT, min_size=3, max_size=3))
    pairs = zip(places[::2], places[1::2], news, strict=False)
    return text, [edit(start, end, new) for start, end, new in pairs]


def as_bytes(text):
    """Give the bytes of a text, as bodies have them."""
    return text.encode("utf-8", "surrogateescape")


def test_the_widest_of_overlapping_edits_stays():
    """Of those that begin alike too; what lies inside of one is not made."""
    edits = [edit(6, 8), edit(0, 2), edit(0, 5), edit(3, 6), edit(5, 6)]

    assert chosen(edits) == [edit(0, 5), edit(5, 6), edit(6, 8)]


@given(edited())
def test_edits_of_bytes(drawn):
    """Counted in bytes, edits are the same, whatever the text is made of."""
    text, edits = drawn
    data = as_bytes(text)
    parts, done = [], 0
    for one, (start, end, size) in zip(edits, byte_edits(text, edits), strict=True):
        parts += [data[done:start], as_bytes(one.new)]
        done = end
        assert size == len(as_bytes(one.new))

    assert b"".join([*parts, data[done:]]) == as_bytes(applied(text, edits))


@given(edited())
def test_borders_between_edits(drawn):
    """What stands before a border that no edit covers is what stood there, edited."""
    text, edits = drawn
    borders = [
        at
        for at in range(len(text) + 1)
        if not any(one.start < at < one.end for one in edits)
    ]

    found = moved(borders, [(one.start, one.end, len(one.new)) for one in edits])

    assert found == [
        len(applied(text[:at], [one for one in edits if one.end <= at]))
        for at in borders
    ]


def test_borders_inside_of_an_edit():
    """They stay in proportion, within the new text."""
    assert moved([2, 4, 5, 6, 8, 9], [(0, 2, 1), (4, 8, 8)]) == [1, 3, 5, 7, 11, 12]
