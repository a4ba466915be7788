"""Where commands print: in color on a terminal, plain and uncut elsewhere."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from rich.console import Console

__all__ = ["output", "print_json", "tracked"]

T = TypeVar("T")


def output() -> Console:
    """Standard output; what is piped is not wrapped, and has no color."""
    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def print_json(value: Any) -> None:
    """Print *value* for machines."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


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
