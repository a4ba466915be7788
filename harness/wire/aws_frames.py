"""Frames of AWS event streams (application/vnd.amazon.eventstream), and back.

In: bytes, cut anywhere. Out: events. A frame has two lengths and their CRC32, headers
of ten types, a payload, and the CRC32 of it all; what does not agree with its CRC32 is
refused, so that no damage passes for an answer.
"""

import json
import struct
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from harness.errors import InputError, WireError, shown
from harness.wire.sse import Event

__all__ = ["AwsDecoder", "Frame", "HeaderValue", "encode_frame"]

#: What a header can say. Numbers are written in the fewest bytes that hold them.
HeaderValue = bool | int | bytes | str | datetime | UUID

_PRELUDE = struct.Struct(">III")
_CRC = struct.Struct(">I")
_FRAME = _PRELUDE.size + _CRC.size
_LONGEST = 0xFFFF
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_INTEGERS = {2: struct.Struct(">b"), 3: struct.Struct(">h"), 4: struct.Struct(">i")}
_INTEGERS[5] = struct.Struct(">q")
_BYTES, _TEXT, _TIME, _UUID = 6, 7, 8, 9


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame, read."""

    headers: dict[str, HeaderValue] = field(default_factory=dict, hash=False)
    payload: bytes = b""


class AwsDecoder:
    r"""Events of frames that are fed as they arrive; linear in the bytes fed.

    *limit* bounds the bytes of one frame. An event's name is the frame's
    ``:event-type``, or the ``:exception-type`` of one that tells an error.

    >>> decoder = AwsDecoder()
    >>> frame = encode_frame({":event-type": "messageStop"}, b"{}")
    >>> decoder.feed(frame[:20]), decoder.feed(frame[20:])
    ([], [Event(data='{}', event='messageStop', id=None, retry=None)])
    """

    def __init__(self, *, limit: int = 24 * 1024 * 1024) -> None:
        self.cut: str | None = None
        self._limit = limit
        self._buffer = bytearray()
        self._wrong: WireError | None = None

    def feed(self, data: bytes) -> list[Event]:
        """The events that *data* completes.

        A frame that is wrong raises WireError, once the events before it were given
        out; the decoder then stays broken.
        """
        return [_event(frame) for frame in self.frames(data)]

    def frames(self, data: bytes) -> list[Frame]:
        """The frames that *data* completes, for who wants their headers too."""
        if not isinstance(data, bytes | bytearray | memoryview):
            raise InputError(f"a decoder is fed bytes, not {shown(data)}.")
        self._buffer += data
        found: list[Frame] = []
        begin = 0
        try:
            while self._wrong is None and (end := self._end(begin)) is not None:
                found.append(_frame(bytes(self._buffer[begin:end])))
                begin = end
        except WireError as error:
            self._wrong = error
        del self._buffer[:begin]
        if self._wrong is not None and not found:
            raise self._wrong
        return found

    def close(self) -> list[Event]:
        """No event; `cut` tells whether the bytes broke off inside a frame."""
        if self._wrong is not None:
            raise self._wrong
        if self._buffer:
            self.cut = "inside a frame"
        return []

    def _end(self, begin: int) -> int | None:
        """Where the frame ends that begins at *begin*, if all of it is there."""
        if len(self._buffer) - begin < _PRELUDE.size:
            return None
        total, headers, crc = _PRELUDE.unpack_from(self._buffer, begin)
        if crc != zlib.crc32(self._buffer[begin : begin + 8]):
            raise WireError(
                "the prelude of a frame is damaged: its lengths and their CRC32 "
                f"({crc:08x}) do not agree."
            )
        if total < _FRAME or headers > total - _FRAME:
            raise WireError(
                f"a frame of {total} bytes with {headers} bytes of headers cannot be: "
                f"{_FRAME} bytes are lengths and checksums."
            )
        if total > self._limit:
            raise WireError(f"a frame has {total} bytes, more than {self._limit}.")
        return begin + total if begin + total <= len(self._buffer) else None


def encode_frame(headers: Mapping[str, HeaderValue], payload: bytes) -> bytes:
    """The bytes of one frame. Raises InputError for what no header can say.

    >>> encode_frame({}, b"").hex()
    '000000100000000005c248eb7d98c8ff'
    """
    head = b"".join([_written(name, value) for name, value in headers.items()])
    lengths = struct.pack(">II", _FRAME + len(head) + len(payload), len(head))
    frame = lengths + _CRC.pack(zlib.crc32(lengths)) + head + bytes(payload)
    return frame + _CRC.pack(zlib.crc32(frame))


# ------------------------------------------------------------------- reading


def _frame(data: bytes) -> Frame:
    (crc,) = _CRC.unpack(data[-4:])
    if crc != zlib.crc32(data[:-4]):
        raise WireError(
            f"a frame is damaged: its bytes and their CRC32 ({crc:08x}) do not agree."
        )
    end = _PRELUDE.size + _PRELUDE.unpack_from(data)[1]
    at = _PRELUDE.size
    headers: dict[str, HeaderValue] = {}
    try:
        while at < end:
            name, at = _sized(data, at, end, ">B")
            value, at = _value(data, at, end)
            headers[name.decode()] = value
    except (struct.error, IndexError, UnicodeDecodeError, OverflowError):
        raise WireError(
            f"the headers of a frame cannot be read: {shown(data[_PRELUDE.size : end])}"
        ) from None
    return Frame(headers, data[end:-4])


def _value(data: bytes, at: int, end: int) -> tuple[HeaderValue, int]:
    kind, at = data[at], at + 1
    if kind in (0, 1):
        return kind == 0, at
    if kind in (_BYTES, _TEXT):
        said, at = _sized(data, at, end, ">H")
        return (said if kind == _BYTES else said.decode()), at
    if kind in _INTEGERS:
        return _number(data, at, end, _INTEGERS[kind])
    if kind == _TIME:
        number, at = _number(data, at, end, _INTEGERS[5])
        return _EPOCH + number * _MILLISECOND, at
    if kind == _UUID and at + 16 <= end:
        return UUID(bytes=data[at : at + 16]), at + 16
    raise IndexError(kind)


def _sized(data: bytes, at: int, end: int, form: str) -> tuple[bytes, int]:
    length, at = _number(data, at, end, struct.Struct(form))
    if at + length > end:
        raise IndexError(length)
    return data[at : at + length], at + length


def _number(data: bytes, at: int, end: int, form: struct.Struct) -> tuple[int, int]:
    number: int = form.unpack(data[at : min(at + form.size, end)])[0]
    return number, at + form.size


def _event(frame: Frame) -> Event:
    headers, data = frame.headers, frame.payload.decode("utf-8", "replace")
    match headers.get(":message-type"):
        case "error":
            said = {"message": str(headers.get(":error-message", ""))}
            return Event(data or json.dumps(said), str(headers.get(":error-code", "")))
        case "exception":
            return Event(data or "{}", str(headers.get(":exception-type", "")))
        case _:
            if headers.get(":event-type") == "chunk":
                # One of InvokeModel's, around an event of the model's own API.
                return Event(_unwrapped(data), "")
            return Event(data, str(headers.get(":event-type", "message")))


def _unwrapped(data: str) -> str:
    try:
        match json.loads(data):
            case {"bytes": str(inner)}:
                return b64decode(inner, validate=True).decode("utf-8", "replace")
            case _:
                return data
    except (ValueError, RecursionError):
        return data


# ------------------------------------------------------------------- writing


def _written(name: str, value: HeaderValue) -> bytes:
    key = name.encode("utf-8", "surrogatepass")
    if not 0 < len(key) <= 0xFF:
        raise InputError(f"a header is called {shown(name)}; 1 to 255 bytes can be.")
    for kind, write in _WRITERS.items():
        if isinstance(value, kind):
            return bytes([len(key)]) + key + write(value)
    raise InputError(
        f"the header {name!r} is {shown(value)}: give a bool, int, str, bytes, UUID or "
        "datetime."
    )


def _integer(value: int) -> bytes:
    for kind, form in _INTEGERS.items():
        if -1 << (8 * form.size - 1) <= value < 1 << (8 * form.size - 1):
            return bytes([kind]) + form.pack(value)
    raise InputError(f"{value} is too large for a header: it has 64 bits.")


def _string(kind: int, value: bytes) -> bytes:
    if len(value) > _LONGEST:
        raise InputError(
            f"a header of {len(value)} bytes; it may have {_LONGEST}. Put it into the "
            "payload."
        )
    return bytes([kind]) + struct.pack(">H", len(value)) + value


def _time(value: datetime) -> bytes:
    if value.tzinfo is None:
        raise InputError(f"{value!r} has no time zone: say which it is in.")
    return bytes([_TIME]) + _INTEGERS[5].pack((value - _EPOCH) // _MILLISECOND)


#: bool stands before int, which it is too.
_WRITERS: dict[type, Callable[[Any], bytes]] = {
    bool: lambda value: b"\0" if value else b"\1",
    int: _integer,
    str: lambda value: _string(_TEXT, value.encode()),
    bytes: lambda value: _string(_BYTES, value),
    datetime: _time,
    UUID: lambda value: bytes([_UUID]) + value.bytes,
}
