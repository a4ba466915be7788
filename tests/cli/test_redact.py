"""The command `harness redact`: what it hides, leaves, refuses, and says.

That it hides a thousand secrets in all places is in `test_planted_secrets.py`.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from harness import FakeChatModel, RecordingChatModel, Redaction, ReplayChatModel
from harness.cassettes import (
    CassetteSource,
    Interaction,
    load_cassette,
    write_cassette,
)
from harness.cassettes.conversations import conversation
from harness.cli import main
from harness.messages import HumanMessage
from harness.requests import ChatRequest
from harness.steps import Fault

ROOT = Path(__file__).parents[2]
KEY = "gsk_" + "Q7" * 20  # no key of anybody
ASKED = (("authorization", f"Bearer {KEY}"), ("x-ok", "yes"))
SAID = b'{ "a":1.0,\t"b": "\\u00e9" }'  # spelled as nobody would


def interaction(**more: object) -> Interaction:
    """Give one with a key in a header of the request, and a body to be kept."""
    given: Any = {"request_headers": ASKED, "response_body": SAID, **more}
    return Interaction("POST", given.pop("url", "https://a.b/v1"), 200, **given)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a cassette with a key in it, and a comment."""
    file = tmp_path / "a.yaml"
    text = write_cassette([interaction(), interaction(request_headers=())])
    file.write_text(f"# Mine.\n# Yours.\n{text}", "utf-8")
    return file


Captured = pytest.CaptureFixture[str]


def test_a_key_is_hidden(path: Path, capsys: Captured) -> None:
    """The rest is as it was, to the byte; what was hidden is told by its kind."""
    before = load_cassette(path)

    assert main(["redact", str(path)]) == 0
    assert capsys.readouterr().out == (
        f"{path}: hid 1 groq-key; 2 of 2 recordings match as before\n"
    )
    after = load_cassette(path, seals="error")
    assert after[0].request_headers == (
        ("authorization", "Bearer REDACTED-groq-key-71d687ec"),
        ("x-ok", "yes"),
    )
    assert [one.response_body for one in after] == [SAID, SAID]
    assert after[1] == before[1]
    assert path.read_text("utf-8").startswith("# Mine.\n# Yours.\ninteractions:\n")
    assert KEY not in path.read_text("utf-8")


def test_once_more_changes_nothing(path: Path, capsys: Captured) -> None:
    """The file is not even written."""
    main(["redact", str(path)])
    path.chmod(0o444)
    before = path.read_bytes(), path.stat().st_mtime_ns
    capsys.readouterr()

    assert main(["redact", str(path)]) == 0
    assert capsys.readouterr().out == f"{path}: nothing to hide\n"
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_the_cassettes_of_this_repository_stay(
    tmp_path: Path, capsys: Captured
) -> None:
    """Recorded, written by hand in the layout of vcrpy, of messages: to the byte."""
    for file in (ROOT / "cassettes").glob("*.yaml"):
        copy = tmp_path / file.name
        copy.write_bytes(file.read_bytes())

        assert main(["redact", str(copy), "--dry-run"]) == 0
        assert main(["redact", str(copy)]) == 0
        assert copy.read_bytes() == file.read_bytes()
    assert "hid" not in capsys.readouterr().out.replace("to hide", "")


def test_a_dry_run(path: Path, capsys: Captured) -> None:
    """It changes nothing, and ends with 1."""
    before = path.read_bytes()

    assert main(["redact", "--dry-run", str(path)]) == 1
    assert capsys.readouterr().out == (
        f"{path}: would hide 1 groq-key; 2 of 2 recordings match as before\n"
    )
    assert path.read_bytes() == before


def test_a_packed_file_stays_packed(path: Path) -> None:
    """What it says is the same as of one that is not."""
    packed = path.with_name("b.yaml.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    main(["redact", str(path), str(packed)])

    assert gzip.decompress(packed.read_bytes()) == path.read_bytes()


def test_a_packed_body(tmp_path: Path, capsys: Captured) -> None:
    """A body is looked into, and what is hidden there is counted."""
    path = tmp_path / "a.yaml"
    body = gzip.compress(json.dumps({"access_token": "s3cret" * 4}).encode())
    header = (("content-encoding", "gzip"),)
    one = interaction(request_headers=(), response_body=body, response_headers=header)
    path.write_text(write_cassette([one]), "utf-8")
    main(["redact", str(path)])

    assert "hid 1 secret; 1 of 1 " in capsys.readouterr().out
    assert b"REDACTED-secret-" in load_cassette(path)[0].response_body


def test_answers_are_what_they_were(tmp_path: Path) -> None:
    """A cassette of messages plays to the same questions, keys and all."""
    path = tmp_path / "a.yaml"
    questions = [f"My key is {KEY}", "Hello!"]
    model = FakeChatModel("So it is.", f"It was {KEY}.")
    with RecordingChatModel(model, path, redaction=Redaction.none()) as recording:
        for question in questions:
            recording.invoke(question)

    assert main(["redact", str(path)]) == 0
    replay = ReplayChatModel(path)
    assert [replay.invoke(question).text for question in questions] == [
        "So it is.",
        "It was REDACTED-groq-key-71d687ec.",
    ]
    assert KEY not in path.read_text("utf-8")
    assert load_cassette(path, seals="error")


def test_chats_over_http_play_the_same(tmp_path: Path) -> None:
    """Step by step, for what has no secret."""
    text = (ROOT / "cassettes" / "openai-weather.yaml").read_text("utf-8")
    path = tmp_path / "a.yaml"
    path.write_text(text.replace('"REDACTED-', f'"Bearer {KEY} ', 1), "utf-8")
    before = [
        [*one.steps(1.0)]
        for one in CassetteSource(load_cassette(path, seals="ignore")).recordings
    ]

    assert main(["redact", str(path)]) == 0
    found = CassetteSource(load_cassette(path, seals="error")).recordings
    assert [[*one.steps(1.0)] for one in found] == before


def test_a_fault_with_headers(tmp_path: Path) -> None:
    """A recorded error of a provider may have a cookie."""
    fault = Fault("No.", kind="rate_limit", headers={"set-cookie": f"a={KEY}; b"})
    request = ChatRequest((HumanMessage("Hi"),))
    path = tmp_path / "a.yaml"
    path.write_text(write_cassette([conversation(request, [fault], [0])]), "utf-8")

    assert main(["redact", str(path)]) == 0
    assert "a=REDACTED-" in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("options", "hidden"),
    [
        (["--header", "x-ok"], 'x-ok: ["REDACTED-secret-'),
        (["--field", "a"], '"a":"REDACTED-secret-'),
        (["--pattern", r"a\.(b)"], "https://a.REDACTED-own-"),
        (["--query", "who"], "who=REDACTED-secret-"),
        (["--keep", "session_token"], "session_token=s3cret7s3cret7"),
        ([], "session_token=REDACTED-secret-"),
    ],
)
def test_more_and_less_is_hidden(path: Path, options: list[str], hidden: str) -> None:
    """As the redaction of the tests says."""
    url = "https://a.b/v1?who=ada&session_token=s3cret7s3cret7"
    path.write_text(write_cassette([interaction(url=url)]), "utf-8")

    assert main(["redact", str(path), *options]) == 0
    assert hidden in path.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.yaml", None, "a.yaml: cannot be read: No such file or directory."),
        ("a.yaml", "interactions: 3\n", "a.yaml: 'interactions' is 3, not a list"),
        ("a.yaml", "http_interactions: []\n", "a.yaml is a recording in the format of"),
        ("a.yaml", "turns: [Hi]\n", "a.yaml is a script, not a cassette"),
        (
            "a.json",
            json.dumps(
                {
                    "version": 1,
                    "interactions": [
                        {
                            "request": {"method": "GET", "uri": f"https://a.b/{KEY}"},
                            "response": {
                                "status": {"code": 200},
                                "body": {"string": ""},
                            },
                        }
                    ],
                }
            ),
            "a.json is JSON, and cassettes are written as YAML: it is as it was.",
        ),
    ],
)
def test_what_cannot_be_mended(
    path: Path, name: str, text: str | None, told: str, capsys: Captured
) -> None:
    """One line says why; the file is as it was, and the others are mended."""
    other = path.with_name(f"x-{name}")
    if text is not None:
        other.write_text(text, "utf-8")

    assert main(["redact", str(other), str(path)]) == 1
    said = capsys.readouterr()
    assert said.err.startswith(f"harness: {path.parent}/x-{told}")
    assert said.err.count("\n") == 1
    assert "hid 1 groq-key" in said.out
    assert text is None or other.read_text("utf-8") == text


def test_a_secret_that_stays_is_refused(
    path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would be written is looked at once more."""
    before = path.read_bytes()
    monkeypatch.setattr(Redaction, "redact", lambda _rules, one: one)

    assert main(["redact", str(path)]) == 1
    assert capsys.readouterr().err == (
        f"harness: {path} cannot be mended: secret stands where it cannot be "
        "hidden (line 8 of what would be written). Record it again.\n"
    )
    assert path.read_bytes() == before


def test_a_secret_beside_the_interactions(path: Path) -> None:
    """It is hidden in a comment at the head; one in the middle is not written again."""
    path.write_text(f"# {KEY}\n{path.read_text('utf-8')}", "utf-8")
    main(["redact", str(path)])
    assert path.read_text("utf-8").startswith("# REDACTED-groq-key-71d687ec\n# Mine.")
    text = path.read_text("utf-8").replace("  response:", f"  # {KEY}\n  response:", 1)
    path.write_text(text, "utf-8")

    assert main(["redact", str(path), "--dry-run"]) == 1
    assert main(["redact", str(path)]) == 0
    assert KEY not in path.read_text("utf-8")


@pytest.mark.parametrize(
    "old, new", [("code: 200", "code: 201"), ("count: 1", "count: 7")]
)
def test_an_edit_is_not_sealed_with_what_is_hidden(path: Path, old, new, capsys):
    """Nobody could tell afterwards that it was one."""
    text = write_cassette([interaction()]).replace(old, new)
    path.write_text(text, "utf-8")

    assert main(["redact", str(path)]) == 1
    err = capsys.readouterr().err
    assert "harness seal" in err
    assert KEY not in err
    assert path.read_text("utf-8") == text
