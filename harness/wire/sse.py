"""Server-sent events. In: bytes, cut anywhere. Out: events. And back.

The rules are those of the HTML standard, with one exception that real traffic
needs: an event that the end of the stream leaves without its blank line is given
out by `SseDecoder.close` instead of being thrown away.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from harness.errors import InputError, WireError, shown

__all__ = ["Event", "SseDecoder", "encode", "encode_all", "encode_comment"]

_BOM = b"\xef\xbb\xbf"
_LF, _CR = b"\n\r"
_UNKNOWN_KEPT = 8
_LONGEST_RETRY = 15
_NEWLINES = ("\n", "\r\n", "\r")
#: Nearly all events are like this, as are comments between them: read in one step.
_PLAIN = re.compile(
    rb"(?:event: ?+([^\r\n]+)\r?\n)?data: ?([^\r\n]*)\r?\n\r?\n"
    rb"|:[^\r\n]*\r?\n(?:\r?\n)?"
)


class Event(NamedTuple):
    """One event of a stream: its *data*, and what kind of *event* it is.

    *id* and *retry* are what its own lines say, not an earlier one's.

    >>> Event('{"text": "Hi"}').event
    'message'
    """

    data: str
    event: str = "message"
    id: str | None = None
    retry: int | None = None


class SseDecoder:
    r"""Events of bytes that are fed as they arrive; linear in the bytes fed.

    *limit* bounds the bytes of one event, so that a stream that never ends an event
    cannot fill the memory. `unknown` holds the first few lines whose field is none
    of the standard's: some servers send `error: {...}`, or JSON instead of events.

    >>> decoder = SseDecoder()
    >>> decoder.feed(b"data: He")
    []
    >>> decoder.feed(b"llo\n\ndata: [DONE]")
    [Event(data='Hello', event='message', id=None, retry=None)]
    >>> decoder.close()
    [Event(data='[DONE]', event='message', id=None, retry=None)]
    """

    def __init__(self, *, limit: int = 16 * 1024 * 1024) -> None:
        if type(limit) is not int or limit < 1:
            raise InputError(
                f"limit is {shown(limit)}: give the number of bytes, 1 or more, that "
                f"one event may have."
            )
        self.unknown: list[str] = []
        self._limit = limit
        self._tail = bytearray()
        self._started = self._closed = self._after_cr = self._too_long = False
        self._reset()

    def feed(self, data: bytes) -> list[Event]:
        """The events that *data* completes.

        An event over the limit raises WireError, once the events before it were
        given out; the decoder then stays broken. InputError: *data* is not bytes, or
        the decoder was closed.
        """
        if not isinstance(data, bytes | bytearray | memoryview):
            raise InputError(f"a decoder is fed bytes, not {shown(data)}.")
        if self._closed:
            raise InputError("this decoder was closed: make one for each stream.")
        if self._too_long:
            raise self._over_limit()
        if self._after_cr and data:
            self._after_cr = False
            if data[0] == _LF:
                data = data[1:]
        events: list[Event] = []
        if not self._started:
            data = bytes(self._tail) + bytes(data)
            if _BOM.startswith(data):
                self._tail = bytearray(data)
                return []
            self._tail.clear()
            data = data.removeprefix(_BOM)
            self._started = self._between = True
        if self._between and not self._tail:
            data = self._plain(bytes(data), events)
            if not data:
                return events
        return self._lines(data, events)

    def _plain(self, data: bytes, events: list[Event]) -> bytes:
        """Put the events that *data* begins with into *events*; give the rest."""
        place, found = 0, _PLAIN.match(data)
        while found is not None and found.end() - place <= self._limit:
            place = found.end()
            name, said = found.groups()
            if said is not None:
                events.append(Event(_text(said), _text(name) if name else "message"))
            found = _PLAIN.match(data, place)
        return data[place:]

    def _lines(self, data: bytes, events: list[Event]) -> list[Event]:
        fresh = len(self._tail)
        self._tail += data
        if self._tail.find(b"\n", fresh) < 0 and self._tail.find(b"\r", fresh) < 0:
            return self._checked(events, len(self._tail))
        lines = bytes(self._tail).splitlines()
        self._after_cr = self._tail[-1] == _CR
        whole = self._after_cr or self._tail[-1] == _LF
        self._tail = bytearray() if whole else bytearray(lines.pop())
        return self._read(lines, events)

    def close(self) -> list[Event]:
        """End the stream: the event, if any, that it left without a blank line.

        Such an event may be cut short: a stream that broke off ends the same way as
        one whose server is careless.
        """
        if self._too_long:
            raise self._over_limit()
        if self._closed:
            return []
        if not self._started:
            self._tail = bytearray(bytes(self._tail).removeprefix(_BOM))
        last = [bytes(self._tail)] if self._tail else []
        events = self._read([*last, b""], [])
        self._closed = True
        self._tail = bytearray()
        return events

    def _reset(self) -> None:
        self._between = self._started
        self._data: list[bytes] = []
        self._size = 0
        self._event = "message"
        self._id: str | None = None
        self._retry: int | None = None

    def _read(self, lines: list[bytes], events: list[Event]) -> list[Event]:
        for line in lines:
            if self._size + len(line) > self._limit:
                return self._checked(events, len(line))
            if line:
                self._field(line)
                continue
            if self._data:
                data = _text(b"\n".join(self._data))
                events.append(Event(data, self._event, self._id, self._retry))
            self._reset()
        return self._checked(events, len(self._tail))

    def _field(self, line: bytes) -> None:
        self._between = False
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"data":
                self._data.append(value)
                self._size += len(line)
            case b"event":
                self._event = _text(value) or "message"
            case b"id":
                if b"\0" not in value:
                    self._id = _text(value)
            case b"retry":
                if value.isdigit() and len(value) <= _LONGEST_RETRY:
                    self._retry = int(value)
            case b"":
                pass  # a comment
            case _:
                if len(self.unknown) < _UNKNOWN_KEPT:
                    self.unknown.append(_text(line))

    def _checked(self, events: list[Event], unread: int) -> list[Event]:
        self._too_long = self._size + unread > self._limit
        if self._too_long and not events:
            raise self._over_limit()
        return events

    def _over_limit(self) -> WireError:
        return WireError(
            f"an event of this stream has more than {self._limit} bytes, and goes on. "
            f"If the provider does send such events, raise the limit: "
            f"SseDecoder(limit=...)."
        )


def encode(event: Event, *, newline: str = "\n") -> bytes:
    r"""The bytes of *event*, its blank line included.

    The decoder gives back an equal event; one that the format cannot carry raises
    InputError: carriage returns, an empty event name, lone surrogates.

    >>> encode(Event("a\nb", event="note"))
    b'event: note\ndata: a\ndata: b\n\n'
    """
    lines: list[str] = []
    if event.event != "message":
        lines.append(f"event: {_one_line('event', event.event)}")
        if not event.event:
            raise InputError('the event name is empty: leave it out for "message".')
    if event.id is not None:
        lines.append(f"id: {_one_line('id', event.id)}")
    if event.retry is not None:
        if not 0 <= event.retry < 10**_LONGEST_RETRY:
            raise InputError(f"retry is {event.retry}: it is milliseconds, 0 or more.")
        lines.append(f"retry: {event.retry:d}")
    if "\r" in event.data:
        raise InputError(
            f"data {shown(event.data)} has a carriage return, which an event cannot "
            f"carry: escape it (JSON does), or send line feeds."
        )
    lines += [f"data: {part}" for part in event.data.split("\n")]
    return _joined([*lines, "", ""], newline)


def encode_all(events: Iterable[Event], *, newline: str = "\n") -> bytes:
    """The bytes of *events*, one after the other."""
    return b"".join([encode(event, newline=newline) for event in events])


def encode_comment(text: str = "", *, newline: str = "\n") -> bytes:
    r"""A comment, which keeps a connection alive and decodes to nothing.

    >>> encode_comment("ping")
    b': ping\n\n'
    """
    line = f": {_one_line('comment', text)}".rstrip(" ")
    return _joined([line, "", ""], newline)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _one_line(field: str, text: str) -> str:
    if re.search(r"[\r\n\0]", text):
        raise InputError(
            f"{field} {shown(text)} has a line end or NUL, which only data can carry."
        )
    return text


def _joined(lines: list[str], newline: str) -> bytes:
    if newline not in _NEWLINES:
        raise InputError(
            f"newline is {shown(newline)}: known are {', '.join(map(repr, _NEWLINES))}."
        )
    text = newline.join(lines)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"{shown(text)} has a lone surrogate at character {error.start}, which "
            f"UTF-8 cannot carry: escape it (JSON does)."
        ) from None
