"""The faults of the wire of one endpoint: which comes when, and which never did."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from harness.endpoint.calls import Clocked, HttpCall
from harness.endpoint.chaos import Chaos
from harness.endpoint.glitch import Glitch
from harness.endpoint.quotas import with_limits
from harness.endpoint.replies import Reply
from harness.endpoint.spoiling import Spoiling, spoiled
from harness.errors import InputError, UnusedTurns, shown
from harness.requests import ChatRequest
from harness.steps import Fault, Source, Step
from harness.wire import Dialect

__all__ = ["Glitches"]


class Glitches:
    """A source over *source*, with the gate and the spoiler that bring the faults.

    Those *given* come where they say, those of *chaos* by chance. An answer that one
    of them broke is not lost: who asks the same again gets it. *now* tells the time.

    Raises InputError for what is no Glitch or Chaos.
    """

    def __init__(
        self,
        source: Source,
        given: Sequence[Glitch] = (),
        chaos: Chaos | None = None,
        now: Clocked = lambda: 0.0,
    ) -> None:
        self._given = _glitches(given)
        if not isinstance(chaos, Chaos | None):
            raise InputError(f"chaos={shown(chaos)}: give Chaos(seed=..., reset=0.1).")
        self._source = source
        self._chaos = chaos
        self._now = now
        self._unmet = dict(enumerate(self._given))
        self._due: dict[int, list[tuple[int, Glitch]]] = {}
        self._asking = -1
        self._owed: dict[ChatRequest, list[_Kept]] = {}
        self._again: list[_Kept] = []
        self._begins = True

    def gate(self, call: HttpCall) -> Fault | None:
        """What comes to *call* in place of an answer."""
        due = [
            (number, glitch)
            for number, glitch in enumerate(self._given)
            if glitch.call in (None, call.index)
        ]
        if self._chaos and (glitch := self._chaos.drawn(call.index, call.dialect)):
            due.append((-1, glitch))
        for number, glitch in due:
            if (fault := glitch.refusal) is not None:
                self._met(number, glitch, call)
                return with_limits(call.dialect, fault, self._now())
        self._due[call.index] = due
        self._asking, self._begins = call.index, True
        return None

    def play(self, request: ChatRequest) -> Iterator[Step]:
        """The answer to *request*: the one that it was to have before, if it broke.

        One call may play several, if it asks for several choices.
        """
        if self._begins:
            self._begins = False
            self._again = self._owed.pop(request, [])
        due = self._due.get(self._asking, ())
        steps: Iterable[Step] = (
            self._again.pop(0) if self._again else self._source.play(request)
        )
        if any(glitch.breaks for _, glitch in due):
            steps = steps if isinstance(steps, _Kept) else _Kept(iter(steps))
            self._owed.setdefault(request, []).append(steps)
        return iter(steps)

    @property
    def journal(self) -> Any:
        """The journal of the source, if it keeps one."""
        return getattr(self._source, "journal", ())

    def spoil(self, call: HttpCall, reply: Reply, dialect: Dialect) -> Reply:
        """*reply* with what is to go wrong with it."""
        for number, glitch in self._due.pop(call.index, ()):
            met = partial(self._met, number, glitch, call)
            spoiling = Spoiling(glitch, call, dialect, met, drawn=number < 0)
            reply = spoiled(reply, spoiling)
        return reply

    def unused(self) -> list[Glitch]:
        """The glitches that were given and never came to pass."""
        return list(self._unmet.values())

    def check_exhausted(self) -> None:
        """Raise UnusedTurns if there are glitches that never came to pass."""
        if left := self.unused():
            of = "1 glitch" if len(self._given) == 1 else f"{len(self._given)} glitches"
            lines = "".join(f"\n  {glitch}" for glitch in left)
            raise UnusedTurns(
                f"{len(left)} of {of} never came to pass:{lines}\n"
                "Let the application get there (call counts its requests from 0, after "
                "the frames that it reads), or remove them."
            )

    def _met(self, number: int, glitch: Glitch, call: HttpCall) -> None:
        self._unmet.pop(number, None)
        call.glitches.append(glitch)


class _Kept:
    """Steps that can be taken more than once."""

    def __init__(self, steps: Iterator[Step]) -> None:
        self._steps = steps
        self._taken: list[Step] = []
        self._lock = threading.Lock()

    def __iter__(self) -> Iterator[Step]:
        number = 0
        while self._has(number):
            yield self._taken[number]
            number += 1

    def _has(self, number: int) -> bool:
        with self._lock:
            if number == len(self._taken):
                self._taken += islice(self._steps, 1)
            return number < len(self._taken)


def _glitches(given: Sequence[Glitch]) -> tuple[Glitch, ...]:
    listed: Sequence[object] = given if isinstance(given, list | tuple) else [given]
    wrong = [one for one in listed if not isinstance(one, Glitch)]
    if wrong or listed is not given:
        raise InputError(
            f"glitches={shown(given)}: give a list of glitches, such as "
            "[Glitch('reset', call=0, after=2)]."
        )
    return tuple(given)
