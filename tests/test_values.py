"""harness.values: what is plain JSON, and copies of it."""

import enum
import json
import math
from types import MappingProxyType
from typing import Any

import pytest

from harness.errors import InputError
from harness.values import canonical, copied, dumped, plain


class Colour(enum.StrEnum):
    """A string that is more than a string."""

    RED = "red"


class Level(enum.IntEnum):
    """A number that is more than a number."""

    HIGH = 3


@pytest.mark.parametrize(
    "value", [None, True, 0, -1.5, "", "é😀", [], {}, [1, [2]], {"a": {"b": [None]}}]
)
def test_plain_values_stay(value: Any) -> None:
    """What is plain JSON is read as it is."""
    assert plain(value, "x") == value
    assert type(plain(value, "x")) is type(value)


def test_other_spellings_become_plain() -> None:
    """Tuples, mappings and subclasses of the plain types become plain."""
    value = {Colour.RED: (Colour.RED, Level.HIGH, MappingProxyType({"a": 1}))}

    read = plain(value, "x")

    assert read == {"red": ["red", 3, {"a": 1}]}
    assert [type(item) for item in (*read, *read["red"])] == [str, str, int, dict]


def test_plain_shares_nothing() -> None:
    """Changing what was given does not change what was read."""
    given = {"a": [1]}

    read = plain(given, "x")
    given["a"].append(2)

    assert read == {"a": [1]}


def test_halves_of_a_character_are_joined() -> None:
    """Two escapes in a row are one character to JSON, so they are here."""
    assert plain(["\ud83d\ude00", {"\ud83d\ude00": 1}], "x") == ["😀", {"😀": 1}]


@pytest.mark.parametrize("value", [math.nan, math.inf, b"a", {1}, 1j, object])
def test_what_is_not_json_is_an_error_with_its_place(value: object) -> None:
    """The error names the place, shows the value, and says what to give."""
    with pytest.raises(InputError) as caught:
        plain({"a": [0, value]}, "content")

    assert str(caught.value) == (
        f"content['a'][1] is not a JSON value: {value!r}. Give a string, a finite "
        "number, a boolean, None, or lists and string-keyed dicts of these (bytes as "
        "base64 text)."
    )


def test_keys_are_strings() -> None:
    """A key that is no string is an error that names its dict."""
    with pytest.raises(InputError) as caught:
        plain({"a": {1: 2}}, "args")

    assert str(caught.value) == (
        "args['a'] has the key 1; keys of JSON objects are strings."
    )


def test_a_value_in_itself_is_an_error() -> None:
    """A cycle ends in an error of ours, not in a RecursionError."""
    loop: list[Any] = []
    loop.append(loop)

    with pytest.raises(InputError) as caught:
        plain(loop, "content")

    assert str(caught.value) == "content is nested too deeply, or contains itself."


def test_copied_is_deep() -> None:
    """A copy shares no list and no dict."""
    value = {"a": [{"b": 1}], "c": "x"}

    copy = copied(value)
    copy["a"][0]["b"] = 2

    assert value == {"a": [{"b": 1}], "c": "x"}


def test_canonical_ignores_key_order() -> None:
    """Equal values have one text, others another."""
    assert canonical({"a": 1, "b": [1]}) == canonical({"b": [1], "a": 1})
    assert canonical({"a": 1}) != canonical({"a": "1"})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"a": [1, None]}, '{"a":[1,null]}'),
        ("é😀", '"é😀"'),
        ("é\ud83d", '"\\u00e9\\ud83d"'),
    ],
)
def test_dumped_always_encodes(value: Any, text: str) -> None:
    """JSON text is readable where it can be, encodes always, and loads again."""
    assert dumped(value) == text
    assert json.loads(dumped(value).encode()) == value
