"""Which of the open cassettes a request belongs to.

The context of a request says so: that of its task, or of its thread. A thread that has
no context of its own belongs where it was started, and work given to a pool of threads
where it was given. What cannot be told so belongs to the innermost cassette that is
open; where several are, it is refused. While a cassette is open nothing passes it by.
"""

import functools
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from harness.cassettes.tape import Tape
from harness.errors import CassetteMiss, NetworkBlocked, UnrecordedRequest
from harness.recording.guard import Guard, put_up, take_down
from harness.recording.patching import Patch
from harness.recording.playback import Playback

__all__ = [
    "Opened",
    "current",
    "enter",
    "entered",
    "inside",
    "patches",
    "put_away",
    "put_in",
]


@dataclass(eq=False, slots=True)
class Opened:
    """A cassette that is open: its tape, and how its answers are played.

    *outer* is the cassette that this one was opened in, *thread* where it was opened.
    """

    tape: Tape
    playback: Playback
    outer: "Opened | None"
    thread: int
    is_open: bool = True


_CURRENT: ContextVar[Opened | None] = ContextVar("harness_cassette", default=None)
_STARTED_IN: WeakKeyDictionary[threading.Thread, Opened | None] = WeakKeyDictionary()
_changing = threading.Lock()
_open: tuple[Opened, ...] = ()


def put_in(tape: Tape, playback: Playback) -> Opened:
    """Open *tape*; `enter` it, or run something `inside` it."""
    global _open  # noqa: PLW0603  (what is open is open in the whole process)
    opened = Opened(tape, playback, _here(), threading.get_ident())
    with _changing:
        _open = (*_open, opened)
        _watch()
    return opened


def put_away(opened: Opened) -> None:
    """Close it. Those that were opened later may still be open."""
    global _open  # noqa: PLW0603  (as above)
    opened.is_open = False
    with _changing:
        _open = tuple(other for other in _open if other is not opened)
        _watch()
    _CURRENT.set(_still_open(_CURRENT.get()))


def enter(opened: Opened) -> None:
    """Let the requests of this context, and of what comes from it, belong to it."""
    _CURRENT.set(opened)


def entered() -> Opened | None:
    """The last that was entered in this context and is not closed."""
    return _still_open(_CURRENT.get())


@contextmanager
def inside(opened: Opened | None) -> Generator[None]:
    """A time in which the requests of this context belong to *opened*."""
    token = _CURRENT.set(opened)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def current() -> Opened | None:
    """The cassette that a request made here belongs to; None where none is open.

    Raises UnrecordedRequest where several are open, and none can be told to be it.
    """
    everything = _open
    if not everything:
        return None
    if (here := _here()) is not None:
        return here
    outer = {id(opened.outer) for opened in everything}
    innermost = [opened for opened in everything if id(opened) not in outer]
    mine = [opened for opened in innermost if opened.thread == threading.get_ident()]
    match mine or innermost:
        case [only]:
            return only
        case several:
            raise _refused(several)


def patches() -> Iterator[Patch]:
    """What has to be replaced, so that threads can be told where they come from."""
    yield Patch(threading.Thread, "start", _starting)
    yield Patch(ThreadPoolExecutor, "submit", _submitting)


class _Offline(Guard):
    """The guard of cassettes that only replay: what it refuses is one of their misses.

    It is up while none is open that may go live, and yields to one that was asked for.
    """

    yields = True
    is_up = False

    def why(self) -> str:
        """Why there is no network."""
        names = ", ".join({str(one.tape.path): "" for one in self._told()})
        return f"What is open only replays ({names})"

    def remember(self, error: NetworkBlocked) -> None:
        """Tell it to the cassette of this context, or, if it has none, to all."""
        for opened in self._told():
            opened.tape.misses.append(CassetteMiss(str(error)))

    def _told(self) -> tuple[Opened, ...]:
        here = _here()
        return _open if here is None else (here,)


_OFFLINE = _Offline()


def _watch() -> None:
    """Have the guard up, or not, as what is open now demands."""
    wanted = bool(_open) and not any(opened.tape.goes_live for opened in _open)
    if wanted != _OFFLINE.is_up:
        _OFFLINE.is_up = wanted
        (put_up if wanted else take_down)(_OFFLINE)


def _here() -> Opened | None:
    """What the context says, or the start of the thread."""
    found = _still_open(_CURRENT.get())
    if found is None and _STARTED_IN:
        found = _still_open(_STARTED_IN.get(threading.current_thread()))
    return found


def _still_open(opened: Opened | None) -> Opened | None:
    while opened is not None and not opened.is_open:
        opened = opened.outer
    return opened


def _starting(start: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(start)
    def started(thread: threading.Thread, *args: Any, **kwargs: Any) -> None:
        if (here := _here()) is not None:
            _STARTED_IN[thread] = here
        start(thread, *args, **kwargs)

    return started


def _submitting(submit: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(submit)
    def submitted(
        pool: ThreadPoolExecutor, work: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Any:
        if (here := _here()) is not None:
            work = functools.partial(_within, here, work)
        return submit(pool, work, *args, **kwargs)

    return submitted


def _within(opened: Opened, work: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    with inside(opened):
        return work(*args, **kwargs)


def _refused(several: list[Opened]) -> UnrecordedRequest:
    names = ", ".join(str(opened.tape.path) for opened in several)
    thread = threading.current_thread().name
    error = UnrecordedRequest(
        CassetteMiss(
            f"The thread {thread!r} made a request while {len(several)} cassettes are "
            f"open that were not opened one in the other ({names}), and it was started "
            "in none of them: which one has to answer cannot be told. Make the request "
            "where its cassette is open, or start the thread there "
            "(contextvars.copy_context().run carries it)."
        )
    )
    for opened in several:
        opened.tape.misses.append(error.miss)
    return error
