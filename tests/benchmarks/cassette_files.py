"""Files of n exchanges: reading them, opening and closing them, adding one more.

CPU time; waiting for the disk is not counted.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from exchanges import chats, exchange, plain, write_ours
from machine import STATUS
from measuring import Side, by_size, cpu, rounds
from peers import HERE, PYTHONS, vcrpy, vcrpys
from tables import OURS, Line, Subject
from talking import Peer

from harness.cassettes.http_requests import HttpRequest, request_of
from harness.cassettes.reading import load_cassette
from harness.cassettes.tape import Tape
from harness.recording import use_cassette

PEERS = ("vcrpy", "PyYAML")
SIZES = (10, 100, 1_000, 3_000)
NEW = max(SIZES)
#: Above this size a recorder takes seconds.
OFTEN = 1_000
FOREIGN = "chat-harness, vcrpy's file"

Recorders = dict[str, Peer]


def of(what: str, unit: str = "ms") -> Subject:
    """A subject of this group."""
    return Subject("cassette files", what, unit)


def rows(*, quick: bool) -> Iterator[Line]:
    """All that is done with a file."""
    sizes = SIZES[:3] if quick else SIZES
    count = 3 if quick else 7
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        recorders = dict(stack.enter_context(vcrpys()))
        for size in (1, *sizes):
            write_ours(ours(folder, size), chats(size))
            first = next(iter(recorders.values()))
            first.make(str(theirs(folder, size)), [plain(one) for one in chats(size)])
        yield from loading(folder, recorders, sizes, count)
        if STATUS.exists():
            yield from remembering(folder, recorders, sizes)
        yield from opening(folder, recorders, count)
        yield from adding(folder, recorders, sizes, count)


def ours(folder: Path, size: int) -> Path:
    """Our file of so many exchanges."""
    return folder / f"{size}.yaml"


def theirs(folder: Path, size: int) -> Path:
    """The file of vcrpy."""
    return folder / f"vcrpy-{size}.yaml"


# ---------------------------------------------------------------------- loading


def loading(
    folder: Path, recorders: Recorders, sizes: tuple[int, ...], count: int
) -> Iterator[Line]:
    """Reading a whole file, our own and vcrpy's."""
    sides: dict[tuple[int, str], Side] = {}
    for size in sizes:
        path, other = ours(folder, size), theirs(folder, size)
        sides[size, OURS] = partial(cpu, partial(load_cassette, path))
        sides[size, FOREIGN] = partial(cpu, partial(load_cassette, other))
        for name, peer in recorders.items():
            sides[size, name] = partial(peer.load, str(other))
    seldom = {key: 2 for key in sides if key[0] > OFTEN and key[1] in recorders}
    found = by_size(rounds(sides, count, warm=1, most=seldom))
    for what, mine, aims in (
        ("load a file", OURS, dict.fromkeys(recorders, ">= 5x")),
        ("load vcrpy's file", FOREIGN, {}),
    ):
        taken = {
            size: {OURS: each[mine], **{name: each[name] for name in recorders}}
            for size, each in found.items()
        }
        for size, each in taken.items():
            yield from of(what).rows(each, size, aims if size == 1_000 else None)
        yield from of(what).growths(taken, "<= 12x a decade")


PEAK = """
import sys
from pathlib import Path
import yaml
from harness.cassettes.reading import load_cassette
sys.path.insert(0, sys.argv[1])
from machine import high_water
before = high_water()
found = load_cassette(Path(sys.argv[2]))
print(high_water() - before)
"""


def remembering(
    folder: Path, recorders: Recorders, sizes: tuple[int, ...]
) -> Iterator[Line]:
    """By how much reading a file raises the peak of the memory of a new process."""
    taken: dict[int, dict[str, list[float]]] = {}
    for size in sizes:
        path, other = ours(folder, size), str(theirs(folder, size))
        command = [sys.executable, "-c", PEAK, str(HERE), str(path)]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        taken[size] = {OURS: [float(done.stdout)]}
        for name, python in zip(recorders, PYTHONS, strict=True):
            with vcrpy(python) as peer:
                taken[size][name] = [peer.peak(other)]
        yield from of("load a file, peak memory", "MB").rows(taken[size], size)
    large = {size: each for size, each in taken.items() if size > 10}
    yield from of("load a file, peak memory", "MB").growths(large, "<= 12x a decade")


# ------------------------------------------------------------------- fixed costs


def opening(folder: Path, recorders: Recorders, count: int) -> Iterator[Line]:
    """Opening and closing a cassette, as each test does."""
    for what, size in (
        ("around a test, no file", 0),
        ("around a test, a file of 1", 1),
        ("around a test, a file of 10", 10),
    ):
        path, other = ours(folder, size), str(theirs(folder, size))
        sides: dict[str, Side] = {OURS: partial(cpu, partial(opened, path), 50)}
        for name, peer in recorders.items():
            sides[name] = partial(peer.around, other, 20)
        taken = rounds(sides, count, warm=1)
        yield from of(what).rows(taken, aims={OURS: "<= 1 ms"})


def opened(path: Path) -> None:
    """Open and close."""
    with use_cassette(path):
        pass


# ------------------------------------------------------------------------ adding


def adding(
    folder: Path, recorders: Recorders, sizes: tuple[int, ...], count: int
) -> Iterator[Line]:
    """One exchange more in a file: opening it, then keeping the exchange and saving."""
    parts: dict[str, dict[int, dict[str, list[float]]]] = {
        "open, to add one": {},
        "add one, and save": {},
    }
    for size in sizes:
        own, other = ours(folder, size), str(theirs(folder, size))
        adds: dict[str, Callable[[], Any]] = {OURS: partial(add, own)}
        for name, peer in recorders.items():
            adds[name] = partial(peer.add, other, plain(exchange(NEW)))
        found: dict[str, list[Any]] = {name: [] for name in adds}
        for number in range(1 + (count if size <= OFTEN else 2)):
            for name, run in adds.items():
                pair = run()
                if number:  # the first is to get warm
                    found[name].append(pair)
        for place, taken in enumerate(parts.values()):
            taken[size] = {
                name: [pair[place] for pair in pairs] for name, pairs in found.items()
            }
    for what, taken in parts.items():
        for size, each in taken.items():
            yield from of(what).rows(each, size)
        yield from of(what).growths(taken, "<= 12x a decade")


def add(path: Path) -> tuple[float, float]:
    """Record one exchange more: seconds to open, and to keep it and save."""
    copy = path.with_suffix(".copy.yaml")
    shutil.copy(path, copy)
    new = exchange(NEW)
    asked: HttpRequest = request_of(new)
    tapes: list[Tape] = []

    def keep() -> None:
        exchanged = tapes[0].recording(asked)
        exchanged.response(new.status, new.response_headers, reason=new.reason)
        exchanged.chunk(new.response_body)
        exchanged.end()
        tapes[0].close()

    opened = cpu(lambda: tapes.append(Tape(copy, "new_episodes", forced=True)))
    return opened, cpu(keep)
