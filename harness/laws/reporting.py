"""A report on a subject: which laws hold, which do not, which were not covered."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.laws.law import Law, LawBroken
from harness.laws.parameters import implied_by
from harness.laws.running import AnySubject, known, laws_of, missing, run

__all__ = ["Report", "Row", "report"]

Outcome = Literal["holds", "broken", "known", "mended", "hidden", "not covered"]


@dataclass(frozen=True, slots=True)
class Row:
    """The *outcome* of a *law*: *detail* is the reason, *text* the failure in full.

    >>> Row("identity", "holds", "").outcome
    'holds'
    """

    law: str
    outcome: Outcome
    detail: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all laws of one *subject*: *rows*, one a law; as text, a table.

    >>> print(Report("mine", (Row("identity", "holds", ""),)).exit_code)
    0
    """

    subject: str
    rows: tuple[Row, ...]

    @property
    def exit_code(self) -> int:
        """0 if all went as expected, 1 if a law is broken or unexpectedly holds."""
        return int(any(row.outcome in ("broken", "mended") for row in self.rows))

    @property
    def failures(self) -> tuple[str, ...]:
        """The texts of the laws found broken, known failures included."""
        return tuple(row.text for row in self.rows if row.text)

    def __str__(self) -> str:
        widths = [max(len(row.law) for row in self.rows), len("not covered")]
        lines = [
            f"{row.law:<{widths[0]}}  {row.outcome:<{widths[1]}}  {row.detail}".rstrip()
            for row in self.rows
        ]
        counts = Counter(row.outcome for row in self.rows)
        counted = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        return "\n".join([f"{self.subject}: {counted}", *lines])


def report(
    subject: AnySubject,
    *,
    known_failures: Mapping[str, str] | None = None,
    exhaustive: bool = False,
    costs: bool = False,
    show: bool = True,
) -> Report:
    """Check all laws of *subject*, print a table unless *show* is False, and return it.

    The options are those of `params`: *known_failures*, *exhaustive*, *costs*.
    InputError: a known failure names no law.

    >>> from harness.laws.subjects import Subject
    >>> from harness.chunks import AIMessageChunk
    >>> report(Subject.of(AIMessageChunk), exhaustive=True, show=False).exit_code
    0
    """
    laws = laws_of(subject, costs=costs)
    reasons = known(known_failures, laws)
    found = {
        law.name: _row(law, subject, reasons.get(law.name), exhaustive=exhaustive)
        for law in laws
    }
    bad = {
        name: row for name, row in found.items() if row.outcome in ("broken", "known")
    }
    for law in laws:
        cause = implied_by(law, laws, bad)
        if cause and found[law.name].outcome == "broken":
            hidden = Row(law.name, "hidden", f"{cause} is broken, which implies it")
            found[law.name] = hidden
    result = Report(subject.name, tuple(found.values()))
    if show:
        print(result, *result.failures, sep="\n\n")  # noqa: T201 - what it is for
    return result


def _row(law: Law, subject: AnySubject, reason: str | None, *, exhaustive: bool) -> Row:
    lacks = missing(law, subject, exhaustive=exhaustive)
    if lacks:
        return Row(law.name, "not covered", lacks)
    try:
        run(subject, law, exhaustive=exhaustive)
    except LawBroken as error:
        outcome: Outcome = "broken" if reason is None else "known"
        return Row(law.name, outcome, reason or law.statement, str(error))
    if reason is not None:
        return Row(law.name, "mended", f"holds, though known to fail: {reason}")
    return Row(law.name, "holds", law.statement)
