"""What holds on other systems than this one: modules that they lack, text files."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import harness

ROOT = Path(__file__).parents[2]
PACKAGE = Path(harness.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))

#: What Python has on POSIX alone, and what `os`, `signal` and `socket` have there.
POSIX = "fcntl grp posix pty pwd readline resource syslog termios tty".split()
NAMES = {
    "os": "O_CLOEXEC O_NONBLOCK fork forkpty geteuid getpgid getuid killpg mkfifo "
    "openpty pread pwrite register_at_fork sched_getaffinity setsid uname wait wait4",
    "signal": "SIGALRM SIGCHLD SIGHUP SIGKILL SIGPIPE SIGQUIT SIGUSR1 SIGUSR2 SIGWINCH "
    "alarm pthread_sigmask setitimer siginterrupt sigwait",
    "socket": "AF_UNIX socketpair sendmsg",
}

# Everything is loaded once before, so that libraries of others are: they know which
# system this is. Then ours is loaded anew.
PROGRAM = """
import importlib, os, signal, socket, sys

def load():
    for module in sys.argv[1].split():
        try:
            importlib.import_module(module)
        except ImportError as error:
            if "chat-harness[" not in str(error) and error.name not in (
                "httptools", "uvicorn"
            ):
                raise

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name in {posix}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

load()
for name in [one for one in sys.modules if one.partition(".")[0] == "harness"]:
    del sys.modules[name]
for name in {posix}:
    sys.modules.pop(name, None)
for module, names in {names}.items():
    for name in names.split():
        vars(sys.modules[module]).pop(name, None)
sys.meta_path.insert(0, Hidden())
sys.platform = "win32"
load()

from harness.cli import main
for command in sys.argv[2:]:
    print(command, main(command.split()))
"""


def dotted(path: Path) -> str:
    """Give the name of a module."""
    name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    return name.removesuffix(".__init__")


@pytest.mark.skipif(sys.platform == "win32", reason="it is so there")
def test_posix_is_not_needed() -> None:
    """No module wants it when it is loaded, and what reads and plays never does."""
    names = [
        dotted(path)
        for path in MODULES
        if path.name not in {"__main__.py", "sitecustomize.py"}
    ]
    commands = ["demo", "check", "stats", "show cassettes/weather.yaml"]
    ended = subprocess.run(
        [
            *(sys.executable, "-c", PROGRAM.format(posix=POSIX, names=NAMES)),
            *(" ".join(names), *commands),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert [f"{one} 0" for one in commands if f"{one} 0" not in lines] == []


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Give each call in our modules: where it is, what is called, with what."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                place = f"{path.relative_to(PACKAGE)}:{node.lineno}"
                yield place, ast.unparse(node.func), node


def opens(called: str, node: ast.Call) -> str | None:
    """Give the mode in which a call opens a file for text, if it does."""
    function = called.rpartition(".")[2]
    if called == "open" or function in {"open", "fdopen"}:
        words = [one.value for one in node.args if isinstance(one, ast.Constant)]
        modes = [one for one in words if one in {"r", "w", "a", "x", "r+", "w+"}]
        return modes[0] if modes else None
    if called != function:  # there are functions of these names, too
        return {"read_text": "r", "write_text": "w"}.get(function)
    return None


def test_text_files_say_how_they_are_encoded() -> None:
    """What the system takes, if nothing is said, is another thing on each system."""
    opened = [(place, node) for place, name, node in calls() if opens(name, node)]
    silent = [
        place
        for place, node in opened
        if not any(word.arg == "encoding" for word in node.keywords)
        if not any(
            isinstance(one, ast.Constant) and str(one.value).startswith("utf-8")
            for one in node.args
        )
    ]

    assert len(opened) > 5
    assert silent == []


def test_text_files_say_how_their_lines_end() -> None:
    """Where text is written: Windows would write other bytes."""
    silent = [
        place
        for place, name, node in calls()
        if opens(name, node) not in {None, "r"}
        if "devnull" not in name
        if not any(word.arg == "newline" for word in node.keywords)
    ]

    assert silent == []
