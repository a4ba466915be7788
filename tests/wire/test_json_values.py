"""JSON off the wire: what is nested more deeply than our readers can bear is none."""

from typing import Any

import pytest

from harness.errors import InputError
from harness.wire.json_values import read_json, says, write_json


def nested(levels: int, opening: str = "[", closing: str = "]") -> str:
    """Give JSON of so many *levels*."""
    return opening * levels + ("1" if ":" in opening else "") + closing * levels


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_as_many_levels_are_read_as_servers_bear(opening: str, closing: str) -> None:
    """And not one more, whatever our own stack would let through."""
    value: Any = read_json(nested(128, opening, closing))
    depth = 0
    while isinstance(value, dict | list) and value:
        value = value["a"] if isinstance(value, dict) else value[0]
        depth += 1

    assert depth in (127, 128)  # the innermost list has nothing in it
    for levels in (129, 400, 100_000):
        with pytest.raises(ValueError, match="nested too deeply"):
            read_json(nested(levels, opening, closing))


def test_brackets_in_texts_and_side_by_side_are_no_levels() -> None:
    """Only those that stand in each other count."""
    beside = f"[{','.join(['[]'] * 1000)}]"
    text = f'"{"[" * 1000}"'

    assert read_json(beside.encode()) == [[]] * 1000
    assert read_json(text) == "[" * 1000


@pytest.mark.parametrize("text", ["1e310", "-1e310", "NaN", "Infinity"])
def test_numbers_that_are_none_in_json_become_text(text: str) -> None:
    """Whoever writes them again writes JSON."""
    assert read_json(f'{{"a": [{text}, 1.5]}}') == {"a": [text, 1.5]}


@pytest.mark.parametrize("value", [float("inf"), float("nan"), {"a": [-float("inf")]}])
def test_what_json_has_no_number_for_is_not_written(value: object) -> None:
    """Some servers take it, others answer with an error that names a column."""
    with pytest.raises(InputError, match="cannot be said in JSON: Out of range float"):
        write_json(value)


@pytest.mark.parametrize(
    "value", [None, "", [], {}, [None, ""], {"a": [{}, {"b": ""}]}]
)
def test_what_holds_only_nothing_says_nothing(value: Any) -> None:
    """However deep it is; anything else in the same place says something."""
    assert not says(value)
    assert says([value, 0])
    assert says({"a": value, "b": False})
