"""The Python face: a chat model that is invoked, streamed, batched and bound.

A subclass implements one method, `play`: a request in, steps out. All else is here.
"""

import copy
from abc import abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Callable,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID, uuid4

from harness.chunks import AIMessageChunk
from harness.errors import InputError, shown
from harness.messages import AIMessage
from harness.models.batches import Batches
from harness.models.batching import Job
from harness.models.binding import Binding
from harness.models.clocks import Clock, RealClock
from harness.models.config import ConfigLike, RunConfig, configs_for
from harness.models.events import OPTIONS, StreamEvent, checked_options, model_events
from harness.models.parcels import Sent, SentPlayer
from harness.models.places import shares_memory
from harness.models.playback import Playback, asynchronous
from harness.models.retrying import Fallback, Player, Retry, RetryPolicy, sent
from harness.models.runs import Run, ambience
from harness.models.staying import stays
from harness.models.structured import Method, Output, StructuredModel
from harness.requests import ChatRequest
from harness.steps import Step

__all__ = ["ChatModel"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """How a batch is to be run."""

    lanes: int | None
    keep: bool
    virtual: bool
    progress: bool
    executor: Executor | None


class ChatModel(Batches):
    """A chat model; subclass it and implement :meth:`play`.

    *input* is a string, or a list of messages, role dicts and (role, text) pairs;
    *config* a `RunConfig` or a dict of its fields; further keywords (*params*) are
    parameters of the request. All errors of a provider are `ModelError`, bad input is
    `InputError`.

    >>> class Parrot(ChatModel):
    ...     def play(self, request):
    ...         for word in request.messages[-1].text.split():
    ...             yield AIMessageChunk(word)
    >>> Parrot().invoke("Hello there").text
    'Hellothere'
    """

    #: Tells the time and lets pauses pass.
    clock: Clock = RealClock()
    #: Whether `play` blocks: then a thread pulls its steps where a loop is running,
    #: a pause begins when it comes, whatever time the steps before it took, and the
    #: workers of a batch's executor play it: a copy of the model, pickled.
    blocking: ClassVar[bool] = False

    #: What is bound to every request, and configured for every run.
    binding: Binding = Binding()
    config: RunConfig = RunConfig.of(None)
    #: Plays in place of the model itself: retries, fallbacks.
    player: Player | None = None

    @abstractmethod
    def play(self, request: ChatRequest) -> Iterator[Step]:
        """Answer *request* with steps: chunks, pauses, faults.

        A batch calls this for all its inputs in order before it takes the first step
        of any; decide what to answer here, and give the steps lazily.
        """

    def aplay(self, request: ChatRequest) -> AsyncIterator[Step]:
        """The same for async callers; by default the steps of `play`."""
        steps, name = self.play(request), type(self).__name__
        return asynchronous(steps, name, blocking=self.blocking)

    def new_run_id(self) -> UUID | str:
        """An id for a run that was given none."""
        return uuid4()

    # ------------------------------------------------------------- one answer

    def invoke(
        self, input: object, config: ConfigLike = None, **params: Any
    ) -> AIMessage:
        """The whole answer to *input*.

        Inside `streaming()` the answer is streamed to its callbacks, and still
        returned whole.
        """
        playback = self._open(input, config, params)
        for _ in playback.chunks():
            pass
        return playback.message()

    async def ainvoke(
        self, input: object, config: ConfigLike = None, **params: Any
    ) -> AIMessage:
        """The same in a task."""
        playback = self._open(input, config, params, tasks=True)
        async for _ in playback.achunks():
            pass
        return playback.message()

    def stream(
        self, input: object, config: ConfigLike = None, **params: Any
    ) -> Generator[AIMessageChunk]:
        """The answer in chunks as they come; their sum is the whole answer."""
        return self._open(input, config, params, stream=True).chunks()

    def astream(
        self, input: object, config: ConfigLike = None, **params: Any
    ) -> AsyncGenerator[AIMessageChunk]:
        """The same in a task."""
        return self._open(input, config, params, stream=True, tasks=True).achunks()

    def astream_events(
        self,
        input: object,
        config: ConfigLike = None,
        **params: Any,
    ) -> AsyncGenerator[StreamEvent]:
        """The run as events: start with the input, one a chunk, end with the message.

        Each is ``{"event", "run_id", "name", "tags", "metadata", "parent_ids",
        "data"}``; the data is ``input``, ``chunk`` or ``output``. Of the keywords,
        ``include_names``, ``include_types``, ``include_tags`` and ``exclude_...`` of
        each choose events; others are parameters of the request.
        """
        options = checked_options({k: v for k, v in params.items() if k in OPTIONS})
        asked = {k: v for k, v in params.items() if k not in OPTIONS}
        playback = self._open(input, config, asked, stream=True, tasks=True)
        return model_events(playback, input, options)

    # ---------------------------------------------------------------- binding

    def bind(self, **params: Any) -> Self:
        """This model with *params* in every request; tools add up."""
        return self._with(binding=self.binding.bound(params))

    def bind_tools(
        self,
        tools: Sequence[object],
        *,
        tool_choice: object = None,
        parallel_tool_calls: bool | None = None,
        strict: bool | None = None,
        **params: Any,
    ) -> Self:
        """This model with *tools* to call, on top of those bound before.

        A tool is a `@tool` object, a function, a pydantic class, a TypedDict, a JSON
        schema, or a tool dict of OpenAI, Anthropic or a provider's own.
        *tool_choice* is "auto", "none", "any" (or "required", True), the name of a
        bound tool, or a provider's dict; False for *parallel_tool_calls* allows one
        call at a time, *strict* wants arguments exactly by the schema. Raises
        InputError for names not bound.
        """
        given = {"tools": tools, "strict": strict, **params}
        if tool_choice is not None:
            given["tool_choice"] = tool_choice
        if parallel_tool_calls is not None:
            given["parallel_tool_calls"] = parallel_tool_calls
        return self.bind(**given)

    def with_config(self, config: ConfigLike = None, **fields: Any) -> Self:
        """This model with *config* (or its *fields*) for every run."""
        said = RunConfig.of(config).merged(RunConfig.of(fields or None))
        return self._with(config=self.config.merged(said))

    def with_retry(
        self,
        *,
        retry_if_exception_type: tuple[type[Exception], ...] = (Exception,),
        stop_after_attempt: int = 3,
        wait_exponential_jitter: bool = True,
    ) -> Self:
        """This model, asked up to *stop_after_attempt* times until it answers.

        It waits as long as the provider says, else 1, 2, 4 ... seconds and a bit;
        without *wait_exponential_jitter* it never waits. Only errors of
        *retry_if_exception_type* are retried, a stream until its first chunk; script
        and cassette errors never are.
        """
        policy = RetryPolicy(
            retry_if_exception_type, stop_after_attempt, wait_exponential_jitter
        )
        return self._with(player=Retry(self._player, policy))

    def with_fallbacks(
        self,
        fallbacks: Sequence["ChatModel"],
        *,
        exceptions_to_handle: tuple[type[Exception], ...] = (Exception,),
    ) -> Self:
        """This model, and when it fails the *fallbacks* in turn.

        What is bound here is asked of each of them too, unless they have their own.
        They are asked where the error is one of *exceptions_to_handle*; if all fail,
        it is this model's.
        """
        if not isinstance(fallbacks, list | tuple):
            raise InputError(f"fallbacks is {shown(fallbacks)}; give a list of models.")
        others: list[tuple[Player, Binding]] = []
        for model in fallbacks:
            if not isinstance(model, ChatModel):
                raise InputError(f"{shown(model)} is no chat model to fall back on.")
            others.append((model._player, model.binding))
        policy = RetryPolicy(exceptions_to_handle)
        return self._with(player=Fallback(self._player, tuple(others), policy))

    def with_structured_output(
        self,
        schema: object,
        *,
        method: Method = "function_calling",
        include_raw: bool = False,
        strict: bool | None = None,
    ) -> StructuredModel:
        """This model, answering with values that fit *schema*.

        A pydantic class or dataclass gives its instances; a TypedDict or a JSON schema
        with a title gives dicts. *method* "function_calling" forces a call of a tool
        made of *schema*, "json_schema" and "json_mode" ask for JSON text,
        *strict* for exactly this schema. Raises OutputError where the answer does not
        fit; with *include_raw* the answer is ``{"raw": message, "parsed": value,
        "parsing_error": error}`` instead.
        """
        output = Output.of(schema, method, include_raw=include_raw)
        return StructuredModel(self.bind(**output.asks(strict)), output)

    @property
    def _player(self) -> Player:
        return self.player or self

    def _with(self, **changes: Any) -> Self:
        # A copy shares what the model plays from: script, journal, connections.
        changed = copy.copy(self)
        for name, value in changes.items():
            # Also where the author made the class a frozen dataclass.
            object.__setattr__(changed, name, value)
        return changed

    # ---------------------------------------------------------------- opening

    def _open(
        self,
        value: object,
        config: ConfigLike,
        params: Mapping[str, Any],
        *,
        stream: bool = False,
        tasks: bool = False,
        away: SentPlayer | None = None,
    ) -> Playback:
        run, request = self._asked(value, config, params, stream)
        if away is not None:
            return Sent(run, request, away, self.clock, live=self.blocking)
        player = self._player
        steps = run._playing(player.aplay if tasks else player.play, request)
        return Playback(run, request, steps, self.clock, live=self.blocking)

    def _asked(
        self,
        value: object,
        config: ConfigLike,
        params: Mapping[str, Any],
        stream: bool,  # noqa: FBT001 - private, and hot
    ) -> tuple[Run, ChatRequest]:
        binding = self.binding.bound(params) if params else self.binding
        request = binding.request(value, stream=stream or ambience().streaming)
        merged = self.config.merged(RunConfig.of(config))
        run_id = self.new_run_id() if merged.run_id is None else merged.run_id
        model, started = type(self).__name__, self.clock.now()
        return Run(merged, model=model, run_id=run_id, started=started), request

    def _batched(
        self, inputs: Any, config: Any, params: Mapping[str, Any], *, tasks: bool
    ) -> list[Job[Any]]:
        return self._jobs(inputs, config, params, _same, tasks=tasks)

    def _jobs(
        self,
        inputs: Sequence[object],
        config: ConfigLike | Sequence[ConfigLike],
        params: Mapping[str, Any],
        finish: Callable[[AIMessage], T],
        *,
        tasks: bool = False,
    ) -> list[Job[T]]:
        if isinstance(inputs, str | bytes | Mapping) or not isinstance(
            inputs, Sequence
        ):
            raise InputError(
                f"A batch takes a list of inputs, not {shown(inputs)} "
                f"({type(inputs).__name__})."
            )
        jobs: list[Job[T]] = []
        configs = configs_for(config, len(inputs))
        executor = self._plan(config, keep=False, progress=False).executor
        away: SentPlayer | None = None
        if shares_memory(executor):
            tasks = False
        elif executor is not None and not stays():
            player = sent(self._player)
            away = None if player is None else SentPlayer(player)
        for value, one in zip(inputs, configs, strict=True):
            try:
                opened = self._open(value, one, params, tasks=tasks, away=away)
                jobs.append(Job(opened, finish))
            except Exception as error:  # noqa: BLE001 - raised or returned by the batch
                jobs.append(Job(error, finish))
        return jobs

    def _sent(self) -> Player | None:
        """What stands for this model in another process; None where it stays here."""
        return self._with(config=RunConfig.of(None)) if self.blocking else None

    def _plan(self, config: object, *, keep: bool, progress: bool) -> BatchPlan:
        first = config
        if isinstance(config, Sequence):
            first = config[0] if config else None
        merged = self.config.merged(RunConfig.of(first))  # type: ignore[arg-type]  # _jobs checked it
        virtual = self.clock.virtual
        lanes, executor = merged.max_concurrency, merged.executor
        return BatchPlan(lanes, keep, virtual, progress, executor)


def _same(message: AIMessage) -> AIMessage:
    return message
