"""harness.usage: deltas add, reports replace, nothing erases."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.usage import UsageTotal, read_usage, usage_fields


def total(*said: tuple[str, dict[str, Any]]) -> dict[str, Any] | None:
    """Add up what was said, each a delta or a report."""
    running = UsageTotal()
    for kind, usage in said:
        fields = usage_fields(usage, total=kind == "add")
        (running.add if kind == "add" else running.report)(fields)
    return running.value()


def test_nothing_said_is_none() -> None:
    """No usage, an empty one, and one of Nones are all none."""
    assert total() is None
    assert total(("add", {}), ("report", {"input_tokens": None})) is None


def test_deltas_add_in_depth() -> None:
    """Each field adds by itself, at any depth, floats too."""
    one = {"input_tokens": 3, "input_token_details": {"audio": {"in": 1}}, "cost": 0.5}
    two = {"output_tokens": 4, "input_token_details": {"audio": {"in": 2}}, "cost": 1}

    assert total(("add", one), ("add", two)) == {
        "input_tokens": 3,
        "output_tokens": 4,
        "total_tokens": 7,
        "cost": 1.5,
        "input_token_details": {"audio": {"in": 3}},
    }


def test_reports_replace_by_field() -> None:
    """A later report replaces the fields it has, and erases no other."""
    assert total(
        ("report", {"input_tokens": 5, "output_tokens": 1}),
        ("report", {"output_tokens": 7, "input_tokens": None}),
    ) == {"input_tokens": 5, "output_tokens": 7, "total_tokens": 12}


def test_a_total_said_once_still_adds_up() -> None:
    """Deltas that say their total and deltas that do not are counted alike."""
    said = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}

    assert total(("add", said), ("add", {"output_tokens": 3})) == {
        "input_tokens": 1,
        "output_tokens": 4,
        "total_tokens": 5,
    }


def test_a_provider_total_is_kept() -> None:
    """Some providers count more than input and output."""
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 9}

    assert total(("report", usage)) == usage


def test_what_is_no_number_is_kept_as_said_last() -> None:
    """A tier or a flag neither adds nor breaks the sum."""
    first = {"service_tier": "flex", "cached": True}

    assert total(("add", first), ("report", {"service_tier": "default"})) == {
        "input_tokens": 0,
        "output_tokens": 0,
        "total_tokens": 0,
        "cached": True,
        "service_tier": "default",
    }


def test_a_count_and_details_of_one_name_do_not_clash() -> None:
    """Details take the place of a count of the same name."""
    value = total(("add", {"audio": 3}), ("add", {"audio": {"in": 1}}))

    assert value is not None
    assert value["audio"] == {"in": 1}


def test_keys_have_one_order() -> None:
    """The three counts come first, the rest is sorted, whatever came first."""
    usage = {"z": 1, "output_tokens": 1, "a": {"c": 1, "b": 1}, "input_tokens": 1}

    value = read_usage(usage_fields(usage))

    assert value is not None
    assert [*value] == ["input_tokens", "output_tokens", "total_tokens", "a", "z"]
    assert [*value["a"]] == ["b", "c"]


def test_without_fill_nothing_is_made_up() -> None:
    """The form that is stored says what was said and no more."""
    assert read_usage(usage_fields({"output_tokens": 1}), fill=False) == {
        "output_tokens": 1
    }


@given(st.lists(st.dictionaries(st.sampled_from("abc"), st.integers(0, 9)), max_size=4))
def test_order_of_deltas_does_not_matter(usages: list[dict[str, int]]) -> None:
    """Adding is commutative."""
    said = [("add", usage) for usage in usages]

    assert total(*said) == total(*reversed(said))


def test_a_usage_is_a_dict() -> None:
    """Anything else is an error that shows what to give."""
    with pytest.raises(InputError) as caught:
        usage_fields(7, "cumulative_usage")

    assert str(caught.value) == (
        "cumulative_usage is 7. Give a dict such as {'input_tokens': 3, "
        "'output_tokens': 5, 'total_tokens': 8}, or None."
    )


@pytest.mark.parametrize("wrong", ["3", True, {"a": 1}, [1]])
def test_the_three_counts_are_numbers(wrong: object) -> None:
    """A count that cannot be counted is an error, not a TypeError later."""
    with pytest.raises(InputError) as caught:
        usage_fields({"output_tokens": wrong})

    assert str(caught.value) == (
        f"usage_metadata['output_tokens'] is {wrong!r}, not a number."
    )
