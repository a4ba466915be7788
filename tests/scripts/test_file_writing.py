"""Scripts written to files: what is written reads back as the same script."""

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness import strategies as hst
from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.requests import ChatRequest
from harness.schemas import problems
from harness.scripts import (
    Script,
    Turn,
    When,
    at,
    auto,
    call,
    characters,
    fail,
    graphemes,
    pause,
    pieces,
    say,
    think,
    whole,
)
from harness.scripts.file_writing import write_script
from harness.scripts.files import read_script, script_schema
from harness.scripts.turns import as_turn
from harness.scripts.yaml_source import read_yaml
from harness.scripts.yaml_text import entry
from harness.strategies.texts import json_values, texts

SCHEMA = script_schema()
TEXTS = texts(half_characters=False, min_size=1)


def placeless(script: Script) -> list[Turn]:
    """Give the turns of a script without their places."""
    return [replace(turn, place="") for turn in script.turns]


def conditions() -> st.SearchStrategy[When | None]:
    """Draw a condition that a file can say."""
    return st.none() | st.builds(
        When,
        text=TEXTS,
        tools=st.lists(TEXTS, max_size=2),
        result_of=st.none() | TEXTS,
        params=st.dictionaries(TEXTS, json_values(max_leaves=2), max_size=2),
    )


def failures() -> st.SearchStrategy[Any]:
    """Draw a failure, by status or kind or both."""
    return st.builds(
        fail,
        st.sampled_from([429, 500, "interrupted", "timeout", "Slow down, please."]),
        message=st.just("") | TEXTS,
        retry_after=st.none() | st.integers(0, 9) | st.floats(0, 9),
        headers=st.dictionaries(TEXTS, TEXTS, max_size=1),
    )


TURNS: st.SearchStrategy[Turn] = st.one_of(
    st.lists(hst.offered_tools(), max_size=1)
    .flatmap(lambda tools: hst.scripts(tools=tools, max_size=1))
    .map(lambda drawn: drawn[0]),
    st.builds(say, failures()),
    failures().map(as_turn),
    st.builds(say, st.builds(call, st.just("f"), hst.json_objects(), _id=TEXTS)),
    TEXTS.map(
        lambda raw: say(call("f", raw=raw), {"type": "text", "text": "b"}, "c", "d")
    ),
    st.builds(say, st.builds(think, TEXTS, TEXTS), metadata=hst.json_objects()),
    TEXTS.map(lambda text: say({"type": "refusal", "refusal": text}, "a", id="m")),
    TEXTS.map(lambda text: say(f"ab{text}", cut=at(1), model="m")),
    TEXTS.map(auto),
    TEXTS.map(lambda text: say(text, fail("server", status=418, after=0))),
)


@st.composite
def turns(draw: st.DrawFn) -> list[Turn]:
    """Draw turns of every kind that a file can say."""
    drawn = draw(st.lists(TURNS, min_size=1, max_size=3))
    when, times = draw(conditions()), draw(st.integers(1, 2))
    return [replace(drawn[0], when=when, times=times), *drawn[1:]]


@given(
    turns(),
    st.sampled_from(["words", 3, whole(), characters(1, 2), graphemes(2), graphemes()]),
    st.booleans(),
)
def test_written_scripts_read_back(turns: list[Turn], cut: Any, check: bool) -> None:
    """Every turn, condition and option is read as it was, and fits the schema."""
    script = Script(turns, seed=3, cut=cut, arguments_cut=cut, check=check)

    text = write_script(script, heading=["A: #b"], notes={0: ["c\nd: - \0e"], 3: ["f"]})

    read = read_script(text)
    assert placeless(read) == placeless(script)
    assert (read.seed, read.check, read._cuts) == (3, check, script._cuts)
    assert problems(read_yaml(text, "x").value, SCHEMA) == []
    assert all(line == line.rstrip() or "|" in text for line in text.splitlines())


@given(texts(half_characters=False), json_values())
@example(" a\nb", " ")
@example("\n a\n b\n", "\n")
@example("\ta\nb", "\t")
@example("a\n\n", "a \n b")
@example("a\n ", "- a\n# b")
@example(f"{'word ' * 40}end", f" {'word ' * 40}")
@example(f"{'word ' * 40} ", f"{'word ' * 20}  {'word ' * 20}end")
@example("0x1f", ["012", "1:30", "2024-01-01", "NO", "<<", "=", ".inf", "1e3", "..."])
def test_values_read_back(text: str, value: Any) -> None:
    """Whatever the text and the value: as a field, in a list, in a list of lists."""
    for said in (text, value, [text, value], {"a": text, text: value}):
        written = "\n".join([*entry("k:", said), "l:", *entry("-", said), ""])

        assert read_yaml(written, "x").value == {"k": said, "l": [said]}


PRETTY = """\
# From a.yaml.
arguments_cut: whole
turns:
  - Hello!

  - say: |-
      One.

        Two: "2" #x
    usage: {input_tokens: 3, output_tokens: 5}
    finish: length

  # Left out: an image.
  - say:
      - think: >-
          Paris is the capital of France, and the user wants the weather there, so that
          I have to call.
        signature: "12"
      - It is 72°F in "Boston", isn't it?
      - pause: 0.5
      - " And: no."
      - call: get_weather
        args: {location: "Paris, France", when: "no", days: [1, 2.5, null, true]}
        id: call_1
    cut: {characters: [3, 1, 4]}
    when: {text: Paris, result_of: get_weather}

  - call: f
    raw: '{"a'
    misbehaving: true

  - fail: 429
    message: "Slow down: please"
    retry_after: 2

  - say:
      - Hel
      - fail: interrupted
    usage: null
    finish: null

  - auto: true
    times: forever
"""


def test_written_scripts_are_nice() -> None:
    """Blocks for long texts, one line for small things, quotes where they must be."""
    long = (
        "Paris is the capital of France, and the user wants the weather there, so that "
        "I have to call."
    )
    args = {"location": "Paris, France", "when": "no", "days": [1, 2.5, None, True]}
    script = Script(
        "Hello!",
        say(
            'One.\n\n  Two: "2" #x',
            usage={"input_tokens": 3, "output_tokens": 5},
            finish="length",
        ),
        say(
            think(long, "12"),
            'It is 72°F in "Boston", isn\'t it?',
            pause(0.5),
            " And: no.",
            call("get_weather", args, _id="call_1"),
            cut=characters(3, 1, 4),
            when=When(text="Paris", result_of="get_weather"),
        ),
        say(call("f", raw='{"a'), misbehaving=True),
        fail(429, message="Slow down: please", retry_after=2),
        say("Hel", fail("interrupted"), usage=None, finish=None),
        auto_forever(),
        arguments_cut="whole",
    )

    written = write_script(
        script, heading=["From a.yaml."], notes={2: ["Left out: an image."]}
    )

    assert written == PRETTY


def auto_forever() -> Turn:
    """Give a turn that answers whatever is left."""
    return auto(times="forever")


def test_many_sizes_are_wrapped() -> None:
    """A long list of numbers stands on as many lines as it needs."""
    script = Script(say("a" * 300, cut=characters(*([3, 12] * 20))))

    written = write_script(script)

    assert max(map(len, written.splitlines()[3:])) < 88
    assert len(written.splitlines()) < 12


def anything(request: ChatRequest) -> str:
    """Answer any request."""
    return request.messages[0].text


SAID_IN_PYTHON = [
    (anything, "turn 1: it is a function, which no file can say."),
    ([AIMessageChunk("a")], "turn 1: it is given chunk by chunk, which no file can"),
    (
        say("a", when=anything),
        "turn 1: its condition is a function, which no file can say.",
    ),
    (
        say("a", when=re.compile("a", re.IGNORECASE)),
        "turn 1 is one that no file can say: turn 1: 'a', when pattern 'a'. Build it",
    ),
    (say("\ud800"), r"turn 1: '\ud800' is half a character, which no file can hold."),
]


@pytest.mark.parametrize(("turn", "error"), SAID_IN_PYTHON)
def test_what_no_file_can_say(turn: Any, error: str) -> None:
    """It is refused by its turn, and nothing is written by halves."""
    with pytest.raises(InputError) as caught:
        write_script(Script(turn))

    assert error in str(caught.value)


def test_cuts_by_numbers_are_read() -> None:
    """A file says all cuts that Python says."""
    text = (
        "cut: {graphemes: 2}\nturns:\n- {say: abc, cut: {characters: [1, 2]}}\n"
        "- {say: abc, cut: {at: [2]}, arguments_cut: [a, b]}"
    )

    script = read_script(text)

    assert placeless(script) == [
        say("abc", cut=characters(1, 2)),
        say("abc", cut=at(2), arguments_cut=pieces("a", "b")),
    ]
    assert script._cuts[0] == graphemes(2)


CUT_MISTAKES = [
    ("{}", "x.yaml:2: turns[0].cut: a cut by numbers is one of {characters: [3, 5]},"),
    ("{at: [2], graphemes: 2}", "x.yaml:2: turns[0].cut: a cut by numbers is one of"),
    ("{sizes: [2]}", "x.yaml:2: turns[0].cut.sizes: there is no such field. Known: 'a"),
    ("{characters: [0]}", "x.yaml:2: turns[0].cut.characters[0]: 0 is not greater"),
    ("{at: [3, 2]}", "x.yaml:2: turns[0].cut: offsets (3, 2) do not rise"),
]


@pytest.mark.parametrize(("cut", "error"), CUT_MISTAKES)
def test_cuts_by_wrong_numbers(cut: str, error: str) -> None:
    """An error names the field, and what is right."""
    with pytest.raises(InputError) as caught:
        read_script(f"turns:\n- {{say: abcd, cut: {cut}}}", "x.yaml")

    assert error in str(caught.value)


def test_failures_have_kind_and_status() -> None:
    """A provider may answer 400 to a key that is wrong."""
    script = read_script("turns: [{fail: authentication, status: 400}]")

    assert placeless(script) == [say(fail("authentication", status=400))]
    with pytest.raises(InputError, match=r"fail\(429, status=400\): give one status"):
        read_script("turns: [{fail: 429, status: 400}]")
