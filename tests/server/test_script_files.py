"""Scripts in files: read again when they change, and loud when they are broken."""

import os
from pathlib import Path

import pytest

from harness import InputError, ScriptError, UnscriptedRequest
from harness.endpoint import Endpoint
from harness.server import Application, ScriptFile, ServedScript, Server


def written(path: Path, text: str, *, at: int) -> Path:
    """Write a file that has changed at that second."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, (at, at))
    return path


def server_of(file: ScriptFile) -> Server:
    """Give a server of one file."""
    played = ServedScript(file.endpoint, changed=file.changed)
    return Server(Application({"script": played}))


def test_a_changed_script_is_played_from_the_next_request_on(tmp_path, chat):
    """All sessions begin again, and it is told."""
    path = written(tmp_path / "one.yaml", "turns: [old, older]", at=1)
    told: list[str] = []

    with server_of(ScriptFile(path, made=Endpoint, tell=told.append)) as server:
        client = chat(server)
        said = [client.text()]
        written(path, "turns: [new]", at=2)
        said.append(client.text())

    assert said == ["old", "new"]
    assert told == ["one.yaml is read again: all sessions begin anew"]


def test_a_broken_script_is_the_answer_until_it_is_mended(tmp_path, chat, quietly):
    """The old one does not go on: that would hide it."""
    path = written(tmp_path / "one.yaml", "turns: [old, older]", at=1)
    told: list[str] = []

    file = ScriptFile(path, made=Endpoint, tell=told.append)
    with quietly(server_of(file)) as server:
        client = chat(server)
        client.text()
        written(path, "turns: [{sya: a}]", at=2)
        broken = [client.ask(), client.ask()]
        written(path, "turns: [new]", at=3)
        mended = client.text()

    assert [answer.status_code for answer in broken] == [400, 400]
    assert "Did you mean 'say'?" in broken[1].json()["error"]["message"]
    assert mended == "new"
    assert [type(one) for one in server.application.failures()] == [
        UnscriptedRequest,
        UnscriptedRequest,
    ]
    assert len(told) == 2
    assert told[0].startswith("one.yaml cannot be played:\n")


def test_a_script_that_is_gone_is_told(tmp_path, chat, quietly):
    """The request says which file."""
    path = written(tmp_path / "one.yaml", "turns: [old, older]", at=1)

    with quietly(server_of(ScriptFile(path, made=Endpoint))) as server:
        path.unlink()
        answer = chat(server).ask()

    assert answer.status_code == 400
    assert "There is no script" in answer.json()["error"]["message"]


@pytest.mark.parametrize("text, error", [(None, ScriptError), ("turns: 7", InputError)])
def test_a_script_that_cannot_be_read_is_not_served(tmp_path, text, error):
    """That is told before anything listens."""
    path = tmp_path / "one.yaml"
    if text is not None:
        path.write_text(text)

    with pytest.raises(error, match=r"one\.yaml"):
        ScriptFile(path, made=Endpoint)
