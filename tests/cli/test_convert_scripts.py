"""The command `harness convert --to script`: what it writes, where, what it says."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness import FakeChatModel
from harness.cli import main
from harness.scripts.files import load_script

CASSETTES = Path(__file__).parent.parent.parent / "cassettes"
WEATHER = str(CASSETTES / "weather.yaml")
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project with a folder `fakes`, in which the command runs."""
    (tmp_path / "fakes").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


ONE = {"message": {"content": "One."}, "finish_reason": "stop"}
CHAT = "https://api.openai.com/v1/chat/completions"


def recorded(*choices: Any, url: str = CHAT) -> str:
    """Give a file with one answer of OpenAI's, as dd-trace writes it."""
    asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    body = json.dumps({"choices": choices})
    said = {
        "request": {"method": "POST", "url": url, "body": json.dumps(asked)},
        "response": {"status": {"code": 200}, "body": body},
    }
    return json.dumps(said)


def test_a_script_in_fakes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is found by its name afterwards, and plays what was recorded."""
    assert main(["convert", WEATHER, "--to", "script"]) == 0

    said = capsys.readouterr()
    assert said.out == f"{WEATHER}: vcrpy, 5 turns -> fakes/weather.yaml\n"
    assert said.err == ""
    model = FakeChatModel.load("weather")
    assert model.invoke("Hello!").text == "Hello! Ask me about the weather anywhere."
    text = (project / "fakes" / "weather.yaml").read_text(encoding="utf-8")
    assert text.startswith("# From weather.yaml.\n# Left out: ids,")


def test_where_it_goes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A place may be given, and several files are joined in one script."""
    (project / "a.json").write_text(recorded(ONE))
    (project / "b.json").write_text(recorded(ONE))

    assert main(["convert", "a.json", "b.json", "--to", "script", "-o", "c.yaml"]) == 0
    assert main(["convert", "a.json", "--to", "script", "--into", "d"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "a.json: datadog, 1 turn -> c.yaml"
    assert lines[2] == "a.json: datadog, 1 turn -> d/a.yaml"
    assert len(load_script("c.yaml", project).turns) == 2
    assert "# From a.json, b.json.\n" in (project / "c.yaml").read_text()


def test_nothing_is_written_over(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A script that people have edited stays, unless --force says otherwise."""
    edited = project / "fakes" / "weather.yaml"
    edited.write_text("turns: [Mine.]")

    assert main(["convert", WEATHER, "--to", "script"]) == 1
    assert edited.read_text() == "turns: [Mine.]"
    assert "fakes/weather.yaml is there already." in capsys.readouterr().err
    assert main(["convert", WEATHER, "--to", "script", "--force"]) == 0
    assert edited.read_text() != "turns: [Mine.]"


def test_options(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Conditions and pauses are for scripts, and editors find the schema there."""
    (project / "fakes" / "script.schema.json").write_text("{}")

    assert main(["convert", WEATHER, "--to", "script", "--match", "--timing"]) == 0
    text = (project / "fakes" / "weather.yaml").read_text(encoding="utf-8")
    assert text.startswith("# yaml-language-server: $schema=script.schema.json\n#\n")
    assert "when: Hello!" in text
    capsys.readouterr()
    assert main(["convert", WEATHER, "--match"]) == 2
    said = capsys.readouterr().err
    assert said == "harness: --match is for scripts: --to script.\n"


def test_what_is_left_out_is_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On stderr, by script and turn; what has no chat at all is an error."""
    choices = [{"message": {"content": "Hi"}, "index": n} for n in range(3)]
    (project / "a.json").write_text(recorded(*choices))
    (project / "b.json").write_text(recorded(url="https://api.openai.com/v1/files"))

    assert main(["convert", "a.json", "--to", "script"]) == 0
    assert capsys.readouterr().err == (
        "harness: fakes/a.yaml: turn 1: Left out: 2 further choices.\n"
    )
    assert main(["convert", "b.json", "--to", "script", "--json"]) == 1

    said = capsys.readouterr()
    assert said.err == (
        "harness: b.json has no chat that a script could play: b.json (POST "
        "https://api.openai.com/v1/files): no dialect reads this URL.\n"
    )
    assert json.loads(said.out)["files"][0]["file"] == "b.json"
    assert not (project / "fakes" / "b.yaml").exists()


def test_without_secrets(project: Path) -> None:
    """What an answer leaks stays behind."""
    (project / "a.json").write_text(
        recorded({"message": {"content": f"Your key is {KEY}."}})
    )

    assert main(["convert", "a.json", "--to", "script"]) == 0

    text = (project / "fakes" / "a.yaml").read_text()
    assert KEY not in text
    assert "Your key is REDACTED" in text
