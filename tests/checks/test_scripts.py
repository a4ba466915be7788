"""What is wrong with a script, line by line."""

import pytest

from harness.checks import check_file


def found(text: str, *, script: bool = False) -> list[str]:
    """Give what is wrong with a file."""
    return [str(one) for one in check_file(text.encode(), "a.yaml", script=script)]


def test_a_good_script_is_well() -> None:
    """Nothing is said of it."""
    assert found("turns:\n- Hello!\n- say: Bye!\n  times: forever\n") == []


def test_all_errors_of_the_fields_are_told() -> None:
    """One line each, by the line of the file."""
    told = found("sead: 1\nturns:\n- say: Hi\n  tims: 2\n- {fial: 429}\n")

    assert [one.partition(": error script: ")[0] for one in told] == [
        "a.yaml:1",
        "a.yaml:4",
        "a.yaml:5",
    ]
    assert "Did you mean 'seed'?" in told[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("turns: [\n", "a.yaml:2: error script: not YAML: "),
        ("turns: 3\n", "a.yaml:1: error script: turns: 3 is not "),
        (
            "turns:\n- say: Hi\n  cut: [Ho]\n",
            "a.yaml:2: error script: turn 1 (a.yaml:2): ",
        ),
        ("turns:\n- a\n- b\nturns: []\n", "a.yaml:4: error script: the key 'turns'"),
    ],
)
def test_other_errors(text: str, told: str) -> None:
    """What is no YAML, of a wrong type, or cannot be played."""
    (one, *_) = found(text)

    assert one.startswith(told)


def test_what_lies_among_scripts_is_one() -> None:
    """A file in fakes/ without turns is a wrong script, elsewhere no cassette."""
    assert found("truns: []\n", script=True)[0].startswith("a.yaml:1: error script: ")
    assert found("truns: []\n")[0].startswith("a.yaml:1: error damaged: ")
    assert "version" in found("interactions: []", script=True)[0]


FOREVER = "turns:\n- say: Hi\n  times: forever\n"


@pytest.mark.parametrize(
    ("wide", "narrow", "never"),
    [
        ("text: weather", "text: weather", True),
        ("text: weather", "text: the weather", True),
        ("text: weather", "{text: weather, tools: [a]}", True),
        ("tools: [a]", "tools: [a, b]", True),
        ("params: {model: m}", "{text: x, params: {model: m, seed: 1}}", True),
        ("pattern: x+", "pattern: x+", True),
        ("result_of: a", "result_of: a", True),
        ("text: the weather", "text: weather", False),
        ("tools: [a, b]", "tools: [a]", False),
        ("result_of: a", "result_of: b", False),
        ("pattern: x+", "pattern: x*", False),
        ("params: {model: m}", "text: x", False),
    ],
)
def test_turns_behind_one_that_takes_all(wide: str, narrow: str, never: bool) -> None:
    """A turn can never be played where one before applies whenever it does, forever."""
    wide, narrow = (
        said if said.startswith("{") else f"{{{said}}}" for said in (wide, narrow)
    )
    text = f"{FOREVER}  when: {wide}\n- say: Bye\n  when: {narrow}\n"
    told = found(text)

    assert bool(told) is never
    if never:
        assert told[0].startswith(
            "a.yaml:5: error unplayable: turn 2 can never be played: turn 1, when "
        )
    assert found(text.replace("times: forever", "times: 2")) == []


def test_a_turn_behind_one_without_a_condition() -> None:
    """That is an error of the script itself, and has the same rule."""
    (one,) = found(f"{FOREVER}- Bye!\n")

    assert one.startswith("a.yaml:4: error unplayable: turn 2 (a.yaml:4) can never be")
