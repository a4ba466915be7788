"""Which recording answers a request: found by its key, at one cost in any cassette.

Recordings of equal requests play in the order in which they were recorded, each once;
what comes after the last of them is the caller's choice.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

from harness.cassettes.http_requests import (
    HttpRequest,
    Matching,
    RequestKey,
    request_of,
)
from harness.cassettes.interactions import Interaction
from harness.errors import InputError, nearest

__all__ = ["Answers", "Lookup", "Repeats", "checked_repeats"]

#: What an equal request gets when its recordings were all played: nothing ("error"),
#: the last one again ("last"), or all of them once more ("cycle").
Repeats = Literal["error", "last", "cycle"]


def checked_repeats(given: str) -> Repeats:
    """*given*, if it is a policy. Raises InputError."""
    for known in get_args(Repeats):
        if given == known:
            return known  # type: ignore[no-any-return]  # it is one of them
    known_ones = nearest(str(given), get_args(Repeats))
    raise InputError(f"on_repeat={given!r} is no policy. {known_ones}")


@dataclass(slots=True)
class _Queue:
    recordings: list[Interaction] = field(default_factory=list)
    played: int = 0


class Lookup:
    """The recordings of a cassette by their keys. It is not thread-safe by itself."""

    def __init__(self, on_repeat: Repeats) -> None:
        self._on_repeat = on_repeat
        self._queues: dict[RequestKey, _Queue] = {}

    def add(self, key: RequestKey, interaction: Interaction) -> None:
        """Let *interaction* answer requests of *key*, after those that do already."""
        self._queues.setdefault(key, _Queue()).recordings.append(interaction)

    def take(self, key: RequestKey) -> Interaction | None:
        """The next answer to requests of *key*; None if there is none any more."""
        queue = self._queues.get(key)
        if queue is None:
            return None
        number, count = queue.played, len(queue.recordings)
        if number >= count and self._on_repeat == "error":
            return None
        queue.played += 1
        cycling = self._on_repeat == "cycle"
        return queue.recordings[number % count if cycling else min(number, count - 1)]

    def __contains__(self, key: RequestKey) -> bool:
        return key in self._queues

    def recorded(self, key: RequestKey) -> list[Interaction]:
        """All recordings of *key*, played or not."""
        queue = self._queues.get(key)
        return [] if queue is None else [*queue.recordings]

    def unused(self) -> Iterable[Interaction]:
        """The recordings that nothing has asked for yet."""
        for queue in self._queues.values():
            yield from queue.recordings[queue.played :]


class Answers:
    """The recordings *known* by what they answer, secrets in it or not.

    A live request has its secrets still, *redacted* takes them out. Most requests have
    none in what is compared, and are found as they are; looking for secrets takes
    longer than all the rest. It is not thread-safe by itself.
    """

    def __init__(
        self,
        known: Iterable[Interaction],
        matching: Matching,
        redacted: Callable[[HttpRequest], HttpRequest],
        on_repeat: Repeats,
    ) -> None:
        self._matching = matching
        self._redacted = redacted
        self._lookup = Lookup(on_repeat)
        self._raw: dict[RequestKey, HttpRequest] = {}  # as other recorders left them
        self._hidden: dict[RequestKey, list[RequestKey]] | None = None
        for one in known:
            request = request_of(one)
            key = matching.key(request)
            self._lookup.add(key, one)
            if one.sealed is not True:
                self._raw.setdefault(key, request)

    def take(self, request: HttpRequest) -> Interaction | None:
        """The next answer to *request*; None if there is none any more."""
        for key in self._keys(request):
            if (found := self._lookup.take(key)) is not None:
                return found
        return None

    def recorded(self, request: HttpRequest) -> list[Interaction]:
        """All recordings of *request*, played or not."""
        found = [self._lookup.recorded(key) for key in self._keys(request)]
        return [one for same in found for one in same]

    def unused(self) -> list[Interaction]:
        """The recordings that nothing has asked for yet."""
        return [*self._lookup.unused()]

    def _keys(self, request: HttpRequest) -> Iterator[RequestKey]:
        """The keys that *request* may have in the cassette, without its secrets too."""
        key = self._matching.key(request)
        yield key
        if key not in self._lookup:
            hidden = self._matching.key(self._redacted(request))
            if hidden != key:
                yield hidden
            yield from self._without_secrets().get(hidden, ())

    def _without_secrets(self) -> dict[RequestKey, list[RequestKey]]:
        """Keys of what other recorders left, by what they are without secrets."""
        if self._hidden is None:
            self._hidden = {}
            for key, request in self._raw.items():
                hidden = self._matching.key(self._redacted(request))
                if hidden != key:
                    self._hidden.setdefault(hidden, []).append(key)
        return self._hidden
