"""How a recorded answer is given: when its pieces come, what its headers ask for."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Literal

from harness.cassettes.interactions import Headers, Interaction
from harness.models.clocks import Clock, RealClock

__all__ = ["Playback", "RetryAfter"]

#: What a replayed answer says of when to try again: at once, or what was recorded.
RetryAfter = Literal["now", "recorded"]

_AT_ONCE = {"retry-after": "0", "retry-after-ms": "1", "x-ms-retry-after-ms": "1"}
#: Answers that clients try again, after a time of their own if none is asked for.
_TRIED_AGAIN = {408, 409, 429}
#: Clients do not try again, live or played, where they are told to wait for longer.
_LONGEST_WAIT = 120.0


@dataclass(frozen=True, slots=True)
class Playback:
    """The manner of it: *speed* 0 means at once, 1 as recorded, 2 twice as fast.

    An answer that asked to wait before the next try asks for next to nothing, unless
    *keep_retry_after*, or where it asked for so much that clients gave up.
    """

    speed: float = 0.0
    clock: Clock = field(default_factory=RealClock)
    keep_retry_after: bool = False

    def pieces(self, interaction: Interaction) -> Iterator[tuple[float, bytes]]:
        """Each piece of the body, and how many seconds after the request it comes."""
        chunks = interaction.response_chunks
        if chunks is None:
            body = interaction.response_body
            chunks = (body,) if body else ()
        times = interaction.chunk_times or ()
        if not self.speed or len(times) != len(chunks):
            times = (0,) * len(chunks)
        for time, chunk in zip(times, chunks, strict=True):
            yield time / 1000 / (self.speed or 1), chunk

    def headers(self, interaction: Interaction) -> Headers:
        """The headers that are said to the application."""
        headers = interaction.response_headers
        names = {name.lower() for name, _ in headers}
        if self.keep_retry_after or _wait(headers) > _LONGEST_WAIT:
            return headers
        headers = tuple((n, _AT_ONCE.get(n.lower(), said)) for n, said in headers)
        again = interaction.status in _TRIED_AGAIN or interaction.status >= 500
        if again and "retry-after-ms" not in names:
            headers = (*headers, ("retry-after-ms", "1"))
        return headers


def _wait(headers: Headers) -> float:
    """The seconds that an answer asks to wait; 0 where it does not say."""
    said = {name.lower(): text for name, text in headers}
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        with suppress(KeyError, ValueError):
            return float(said[name]) * unit
    with suppress(KeyError, ValueError, TypeError):
        until, now = (parsedate_to_datetime(said[n]) for n in ("retry-after", "date"))
        return (until - now).total_seconds()
    return 0.0
