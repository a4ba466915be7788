"""Token counts by a table of places: there and back."""

from hypothesis import given
from hypothesis import strategies as st

from harness.wire.counts import Places, read_counts, write_counts

PLACES: Places = {
    ("input_tokens",): (("in",), ("prompt", "n")),
    ("output_tokens",): (("out",),),
    ("details", "cached"): (("prompt", "hits"),),
}


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "input_tokens": st.integers(),
            "output_tokens": st.integers(),
            "details": st.fixed_dictionaries({"cached": st.integers()}),
        },
    )
)
def test_counts_come_back(usage):
    """What is written is read; nothing is None."""
    assert read_counts(write_counts(usage, PLACES), PLACES) == (usage or None)


def test_first_place_that_says_a_number_is_read():
    """Texts, booleans, and objects where numbers should be, say nothing."""
    assert read_counts({"in": "3", "prompt": {"n": 4}}, PLACES) == {"input_tokens": 4}
    assert read_counts({"in": True, "out": {"n": 1}, "prompt": 3}, PLACES) is None


def test_counts_without_a_place_are_kept():
    """Objects of details are taken over, with shorter names."""
    said = {"prompt": {"hits": 1, "audio_tokens": 2, "text": "x"}}

    found = read_counts(said, PLACES, {"prompt": "details"})

    assert found == {"details": {"cached": 1, "audio": 2}}
