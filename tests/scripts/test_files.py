"""Scripts in files: what may be written, and errors that name file, line and field."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.errors import InputError, ScriptError
from harness.schemas import problems
from harness.scripts import Script, When, auto, call, fail, pause, say, think
from harness.scripts.files import find_script, load_script, read_script, script_schema
from harness.scripts.yaml_source import read_yaml

FAKES = Path(__file__).parent.parent.parent / "fakes"

EVERYTHING = """
# Every field of every turn.
seed: 7
cut: 3
arguments_cut: whole
check: false
turns:
  - Hello!
  - say: [Hi, {think: Hm., signature: sig}, {pause: 0.5}, {block: {type: x}}]
    usage: {input_tokens: 1}
    finish: length
    cut: characters
    arguments_cut: [a, b]
    when: weather
    times: 2
    misbehaving: true
    model: m
    metadata: {a: 1}
    id: mine
  - call: f
    args: {city: no, day: 2024-01-01, zip: 02134, time: 12:30, big: 1e3, on: true}
    id: c
    when: {pattern: ^a, tools: [f], result_of: g, params: {top: 1}}
    times: forever
  - call: f
    raw: "{"
  - think: Hm.
  - fail: 429
    message: slow
    retry_after: 2
    headers: {a: b}
    after: 0
    when: {text: a}
  - auto: true
  - auto: Hm.
    times: 2
  - {say: a, usage: null, finish: null}
"""


def test_everything_can_be_written() -> None:
    """A file says all that Python code can say."""
    script = read_script(EVERYTHING)

    args = {
        "city": "no",
        "day": "2024-01-01",
        "zip": "02134",
        "time": "12:30",
        "big": 1000.0,
        "on": True,
    }
    wanted = [
        say("Hello!"),
        say(
            *("Hi", think("Hm.", "sig"), pause(0.5), {"type": "x"}),
            usage={"input_tokens": 1},
            finish="length",
            cut="characters",
            arguments_cut=["a", "b"],
            when="weather",
            times=2,
            misbehaving=True,
            model="m",
            metadata={"a": 1},
            id="mine",
        ),
        say(
            call("f", args, _id="c"),
            when=When(pattern="^a", tools=("f",), result_of="g", params={"top": 1}),
            times="forever",
        ),
        say(call("f", raw="{")),
        say(think("Hm.")),
        say(
            fail(429, message="slow", retry_after=2, headers={"a": "b"}, after=0),
            when="a",
        ),
        auto(),
        auto("Hm.", times=2),
        say("a", usage=None, finish=None),
    ]
    assert [turn.answer for turn in script.turns] == [turn.answer for turn in wanted]
    assert [turn.when for turn in script.turns] == [turn.when for turn in wanted]
    assert [turn.times for turn in script.turns] == [turn.times for turn in wanted]
    assert script.turns[1].misbehaving
    assert (script.seed, script.check) == (7, False)
    assert script.turns[2].place == "script.yaml:20"


MISTAKES = [
    ("", "x.yaml:1: the script: None is no set of fields."),
    ("- a", "x.yaml:1: the script: ['a'] is no set of fields."),
    ("turn: [a]", "x.yaml:1: turn: there is no such field. Did you mean 'turns'?"),
    ("seed: 1", "x.yaml:1: the script: the field 'turns' is missing."),
    ("turns:\n- sya: a", "x.yaml:2: turns[0]: {'sya': 'a'} is neither a text nor one"),
    ("turns:\n- sya: a", "one of: {say: ...}, {call: ...}, {think: ...}, {fail: ...},"),
    ("turns:\n- sya: a", "{auto: ...}. Did you mean 'say'?"),
    ("turns:\n- 3", "x.yaml:2: turns[0]: 3 is neither a text nor one of: {say: "),
    ("turns:\n- say: a\n  cutt: 1", "x.yaml:3: turns[0].cutt: there is no such field."),
    ("turns:\n- say: a\n  cutt: 1", "Did you mean 'cut'?"),
    ("turns:\n- say: a\n  cut: wrods", "x.yaml:3: turns[0].cut: 'wrods' is not "),
    (
        "turns:\n- say:\n  - call: f\n    arg: {}",
        "x.yaml:4: turns[0].say[0].arg: there",
    ),
    ("turns:\n- say:\n  - call: f\n    arg: {}", "Known: 'args', 'call', 'id', 'raw'."),
    ("turns:\n- say:\n  - 3", "x.yaml:3: turns[0].say[0]: 3 is neither a text nor one"),
    ("turns:\n- say:\n  - 3", "one of: {call: ...}, {think: ...}, {fail: ...}, {pause"),
    (
        "turns: [{say: [{pause: x}]}]",
        "turns[0].say[0].pause: 'x' is not a valid number.",
    ),
    ("turns:\n- say: a\n  when: {txt: b}", "x.yaml:3: turns[0].when.txt: there is no"),
    ("turns:\n- say: a\n  when: {txt: b}", "Did you mean 'text'?"),
    ("turns:\n- say: a\n  call: f", "x.yaml:3: turns[0].call: there is no such field."),
    (
        "turns:\n- fail: rate_limt",
        "x.yaml:2: turns[0].fail: fail('rate_limt'): no such kind.",
    ),
    (
        "turns:\n- say: a\n  when:\n    pattern: (",
        "x.yaml:4: turns[0].when.pattern: when: pattern '(' is not a regular",
    ),
    (
        "turns:\n- fail: 429\n  retry_after: -2",
        "x.yaml:3: turns[0].retry_after: A fault with retry_after -2.0",
    ),
    (
        "turns:\n- say:\n  - call: f\n    args: {x: !!set {a}}",
        "x.yaml:4: turns[0].say[0].args: call('f')['x'] is not a JSON value",
    ),
    (
        "turns:\n- say: a\n  usage: {input_tokens: x}",
        "x.yaml:3: turns[0].usage: usage['input_tokens'] is 'x', not a number.",
    ),
    ("turns:\n- say:\n  - block: {}", "x.yaml:3: turns[0].say[0].block: {} is no"),
    ("turns:\n- say: a\n  when: {}", "turn 1 (x.yaml:2): when={} is no condition."),
    ("turns:\n- pause: 2", "'pause' goes among the parts of {say: [...]}."),
    (
        "turns:\n- {say: a, times: forever}\n- b",
        "turn 2 (x.yaml:3) can never be played: turn 1 (x.yaml:2) answers everything",
    ),
    ("", "is no set of fields. A script is: {turns: [Hello!, ...]}."),
    ("turns:\n- a\n- {say: ab, cut: [a]}", "turn 2 (x.yaml:3): the pieces do not"),
    ("turns:\n- say: a\n  say: b", "x.yaml:3: the key 'say' stands twice."),
    ("turns:\n- 1: b", "x.yaml:2: a key is a text; quote it: '1'."),
    ("turns:\n- a: b: c", "x.yaml:2: not YAML: "),
    ("turns: &x [*x]", "x.yaml: not YAML: it is nested too deeply, or contains "),
    ("turns: [!!python/object:x {}]", "not YAML: could not determine a constructor"),
    ("turns: [!!int a]", "x.yaml: not YAML: invalid literal for int()"),
]


@pytest.mark.parametrize(("text", "error"), MISTAKES)
def test_mistakes(text: str, error: str) -> None:
    """An error names file, line and field, what is there, and the nearest right."""
    with pytest.raises(InputError) as caught:
        read_script(text, "x.yaml")

    assert error in str(caught.value)


def test_several_mistakes_are_told_at_once() -> None:
    """Each mistake has a line of its own, in the order of the file."""
    with pytest.raises(InputError) as caught:
        read_script("turns:\n- say: a\n  tims: 2\n- pause: 1\nsed: 2", "x.yaml")

    lines = str(caught.value).splitlines()
    assert [line.partition(": ")[0] for line in lines] == [
        "x.yaml:3",
        "x.yaml:4",
        "x.yaml:5",
    ]


def test_yaml_is_read_as_in_version_1_2() -> None:
    """Only what looks like a number, a boolean or null is no text; anchors work."""
    text = (
        "{a: [~, null, true, no, 1, -2, 1.5, .5, 1e3, 0x1f, 012, .inf], b: &b {c: 1}}"
    )

    assert read_yaml(text, "x").value == {
        "a": [None, None, True, "no", 1, -2, 1.5, 0.5, 1000.0, "0x1f", "012", ".inf"],
        "b": {"c": 1},
    }
    assert read_yaml("a: &a {b: 1}\nc: {<<: *a, d: 2}", "x").value["c"] == {
        "b": 1,
        "d": 2,
    }


def test_yaml_that_explodes_is_refused() -> None:
    """A small file that means a huge value is an error, not a hang."""
    rows = [f"k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]" for n in range(1, 9)]
    text = "\n".join(["k0: &k0 [a]", *rows])

    with pytest.raises(InputError, match="x: more than 100000 values"):
        read_yaml(text, "x")


# ------------------------------------------------------------------- finding


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a project with a script, and a folder in it to work in."""
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "fakes").mkdir()
    (tmp_path / "fakes" / "weather.yaml").write_text("turns: [Hello!]")
    (tmp_path / "fakes" / "news.yml").write_text("turns: [News!]")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    return tmp_path


@pytest.mark.parametrize(
    "name", ["weather", "../../fakes/weather.yaml", "news", "../fakes/weather"]
)
def test_scripts_are_found(project: Path, name: str) -> None:
    """A script is found by name, from anywhere in the project, or by path."""
    assert isinstance(load_script(name), Script)


def test_scripts_are_found_in_a_directory(project: Path) -> None:
    """A directory may be given; a path is read from there."""
    fakes = project / "fakes"

    assert find_script("weather", fakes) == fakes / "weather.yaml"
    assert find_script("weather.yaml", fakes) == fakes / "weather.yaml"
    assert find_script(fakes / "weather.yaml") == fakes / "weather.yaml"
    place = load_script("weather", fakes).turns[0].place
    assert place == f"{fakes / 'weather.yaml'}:1"


def test_places_are_short(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file below the working directory is named from there."""
    monkeypatch.chdir(project)

    assert load_script("weather").turns[0].place == "fakes/weather.yaml:1"


def test_missing_scripts(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A script that is not there is an error that lists those that are."""
    with pytest.raises(
        ScriptError, match=r"Did you mean 'weather'\? Known: 'news', 'w"
    ):
        load_script("wether")
    with pytest.raises(ScriptError, match=r"Did you mean 'weather.yaml'\?"):
        load_script("wether.yaml", project / "fakes")
    (project / "deep" / "tox.ini").write_text("")
    with pytest.raises(ScriptError, match=r"fakes'. There is none. A script is a file"):
        load_script("weather")


@pytest.mark.parametrize("name", [3, None, ""])
def test_what_is_no_name(name: Any) -> None:
    """Only a text or a path names a script."""
    with pytest.raises(InputError, match=f"{name!r} is no name of a script"):
        load_script(name)


def test_files_that_cannot_be_read(project: Path) -> None:
    """A file that is no UTF-8 text is an error of the script."""
    (project / "fakes" / "odd.yaml").write_bytes(b"\xff")

    with pytest.raises(ScriptError, match=r"odd.yaml cannot be read"):
        load_script("odd")


# ------------------------------------------------------------------ the schema


def test_the_schema_is_in_step() -> None:
    """The schema in `docs/` is the one that the code writes."""
    path = FAKES.parent / "docs" / "schemas" / "script.json"

    assert json.loads(path.read_text(encoding="utf-8")) == script_schema()


@pytest.mark.parametrize(
    "path", sorted(FAKES.glob("*.yaml")), ids=lambda path: path.stem
)
def test_our_scripts_fit_the_schema(path: Path) -> None:
    """Each script of this repository loads, names the schema and fits it."""
    text = path.read_text(encoding="utf-8")

    assert load_script(path).turns
    named = "# yaml-language-server: $schema=../docs/schemas/script.json\n"
    assert text.startswith(named)
    assert problems(yaml.safe_load(text), script_schema()) == []


@pytest.mark.parametrize("text", ["turns: [{sya: a}]", "turns: [{say: a, cutt: 1}]"])
def test_the_schema_refuses_mistakes(text: str) -> None:
    """An editor sees what the loader would refuse."""
    value: Any = yaml.safe_load(text)

    assert problems(value, script_schema())
    with pytest.raises(InputError, match=re.escape("script.yaml:1")):
        read_script(text)
