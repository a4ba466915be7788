"""The properties under Hypothesis's long profile, with fresh seeds, for a time.

    python tests/fuzz/laws.py [--for SECONDS] [FOLDER ...]

In: the tests that are properties, in an order that each run draws. Out: how many there
were, with how many examples; the exit status is 1 if one does not hold.
"""

import argparse
import os
import re
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from random import SystemRandom
from typing import Any

_ROOT = Path(__file__).parents[2]
_LOG = _ROOT / "build" / "fuzz" / "laws.log"
_FOLDERS = ("laws", "wire", "cassettes", "scripts", "models", "bridges")
_EXAMPLES = re.compile(r"(\d+) (?:passing|failing|invalid) (?:examples|test cases)")
_INTERRUPTED = 2


class Limited:
    """A plugin: properties alone, in any order, until the time is up."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self.known = self.held = self.failed = 0

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        """Leave out what is no property."""
        items[:] = [one for one in items if _is_property(one)]
        SystemRandom().shuffle(items)
        self.known = len(items)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Count what was run."""
        if report.when == "call":
            self.held += report.passed
            self.failed += report.failed

    def pytest_runtest_teardown(self, item: Any) -> None:
        """End when it is time."""
        if time.monotonic() > self._end:
            item.session.shouldstop = "the time is up"


def _is_property(item: Any) -> bool:
    function = getattr(item, "obj", None)
    inside = item.path.is_relative_to(_ROOT / "tests" / "laws")
    return inside or bool(getattr(function, "is_hypothesis_test", False))


def main() -> int:
    """Run the properties."""
    parser = argparse.ArgumentParser(description="Properties, with many examples.")
    parser.add_argument("--for", type=float, default=300, dest="seconds")
    parser.add_argument("folders", nargs="*")
    asked = parser.parse_args()
    os.environ["HYPOTHESIS_PROFILE"] = "long"
    import pytest

    limited = Limited(asked.seconds)
    _LOG.parent.mkdir(parents=True, exist_ok=True)
    folders = [str(_ROOT / "tests" / name) for name in asked.folders]
    if not folders:
        folders = [str(_ROOT / "tests" / name) for name in _FOLDERS]
        folders += sorted(map(str, (_ROOT / "tests").glob("test_*.py")))
    options = ["-q", "--hypothesis-show-statistics", "-p", "no:randomly"]
    with _LOG.open("w", encoding="utf-8") as log, redirect_stdout(log):
        status = pytest.main([*options, *folders], plugins=[limited])
    examples = sum(map(int, _EXAMPLES.findall(_LOG.read_text("utf-8"))))
    print(
        f"{limited.held} of {limited.known} properties held, {limited.failed} did not; "
        f"{examples:,} examples. See {_LOG}"
    )
    return int(limited.failed > 0 or status not in (0, _INTERRUPTED))


if __name__ == "__main__":
    sys.exit(main())
