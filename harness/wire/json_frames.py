"""JSON values one after the other, or in one array. In: bytes, cut anywhere."""

import re

from harness.errors import InputError, WireError, shown
from harness.wire.sse import Event

__all__ = ["JsonDecoder"]

_OUTSIDE = re.compile(rb'["{}\[\]]')
_INSIDE = re.compile(rb'["\\]')
_BETWEEN = b" \t\r\n,"


class JsonDecoder:
    r"""Each value on its own, as soon as it is complete; linear in the bytes fed.

    Values are objects or arrays, in one array, or separated by white space or nothing.
    What is no JSON comes out as an event too, for its reader to refuse.

    >>> decoder = JsonDecoder()
    >>> [event.data for event in decoder.feed(b'{"a": 1}\n{"b": "}')]
    ['{"a": 1}']
    >>> decoder.close(), decoder.cut
    ([], 'inside a JSON body')
    """

    def __init__(self, *, limit: int = 64 * 1024 * 1024) -> None:
        self.cut: str | None = None
        self._limit = limit
        self._buffer = bytearray()
        self._at = 0  # all before it was looked at
        self._quoted = False
        self._depth = 0
        self._floor = 0  # the depth between values: 1 inside the array of all
        self._begun = False

    def feed(self, data: bytes) -> list[Event]:
        """The values that *data* completes. WireError: one is over the limit."""
        if not isinstance(data, bytes | bytearray | memoryview):
            raise InputError(f"a decoder is fed bytes, not {shown(data)}.")
        self._buffer += data
        self._begin()
        events: list[Event] = []
        begin = 0
        while self._reaches_end():
            events += self._said(begin, self._at)
            begin = self._at
        del self._buffer[:begin]
        self._at -= begin
        if len(self._buffer) > self._limit and not events:
            raise WireError(f"a JSON value has more than {self._limit} bytes.")
        return events

    def close(self) -> list[Event]:
        """Nothing, or what stands behind the last value and is none."""
        if self._depth or self._quoted:
            self.cut = "inside a JSON body"
            return []
        return self._said(0, len(self._buffer))

    def _begin(self) -> None:
        """Step into an array that holds all values."""
        if not self._begun and (start := self._buffer.lstrip()):
            self._begun = True
            self._buffer, self._at = start, 0
            if start.startswith(b"["):
                self._buffer[:1] = b" "
                self._depth = self._floor = 1

    def _reaches_end(self) -> bool:
        """Go on to the next bracket that ends a value; False: it is yet to come."""
        while True:
            marks = _INSIDE if self._quoted else _OUTSIDE
            found = marks.search(self._buffer, self._at)
            if found is None:
                self._at = max(self._at, len(self._buffer))
                return False
            self._at = found.end()
            match found[0]:
                case b"\\":
                    self._at += 1  # past what it escapes, which may be yet to come
                case b'"':
                    self._quoted = not self._quoted
                case b"{" | b"[":
                    self._depth += 1
                case bracket:
                    self._depth -= 1
                    if self._depth <= self._floor:
                        self._settle(bracket)
                        return True

    def _settle(self, bracket: bytes) -> None:
        """What a *bracket* means that closes a value, the array of all, or nothing."""
        if self._floor and self._depth < self._floor and bracket == b"]":
            self._buffer[self._at - 1] = ord(" ")
            self._floor = 0
        self._depth = self._floor

    def _said(self, begin: int, end: int) -> list[Event]:
        text = self._buffer[begin:end].strip(_BETWEEN)
        return [Event(text.decode("utf-8", "replace"), "")] if text else []
