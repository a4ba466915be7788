"""A page on a run: each test that used models or cassettes, with its conversations.

What a test did is read where it ran, and goes with its last report to the one process
that writes the page; so it does not matter whether pytest-xdist is there.
"""

import json
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.cassettes.saving import replace_file
from harness.errors import HarnessError
from harness.report import Entry, Hiding, Miss, Part, page_of

if TYPE_CHECKING:
    from harness.pytest_plugin.watching import Watch

__all__ = ["Reporting", "keep"]

_SHOWN = pytest.StashKey[str]()
_SENT = "harness_shown"
_LONGEST = 20_000


def keep(watch: "Watch") -> None:
    """Keep what the test of *watch* did, until its last report is made."""
    from harness.pytest_plugin.shown import shown

    watch.item.stash[_SHOWN] = json.dumps(shown(watch))


class Reporting:
    """Hooks that gather what the tests did, and write the page to *path*."""

    def __init__(self, config: pytest.Config, path: Path) -> None:
        if path.is_dir():
            raise pytest.UsageError(
                f"--harness-report: {path} is a folder; name the file: "
                f"{path / 'report.html'}."
            )
        self._config = config
        self._path = path
        self._shown: dict[str, dict[str, Any]] = {}
        self._outcomes: dict[str, str] = {}
        self._told: dict[str, list[str]] = {}
        self._done = ""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Send what a test did with the report of its end."""
        report = yield
        if call.when == "teardown" and _SHOWN in item.stash:
            setattr(report, _SENT, item.stash[_SHOWN])
            del item.stash[_SHOWN]
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what a test did, and how it ended."""
        name = report.nodeid
        if report.when == "setup":
            self._told[name] = []  # it may run again
            self._outcomes[name] = "passed"
        if report.failed:
            self._outcomes[name] = "failed" if report.when == "call" else "error"
            crash = getattr(report.longrepr, "reprcrash", None)
            self._told[name] += [
                *([crash.message] if crash else ()),
                report.longreprtext,
            ]
        elif report.skipped:
            xfailed = hasattr(report, "wasxfail")
            self._outcomes[name] = "xfailed" if xfailed else "skipped"
        sent = getattr(report, _SENT, None)
        if sent is not None:
            self._shown[name] = json.loads(sent)
            told = [text for title, text in report.sections if "chat-harness" in title]
            self._told[name] += told

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the page, in the process that has all of it."""
        if hasattr(session.config, "workeroutput"):
            return
        hiding = Hiding()
        entries = [self._entry(name, hiding) for name in self._shown]
        entries.sort(key=lambda one: one.outcome not in {"failed", "error"})
        for name, one in self._shown.items():
            hiding.places |= dict.fromkeys(f"{name}, {at}" for at in one["hidden"])
        title = f"Tests of {session.config.rootpath.name}"
        try:
            replace_file(self._path, page_of(entries, title, hiding.notes).encode())
        except HarnessError as error:
            self._done = str(error)
        else:
            tests = "1 test" if len(entries) == 1 else f"{len(entries)} tests"
            self._done = f"{self._path}: {tests}"

    def _entry(self, name: str, hiding: Hiding) -> Entry:
        shown = self._shown[name]
        told = "\n\n".join(self._told.get(name, ()))
        if len(told) > _LONGEST:
            told = f"{told[:_LONGEST]}\n[cut here: {len(told) - _LONGEST:,} more]"
        known_as = hiding.text(name, "the name of a test")
        return Entry(
            known_as,
            "test",
            known_as.partition("::")[0],
            tuple(
                Part(one["label"], tuple(one["exchanges"])) for one in shown["parts"]
            ),
            problem=hiding.text(told, name),
            outcome=self._outcomes.get(name, ""),
            misses=tuple(
                Miss(one["told"], one["asked"], one["nearest"])
                for one in shown["misses"]
                if one["asked"] is not None
            ),
        )

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say where it is."""
        if self._done:
            terminalreporter.section("chat-harness report")
            terminalreporter.write_line(self._done)
