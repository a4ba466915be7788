"""A cassette as a source: each request gets the answer that was recorded for it.

In: interactions. Out: steps. Equal requests get their answers in recorded order, each
once; a request that was not recorded gets a CassetteMiss that says what differs.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, repeat
from operator import attrgetter
from threading import Lock
from typing import Any, TypeVar

from harness.cassettes.conversations import (
    CONVERSATIONS,
    is_conversation,
    redacted,
    steps_of,
)
from harness.cassettes.interactions import (
    NO_ANSWER,
    Ending,
    Interaction,
    decoded_body,
    decoded_request,
)
from harness.cassettes.settings import Redactor
from harness.errors import CassetteError, CassetteMiss, WireError, shown
from harness.matching import (
    DEFAULT_FIELDS,
    difference,
    distance,
    match_fields,
    match_key,
)
from harness.requests import ChatRequest
from harness.steps import Fault, FaultKind, Pause, Step
from harness.wire import Dialect, dialect_of

__all__ = ["CassetteSource", "Recording"]

T = TypeVar("T")

#: What a request that never got an answer failed by.
_SILENCES: dict[Ending, FaultKind] = {
    "timeout": "timeout",
    "connection": "connection",
    "interrupted": "connection",
}
_SHOWN_LINES = 12
_COMPARED = 200
_LONGEST_PAUSE = 1e9 - 1  # seconds; a file may say anything
_ADD = (
    "To add it, record it: use_cassette(name, mode='new_episodes'), or in a test "
    "pytest --cassette-mode=new_episodes."
)
_ADD_CHAT = (
    "To add it, record it: RecordingChatModel(model, name, mode='new_episodes')."
)


@dataclass(frozen=True, slots=True)
class Recording:
    """An interaction that is a chat: what was asked, and what can read the answer.

    *number* counts the interactions of the cassette from 1, *request* is what was
    asked. What a RecordingChatModel recorded needs no *dialect*.

    >>> from harness.cassettes.reading import load_cassette
    >>> source = CassetteSource(load_cassette("cassettes/weather.yaml"))
    >>> print(source.recordings[0])
    cassettes/weather.yaml, interaction 1 (line 4): 'Hello!'
    """

    number: int
    interaction: Interaction
    dialect: Dialect | None
    request: ChatRequest

    def steps(self, speed: float = 0.0) -> Iterator[Step]:
        """The answer; with pauses between its pieces, *speed* times as fast; 0: none.

        Raises CassetteError where it cannot be read.
        """
        return _steps(self, speed)

    def __str__(self) -> str:
        asked = self.request.messages[-1:]
        about = f": {shown(asked[0].text, limit=80)}" if asked else ""
        return f"{self.interaction.place}{about}"


@dataclass(slots=True)
class _Way:
    """Recordings of equal requests, streamed or not; *fresh* are not played yet."""

    recordings: list[Recording] = field(default_factory=list)
    fresh: deque[Recording] = field(default_factory=deque)


class CassetteSource:
    """Plays *interactions*; finding the answer takes no longer in a large cassette.

    Without *dialect* each URL tells its own; traffic that is no chat is left aside in
    ``skipped``, with the reason. *name* is what errors call the cassette. *match_on*
    names what of a request must be as it was recorded: "model" and "params" count as
    far as the caller gives them. A recording plays once; with *allow_playback_repeats*
    the last one of its kind plays on. A request that *redaction* hid a secret of is
    known again. *speed* 0 plays at once, 1 as fast as it was recorded, 2 twice as fast.

    >>> from harness.cassettes.reading import load_cassette
    >>> source = CassetteSource(load_cassette("cassettes/weather.yaml"))
    >>> first, _end = source.play(source.recordings[0].request)
    >>> first.text
    'Hello! Ask me about the weather anywhere.'
    """

    def __init__(  # noqa: PLR0913 - the options of a replay, all optional
        self,
        interactions: Iterable[Interaction],
        dialect: Dialect | None = None,
        *,
        name: str = "the cassette",
        match_on: Iterable[str] = DEFAULT_FIELDS,
        allow_playback_repeats: bool = False,
        redaction: Redactor | None = None,
        speed: float = 0.0,
    ) -> None:
        self.name = name
        self.match_on = match_fields(match_on)
        self.misses: list[CassetteMiss] = []
        self.skipped: list[tuple[Interaction, str]] = []
        self.recordings: list[Recording] = []
        #: Why nothing is added to it, where there is more to say than how to.
        self.hint = ""
        self._repeats = allow_playback_repeats
        self._redaction = redaction
        self._speed = speed
        self._lock = Lock()
        self._played: set[int] = set()
        self._counts = 0
        self._match_on = frozenset(self.match_on)
        self._index: dict[str, dict[bool, _Way]] = {}
        for number, interaction in enumerate(interactions, 1):
            self._take(number, interaction, dialect)

    def _take(
        self, number: int, interaction: Interaction, dialect: Dialect | None
    ) -> None:
        said = is_conversation(interaction)
        spoken = None if said else dialect or dialect_of(interaction.url)
        reader = CONVERSATIONS if said else spoken
        if reader is None:
            self.skipped.append((interaction, "no dialect reads this URL"))
            return
        try:
            request = reader.read_request(decoded_request(interaction), interaction.url)
        except (CassetteError, WireError) as error:
            self.skipped.append((interaction, str(error)))
            return
        recording = Recording(number, interaction, spoken, request)
        self.recordings.append(recording)
        of_kind = self._index.setdefault(
            match_key(request, self.match_on), {False: _Way(), True: _Way()}
        )
        way = of_kind[request.stream]
        way.recordings.append(recording)
        way.fresh.append(recording)

    @property
    def play_count(self) -> int:
        """How many requests were answered."""
        return self._counts

    def unused(self) -> list[Recording]:
        """The recordings that nothing has asked for yet."""
        return [one for one in self.recordings if one.number not in self._played]

    def __getstate__(self) -> dict[str, Any]:
        """All but the lock: a pickle plays on from here, for itself."""
        return {k: v for k, v in vars(self).items() if k != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = Lock()

    def play(self, request: ChatRequest) -> Iterator[Step]:
        """The recorded answer to *request*. Raises CassetteMiss."""
        with self._lock:
            found = self._look(request)
            if found is not None:
                return self._played_now(found)
            hidden = self._hidden(request)
            same = self._same(request) or self._same(hidden)
            miss = self._exhausted(hidden, same) if same else self._miss(hidden)
            self.misses.append(miss)
            raise miss

    def find(self, request: ChatRequest) -> Iterator[Step] | None:
        """The same; None where there is none, and nothing is remembered of it."""
        with self._lock:
            found = self._look(request)
            return None if found is None else self._played_now(found)

    def _played_now(self, recording: Recording) -> Iterator[Step]:
        self._played.add(recording.number)
        self._counts += 1
        return recording.steps(self._speed)

    def _look(self, request: ChatRequest) -> Recording | None:
        """The answer to *request*, which it is not given again."""
        asked, of_kind = request, self._of_kind(request)
        if of_kind is None:
            asked = self._hidden(request)
            of_kind = None if asked is request else self._of_kind(asked)
        if of_kind is None:
            return None
        ways = [of_kind[request.stream], of_kind[not request.stream]]
        for way in ways:
            for place, one in enumerate(way.fresh):
                if self._fits(asked, one):
                    del way.fresh[place]
                    return one
        again = (one for way in ways for one in reversed(way.recordings))
        fitting = (one for one in again if self._fits(asked, one))
        return next(fitting, None) if self._repeats else None

    def _of_kind(self, request: ChatRequest) -> dict[bool, _Way] | None:
        """The recordings of *request*, by whether they stream; None if it has none."""
        found = self._index.get(match_key(request, self.match_on), {})
        every = (one for way in found.values() for one in way.recordings)
        return found if any(self._fits(request, one) for one in every) else None

    def _same(self, request: ChatRequest) -> list[Recording]:
        """All recordings of this very request, in order."""
        found = self._of_kind(request) or {}
        every = (one for way in found.values() for one in way.recordings)
        fitting = [one for one in every if self._fits(request, one)]
        return sorted(fitting, key=attrgetter("number"))

    def _fits(self, request: ChatRequest, one: Recording) -> bool:
        if not {"model", "params"} & self._match_on:
            return True  # the key has told
        return not difference(request, one.request, self.match_on)

    def _hidden(self, request: ChatRequest) -> ChatRequest:
        return redacted(request, self._redaction) if self._redaction else request

    def _advice(self) -> str:
        chats = [one for one in self.recordings if one.dialect is None]
        return f"{self.hint} {_ADD_CHAT if chats else _ADD}".strip()

    def _exhausted(
        self, request: ChatRequest, same: Sequence[Recording]
    ) -> CassetteMiss:
        count = "The one recording" if len(same) == 1 else f"All {len(same)} recordings"
        was = "was" if len(same) == 1 else "were"
        return CassetteMiss(
            f"{self.name}: {count} of this request {was} played already:\n"
            f"  {same[-1]}\n"
            "Let the last one play on with allow_playback_repeats=True. "
            + self._advice(),
            request,
            same[-1].interaction,
        )

    def _miss(self, request: ChatRequest) -> CassetteMiss:
        if not self.recordings:
            aside = [f"  {one.place}: {why}" for one, why in self.skipped]
            return CassetteMiss(
                "\n".join(
                    [f"{self.name} has no recording of a chat.", *aside, self._advice()]
                ),
                request,
            )
        recordings = self.unused() or self.recordings
        near = min(
            recordings[:_COMPARED],
            key=lambda one: distance(request, one.request, self.match_on),
        )
        lines = difference(request, near.request, self.match_on)
        if len(lines) > _SHOWN_LINES:
            lines = [*lines[:_SHOWN_LINES], f"and {len(lines) - _SHOWN_LINES} more"]
        count = len(self.recordings)
        nearest = (
            f"The nearest of its {count} recordings" if count > 1 else "All it has"
        )
        return CassetteMiss(
            "\n".join(
                [
                    f"{self.name} has no answer to this request:",
                    *(f"  {m.type}: {shown(m.text)}" for m in request.messages[-1:]),
                    f"{nearest} is {near}. It differs in",
                    *(f"  {line}" for line in lines),
                    self._advice(),
                ]
            ),
            request,
            near.interaction,
        )


def _steps(recording: Recording, speed: float) -> Iterator[Step]:
    interaction, dialect = recording.interaction, recording.dialect
    if dialect is None:
        yield from _timed(interaction, steps_of(interaction), speed)
        return
    if interaction.status == NO_ANSWER and (kind := _SILENCES.get(interaction.ended)):
        yield Fault(interaction.failure, kind)
        return
    body = decoded_body(interaction)
    if interaction.status >= 400:
        headers = dict(interaction.response_headers)
        yield dialect.read_error(interaction.status, headers, body)
        return
    decoder = dialect.decoder()
    as_sent = body == interaction.response_body
    pieces = (interaction.response_chunks if as_sent else None) or (body,)
    try:
        for piece in _timed(interaction, pieces, speed):
            if isinstance(piece, Pause):
                yield piece
            else:
                yield from decoder.feed(piece)
        yield from decoder.close()
    except WireError as error:
        raise CassetteError(f"{interaction.place}: {error}") from error


def _timed(
    interaction: Interaction, pieces: Iterable[T], speed: float
) -> Iterator[T | Pause]:
    """*pieces*, with the pauses between them where time counts."""
    if not speed or interaction.chunk_times is None:
        yield from pieces
        return
    before = 0
    times = chain(interaction.chunk_times, repeat(None))
    for piece, at in zip(pieces, times, strict=False):
        if at is not None and at > before:
            yield Pause(min((at - before) / 1000 / speed, _LONGEST_PAUSE))
            before = at
        yield piece
