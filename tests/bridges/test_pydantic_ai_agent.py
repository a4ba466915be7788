"""Agents of pydantic-ai run on scripts and cassettes, without HTTP."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, ModelRetry, NativeOutput, PromptedOutput
from pydantic_ai.capabilities import NativeTool
from pydantic_ai.exceptions import (
    ModelConnectionError,
    ModelHTTPError,
    ModelRateLimitError,
    ModelTimeoutError,
)
from pydantic_ai.messages import (
    FinalResultEvent,
    FunctionToolResultEvent,
    ModelRequest,
    ModelResponse,
    PartDeltaEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.native_tools import WebSearchTool
from pydantic_ai.settings import ToolOrOutput
from pydantic_ai.tools import ToolDefinition

from harness import (
    CassetteMiss,
    FakeChatModel,
    InputError,
    RecordingChatModel,
    ReplayChatModel,
    ScriptError,
    ScriptExhausted,
    auto,
    call,
    fail,
    say,
    think,
)
from harness.bridges.pydantic_ai import HarnessModel, as_pydantic_ai
from harness.messages import HumanMessage, SystemMessage, ToolMessage


class Weather(BaseModel):
    """What is known of the weather."""

    city: str
    fahrenheit: int


def weather_agent(model: Any, **options: Any) -> Agent[None, Any]:
    """Give an agent that can look at the weather."""
    agent: Agent[None, Any] = Agent(as_pydantic_ai(model), **options)

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Look at the weather."""
        if city == "Atlantis":
            raise ModelRetry("There is no Atlantis.")
        return f"72°F in {city}"

    return agent


def ran(agent: Agent[None, Any], prompt: str, **options: Any) -> Any:
    """Give the result of a run in a loop that is closed after it."""
    return asyncio.run(agent.run(prompt, **options))


def two_cities() -> FakeChatModel:
    """Give a script with two calls at once, and an answer."""
    return FakeChatModel(
        say(
            "Let me look.",
            call("get_weather", city="Boston"),
            call("get_weather", city="Tokyo"),
        ),
        "72°F in both.",
    )


def test_parallel_tools() -> None:
    """Both calls run, both results are asked about, and the journal tells."""
    model = two_cities()

    result = ran(weather_agent(model, instructions="Be brief."), "Weather?")

    assert result.output == "72°F in both."
    assert result.usage.requests == 2
    assert result.usage.tool_calls == 2
    model.assert_called(2)
    model.assert_bound("get_weather", call=0)
    model.assert_tool_results("72°F in Boston", "72°F in Tokyo")
    assert model.calls[0].messages == [
        SystemMessage("Be brief."),
        HumanMessage("Weather?"),
    ]
    assert model.calls[0].tool_choice == "auto"
    assert model.calls[1].messages[-2:] == [
        ToolMessage("72°F in Boston", tool_call_id="call_1", name="get_weather"),
        ToolMessage("72°F in Tokyo", tool_call_id="call_2", name="get_weather"),
    ]
    model.check_exhausted()


def test_structured_output_by_a_tool() -> None:
    """Text is not allowed, so a call must be made; its arguments are the value."""
    model = FakeChatModel(
        call("get_weather", city="Boston"),
        call("final_result", city="Boston", fahrenheit=72),
    )

    result = ran(weather_agent(model, output_type=Weather), "Weather?")

    assert result.output == Weather(city="Boston", fahrenheit=72)
    assert [one.tool_choice for one in model.calls] == ["any", "any"]
    model.assert_bound("get_weather", "final_result")


def test_text_where_a_call_must_be_is_an_error_of_the_script() -> None:
    """The script is checked against what pydantic-ai asks; it is not retried."""
    agent = weather_agent(FakeChatModel("72°F"), output_type=Weather)

    with pytest.raises(ScriptError, match="'any' asks for a call, and it makes none"):
        ran(agent, "Weather?")


def test_native_structured_output() -> None:
    """The schema is asked for, and the answer is checked against it."""
    good, bad = '{"city": "Boston", "fahrenheit": 72}', '{"city": 3}'
    model = FakeChatModel(good)

    result = ran(weather_agent(model, output_type=NativeOutput(Weather)), "?")

    form = model.calls[0].request.response_format
    assert result.output == Weather(city="Boston", fahrenheit=72)
    assert form is not None
    assert form.kind == "json_schema"
    assert form.name == "Weather"
    assert form.schema is not None
    assert form.schema["required"] == ["city", "fahrenheit"]
    with pytest.raises(ScriptError, match="fahrenheit"):
        ran(weather_agent(FakeChatModel(bad), output_type=NativeOutput(Weather)), "?")


def test_prompted_structured_output() -> None:
    """The schema is in the instructions, and JSON is asked for."""
    model = FakeChatModel('{"city": "Boston", "fahrenheit": 72}')

    result = ran(weather_agent(model, output_type=PromptedOutput(Weather)), "?")

    form = model.calls[0].request.response_format
    assert result.output.fahrenheit == 72
    assert form is not None
    assert form.kind == "json_object"
    assert "fahrenheit" in model.calls[0].messages[0].text


def test_bad_arguments_are_asked_for_again() -> None:
    """What does not validate goes back as an error of the tool; then a good one."""
    model = FakeChatModel(
        say(call("get_weather", town="Boston"), misbehaving=True),
        say(call("get_weather", raw='{"city": "Bos'), misbehaving=True),
        call("get_weather", city="Atlantis"),
        call("get_weather", city="Boston"),
        "Done.",
    )

    result = ran(weather_agent(model, retries=4), "Weather?")

    told = [one.messages[-1] for one in model.calls[1:4]]
    assert result.output == "Done."
    assert all(isinstance(m, ToolMessage) and m.status == "error" for m in told)
    assert "Field required" in told[0].text
    assert "Invalid JSON" in told[1].text
    assert "There is no Atlantis." in told[2].text
    (wrong,) = model.calls[2].messages[-2].invalid_tool_calls
    assert wrong["args"] == '{"city": "Bos'


def test_settings_are_parameters() -> None:
    """Under the names that they have here."""
    model = FakeChatModel("Hello!")

    ran(
        weather_agent(model),
        "Hi",
        model_settings={
            "temperature": 0.5,
            "max_tokens": 100,
            "stop_sequences": ["END"],
            "parallel_tool_calls": False,
            "extra_body": {"user": "me"},
        },
    )

    request = model.calls[0].request
    assert request.params == {"temperature": 0.5, "max_tokens": 100, "user": "me"}
    assert request.stop == ("END",)
    assert request.parallel_tool_calls is False


@pytest.mark.parametrize(
    ("choice", "tools", "expected"),
    [
        (None, ["get_weather", "final_result"], "any"),
        ("none", ["final_result"], "final_result"),
        (["get_weather"], ["get_weather"], "get_weather"),
        (ToolOrOutput(["get_weather"]), ["get_weather", "final_result"], "any"),
    ],
)
def test_choices(choice: Any, tools: list[str], expected: str) -> None:
    """What pydantic-ai chooses among is what is bound, and asked for."""
    model = FakeChatModel(auto())
    asked = ModelRequestParameters(
        function_tools=[ToolDefinition(name="get_weather")],
        output_tools=[ToolDefinition(name="final_result")],
        output_mode="tool",
        allow_text_output=False,
    )
    messages: list[Any] = [ModelRequest.user_text_prompt("Weather?")]

    asyncio.run(as_pydantic_ai(model).request(messages, {"tool_choice": choice}, asked))

    assert model.calls[0].tools == tools
    assert model.calls[0].tool_choice == expected


def test_native_tools() -> None:
    """They are tools that run at the provider."""
    model = FakeChatModel("Found it.")
    search = WebSearchTool(allowed_domains=["a.b"])
    agent = Agent(as_pydantic_ai(model), capabilities=[NativeTool(search)])

    result = ran(agent, "Look")

    (spec,) = model.calls[0].request.tools
    assert result.output == "Found it."
    assert spec.provider is not None
    assert spec.provider["type"] == "web_search"
    assert spec.provider["allowed_domains"] == ["a.b"]


def test_a_scripted_429_falls_back() -> None:
    """pydantic-ai's own FallbackModel takes the next model, whole and streamed."""
    busy = FakeChatModel(fail(429, retry_after=2), fail(429))
    other = FakeChatModel("Hello!", "Hello again!")
    agent = Agent(FallbackModel(as_pydantic_ai(busy), as_pydantic_ai(other)))

    async def streamed() -> str:
        async with agent.run_stream("Hi") as result:
            return await result.get_output()

    assert ran(agent, "Hi").output == "Hello!"
    assert asyncio.run(streamed()) == "Hello again!"
    busy.assert_called(2)
    other.assert_called(2)


def test_failures_with_a_status() -> None:
    """They are HTTP errors of pydantic-ai, and of their category."""
    model = as_pydantic_ai(FakeChatModel(fail(429, message="Slow down", retry_after=2)))

    with pytest.raises(ModelHTTPError, match="Slow down") as raised:
        ran(Agent(model), "Hi")

    assert isinstance(raised.value, ModelRateLimitError)
    assert raised.value.status_code == 429
    assert raised.value.retry_after == 2
    assert raised.value.model_name == "FakeChatModel"


@pytest.mark.parametrize(
    ("turn", "error"),
    [
        (fail("timeout"), ModelTimeoutError),
        (fail("connection"), ModelConnectionError),
    ],
)
def test_failures_without_a_status(turn: Any, error: type[Exception]) -> None:
    """They are what is between a client and its provider."""
    with pytest.raises(error):
        ran(Agent(as_pydantic_ai(FakeChatModel(turn))), "Hi")


def test_a_script_that_is_over_is_no_failure_of_a_provider() -> None:
    """No fallback hides it."""
    other = FakeChatModel("Hello!")
    model = FallbackModel(as_pydantic_ai(FakeChatModel()), as_pydantic_ai(other))

    with pytest.raises(ScriptExhausted, match="has no turns"):
        ran(Agent(model), "Hi")

    other.assert_called(0)


def test_a_streamed_run() -> None:
    """Text comes in pieces, and the whole is what was scripted."""
    model = FakeChatModel(call("get_weather", city="Boston"), "72°F in Boston.")
    agent = weather_agent(model)

    async def run() -> tuple[list[str], str, ModelResponse]:
        async with agent.run_stream("Weather?") as result:
            texts = result.stream_text(delta=True, debounce_by=None)
            pieces = [text async for text in texts]
            return pieces, await result.get_output(), result.response

    pieces, output, response = asyncio.run(run())

    assert len(pieces) > 1
    assert "".join(pieces) == output == "72°F in Boston."
    assert response.finish_reason == "stop"
    assert response.usage.output_tokens > 0
    assert response.state == "complete"
    assert all(one.request.stream for one in model.calls)


def streamed(agent: Agent[None, Any]) -> list[Any]:
    """Give all events of a run."""

    async def run() -> list[Any]:
        async with agent.run_stream_events("Weather?") as events:
            return [event async for event in events]

    return asyncio.run(run())


def test_events_of_a_run() -> None:
    """Reasoning, text and arguments grow piece by piece; tools run in between."""
    turn = say(think("Hm, hm.", "Ev4C"), "Let me look.", call("get_weather", city="B"))
    last = call("final_result", city="B", fahrenheit=72)
    agent = weather_agent(FakeChatModel(turn, last), output_type=Weather)

    events = streamed(agent)

    starts = [e.part for e in events if isinstance(e, PartStartEvent)]
    deltas = [e.delta for e in events if isinstance(e, PartDeltaEvent)]
    results = [e for e in events if isinstance(e, FunctionToolResultEvent)]
    finals = [e for e in events if isinstance(e, FinalResultEvent)]
    args = [d.args_delta for d in deltas if isinstance(d, ToolCallPartDelta)]
    assert [type(part) for part in starts] == [
        ThinkingPart,
        TextPart,
        ToolCallPart,
        ToolCallPart,
    ]
    assert any(isinstance(d, ThinkingPartDelta) for d in deltas)
    assert any(isinstance(d, TextPartDelta) for d in deltas)
    assert len([a for a in args if a]) > 3
    assert [e.part.content for e in results] == ["72°F in B"]
    assert [e.tool_name for e in finals] == ["final_result"]
    assert events[-1].result.output == Weather(city="B", fahrenheit=72)


def test_a_stream_says_what_an_invocation_says() -> None:
    """The same parts, usage and reason, whichever way it is asked."""
    turn = say(
        think("Hm, hm.", "Ev4C"),
        "Let me look: ",
        call("get_weather", city="B"),
        call("get_weather", city="C"),
    )
    seen = []
    for stream in (True, False):
        agent = weather_agent(FakeChatModel(turn, "Done."))
        result = streamed(agent)[-1].result if stream else ran(agent, "Weather?")
        found = result.all_messages()
        seen.append([plain(m) for m in found if isinstance(m, ModelResponse)])

    assert seen[0] == seen[1]


def plain(response: ModelResponse) -> Any:
    """Give what a response says, whenever it said it."""
    parts = [
        (part.part_kind, part.tool_name, part.args_as_dict(), part.tool_call_id)
        if isinstance(part, ToolCallPart)
        else part
        for part in response.parts
    ]
    return parts, response.usage, response.finish_reason, response.provider_details


def test_a_stream_that_breaks_off() -> None:
    """It is an error of the API, in the stream, behind what had come."""
    turn = say("Hello there, you.", fail(503, message="Too busy", after=2))
    agent = Agent(as_pydantic_ai(FakeChatModel(turn)))
    heard = []

    async def run() -> None:
        async with agent.run_stream("Hi") as result:
            pieces = result.stream_text(delta=True, debounce_by=None)
            async for text in pieces:
                heard.append(text)  # noqa: PERF401 - what came before it broke off

    with pytest.raises(ModelHTTPError, match="Too busy") as raised:
        asyncio.run(run())

    assert raised.value.in_stream
    assert heard == ["Hello", " there"]


def test_a_stream_that_is_cancelled() -> None:
    """What had come stays, and is marked."""
    agent = Agent(as_pydantic_ai(FakeChatModel("One two three four five six.")))

    async def run() -> ModelResponse:
        async with agent.run_stream("Hi") as result:
            async for _ in result.stream_text(delta=True, debounce_by=None):
                await result.cancel()
                break
            return result.response

    response = asyncio.run(run())

    assert response.state == "interrupted"
    assert response.text is not None
    assert len(response.text) < len("One two three four five six.")


def test_a_recorded_run_is_replayed(tmp_path: Path) -> None:
    """Whole and streamed, without the model: the cassette has all it said."""
    with RecordingChatModel(
        two_cities(), "run", directory=tmp_path, mode="all"
    ) as recording:
        recorded = ran(weather_agent(recording), "Weather?")

    replay = ReplayChatModel("run", directory=tmp_path)
    replayed = ran(weather_agent(replay), "Weather?")

    assert replayed.output == recorded.output
    assert replayed.usage == recorded.usage
    assert replay.cassette.unused() == []


def test_a_run_that_was_not_recorded_is_a_miss(tmp_path: Path) -> None:
    """And no failure of a provider, that a fallback could hide."""
    with RecordingChatModel(
        FakeChatModel("Hello!"), "run", directory=tmp_path, mode="all"
    ) as recording:
        ran(Agent(as_pydantic_ai(recording)), "Hi")
    replay = as_pydantic_ai(ReplayChatModel("run", directory=tmp_path))
    other = as_pydantic_ai(FakeChatModel("?"))

    with pytest.raises(CassetteMiss, match="Goodbye"):
        ran(Agent(FallbackModel(replay, other)), "Goodbye")


def test_a_model_by_another_name() -> None:
    """It is asked for by that name, and answers so where the answer has none."""
    fake = FakeChatModel("Hello!")
    model = as_pydantic_ai(fake, model_name="gpt-x", settings={"temperature": 0.1})

    ran(Agent(model), "Hi")

    assert isinstance(model, HarnessModel)
    assert (model.model_name, model.system) == ("gpt-x", "harness")
    assert model.model_id == "harness:gpt-x"
    assert fake.calls[0].request.model == "gpt-x"
    assert fake.calls[0].params == {"temperature": 0.1}


@pytest.mark.parametrize("value", ["gpt", 3, weather_agent])
def test_what_is_no_model_is_refused(value: Callable[..., Any]) -> None:
    """By name."""
    with pytest.raises(InputError, match="is no chat model of harness"):
        as_pydantic_ai(value)  # type: ignore[arg-type]  # on purpose
