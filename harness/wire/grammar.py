"""Checking a whole stream against the grammar of its format, event by event."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from harness.errors import WireError, shown
from harness.wire.frames import FrameDecoder
from harness.wire.json_values import read_json
from harness.wire.sse import Event

__all__ = ["Grammar", "Problem", "check_events"]


@dataclass(frozen=True, slots=True)
class Problem:
    """A place where a stream breaks a *rule*; *event* counts from 1, 0 is the whole.

    *text* says what is wrong.

    >>> print(Problem(3, "index", "index 2 follows 0"))
    event 3 [index]: index 2 follows 0
    """

    event: int
    rule: str
    text: str

    def __str__(self) -> str:
        where = f"event {self.event}" if self.event else "the stream"
        return f"{where} [{self.rule}]: {self.text}"


class Grammar(Protocol):
    """The rules of one format. Both methods give (rule, text) pairs."""

    def event(self, event: Event, said: Any) -> Iterable[tuple[str, str]]:
        """What is wrong with one *event*; *said* is its JSON, None for [DONE]."""
        ...

    def end(self) -> Iterable[tuple[str, str]]:
        """What is missing where the stream ends."""
        ...


def check_events(data: bytes, grammar: Grammar) -> list[Problem]:
    """The problems of the stream *data*, in order.

    Framing is checked here: each event ends, says JSON, and nothing stands beside the
    events. Rules of the format are the *grammar*'s.
    """
    problems: list[Problem] = []
    frames = FrameDecoder()
    try:
        events = frames.feed(data)
        whole = len(events)
        events += frames.close()
    except WireError as error:
        return [Problem(0, "framing", str(error))]
    number = 0
    for number, event in enumerate(events, 1):
        if number > whole:
            problems.append(Problem(number, "framing", "the last event has no end"))
        try:
            done = event.data.strip() == "[DONE]"
            said = None if done else read_json(event.data)
        except ValueError as error:
            text = f"{shown(event.data)} is no JSON: {error}"
            problems.append(Problem(number, "json", text))
            continue
        problems += [Problem(number, *found) for found in grammar.event(event, said)]
    if frames.cut:
        problems.append(Problem(number, "framing", f"the stream ends {frames.cut}"))
    problems += [
        Problem(0, "framing", f"{shown(line)} is no field of an event stream")
        for line in frames.unknown
    ]
    return problems + [Problem(0, *found) for found in grammar.end()]
