"""What tests of commands share: a folder to run in, and a terminal."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from harness.cassettes import write_cassette
from harness.cassettes.conversations import conversation
from harness.chunks import AIMessageChunk
from harness.messages import HumanMessage
from harness.requests import ChatRequest
from harness.steps import Fault

ROOT = Path(__file__).parents[2]

# A shell has what it starts in the background ignore Ctrl-C, and so would our children.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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


#: Runs a command in a pseudo terminal: awaits texts, and types what belongs to each.
Typing = Callable[..., tuple[int, str]]

_RUN = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C is heard
from harness.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def in_a_terminal(folder: Path) -> Typing:
    """Give what runs a command in a pseudo terminal, and types into it."""
    pty = pytest.importorskip("pty", reason="there are no pseudo terminals")

    def ran(*argv: str, typed: Sequence[tuple[str, str]] = ()) -> tuple[int, str]:
        here, there = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-c", _RUN, *argv],
            stdin=there,
            stdout=there,
            stderr=there,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        ) as command:
            os.close(there)
            try:
                seen = _conversed(here, typed)
            finally:
                os.close(here)
                if command.poll() is None:
                    command.terminate()
        return command.returncode, seen.replace("\r\n", "\n")

    return ran


def _conversed(terminal: int, typed: Sequence[tuple[str, str]]) -> str:
    """Type, and give all that was shown."""
    seen, at = "", 0
    for awaited, text in typed:
        while (found := seen.find(awaited, at)) < 0:
            piece = _read(terminal)
            assert piece, f"{awaited!r} never came: {seen!r}"
            seen += piece
        at = found + len(awaited)
        os.write(terminal, text.encode())
    return seen + "".join(iter(lambda: _read(terminal), ""))


def _read(terminal: int) -> str:
    ready, _, _ = select.select([terminal], [], [], 15)
    if not ready:
        return ""  # it says nothing any more
    try:
        return os.read(terminal, 4096).decode("utf-8", "replace")
    except OSError:  # the command has ended
        return ""
