"""A request that was not recorded, explained: what is nearest, and how it differs.

However large the cassette, few recordings are looked at and one of them is compared
in full: that of the request which is most like the one that was asked.
"""

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from heapq import nsmallest
from operator import itemgetter
from typing import Any

from harness.cassettes.http_requests import HttpRequest, Matching, request_of
from harness.cassettes.interactions import Interaction, decoded_request
from harness.errors import CassetteError, CassetteMiss, InputError, WireError, shown
from harness.matching import DEFAULT_FIELDS, difference, distance
from harness.requests import ChatRequest
from harness.wire import dialect_of

__all__ = ["Shelf", "explain_miss"]

_FIELDS = (*DEFAULT_FIELDS, "model", "params")
_MANY, _COMPARED, _NAMED, _LINES = 64, 16, 3, 12
_FAR, _TEXT, _ROOM = 10.0, 500, 40


@dataclass(frozen=True, slots=True)
class Shelf:
    """What a miss tells of its cassette.

    *recordings* are those that are looked at, *played* how many others there are;
    *matching* says what had to be equal, and *why* why the request may not go live.
    """

    name: str
    exists: bool
    recordings: Sequence[Interaction]
    played: int
    matching: Matching
    why: Sequence[str]


def explain_miss(
    request: HttpRequest, shelf: Shelf, same: Sequence[Interaction] = ()
) -> CassetteMiss:
    """Why the cassette has no answer to *request*, and what to do.

    *same* are its recordings of this very request, which were all played.
    """
    asked = _Asked.of(request)
    lines = [f"{shelf.name} has no answer to this request:", f"  {asked.told()}"]
    nearest = same[-1] if same else None
    if same:
        lines += _played(same)
    elif not shelf.recordings:
        empty = (
            "It has no recordings." if shelf.exists else "There is no such file yet."
        )
        lines.append(empty)
    else:
        nearest, told = _nearest(asked, shelf)
        lines += told
    told = [*lines, *shelf.why, _how_to_record()]
    return CassetteMiss("\n".join(told), request, nearest)


def _played(same: Sequence[Interaction]) -> list[str]:
    count, last = len(same), same[-1]
    what = "Its one recording was" if count == 1 else f"Its {count} recordings were all"
    return [
        f"{what} played already: {last.place}.",
        "Let the last one play on with on_repeat='last', all again with 'cycle'.",
    ]


def _how_to_record() -> str:
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]
    if test:
        return f"To record it: pytest --cassette-mode=new_episodes '{test}'"
    return "To record it, open the cassette in mode 'new_episodes'."


# -------------------------------------------------------------------- nearest


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request as it is compared: as a chat, where its URL has a dialect."""

    request: HttpRequest
    body: bytes
    chat: ChatRequest | None

    @classmethod
    def of(cls, request: HttpRequest) -> "_Asked":
        stored = Interaction(
            request.method,
            request.url,
            200,
            request_headers=request.headers,
            request_body=request.body,
        )
        body, dialect = request.body, dialect_of(request.url)
        with contextlib.suppress(CassetteError, InputError, WireError):
            body = decoded_request(stored)
            if dialect is not None:
                return cls(request, body, dialect.read_request(body, request.url))
        return cls(request, body, None)

    def told(self) -> str:
        """The request in a line."""
        line = f"{self.request.method} {self.request.url}"
        about = self.about()
        return f"{line}: {about}" if about else line

    def about(self) -> str:
        """What it says last."""
        if self.chat is not None and self.chat.messages:
            last = self.chat.messages[-1]
            return f"{last.type} {shown(last.text, limit=80)}"
        return (
            shown(self.body.decode("utf-8", "replace"), limit=80) if self.body else ""
        )

    def distance(self, other: "_Asked") -> float:
        """How far *other* is: the smaller, the nearer."""
        far = _FAR * (_address(self) != _address(other))
        far += self.request.method != other.request.method
        if self.chat is not None and other.chat is not None:
            return far + distance(self.chat, other.chat, _FIELDS)
        if self.body == other.body:
            return far
        ours, theirs = self.body[:_TEXT], other.body[:_TEXT]
        return far + 1 - SequenceMatcher(None, ours, theirs, autojunk=False).ratio() / 2


def _address(one: _Asked) -> str:
    return one.request.url.partition("?")[0]


def _nearest(asked: _Asked, shelf: Shelf) -> tuple[Interaction, list[str]]:
    """The recording that is nearest, and lines on it."""
    known = [(_Asked.of(request_of(one)), one) for one in _looked_at(asked, shelf)]
    known.sort(key=lambda pair: asked.distance(pair[0]))
    near, recording = known[0]
    count = len(shelf.recordings)
    which = "The only recording" if count == 1 else f"The nearest of {count} recordings"
    which += " that was not played" if shelf.played else ""
    said = near.about() or near.told()
    lines = [f"{which} is {recording.place}: {said}. It differs in"]
    found = [*_differences(asked, near, shelf.matching)]
    lines += [f"  {line}" for line in found[:_LINES]]
    if len(found) > _LINES:
        lines.append(f"  and {len(found) - _LINES} more")
    if len(known) > 1:
        lines.append("Less near:")
        lines += [
            f"  {one.place}: {other.about() or other.told()}"
            for other, one in known[1:_NAMED]
        ]
    return recording, lines


def _looked_at(asked: _Asked, shelf: Shelf) -> Iterable[Interaction]:
    """The recordings; where there are many, a few that are at the same address first.

    To compare a request in full takes as long as to look at hundreds of bodies as they
    stand. That finds the nearest only where they are spelled alike.
    """
    if len(shelf.recordings) <= _MANY:
        return shelf.recordings
    address, body = _address(asked), asked.request.body

    def far(numbered: tuple[int, Interaction]) -> tuple[bool, int]:
        _, one = numbered
        return one.url.partition("?")[0] != address, _apart(body, one.request_body)

    few = nsmallest(_COMPARED, enumerate(shelf.recordings), key=far)
    return [one for _, one in sorted(few, key=itemgetter(0))]


def _apart(one: bytes, other: bytes) -> int:
    """How many bytes lie between the first and the last difference of two bodies."""
    short, long = sorted((len(one), len(other)))
    start = _shared(short, lambda low, high: one[low:high] == other[low:high])
    end = _shared(
        short - start,
        lambda low, high: (
            one[len(one) - high : len(one) - low]
            == other[len(other) - high : len(other) - low]
        ),
    )
    return long - start - end


def _shared(most: int, same: Callable[[int, int], bool]) -> int:
    """How much is the *same* from one side on: halved until it is known."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if same(low, middle):
            low = middle
        else:
            high = middle - 1
    return low


# ---------------------------------------------------------------- differences


def _differences(asked: _Asked, near: _Asked, matching: Matching) -> Iterator[str]:
    """What of *asked* is other than in *near*, a line each."""
    for name in matching.differing(asked.request, near.request):
        if name in {"body", "raw_body"}:
            yield from _bodies(asked, near)
        else:
            ours, theirs = (matching.part(name, one.request) for one in (asked, near))
            yield f"{name}: {_instead(ours, theirs)}"


def _bodies(asked: _Asked, near: _Asked) -> Iterator[str]:
    lines: list[str] = []
    if asked.chat is not None and near.chat is not None:
        lines = difference(asked.chat, near.chat, _FIELDS)
    ours, theirs = _json(asked.body), _json(near.body)
    if lines:
        yield from lines
        yield from _settings(ours, theirs, lines)
        return
    if ours is None or theirs is None:
        texts = (one.body.decode("utf-8", "replace") for one in (asked, near))
        yield f"body: {_instead(*texts)}"
    elif ours == theirs:
        yield "body: the same JSON, otherwise spelled"
    else:
        yield from _values(ours, theirs, "body")


def _settings(ours: Any, theirs: Any, told: Sequence[str]) -> Iterator[str]:
    """Plain members of two chats that differ, unless they were *told*."""
    named = {line.partition(":")[0] for line in told}
    for line in _values(_plain(ours), _plain(theirs), "body"):
        if line.partition(":")[0].removeprefix("body.") not in named:
            yield line


def _plain(body: Any) -> dict[str, Any]:
    members = body if isinstance(body, dict) else {}
    return {k: v for k, v in members.items() if not isinstance(v, dict | list)}


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _values(ours: Any, theirs: Any, where: str) -> Iterator[str]:
    match ours, theirs:
        case dict(), dict():
            for key in (*ours, *(key for key in theirs if key not in ours)):
                if key not in theirs:
                    yield f"{where}.{key}: {shown(ours[key])} is new"
                elif key not in ours:
                    yield f"{where}.{key}: {shown(theirs[key])} is missing"
                elif ours[key] != theirs[key]:
                    yield from _values(ours[key], theirs[key], f"{where}.{key}")
        case list(), list() if len(ours) == len(theirs):
            for n, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                if one != other:
                    yield from _values(one, other, f"{where}[{n}]")
        case str(), str():
            yield f"{where}: {_instead(ours, theirs)}"
        case _:
            yield f"{where}: {shown(ours)} instead of {shown(theirs)}"


def _instead(ours: str, theirs: str) -> str:
    """Two texts, cut to the place where they part."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    part = next((n for n, (a, b) in pairs if a != b), min(len(ours), len(theirs)))
    start = part - _ROOM if part > 2 * _ROOM else 0
    told = []
    for text in (ours, theirs):
        head, tail = "..." * bool(start), "..." * (len(text) > part + 2 * _ROOM)
        told.append(f"{head}{text[start : part + 2 * _ROOM]}{tail}")
    return f"{told[0]!r} instead of {told[1]!r}"
