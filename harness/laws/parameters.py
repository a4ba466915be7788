"""Laws as parameters of a pytest test."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from harness.laws.law import Law, LawBroken
from harness.laws.running import AnySubject, known, laws_of, missing, run

__all__ = ["implied_by", "marks", "params"]


def params(
    subject: AnySubject,
    *,
    known_failures: Mapping[str, str] | None = None,
    exhaustive: bool = False,
    costs: bool = False,
) -> list[Any]:
    """One parameter a law for ``@pytest.mark.parametrize``; each is called to check it.

    *known_failures* gives the reasons for which laws are expected to be broken: a law
    that holds after all fails the test. What *subject* cannot do is skipped, and the
    reason says so. With *exhaustive* all small cases are checked and none by chance;
    *costs* adds the laws that measure. InputError: a known failure names no law.

    >>> from harness.chunks import AIMessageChunk
    >>> from harness.laws.subjects import Subject
    >>> [param.id for param in params(Subject.of(AIMessageChunk))][:2]
    ['identity', 'associativity']
    """
    import pytest

    laws = laws_of(subject, costs=costs)
    reasons = known(known_failures, laws)

    def runner(law: Law) -> Callable[[], None]:
        return partial(run, subject, law, exhaustive=exhaustive)

    return [
        pytest.param(
            runner(law),
            id=law.name,
            marks=marks(
                law, laws, reasons, missing(law, subject, exhaustive=exhaustive)
            ),
        )
        for law in laws
    ]


def marks(
    law: Law, laws: tuple[Law, ...], reasons: Mapping[str, str], lacks: str | None
) -> list[Any]:
    """The pytest marks of *law*: a strict xfail, a skip, or none."""
    import pytest

    if law.name in reasons:
        return [
            pytest.mark.xfail(reason=reasons[law.name], raises=LawBroken, strict=True)
        ]
    if lacks:
        return [pytest.mark.skip(reason=f"not covered: {lacks}")]
    if cause := implied_by(law, laws, reasons):
        return [pytest.mark.skip(reason=f"implied by {cause}, a known failure")]
    return []


def implied_by(law: Law, laws: tuple[Law, ...], names: Mapping[str, Any]) -> str | None:
    """The law among *names* that implies *law*, if there is one."""
    causes = (one.name for one in laws if law.name in one.implies and one.name in names)
    return next(causes, None)
