"""What tests of commands share: a folder to run in, and a terminal."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cassettes import write_cassette
from harness.cassettes.conversations import conversation
from harness.chunks import AIMessageChunk
from harness.messages import HumanMessage
from harness.requests import ChatRequest
from harness.steps import Fault

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder, without any color."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def terminal(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Let standard output be taken for a terminal of 80 columns."""
    assert capsys  # what stands in for standard output from here on
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
    return folder


#: Stores a cassette: its name, and for each chat what is asked and the answer's steps.
Store = Callable[..., Path]


@pytest.fixture
def stored(folder: Path) -> Store:
    """Give what stores a cassette, of a question and the steps of its answer each."""

    def store(name: str, *chats: tuple) -> Path:
        path = folder / "cassettes" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        listed = []
        for asked, *steps in chats:
            request = (
                asked
                if isinstance(asked, ChatRequest)
                else ChatRequest((HumanMessage(asked),), model="m", stream=True)
            )
            said = [
                step
                if isinstance(step, Fault | AIMessageChunk)
                else AIMessageChunk(step, chunk_position="last")
                for step in steps
            ]
            times = [100 * n for n, _ in enumerate(said, 1)]
            at = "2026-01-02T03:04:05Z"
            listed.append(conversation(request, said, times, recorded_at=at))
        path.write_text(write_cassette(listed), "utf-8")
        return path

    return store


@pytest.fixture
def in_a_terminal(folder: Path) -> Callable[..., tuple[int, str]]:
    """Give what runs a command in a pseudo terminal, and types into it."""
    pty = pytest.importorskip("pty", reason="there are no pseudo terminals")
    run = "import sys; from harness.cli import main; sys.exit(main(sys.argv[1:]))"

    def ran(*argv: str, typed: str = "") -> tuple[int, str]:
        here, there = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-c", run, *argv],
            stdin=there,
            stdout=there,
            stderr=there,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        ) as command:
            os.close(there)
            os.write(here, typed.encode())
            seen = b"".join(iter(lambda: _read(here), b""))
            os.close(here)
        return command.returncode, seen.decode().replace("\r\n", "\n")

    return ran


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the command has ended
        return b""
