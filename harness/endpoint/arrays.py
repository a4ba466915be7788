"""Gemini's other form of a stream: one JSON array that grows, item by item.

It is what a client gets that asks for a stream and does not ask for events.
"""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from harness.endpoint.replies import Cut, Last, Piece, Reply
from harness.wire.sse import SseDecoder

__all__ = ["as_array", "wants_array"]

_TYPE = ("content-type", "application/json; charset=UTF-8")


def wants_array(dialect: str, url: str) -> bool:
    """Whether a stream that is asked for at *url* is to come as an array.

    >>> wants_array("gemini", "/v1beta/models/m:streamGenerateContent?alt=sse")
    False
    """
    if dialect != "gemini":
        return False
    return parse_qs(urlsplit(url).query).get("alt") != ["sse"]


def as_array(reply: Reply) -> Reply:
    """The same *reply*, its events the items of an array."""
    others = tuple(pair for pair in reply.headers if pair[0] != _TYPE[0])
    return replace(reply, headers=(_TYPE, *others), pieces=_items(reply.pieces))


def _items(pieces: Iterator[Piece]) -> Iterator[Piece]:
    mark = "["
    for piece in pieces:
        if not isinstance(piece, bytes):
            yield piece
            if isinstance(piece, Cut):
                return
            continue
        text = ""
        for event in SseDecoder().feed(bytes(piece)):
            text += f"{mark}{event.data}"
            mark = ",\r\n"
        if isinstance(piece, Last):
            yield Last(f"{text}]".encode())
            return
        yield text.encode()
    yield Last(b"]")  # an error was the last item
