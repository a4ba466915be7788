"""Putting laws to subjects: one case, random cases, or all small ones."""

from collections.abc import Iterable, Mapping
from inspect import Parameter, Signature
from itertools import chain, islice
from typing import Any

from hypothesis import HealthCheck, given, settings

from harness.errors import InputError, nearest
from harness.laws.algebra import ALGEBRA
from harness.laws.cost import COST
from harness.laws.dialects import DialectSubject
from harness.laws.dialects_bytes import BYTES
from harness.laws.dialects_trips import TRIPS
from harness.laws.finishing import FINISHING
from harness.laws.law import Law, LawBroken, NotCovered, broken
from harness.laws.models import MODELS
from harness.laws.prefixes import PREFIXES
from harness.laws.subjects import ModelSubject, Subject, capabilities
from harness.laws.wire import WIRE

__all__ = [
    "CHUNK_LAWS",
    "DIALECT_LAWS",
    "MODEL_LAWS",
    "check",
    "known",
    "laws_of",
    "missing",
    "run",
]

_SLOW = HealthCheck.too_slow

#: The laws of chunks.
CHUNK_LAWS: tuple[Law, ...] = (*ALGEBRA, *WIRE, *PREFIXES, *FINISHING, *COST)
#: The laws of chat models.
MODEL_LAWS: tuple[Law, ...] = MODELS
#: The laws of wire formats.
DIALECT_LAWS: tuple[Law, ...] = (*TRIPS, *BYTES)

#: So many small cases come before the random ones.
FIRST = 100

AnySubject = Subject | ModelSubject | DialectSubject


def laws_of(subject: AnySubject, *, costs: bool = False) -> tuple[Law, ...]:
    """The laws that are about *subject*; those that measure only with *costs*."""
    match subject:
        case Subject():
            laws = CHUNK_LAWS
        case ModelSubject():
            laws = MODEL_LAWS
        case DialectSubject():
            laws = DIALECT_LAWS
    return tuple(law for law in laws if costs or not law.opt_in)


def known(failures: Mapping[str, str] | None, laws: Iterable[Law]) -> dict[str, str]:
    """Check known *failures*, a reason for each law that is known to be broken.

    InputError: a name is not that of a law, or the reason is missing.
    """
    names = {law.name for law in laws}
    for name, reason in (failures or {}).items():
        if name not in names:
            raise InputError(
                f"known_failures names {name!r}, which is no law here. "
                f"{nearest(name, names)}"
            )
        if not isinstance(reason, str) or not reason.strip():
            raise InputError(
                f"known_failures[{name!r}] is {reason!r}; give the reason as a text, "
                "best with the number of an issue."
            )
    return dict(failures or {})


def missing(law: Law, subject: AnySubject, *, exhaustive: bool = False) -> str | None:
    """What *subject* lacks for *law* to be checked, or None."""
    if isinstance(subject, DialectSubject):
        able = subject.capabilities
    else:
        able = capabilities(subject)
    lacks = sorted(law.needs - able)
    if lacks:
        return f"the subject has no {', '.join(lacks)}"
    if exhaustive and not _small_cases(law, subject):
        return "the law has no small cases for the subject"
    return None


def _small_cases(law: Law, subject: AnySubject) -> Iterable[Any] | None:
    cases = iter(law.scope(subject) if law.scope else ())
    first = next(cases, cases)
    return None if first is cases else chain([first], cases)


def check(subject: AnySubject, law: Law | str, case: Any) -> None:
    """Check one *case* of a law, as a failure's text gives it to paste.

    Raises LawBroken where the law does not hold, InputError where there is no such law.

    >>> from harness.chunks import AIMessageChunk
    >>> subject = Subject.of(AIMessageChunk)
    >>> check(subject, "associativity", [{"content": "a"}, {"id": "x"}, {}])
    """
    __tracebackhide__ = True
    found = law if isinstance(law, Law) else _named(law, subject)
    try:
        found.check(subject, case)
    except Exception as error:  # noqa: BLE001 - whatever is raised breaks the law
        broken(found, subject, case, error)


def _named(name: str, subject: AnySubject) -> Law:
    laws = {law.name: law for law in laws_of(subject, costs=True)}
    if name not in laws:
        raise InputError(f"No law is {name!r}. {nearest(name, laws)}")
    return laws[name]


def run(subject: AnySubject, law: Law, *, exhaustive: bool = False) -> None:
    """Search for a case of *subject* that breaks *law*: by chance.

    With *exhaustive* among all small cases instead.

    A search by chance tries some small cases first: what fails there needs no
    shrinking. How many random cases follow, the Hypothesis profile in force says.
    Raises LawBroken for the smallest case found, NotCovered if *subject* lacks
    something that the law needs.

    >>> from harness.chunks import AIMessageChunk
    >>> run(Subject.of(AIMessageChunk), CHUNK_LAWS[0])
    """
    __tracebackhide__ = True
    if lacks := missing(law, subject, exhaustive=exhaustive):
        raise NotCovered(f"{law.name} is not covered: {lacks}.")
    cases = _small_cases(law, subject) or ()
    for case in cases if exhaustive else islice(cases, FIRST):
        check(subject, law, case)
    if not exhaustive:
        _search(law, subject)


def _search(law: Law, subject: AnySubject) -> None:
    __tracebackhide__ = True

    def probe(case: Any) -> None:
        check(subject, law, case)

    # Hypothesis tells tests apart by name and signature, in its database of examples
    # too: each pair of law and subject is a test of its own.
    probe.__name__ = law.name
    tag = f"{subject.name}.{law.name}"
    here = Parameter("case", Parameter.POSITIONAL_OR_KEYWORD, annotation=tag)
    probe.__signature__ = Signature([here])  # type: ignore[attr-defined]  # read by inspect.signature
    test = given(case=law.strategy(subject))(probe)
    quiet = settings(
        print_blob=False,
        report_multiple_bugs=False,
        deadline=None,  # how slow a machine is says nothing about a law
        suppress_health_check=[*settings().suppress_health_check, _SLOW],
    )
    failure: LawBroken | None = None
    try:
        quiet(test)()
    except LawBroken as error:
        failure = LawBroken(str(error), law=error.law, case=error.case)
        failure.__cause__ = error.__cause__
    if failure is not None:
        raise failure  # without the traceback and notes of the search
