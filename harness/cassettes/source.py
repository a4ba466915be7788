"""A cassette as a source: each request gets the answer that was recorded for it.

In: interactions. Out: steps. Equal requests get their answers in recorded order, each
once; a request that was not recorded gets a CassetteMiss that says what differs.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from harness.cassettes.interactions import (
    Interaction,
    decoded_body,
    decoded_request,
)
from harness.errors import CassetteError, CassetteMiss, WireError, shown
from harness.matching import (
    DEFAULT_FIELDS,
    difference,
    distance,
    match_fields,
    match_key,
)
from harness.requests import ChatRequest
from harness.steps import Step
from harness.wire import Dialect, dialect_of

__all__ = ["CassetteSource", "Recording"]

_SHOWN_LINES = 12
_COMPARED = 200
_ADD = "To add it, record the cassette again (vcrpy: record_mode='new_episodes')."


@dataclass(frozen=True, slots=True)
class Recording:
    """An interaction that is a chat: what was asked, and what can read the answer."""

    number: int
    interaction: Interaction
    dialect: Dialect
    request: ChatRequest

    def __str__(self) -> str:
        asked = self.request.messages[-1:]
        about = f": {shown(asked[0].text, limit=80)}" if asked else ""
        return f"{self.interaction.place}{about}"


class CassetteSource:
    """Plays *interactions*; finding the answer takes no longer in a large cassette.

    Without *dialect* each URL tells its own; traffic that is no chat is left aside in
    ``skipped``, with the reason. *match_on* names what of a request must be as it was
    recorded: "model" and "params" count as far as the caller gives them. A recording
    plays once; with *allow_playback_repeats* the last one of its kind plays on.
    """

    def __init__(
        self,
        interactions: Iterable[Interaction],
        dialect: Dialect | None = None,
        *,
        name: str = "the cassette",
        match_on: Iterable[str] = DEFAULT_FIELDS,
        allow_playback_repeats: bool = False,
    ) -> None:
        self.name = name
        self.match_on = match_fields(match_on)
        self.misses: list[CassetteMiss] = []
        self.skipped: list[tuple[Interaction, str]] = []
        self.recordings: list[Recording] = []
        self._repeats = allow_playback_repeats
        self._lock = Lock()
        self._played: set[int] = set()
        self._counts = 0
        self._index: dict[str, list[Recording]] = {}
        for number, interaction in enumerate(interactions, 1):
            self._take(number, interaction, dialect)

    def _take(
        self, number: int, interaction: Interaction, dialect: Dialect | None
    ) -> None:
        spoken = dialect or dialect_of(interaction.url)
        if spoken is None:
            self.skipped.append((interaction, "no dialect reads this URL"))
            return
        try:
            request = spoken.read_request(decoded_request(interaction), interaction.url)
        except (CassetteError, WireError) as error:
            self.skipped.append((interaction, str(error)))
            return
        recording = Recording(number, interaction, spoken, request)
        self.recordings.append(recording)
        self._index.setdefault(match_key(request, self.match_on), []).append(recording)

    @property
    def play_count(self) -> int:
        """How many requests were answered."""
        return self._counts

    def unused(self) -> list[Recording]:
        """The recordings that nothing has asked for yet."""
        return [one for one in self.recordings if one.number not in self._played]

    def play(self, request: ChatRequest) -> Iterator[Step]:
        """The recorded answer to *request*. Raises CassetteMiss."""
        with self._lock:
            recording = self._choose(request)
            if isinstance(recording, CassetteMiss):
                self.misses.append(recording)
                raise recording
            self._played.add(recording.number)
            self._counts += 1
        return _steps(recording)

    def _choose(self, request: ChatRequest) -> Recording | CassetteMiss:
        same = self._index.get(match_key(request, self.match_on), [])
        if {"model", "params"} & {*self.match_on}:
            same = [
                r for r in same if not difference(request, r.request, self.match_on)
            ]
        fresh = [one for one in same if one.number not in self._played]
        if not fresh and same and self._repeats:
            fresh = same[::-1]
        fitting = [one for one in fresh if one.request.stream == request.stream]
        if found := fitting or fresh:
            return found[0]
        return self._exhausted(same) if same else self._miss(request)

    def _exhausted(self, same: Sequence[Recording]) -> CassetteMiss:
        count = "The one recording" if len(same) == 1 else f"All {len(same)} recordings"
        was = "was" if len(same) == 1 else "were"
        return CassetteMiss(
            f"{self.name}: {count} of this request {was} played already:\n"
            f"  {same[-1]}\n"
            "Let the last one play on with allow_playback_repeats=True. " + _ADD
        )

    def _miss(self, request: ChatRequest) -> CassetteMiss:
        if not self.recordings:
            aside = [f"  {one.place}: {why}" for one, why in self.skipped]
            return CassetteMiss(
                "\n".join([f"{self.name} has no recording of a chat.", *aside, _ADD])
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
                    _ADD,
                ]
            )
        )


def _steps(recording: Recording) -> Iterator[Step]:
    interaction, dialect = recording.interaction, recording.dialect
    body = decoded_body(interaction)
    if interaction.status >= 400:
        headers = dict(interaction.response_headers)
        yield dialect.read_error(interaction.status, headers, body)
        return
    decoder = dialect.decoder()
    as_sent = body == interaction.response_body
    pieces = (interaction.response_chunks if as_sent else None) or (body,)
    try:
        for piece in pieces:
            yield from decoder.feed(piece)
        yield from decoder.close()
    except WireError as error:
        raise CassetteError(f"{interaction.place}: {error}") from error
