"""A chat model that answers as a provider once did: a cassette with a Python face."""

import copy
from collections.abc import Iterable, Iterator
from typing import Self
from uuid import UUID

from harness.cassettes import CassetteSource, find_cassette, load_cassette
from harness.cassettes.redaction import Redaction
from harness.cassettes.timing import Timing, read_speed
from harness.errors import InputError, nearest, shown
from harness.matching import DEFAULT_FIELDS
from harness.models import ChatModel, Clock
from harness.models.clocks import given_clock
from harness.models.runs import RunIds
from harness.paths import StrPath
from harness.requests import ChatRequest
from harness.steps import Step
from harness.wire import DIALECTS, Dialect

__all__ = ["ReplayChatModel"]


class ReplayChatModel(ChatModel):
    """Replays the cassette *name*, offline: ``cassettes/<name>.yaml``, or a path.

    *directory* stands for ``cassettes/``. A request gets the answer that was recorded
    for it, as it came: a stream chunk by chunk, an error as an error. One that was not
    recorded raises CassetteMiss, which says what differs from the nearest recording.
    What counts as the same request is said by *match_on*; a recording plays once, in
    recorded order, unless *allow_playback_repeats* lets the last one play on. The
    *dialect* is found from the recorded URLs; name one where they do not tell. A
    request with a secret in it is known by *redaction*, the rules with which it was
    recorded. Answers come at once, or as *timing* says: "recorded", or how many times
    as fast; the *clock* tells how real that time is.

    A cassette of a `RecordingChatModel` is replayed as well.

    Raises CassetteError where there is no such cassette, or it cannot be read.

    >>> model = ReplayChatModel("weather")
    >>> model.invoke("Hello!").text
    'Hello! Ask me about the weather anywhere.'
    >>> len(model.cassette.unused())
    4
    """

    def __init__(  # noqa: PLR0913 - the options of a model, all optional
        self,
        name: StrPath,
        *,
        dialect: str | Dialect | None = None,
        directory: StrPath | None = None,
        match_on: Iterable[str] = DEFAULT_FIELDS,
        allow_playback_repeats: bool = False,
        redaction: Redaction | None = None,
        timing: Timing = "instant",
        clock: Clock | None = None,
    ) -> None:
        self.path = find_cassette(name, directory)
        #: What was recorded, what of it was played, and what was missed.
        self.cassette = CassetteSource(
            load_cassette(self.path),
            None if dialect is None else _dialect(dialect),
            name=f"the cassette {str(name)!r}",
            match_on=match_on,
            allow_playback_repeats=allow_playback_repeats,
            redaction=redaction or Redaction.default(),
            speed=read_speed(timing),
        )
        self.clock = given_clock(clock)
        self._run_ids = RunIds()

    def play(self, request: ChatRequest) -> Iterator[Step]:
        """The recorded answer to *request*. Raises CassetteMiss."""
        return self.cassette.play(request)

    def new_run_id(self) -> UUID:
        """The next of the ids that are the same in each run of a test."""
        return self._run_ids.next()

    def __deepcopy__(self, memo: object) -> Self:
        """A copy that plays from the same, as every copy does."""
        return copy.copy(self)

    def __repr__(self) -> str:
        left, all_of_them = len(self.cassette.unused()), len(self.cassette.recordings)
        return (
            f"ReplayChatModel({str(self.path)!r}: {left} of {all_of_them} left to play)"
        )


def _dialect(given: str | Dialect) -> Dialect:
    if not isinstance(given, str):
        if hasattr(given, "read_request"):
            return given
        raise InputError(
            f"dialect={shown(given)}: give a name. {nearest('', DIALECTS)}"
        )
    if given in DIALECTS:
        return DIALECTS[given]
    raise InputError(f"There is no dialect {given!r}. {nearest(given, DIALECTS)}")
