"""`full = full + chunk`, reading `full.text` or `full.tool_calls` each turn."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from langchain_core.messages import AIMessageChunk as PeerChunk
from machine import named
from measuring import Side, by_size, rounds, side
from tables import OURS, Line, Subject

from harness import AIMessageChunk

PEERS = ("langchain-core",)
PEER = named("langchain-core")
JOIN = "str.join"
SIZES = (300, 1_000, 3_000, 10_000)
#: Above this size the peer takes seconds to minutes for arguments.
OFTEN = 1_000
#: The sizes that the aims are about.
AIMED = (1_000, 10_000)


def text_pieces(count: int) -> list[dict[str, Any]]:
    """Text of five characters each."""
    return [{"content": f"{n % 1000:04} "} for n in range(count)]


def fragments(arguments: str, count: int) -> list[dict[str, Any]]:
    """*count* fragments of five characters of one call's arguments."""
    pieces = [arguments[n * 5 : n * 5 + 5] for n in range(count)]
    head = {"name": "f", "id": "call_1"}
    rest = {"name": None, "id": None}
    same = {"index": 0, "type": "tool_call_chunk"}
    return [
        {
            "content": "",
            "tool_call_chunks": [{**(rest if n else head), "args": piece, **same}],
        }
        for n, piece in enumerate(pieces)
    ]


def one_string(count: int) -> list[dict[str, Any]]:
    """Arguments that are one long string of code."""
    code = "\n".join(f"x{n} = {n}" for n in range(count))
    return fragments(json.dumps({"code": code})[: count * 5], count)


def many_keys(count: int) -> list[dict[str, Any]]:
    """Arguments of very many small keys."""
    text = json.dumps({f"key{n}": n for n in range(count)})
    return fragments(text[: count * 5], count)


def nested(count: int) -> list[dict[str, Any]]:
    """Arguments that are a list of objects, as a search would have them."""
    hits = [{"id": n, "tags": ["a", "b"], "at": {"x": n / 2}} for n in range(count)]
    return fragments(json.dumps({"hits": hits})[: count * 5], count)


def fold(chunks: Iterable[Any], read: Callable[[Any], object]) -> Any:
    """``full = full + chunk``, reading the sum each turn."""
    full = None
    for chunk in chunks:
        full = chunk if full is None else full + chunk
        read(full)
    return full


def read_args(full: Any) -> None:
    """Look into the arguments of each call, which are parsed when they are read."""
    for call in full.tool_calls:
        dict(call["args"])


Make = Callable[[int], list[dict[str, Any]]]
Read = Callable[[Any], object]
TEXT = attrgetter("text")
CALLS = attrgetter("tool_calls")
ARGUMENTS: dict[str, tuple[Make, Read]] = {
    "arguments, one string": (one_string, CALLS),
    "arguments, many keys": (many_keys, CALLS),
}
#: The same, where each turn looks into the arguments too.
LOOKING: dict[str, tuple[Make, Read]] = {
    "arguments read, many keys": (many_keys, read_args),
    "arguments read, nested": (nested, read_args),
}


def rows(*, quick: bool) -> Iterator[Line]:
    """Folds of text, and of a call's arguments, beside langchain-core's."""
    sides = folds((text_pieces, TEXT), SIZES, SIZES[-1])
    for size in SIZES:
        texts = [one["content"] for one in text_pieces(size)]
        sides[size, JOIN] = side(partial("".join, texts), times=20)
    yield from told("text", rounds(sides, 7, warm=1), ">= 10x")
    last = OFTEN if quick else SIZES[-1]
    for what, kind in ARGUMENTS.items():
        yield from told(what, raced(folds(kind, SIZES, last)), ">= 300x")
    for what, kind in LOOKING.items():
        yield from told(what, raced(folds(kind, SIZES[:3], OFTEN)), None)


Sides = dict[tuple[int, str], Side]


def folds(kind: tuple[Make, Read], sizes: Sequence[int], last: int) -> Sides:
    """The folds of one kind; those of the peer up to the size *last*."""
    make, read = kind
    sides: Sides = {}
    for size in sizes:
        given = make(size)
        mine = [AIMessageChunk(**one) for one in given]
        sides[size, OURS] = side(partial(fold, mine, read))
        if size <= last:
            theirs = [PeerChunk(**one) for one in given]
            sides[size, PEER] = side(partial(fold, theirs, read))
    return sides


def raced(sides: Sides) -> dict[tuple[int, str], list[float]]:
    """Run them; the peer runs less often where it is slow, and once above that."""
    slow = [key for key in sides if key[1] == PEER and key[0] >= OFTEN]
    seldom = {key: 1 if key[0] > OFTEN else 3 for key in slow}
    return rounds(sides, 5, warm=1, most=seldom)


def told(
    what: str, found: Mapping[tuple[int, str], list[float]], aim: str | None
) -> Iterator[Line]:
    """Give the lines of one kind."""
    taken, subject = by_size(found), Subject("folding", what, "ms")
    for size, each in taken.items():
        aims = {PEER: aim} if aim is not None and size in AIMED else None
        yield from subject.rows(each, size, aims)
    yield from subject.growths(taken, "<= 12x a decade")
