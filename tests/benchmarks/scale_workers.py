"""A run of pytest with 8 workers of xdist, which share cassettes.

Each test asks a server on this machine once, 8 tests for each chat. What was recorded
is looked through afterwards: nothing is lost, nothing is there twice.
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from shutil import rmtree

from growing import Subject

from harness import FakeProvider, say
from harness.cassettes import load_cassette

SIZES = (80, 240, 800)
WORKERS = 8
TESTS = '''"""Each test asks once."""

import os

import httpx
import pytest

COUNT = int(os.environ["TESTS"])
URL = os.environ["ASKED"] + "/v1/chat/completions"


@pytest.mark.parametrize("number", range(COUNT))
{marker}
def test_one(number: int) -> None:
    asked = {{"model": "m", "messages": [{{"role": "user", "content": str(number)}}]}}
    assert httpx.post(URL, json=asked).json()["choices"][0]["message"]["content"]
'''
SHARED = '@pytest.mark.cassette("shared", allow_unused=True)'
OWN = "@pytest.mark.cassette"


def project(folder: Path, name: str, marker: str) -> Path:
    """Give a new project with these tests."""
    root = folder / name
    rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    (root / "test_one.py").write_text(TESTS.format(marker=marker), "utf-8")
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", "utf-8")
    return root


def run(root: Path, count: int, url: str, *options: str) -> None:
    """Run the tests, all of which must pass."""
    words = ["-q", "-n", str(WORKERS), "-p", "no:cacheprovider", "-p", "no:randomly"]
    env = {**os.environ, "TESTS": str(count), "ASKED": url}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *options],
        cwd=root,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if f"{count} passed" not in done.stdout:
        raise AssertionError(done.stdout[-3000:] + done.stderr[-500:])


def whole(root: Path, count: int) -> None:
    """See that each chat was recorded once, in whichever file."""
    paths = [*(root / "cassettes").rglob("*.yaml")]
    found = Counter(one.request_body for path in paths for one in load_cassette(path))
    left = [*(root / "cassettes").rglob(".*")]
    journals = [one.name for one in left if one.suffix in {".journal", ".tmp"}]
    if len(found) != count or found.total() != count or journals:
        raise AssertionError(
            f"{count} chats were asked, {found.total()} recorded, {len(found)} of them "
            f"different; left over: {journals}"
        )


def recorded(marker: str, mode: str, count: int, folder: Path) -> Callable[[], object]:
    """Record all of them."""
    root = project(folder, f"record-{count}", marker)

    def work() -> None:
        with FakeProvider(say("Hello!", times="forever")).serve() as server:
            run(root, count, server.url, f"--cassette-mode={mode}")
        whole(root, count)

    return work


def replayed(marker: str, count: int, folder: Path) -> Callable[[], object]:
    """Replay all of them, without a server."""
    root = project(folder, f"replay-{count}", marker)
    with FakeProvider(say("Hello!", times="forever")).serve() as server:
        url = server.url
        run(root, count, url, "--cassette-mode=new_episodes")
    return lambda: run(root, count, url)


SUBJECTS = tuple(
    Subject(name, ready, SIZES, "tests", started=True, most=most, why=why)
    for name, ready, most, why in (
        ("record, own cassettes", partial(recorded, OWN, "once"), 1.15, ""),
        (
            "record, one shared",
            partial(recorded, SHARED, "new_episodes"),
            2.0,
            "each test reads and writes the file, which grows",
        ),
        ("replay, own cassettes", partial(replayed, OWN), 1.15, ""),
        (
            "replay, one shared",
            partial(replayed, SHARED),
            2.0,
            "each test loads the file, which is larger",
        ),
    )
)
