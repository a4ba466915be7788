"""Where commands print: in color on a terminal, plain and uncut elsewhere."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from rich.console import Console

from harness.text import UNSEEN

__all__ = ["counted", "output", "print_json", "tracked"]

T = TypeVar("T")


def output() -> Console:
    """Standard output; what is piped is not wrapped, and has no color."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def counted(count: int, name: str, ending: str = "s") -> str:
    """*count* and *name*, in the plural unless it is one.

    >>> counted(1, "token"), counted(2000, "process", "es")
    ('1 token', '2,000 processes')
    """
    return f"{count:,} {name}{'' if count == 1 else ending}"


def print_json(value: Any) -> None:
    """Print *value* for machines; a terminal sees nothing that it obeys."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    print(UNSEEN.sub(lambda one: json.dumps(one[0])[1:-1], text))


def tracked(items: Iterable[T], about: str, total: int | None = None) -> Iterator[T]:
    """*items*, with a bar on standard error while they are taken, on a terminal."""
    from rich.progress import track

    errors = Console(stderr=True)
    yield from track(
        items,
        about,
        total,
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
