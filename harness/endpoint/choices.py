"""Several answers to one request, as the choices of one reply.

In: the replies that each answer alone would be. Out: one, in which each has its number;
in a stream they take turns. What the request itself cost is counted once.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.endpoint.replies import Cut, Last, Piece, Reply, json_reply
from harness.requests import ChatRequest
from harness.wire import Dialect
from harness.wire.json_values import write_json, write_text
from harness.wire.sse import Event, SseDecoder, encode

__all__ = ["choices_asked", "several"]

Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Spelling:
    """How a format calls its choices, usage, and the id that all of them share."""

    choices: str
    usage: str
    id: str
    asked: str  # what the request cost, and with *total* what everything did
    total: str
    newline: str


_SPELLINGS = {
    "openai-chat": _Spelling(
        "choices", "usage", "id", "prompt_tokens", "total_tokens", "\n"
    ),
    "gemini": _Spelling(
        "candidates",
        "usageMetadata",
        "responseId",
        "promptTokenCount",
        "totalTokenCount",
        "\r\n",
    ),
}
_DONE = "[DONE]"


def choices_asked(request: ChatRequest, dialect: Dialect) -> int:
    """How many answers *request* wants, where *dialect* can say several.

    >>> from harness.wire import DIALECTS
    >>> two = ChatRequest((), params={"n": 2})
    >>> [choices_asked(two, DIALECTS[name]) for name in ("gemini", "ollama-chat")]
    [2, 1]
    """
    number = request.params.get("n")
    if dialect.name not in _SPELLINGS or type(number) is not int:
        return 1
    return max(number, 1)


def several(replies: Sequence[Reply], dialect: Dialect) -> Reply:
    """The one reply that *replies* are together."""
    spelling = _SPELLINGS[dialect.name]
    waits = tuple(wait for reply in replies for wait in reply.waits)
    if replies[0].stream:
        pieces = _in_turns([reply.pieces for reply in replies], _Stream(spelling))
        return replace(replies[0], pieces=pieces, waits=waits)
    bodies = [_body(reply) for reply in replies]
    choices = [
        {**choice, "index": number}
        for number, body in enumerate(bodies)
        for choice in body[spelling.choices]
    ]
    said = {**bodies[0], spelling.choices: choices}
    if spelling.usage in said:
        usages = [body[spelling.usage] for body in bodies]
        said[spelling.usage] = _together(usages, spelling)
    return json_reply(write_json(said)).after(*waits)


def _body(reply: Reply) -> Said:
    said: Said = json.loads(b"".join(p for p in reply.pieces if isinstance(p, bytes)))
    return said


def _together(usages: Sequence[Said], spelling: _Spelling) -> Said:
    """What all answers cost: the request once, and each answer."""
    told: Said = _sum(usages)
    told |= {k: v for k, v in usages[0].items() if k.startswith(("prompt", "cache"))}
    if spelling.total in told:
        told[spelling.total] -= sum(u.get(spelling.asked, 0) for u in usages[1:])
    return told


def _sum(values: Sequence[Any]) -> Any:
    """The sum of counts, or of objects of them; of all else the first."""
    said = [value for value in values if value is not None]
    if said and all(isinstance(value, dict) for value in said):
        names = dict.fromkeys(name for value in said for name in value)
        return {name: _sum([value.get(name) for value in said]) for name in names}
    if said and all(type(value) in (int, float) for value in said):
        return sum(said)
    return said[0] if said else None


@dataclass(slots=True)
class _Stream:
    """The events of all choices, made those of one stream."""

    spelling: _Spelling
    failed: bool = False
    id: Any = None
    usages: dict[int, Said] = field(default_factory=dict)
    report: Said | None = None  # the event that tells the usage, where one alone does

    def said(self, number: int, event: Event) -> bytes:
        """What *event* of choice *number* is in the one stream."""
        if event.data == _DONE:
            return b""
        said: Said = json.loads(event.data)
        self.failed = "error" in said
        if self.failed:
            return self._encoded(said)
        self.id = said[self.spelling.id] = self.id or said.get(self.spelling.id)
        if said.get(self.spelling.usage):
            self.usages[number] = said[self.spelling.usage]
            said[self.spelling.usage] = self._usage()
        choices = said.get(self.spelling.choices, ())
        if choices == []:
            self.report = said
            return b""
        for choice in choices:
            choice["index"] = number
        return self._encoded(said)

    def end(self) -> bytes:
        """What ends it: Google's streams just do."""
        if self.spelling.choices != "choices":
            return b""
        report = {**self.report, "usage": self._usage()} if self.report else None
        data = self._encoded(report) if report else b""
        return data + encode(Event(_DONE))

    def _usage(self) -> Said:
        numbered = sorted(self.usages.items())
        return _together([usage for _, usage in numbered], self.spelling)

    def _encoded(self, said: Said) -> bytes:
        return encode(Event(write_text(said)), newline=self.spelling.newline)


def _in_turns(plays: list[Iterator[Piece]], stream: _Stream) -> Iterator[Piece]:
    """The pieces of all, made one stream, whose last piece is known to be the last."""
    held = b""
    for number, piece in _dealt(plays):
        if isinstance(piece, bytes):
            events = SseDecoder().feed(bytes(piece))
            data = b"".join(stream.said(number, event) for event in events)
            if data and held:
                yield held
            held = data or held
            if stream.failed:
                yield Last(held)
                return
        else:
            if held:
                yield held
            held = b""
            yield piece
            if isinstance(piece, Cut):
                return
    yield Last(held + stream.end())


def _dealt(plays: list[Iterator[Piece]]) -> Iterator[tuple[int, Piece]]:
    """A piece of each that goes on, again and again."""
    going = dict(enumerate(plays))
    while going:
        for number, pieces in [*going.items()]:
            piece = next(pieces, None)
            if piece is None:
                del going[number]
            else:
                yield number, piece
