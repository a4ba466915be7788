"""How fast the waits of scripts pass on a server."""

import asyncio
import time

from harness.errors import InputError, shown
from harness.models.clocks import Clock, RealClock, SkippingClock

__all__ = ["clock_at"]


class _FastClock(RealClock):
    """The computer's clock, *speed* times as fast."""

    def __init__(self, speed: float) -> None:
        self._speed = speed

    def now(self) -> float:
        return super().now() * self._speed

    def sleep_until(self, moment: float) -> None:
        time.sleep(max(0.0, moment - self.now()) / self._speed)

    async def asleep_until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self.now()) / self._speed)


def clock_at(speed: float) -> Clock:
    """A clock by which waits pass *speed* times as fast as they say; at 0, at once.

    >>> clock_at(0).virtual, clock_at(2).virtual
    (True, False)
    """
    if not 0 <= speed < 1e9:
        raise InputError(f"speed={shown(speed)}: give a number from 0 up.")
    match speed:
        case 0:
            return SkippingClock()
        case 1:
            return RealClock()
        case _:
            return _FastClock(speed)
