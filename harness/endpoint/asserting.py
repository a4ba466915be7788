"""Assertions on what came over HTTP, for whatever keeps a journal of it."""

from collections.abc import Sequence

from harness.endpoint.calls import HttpCall
from harness.endpoint.verdict import Finding, Rule, findings
from harness.errors import InputError, UnmetExpectation, nearest, shown
from harness.wire import DIALECTS

__all__ = ["HttpJournaled"]


class HttpJournaled:
    """A face over HTTP: it has the requests, and a verdict on how they were made."""

    @property
    def requests(self) -> list[HttpCall]:
        """All that came over HTTP, also what was refused, the first first."""
        raise NotImplementedError

    def assert_requests(
        self,
        times: int | None = None,
        *,
        dialect: str | None = None,
        status: int | None = None,
    ) -> None:
        """Requests came over HTTP, or so many *times*, retries and refusals included.

        With *dialect* or *status* only those in that format count, or with that answer.
        Raises UnmetExpectation, which shows all requests; InputError for a dialect that
        there is none of.
        """
        if dialect is not None and dialect not in DIALECTS:
            raise InputError(
                f"dialect={shown(dialect)}: there is none of this name. "
                f"{nearest(str(dialect), DIALECTS)}"
            )
        found = [
            call
            for call in self.requests
            if dialect in (None, call.dialect) and status in (None, call.status)
        ]
        if times == len(found) or (times is None and found):
            return
        of = f" in {dialect}" if dialect else ""
        answered = f" with the answer {status}" if status else ""
        wanted = "some" if times is None else times
        raise UnmetExpectation(
            f"Expected {wanted} requests{of}{answered}, and there are {len(found)}.\n"
            f"{self._requests_told()}"
        )

    def verdict(
        self, *, max_retries: int = 4, ignore: Sequence[Rule] = ()
    ) -> list[Finding]:
        """What the requests show that the client does wrong when something fails.

        * "retry_after": it asked again earlier than the answer said.
        * "truncated": an answer broke off, and a later request has what came of it as
          an answer that something else follows.
        * "retry_storm": more than *max_retries* retries, and the waits do not grow.
        * "hopeless_retry": it asked the same again after an answer such as 400 or 401.
        * "no_timeout": it would wait for an answer forever.

        Time is that of the clock. Rules to *ignore* are left out. Raises InputError for
        a rule that there is none of.
        """
        return findings(self.requests, max_retries=max_retries, ignore=ignore)

    def assert_resilient(
        self, *, max_retries: int = 4, ignore: Sequence[Rule] = ()
    ) -> None:
        """There is nothing in the `verdict`; raises UnmetExpectation with all of it."""
        if found := self.verdict(max_retries=max_retries, ignore=ignore):
            lines = "".join(f"\n  {one}" for one in found)
            raise UnmetExpectation(
                f"Expected that the client copes with what goes wrong.{lines}\n"
                f"{self._requests_told()}"
            )

    def _requests_told(self) -> str:
        """The requests, one a line."""
        calls = self.requests
        if not calls:
            return "Nothing came over HTTP."
        lines = "".join(f"\n  {call}" for call in calls)
        return f"Over HTTP came {len(calls)}:{lines}"
