"""Cassettes that nothing of a run has used, listed on request."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.cassettes import folders
from harness.cassettes.folders import cassette_path
from harness.pytest_plugin.marks import called_after
from harness.pytest_plugin.settings import TAKERS, folder

__all__ = ["Orphans"]

_SENT = "harness_cassettes"


class Orphans:
    """Hooks that note each cassette which is opened, or which belongs to a test.

    Under pytest-xdist the workers note, and tell the one process that reports.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._home = folder(config, "cassettes")
        self._used: set[str] = set()
        self._deselected = 0
        self._not_run: set[str] = set()
        self._lost = 0
        folders.LISTENERS.append(self._note)

    def _note(self, path: Path) -> None:
        self._used.add(str(path.resolve()))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the cassettes of all tests, also of those that will not run."""
        for item in items:
            for path in self._own(item):
                self._note(path)

    def _own(self, item: pytest.Item) -> Iterator[Path]:
        mark = item.get_closest_marker("cassette")
        names: list[Any] = [called_after(item)]
        for one in item.iter_markers("cassette"):
            names += [*one.args, one.kwargs.get("name")]
        if mark is not None or TAKERS.intersection(getattr(item, "fixturenames", ())):
            for name in names:
                if isinstance(name, str) and name:
                    yield cassette_path(name, self._home)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Count the tests that were left out."""
        self._deselected += len(items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count those that did not come to their end."""
        if not report.passed:
            self._not_run.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send what a worker knows to the process that reports."""
        output: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_SENT] = {"used": sorted(self._used), "left": self._deselected}

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker sent."""
        sent = getattr(node, "workeroutput", {}).get(_SENT)
        if sent is None:
            self._lost += 1
            return
        self._used.update(sent["used"])
        self._deselected = max(self._deselected, sent["left"])

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """List them."""
        files = folders.cassettes_below(self._home)
        orphans = [path for path in files if str(path.resolve()) not in self._used]
        write = terminalreporter.write_line
        terminalreporter.section("cassettes that no test used")
        for path in orphans:
            write(str(path.relative_to(self._home).as_posix()))
        write(f"{len(orphans)} of {len(files)} below {self._home}")
        for count, what in (
            (self._deselected, "tests were left out"),
            (len(self._not_run), "tests failed or were skipped"),
            (self._lost, "workers ended without a word"),
        ):
            if count:
                write(f"{count} {what}: what they name in their code is not known.")

    def pytest_unconfigure(self) -> None:
        """Note nothing more."""
        folders.LISTENERS.remove(self._note)
