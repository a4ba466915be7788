"""One run of a model: who it is, who hears of it, and how long it has taken."""

import contextvars
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

from harness.chunks import AIMessageChunk
from harness.messages import AIMessage, Message
from harness.models.callbacks import (
    ChatGeneration,
    LLMResult,
    afire,
    checked,
    fire,
)
from harness.models.config import RunConfig
from harness.requests import ChatRequest

__all__ = ["Run", "RunIds", "current_run", "streaming"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ambience:
    """What the program around a call has said for all calls within."""

    handlers: tuple[Any, ...] = ()
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    parents: tuple[str, ...] = ()
    streaming: bool = False


_NOTHING = Ambience()
_AMBIENCE: contextvars.ContextVar[Ambience] = contextvars.ContextVar(
    "harness_ambience", default=_NOTHING
)
_CURRENT: contextvars.ContextVar["Run | None"] = contextvars.ContextVar(
    "harness_run", default=None
)


def current_run() -> "Run | None":
    """The run for which a source's ``play`` is being called, or None outside one.

    >>> current_run() is None
    True
    """
    return _CURRENT.get()


def ambience() -> Ambience:
    """What holds for calls made here."""
    return _AMBIENCE.get()


@contextmanager
def within(around: Ambience) -> Generator[None]:
    """Let *around* hold for the calls within."""
    token = _AMBIENCE.set(around)
    try:
        yield
    finally:
        _AMBIENCE.reset(token)


@contextmanager
def streaming(*callbacks: Any) -> Generator[None]:
    """Stream every call within, also those made by ``invoke``.

    Each piece is heard by *callbacks* and the callbacks of the call as
    ``on_llm_new_token``, while ``invoke`` still returns the whole message. Works
    across ``await``; threads need a copy of the context.

    >>> from harness import CallbackHandler, FakeChatModel
    >>> class Print(CallbackHandler):
    ...     def on_llm_new_token(self, token, **run):
    ...         print(token, end="|")
    >>> with streaming(Print()):
    ...     message = FakeChatModel("Hi there").invoke("Hello")
    Hi| there||
    """
    around = ambience()
    handlers = (*around.handlers, *checked(callbacks))
    with within(replace(around, handlers=handlers, streaming=True)):
        yield


class RunIds:
    """Ids of runs that are the same each time: those of a *seed*, one after the other.

    >>> ids = RunIds(1)
    >>> str(ids.next()), str(ids.next())
    ('00000000-0000-4001-8000-000000000001', '00000000-0000-4001-8000-000000000002')
    """

    def __init__(self, seed: int = 0, given: int = 0) -> None:
        self._seed = seed
        self._before = UUID(int=(seed % 2**64) << 64, version=4).int
        self._given = given
        self._lock = threading.Lock()

    def next(self) -> UUID:
        """The next of them."""
        with self._lock:
            self._given += 1
            return UUID(int=self._before + self._given)

    def __reduce__(self) -> tuple[Any, ...]:
        return RunIds, (self._seed, self._given)


class Run:
    """One call of a model while it goes on.

    *config* is that of the call, *model* the name of the model's class, *run_id* the id
    that callbacks hear. *started* is when it began, and ``elapsed`` how long it has
    taken, in seconds of the model's clock. ``name``, ``tags``, ``metadata``,
    ``handlers`` and ``streaming`` are what the call and the program around it have
    said, ``parents`` the ids of the runs that this one is part of.

    >>> from harness import AIMessageChunk, ChatModel
    >>> class Named(ChatModel):
    ...     def play(self, request):
    ...         return iter([AIMessageChunk(current_run().name)])
    >>> Named().invoke("Who are you?", {"run_name": "tutor"}).text
    'tutor'
    """

    __slots__ = (
        "config",
        "elapsed",
        "handlers",
        "metadata",
        "model",
        "name",
        "parents",
        "run_id",
        "started",
        "streaming",
        "tags",
    )

    def __init__(
        self, config: RunConfig, *, model: str, run_id: UUID | str, started: float
    ) -> None:
        around = _AMBIENCE.get()
        self.config = config
        self.model = model
        self.name = config.run_name or model
        self.run_id = run_id
        handlers = (*around.handlers, *config.callbacks)
        # Who listens to this call and around it hears of everything once.
        self.handlers = tuple({id(one): one for one in handlers}.values())
        self.tags = tuple(dict.fromkeys((*around.tags, *config.tags)))
        self.metadata: Mapping[str, Any] = {**around.metadata, **config.metadata}
        self.parents = around.parents
        self.streaming = around.streaming
        self.started = started
        self.elapsed = 0.0

    def __getstate__(self) -> dict[str, Any]:
        """The run as another process knows it: nobody there listens."""
        state = {name: getattr(self, name) for name in self.__slots__}
        return {**state, "config": self.config.alone(), "handlers": ()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)

    def _playing(self, play: Callable[[ChatRequest], T], request: ChatRequest) -> T:
        """What *play* makes of *request*, with this as the `current_run`."""
        token = _CURRENT.set(self)
        try:
            return play(request)
        finally:
            _CURRENT.reset(token)

    def _told(self) -> dict[str, Any]:
        """What every callback is told of the run."""
        return {
            "run_id": self.run_id,
            "parent_run_id": self.parents[-1] if self.parents else None,
            "tags": list(self.tags),
            "metadata": dict(self.metadata),
            "name": self.name,
        }

    def _start(self, messages: tuple[Message, ...]) -> None:
        """Tell that the model is about to answer."""
        told = ({"name": self.model}, [list(messages)])
        fire(self.handlers, "on_chat_model_start", *told, **self._told())

    async def _astart(self, messages: tuple[Message, ...]) -> None:
        """The same in a task."""
        told = ({"name": self.model}, [list(messages)])
        await afire(self.handlers, "on_chat_model_start", *told, **self._told())

    def _token(self, chunk: AIMessageChunk) -> None:
        """Tell of a piece."""
        told = self._told()
        fire(self.handlers, "on_llm_new_token", chunk.text, chunk=chunk, **told)

    async def _atoken(self, chunk: AIMessageChunk) -> None:
        """The same in a task."""
        told = self._told()
        await afire(self.handlers, "on_llm_new_token", chunk.text, chunk=chunk, **told)

    def _end(self, message: AIMessage) -> None:
        """Tell of the finished answer."""
        result = LLMResult([[ChatGeneration(message)]])
        fire(self.handlers, "on_llm_end", result, **self._told())

    async def _aend(self, message: AIMessage) -> None:
        """The same in a task."""
        result = LLMResult([[ChatGeneration(message)]])
        await afire(self.handlers, "on_llm_end", result, **self._told())

    def _fail(self, error: BaseException) -> None:
        """Tell that the run broke off."""
        fire(self.handlers, "on_llm_error", error, **self._told())

    async def _afail(self, error: BaseException) -> None:
        """The same in a task."""
        await afire(self.handlers, "on_llm_error", error, **self._told())
