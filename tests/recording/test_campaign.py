"""A campaign against recordings: killed anywhere, no room left, many at once.

Real processes record a real server with httpx. Whatever happens to them: the cassette
is whole, and what an application saw finished is there, once, when the next one has
recorded. (Damaged files: tests/cassettes/test_damage.py; secrets: test_redaction.py.)
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from harness.cassettes import load_cassette
from harness.cassettes.tape import Tape
from harness.errors import CassetteError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="it forks and sends signals")

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
PROGRAM = Path(__file__).with_name("recording_process.py")
OLD = ["old-0-0", "old-0-1"]

Start = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def start() -> Iterator[Start]:
    """Give what has processes record at once, and says what became of each."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def ask(*children: dict[str, Any]) -> list[Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{json.dumps(children)}\n")
        process.stdin.flush()
        return [
            SimpleNamespace(**fate) for fate in json.loads(process.stdout.readline())
        ]

    yield ask
    process.communicate()
    assert process.returncode == 0


class Field:
    """One cassette after the other, each with two old exchanges, for all to hit."""

    def __init__(self, folder: Path, url: str, start: Start) -> None:
        self.url = url
        self._folder = folder
        self._start = start
        self._count = 0
        self.path = self._next()
        self.run(who="old", tapes=1)
        self._old = self.path.read_bytes()

    def _next(self) -> Path:
        self._count += 1
        path = self._folder / str(self._count) / "cassette.yaml"
        path.parent.mkdir()
        return path

    def fresh(self) -> None:
        """Go on with a cassette that has nothing but the old exchanges."""
        self.path = self._next()
        self.path.write_bytes(self._old)

    def run_all(self, *children: dict[str, Any]) -> list[Any]:
        """Let processes record at once."""
        common = {"path": str(self.path), "url": self.url}
        return self._start(*({**common, **child} for child in children))

    def run(self, **child: Any) -> Any:
        """Let one process record."""
        (fate,) = self.run_all(child)
        return fate

    def points(self, **child: Any) -> int:
        """Give at how many points something can happen to a process."""
        self.fresh()
        fate = self.run(**child)
        assert (fate.status, fate.errors) == (0, [])
        return int(fate.points)

    def whole(self) -> list[str]:
        """Give the names of the exchanges in the cassette, which is whole."""
        found = load_cassette(self.path, seals="error")
        names = [one.request_body.decode() for one in found]
        assert [one.response_body for one in found] == [
            f"echo {name}".encode() for name in names
        ]
        assert names[: len(OLD)] == OLD
        return names

    def recovered(self) -> list[str]:
        """Give what is there when the next one has recorded; nothing else is left."""
        self.whole()
        for begun in self.path.parent.glob("*.journal.tmp"):
            os.utime(begun, (1, 1))  # a minute goes by
        Tape(self.path, "new_episodes", forced=True).close()
        names = self.whole()
        assert len(names) == len({*names})
        assert [*self.path.parent.iterdir()] == [self.path]
        return names


@pytest.fixture
def field(tmp_path: Path, server: Any, start: Start) -> Field:
    """Give cassettes, and processes that record into them."""
    return Field(tmp_path, server.url, start)


def lost(field: Field, finished: list[str]) -> int:
    """Give how many of *finished* are not there in the end."""
    return len({*finished} - {*field.recovered()})


# --------------------------------------------------------------------------- killed


def test_killed_at_every_point(field: Field) -> None:
    """Each file is as it was before the call that did not end, or half written."""
    points = field.points()
    assert points >= 50

    for at in range(points):
        field.fresh()
        fate = field.run(fault="kill", at=at)

        assert fate.status == -signal.SIGKILL, at
        found = field.recovered()
        assert {*fate.finished} <= {*found}, at
        # At most one had finished, and could not say so any more.
        assert len(found) <= len(OLD) + len(fate.finished) + 1, at


def test_killed_again_and_again(field: Field) -> None:
    """Those that take over what others have left are killed too, fifty times."""
    points = field.points()
    draw = random.Random(50)  # noqa: S311  # a seed: the same points each time
    killed = 0

    for n in range(500 if LONG else 50):
        field.fresh()
        finished: list[str] = []
        for again in range(3):
            fate = field.run(
                who=f"p{n}.{again}", fault="kill", at=draw.randrange(points)
            )
            killed += fate.status == -signal.SIGKILL
            finished += fate.finished
        assert lost(field, finished) == 0

    assert killed > 100


# -------------------------------------------------------------------------- no room


def told_lost(fate: Any) -> int:
    """Give how many exchanges a process says that it could not keep."""
    told = re.findall(
        r"^(\d+) recorded exchanges are lost\.$", str(*fate.errors), re.MULTILINE
    )
    return sum(map(int, told))


@pytest.mark.parametrize("fault", ["full", "full once"])
def test_no_room_at_every_point(field: Field, fault: str) -> None:
    """No application notices; what no disk had room for is counted in the error."""
    for at in range(field.points(tapes=1, asks=3)):
        field.fresh()
        fate = field.run(tapes=1, asks=3, fault=fault, at=at)

        assert fate.status == 0, at
        assert len(fate.finished) in {0, 3}, at
        assert lost(field, fate.finished) == told_lost(fate), at
        if fault == "full once":
            assert told_lost(fate) == 0, at


def test_no_room_beyond_a_size(field: Field) -> None:
    """The system itself refuses to write more; the old cassette stays, to the byte."""
    field.fresh()
    before = field.path.read_bytes()
    saved = 0

    for limit in range(0, 3 * len(before), 97):
        field.fresh()
        fate = field.run(tapes=1, fault="limit", at=limit)

        assert (fate.status, len(fate.finished)) == (0, 2), limit
        if fate.errors:
            assert field.path.read_bytes() == before, limit
            assert (
                f"{field.path}: cannot be saved: File too large. It is as it was"
                in (fate.errors[0])
            )
        saved += not fate.errors
        assert lost(field, fate.finished) == told_lost(fate), limit
        if limit > len(before):
            assert told_lost(fate) == 0, limit

    assert 0 < saved < 3 * len(before) / 97


# --------------------------------------------------------------------- many at once


@pytest.mark.parametrize("count", [2, 8])
def test_many_record_at_once(field: Field, count: int) -> None:
    """All that they record is there, what each recorded in its order."""
    field.fresh()
    fates = field.run_all(*({"who": f"p{n}"} for n in range(count)))

    assert [(fate.status, fate.errors) for fate in fates] == [(0, [])] * count
    found = field.recovered()
    for fate in fates:
        assert len(fate.finished) == 6
        assert [name for name in found if name in fate.finished] == fate.finished
    assert len(found) == len(OLD) + 6 * count


def test_some_of_many_are_killed(field: Field) -> None:
    """The others take over what those have left, or the next one does."""
    points = field.points()
    draw = random.Random(8)  # noqa: S311  # as above
    for _ in range(100 if LONG else 10):
        field.fresh()
        fates = field.run_all(
            *({"who": f"p{n}"} for n in range(4)),
            *(
                {"who": f"k{n}", "fault": "kill", "at": draw.randrange(points)}
                for n in range(4)
            ),
        )

        assert [(fate.status, fate.errors) for fate in fates[:4]] == [(0, [])] * 4
        assert lost(field, [name for fate in fates for name in fate.finished]) == 0


# ---------------------------------------------------- that the campaign would find it


def is_harmed(field: Field, finished: list[str]) -> bool:
    """Whether the checks above would have failed."""
    try:
        return lost(field, finished) > 0
    except (AssertionError, CassetteError):
        return True


@pytest.mark.parametrize(
    ("part", "fault"),
    [("journal", "kill"), ("replacing", "kill"), ("replacing", "full")],
)
def test_one_process_without(field: Field, part: str, fault: str) -> None:
    """What keeps recordings safe is needed: without it the campaign finds harm."""
    harm = 0
    for at in range(0, field.points(tapes=1), 2):
        field.fresh()
        fate = field.run(tapes=1, fault=fault, at=at, without=part)
        harm += is_harmed(field, fate.finished)

    assert harm > 0


def test_many_processes_without_merging(field: Field) -> None:
    """So is what has them look at what others have saved meanwhile."""
    field.fresh()
    alone = {"tapes": 1, "without": "merging"}  # both open before either has saved
    fates = field.run_all(*({"who": f"p{n}", **alone} for n in range(2)))

    assert is_harmed(field, [name for fate in fates for name in fate.finished])
