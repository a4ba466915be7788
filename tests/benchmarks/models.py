"""A chunk, a call and an agent's run, of ready-made models and of scripted ones."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage as PeerMessage
from langchain_core.messages import AIMessageChunk as PeerChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from machine import named
from measuring import Side, cpu, rounds
from pydantic_ai import Agent, direct
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.models.test import TestModel
from tables import OURS, Line, Subject

from harness import AIMessageChunk, ChatModel, FakeChatModel, call, say
from harness.bridges.pydantic_ai import as_pydantic_ai

PEERS = ("langchain-core", "pydantic-ai-slim")
LANGCHAIN = named("langchain-core")
GENERIC = f"{LANGCHAIN} GenericFakeChatModel"
TEST = f"{named('pydantic-ai-slim')} TestModel"
FUNCTION = f"{named('pydantic-ai-slim')} FunctionModel"
CHUNKS = 2_000
CALLS = 1_000
RUNS = 50


class Ours(ChatModel):
    """Plays ready-made chunks."""

    chunks: ClassVar = [AIMessageChunk("word ", id="m") for _ in range(CHUNKS)]

    def play(self, request):
        """All of them, or one."""
        return iter(self.chunks if request.stream else self.chunks[:1])


class Theirs(BaseChatModel):
    """Yields ready-made chunks."""

    @property
    def _llm_type(self) -> str:
        return "ready-made"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        return ChatResult(generations=[ChatGeneration(message=PeerMessage("word "))])

    def _stream(
        self,
        messages,
        stop=None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs,
    ):
        for _ in range(CHUNKS):
            yield ChatGenerationChunk(message=PeerChunk(content="word ", id="m"))


def rows(*, quick: bool) -> Iterator[Line]:
    """What of the models' costs there is, beside each peer that has it."""
    count = 3 if quick else 5
    for make in (streaming, calling, fakes_calling, fakes_streaming, agents):
        for subject, sides, aims in make():
            yield from subject.rows(rounds(sides, count, warm=1), aims=aims)


Race = tuple[Subject, dict[str, Side], dict[str, str]]


def of(what: str) -> Subject:
    """A subject of this group."""
    return Subject("models", what)


# ------------------------------------------------------------- models of one's own


def streaming() -> Iterator[Race]:
    """What a chunk costs that a model has ready."""
    aims = {"stream": "<= 3 us", "astream_events": "<= 8 us"}
    mine, theirs = Ours(), Theirs()
    for method in ("stream", "astream", "astream_events"):
        sides = {
            name: partial(per_chunk, getattr(model, method))
            for name, model in ((OURS, mine), (LANGCHAIN, theirs))
        }
        wanted = {OURS: aims[method]} if method in aims else {}
        yield of(f"{method}, a chunk"), sides, wanted


def per_chunk(method: Callable[[str], Any]) -> float:
    """The cost of each chunk of a stream, in pieces as its model cuts it."""
    counts: list[int] = []

    def listen() -> None:
        stream = method("Hi")
        if hasattr(stream, "__aiter__"):
            counts.append(asyncio.run(drain(stream)))
        else:
            counts.append(len([*stream]))

    return cpu(listen) / counts[0]


async def drain(stream: Any) -> int:
    """Listen to the end; how many came."""
    return len([one async for one in stream])


def calling() -> Iterator[Race]:
    """What a call costs of a model that has its answer ready."""
    sides: dict[str, Side] = {
        name: partial(cpu, partial(model.invoke, "Hi"), CALLS)
        for name, model in ((OURS, Ours()), (LANGCHAIN, Theirs()))
    }
    yield of("invoke, a model of one's own"), sides, {OURS: "<= 20 us"}


# ------------------------------------------------------------------------- fakes


def fake() -> FakeChatModel:
    """A fake with a turn for each call."""
    return FakeChatModel(*["word "] * CALLS)


def generic(text: str = "word ", calls: int = CALLS) -> GenericFakeChatModel:
    """Their fake with as many."""
    return GenericFakeChatModel(messages=iter([PeerMessage(text)] * calls))


def fakes_calling() -> Iterator[Race]:
    """What a call costs of a fake, waited for or not."""
    made: dict[str, Callable[[], Any]] = {OURS: fake, GENERIC: generic}
    sides: dict[str, Side] = {
        name: lambda make=make: cpu(partial(make().invoke, "Hi"), CALLS)  # type: ignore[misc]  # a default binds it
        for name, make in made.items()
    }
    yield of("invoke, FakeChatModel"), sides, {OURS: "<= 20 us"}
    asked = [ModelRequest.user_text_prompt("Hi")]
    request = partial(direct.model_request, messages=asked)
    function = FunctionModel(lambda *_: ModelResponse([TextPart("word ")]))
    waited: dict[str, Callable[[], Callable[[], Awaitable[object]]]] = {
        OURS: lambda: partial(fake().ainvoke, "Hi"),
        GENERIC: lambda: partial(generic().ainvoke, "Hi"),
        TEST: lambda: partial(request, TestModel(custom_output_text="word ")),
        FUNCTION: lambda: partial(request, function),
    }
    sides = {name: partial(awaited, make, CALLS) for name, make in waited.items()}
    yield of("ainvoke, FakeChatModel"), sides, {}


def awaited(make: Callable[[], Callable[[], Awaitable[object]]], times: int) -> float:
    """The cost of one await, of *times* in a row in one loop."""
    ask = make()

    async def all_of_them() -> None:
        for _ in range(times):
            await ask()

    return cpu(lambda: asyncio.run(all_of_them())) / times


def fakes_streaming() -> Iterator[Race]:
    """What a chunk costs of a scripted text, cut into words."""
    text = "word " * CHUNKS
    made: dict[str, Callable[[], Any]] = {
        OURS: lambda: FakeChatModel(say(text)),
        GENERIC: lambda: generic(text, 1),
    }
    for method in ("stream", "astream"):
        sides: dict[str, Side] = {
            name: lambda make=make, method=method: per_chunk(getattr(make(), method))  # type: ignore[misc]  # defaults bind them
            for name, make in made.items()
        }
        yield of(f"{method}, FakeChatModel, a chunk"), sides, {}


# ------------------------------------------------------------------------ agents


def agents() -> Iterator[Race]:
    """What a run of pydantic-ai's agent costs: a call of a tool, then the answer."""
    agent = Agent()

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Look at the weather."""
        return f"72°F in {city}"

    def answer(messages: list[Any], info: Any) -> ModelResponse:
        if len(messages) > 1:
            return ModelResponse([TextPart("It is warm.")])
        return ModelResponse([ToolCallPart("get_weather", {"city": "Boston"})])

    made: dict[str, Callable[[], Any]] = {
        OURS: lambda: as_pydantic_ai(
            FakeChatModel(call("get_weather", city="Boston"), "It is warm.")
        ),
        TEST: lambda: TestModel(custom_output_text="It is warm."),
        FUNCTION: lambda: FunctionModel(answer),
    }
    sides: dict[str, Side] = {
        name: partial(
            awaited,
            lambda make=make: lambda: agent.run("Weather?", model=make()),  # type: ignore[misc]  # a default binds it
            RUNS,
        )
        for name, make in made.items()
    }
    yield of("a run of pydantic-ai's agent, one tool"), sides, {}
