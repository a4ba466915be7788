"""Events out of bytes, whatever they are framed in.

A stream tells by its first byte what it is: server-sent events; JSON, where a server
sends values one after the other, an array, or a whole reply or error instead of a
stream; AWS event-stream frames.
"""

from collections.abc import Callable
from typing import Protocol

from harness.errors import InputError, shown
from harness.wire.aws_frames import AwsDecoder
from harness.wire.json_frames import JsonDecoder
from harness.wire.sse import Event, SseDecoder

__all__ = ["FrameDecoder"]

_BYTES = (bytes, bytearray, memoryview)
_SPACE = b" \t\r\n\xef\xbb\xbf"


class _Framing(Protocol):
    def feed(self, data: bytes) -> list[Event]: ...

    def close(self) -> list[Event]: ...


class FrameDecoder:
    r"""Events of bytes that are fed as they arrive, cut anywhere.

    >>> FrameDecoder().feed(b'data: {"a": 1}\n\n')
    [Event(data='{"a": 1}', event='message', id=None, retry=None)]
    >>> FrameDecoder().feed(b'[{"a": 1}, {"b"')
    [Event(data='{"a": 1}', event='', id=None, retry=None)]
    """

    def __init__(self) -> None:
        self._framing: _Framing | None = None

    @property
    def unknown(self) -> list[str]:
        """The first few lines that no event stream has."""
        return getattr(self._framing, "unknown", [])

    @property
    def cut(self) -> str | None:
        """Where the bytes broke off, if they surely did; known once closed."""
        return getattr(self._framing, "cut", None)

    def feed(self, data: bytes) -> list[Event]:
        """The events that *data* completes; WireError for one beyond all bounds."""
        if self._framing is not None:
            return self._framing.feed(data)
        if not isinstance(data, _BYTES):
            raise InputError(f"{shown(data)} is no bytes; feed them as they came.")
        data = bytes(data).lstrip(_SPACE)
        if not data:
            return []
        self._framing = _framing(data[0])
        return self._framing.feed(data)

    def close(self) -> list[Event]:
        """An event that the end of the bytes leaves without its end."""
        return self._framing.close() if self._framing else []


#: By their first byte; all else is server-sent events.
_FRAMINGS: dict[int, Callable[[], _Framing]] = {
    ord("{"): JsonDecoder,
    ord("["): JsonDecoder,
    0: AwsDecoder,  # the length of a frame has four bytes, and none has 16 MB
}


def _framing(first: int) -> _Framing:
    return _FRAMINGS.get(first, SseDecoder)()
