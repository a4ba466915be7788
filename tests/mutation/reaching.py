"""Which tests reach which lines. In: a group. Out: the same, in a file that is kept."""

import gc
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from pathlib import Path
from typing import Any

import coverage
import pytest
from groups import Group
from mutants import Mutant

ROOT = Path(__file__).parents[2]
OPTIONS = (
    *("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--capture=sys"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # Hypothesis is here already
)


@dataclass(frozen=True, slots=True)
class Reach:
    """Which tests reach which line ("": an import does), and how long each takes."""

    lines: dict[str, dict[int, list[str]]]
    seconds: dict[str, float]
    failed: frozenset[str]  # without any mutant: left out

    def tests(self, mutant: Mutant) -> list[str]:
        """Give what reaches a mutant, the quick tests first, and "" before them."""
        lines, (first, last) = self.lines[mutant.path], mutant.lines
        found = {one for n in range(first, last + 1) for one in lines.get(n, ())}
        found -= self.failed
        return sorted(found, key=lambda one: (self.seconds.get(one, 0.0), one))


def caches() -> list[Any]:
    """Give what `lru_cache` made of functions of ours."""
    found = [one for one in gc.get_objects() if isinstance(one, _lru_cache_wrapper)]
    return [one for one in found if str(one.__module__).startswith("harness")]


class Mapping:
    """A plugin that notes what each test reaches, and how long it takes."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self.measured = measured
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        self.caches: list[Any] = []

    def pytest_collection_finish(self) -> None:
        self.caches = caches()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.add(report.nodeid)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.measured.switch_context(item.nodeid)
        for cache in self.caches:  # or the next test would reach nothing of it
            cache.cache_clear()
        start = time.process_time()
        yield
        self.seconds[item.nodeid] = time.process_time() - start
        self.measured.switch_context("")


def map_tests(group: Group, kept: Path) -> int:
    """Run the tests of a group once, unchanged, and write down what they reach."""
    paths = group.files(ROOT)
    measured = coverage.Coverage(
        data_file=None, config_file=False, include=[str(ROOT / one) for one in paths]
    )
    measured.start()
    mapping = Mapping(measured)
    pytest.main([*OPTIONS, *group.tests], plugins=[mapping])
    measured.stop()
    data = measured.get_data()
    lines = {one: data.contexts_by_lineno(str(ROOT / one)) for one in paths}
    said = {"lines": lines, "seconds": mapping.seconds, "failed": [*mapping.failed]}
    kept.write_text(json.dumps(said))
    return 0


def read_reach(kept: Path) -> Reach:
    """Give what was written down."""
    said = json.loads(kept.read_text())
    lines = said["lines"].items()
    numbered = {path: {int(n): v for n, v in one.items()} for path, one in lines}
    return Reach(numbered, said["seconds"], frozenset(said["failed"]))
