"""JSON values out of bytes: one after the other, or in an array, cut anywhere."""

import json
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError, WireError
from harness.wire.json_frames import JsonDecoder

TRICKY = st.text(st.sampled_from('ab{}[]",\\\n\u00e9\U0001f600'), max_size=8)
SCALARS = st.one_of(TRICKY, st.integers(-9, 9), st.none())
INNER = st.recursive(
    SCALARS,
    lambda values: (
        st.lists(values, max_size=3) | st.dictionaries(TRICKY, values, max_size=3)
    ),
    max_leaves=6,
)
OBJECTS = st.lists(st.dictionaries(TRICKY, INNER, max_size=3), min_size=1, max_size=4)
FORMS = st.fixed_dictionaries(
    {"indent": st.sampled_from([None, 2]), "ensure_ascii": st.booleans()}
)


def texts(data, cuts=()):
    """Feed *data* in pieces; give the texts of the events, and where it was cut."""
    bounds = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    decoder = JsonDecoder()
    events = [e for a, b in pairwise(bounds) for e in decoder.feed(data[a:b])]
    events += decoder.close()
    assert {event.event for event in events} <= {""}
    return [event.data for event in events], decoder.cut


@given(
    OBJECTS, FORMS, st.sampled_from(["\n", "\r\n", "", " , "]), st.lists(st.integers())
)
def test_values_one_after_the_other_come_out_each(values, form, between, cuts):
    """Objects come out one by one, however they are spaced, spelt and cut."""
    data = between.join(json.dumps(value, **form) for value in values).encode()

    found, cut = texts(data, map(abs, cuts))

    assert [json.loads(text) for text in found] == values
    assert cut is None


@given(OBJECTS, FORMS, st.lists(st.integers()))
def test_values_of_an_array_come_out_each(values, form, cuts):
    """An array is opened: its objects are the events."""
    data = b" " + json.dumps(values, **form).encode() + b"\n"

    found, cut = texts(data, map(abs, cuts))

    assert [json.loads(text) for text in found] == values
    assert cut is None


@given(OBJECTS, st.booleans(), st.integers(0, 500))
def test_beginning_is_told_from_the_whole(values, array, end):
    """What breaks off inside a value, or before an array is over, is cut."""
    data = json.dumps(values if array else values[0]).encode()
    end %= len(data)

    found, cut = texts(data[:end])

    assert (cut is None) == (not data[:end].strip())
    assert [json.loads(text) for text in found] == values[: len(found)]


@pytest.mark.parametrize(
    "data, found",
    [
        (b"[]", []),
        (b"[ ]\n", []),
        (b"{}{}", ["{}", "{}"]),
        (b'[{}, {"a": []}]', ["{}", '{"a": []}']),
        (b"[[1], [2]]", ["[1]", "[2]"]),
        (b"[1, 2]", ["1, 2"]),
        (b"[{}, 3]", ["{}", "3"]),
        (b'["]"]', ['"]"']),
        (b'{}\n[{"a": 1}]', ["{}", '[{"a": 1}]']),
        (b"[{}] [{}]", ["{}", "[{}]"]),
        (b"{}}", ["{}", "}"]),
        (b"{}] {}", ["{}", "]", "{}"]),
        (b"[{} } {}]", ["{}", "}", "{}"]),
        (b"{} stray", ["{}", "stray"]),
        (b"[{}] stray", ["{}", "stray"]),
        (b"{]}", ["{]", "}"]),
        (b'{"a": "\\"}"}', ['{"a": "\\"}"}']),
        (b'{"a": "\xff"}', ['{"a": "\ufffd"}']),
    ],
)
def test_brackets_decide_what_is_a_value(data, found):
    """A bracket that opens no value, or closes none, is nobody's: it comes out too."""
    assert texts(data) == (found, None)
    assert texts(data, range(len(data))) == (found, None)


@pytest.mark.parametrize("data", [b"[", b"{", b'{"', b'{"\\', b"[{}", b"[{},", b"[1"])
def test_what_is_not_over_is_cut(data):
    """Nothing is made of a value without its end."""
    found, cut = texts(data, range(len(data)))

    assert found in ([], ["{}"])
    assert cut == "inside a JSON body"


def test_value_over_the_limit_is_refused():
    """A value that never ends cannot fill the memory."""
    decoder = JsonDecoder(limit=10)

    decoder.feed(b'{"a": "')

    for _ in range(2):
        with pytest.raises(WireError, match="more than 10 bytes"):
            decoder.feed(b"12345")


def test_values_before_one_over_the_limit_are_given_out():
    """The error comes once what stood before it was given out."""
    decoder = JsonDecoder(limit=10)

    found = decoder.feed(b'{}{"a": "123456789')

    assert [event.data for event in found] == ["{}"]
    with pytest.raises(WireError, match="more than 10 bytes"):
        decoder.feed(b"")


def test_space_before_a_value_may_be_cut_off():
    """What stands before the first value takes no place in it."""
    decoder = JsonDecoder()

    assert decoder.feed(b" ") == []
    assert [e.data for e in decoder.feed(b'"}" {"a": "]"}')] == ['"}" {"a": "]"}']


def test_decoder_is_fed_bytes():
    """A text is a mistake; anything like bytes is not."""
    assert JsonDecoder().feed(memoryview(b"{}"))
    with pytest.raises(InputError, match="is fed bytes"):
        JsonDecoder().feed("{}")


def test_cost_is_linear_in_the_bytes():
    """A long value in small pieces is looked at once, not again with each piece."""
    data = json.dumps({"a": '\\"' * 200_000}).encode()
    decoder = JsonDecoder()
    start = time.process_time()

    found = [e for n in range(0, len(data), 64) for e in decoder.feed(data[n : n + 64])]

    assert len(found) == 1
    assert time.process_time() - start < 5  # quadratic takes minutes
