"""How inputs are changed so that they stay what they are: JSON, lines, frames.

What a fuzzer does to bytes breaks JSON nearly always, and a checksum always. Here the
values inside of it change. In: bytes, and a random generator. Out: other bytes.
"""

import json
import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

from harness.errors import WireError
from harness.wire.aws_frames import AwsDecoder, Frame, encode_frame

__all__ = ["Mutator", "frames", "lines", "values"]

Mutator = Callable[[bytes, Random, Sequence[str]], bytes]

_JSON = re.compile(rb"\{.*\}|\[.*\]")
_STRANGE: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 1.0, 1.5, -0.0, 1e300, 10**30, 2**63, -(2**31)),
    *(
        "",
        " ",
        "x",
        "null",
        "0",
        "{",
        "{}",
        "[]",
        "\n",
        "\0",
        "\u2028",
        "é😀",
        "\ud83d",
    ),
    *([], {}, [None], [[]], [{}], {"": ""}, ["x", 1], {"type": None}, {"type": "x"}),
    *(
        "data:image/png;base64,aGk=",
        "https://a.b/c.png",
        '{"a": 1}',
        '{"a": ',
        "a" * 99,
    ),
)


def values(data: bytes, rng: Random, words: Sequence[str]) -> bytes:
    """Change a value in one of the JSON texts that stand in *data*, each in a line."""
    places = [found.span() for found in _JSON.finditer(data)]
    try:
        json.loads(data)
        places.append((0, len(data)))
    except (ValueError, RecursionError):
        pass
    if not places:
        return data
    start, end = rng.choice(places)
    try:
        value = json.loads(data[start:end])
    except (ValueError, RecursionError):
        return data
    box = [value]
    for _ in range(rng.choice((1, 1, 2, 3))):
        _change(box, rng, words)
    styles: Sequence[Any] = (None, (",", ":"))
    told = json.dumps(
        box[0], separators=rng.choice(styles), ensure_ascii=rng.random() < 0.5
    )
    return data[:start] + told.encode("utf-8", "surrogatepass") + data[end:]


def _change(box: list[Any], rng: Random, words: Sequence[str]) -> None:
    """Change one thing somewhere below the one value in *box*."""
    nodes = _nodes(box)
    holder, key = rng.choice(nodes)
    word = rng.choice(words) if words else "x"
    match rng.randrange(8):
        case 0 if holder is not box:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[word] = holder.pop(key)
        case 2 if isinstance(holder, list) and holder is not box:
            holder.insert(key, deepcopy(rng.choice(holder)))
        case 3:
            other, name = rng.choice(nodes)
            holder[key] = deepcopy(other[name])
        case 4:
            holder[key] = word
        case 5 if isinstance(holder[key], dict):
            holder[key][word] = deepcopy(rng.choice(_STRANGE))
        case 6 if isinstance(holder[key], str):
            text, at = holder[key], rng.randint(0, len(holder[key]))
            holder[key] = rng.choice(
                (text[:at], text[at:], text[:at] + word + text[at:])
            )
        case _:
            holder[key] = deepcopy(rng.choice(_STRANGE))


def _nodes(box: list[Any]) -> list[tuple[Any, Any]]:
    """Give all values below *box*, each by what holds it and its key there."""
    nodes: list[tuple[Any, Any]] = [(box, 0)]
    for holder, key in nodes:
        match holder[key]:
            case dict() as inside:
                nodes += [(inside, name) for name in inside]
            case list() as inside:
                nodes += [(inside, n) for n in range(len(inside))]
            case _:
                pass
    return nodes


def lines(data: bytes, rng: Random, words: Sequence[str]) -> bytes:
    """Drop, double, move, indent or write a line, or change a value in one."""
    if rng.random() < 0.5:
        return values(data, rng, words)
    found = data.split(b"\n")
    at, other = rng.randrange(len(found)), rng.randrange(len(found))
    word = (rng.choice(words) if words else "x").encode("utf-8", "surrogatepass")
    match rng.randrange(6):
        case 0:
            del found[at]
        case 1:
            found.insert(other, found[at])
        case 2:
            found[at], found[other] = found[other], found[at]
        case 3:
            found[at] = b"  " * rng.randint(0, 3) + found[at].lstrip()
        case 4:
            head, colon, _ = found[at].partition(b":")
            found[at] = head + colon + b" " + word
        case _:
            found.insert(at, b" " * rng.randint(0, 6) + word)
    return b"\n".join(found)


def frames(data: bytes, rng: Random, words: Sequence[str]) -> bytes:
    """Change frames of AWS so that their checksums are right."""
    try:
        found = AwsDecoder().frames(data)
    except WireError:
        found = []
    if not found:
        return encode_frame(
            {":event-type": rng.choice(words)}, values(data, rng, words)
        )
    at = rng.randrange(len(found))
    headers = dict(found[at].headers)
    match rng.randrange(6):
        case 0:
            del found[at]
        case 1:
            found.insert(at, rng.choice(found))
        case 2 if headers:
            headers.pop(rng.choice([*headers]))
            found[at] = Frame(headers, found[at].payload)
        case 3:
            names = [":event-type", ":exception-type", ":message-type", ":error-code"]
            headers[rng.choice(names)] = rng.choice([*words, 1, True, b"x"])
            found[at] = Frame(headers, found[at].payload)
        case _:
            found[at] = Frame(headers, values(found[at].payload, rng, words))
    return b"".join(encode_frame(one.headers, one.payload) for one in found)
