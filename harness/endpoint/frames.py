"""The frames of a streamed answer one by one, and the JSON in each; no I/O.

Which framing it is, a frame tells by its first byte: AWS event-stream frames, lines of
JSON, items of an array; all else is server-sent events.
"""

import re
from collections.abc import Callable, Iterator

from harness.endpoint.replies import Last, Piece, Reply
from harness.wire.aws_frames import AwsDecoder, encode_frame

__all__ = ["frames_of", "split", "with_json"]

_EVENT = re.compile(rb".*?(?:\r?\n){2}|.+\Z", re.DOTALL)
_EVENT_PARTS = re.compile(rb"((?:[^\r\n]*\r?\n)*?data: ?)([^\r\n]*)((?:\r?\n)*)")
_JSON_PARTS = re.compile(rb"((?:\[|,)?\s*)(.*?)(\]?\s*)", re.DOTALL)


def frames_of(reply: Reply) -> Iterator[Piece]:
    """The pieces of *reply*, each frame of a stream on its own; a body stays whole."""
    for piece in reply.pieces:
        if not (reply.stream and isinstance(piece, bytes)):
            yield piece
            continue
        *before, last = split(piece)
        yield from before
        yield Last(last) if isinstance(piece, Last) else last


def split(data: bytes) -> list[bytes]:
    r"""The frames that *data* is made of; what is left of one at its end is one too.

    >>> split(b"event: a\ndata: 1\n\ndata: 2\n\ndata: 3")
    [b'event: a\ndata: 1\n\n', b'data: 2\n\n', b'data: 3']
    """
    match data[:1]:
        case b"\0":
            return list(_binary(data))
        case b"{":
            return data.splitlines(keepends=True)
        case b"[" | b",":
            return [data]  # the encoder of arrays gives one item at a time
        case _:
            return _EVENT.findall(data)


def with_json(frame: bytes, edit: Callable[[bytes], bytes]) -> bytes:
    r"""*frame* with what *edit* makes of its JSON; its framing stays sound.

    >>> with_json(b'data: {"a": 1}\n\n', lambda said: said[:-1])
    b'data: {"a": 1\n\n'
    """
    if frame.startswith(b"\0"):
        [read] = AwsDecoder().frames(frame)
        return encode_frame(read.headers, edit(read.payload))
    found = _EVENT_PARTS.fullmatch(frame) or _JSON_PARTS.fullmatch(frame)
    if found is None:
        return edit(frame)
    before, said, behind = found.groups()
    return bytes(before + edit(said) + behind)


def _binary(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        end = at + max(int.from_bytes(data[at : at + 4], "big"), 1)
        yield data[at:end]
        at = end
