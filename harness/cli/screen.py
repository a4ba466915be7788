"""Where commands print: in color on a terminal, plain and uncut elsewhere."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from rich.console import Console

from harness.text import UNSEEN, visible

__all__ = ["counted", "os_error_text", "output", "print_json", "tell", "tracked"]

T = TypeVar("T")


class _Output(Console):
    def on_broken_pipe(self) -> None:
        """Let the command end as every one does whose reader has gone."""
        raise BrokenPipeError


def output(*, wraps: bool = True) -> Console:
    """Standard output; what is piped is not wrapped, and has no color.

    On a terminal it *wraps* lines between words, or leaves that to the terminal.
    """
    soft = not (wraps and sys.stdout.isatty())
    return _Output(highlight=False, soft_wrap=soft)


def counted(count: int, name: str, ending: str = "s") -> str:
    """*count* and *name*, in the plural unless it is one.

    >>> counted(1, "token"), counted(2000, "process", "es")
    ('1 token', '2,000 processes')
    """
    return f"{count:,} {name}{'' if count == 1 else ending}"


def tell(text: str) -> None:
    """Say *text* on standard error, as the command's own word."""
    print(f"harness: {visible(text)}", file=sys.stderr, flush=True)


def os_error_text(error: OSError) -> str:
    """What the system said, and of which file.

    >>> os_error_text(OSError(28, "No space left", "a.yaml"))
    'a.yaml: No space left.'
    """
    where = "" if error.filename is None else f"{error.filename}: "
    return f"{where}{error.strerror or error}."


def print_json(value: Any) -> None:
    """Print *value* for machines; a terminal sees nothing that it obeys."""
    lawful = json.loads(json.dumps(value), parse_constant=str)  # without Infinity
    text = json.dumps(lawful, indent=2, ensure_ascii=False)
    print(UNSEEN.sub(lambda one: json.dumps(one[0])[1:-1], text))


def tracked(items: Iterable[T], about: str, total: int | None = None) -> Iterator[T]:
    """*items*, with a bar on standard error while they are taken, on a terminal."""
    errors = Console(stderr=True)
    if not errors.is_terminal:  # some versions of rich print a line even of no bar
        yield from items
        return
    from rich.progress import track

    yield from track(items, about, total, console=errors, transient=True)
