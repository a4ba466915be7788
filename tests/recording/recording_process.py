"""A process that records, and dies or finds the disk full where it is told to.

In: a line of JSON, with a list of the children that are to record at once (`Child`).
Out: a line of JSON, with what became of each (`Fate`). And so on, until in ends.

What a child does to the disk is counted: before each call that changes something below
the cassette's folder, and once more where half of what is written is there. Between two
such points the disk is the same, so that what can happen at all happens at one of them.
"""

import errno
import gc
import io
import json
import os
import resource
import signal
import ssl
import sys
import traceback
import warnings
from collections import defaultdict
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from tempfile import TemporaryDirectory
from typing import Any, Literal, TextIO

import httpx

from harness.cassettes import merging
from harness.cassettes.journals import Journal
from harness.errors import CassetteError
from harness.recording import use_cassette

#: Killed there; the disk full from there on, or just once; or for files beyond a size.
Fault = Literal["", "kill", "full", "full once", "limit"]

Tell = Callable[[str, object], object]

_SECURE = ssl.create_default_context()  # nobody needs it, and it takes long to make


@dataclass(frozen=True)
class Child:
    """What is to record: *tapes* times, a cassette with *asks* exchanges."""

    path: str
    url: str
    who: str = "p"
    tapes: int = 3
    asks: int = 2
    fault: Fault = ""
    at: int = -1
    without: str = ""  # a part of the harness that is to be missing: see `cripple`


@dataclass(frozen=True)
class Fate:
    """What became of a child: the exchanges that the application saw finished.

    *points* is how many it passed, where it came to its end.
    """

    status: int
    finished: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    points: int = 0


class Fuse:
    """Blows when its point is reached."""

    def __init__(self, child: Child) -> None:
        self.fault, self._at = child.fault, child.at
        self.points = 0

    def burn(self, *, can_fail: bool = True) -> None:
        """Pass a point; calls that give room back do not find the disk full."""
        here, self.points = self.points, self.points + 1
        if self.fault == "kill" and here == self._at:
            os.kill(os.getpid(), signal.SIGKILL)
        full = here == self._at or (self.fault == "full" and here > self._at >= 0)
        if self.fault in {"full", "full once"} and full and can_fail:
            raise OSError(errno.ENOSPC, "No space left on device")


class Torn(io.FileIO):
    """A file that is written in two halves."""

    fuse: Fuse

    def write(self, data: Any, /) -> int:
        self.fuse.burn()
        rest = memoryview(data)[self._all_of(data[: len(data) // 2]) :]
        self.fuse.burn()
        self._all_of(rest)
        return len(data)

    def _all_of(self, data: Any) -> int:
        rest = memoryview(data)
        while rest:
            rest = rest[super().write(rest) :]
        return len(data)


class Disk:
    """What changes below *folder*, each call a point of *fuse*."""

    def __init__(self, folder: str, fuse: Fuse) -> None:
        self._folder = f"{folder}/"
        self._fuse = fuse
        self._opened: set[int] = set()

    def watch(self) -> None:
        """Replace the calls of the system that change something."""
        self._around(os, "open", self._open)
        self._around(io, "open", self._open_file)
        self._around(os, "write", self._write)
        for name in ("fsync", "replace", "mkdir"):
            self._around(os, name, self._change)
        for name in ("unlink", "ftruncate", "chmod"):
            self._around(os, name, self._free)

    def _around(self, module: Any, name: str, watched: Callable[..., Any]) -> None:
        call = getattr(module, name)

        def calling(target: Any, *args: Any, **more: Any) -> Any:
            if self._has(target):
                return watched(call, target, *args, **more)
            return call(target, *args, **more)

        setattr(module, name, calling)

    def _has(self, target: Any) -> bool:
        if isinstance(target, int):
            return target in self._opened
        return os.fspath(target).startswith(self._folder)

    def _change(self, call: Any, *args: Any, **more: Any) -> Any:
        self._fuse.burn()
        return call(*args, **more)

    def _free(self, call: Any, *args: Any, **more: Any) -> Any:
        self._fuse.burn(can_fail=False)
        return call(*args, **more)

    def _open(self, call: Any, path: Any, flags: int, *args: Any) -> int:
        if not flags & os.O_CREAT:
            return call(path, flags, *args)
        handle: int = self._change(call, path, flags, *args)
        self._opened.add(handle)
        return handle

    def _open_file(self, call: Any, path: Any, mode: str = "r", *args: Any) -> Any:
        if mode.startswith("r"):
            return call(path, mode, *args)
        file = self._change(Torn, path, mode)
        file.fuse = self._fuse
        self._opened.add(file.fileno())
        return file

    def _write(self, call: Any, handle: int, data: Any) -> int:
        self._fuse.burn()
        half: int = call(handle, data[: len(data) // 2])
        self._fuse.burn()
        return half + call(handle, data[half:])


def cripple(part: str) -> None:
    """Take away *part* of what keeps recordings safe, to see that it is missed."""
    match part:
        case "journal":
            Journal.write = lambda *_: None
        case "replacing":
            merging.replace_file = lambda path, *data: path.write_bytes(b"".join(data))
        case "merging":
            merging.Loaded.refreshed = lambda loaded, _: loaded
        case _:
            assert part == ""


def record(child: Child, fuse: Fuse, tell: Tell) -> None:
    """Record all that *child* is to record; *tell* what finished, and when it opens."""
    with httpx.Client(verify=_SECURE) as client:
        for tape in range(child.tapes):
            with use_cassette(child.path, "new_episodes"):
                tell("open", tape)
                for n in range(child.asks):
                    name = f"{child.who}-{tape}-{n}"
                    with client.stream("POST", child.url, content=name) as answer:
                        fuse.burn(can_fail=False)
                        said = answer.read()
                    assert said == f"echo {name}".encode()
                    tell("finished", name)


def run(child: Child, tell: Tell) -> None:
    """Be a child: record, and tell what finished and what went wrong."""
    fuse = Fuse(child)
    cripple(child.without)
    folder = os.path.dirname(child.path)  # noqa: PTH120  # no more than a text is asked
    Disk(folder, fuse).watch()
    if child.fault == "limit":
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (child.at, hard))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            record(child, fuse, tell)
        except CassetteError as error:
            tell("errors", str(error))
    tell("points", fuse.points)


def begin(child: Child, gate: tuple[int, int]) -> tuple[int, TextIO]:
    """Start *child*; give its id and its voice.

    Once it has opened its first cassette it waits until the *gate* opens.
    """
    reading, writing = os.pipe()
    if process := os.fork():
        os.close(writing)
        return process, os.fdopen(reading)
    status, write = 1, os.write
    os.close(gate[1])

    def tell(about: str, what: object) -> None:
        write(writing, f"{json.dumps([about, what])}\n".encode())
        if (about, what) == ("open", 0):
            os.read(gate[0], 1)

    try:
        run(child, tell)
        status = 0
    except BaseException:  # noqa: BLE001  # whatever it is, the test sees it
        traceback.print_exc()
    finally:
        os._exit(status)


def end(process: int, voice: TextIO, first: str) -> Fate:
    """Wait for a child, which has said *first*; give what became of it."""
    told: dict[str, list[Any]] = defaultdict(list)
    with voice:
        for line in (first, *voice):
            if line:
                about, what = json.loads(line)
                told[about].append(what)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return Fate(status, told["finished"], told["errors"], sum(told["points"]))


def warm(child: Child) -> None:
    """Record once, so that all is loaded already when processes are forked off."""
    with TemporaryDirectory() as folder:
        record(replace(child, path=f"{folder}/a.yaml"), Fuse(child), lambda *_: None)
    gc.collect()
    gc.freeze()


def main() -> None:
    """Serve until there is nothing more to do."""
    first = True
    for line in sys.stdin:
        children = [Child(**said) for said in json.loads(line)]
        if first:
            warm(children[0])
        first = False
        gate = os.pipe()
        begun = [begin(child, gate) for child in children]
        # Their cassettes are open then, or they have come to an end before.
        opened = [(*child, child[1].readline()) for child in begun]
        os.close(gate[1])
        fates = [asdict(end(*child)) for child in opened]
        os.close(gate[0])
        sys.stdout.write(f"{json.dumps(fates)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
