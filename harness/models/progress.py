"""The progress bar of a long batch, in the terminal."""

from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(total: int) -> Generator[Callable[[], None]]:
    """A bar up to *total*; what it gives counts one more as done."""
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn())
    console = Console(stderr=True)  # what the program prints stays its own
    with Progress(*columns, TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("batch", total=total)
        yield lambda: progress.advance(task)
