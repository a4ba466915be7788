"""Runs as streams of events: of one model, or of all models inside an application."""

import inspect
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from typing import Any, TypedDict, Unpack
from uuid import uuid4

from harness.errors import InputError, nearest, shown
from harness.models.callbacks import LLMResult
from harness.models.config import ConfigLike, RunConfig
from harness.models.playback import Playback
from harness.models.runs import Ambience, ambience, within

__all__ = [
    "OPTIONS",
    "EventOptions",
    "StreamEvent",
    "astream_events",
    "checked_options",
    "model_events",
    "wants",
]


class StreamEvent(TypedDict):
    """One thing that happened in a run: *event* says what, *data* with what.

    *name*, *run_id*, *tags* and *metadata* are those of the run, *parent_ids* the runs
    that it is part of, the outermost first.
    """

    event: str
    run_id: str
    name: str
    tags: list[str]
    metadata: dict[str, Any]
    parent_ids: list[str]
    data: dict[str, Any]


class EventOptions(TypedDict, total=False):
    """Which events are wanted: all that no option excludes and any includes.

    Types are "chat_model" and "chain"; without any ``include_`` all are included.
    *version* is "v2", the only one there is.
    """

    version: str
    include_names: Sequence[str]
    include_types: Sequence[str]
    include_tags: Sequence[str]
    exclude_names: Sequence[str]
    exclude_types: Sequence[str]
    exclude_tags: Sequence[str]


OPTIONS = frozenset(EventOptions.__annotations__)


def wants(
    options: Mapping[str, Any], kind: str, name: str, tags: Iterable[str]
) -> bool:
    """Whether events of a *kind* of run, its *name* and *tags*, are wanted."""
    said = {"names": {name}, "types": {kind}, "tags": {*tags}}
    if any(said[what] & {*options.get(f"exclude_{what}", ())} for what in said):
        return False
    included = [what for what in said if options.get(f"include_{what}") is not None]
    return not included or any(
        said[what] & {*options[f"include_{what}"]} for what in included
    )


def checked_options(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """*options*, all of them known and well formed. Raises InputError."""
    for name, value in options.items():
        if name not in OPTIONS:
            raise InputError(f"No option is {name!r}. {nearest(name, OPTIONS)}")
        if name == "version":
            if value != "v2":
                raise InputError(f"version is {value!r}; events are of version 'v2'.")
        elif isinstance(value, str) or not isinstance(value, Sequence | None):
            raise InputError(f"{name} is {shown(value)}; give a list of strings.")
    return {name: value for name, value in options.items() if value is not None}


async def model_events(
    playback: Playback, given: object, options: Mapping[str, Any]
) -> AsyncGenerator[StreamEvent]:
    """The events of one model's run; *given* is its input as the caller wrote it."""
    run = playback.run
    wanted = wants(options, "chat_model", run.name, run.tags)
    run_id, name = str(run.run_id), run.name
    tags, metadata, parents = run.tags, run.metadata, run.parents

    def event(kind: str, data: dict[str, Any]) -> StreamEvent:
        return {
            "event": kind,
            "run_id": run_id,
            "name": name,
            "tags": [*tags],
            "metadata": {**metadata},
            "parent_ids": [*parents],
            "data": data,
        }

    if wanted:
        yield event("on_chat_model_start", {"input": given})
    chunks = playback.achunks()
    try:
        async for chunk in chunks:
            if wanted:
                yield event("on_chat_model_stream", {"chunk": chunk})
    finally:
        await chunks.aclose()
    if wanted:
        yield event("on_chat_model_end", {"output": playback.message()})


async def astream_events(
    app: Callable[[Any], Any],
    input: object,
    config: ConfigLike = None,
    **options: Unpack[EventOptions],
) -> AsyncGenerator[StreamEvent]:
    """The events of *app* called with *input*, and of every model that it asks.

    *app* is a function, sync (run in a thread) or async; its models stream, whether it
    asks them by ``invoke`` or ``stream``, and its own answer comes last, as
    ``on_chain_end``. An error of *app* is raised after the events before it. Tags,
    metadata and callbacks of *config* hold for *app* and for its models. *options*:
    ``include_names``, ``include_types``, ``include_tags`` and ``exclude_...`` of each.
    Raises InputError for what is no function, and for options that there are none of.

    >>> import asyncio
    >>> async def kinds(app):
    ...     return [event["event"] async for event in astream_events(app, "Hi")]
    >>> asyncio.run(kinds(lambda text: text.upper()))
    ['on_chain_start', 'on_chain_end']
    """
    import asyncio

    chosen = checked_options(options)
    if not callable(app):
        raise InputError(f"{shown(app)} is no application: give a function.")
    said, around = RunConfig.of(config), ambience()
    name = said.run_name or str(getattr(app, "__name__", type(app).__name__))
    chain = _Chain(name, said, around)
    chain.add(("chain", chain.event("on_chain_start", {"input": input})))
    with within(chain.inner):
        work = asyncio.create_task(_call(app, input))
    work.add_done_callback(chain.finish)
    try:
        async for kind, event in chain.events():
            if wants(chosen, kind, event["name"], event["tags"]):
                yield event
        output = work.result()
        if wants(chosen, "chain", name, chain.inner.tags):
            yield chain.event("on_chain_end", {"input": input, "output": output})
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


async def _call(app: Callable[[Any], Any], value: object) -> Any:
    import asyncio

    if inspect.iscoroutinefunction(app):
        return await app(value)
    result = await asyncio.to_thread(app, value)
    return await result if inspect.isawaitable(result) else result


class _Chain:
    """A callback handler that turns what it hears of an application into events."""

    def __init__(self, name: str, config: RunConfig, around: Ambience) -> None:
        import asyncio

        self.name = name
        self.run_id = str(config.run_id or uuid4())
        #: What holds for the calls that the application makes.
        self.inner = Ambience(
            (*around.handlers, *config.callbacks, self),
            (*around.tags, *config.tags),
            {**around.metadata, **config.metadata},
            (*around.parents, self.run_id),
            streaming=True,
        )
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[str, StreamEvent] | None] = deque()
        self._idle = False
        self._news = asyncio.Event()
        self._inputs: dict[str, Any] = {}

    def event(self, kind: str, data: dict[str, Any]) -> StreamEvent:
        return {
            "event": kind,
            "run_id": self.run_id,
            "name": self.name,
            "tags": list(self.inner.tags),
            "metadata": dict(self.inner.metadata),
            "parent_ids": list(self.inner.parents[:-1]),
            "data": data,
        }

    def heard(self, event: str, data: dict[str, Any], run: dict[str, Any]) -> None:
        """Take an event of a model's *run*, as its callbacks are told of it."""
        made: StreamEvent = {
            "event": event,
            "run_id": str(run["run_id"]),
            "name": run["name"],
            "tags": run["tags"],
            "metadata": run["metadata"],
            "parent_ids": list(ambience().parents),
            "data": data,
        }
        self.add(("chat_model", made))

    def add(self, item: tuple[str, StreamEvent] | None) -> None:
        self._waiting.append(item)
        if self._idle:  # to wake the loop takes a system call
            self._idle = False
            self._loop.call_soon_threadsafe(self._news.set)

    def finish(self, _: object) -> None:
        self.add(None)

    async def events(self) -> AsyncGenerator[tuple[str, StreamEvent]]:
        while True:
            # In this order, no news that come while we look are missed.
            self._news.clear()
            self._idle = True
            while self._waiting:
                item = self._waiting.popleft()
                if item is None:
                    return
                yield item
            await self._news.wait()

    def on_chat_model_start(self, _: Any, messages: Any, **run: Any) -> None:
        self._inputs[str(run["run_id"])] = messages
        data = {"input": {"messages": messages}}
        self.heard("on_chat_model_start", data, run)

    def on_llm_new_token(self, _: str, *, chunk: Any, **run: Any) -> None:
        self.heard("on_chat_model_stream", {"chunk": chunk}, run)

    def on_llm_end(self, response: LLMResult, **run: Any) -> None:
        asked = self._inputs.pop(str(run["run_id"]))
        output = response.generations[0][0].message
        data = {"output": output, "input": {"messages": asked}}
        self.heard("on_chat_model_end", data, run)

    def on_llm_error(self, _: BaseException, **run: Any) -> None:
        self._inputs.pop(str(run["run_id"]), None)
