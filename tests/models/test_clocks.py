"""Clocks: waiting takes real time, or none at all."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.errors import InputError
from harness.models import RealClock, VirtualClock
from harness.models.clocks import given_clock


def test_the_real_clock_is_monotonic():
    """The real clock goes on by itself, and does not wait for what has been."""
    clock = RealClock()
    start = clock.now()

    clock.sleep_until(start - 1)
    asyncio.run(clock.asleep_until(start - 1))

    assert start <= clock.now() <= time.monotonic()
    assert clock.virtual is False


def test_the_virtual_clock_jumps():
    """A virtual clock is at once where one waits for."""
    clock = VirtualClock()

    clock.sleep_until(3600)
    asyncio.run(clock.asleep_until(7200))

    assert clock.now() == 7200.0
    assert clock.virtual is True


def test_the_virtual_clock_never_goes_back():
    """Waiting for a moment that has been changes nothing."""
    clock = VirtualClock()
    clock.sleep_until(5)

    clock.sleep_until(2)

    assert clock.now() == 5.0


def test_waiting_gives_other_tasks_their_turn():
    """An async wait lets other tasks run, though no time passes."""
    order = []

    async def wait(name, moment):
        order.append(name)
        await clock.asleep_until(moment)
        order.append(name)

    async def both():
        await asyncio.gather(wait("a", 2), wait("b", 1))

    clock = VirtualClock()
    asyncio.run(both())

    assert order == ["a", "b", "a", "b"]


def test_threads_share_a_virtual_clock():
    """From whatever threads it is moved, the latest moment stays."""
    clock = VirtualClock()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(clock.sleep_until, range(1000)))

    assert clock.now() == 999.0


def test_a_clock_may_be_given():
    """The clock that is given is taken as it is; without one, time is virtual."""
    clock = RealClock()

    assert given_clock(clock) is clock
    assert isinstance(given_clock(None), VirtualClock)


@pytest.mark.parametrize("given", [3, RealClock])
def test_what_is_no_clock_is_refused(given):
    """Neither a number nor the class of a clock tells the time."""
    with pytest.raises(InputError, match=r"^clock=.*give a clock such as Virtual"):
        given_clock(given)
