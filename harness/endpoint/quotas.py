"""What a provider grants in a minute. In: requests, the time. Out: refusals, headers.

Each limit is a bucket: full at first, it fills up evenly, all of it in a minute. A
request is counted when it is let in, by what it may cost at most; one that is turned
down costs nothing.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from datetime import UTC, datetime, timedelta

from harness.endpoint.calls import Clocked, HttpCall
from harness.endpoint.replies import Reply
from harness.errors import InputError, shown
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire import Dialect

__all__ = ["Quota", "Quotas", "with_limits"]

#: What the clock of a fake begins with, for headers that say a date.
_EPOCH = datetime(2025, 1, 1, tzinfo=UTC)
_ABOUT = 1e-6


@dataclass(frozen=True, slots=True)
class Quota:
    """How many requests and tokens a provider grants in a minute; None: any number.

    A token is 4 characters of the messages; what the request lets the answer have
    (``max_tokens``) counts from the start, as if it were used. Raises InputError for
    limits below 1, and where there is none.

    >>> Quota(requests_per_minute=3).tokens_per_minute is None
    True
    """

    _: KW_ONLY
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None

    def __post_init__(self) -> None:
        said = {
            "requests_per_minute": self.requests_per_minute,
            "tokens_per_minute": self.tokens_per_minute,
        }
        for name, limit in said.items():
            if limit is not None and (type(limit) is not int or limit < 1):
                raise InputError(f"Quota({name}={shown(limit)}): give 1 or more.")
        if said == dict.fromkeys(said):
            raise InputError(
                "Quota() limits nothing: say requests_per_minute or tokens_per_minute."
            )


@dataclass(frozen=True, slots=True)
class _Level:
    """What is left of a limit at one moment, and in how many seconds all is."""

    name: str
    limit: int
    left: int
    reset: float


class _Bucket:
    """One limit; *name* is what it counts."""

    def __init__(self, name: str, limit: int, moment: float) -> None:
        self.name = name
        self.limit = limit
        self._left = float(limit)
        self._moment = moment

    def wait(self, cost: int, moment: float) -> float:
        """In how many seconds *cost* is there; inf: never."""
        passed = max(0.0, moment - self._moment)
        self._left = min(self.limit, self._left + passed * self.limit / 60)
        self._moment = max(moment, self._moment)
        if cost > self.limit:
            return math.inf
        short = cost - self._left
        return 0.0 if short < _ABOUT else short * 60 / self.limit

    def take(self, cost: int) -> None:
        """Use up *cost*, which is there."""
        self._left = max(0.0, self._left - cost)

    def level(self) -> _Level:
        """What is left."""
        empty = (self.limit - self._left) * 60 / self.limit
        return _Level(self.name, self.limit, int(self._left + _ABOUT), empty)


class Quotas:
    """The gate that keeps *quota*, and the spoiler that tells what is left of it."""

    def __init__(self, quota: Quota, now: Clocked) -> None:
        if not isinstance(quota, Quota):
            raise InputError(
                f"quota={shown(quota)}: give Quota(requests_per_minute=3)."
            )
        limits = {
            "requests": quota.requests_per_minute,
            "tokens": quota.tokens_per_minute,
        }
        self._now = now
        self._buckets = [
            _Bucket(name, limit, now())
            for name, limit in limits.items()
            if limit is not None
        ]
        self._said: dict[int, Mapping[str, str]] = {}

    def gate(self, call: HttpCall) -> Fault | None:
        """Why *call* is turned down, if it is; or else it is counted."""
        moment = self._now()
        tokens = 0 if call.asked is None else _tokens(call.asked)
        costs = {"requests": 1, "tokens": tokens}
        waits = [(b.wait(costs[b.name], moment), b) for b in self._buckets]
        seconds, narrow = max(waits, key=lambda wait: wait[0])
        if not seconds:
            for bucket in self._buckets:
                bucket.take(costs[bucket.name])
        headers = _headers(call.dialect, [b.level() for b in self._buckets], moment)
        if seconds:
            return _too_much(narrow, costs[narrow.name], seconds, headers)
        self._said[call.index] = headers
        return None

    def spoil(self, call: HttpCall, reply: Reply, _: Dialect) -> Reply:
        """*reply*, which says what is left."""
        return reply.with_headers(*self._said.pop(call.index, {}).items())


def with_limits(dialect: str, fault: Fault, moment: float) -> Fault:
    """*fault*; a 429 of a script has the headers of a limit of requests."""
    if fault.status != 429:
        return fault
    level = _Level("requests", 60, 0, fault.retry_after or 1.0)
    headers = _headers(dialect, [level], moment)
    return replace(fault, headers={**headers, **fault.headers})


def _tokens(request: ChatRequest) -> int:
    """How many tokens *request* may cost at most."""
    asked = -(-sum(len(message.text) for message in request.messages) // 4)
    names = ("max_tokens", "max_completion_tokens")
    most = next((request.params[n] for n in names if request.params.get(n)), 0)
    return asked + (most if type(most) is int else 0)


def _too_much(
    bucket: _Bucket, cost: int, seconds: float, headers: Mapping[str, str]
) -> Fault:
    what = f"{bucket.limit} {bucket.name} are granted a minute"
    if seconds == math.inf:
        words = f"{what}, and this asks for {cost} at once: it is never let in."
        return Fault(words, status=429, headers=headers)
    # A client that waits to the millisecond must find it there.
    after = math.ceil(seconds * 1000 - _ABOUT) / 1000
    words = f"{what}, and they are used up: try again in {after:g} s."
    return Fault(words, status=429, retry_after=after, headers=headers)


def _headers(
    dialect: str, levels: Iterable[_Level], moment: float
) -> Mapping[str, str]:
    """What is left, as the provider says it; most say nothing."""
    said: dict[str, str] = {}
    for level in levels:
        match dialect:
            case "openai-chat" | "openai-responses":
                said[f"x-ratelimit-limit-{level.name}"] = str(level.limit)
                said[f"x-ratelimit-remaining-{level.name}"] = str(level.left)
                said[f"x-ratelimit-reset-{level.name}"] = _span(level.reset)
            case "anthropic-messages":
                place = f"anthropic-ratelimit-{level.name}"
                full = _EPOCH + timedelta(seconds=moment + math.ceil(level.reset))
                said[f"{place}-limit"] = str(level.limit)
                said[f"{place}-remaining"] = str(level.left)
                said[f"{place}-reset"] = full.strftime("%Y-%m-%dT%H:%M:%SZ")
            case _:
                pass
    return said


def _span(seconds: float) -> str:
    """A time as OpenAI says it: "6m0s", "1.5s", "20ms".

    >>> _span(360), _span(1.5), _span(0.02)
    ('6m0s', '1.5s', '20ms')
    """
    milliseconds = math.ceil(seconds * 1000 - _ABOUT)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes}m{rest / 1000:g}s" if minutes else f"{rest / 1000:g}s"
