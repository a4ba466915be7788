"""Nothing costs more than its size: counted in steps, so that no clock is asked.

A step is a call of a function, of Python or of C, or a letter of a text that is
searched. Twice the size may take a little more than twice the steps.
"""

import gc
import sys
from collections.abc import Callable
from typing import Any, SupportsIndex

import pytest

from harness.cassettes.secrets import scan

MOST = 2.5


class Searched(str):  # noqa: SLOT000 - it counts in an attribute
    """A text that counts the letters that are looked at in it, lowered or not."""

    def __init__(self, _: str) -> None:
        self.counts: list[int] = []

    @property
    def letters(self) -> int:
        """How many it was."""
        return sum(self.counts)

    def lower(self) -> "Searched":
        """Give it in small letters; what is looked at there counts here."""
        made = Searched(super().lower())
        made.counts = self.counts
        return made

    def count(self, part: str, *bounds: Any) -> int:
        """Count as a text does."""
        start, end, _ = slice(*_bounds(bounds)).indices(len(self))
        self.counts.append(max(end - start, 0))
        return super().count(part, *bounds)

    def find(self, part: str, *bounds: Any) -> int:
        """Find as a text does."""
        at = super().find(part, *bounds)
        start, end, _ = slice(*_bounds(bounds)).indices(len(self))
        self.counts.append(max((at if at >= 0 else end) - start, 0))
        return at

    def rfind(self, part: str, *bounds: Any) -> int:
        """Find as a text does, from its end."""
        at = super().rfind(part, *bounds)
        start, end, _ = slice(*_bounds(bounds)).indices(len(self))
        self.counts.append(max(end - (at if at >= 0 else start), 0))
        return at

    def __contains__(self, part: object) -> bool:
        """Whether it has a part, as a text says it."""
        return self.find(str(part)) >= 0


def _bounds(given: tuple[Any, ...]) -> tuple[SupportsIndex | None, ...]:
    return (*given, None, None)[:2]


def steps(work: Callable[[], object]) -> int:
    """Give how many functions are called until *work* is done."""
    count = 0

    def counting(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    gc.disable()  # what is told when it runs is no step of ours
    sys.setprofile(counting)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def test_a_searched_text_counts() -> None:
    """What is searched is counted, from where it begins to where it is found."""
    text = Searched("ab\ncd\n")

    assert (text.count("\n", 0, 3), text.letters) == (1, 3)
    assert (text.find("c", 1), text.letters) == (3, 5)
    assert (text.rfind("a"), text.letters) == (0, 11)
    assert ("x" in text, text.letters) == (False, 17)
    assert steps(lambda: [len("") for _ in range(10)]) >= 10


# --------------------------------------------------------------------------- secrets


def keys(count: int) -> list[str]:
    """Give keys of nobody, each other than the others."""
    return [f"gsk_{number:032x}" for number in range(count)]


#: Texts with so many secrets, or with what looks like the place of one.
TEXTS: dict[str, Callable[[int], str]] = {
    "headers": lambda n: "".join(
        f"- request:\n    headers:\n      authorization:\n      - Bearer {key}\n"
        for key in keys(n)
    ),
    "one line": lambda n: str([{"headers": {"x-api-key": key}} for key in keys(n)]),
    "fields": lambda n: "".join(f'{{"api_key": "{key}"}}\n' for key in keys(n)),
    "fields of one line": lambda n: "".join(f'"api_key": "{key}", ' for key in keys(n)),
    "names without quotes": lambda n: "the token of a secret key, and a cookie " * n,
    "escaped quotes": lambda n: '"api_key": "' + '\\\\"' * n,
    "streams": lambda n: "".join(
        f'data: {{"index": 0, "delta": "{key}"}}\n' for key in keys(n)
    ),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_looking_for_secrets_is_linear(kind: str) -> None:
    """However many secrets a text has, and wherever: each costs the same."""
    texts = [Searched(TEXTS[kind](size)) for size in (200, 400)]

    few, many = (steps(lambda text=text: scan(text)) + text.letters for text in texts)

    assert many < MOST * few
