"""What all checks of the fuzzer share: what is wrong, how data is cut, what is said."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from random import Random
from typing import Any
from zlib import crc32

from harness.errors import HarnessError

__all__ = ["Wrong", "agree", "cut", "said_or_refused", "text_of"]

_BYTEWISE = 300


class Wrong(AssertionError):
    """A property does not hold of the data."""


def agree(left: object, right: object, what: str) -> None:
    """Raise Wrong unless the two are the same; values that are no one's equal too."""
    if left != right and repr(left) != repr(right):
        raise Wrong(f"{what}:\n  {left!r:.2000}\n  {right!r:.2000}")


def cut(data: bytes) -> Iterator[list[bytes]]:
    """Give *data* in some ways of pieces, which hang on the data alone."""
    rng = Random(crc32(data))  # noqa: S311 - no secret is made of it
    if len(data) <= _BYTEWISE:
        yield [data[n : n + 1] for n in range(len(data))]
    for count in (1, 4):
        places = sorted(rng.randint(0, len(data)) for _ in range(count))
        yield [data[a:b] for a, b in pairwise([0, *places, len(data)])]


def said_or_refused(
    function: Callable[[], Any], *errors: type[HarnessError]
) -> tuple[str, Any]:
    """Give what a function gives, or the documented error that it raises.

    Any other error passes, and is what the fuzzer is after.
    """
    try:
        return "said", function()
    except errors as error:
        if not str(error).strip():
            raise Wrong("an error that says nothing") from error
        return "refused", error


def text_of(data: bytes) -> str:
    """Give *data* as text: surrogates may be in it, as they may be in JSON of Python's.

    What is no UTF-8 becomes U+FFFD.
    """
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")
