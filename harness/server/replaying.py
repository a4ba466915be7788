"""A recorded answer as a reply: the bytes and pieces that were on the wire."""

from collections.abc import Iterator

from harness.cassettes.interactions import NO_ANSWER, Interaction, decoded_body
from harness.endpoint import Cut, Reply
from harness.endpoint.replies import Piece
from harness.errors import CassetteMiss, UnrecordedRequest
from harness.http_messages import Ending, Headers
from harness.steps import Pause

__all__ = ["HOP_BY_HOP", "replayed"]

#: Headers that are of one connection alone, and those that a server says itself.
HOP_BY_HOP = frozenset(
    "connection content-length keep-alive proxy-authenticate proxy-authorization te "
    "trailer transfer-encoding upgrade".split()
)
#: A recording calls "interrupted" what dropped in the middle: it is no early end.
_CUTS: dict[Ending, Cut] = {
    "connection": Cut("connection"),
    "interrupted": Cut("connection"),
    "timeout": Cut("timeout"),
}


def replayed(known: Interaction, speed: float = 0.0) -> Reply:
    """The reply that *known* was: at once, or *speed* times as fast as it was.

    >>> known = Interaction("GET", "https://a.b/", 200, response_body=b"Hi")
    >>> replayed(known).status, [*replayed(known).pieces]
    (200, [b'Hi'])
    """
    cut = _CUTS.get(known.ended)
    if known.status == NO_ANSWER and cut is not None:
        return Reply(None, pieces=iter((cut,)))
    waits, pieces = _timed(known, speed)
    return Reply(known.status, _headers(known), pieces, waits=waits, stream=True)


def _headers(known: Interaction) -> Headers:
    """The headers, but for those that are not true of these bytes any more."""
    gone = set(HOP_BY_HOP)
    said = known.response_headers
    coded = any(name.lower() == "content-encoding" for name, _ in said)
    if coded and decoded_body(known) == known.response_body:
        gone.add("content-encoding")  # it was recorded without
    return tuple(pair for pair in said if pair[0].lower() not in gone)


def _timed(
    known: Interaction, speed: float
) -> tuple[tuple[Pause, ...], Iterator[Piece]]:
    """What comes before the head, and what after it; the first piece is in time."""
    pieces = known.response_chunks
    if pieces is None:
        pieces = (known.response_body,) if known.response_body else ()
    times = known.chunk_times or ()
    if not speed or len(times) != len(pieces):
        times = (0,) * len(pieces)
    first = times[0] if times else 0
    waits = (Pause(first / 1000 / speed),) if first else ()
    return waits, _played(known, pieces, times, speed)


def _played(
    known: Interaction, pieces: tuple[bytes, ...], times: tuple[int, ...], speed: float
) -> Iterator[Piece]:
    before = times[0] if times else 0
    for piece, at in zip(pieces, times, strict=True):
        if at > before:
            yield Pause((at - before) / 1000 / speed)
            before = at
        yield piece
    if known.ended == "truncated":
        raise UnrecordedRequest(
            CassetteMiss(
                f"{known.place}: the recording of {known.method} {known.url} ends "
                f"after {len(known.response_body)} bytes, where the application closed "
                "it. Record it again, read to the end."
            )
        )
    if (cut := _CUTS.get(known.ended)) is not None:
        yield cut
