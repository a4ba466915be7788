"""Rounds, spreads, ratios and growth, without a clock."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measuring import Spread, decade, exponent, growth, ratio, rounds, side

COSTS = st.floats(min_value=1e-9, max_value=1e9)
SAMPLES = st.lists(COSTS, min_size=1, max_size=9)


@given(SAMPLES)
def test_a_median_lies_between_its_quartiles(found):
    """And all of them within what was found, in whichever order that was."""
    spread = Spread.of(found)

    assert min(found) <= spread.low <= spread.median <= spread.high <= max(found)
    assert Spread.of(sorted(found)) == spread


def test_one_sample_is_its_own_spread():
    """Of a single run nothing more is known."""
    assert Spread.of([2.5]) == Spread(2.5, 2.5, 2.5)


def test_a_spread_changes_its_unit_whole():
    """Seconds become milliseconds in the quartiles too."""
    assert Spread(2.0, 1.0, 4.0).times(1e3) == Spread(2000.0, 1000.0, 4000.0)


def test_sides_take_their_turn_in_every_round():
    """Forward and then backward, so that no side is always the one behind another."""
    turns: list[str] = []

    def run(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    taken = rounds({name: (lambda name=name: run(name)) for name in "abc"}, 3)

    assert "".join(turns) == "abccbaabc"
    assert taken == {"a": [1.0, 6.0, 7.0], "b": [2.0, 5.0, 8.0], "c": [3.0, 4.0, 9.0]}


def test_rounds_to_get_warm_do_not_count():
    """They run, and what they took is lost."""
    numbers = iter(range(10))

    assert rounds({"a": lambda: next(numbers)}, 2, warm=3) == {"a": [3, 4]}


def test_a_slow_side_runs_in_the_first_rounds():
    """So it is measured a moment after the others, and not warmed."""
    turns: list[str] = []
    sides = {
        name: (lambda name=name: len(turns.append(name) or turns)) for name in "ab"
    }

    taken = rounds(sides, 3, warm=1, most={"b": 1})

    assert "".join(turns) == "aabaa"
    assert taken == {"a": [2, 4, 5], "b": [3]}


def test_a_side_runs_its_work_as_often_as_told():
    """And gives what one of them took: no time at all is negative."""
    runs: list[int] = []

    assert side(lambda: runs.append(1), times=4)() >= 0
    assert len(runs) == 4


@given(st.lists(st.tuples(COSTS, COSTS), min_size=1, max_size=9), COSTS)
def test_a_spell_that_hits_a_whole_round_changes_no_ratio(pairs, slow):
    """A ratio is taken within its round."""
    over, under = zip(*pairs, strict=True)
    before = ratio(over, under)
    after = ratio([slow * over[0], *over[1:]], [slow * under[0], *under[1:]])

    assert math.isclose(after.median, before.median, rel_tol=1e-9)


def test_a_side_of_fewer_rounds_is_held_by_its_median():
    """A peer that takes a minute runs once; the spread is that of the other side."""
    assert ratio([100.0], [1.0, 2.0, 4.0]) == Spread.of([100.0, 50.0, 25.0])
    assert ratio([2.0, 4.0, 6.0], [2.0]) == Spread.of([1.0, 2.0, 3.0])


@given(
    st.floats(min_value=-3, max_value=3),
    st.floats(min_value=1e-6, max_value=1e6),
    st.sets(st.integers(1, 10**6), min_size=2, max_size=6),
)
def test_the_exponent_of_a_power_is_that_power(power, factor, sizes):
    """Whatever its factor is, and whichever sizes are measured."""
    costs = {size: factor * size**power for size in sorted(sizes)}

    assert math.isclose(exponent(costs), power, abs_tol=1e-6)


def test_growth_is_that_of_each_round():
    """A slow spell in one round leaves the median of the others."""
    found = growth({10: [1.0, 5.0, 1.0], 100: [10.0, 500.0, 10.0]})

    assert found.median == pytest.approx(1.0)
    assert found.high == pytest.approx(1.5)


def test_growth_over_unequal_rounds_is_that_of_the_medians():
    """There are no pairs to take."""
    found = growth({10: [1.0, 2.0, 9.0], 100: [20.0]})

    assert found == Spread.of([found.median])
    assert found.median == pytest.approx(1.0)


def test_growth_of_one_size_is_an_error():
    """It is told with the size that there is."""
    with pytest.raises(ValueError, match=r"two sizes or more, not \[10\]"):
        growth({10: [1.0]})


def test_a_decade_is_what_tenfold_the_size_costs():
    """Linear is ten times, quadratic a hundred."""
    assert [decade(power) for power in (0, 1, 2)] == [1, 10, 100]
