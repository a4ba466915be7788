"""Mutation testing of the core: python tests/mutation/campaign.py chunks matching ...

In: the names of groups. Out: each mutant that no test notices, the score of each group,
and build/mutants/GROUP.json. Mutants are made in `mutants`, groups are in `groups`.

A first process runs the tests of a group with coverage, and tells which of them reach
which line. A second one collects them, and is forked for each mutant: that process
runs the tests that reach the mutant's lines, the quick ones first, until one fails.
What runs while modules are imported is tried in processes that import it anew.
Mutants that equivalents.toml explains are counted apart.
"""

import argparse
import gc
import json
import math
import os
import pickle
import resource
import shutil
import signal
import sys
import tomllib
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest
from groups import GROUPS, Group
from hypothesis import HealthCheck, Phase, settings
from mutants import Mutant, functions_of, mutants, put_in
from reaching import OPTIONS, ROOT, Reach, caches, map_tests, read_reach

BUILD = ROOT / "build" / "mutants"
EQUIVALENTS = Path(__file__).with_name("equivalents.toml")
NOTICED = ("killed", "timeout")
UNNOTICED, KILLED = 0, 1
GIGABYTE = 2**30


class Campaign:
    """A plugin that, in the place of the tests, runs them against all mutants."""

    def __init__(
        self, wanted: Sequence[Mutant], reach: Reach, told: argparse.Namespace
    ) -> None:
        self.wanted, self.reach, self.told = wanted, reach, told
        self.states: list[str] = []
        self.running: dict[int, Mutant] = {}
        self.failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        living = functions_of([str(ROOT / one.path) for one in self.wanted])
        gc.collect()
        gc.freeze()  # what the children share, none of them shall copy
        new = [name for name in items if name not in self.reach.seconds]
        for mutant in self.wanted:
            names = [*new, *self.affordable(self.reach.tests(mutant))]
            tests = [items[one] for one in names if one in items]
            if len(self.running) == self.told.jobs:
                self.wait()
            pid = os.fork()
            if not pid:
                status = KILLED
                try:
                    functions = living[str(ROOT / mutant.path)]
                    status = self.run(mutant, functions, tests)
                finally:
                    os._exit(status)
            self.running[pid] = mutant
        while self.running:
            self.wait()
        return True

    def affordable(self, names: Sequence[str]) -> Iterator[str]:
        """Give the first of some tests, as many as there is time for."""
        left = self.told.seconds
        for name in names:
            yield name
            left -= self.reach.seconds.get(name, 0.0)
            if left < 0:
                return

    def run(
        self, mutant: Mutant, functions: Sequence[Any], tests: Sequence[pytest.Item]
    ) -> int:
        """Be the process of a mutant: put it in, and run tests until one fails."""
        for stream in (1, 2):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
        spent = sum(self.reach.seconds.get(one.nodeid, 1.0) for one in tests)
        limited(int(4 + 3 * spent))
        if not put_in(mutant, functions) or not tests:
            return UNNOTICED
        for cache in caches():
            cache.cache_clear()
        factory = tests[0].config._tmp_path_factory
        factory._given_basetemp, factory._basetemp = scratch(os.getpid()), None
        for one, following in zip(tests, [*tests[1:], None], strict=True):
            one.config.hook.pytest_runtest_protocol(item=one, nextitem=following)
            if self.failed:
                return KILLED
        return UNNOTICED

    def wait(self) -> None:
        """Wait until the process of some mutant ends, and keep how it went."""
        pid, status = os.wait()
        shutil.rmtree(scratch(pid), ignore_errors=True)
        state = state_of(os.waitstatus_to_exitcode(status))
        self.told.note(self.running.pop(pid), state)


def limited(seconds: int) -> None:
    """Let this process have so much time of the CPU, and a bound of memory."""
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (6 * GIGABYTE, 6 * GIGABYTE))
    signal.alarm(20 * seconds)  # one that waits spends no CPU


def state_of(code: int) -> str:
    """Give what the exit of a mutant's process means."""
    if code in (-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL):
        return "timeout"
    return "survived" if code == UNNOTICED else "killed"


def fresh(mutant: Mutant, tests: Sequence[str], spent: float) -> int:
    """Run tests in this process, which imports the mutant from its beginning.

    Without a mutant they take *spent* seconds.
    """
    plain = SourceFileLoader.get_code

    def get_code(loader: SourceFileLoader, name: str) -> Any:
        if loader.path == str(ROOT / mutant.path):
            return compile(mutant.source, loader.path, "exec")
        return plain(loader, name)

    SourceFileLoader.get_code = get_code
    limited(int(60 + 3 * spent))
    # pytest would read modules that it rewrites, those with examples, by itself.
    given = ("-x", "--assert=plain", f"--basetemp={scratch(os.getpid())}")
    return KILLED if pytest.main([*OPTIONS, *given, *tests]) else UNNOTICED


def in_a_process(work: Callable[[], int], *, quiet: bool = False) -> int:
    """Do something in a process that leaves this one as it is, and give its exit."""
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        status = KILLED
        try:
            if quiet:
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            status = work()
        except BaseException:  # noqa: BLE001 - the exit below would hide it
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(status)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    shutil.rmtree(scratch(pid), ignore_errors=True)
    return status


def scratch(pid: int) -> Path:
    """Give the folder for the temporary files of a process."""
    return BUILD / "scratch" / str(pid)


@dataclass(slots=True)
class Log:
    """What became of the mutants of a group, on the terminal and in a file."""

    path: Path
    states: dict[tuple[str, ...], str]
    left: int

    def note(self, mutant: Mutant, state: str) -> None:
        """Keep how it went with a mutant, and show it if nothing noticed it."""
        self.states[mutant.key] = state
        self.left -= 1
        if state not in NOTICED:
            print(f"[{self.left} left] {state}: {shown(mutant)}", flush=True)
        if self.left % 20 == 0:
            self.save()

    def read(self) -> None:
        """Take the states from the file, if there is one."""
        if self.path.exists():
            rows = json.loads(self.path.read_text())
            self.states |= {(*key,): state for *key, state in rows}

    def save(self) -> None:
        """Write all states to the file."""
        rows = [[*key, state] for key, state in self.states.items()]
        self.path.write_text(json.dumps(rows, indent=0))


def shown(mutant: Mutant) -> str:
    """Give a mutant as a person reads it."""
    sides = (("-", mutant.was), ("+", mutant.now))
    lines = [f"\n  {sign} {one}" for sign, text in sides for one in text.split("\n")]
    return f"{mutant.path}:{mutant.lines[0]} {mutant.function}{''.join(lines)}"


def read_equivalents() -> set[tuple[str, ...]]:
    """Give the mutants that do what the code does, each explained in the file."""
    said = tomllib.loads(EQUIVALENTS.read_text(encoding="utf-8"))["equivalent"]
    return {
        (one["path"], one["function"], was, now)
        for one in said
        for was, now in one["changes"]
        if one["why"]
    }


def all_mutants(group: Group, seed: int, share: float) -> list[Mutant]:
    """Give the mutants of a group: all of them, or a share that edits leave alone."""

    def drawn(place: str) -> bool:
        digest = sha256(f"{seed} {place}".encode()).digest()
        return int.from_bytes(digest[:4]) < share * 2**32

    found = []
    for path in group.files(ROOT):
        said = f"{seed} {share} {path} {(ROOT / path).read_text('utf-8')}"
        kept = BUILD / "made" / sha256(said.encode()).hexdigest()
        if not kept.exists():
            kept.parent.mkdir(exist_ok=True)
            kept.write_bytes(pickle.dumps(mutants(ROOT, path, drawn)))
        found += pickle.loads(kept.read_bytes())
    return found


def play(name: str, told: argparse.Namespace) -> int:
    """Run the campaign of a group, keep how it went, and tell its score."""
    group, mapped = GROUPS[name], BUILD / f"{name}-reach.json"
    share = group.share if told.share is None else told.share
    found, equal = all_mutants(group, told.seed, share), read_equivalents()
    log = Log(BUILD / f"{name}.json", {one.key: "" for one in found}, 0)
    log.read()
    if not told.again:
        log.states |= {one.key: "" for one in found}
    log.states |= dict.fromkeys(equal & log.states.keys(), "equivalent")
    done = (*NOTICED, "equivalent")
    wanted = [one for one in found if log.states[one.key] not in done]
    wanted = [one for one in wanted if told.only in f"{one.path}:{one.function}"]
    log.left = len(wanted)
    told.note = log.note
    print(f"{name}: {len(found)} mutants, {len(wanted)} to run", flush=True)
    known = told.keep and mapped.exists()
    if not known and in_a_process(lambda: map_tests(group, mapped)):
        return KILLED
    reach = read_reach(mapped)
    for one in sorted(reach.failed):
        print(f"left out, for it fails without any mutant: {one}")
    imported = [one for one in wanted if reach.tests(one) == [""]]
    rest = [one for one in wanted if one not in imported]
    campaign = Campaign(rest, reach, told)
    in_a_process(lambda: forked(campaign, group, log))
    log.read()
    spent = sum(reach.seconds.values())
    for one in imported:
        run = partial(fresh, one, group.tests, spent)
        status = in_a_process(run, quiet=True)
        log.note(one, state_of(status))
    log.save()
    print(score(name, [log.states[one.key] for one in found]), flush=True)
    return UNNOTICED


def forked(campaign: Campaign, group: Group, log: Log) -> int:
    """Run the mutants that need no new import, in this process and its children."""
    pytest.main([*OPTIONS, *group.tests], plugins=[campaign])
    log.save()
    return UNNOTICED


def score(name: str, states: Sequence[str]) -> str:
    """Give the score of a group, with the interval of Wilson for 95 percent."""
    count = Counter(states)
    noticed = sum(count[one] for one in NOTICED)
    n = len(states) - count["equivalent"] - count[""]
    share, z = noticed / max(n, 1), 1.96
    centre, scale = share + z * z / (2 * n), 1 + z * z / n
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    low, high = (centre - half) / scale, (centre + half) / scale
    told = ", ".join(f"{n} {state or 'not run'}" for state, n in count.items())
    return f"{name}: {noticed}/{n} = {share:.1%} ({low:.1%} to {high:.1%}); {told}"


def asked() -> argparse.Namespace:
    """Give what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("groups", nargs="+", choices=GROUPS)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1, help="of the samples")
    parser.add_argument("--share", type=float, help="of the mutants, instead of all")
    parser.add_argument("--only", default="", help="a part of PATH:FUNCTION")
    parser.add_argument("--seconds", type=float, default=math.inf, help="a mutant")
    parser.add_argument("--examples", type=int, default=50, help="of a property")
    again = "only those that nothing noticed the last time"
    parser.add_argument("--again", action="store_true", help=again)
    keep = "do not ask anew which lines tests reach"
    parser.add_argument("--keep", action="store_true", help=keep)
    return parser.parse_args()


def main() -> int:
    """Run the campaigns of the groups that are asked for."""
    told = asked()
    os.chdir(ROOT)
    (BUILD / "scratch").mkdir(parents=True, exist_ok=True)
    phases = (Phase.explicit, Phase.generate)  # one failure is enough, of any size
    settings.register_profile(
        "mutants",
        derandomize=True,
        deadline=None,
        max_examples=told.examples,
        phases=phases,
        suppress_health_check=[*HealthCheck],
    )
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    return max(in_a_process(lambda one=one: play(one, told)) for one in told.groups)


if __name__ == "__main__":
    sys.exit(main())
