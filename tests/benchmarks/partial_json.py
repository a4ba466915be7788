"""JSON that arrives in pieces of five characters, read after each of them."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from machine import named
from measuring import Side, by_size, rounds, side
from pydantic_core import from_json
from tables import OURS, Line, Subject

from harness.partial_json import JsonPrefix

PEERS = ("pydantic_core",)
PEER = f"{named('pydantic_core')} from_json"
SIZES = (100, 300, 1_000, 3_000)


def one_string(count: int) -> str:
    """An object with one long string of code."""
    return json.dumps({"code": "\n".join(f"x{n} = {n}" for n in range(count))})


def many_keys(count: int) -> str:
    """An object of very many small keys."""
    return json.dumps({f"key{n}": n for n in range(count)})


def deep(count: int) -> str:
    """Lists and objects of objects, as a search returns them."""
    hits = [{"id": n, "tags": ["a", "b"], "at": {"x": n / 2}} for n in range(count)]
    return json.dumps({"hits": hits})


TEXTS: dict[str, Callable[[int], str]] = {
    "one string": one_string,
    "many keys": many_keys,
    "nested": deep,
}


def ours(pieces: list[str]) -> Any:
    """Feed each piece, and look."""
    value = JsonPrefix()
    for piece in pieces:
        value.feed(piece)
        value.preview()
    return value.preview()


def theirs(pieces: list[str]) -> Any:
    """Parse each prefix as far as it goes."""
    text, found = "", None
    for piece in pieces:
        text += piece
        found = from_json(text, allow_partial="trailing-strings")
    return found


def rows(*, quick: bool) -> Iterator[Line]:
    """All of the pieces of three kinds of JSON."""
    for what, make in TEXTS.items():
        sides: dict[tuple[int, str], Side] = {}
        for size in SIZES[:3] if quick else SIZES:
            text = make(size)[: 5 * size]
            pieces = [text[n : n + 5] for n in range(0, len(text), 5)]
            sides[size, OURS] = side(partial(ours, pieces))
            sides[size, PEER] = side(partial(theirs, pieces))
        taken = by_size(rounds(sides, 5, warm=1))
        subject = Subject("partial JSON", f"{what}, n pieces", "ms")
        for size, each in taken.items():
            yield from subject.rows(each, size)
        yield from subject.growths(taken)
