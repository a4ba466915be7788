"""Which exchange of one run is which of the other: by what was asked, not by place.

Requests that are the same are found by their keys, from the strictest to the loosest;
what is left over goes with the most alike, as long as it is alike enough. All of it
takes time in proportion to the number of exchanges.
"""

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache

from harness.cassettes.interactions import decoded_request
from harness.errors import CassetteError
from harness.matching import DEFAULT_FIELDS, match_key
from harness.messages import Message, SystemMessage
from harness.requests import ChatRequest
from harness.transcripts import Exchange
from harness.values import canonical

__all__ = ["paired"]

#: Indices of two exchanges, one on either side.
Pair = tuple[int, int]
_Key = Callable[[Exchange], Hashable]

_ALIKE = 0.5
_LOOKED_AT, _COMMON = 8, 64
_SHORT = 100
_WORD = re.compile(r"\w+")


def paired(before: Sequence[Exchange], after: Sequence[Exchange]) -> list[Pair]:
    """The pairs of *before* and *after* that are the same exchange, be it changed.

    Turns of scripts have no request: where there are any, answers are aligned.
    """
    if any(one.dialect == "script" for one in (*before, *after)):
        return _aligned(before, after)
    pairs: list[Pair] = []
    left, right = list(range(len(before))), list(range(len(after)))
    for key in _KEYS:
        pairs += _by_key(key, (before, left), (after, right))
        taken = {a for a, _ in pairs}, {b for _, b in pairs}
        left = [n for n in left if n not in taken[0]]
        right = [n for n in right if n not in taken[1]]
    return pairs + _nearest((before, left), (after, right))


#: Exchanges, and the indices of those that have no partner yet.
_Side = tuple[Sequence[Exchange], list[int]]


def _by_key(key: _Key, ours: _Side, theirs: _Side) -> list[Pair]:
    """Those of one key, in their order."""
    waiting: dict[Hashable, deque[int]] = defaultdict(deque)
    if ours[1]:
        for n in theirs[1]:
            if (found := key(theirs[0][n])) is not None:
                waiting[found].append(n)
    pairs = []
    if waiting:
        for n in ours[1]:
            found = key(ours[0][n])
            if found is not None and waiting.get(found):
                pairs.append((n, waiting[found].popleft()))
    return pairs


# ----------------------------------------------------------------------- keys


def _exact(one: Exchange) -> Hashable:
    asked = one.request
    if asked is None:
        return None
    given = canonical([asked.model, asked.params, asked.stop, asked.stream])
    return match_key(asked), given


def _asks(one: Exchange) -> Hashable:
    return one.request and match_key(one.request, DEFAULT_FIELDS)


def _says(one: Exchange) -> Hashable:
    return one.request and match_key(one.request, ("messages",))


def _talks(one: Exchange) -> Hashable:
    return one.request and match_key(ChatRequest(_told(one.request)), ("messages",))


def _body(one: Exchange) -> Hashable:
    found = one.interaction
    if one.request is not None or found is None:
        return None
    try:
        body = decoded_request(found)
    except CassetteError:
        body = found.request_body
    return found.method, found.url, body


def _address(one: Exchange) -> Hashable:
    found = one.interaction
    if one.request is not None or found is None:
        return None
    return found.method, found.url.partition("?")[0]


_KEYS: tuple[_Key, ...] = (_exact, _asks, _says, _talks, _body, _address)


def _told(request: ChatRequest) -> tuple[Message, ...]:
    """What was said, without what the application says each time."""
    said = [m for m in request.messages if not isinstance(m, SystemMessage)]
    return tuple(said) or request.messages


# -------------------------------------------------------------------- nearest


class _Talk:
    """The messages of a request, as they are compared: by words and bits of them."""

    def __init__(self, request: ChatRequest) -> None:
        self.keys = [(one.type, one.text) for one in _told(request)]

    def features(self) -> frozenset[Hashable]:
        """What finds others like it."""
        return frozenset(self.keys) | (_bits(self.keys[-1][1]) if self.keys else set())

    def likeness(self, other: "_Talk") -> float:
        """How alike two talks are, from 0 to 1."""
        alike = 0.0
        for one, two in zip(self.keys, other.keys, strict=False):
            if one == two:
                alike += 1
            elif one[0] == two[0]:
                ours, theirs = _bits(one[1]), _bits(two[1])
                alike += 2 * len(ours & theirs) / (len(ours) + len(theirs))
        return alike / (max(len(self.keys), len(other.keys)) or 1)


@lru_cache(4096)
def _bits(text: str) -> frozenset[str]:
    """Words, and for what is short threes of letters: a slip does not change all."""
    short = text[:_SHORT]
    threes = (short[n : n + 3] for n in range(max(1, len(short) - 2)))
    return frozenset(_WORD.findall(text)).union(threes)


def _nearest(ours: _Side, theirs: _Side) -> list[Pair]:
    """The most alike of what is left over, the best pairs first."""
    left, right = _talks_of(ours), _talks_of(theirs)
    known: dict[Hashable, list[int]] = defaultdict(list)
    for n, talk in right.items():
        for feature in talk.features():
            known[feature].append(n)
    found: list[tuple[float, int, int]] = []
    for n, talk in left.items():
        seen = Counter({n: 0} if n in right else {})
        for feature in talk.features():
            near = known.get(feature, ())
            if len(near) <= _COMMON:
                seen.update(near)
        # What shares half as much as another is no better than that one.
        least = max(seen.values(), default=0) / 2
        most = sorted(seen, key=lambda m: (-seen[m], m))[:_LOOKED_AT]
        most = [other for other in most if seen[other] >= least]
        found += [(-talk.likeness(right[other]), n, other) for other in most]
    return _best(found)


def _talks_of(side: _Side) -> dict[int, _Talk]:
    exchanges, left = side
    asked = ((n, exchanges[n].request) for n in left)
    return {n: _Talk(request) for n, request in asked if request is not None}


def _best(found: list[tuple[float, int, int]]) -> list[Pair]:
    pairs: list[Pair] = []
    taken: tuple[set[int], set[int]] = set(), set()
    for far, one, other in sorted(found):
        if -far > _ALIKE and one not in taken[0] and other not in taken[1]:
            pairs.append((one, other))
            taken[0].add(one)
            taken[1].add(other)
    return pairs


# --------------------------------------------------------------------- scripts


def _aligned(before: Sequence[Exchange], after: Sequence[Exchange]) -> list[Pair]:
    """Turns in their order: those that say the same, then what lies between."""
    ours, theirs = ([_answer(one) for one in side] for side in (before, after))
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    pairs: list[Pair] = []
    for _, a, b, c, d in matcher.get_opcodes():
        pairs += zip(range(a, b), range(c, d), strict=False)
    return pairs


def _answer(one: Exchange) -> str:
    if one.answer is None:
        return canonical([one.fault and str(one.fault), one.about])
    calls = [[call["name"], call["args"]] for call in one.answer.tool_calls]
    return canonical([one.answer.text, calls, one.fault and str(one.fault)])
