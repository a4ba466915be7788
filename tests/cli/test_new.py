"""`harness new`: files to begin with, that work as they are."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cassettes import Interaction, write_cassette
from harness.cli import main
from harness.scripts.files import load_script, script_schema

ROOT = Path(__file__).parents[2]


def test_a_script(folder, capsys):
    """It loads, plays, and has its schema beside it."""
    assert main(["new", "script", "trip"]) == 0

    assert capsys.readouterr().out == (
        "made fakes/trip.yaml: talk with it, harness play trip\n"
        "made fakes/script.schema.json: editors check scripts by it\n"
    )
    text = (folder / "fakes" / "trip.yaml").read_text("utf-8")
    assert text.startswith(
        "# yaml-language-server: $schema=script.schema.json\n#\n# trip"
    )
    assert len(load_script("trip").turns) == 3
    schema = (folder / "fakes" / "script.schema.json").read_text("utf-8")
    assert json.loads(schema) == script_schema()
    talk = ["--message", "Hi", "--message", "The weather?", "--tool", "get_weather=72"]
    assert main(["play", "trip", "--strict", "--speed", "0", *talk]) == 0


def test_a_name_that_is_given_twice(folder, capsys):
    """It makes one file."""
    assert main(["new", "script", "trip", "trip.yaml"]) == 0

    assert capsys.readouterr().out.count("made fakes/trip.yaml") == 1


def test_the_schema_of_others_stays(folder, capsys):
    """What is beside the script already is not changed."""
    (folder / "fakes").mkdir()
    schema = folder / "fakes" / "script.schema.json"
    schema.write_text("{}")

    assert main(["new", "script", "one", "two"]) == 0
    assert capsys.readouterr().out.count("made") == 2
    assert schema.read_text() == "{}"


def run_tests(folder: Path, *args: str) -> str:
    """Run pytest in *folder*, with our plugin alone; give what it printed."""
    code = (
        "import sys, pytest; from importlib.metadata import entry_points as e; "
        "known = any(p.value == 'harness.pytest_plugin' for p in e(group='pytest11')); "
        "more = [] if known else ['-p', 'harness.pytest_plugin']; "
        "sys.exit(pytest.main([*more, *sys.argv[1:]]))"
    )
    options = ["-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist"]
    done = subprocess.run(
        [sys.executable, "-c", code, *options, *args],
        cwd=folder,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def test_tests_pass_as_they_are(folder, capsys):
    """Those with scripts run; those that record are skipped, and say why."""
    (folder / "pytest.ini").write_text("[pytest]\nharness_cassettes = tapes\n")
    assert main(["new", "test", "my-trip"]) == 0
    assert main(["new", "cassette-test", "hello"]) == 0

    assert capsys.readouterr().out == (
        "made tests/test_my_trip.py: run it, pytest tests/test_my_trip.py\n"
        "made tests/test_hello.py: record it, OPENAI_API_KEY=... pytest "
        "--cassette-mode=once tests/test_hello.py\n"
    )
    out = run_tests(folder, "-rs")
    assert "nothing is recorded, and there is no OPENAI_API_KEY" in out
    assert "2 passed, 1 skipped" in out


def test_what_was_recorded_is_replayed(folder):
    """With its cassette the test passes."""
    main(["new", "cassette-test", "hello"])
    body = {
        "model": "gpt-5-mini",
        "messages": [{"role": "user", "content": "Say hello!"}],
    }
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hello!"}}
    recorded = Interaction(
        "POST",
        "https://api.openai.com/v1/chat/completions",
        200,
        request_body=json.dumps(body).encode(),
        response_headers=(("content-type", "application/json"),),
        response_body=json.dumps({"choices": [choice]}).encode(),
    )
    (folder / "cassettes").mkdir()
    (folder / "cassettes" / "hello.yaml").write_text(write_cassette([recorded]))

    assert "1 passed" in run_tests(folder)


@pytest.mark.parametrize("kind", ["script", "test", "cassette-test"])
def test_nothing_is_overwritten(folder, capsys, kind):
    """What is there stays, and nothing else is made."""
    assert main(["new", kind, "trip"]) == 0
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    capsys.readouterr()

    assert main(["new", kind, "other", "trip"]) == 1
    said = capsys.readouterr()
    assert " is there already, and nothing was made. Give another name" in said.err
    assert said.out == ""
    assert {path: path.read_bytes() for path in folder.rglob("*.*")} == before


def test_endings_may_be_given(folder):
    """A name with what the file is called anyway is the same name."""
    assert main(["new", "script", "trip.yaml"]) == 0
    assert main(["new", "test", "test_trip.py"]) == 0

    assert (folder / "fakes" / "trip.yaml").is_file()
    assert (folder / "tests" / "test_trip.py").is_file()


@pytest.mark.parametrize("name", ["", "../trip", "a b", "a/b", "-", "\x1b[2J", "é"])
def test_names_that_are_none(folder, capsys, name):
    """They are refused, and shown harmlessly."""
    assert main(["new", "script", "--", name]) == 1

    error = capsys.readouterr().err
    assert error.startswith(f"harness: {name!r} is no name for a file: give letters")
    assert [*folder.iterdir()] == []


def test_a_folder_that_cannot_be_made(folder, capsys):
    """It is told in a line."""
    (folder / "fakes").write_text("a file")

    assert main(["new", "script", "trip"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("harness: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        ([], "the following arguments are required: kind, NAME."),
        (["script"], "the following arguments are required: NAME."),
        (["scirpt", "x"], "no kind is 'scirpt'. Did you mean 'script'? There are: "),
    ],
)
def test_wrong_use(capsys, argv, told):
    """Status 2, and a line."""
    with pytest.raises(SystemExit) as ended:
        main(["new", *argv])

    assert ended.value.code == 2
    assert f"harness new: {told}" in capsys.readouterr().err
