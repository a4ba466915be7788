"""The command `harness convert`: what it writes, where, and what it says."""

import json
from pathlib import Path
from typing import Any

import pytest

from harness.cassettes import Interaction, load_cassette, read_cassette
from harness.cli import main

URL = "https://api.openai.com/v1/chat/completions"
KEY = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH"


def one(answer: str, **headers: str) -> str:
    """Give a file with one interaction, as dd-trace's."""
    said = {
        "request": {"method": "POST", "url": URL, "headers": headers, "body": "{}"},
        "response": {"status": {"code": 200}, "headers": {}, "body": answer},
    }
    return json.dumps(said)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an empty folder, in which the command runs."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bodies(path: str) -> list[bytes]:
    """Give the answers that a cassette holds, each with a right seal."""
    return [found.response_body for found in load_cassette(path, seals="error")]


def test_beside_the_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without more words the cassette lies beside its file, and is called like it."""
    (folder / "weather.json").write_text(one("Hello!"))

    assert main(["convert", "weather.json"]) == 0

    said = capsys.readouterr()
    assert said.out == "weather.json: datadog, 1 interaction -> weather.yaml\n"
    assert said.err == ""
    assert bodies("weather.yaml") == [b"Hello!"]


def test_without_secrets(folder: Path) -> None:
    """What a recording leaks stays behind."""
    (folder / "a.json").write_text(one(f"key {KEY}", Authorization=f"Bearer {KEY}"))

    assert main(["convert", "a.json"]) == 0

    text = (folder / "a.yaml").read_text()
    assert KEY not in text
    assert "REDACTED" in text


def test_nothing_is_written_over(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is there stays as it is, unless it is said to be replaced."""
    (folder / "a.json").write_text(one("new"))
    (folder / "a.yaml").write_text("old")

    assert main(["convert", "a.json"]) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "harness: a.yaml is there already. Give another place (-o, --into), or --force "
        "to write over it.\n"
    )
    assert (folder / "a.yaml").read_text() == "old"

    assert main(["convert", "a.json", "--force"]) == 0
    assert bodies("a.yaml") == [b"new"]


def test_in_place(folder: Path) -> None:
    """A file that is called as its cassette would be is only replaced by force."""
    (folder / "a.yaml").write_text(one("Hello!"))

    assert main(["convert", "a.yaml"]) == 1
    assert main(["convert", "a.yaml", "--force"]) == 0

    assert bodies("a.yaml") == [b"Hello!"]


def test_into_a_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names stay, endings go; files of several folders stay in several."""
    for name in ("r/x/recording.har.json", "r/y/recording.json", "r/y/gpt-4.1.json"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(one(name))

    files = sorted(str(path) for path in (folder / "r").rglob("*.json"))
    assert main(["convert", *files, "--into", "new/cassettes"]) == 0
    assert main(["convert", "r/y/recording.json", "--into", "flat"]) == 0

    made = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*.yaml"))
    assert made == [
        "flat/recording.yaml",
        "new/cassettes/x/recording.yaml",
        "new/cassettes/y/gpt-4.1.yaml",
        "new/cassettes/y/recording.yaml",
    ]
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_two_that_would_have_one_name(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second one does not replace the first, not even by force."""
    (folder / "a.json").write_text(one("first"))
    (folder / "a.har").write_text(one("second"))

    assert main(["convert", "a.json", "a.har", "--into", "c", "--force"]) == 1

    assert "c/a.yaml was made of another file just now" in capsys.readouterr().err
    assert bodies("c/a.yaml") == [b"first"]


def test_joined(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Several files become one cassette, in the order in which they are given."""
    for name in "ba":
        (folder / f"{name}.json").write_text(one(name))

    assert main(["convert", "b.json", "a.json", "-o", "c/all.yml"]) == 0

    assert bodies("c/all.yml") == [b"b", b"a"]
    assert capsys.readouterr().out == (
        "b.json: datadog, 1 interaction -> c/all.yml\n"
        "a.json: datadog, 1 interaction -> c/all.yml\n"
    )


def test_joined_by_halves(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If one of them cannot be read, nothing is written."""
    (folder / "a.json").write_text(one("a"))
    (folder / "b.json").write_text(one("b")[:-9])

    assert main(["convert", "a.json", "b.json", "none.json", "-o", "c.yaml"]) == 1

    said = capsys.readouterr()
    assert said.out == ""
    first, second, last = said.err.splitlines()
    assert first.startswith("harness: b.json, line 1 is no JSON")
    assert last == (
        "harness: c.yaml: not written, since it would lack what was not read."
    )
    assert second == "harness: none.json: cannot be read: No such file or directory."
    assert not (folder / "c.yaml").exists()


def test_others_are_converted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One that cannot be is told; the others still are."""
    (folder / "a.json").write_text('{"what": 1}')
    (folder / "b.json").write_text(one("b"))
    (folder / "c.json").mkdir()

    assert main(["convert", "a.json", "b.json", "c.json"]) == 1

    said = capsys.readouterr()
    assert said.out == "b.json: datadog, 1 interaction -> b.yaml\n"
    first, second = said.err.splitlines()
    assert first == (
        "harness: a.json is in no format that is known. Known: 'body', 'datadog', "
        "'go-vcr', 'har', 'httpmock', 'httprr', 'llama-stack', 'nock', 'vcr', 'vcrpy', "
        "'xai-grpc'. If it is in one of them, name it: --from FORMAT"
    )
    assert second == "harness: c.json: cannot be read: Is a directory."
    assert sorted(path.name for path in folder.iterdir()) == [
        "a.json",
        "b.json",
        "b.yaml",
        "c.json",
    ]


def test_a_host(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where a recording says only paths, the host is a guess that can be replaced."""
    rule = "when: {path: /v1/messages, method: POST}\nthen: {status: 204}\n"
    (folder / "a.yml").write_text(rule)

    assert main(["convert", "a.yml"]) == 0
    assert main(["convert", "a.yml", "--host", "localhost:8000", "--force"]) == 0

    first, second = capsys.readouterr().out.splitlines()
    guessed = "https://api.anthropic.com"
    assert first == f"a.yml: httpmock, 1 interaction at {guessed} -> a.yaml"
    assert second == "a.yml: httpmock, 1 interaction at http://localhost:8000 -> a.yaml"
    assert load_cassette("a.yaml") == (
        Interaction("POST", "http://localhost:8000/v1/messages", 204),
    )


def test_a_host_that_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path that tells nothing, and a host that is no host."""
    (folder / "a.yml").write_text("when: {path: /x}\nthen: {status: 204}\n")

    assert main(["convert", "a.yml"]) == 1
    assert main(["convert", "a.yml", "--host", "a b"]) == 1

    first, second = capsys.readouterr().err.splitlines()
    assert first == (
        "harness: a.yml, interaction 1 (line 1): the recording says no host, and the "
        "path '/x' does not tell whose it is. Give the host: --host api.example.com"
    )
    assert second == (
        "harness: host='a b' is none; give one such as 'api.example.com' or "
        "'http://localhost:8000'."
    )


@pytest.mark.parametrize("given", [".", "..", "/"])
def test_a_folder_is_no_file(
    given: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder is told to be one; others are converted."""
    assert main(["convert", given]) == 1

    assert (
        capsys.readouterr().err
        == f"harness: {given}: cannot be read: Is a directory.\n"
    )


def test_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One list of all files, for programs; errors are told on stderr as well."""
    (folder / "a.json").write_text(one("a"))
    (folder / "b.json").write_text("")

    assert main(["convert", "a.json", "b.json", "--json"]) == 1

    said = capsys.readouterr()
    value: Any = json.loads(said.out)
    assert value["format"] == "chat-harness/conversion/1"
    told = value["files"]
    assert told[0] == {
        "file": "a.json",
        "from": "datadog",
        "interactions": 1,
        "added_hosts": [],
        "cassette": "a.yaml",
    }
    assert told[1]["file"] == "b.json"
    assert f"harness: {told[1]['error']}\n" == said.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "the following arguments are required: FILE"),
        (["a.json", "-o", "b.json"], "cassettes are written as YAML; call it 'b.yaml'"),
        (["a.json", "-o", "b.yaml", "--into", "c"], "not allowed with argument"),
        (["a.json", "--from", "hat"], "no FORMAT is 'hat'. Did you mean 'har'?"),
    ],
)
def test_wrong_use(
    words: list[str], told: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is told, with the status 2, and nothing is written."""
    with pytest.raises(SystemExit, match="2"):
        main(["convert", *words])

    assert told in capsys.readouterr().err
    assert [*folder.iterdir()] == []


def test_a_folder_that_cannot_be_made(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The system's reason is told."""
    (folder / "a.json").write_text(one("a"))

    assert main(["convert", "a.json", "--into", "a.json"]) == 1

    assert capsys.readouterr().err.startswith("harness: a.json/a.yaml: cannot be sa")


def test_the_error_of_a_cassette_says_so(folder: Path) -> None:
    """Who opens a foreign file as a cassette is sent to this command."""
    (folder / "a.json").write_text(one("a"))

    with pytest.raises(
        Exception, match=r"Make a cassette of it: harness convert a\.json"
    ):
        load_cassette("a.json")
    with pytest.raises(Exception, match="Record it again with one of these"):
        read_cassette('{"mappings": []}')
