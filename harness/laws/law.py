"""What a law is: a plain value, with no test framework in it."""

import pprint
from collections.abc import Callable, Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, fields, is_dataclass
from typing import Any, NoReturn

from hypothesis.strategies import SearchStrategy

from harness.laws.differences import differences

__all__ = ["Law", "LawBroken", "NotCovered", "Unequal", "broken", "holds", "same"]


@dataclass(frozen=True, slots=True)
class Law:
    """Something that must hold of a subject: *name* it by, *statement* for people.

    *strategy* makes of a subject the strategy of cases; *check* raises `Unequal`, or
    whatever the subject raises, for a case in which the law does not hold. *scope*
    lists all small cases, the smallest first. *needs* are the capabilities without
    which there is nothing to check; a broken law hides those that it *implies*. One
    that is *opt_in* measures, and runs where costs are asked for.

    >>> from hypothesis import strategies as st
    >>> def check(subject, text):
    ...     same(subject(text), text.lower(), "the word", "its lower case")
    >>> law = Law("lower", "a word is in lower case", lambda _: st.text(), check)
    >>> law.check(str.lower, "Boston")
    """

    name: str
    statement: str
    strategy: Callable[[Any], SearchStrategy[Any]]
    check: Callable[[Any, Any], None]
    needs: frozenset[str] = frozenset()
    implies: tuple[str, ...] = ()
    _: KW_ONLY
    scope: Callable[[Any], Iterable[Any]] | None = None
    opt_in: bool = False


class Unequal(AssertionError):
    """Two *sides* that a law says are the same are not: the bare fact.

    Where nothing was *compared*, they are the values beside a fact that does not hold.

    >>> str(Unequal({"the sum": 1, "the answer": 2}))
    'the sum is not the answer'
    """

    def __init__(self, sides: Mapping[str, object], *, compared: bool = True) -> None:
        super().__init__(" is not ".join(sides))
        self.sides = dict(sides)
        self.compared = compared


class NotCovered(Exception):
    """A law cannot be checked on a subject; the text says what is missing."""


class LawBroken(AssertionError):
    """A subject breaks a *law*: *text* shows the *case*, and how to see it again.

    >>> LawBroken("...", law="identity", case=[{"content": "a"}]).law
    'identity'
    """

    def __init__(self, text: str, *, law: str, case: object) -> None:
        super().__init__(text)
        self.law = law
        self.case = case


def same(left: object, right: object, left_name: str, right_name: str) -> None:
    """Raise Unequal unless *left* is *right*: *left_name* is not *right_name*.

    >>> same(1 + 1, 2, "the sum", "two")
    """
    if left != right:
        raise Unequal({left_name: left, right_name: right})


def holds(fact: object, **values: object) -> None:
    """Raise Unequal, which shows *values*, unless *fact* is true.

    >>> holds("a" in "abc", text="abc")
    """
    if not fact:
        sides = {name.replace("_", " "): value for name, value in values.items()}
        raise Unequal(sides, compared=False)


def broken(law: Law, subject: Any, case: object, error: Exception) -> NoReturn:
    """Raise LawBroken, which tells of *error* all that helps to mend it."""
    __tracebackhide__ = True
    lines = [f"{subject.name} breaks the law {law.name!r}: {law.statement}", ""]
    if isinstance(error, Unequal):
        for name, value in error.sides.items():
            lines += [f"{name}:", _indented(value)]
        if error.compared:
            lines += [
                "Difference:",
                *_indented_lines(differences(*error.sides.values())),
            ]
    else:
        lines += [f"It raised {type(error).__name__}: {error}"]
    lines += ["", "Smallest case found:", *_listed(case), "", "Reproduce it with:"]
    lines += _indented_lines(_reproducer(law, subject, case))
    if law.implies:
        implied = ", ".join(law.implies)
        lines += ["", f"Mend this law first; it implies: {implied}."]
    cause = None if isinstance(error, Unequal) else error
    raise LawBroken("\n".join(lines), law=law.name, case=case) from cause


def _indented(value: object) -> str:
    text = pprint.pformat(value, width=84, sort_dicts=False)
    return "\n".join(_indented_lines(text.splitlines()))


def _indented_lines(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _listed(case: object) -> list[str]:
    items = case if isinstance(case, tuple | list) else [case]
    return [f"    {n}  {item!r}" for n, item in enumerate(items)]


def _reproducer(law: Law, subject: Any, case: object) -> list[str]:
    classes = {type(value) for value in _values(case)}
    imports = [
        f"from {kind.__module__} import {kind.__qualname__}"
        for kind in sorted(classes, key=lambda kind: kind.__qualname__)
        if kind.__module__ != "builtins"
    ]
    call = f"check({subject.name}, {law.name!r},"
    shown = pprint.pformat(case, width=76, sort_dicts=False).splitlines()
    body = [f"{call} {shown[0]})"]
    if len(shown) > 1:
        body = [call, *_indented_lines(shown), ")"]
    return [*imports, "from harness.laws import check", *body]


def _values(case: object) -> Iterable[object]:
    match case:
        case Mapping():
            for value in case.values():
                yield from _values(value)
        case list() | tuple():
            for value in case:
                yield from _values(value)
        case _:
            yield case
            if is_dataclass(case):
                for field in fields(case):
                    yield from _values(getattr(case, field.name))
