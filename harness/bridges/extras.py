"""Libraries that come with an extra, and what is said where one is missing."""

from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["needed"]


@contextmanager
def needed(library: str, extra: str) -> Generator[None]:
    """Import *library* inside; where it is missing, say which *extra* brings it.

    >>> with needed("no_such_library", "langchain"):
    ...     import no_such_library
    Traceback (most recent call last):
        ...
    ImportError: no_such_library is not installed: pip install 'chat-harness[langchain]'
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != library:
            raise
        raise ImportError(
            f"{library} is not installed: pip install 'chat-harness[{extra}]'",
            name=library,
        ) from error
