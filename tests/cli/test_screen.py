"""Where commands print: what depends on whether there is a terminal."""

import io

import pytest

from harness.cli.screen import tracked


def test_no_terminal_has_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a line break, which some versions of rich print for a bar of none."""
    errors = io.StringIO()
    monkeypatch.setattr("sys.stderr", errors)

    assert [*tracked(iter("abc"), "reading", 3)] == ["a", "b", "c"]
    assert errors.getvalue() == ""
