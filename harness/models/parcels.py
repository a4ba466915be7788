"""Runs that are played by a worker: what is sent there, and what comes back.

A parcel is bytes and an answer to it is, so that whatever carries them needs to know
nothing of models, and what cannot be pickled is told here, with its place.
"""

import pickle
import sys
import threading
import traceback
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any
from uuid import uuid4

from harness.chunks import AIMessageChunk
from harness.errors import ExecutorError, HarnessError, InputError, shown
from harness.messages import AIMessage
from harness.models.clocks import Clock
from harness.models.playback import Playback
from harness.models.runs import Run
from harness.requests import ChatRequest

__all__ = [
    "Sent",
    "SentPlayer",
    "lost",
    "play_parcel",
    "refused",
]


class SentPlayer:
    """What plays all runs of a batch: pickled once, and unpickled once by a worker."""

    def __init__(self, player: Any) -> None:
        self._player = player
        self._batch = uuid4().hex
        self._numbers = count()

    @cached_property
    def _data(self) -> bytes:
        return _sendable(self._player, "player")

    def parcel(self, run: "Parcel") -> tuple[str, int, bytes, bytes]:
        """What `play_parcel` is given for *run*. Raises InputError if that cannot be.

        It is another each time: an executor that knows results by what they were made
        of (Dask) would ask once for what was asked twice.
        """
        return self._batch, next(self._numbers), self._data, _sendable(run, "")


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a worker needs for one run; with *tokens* it sends back each chunk."""

    request: ChatRequest
    run: Run
    clock: Clock
    live: bool
    tokens: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """What came of it: a message or chunks, or the error that ended it."""

    message: AIMessage | None = None
    chunks: tuple[AIMessageChunk, ...] = ()
    elapsed: float = 0.0
    error: Exception | None = None


class Sent(Playback):
    """The answer to a request as a worker plays it; *steps* is who plays there."""

    __slots__ = ("_delivery",)

    def __init__(
        self,
        run: Run,
        request: ChatRequest,
        player: SentPlayer,
        clock: Clock,
        *,
        live: bool,
    ) -> None:
        super().__init__(run, request, player, clock, live=live)
        self._delivery = Delivery()

    def begin(self) -> None:
        """Nothing: the worker counts."""

    def parcel(self) -> tuple[str, int, bytes, bytes]:
        """What a worker is to `play_parcel`. Raises InputError if that cannot be."""
        tokens = self.request.stream and bool(self.run.handlers)
        parcel = Parcel(self.request, self.run, self.clock, self.live, tokens)
        player: SentPlayer = self.steps
        return player.parcel(parcel)

    def take(self, brought: bytes | Exception) -> None:
        """Let what a worker *brought* be the answer, or the error be it."""
        if isinstance(brought, Exception):
            delivery = Delivery(error=brought)
        else:
            delivery = _unpacked(brought)
        self._delivery = delivery
        self._message, self.seen = delivery.message, [*delivery.chunks]
        self.run.elapsed = delivery.elapsed

    def _chunks(self) -> Generator[AIMessageChunk]:
        yield from self._delivery.chunks
        if self._delivery.error is not None:
            raise self._delivery.error

    async def _achunks(self) -> AsyncGenerator[AIMessageChunk]:
        for chunk in self._chunks():
            yield chunk


def _unpacked(brought: bytes) -> Delivery:
    try:
        delivery: Delivery = pickle.loads(brought)  # noqa: S301 - of a worker of ours
    except Exception as error:  # noqa: BLE001 - told where the answer is read
        told = f"What a worker sent back cannot be read here ({_named(error)})."
        return Delivery(error=ExecutorError(told))
    return delivery


def lost(error: Exception) -> ExecutorError:
    """What the caller is told where an executor ended a run with *error*."""
    cancelled = isinstance(error, CancelledError)
    said = "cancelled the run" if cancelled else "lost the run"
    return _told(
        f"The executor {said} ({_named(error)}); the provider may have been asked. "
        "Look why its workers end; return_exceptions=True keeps the answers that came.",
        error,
    )


def refused(error: Exception) -> ExecutorError:
    """The same where it took no more work."""
    return _told(
        f"The executor takes no runs ({_named(error)}); nothing was asked. Give the "
        "batch one that is open until its last answer has come.",
        error,
    )


def _told(words: str, error: Exception) -> ExecutorError:
    told = ExecutorError(words)
    told.__cause__ = error
    return told


# ------------------------------------------------------------------- in the worker


_KEPT = 16
_players: dict[str, Any] = {}
_keeping = threading.Lock()


def play_parcel(batch: str, number: int, player: bytes, parcel: bytes) -> bytes:
    """Play what is in *parcel* with the *player* of a *batch*.

    Out comes a `Delivery`, pickled.
    """
    del number
    try:
        plays = _kept(batch, player)
        opened: Parcel = pickle.loads(parcel)  # noqa: S301 - of a caller of ours
    except HarnessError as error:
        return _delivered(Delivery(error=error))
    except Exception as error:  # noqa: BLE001 - told to the caller
        told = f"A worker cannot read what it was sent: {_named(error)}. It needs the "
        told += "modules that the caller has, in the same versions."
        return _delivered(Delivery(error=ExecutorError(told)))
    return _delivered(_played(plays, opened))


def _kept(batch: str, player: bytes) -> Any:
    """The player of *batch*: one for all its runs here, as they share connections."""
    with _keeping:
        found = _players.pop(batch, None) or pickle.loads(player)  # noqa: S301 - as above
        _players[batch] = found
        while len(_players) > _KEPT:
            del _players[next(iter(_players))]
        return found


def _played(player: Any, opened: Parcel) -> Delivery:
    run, clock = opened.run, opened.clock
    seen: list[AIMessageChunk] = []
    run.started = clock.now()
    try:
        steps = run._playing(player.play, opened.request)
        playback = Playback(run, opened.request, steps, clock, live=opened.live)
        seen = playback.seen
        for _ in playback.chunks():
            pass
        message = None if opened.tokens else playback.message()
    except Exception as error:  # noqa: BLE001 - the caller raises or returns it
        if not isinstance(error, HarnessError):
            error.add_note(f"It was raised by a worker:\n{traceback.format_exc()}")
        chunks = tuple(seen) if opened.tokens else ()
        return Delivery(None, chunks, run.elapsed, error)
    return Delivery(message, tuple(seen) if opened.tokens else (), run.elapsed)


def _delivered(delivery: Delivery) -> bytes:
    error = delivery.error
    if error is None:
        return _packed(delivery)
    try:
        pickle.loads(_packed(error))  # noqa: S301 - some are written, and not read
        return _packed(delivery)
    except Exception as reason:  # noqa: BLE001 - whatever its class does
        told = ExecutorError(
            f"A worker raised {_named(error)}. The error cannot be pickled "
            f"({_named(reason)}), so this one comes in its place."
        )
        for note in getattr(error, "__notes__", ()):
            told.add_note(note)
        return _packed(replace(delivery, error=told))


# ------------------------------------------------------------------------ pickling


def _packed(value: object) -> bytes:
    """*value* pickled; by cloudpickle where that is loaded, and pickle cannot.

    Dask and others load it: it takes along what only this program's `__main__` has.
    """
    cloudpickle = sys.modules.get("cloudpickle")
    try:
        data = pickle.dumps(value, protocol=5)
    except Exception:
        if cloudpickle is None:
            raise
        data = b"__main__"
    if cloudpickle is not None and b"__main__" in data:
        data = cloudpickle.dumps(value)
    return data


def _sendable(value: Any, place: str) -> bytes:
    """*value* pickled. Raises InputError, which says what of it cannot be."""
    try:
        return _packed(value)
    except HarnessError:
        raise
    except Exception as error:
        place, value = _culprit(value, place)
        kind = type(value).__name__
        raise InputError(
            f"This batch cannot be sent to its executor's workers: {place} is "
            f"{shown(value)} ({kind}), which cannot be pickled ({_named(error)}). "
            "Define functions and classes at the top of a module, make what holds "
            "connections where it is used, or give a ThreadPoolExecutor."
        ) from error


def _culprit(value: Any, place: str) -> tuple[str, Any]:
    """The innermost part of *value* that cannot be pickled, and where it is."""
    seen = {id(value)}
    while True:
        for name, part in _parts(value):
            if id(part) not in seen and not _goes(part):
                seen.add(id(part))
                value, place = part, f"{place}{name}"
                break
        else:
            return place.removeprefix("."), value


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, list | tuple | set | frozenset):
        yield from ((f"[{n}]", part) for n, part in enumerate(value))
    elif not isinstance(value, type):
        slots = [n for k in type(value).__mro__ for n in getattr(k, "__slots__", ())]
        for name in (*getattr(value, "__dict__", ()), *slots):
            if hasattr(value, name):
                yield f".{name}", getattr(value, name)


def _goes(value: Any) -> bool:
    try:
        _packed(value)
    except Exception:  # noqa: BLE001 - whatever it is, it does not
        return False
    return True


def _named(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
