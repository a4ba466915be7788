"""A harness model is a chat model of LangChain, in all that people do with one."""

import asyncio
from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from pydantic import BaseModel
from typing_extensions import TypedDict

from harness import (
    FakeChatModel,
    InputError,
    RateLimitError,
    ReplayChatModel,
    ScriptError,
    call,
    fail,
    pause,
    say,
    think,
)
from harness.bridges.langchain import HarnessChatModel, as_langchain


@tool
def get_weather(location: str) -> str:
    """Get the weather at a location."""
    return f"sunny in {location}"


class Joke(BaseModel):
    """A joke."""

    setup: str
    punchline: str


class JokeDict(TypedDict):
    """A joke."""

    setup: str
    punchline: str


JOKE = {"setup": "Why?", "punchline": "Because."}
SCHEMA = {"title": "Joke", **Joke.model_json_schema()}


def test_it_is_a_real_one() -> None:
    """The journal stays that of the script."""
    fake = FakeChatModel("Hello!")
    model = as_langchain(fake)

    answer = model.invoke([HumanMessage("Hi")])

    assert isinstance(model, BaseChatModel)
    assert isinstance(answer, AIMessage)
    assert (answer.content, answer.id) == ("Hello!", "msg_1")
    assert answer.usage_metadata is not None
    assert answer.response_metadata["finish_reason"] == "stop"
    assert fake.calls[0].text == "Hi"


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("awaited", [False, True])
def test_streams_sum_to_what_was_scripted(version: str, awaited: bool) -> None:
    """Reasoning, text and calls; usage once, in the last chunk."""
    fake = FakeChatModel(
        say(think("Hm."), "Let me look.", call("get_weather", location="Boston"))
    )
    model = as_langchain(fake, output_version=version).bind_tools([get_weather])

    async def heard() -> list[Any]:
        return [chunk async for chunk in model.astream("Hi")]

    chunks: list[Any] = asyncio.run(heard()) if awaited else [*model.stream("Hi")]

    total: Any = reduce(add, chunks)
    assert all(isinstance(chunk, AIMessageChunk) for chunk in chunks)
    assert total.text == "Let me look."
    assert [b["type"] for b in total.content_blocks] == [
        "reasoning",
        "text",
        "tool_call",
    ]
    assert total.tool_calls[0]["args"] == {"location": "Boston"}
    assert [c.usage_metadata is not None for c in chunks].count(True) == 1
    assert chunks[-1].usage_metadata
    assert chunks[-1].chunk_position == "last"


def test_plain_text_is_plain_text() -> None:
    """As of most providers."""
    chunks = [*as_langchain(FakeChatModel("The sky is blue.")).stream("Hi")]

    assert [c.content for c in chunks] == ["The", " sky", " is", " blue", ".", ""]


@pytest.mark.parametrize(
    "choice, seen",
    [
        ("any", "any"),
        ("required", "any"),
        (True, "any"),
        ("auto", "auto"),
        ("get_weather", "get_weather"),
        ({"type": "function", "function": {"name": "get_weather"}}, "get_weather"),
        (None, None),
        (False, None),
    ],
)
def test_every_form_of_choice(choice: Any, seen: str | None) -> None:
    """It reaches the script, which keeps to it."""
    fake = FakeChatModel(call("get_weather", location="Boston"))
    model = as_langchain(fake).bind_tools(
        [get_weather], tool_choice=choice, parallel_tool_calls=False
    )

    answer = model.invoke("Hi")

    assert answer.tool_calls[0]["name"] == "get_weather"
    assert fake.calls[0].tool_choice == seen
    assert fake.calls[0].request.parallel_tool_calls is False


def test_a_script_that_ignores_the_choice_is_wrong() -> None:
    """LangChain's own fakes do not look."""
    model = as_langchain(FakeChatModel("No.")).bind_tools(
        [get_weather], tool_choice="any"
    )

    with pytest.raises(ScriptError, match="contradicts the request"):
        model.invoke("Hi")


TURNS: dict[str, Any] = {
    "function_calling": call("Joke", **JOKE),
    "json_schema": '{"setup": "Why?", "punchline": "Because."}',
    "json_mode": '{"setup": "Why?", "punchline": "Because."}',
}


@pytest.mark.parametrize("method", [*TURNS])
@pytest.mark.parametrize("schema", [Joke, SCHEMA])
def test_structured_output_by_each_method(method: str, schema: Any) -> None:
    """Classes give instances, schemas dicts; sync, awaited, streamed and raw."""
    fake = FakeChatModel(*[TURNS[method]] * 4)
    model = as_langchain(fake)
    asked = model.with_structured_output(schema, method=method)
    wanted = Joke(**JOKE) if schema is Joke else JOKE

    raw = model.with_structured_output(schema, method=method, include_raw=True)
    told = raw.invoke("Joke!")

    assert asked.invoke("Joke!") == wanted
    assert asyncio.run(asked.ainvoke("Joke!")) == wanted
    assert [*asked.stream("Joke!")][-1] == wanted
    assert (told["parsed"], told["parsing_error"]) == (wanted, None)


def test_structured_output_of_a_typed_dict() -> None:
    """And the method is checked."""
    fake = FakeChatModel(call("JokeDict", **JOKE))

    assert as_langchain(fake).with_structured_output(JokeDict).invoke("Joke!") == JOKE
    with pytest.raises(InputError, match="Did you mean 'json_mode'"):
        as_langchain(fake).with_structured_output(Joke, method="json_mod")


def test_parsing_errors_stay_beside_the_raw_answer() -> None:
    """As with every model of LangChain."""
    fake = FakeChatModel(say(call("Joke", setup="Why?"), misbehaving=True))
    model = as_langchain(fake).with_structured_output(Joke, include_raw=True)

    told = model.invoke("Joke!")

    assert told["parsed"] is None
    assert "punchline" in str(told["parsing_error"])


class Heard(BaseCallbackHandler):
    """Notes what it is told."""

    def __init__(self) -> None:
        self.tokens: list[Any] = []
        self.ends: list[Any] = []
        self.errors: list[BaseException] = []

    def on_llm_new_token(self, token: Any, **_: Any) -> None:
        self.tokens.append(token)

    def on_llm_end(self, response: Any, **_: Any) -> None:
        self.ends.append(response)

    def on_llm_error(self, error: BaseException, **_: Any) -> None:
        self.errors.append(error)


def test_callbacks_hear_of_all() -> None:
    """Tokens, the end, and errors."""
    model = as_langchain(FakeChatModel("Hello there", fail(429, retry_after=2)))
    heard = Heard()

    list(model.stream("Hi", config={"callbacks": [heard], "tags": ["t"]}))
    with pytest.raises(RateLimitError):
        model.invoke("Hi", config={"callbacks": [heard]})

    assert heard.tokens == ["Hello", " there", ""]
    assert len(heard.ends) == 1
    assert isinstance(heard.errors[0], RateLimitError)


def test_a_run_is_known_in_the_journal() -> None:
    """By LangChain's id and tags."""
    fake = FakeChatModel("Hello!")
    seen: list[Any] = []

    class Starts(BaseCallbackHandler):
        def on_chat_model_start(self, *_: Any, run_id: Any, **__: Any) -> None:
            seen.append(run_id)

    as_langchain(fake).invoke("Hi", config={"callbacks": [Starts()], "tags": ["t"]})

    config = fake.calls[0].config
    assert (config.run_id, config.tags) == (seen[0], ("t",))


@pytest.mark.parametrize("count, width", [(200, None), (200, 3), (1, None)])
def test_batches_deal_turns_by_place(count: int, width: int | None) -> None:
    """Whatever thread or task comes first."""
    words = [f"answer {n}" for n in range(count)]
    inputs = [f"question {n}" for n in range(count)]
    config: Any = {"max_concurrency": width}

    def asked(how: Callable[[Any], Any]) -> list[str]:
        return [answer.text for answer in how(as_langchain(FakeChatModel(*words)))]

    assert asked(lambda model: model.batch(inputs, config)) == words
    assert asked(lambda m: asyncio.run(m.abatch(inputs, config))) == words
    assert asked(lambda m: m.bind(temperature=0).batch(inputs, config)) == words
    chain = asked(lambda m: (RunnableLambda(lambda x: x) | m).batch(inputs, config))
    assert chain == words
    completed = dict(as_langchain(FakeChatModel(*words)).batch_as_completed(inputs))
    assert [completed[n].text for n in range(count)] == words

    async def acompleted() -> dict[int, Any]:
        model = as_langchain(FakeChatModel(*words))
        return {n: m async for n, m in model.abatch_as_completed(inputs)}

    found = asyncio.run(acompleted())
    assert [found[n].text for n in range(count)] == words


def test_a_batch_goes_on_past_failures() -> None:
    """Each keeps its place."""
    model = as_langchain(FakeChatModel("a", fail(500), "c"))

    first, second, third = model.batch(["1", "2", "3"], return_exceptions=True)

    assert (first.text, third.text) == ("a", "c")
    assert "server" in str(second)


def test_events_of_both_versions() -> None:
    """Version 2 tells chunks, version 3 blocks."""
    model = as_langchain(FakeChatModel("Hello there", "Hello again"))

    async def v2() -> list[Any]:
        return [event async for event in model.astream_events("Hi", version="v2")]

    events = asyncio.run(v2())
    stream: Any = model.stream_events("Hi", version="v3")

    assert [e["event"] for e in events] == [
        "on_chat_model_start",
        *["on_chat_model_stream"] * 3,
        "on_chat_model_end",
    ]
    assert "".join(stream.text) == "Hello again"


def test_parameters_reach_the_request() -> None:
    """Those of the model, of a call, and stop sequences."""
    fake = FakeChatModel("one two", "a. b")
    model = as_langchain(fake, temperature=0.5, max_tokens=100, model="other")

    answer = model.invoke("Hi", top_p=0.1)
    stopped = model.invoke("Hi", stop=["."])

    assert fake.calls[0].params["temperature"] == 0.5
    assert fake.calls[0].params["top_p"] == 0.1
    assert fake.calls[0].request.model == "other"
    assert answer.response_metadata["model_name"] == "other"
    assert stopped.text == "a"


def test_time_is_virtual() -> None:
    """Pauses and retries take none."""
    fake = FakeChatModel(fail(429), say(pause(3600), "Late."))
    model = as_langchain(fake)
    patient = model.with_retry(
        retry_if_exception_type=(RateLimitError,), wait_exponential_jitter=False
    )

    assert patient.invoke("Hi").text == "Late."
    assert fake.clock.now() == 3600


def test_cassettes_serve_too() -> None:
    """A recorded conversation behind LangChain's face."""
    model = as_langchain(ReplayChatModel("weather"))

    assert model.invoke("Hello!").text == "Hello! Ask me about the weather anywhere."


def test_profile_is_there_for_middleware() -> None:
    """And can be another."""
    assert as_langchain(FakeChatModel()).profile["max_input_tokens"] > 0  # type: ignore[index]
    assert as_langchain(FakeChatModel(), profile={"max_input_tokens": 7}).profile == {
        "max_input_tokens": 7
    }


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: as_langchain("gpt"), "'gpt' is no chat model of harness"),
        (lambda: as_langchain(FakeChatModel(), temprature=1), "mean 'temperature'"),
    ],
)
def test_bad_input_is_told(make: Callable[[], object], words: str) -> None:
    """By name."""
    with pytest.raises(InputError, match=words):
        make()


def test_it_answers_by_itself_what_schema_and_prompt_say() -> None:
    """For suites that ask what no script can know."""
    model = HarnessChatModel(model="auto")

    @tool
    def magic(number: int, name: str) -> int:
        """Do magic."""
        return number + len(name)

    asked = model.bind_tools([magic], tool_choice="any")
    made = asked.invoke("Call magic with 3 and 'Zoë'.").tool_calls[0]["args"]
    form = model.with_structured_output(Joke, method="json_mode")

    assert made == {"number": 3, "name": "Zoë"}
    assert form.invoke("JSON with the keys 'setup' and 'punchline'.") == Joke(
        setup="Okay.", punchline="Okay."
    )
    assert model.invoke("Hi").text == "Okay."
