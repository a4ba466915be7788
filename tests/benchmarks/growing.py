"""One subject at one size, in a process of its own. In: what to do. Out: its cost.

Time is CPU time, of what the process starts too, without that of Python's collector,
which is told apart: it looks at all that lives, again and again, so that its share
grows with whatever a program keeps. Memory is the most that the process had beyond
what it began with (Linux tells it), or the largest process that it started had.
"""

import gc
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

HERE = Path(__file__).parent
STATUS, CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")
#: Makes ready for a size, with files in a folder that all subjects share; what it
#: gives is measured.
Ready = Callable[[int, Path], Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run took: seconds of CPU, of the collector and of the clock, and MB."""

    seconds: float
    collector: float
    elapsed: float
    memory: float


@dataclass(frozen=True, slots=True)
class Subject:
    """Something whose cost may grow with its size, which counts *unit*.

    *most* is the exponent of its time that is no surprise; *why* says why it is not 1,
    *started* that its memory is that of processes which it starts.
    """

    name: str
    ready: Ready
    sizes: tuple[int, ...]
    unit: str
    most: float = 1.15
    why: str = ""
    started: bool = False


def subject_of(group: str, name: str) -> Subject:
    """Give the subject of this name."""
    sys.path.insert(0, str(HERE))
    (found,) = [one for one in subjects(group) if one.name == name]
    return found


def subjects(group: str) -> Iterable[Subject]:
    """Give the subjects of a group: those of the module ``scale_<group>``."""
    from importlib import import_module

    found: Iterable[Subject] = import_module(f"scale_{group}").SUBJECTS
    return found


# ------------------------------------------------------------------- in its own process


def measured(subject: Subject, size: int, folder: Path) -> Cost:
    """Run *subject* once, here and now."""
    work = subject.ready(size, folder)
    collecting = Collecting()
    gc.collect()
    begun = memory(fresh=True)
    cpu, clock = used(), time.perf_counter()
    with collecting:
        work()
    seconds, elapsed = used() - cpu, time.perf_counter() - clock
    most = started() if subject.started else memory() - begun
    return Cost(seconds - collecting.seconds, collecting.seconds, elapsed, most)


class Collecting:
    """How long Python's collector took while it was listened to."""

    def __init__(self) -> None:
        self.seconds = self._begun = 0.0

    def __enter__(self) -> Self:
        gc.callbacks.append(self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self._heard)

    def _heard(self, phase: str, _: Mapping[str, int]) -> None:
        now = time.process_time()
        if phase == "start":
            self._begun = now
        else:
            self.seconds += now - self._begun


def used() -> float:
    """Give the seconds of CPU that this process has had, and those that ended in it."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime


def started() -> float:
    """Give the MB of the largest process that ended in this one."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def memory(*, fresh: bool = False) -> float:
    """Give the most MB that this process had; *fresh*: what it has, and begin anew."""
    if not STATUS.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if fresh:
        CLEAR.write_text("5", "ascii")
    said = STATUS.read_text("ascii")
    return int(said.partition("VmHWM:")[2].split()[0]) / 1024


# --------------------------------------------------------------------- from another one


def cost(group: str, subject: Subject, size: int, folder: Path) -> Cost:
    """Run *subject* in a process of its own. Raises ChildError if that ends badly."""
    command = [sys.executable, __file__, group, subject.name, str(size), str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        said = run.stderr.strip()[-2000:]
        raise ChildError(f"{group}: {subject.name}, {size:,}: {said}")
    return Cost(**json.loads(run.stdout.splitlines()[-1]))


class ChildError(Exception):
    """A subject broke off."""


def main() -> None:
    """Measure what the command line names, and print it."""
    group, name, size, folder = sys.argv[1:]
    found = measured(subject_of(group, name), int(size), Path(folder))
    print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
