"""Time as the models see it: real, or virtual so that tests never wait.

asyncio, which takes as long to load as all of the models, waits until a loop is used;
so it does in the other modules that a model is made of.
"""

import threading
import time
from typing import Any, Protocol

from harness.errors import InputError, shown

__all__ = [
    "Clock",
    "RealClock",
    "SkippingClock",
    "VirtualClock",
    "given_clock",
    "others_turn",
]


class Clock(Protocol):
    """What tells a model the time and lets it wait; seconds from any start.

    One of your own needs nothing but these:

    >>> class Midnight:
    ...     virtual = True
    ...     def now(self):
    ...         return 0.0
    ...     def sleep_until(self, moment):
    ...         pass
    ...     async def asleep_until(self, moment):
    ...         pass
    >>> from harness import FakeChatModel, pause, say
    >>> FakeChatModel(say(pause(3600), "Boo!"), clock=Midnight()).invoke("Hi").text
    'Boo!'
    """

    @property
    def virtual(self) -> bool:
        """Whether waiting takes no real time."""
        ...

    def now(self) -> float:
        """The current moment."""
        ...

    def sleep_until(self, moment: float) -> None:
        """Return when *moment* has come, in seconds of `now`."""
        ...

    async def asleep_until(self, moment: float) -> None:
        """The same, letting other tasks run."""
        ...


class RealClock:
    """The computer's clock.

    >>> clock = RealClock()
    >>> began = clock.now()
    >>> clock.sleep_until(began)
    >>> clock.now() >= began
    True
    """

    virtual = False

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def sleep_until(self, moment: float) -> None:
        """Sleep in this thread until *moment*, in seconds of `now`."""
        time.sleep(max(0.0, moment - self.now()))

    async def asleep_until(self, moment: float) -> None:
        """Sleep in this task until *moment*, in seconds of `now`."""
        import asyncio

        await asyncio.sleep(max(0.0, moment - self.now()))


class VirtualClock:
    """A clock that jumps to whatever moment is waited for, in seconds.

    Calls that run side by side share it: two pauses of 2 seconds at once take 2
    seconds, one after the other they take 4.

    >>> clock = VirtualClock()
    >>> clock.sleep_until(3600)
    >>> clock.now()
    3600.0
    """

    virtual = True

    def __init__(self) -> None:
        self._now = 0.0
        self._moving = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return _moved, (type(self), "_now", self._now)

    def now(self) -> float:
        """Seconds slept so far."""
        return self._now

    def sleep_until(self, moment: float) -> None:
        """Make it *moment*, if it is not later already."""
        with self._moving:
            self._now = max(self._now, float(moment))

    async def asleep_until(self, moment: float) -> None:
        """The same; other tasks have their turn."""
        self.sleep_until(moment)
        await others_turn()


class SkippingClock:
    """The computer's clock, but for waits: those are skipped, and count all the same.

    So what an application waits by itself is seen, and what a script waits costs
    nothing.

    >>> clock = SkippingClock()
    >>> began = clock.now()
    >>> clock.sleep_until(began + 3600)
    >>> clock.now() - began >= 3600
    True
    """

    virtual = True

    def __init__(self) -> None:
        self._skipped = 0.0
        self._moving = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return _moved, (type(self), "_skipped", self._skipped)

    def now(self) -> float:
        """Seconds of the monotonic clock, and those that were skipped."""
        return time.monotonic() + self._skipped

    def sleep_until(self, moment: float) -> None:
        """Make it *moment*, in seconds of `now`, if it is not later already."""
        with self._moving:
            self._skipped += max(0.0, moment - self.now())

    async def asleep_until(self, moment: float) -> None:
        """The same; other tasks have their turn."""
        self.sleep_until(moment)
        await others_turn()


def _moved(kind: type[Clock], name: str, seconds: float) -> Clock:
    """A clock of that *kind*, as far as another was; the lock is its own."""
    clock = kind()
    setattr(clock, name, seconds)
    return clock


def given_clock(clock: Clock | None) -> Clock:
    """The *clock* that was given, or a virtual one. Raises InputError.

    >>> given_clock(None).virtual
    True
    """
    if clock is None:
        return VirtualClock()
    if isinstance(clock, type) or not hasattr(clock, "sleep_until"):
        raise InputError(
            f"clock={shown(clock)}: give a clock such as VirtualClock() or RealClock()."
        )
    return clock


async def others_turn() -> None:
    """Let other tasks run, as waiting for the network does; under trio as well."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        import anyio.lowlevel

        await anyio.lowlevel.checkpoint()
    else:
        await asyncio.sleep(0)
