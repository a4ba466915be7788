"""Our own dialects keep every law, and agree with each other."""

from collections.abc import Callable

import pytest

from harness.laws import DialectSubject, params
from harness.wire import DIALECTS

#: By dialect and law: why it does not hold.
KNOWN: dict[str, dict[str, str]] = {}

SUBJECTS = {
    name: DialectSubject.of(
        name,
        name=f"DialectSubject.of({name!r})",
        peers=[DialectSubject.of(peer) for peer in DIALECTS if peer != name],
    )
    for name in DIALECTS
}


@pytest.mark.parametrize(
    "law",
    [
        pytest.param(*param.values, id=f"{name}-{param.id}", marks=param.marks)
        for name, subject in SUBJECTS.items()
        for param in params(subject, known_failures=KNOWN.get(name))
    ],
)
def test_the_dialect_keeps_the_law(law: Callable[[], None]) -> None:
    """Every dialect keeps every law in random cases."""
    law()
