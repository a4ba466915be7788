"""Which of the open cassettes, or fakes, a request belongs to.

The context of a request says so: that of its task, or of its thread. A thread that has
no context of its own belongs where it was started, and work given to a pool of threads
where it was given. What cannot be told so belongs to the innermost that is open; where
several are, it is refused. While a cassette is open nothing passes it by. A fake takes
the requests to its hosts; others go on to what it was opened in, if it lets them.
"""

import functools
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from harness.errors import (
    CassetteMiss,
    NetworkBlocked,
    ScriptError,
    UnrecordedRequest,
    UnscriptedRequest,
)
from harness.models.staying import stay_while
from harness.recording.guard import Guard, put_up, refusal, take_down, way_out
from harness.recording.hosts import host_of
from harness.recording.opened import OpenCassette, Opened, OpenFake
from harness.recording.patching import Patch

__all__ = [
    "current",
    "enter",
    "entered",
    "inside",
    "patches",
    "put_away",
    "put_in",
]


OpenedT = TypeVar("OpenedT", OpenCassette, OpenFake)

_CURRENT: ContextVar[Opened | None] = ContextVar("harness_cassette", default=None)
_STARTED_IN: WeakKeyDictionary[threading.Thread, Opened | None] = WeakKeyDictionary()
_changing = threading.Lock()
_open: tuple[Opened, ...] = ()
# What another process asks would pass by what is open here.
stay_while(lambda: bool(_open))


def put_in(opened: OpenedT) -> OpenedT:
    """Have it open; `enter` it, or run something `inside` it."""
    global _open  # noqa: PLW0603  (what is open is open in the whole process)
    opened.outer, opened.thread = _here(), threading.get_ident()
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


def current(url: str) -> Opened | None:
    """What a request to *url* belongs to that is made here; None: to the network.

    Raises UnrecordedRequest, or UnscriptedRequest, where several are open and none can
    be told to be it, and NetworkBlocked where a fake does not let the request pass.
    """
    opened = innermost()
    passed: list[OpenFake] = []
    host, port = host_of(url) if isinstance(opened, OpenFake) else ("", None)
    while isinstance(opened, OpenFake) and not opened.takes(host, port):
        passed.append(opened)
        opened = _still_open(opened.outer)
    if not isinstance(opened, OpenFake):
        for fake in passed:
            if why := fake.why_not(host, port, live=opened is None):
                fake.refused.append(refusal("reach", host, port, why))
                raise fake.refused[-1]
    return opened


def innermost() -> Opened | None:
    """What was opened last of what a request belongs to; raises as `current`."""
    everything = _open
    if not everything:
        return None
    if (here := _here()) is not None:
        return here
    outer = {id(opened.outer) for opened in everything}
    last = [opened for opened in everything if id(opened) not in outer]
    mine = [opened for opened in last if opened.thread == threading.get_ident()]
    match mine or last:
        case [only]:
            return only
        case several:
            raise _refused(several)


def around_here() -> list[Opened] | None:
    """What this context is in, the innermost first; None where that is not told."""
    opened = _here()
    if opened is None:
        return None
    found: list[Opened] = []
    while opened is not None:
        found.append(opened)
        opened = _still_open(opened.outer)
    return found


def patches() -> Iterator[Patch]:
    """What has to be replaced, so that threads can be told where they come from."""
    yield Patch(threading.Thread, "start", _starting)
    yield Patch(ThreadPoolExecutor, "submit", _submitting)


class _Offline(Guard):
    """The guard of cassettes that only replay: what it refuses is one of their misses.

    It is up while none is open that may go live, and yields to one that was asked for.
    """

    _yields = True
    _overrules = False
    is_up = False

    def _why(self, host: str, port: int | str | None) -> str:
        """Why there is no network, and what to do."""
        del port
        names = ", ".join({str(one.tape.path): "" for one in self._told()})
        return (
            f"What is open only replays ({names}), and nothing was sent. "
            f"{way_out(host)}"
        )

    def _remember(self, error: NetworkBlocked) -> None:
        """Tell it to the cassette of this context, or, if it has none, to all."""
        for opened in self._told():
            opened.tape.misses.append(CassetteMiss(str(error)))

    def _told(self) -> list[OpenCassette]:
        return _cassettes(around_here() or ())[:1] or _cassettes(_open)


_OFFLINE = _Offline()


def _watch() -> None:
    """Have the guard up, or not, as what is open now demands."""
    cassettes = _cassettes(_open)
    wanted = bool(cassettes) and not any(one.tape.goes_live for one in cassettes)
    if wanted != _OFFLINE.is_up:
        _OFFLINE.is_up = wanted
        (put_up if wanted else take_down)(_OFFLINE)


def _cassettes(opened: Iterable[Opened]) -> list[OpenCassette]:
    return [one for one in opened if isinstance(one, OpenCassette)]


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


def _refused(several: list[Opened]) -> UnrecordedRequest | UnscriptedRequest:
    names = ", ".join(map(str, several))
    thread = threading.current_thread().name
    cassettes = _cassettes(several)
    are = "cassettes" if len(cassettes) == len(several) else "cassettes and fakes"
    are = are if cassettes else "fakes"
    said = (
        f"The thread {thread!r} made a request while {len(several)} {are} are open "
        f"that were not opened one in the other ({names}), and it was started in none "
        "of them: which one has to answer cannot be told. Make the request where its "
        f"{'cassette' if cassettes else 'fake'} is open, or start the thread there "
        "(contextvars.copy_context().run carries it)."
    )
    unscripted = UnscriptedRequest(ScriptError(said))
    for opened in several:
        if isinstance(opened, OpenFake):
            opened.endpoint.failures.append(unscripted)
    if not cassettes:
        return unscripted
    unrecorded = UnrecordedRequest(CassetteMiss(said))
    for opened in cassettes:
        opened.tape.misses.append(unrecorded.miss)
    return unrecorded
