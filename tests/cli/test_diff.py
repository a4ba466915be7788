"""`harness diff`: what two runs say otherwise."""

import json
from pathlib import Path

import pytest

from harness.chunks import AIMessageChunk
from harness.cli import main
from harness.transcripts import read_transcript


def lines(path: Path) -> list[int | None]:
    """Give the line in which each exchange stands."""
    return [one.line for one in read_transcript(path).exchanges]


@pytest.fixture
def runs(stored):
    """Give the lines of two recorded runs of which little is the same."""
    usage = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    counted = AIMessageChunk("Yes.", usage_metadata=usage, chunk_position="last")
    old = stored(
        "old",
        ("Hello!", "Hi."),
        ("Sunny in Boston?", "Yes, it is a sunny day in Boston."),
        ("Forget me", "Gone."),
    )
    new = stored(
        "new",
        ("Sunny in Boston?", "Yes, it is a rainy day in Boston."),
        ("Hello!", "Hi."),
        ("Who was Ada?", counted),
    )
    return lines(old), lines(new)


def told(runs, words: str = "") -> str:
    """Give what is said of the two runs."""
    a, b = runs
    return f"""\
--- cassettes/old.yaml
+++ cassettes/new.yaml

~ changed #2 cassettes/old.yaml:{a[1]} -> #1 cassettes/new.yaml:{b[0]}
    text: 'Yes, it is a rainy day in Boston.' instead of \
'Yes, it is a sunny day in Boston.'
{words}
- removed #3 cassettes/old.yaml:{a[2]}
    human 'Forget me'

+ added #3 cassettes/new.yaml:{b[2]}
    human 'Who was Ada?'

Exchanges: 1 the same, 1 changed, 1 removed, 1 added.
"""


def test_what_differs(runs, capsys):
    """By meaning: what changed, what is gone, what is new; status 1."""
    assert main(["diff", "old", "new"]) == 1

    assert capsys.readouterr().out == told(runs)


def test_which_words_differ(runs, capsys):
    """With --text the words are marked, too."""
    assert main(["diff", "old", "new", "--text"]) == 1

    words = "          Yes, it is a [-sunny-]{+rainy+} day in Boston.\n"
    assert capsys.readouterr().out == told(runs, words)


def test_what_is_far_from_a_change_is_left_out(stored, capsys):
    """Of long texts that are the same little is shown."""
    stored("old", ("?", f"{'a ' * 99}old {'b ' * 99}old {'c ' * 99}"))
    stored("new", ("?", f"{'a ' * 99}new {'b ' * 99}new {'c ' * 99}"))

    main(["diff", "old", "new", "--text"])
    changed, tail = "[-old-]{+new+}", f" {'c ' * 29}c"
    between = f" {'b ' * 29}b ... {'b ' * 30}"
    line = f"{'a ' * 30}{changed}{between}{changed}{tail}"
    assert f"           ... {line} ..." in capsys.readouterr().out


def test_the_same(runs, capsys):
    """Nothing differs: status 0, and a line."""
    assert runs
    assert main(["diff", "old", "cassettes/old.yaml"]) == 0

    assert capsys.readouterr().out == "Exchanges: 3 the same.\n"


def test_single_exchanges(runs, capsys):
    """NAME#2 is one exchange, compared however little alike they are."""
    (_, first, *_), (*_, second) = runs
    assert main(["diff", "old#2", "new#3", "--without", "usage"]) == 1

    assert (
        capsys.readouterr().out
        == f"""\
--- cassettes/old.yaml
+++ cassettes/new.yaml

~ changed #2 cassettes/old.yaml:{first} -> #3 cassettes/new.yaml:{second}
    message 1 (human): 'Who was Ada?' instead of 'Sunny in Boston?'
    text: 'Yes.' instead of 'Yes, it is a sunny day in Boston.'

Exchanges: 1 changed.
"""
    )


def test_a_file_with_the_sign_in_its_name(stored, capsys):
    """A path that is there is that path."""
    path = stored("a", ("?", "!"))
    path.rename("a#1")

    assert main(["diff", "a#1", "a#1"]) == 0
    assert capsys.readouterr().out == "Exchanges: 1 the same.\n"


def test_json(runs, capsys):
    """For machines, with the words if they are asked for."""
    assert runs
    assert main(["diff", "old", "new", "--json", "--text"]) == 1

    value = json.loads(capsys.readouterr().out)
    assert value["format"] == "chat-harness/comparison/1"
    assert value["counts"] == {"same": 1, "changed": 1, "removed": 1, "added": 1}
    assert value["exchanges"][0]["differences"][0]["words"][1] == ["-", "sunny"]


def test_scripts(folder, capsys):
    """Turns are compared as well."""
    (folder / "a.yaml").write_text("turns: [Hi., Bye.]\n")
    (folder / "b.yaml").write_text("turns: [Hi., {auto: true}, So long.]\n")

    assert main(["diff", "a.yaml", "b.yaml"]) == 1
    assert (
        capsys.readouterr().out
        == """\
--- a.yaml
+++ b.yaml

~ changed #2 a.yaml:1 -> #2 b.yaml:1
    when: 'made up from the request' is new
    text: 'Bye.' is gone
    finish: 'stop' is gone
    answering model: 'fake' is gone
    input_tokens: 0 is gone
    output_tokens: 1 is gone
    total_tokens: 1 is gone

+ added #3 b.yaml:1
    ai 'So long.'

Exchanges: 1 the same, 1 changed, 1 added.
"""
    )


def test_nothing_recorded_reaches_the_terminal(terminal, stored, capsys):
    """What is shown of either is harmless."""
    assert terminal
    stored("old", ("?", "sunny \x1b]0;owned\x07"))
    stored("new", ("?", "rainy \u202egnp \x1b]0;owned\x07"))

    assert main(["diff", "old", "new", "--text"]) == 1
    seen = capsys.readouterr().out
    assert not {*"\x07\u202e"} & {*seen}
    assert r"\u202egnp" in seen


@pytest.mark.usefixtures("runs")
@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["old", "nwe"], "There is no file 'nwe', and neither a cassette nor a script"),
        (["old#0", "new#1"], "cassettes/old.yaml has no exchange '0'; it has 3, count"),
        (["old#x", "new#1"], "cassettes/old.yaml has no exchange 'x'; it has 3, count"),
        (["old#1", "new"], "One of the two is a single exchange, and new is none. "),
        (["old", "cassettes"], "cassettes is a folder. Give one file of it."),
    ],
)
def test_trouble(capsys, argv, says):
    """Status 2, and a line: nobody takes trouble for a difference."""
    assert main(["diff", *argv]) == 2

    said = capsys.readouterr()
    assert said.err.startswith(f"harness: {says}")
    assert (said.out, said.err.count("\n")) == ("", 1)


def test_trouble_of_the_system(stored, monkeypatch, capsys):
    """It is told as well."""
    stored("old", ("?", "!"))

    def refused(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refused)
    assert main(["diff", "old", "old"]) == 2
    assert capsys.readouterr().err == "harness: old: Permission denied.\n"


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["a"], "the following arguments are required: NEW."),
        (
            ["a", "b", "--without", "usgae"],
            "no PART is 'usgae'. Did you mean 'usage'? There are: when, dialect",
        ),
    ],
)
def test_wrong_use(capsys, argv, says):
    """Status 2 too, as of every command."""
    with pytest.raises(SystemExit) as ended:
        main(["diff", *argv])

    assert ended.value.code == 2
    assert f"harness diff: {says}" in capsys.readouterr().err
