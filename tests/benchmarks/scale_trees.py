"""Trees of up to 10,000 cassettes, one chat in each: commands, and a run of pytest."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

from growing import Subject
from material import tree

from harness.cli import main

SIZES = (100, 300, 1_000, 3_000, 10_000)


def command(*words: str) -> Callable[[int, Path], Callable[[], object]]:
    """Run a command of ours in the project."""

    def ready(count: int, folder: Path) -> Callable[[], object]:
        root = tree(count, folder)
        page = ["--output", str(folder / "report.html")] if "report" in words else []

        def work() -> None:
            with (
                chdir(root),
                redirect_stdout(io.StringIO()),
                redirect_stderr(io.StringIO()),
            ):
                main([*words, *page])

        return work

    return ready


def tested(*options: str) -> Callable[[int, Path], Callable[[], object]]:
    """Run the project's tests, which replay every tenth cassette."""

    def ready(count: int, folder: Path) -> Callable[[], object]:
        root = tree(count, folder)
        words = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", *options]
        command = [sys.executable, "-m", "pytest", *words]
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}

        def work() -> None:
            run = subprocess.run(
                command, cwd=root, env=env, capture_output=True, text=True, check=False
            )
            if f"{-(-count // 10)} passed" not in run.stdout:
                raise AssertionError(run.stdout[-2000:] + run.stderr[-500:])

        return work

    return ready


SUBJECTS = (
    *(
        Subject(name, ready, SIZES, "cassettes")
        for name, ready in {
            "harness check": command("check"),
            "harness check --orphans": command("check", "--orphans"),
            "harness stats": command("stats"),
            "harness report": command("report", "cassettes"),
            "harness refresh --dry-run": command(
                "refresh", "--dry-run", "--older-than", "0d"
            ),
        }.items()
    ),
    Subject("pytest, a tenth", tested(), SIZES, "cassettes", started=True),
    Subject(
        "pytest --cassette-orphans, a tenth",
        tested("--cassette-orphans"),
        SIZES,
        "cassettes",
        started=True,
    ),
)
