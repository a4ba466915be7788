"""Inputs of one batch, that reach the model in the order in which they were given.

LangChain runs a batch in threads, or as tasks, and whoever comes first asks first: a
script would deal its turns by chance. So each input has a place in a line, and waits
with its question until those before it have asked; the answers take their time side by
side.
"""

import asyncio
import threading
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

__all__ = ["Place", "here", "lined_up"]

_HERE: ContextVar["Place | None"] = ContextVar("harness_place", default=None)


class _Line:
    """Who has asked already."""

    def __init__(self) -> None:
        self._asked: set[int] = set()
        self._next = 0
        self._moved = threading.Condition()
        self._tasks: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def wait(self, number: int) -> None:
        with self._moved:
            self._moved.wait_for(lambda: self._next >= number)

    async def await_(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with self._moved:
                if self._next >= number:
                    return
                woken = loop.create_future()
                self._tasks.append((loop, woken))
            await woken

    def asked(self, number: int) -> None:
        with self._moved:
            self._asked.add(number)
            while self._next in self._asked:
                self._next += 1
            self._moved.notify_all()
            tasks, self._tasks = self._tasks, []
        for loop, woken in tasks:
            loop.call_soon_threadsafe(_wake, woken)


def _wake(woken: "asyncio.Future[None]") -> None:
    if not woken.done():
        woken.set_result(None)


@dataclass(frozen=True, slots=True)
class Place:
    """The place of *value* in its batch."""

    value: Any
    number: int
    line: _Line

    @contextmanager
    def taken(self) -> Generator[None]:
        """A time in which what is asked here is asked at this place."""
        token = _HERE.set(self)
        try:
            yield
        finally:
            _HERE.reset(token)
            self.line.asked(self.number)  # also where it never came to ask

    def wait(self) -> None:
        """Wait until those before have asked."""
        self.line.wait(self.number)

    async def await_(self) -> None:
        """The same in a task."""
        await self.line.await_(self.number)

    def asked(self) -> None:
        """Let those behind ask."""
        self.line.asked(self.number)


def lined_up(values: list[Any]) -> list[Any]:
    """Give each of *values* its place."""
    line = _Line()
    return [Place(value, number, line) for number, value in enumerate(values)]


def here() -> Place | None:
    """The place of whoever asks, if it is in a line."""
    return _HERE.get()
