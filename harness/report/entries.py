"""The entries of a report: a conversation of a file, a test, or a problem each."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from harness.errors import HarnessError
from harness.report.hiding import Hiding
from harness.transcripts import Exchange, read_transcript, transcript_value
from harness.wire import dialect_of

__all__ = ["Entry", "Miss", "Part", "file_entries"]

Kind = Literal["chat", "script", "http", "problem", "test"]


@dataclass(frozen=True, slots=True)
class Part:
    """Exchanges that go together, and what they are of (for a test: which fixture)."""

    label: str
    exchanges: tuple[dict[str, Any], ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Miss:
    """A request that had no answer, beside what is nearest to it, as JSON.

    *nearest* is None where there is nothing; *told* is the error that tells of it.
    """

    told: str
    asked: dict[str, Any] = field(repr=False)
    nearest: dict[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line in the list of the page, and what it opens.

    *id* is what links name. *outcome* is that of a test, *problem* what went wrong in
    words; *against* has for exchanges, by number, those of another run which asked the
    same, and *differs* says whether an answer is another there, or there is none. They
    are told by *transcribed*, the exchanges of a file as they were read.
    """

    id: str
    kind: Kind
    path: str
    parts: tuple[Part, ...] = ()
    problem: str = ""
    outcome: str = ""
    misses: tuple[Miss, ...] = ()
    run: int = 0
    against: dict[str, str] = field(default_factory=dict)
    differs: Literal["", "differs", "only here"] = ""
    transcribed: tuple[Exchange, ...] = field(default=(), repr=False)

    @property
    def exchanges(self) -> Iterator[dict[str, Any]]:
        """Those of all parts."""
        return (one for part in self.parts for one in part.exchanges)


def file_entries(path: Path, hiding: Hiding, run: int = 0) -> list[Entry]:
    """What is in the cassette or script at *path*; a problem if it cannot be read."""
    shown = hiding.text(path.as_posix(), "the name of a file")
    try:
        transcript = read_transcript(path, hiding.interaction)
        value = transcript_value(transcript, raw=True)
    except (HarnessError, OSError) as error:
        told = str(error) if isinstance(error, HarnessError) else f"{error.strerror}."
        problem = hiding.text(told, shown)
        return [Entry(shown, "problem", shown, problem=problem, run=run)]
    exchanges = {
        one["number"]: hiding.exchange(_told(one)) for one in value["exchanges"]
    }
    groups: list[list[int]] = value["conversations"]
    read = {one.number: replace(one, pieces=()) for one in transcript.exchanges}
    talked = {number for group in groups for number in group}
    groups = sorted([*groups, *([n] for n in exchanges if n not in talked)])
    return [
        Entry(
            f"{shown}/{group[0]}",
            _kind(value["kind"], exchanges[group[0]]),
            shown,
            (Part("", tuple(exchanges[number] for number in group)),),
            run=run,
            transcribed=tuple(read[number] for number in group),
        )
        for group in groups
    ]


def _told(exchange: dict[str, Any]) -> dict[str, Any]:
    """What is no chat, and need not be, is no problem."""
    if exchange["dialect"] or dialect_of(exchange["url"]):
        return exchange
    return {**exchange, "problem": ""}


def _kind(of: str, exchange: dict[str, Any]) -> Kind:
    if of == "script":
        return "script"
    return "chat" if exchange["dialect"] else "http"
