"""The values of a transcript."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from harness.cassettes import Interaction
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault

__all__ = ["Exchange", "Piece", "Timing", "Transcript"]

_LINE = re.compile(r"\(line (\d+)\)$|:(\d+)$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a streamed answer: what came, and when.

    *kind* is that of the block ("text", "reasoning", "tool_call_chunk", ...); *text* is
    what it adds, "" for what has none. *at* is in milliseconds after the request was
    sent, None where that was not recorded.
    """

    kind: str
    text: str
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """How an answer came, all in milliseconds after the request was sent.

    *first* is the first piece that says something, *last* the end; *gap* is the longest
    time in which nothing came after the first.
    """

    first: float
    last: float
    gap: float

    def rate(self, tokens: int) -> float | None:
        """Tokens a second between first and last piece; None if all came at once."""
        seconds = (self.last - self.first) / 1000
        return tokens / seconds if seconds > 0 else None


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer.

    *dialect* is the wire format, "chat-harness" for what a RecordingChatModel recorded,
    "script" for a turn, and "" for what is no chat. *request* is None where none could
    be read, and for turns; *answer* is None where nothing of one came. *fault* says how
    it failed, *problem* why it cannot be read. *about* is what a script says of a turn
    (when it applies, how often). *place* says where it stands, *interaction* is the
    exchange as it was recorded.
    """

    number: int
    place: str
    dialect: str = ""
    request: ChatRequest | None = None
    answer: AIMessage | None = None
    fault: Fault | None = None
    pieces: tuple[Piece, ...] = field(default=(), repr=False)
    problem: str = ""
    about: str = ""
    interaction: Interaction | None = field(default=None, repr=False)

    @property
    def line(self) -> int | None:
        """The line in the file where it begins."""
        found = _LINE.search(self.place)
        return int(found[1] or found[2]) if found else None

    @property
    def host(self) -> str:
        """Who was asked, "" where nobody is."""
        if self.interaction is None:
            return ""
        try:
            return urlsplit(self.interaction.url).hostname or ""
        except ValueError:  # no URL that anybody could call
            return ""

    @property
    def model(self) -> str:
        """The model that answered, or that was asked."""
        said = self.answer.response_metadata.get("model_name") if self.answer else None
        return said or (self.request.model if self.request else None) or ""

    @property
    def streamed(self) -> bool:
        """Whether the answer was asked for in pieces."""
        return self.request is not None and self.request.stream

    @property
    def usage(self) -> dict[str, Any]:
        """The tokens of the answer, empty where the provider did not say."""
        return dict((self.answer and self.answer.usage_metadata) or {})

    @property
    def timing(self) -> Timing | None:
        """How it came, None where that was not recorded."""
        times = [piece.at for piece in self.pieces if piece.at is not None]
        if not times:
            return None
        said = [p.at for p in self.pieces if p.at is not None and p.text]
        gap = max((after - before for before, after in pairwise(times)), default=0.0)
        return Timing(said[0] if said else times[0], times[-1], gap)


@dataclass(frozen=True, slots=True)
class Transcript:
    """All exchanges of the cassette or script at *path*, in the order of the file."""

    path: Path
    kind: Literal["cassette", "script"]
    exchanges: tuple[Exchange, ...]

    @property
    def chats(self) -> Iterator[Exchange]:
        """Those that are chats."""
        return (one for one in self.exchanges if one.dialect)
