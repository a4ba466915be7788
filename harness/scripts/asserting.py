"""The assertions of a journal, on whatever keeps one."""

from collections.abc import Callable, Mapping
from typing import Any

from harness.requests import ChatRequest
from harness.scripts.journal import Call, Journal

__all__ = ["Journaled"]


class Journaled:
    """A face of a script: it shows the calls, and has the assertions on them.

    Each assertion raises UnmetExpectation, which shows the calls that were made.
    """

    @property
    def journal(self) -> Journal:
        """The calls of the script, with assertions on them."""
        raise NotImplementedError

    @property
    def calls(self) -> list[Call]:
        """The calls made so far, the first first."""
        return list(self.journal)

    def assert_called(self, times: int | None = None) -> None:
        """See `Journal.assert_called`."""
        self.journal.assert_called(times)

    def assert_asked(
        self,
        expected: str | Callable[[ChatRequest], object],
        *,
        call: int | None = None,
    ) -> None:
        """See `Journal.assert_asked`."""
        self.journal.assert_asked(expected, call=call)

    def assert_asked_in_order(
        self, *expected: str | Callable[[ChatRequest], object]
    ) -> None:
        """See `Journal.assert_asked_in_order`."""
        self.journal.assert_asked_in_order(*expected)

    def assert_bound(self, *names: str, call: int = -1) -> None:
        """See `Journal.assert_bound`."""
        self.journal.assert_bound(*names, call=call)

    def assert_tool_results(self, *texts: str, call: int = -1) -> None:
        """See `Journal.assert_tool_results`."""
        self.journal.assert_tool_results(*texts, call=call)

    def assert_called_with_tool(
        self, name: str, args: Mapping[str, Any] | None = None, /, **named: object
    ) -> None:
        """See `Journal.assert_called_with_tool`."""
        self.journal.assert_called_with_tool(name, args, **named)
