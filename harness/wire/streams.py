"""Decoding one answer, streamed or whole: what all dialects do alike.

In: bytes, cut anywhere. Out: chunks, each given out as soon as its event is there.
Which chunks an event amounts to is the business of the dialect's `Reader`.
"""

from collections.abc import Iterable
from typing import Any, Protocol

from harness.chunks import AIMessageChunk
from harness.errors import InputError, WireError, shown
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire.faults import fault_of
from harness.wire.frames import FrameDecoder
from harness.wire.json_values import read_json
from harness.wire.sse import Event
from harness.wire.templates import Repeat, Template

__all__ = ["Played", "Reader", "StreamDecoder", "read_whole"]

Played = AIMessageChunk | Fault

# Making a template costs as much as it saves on so many events.
_PRICE = 4
_CREDIT = 3 * _PRICE


class Reader(Protocol):
    """What a dialect makes of the events of one answer, in order."""

    #: The id of the answer, once it is known.
    id: str | None
    #: Set by an event that ends the answer; the reader says so in its last chunk.
    ended: bool
    #: What events like the last one say, if there may be many; see `Repeat`.
    repeat: Repeat | None

    def read(self, event: Event, said: Any) -> Iterable[Played]:
        """The chunks of one *event*, or the Fault it tells; *said* is its JSON.

        *event.event* is "" for JSON that came without event framing: a line, an item
        of an array, or a whole reply. Raises WireError, or InputError where a chunk
        refuses what was said.
        """
        ...

    def missing(self) -> str | None:
        """What an answer that ends here is "without"; None where it may end here."""
        ...

    def rest(self) -> AIMessageChunk | None:
        """What was held back so far."""
        ...


class StreamDecoder:
    """Chunks of one answer, out of bytes that are cut anywhere.

    However the bytes are cut, the chunks are the same. A stream that ends as its
    format says ends in a chunk with ``chunk_position="last"``; one that breaks off
    ends in a Fault of kind "interrupted", and an error told in the stream is a Fault
    too. After either nothing comes. A body that is no stream but one JSON reply, or
    one error, is read as what it is. *dialect* is the name that errors say; *reader*
    makes chunks of events.

    >>> from harness.wire import DIALECTS
    >>> decoder = DIALECTS["ollama-chat"].decoder()
    >>> [chunk] = decoder.feed(b'{"message": {"content": "Hi"}, "done": false} ')
    >>> chunk.text
    'Hi'
    """

    def __init__(self, dialect: str, reader: Reader) -> None:
        self._dialect = dialect
        self._reader = reader
        self._frames = FrameDecoder()
        self._said: list[AIMessageChunk] = []
        self._number = 0
        self._ended = False
        self._torn = False
        self._wrong: WireError | None = None
        self._template: Template | None = None
        self._credit = _CREDIT

    def feed(self, data: bytes) -> list[Played]:
        """The chunks that *data* completes; nothing once the stream has ended.

        Raises WireError for an event that cannot be read, after the chunks before it
        were given out (its ``partial`` is their sum), and InputError for what is not
        bytes.
        """
        self._raise()
        if self._ended:
            return []
        try:
            events = self._frames.feed(data)
        except WireError as error:
            self._number += 1
            raise self._refused("", f"is wrong: {error}") from None
        return self._play(events)

    def close(self) -> list[Played]:
        """What the end of the bytes completes. Raises WireError, whatever it does."""
        self._raise()
        if self._ended:
            return []
        try:
            events = self._frames.close()
        except WireError as error:
            self._number += 1
            raise self._refused("", f"is wrong: {error}") from None
        played = self._play(events, closing=True)
        if not self._ended:
            try:
                played += self._end()
            except (InputError, WireError) as error:
                self._refused("", f"leaves something that is wrong: {error}")
        self._raise()
        return played

    def _raise(self) -> None:
        if self._wrong is not None:
            raise self._wrong

    def _play(self, events: list[Event], *, closing: bool = False) -> list[Played]:
        played: list[Played] = []
        said = self._said
        for event in events:
            self._number += 1
            if self._template and (chunk := self._template.chunk(event)) is not None:
                said.append(chunk)
                played.append(chunk)
                self._credit += 1
                continue
            try:
                data = event.data
                if data == "[DONE]" or data.strip() == "[DONE]":
                    played += self._last()
                elif data and not data.isspace():
                    self._take(self._reader.read(event, read_json(data)), played)
                    self._learn(event)
            except (InputError, WireError) as error:
                self._refused(event.data, f"is wrong: {error}")
            except ValueError as error:
                if closing:
                    # The last event has no end: it was cut short.
                    self._torn = True
                    return played
                self._refused(event.data, f"is no JSON: {error}")
            if self._ended:
                break
        if not played:
            self._raise()
        return played

    def _take(self, steps: Iterable[Played], played: list[Played]) -> None:
        for step in steps:
            if isinstance(step, Fault):
                played += self._fail(step)
                return
            self._said.append(step)
            played.append(step)
        self._ended = self._reader.ended

    def _learn(self, event: Event) -> None:
        """Take *event* for the template of those to come, if that is worth its cost."""
        repeat = getattr(self._reader, "repeat", None)
        if repeat is None or self._ended:
            self._template = None
        elif self._template is None or self._template.repeat is not repeat:
            self._template = None
            if self._credit >= _PRICE:
                self._credit -= _PRICE
                self._template = Template(event, repeat)

    def _refused(self, data: str, why: str) -> WireError:
        self._ended = True
        partial = sum(self._said, AIMessageChunk()).to_message() if self._said else None
        self._wrong = WireError(
            f"{self._dialect}: event {self._number} of the stream {why}"
            + (f"\n  {shown(data)}" if data else ""),
            dialect=self._dialect,
            event=self._number,
            data=data,
            partial=partial,
        )
        return self._wrong

    # --------------------------------------------------------------- the end

    def _end(self) -> list[Played]:
        if self._torn:
            return self._fail(self._broken("inside an event"))
        for line in self._frames.unknown:
            # llama.cpp's way to fail: a field that event streams do not have.
            name, _, said = line.partition(":")
            if name == "error":
                return self._fail(fault_of(_json_or_text(said)))
        if self._frames.cut:
            return self._fail(self._broken(self._frames.cut))
        if missing := self._reader.missing():
            return self._fail(self._broken(f"without {missing}"))
        return self._last()

    def _last(self) -> list[Played]:
        self._ended = True
        rest = self._reader.rest()
        last = AIMessageChunk(chunk_position="last", id=self._reader.id)
        last = last if rest is None else rest + last
        self._said.append(last)
        return [last]

    def _fail(self, fault: Fault) -> list[Played]:
        self._ended = True
        rest = self._reader.rest()
        return [fault] if rest is None else [rest, fault]

    def _broken(self, where: str) -> Fault:
        said = ", ".join(map(shown, self._frames.unknown[:1]))
        heard = f"; it says {said}" if said else ""
        count = f"after {self._number} events" if self._number else "at its start"
        text = f"the stream broke off {where}, {count}{heard}"
        return Fault(text, kind="interrupted")


def read_whole(dialect: str, decoder: StreamDecoder, body: bytes) -> AIMessage:
    """The message of a whole reply, or of a whole stream. Raises WireError."""
    total = AIMessageChunk()
    for step in (*decoder.feed(body), *decoder.close()):
        if isinstance(step, Fault):
            what = "cut short" if step.kind == "interrupted" else "an error"
            raise WireError(
                f"{dialect}: the reply is {what}: {step.message}",
                dialect=dialect,
                partial=total.to_message(),
            )
        total += step
    return total.to_message()


def _json_or_text(said: str) -> Any:
    try:
        return read_json(said)
    except ValueError:
        return said.strip()
