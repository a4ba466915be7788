"""Models of pydantic-ai are recorded, replayed and examined as ours are."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.exceptions import (
    ModelAPIError,
    ModelConnectionError,
    ModelHTTPError,
    ModelTimeoutError,
    UserError,
)
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    NativeToolCallPart,
    NativeToolReturnPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from pydantic_ai.models.function import (
    AgentInfo,
    DeltaThinkingPart,
    DeltaToolCall,
    FunctionModel,
)
from pydantic_ai.models.test import TestModel as TheirTestModel

import harness
from harness import (
    AIMessage,
    FakeChatModel,
    InputError,
    RateLimitError,
    RecordingChatModel,
    ReplayChatModel,
    call,
    fail,
    say,
    think,
)
from harness import strategies as hst
from harness.bridges.pydantic_ai import (
    PydanticAIModel,
    as_pydantic_ai,
    from_pydantic_ai,
)

TOOL = {"name": "get_weather", "description": "Look.", "parameters": {}}


def test_it_is_asked_as_ours() -> None:
    """Whole and streamed, sync and awaited."""
    model = from_pydantic_ai(TheirTestModel(custom_output_text="Hello there"))

    async def heard() -> list[str]:
        return [chunk.text async for chunk in model.astream("Hi") if chunk.text]

    assert isinstance(model, PydanticAIModel)
    assert model.invoke("Hi").text == "Hello there"
    assert [c.text for c in model.stream("Hi") if c.text] == ["Hello ", "there"]
    assert asyncio.run(model.ainvoke("Hi")).text == "Hello there"
    assert asyncio.run(heard()) == ["Hello ", "there"]
    assert [m.text for m in model.batch(["a", "b"])] == ["Hello there"] * 2


def test_what_is_bound_is_asked_in_their_terms() -> None:
    """There and back: the script sees what was asked here."""
    fake = FakeChatModel(
        call("get_weather", city="Boston"),
        call("get_weather", city="Boston"),
        '{"a": 1}',
        "{}",
    )
    model = from_pydantic_ai(as_pydantic_ai(fake))
    schema = {"title": "A", "type": "object", "properties": {"a": {"type": "integer"}}}

    agent = model.bind_tools([TOOL], tool_choice="any", parallel_tool_calls=False)
    answer = agent.invoke("Hi", stop=["END"], temperature=0.5, top_k=3)
    other = {**TOOL, "name": "other"}
    model.bind_tools([TOOL, other], tool_choice="get_weather").invoke("Hi")
    form = model.with_structured_output(schema, method="json_schema").invoke("Hi")
    model.invoke("Hi", response_format={"type": "json_object"})

    first, second, third, last = [one.request for one in fake.calls]
    assert answer.tool_calls[0]["args"] == {"city": "Boston"}
    assert [spec.name for spec in first.tools] == ["get_weather"]
    assert first.tool_choice is not None
    assert first.tool_choice.mode == "any"
    assert first.parallel_tool_calls is False
    assert (first.stop, first.params) == (("END",), {"temperature": 0.5, "top_k": 3})
    assert second.tool_choice is not None
    assert second.tool_choice.name == "get_weather"
    assert form == {"a": 1}
    assert third.response_format is not None
    assert third.response_format.schema is not None
    assert third.response_format.schema["properties"] == schema["properties"]
    assert last.response_format is not None
    assert last.response_format.kind == "json_object"


def test_native_tools_there_and_back() -> None:
    """A tool that runs at the provider is one of theirs; others are not known."""
    fake = FakeChatModel("Found.")
    model = from_pydantic_ai(as_pydantic_ai(fake))

    model.bind_tools([{"type": "web_search", "allowed_domains": ["a.b"]}]).invoke("Hi")

    (spec,) = fake.calls[0].request.tools
    assert spec.provider is not None
    assert spec.provider["allowed_domains"] == ["a.b"]
    with pytest.raises(InputError, match=r"native tool 'web_serch'.*'web_search'"):
        model.bind_tools([{"type": "web_serch"}]).invoke("Hi")
    with pytest.raises(InputError, match=r"cannot be made.*nosuch"):
        model.bind_tools([{"type": "web_search", "nosuch": 1}]).invoke("Hi")


@given(data=st.data())
def test_streams_pass_through(data: Any) -> None:
    """What is said is heard behind both bridges, whole and streamed."""
    message = data.draw(hst.answers())
    fake = FakeChatModel(say(message, times=2, misbehaving=True))
    model = from_pydantic_ai(as_pydantic_ai(fake))

    async def both() -> tuple[AIMessage, AIMessage]:
        chunks = [chunk async for chunk in model.astream("Hi")]
        return sum(chunks).to_message(), await model.ainvoke("Hi")

    for heard in asyncio.run(both()):
        assert heard.text == message.text
        assert said_in(heard) == said_in(message)


def said_in(message: AIMessage) -> list[Any]:
    """Give the calls and reasoning of a message."""
    calls = [(c["name"], c["args"]) for c in message.tool_calls]
    blocks = message.content_blocks
    return [*calls, *(b["reasoning"] for b in blocks if b["type"] == "reasoning")]


def test_reasoning_and_calls_stream_through() -> None:
    """Chunk by chunk, with all that they say."""
    turn = say(think("Hm.", "Ev4C"), "Look: ", call("get_weather", a=1), call("f"))
    ours = FakeChatModel(turn).bind_tools([TOOL, {**TOOL, "name": "f"}])
    through = from_pydantic_ai(as_pydantic_ai(FakeChatModel(turn)))
    through = through.bind_tools([TOOL, {**TOOL, "name": "f"}])

    expected, chunks = sum(ours.stream("Hi")), list(through.stream("Hi"))
    said = sum(chunks)

    assert len(chunks) > 6
    assert said.text == expected.text
    assert said.tool_calls == expected.tool_calls
    assert said.usage_metadata == expected.usage_metadata
    assert {chunk.id for chunk in chunks} == {expected.id}
    assert said.finish_reason == "tool_calls"
    assert said.content_blocks[0]["extras"] == {"signature": "Ev4C"}
    assert [b["type"] for b in said.content_blocks] == [
        "reasoning",
        "text",
        "tool_call",
        "tool_call",
    ]


def whole(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
    """Answer with a part of each kind."""
    return ModelResponse(
        [
            ThinkingPart("Hm."),
            NativeToolCallPart("web_search", {"q": 1}, "s1"),
            NativeToolReturnPart("web_search", "found", "s1"),
            ToolCallPart("f", {"a": 1}, "c1"),
            TextPart("So."),
        ]
    )


async def pieces(_messages: list[ModelMessage], _info: AgentInfo) -> AsyncIterator[Any]:
    """Answer with the same, piece by piece."""
    yield {0: DeltaThinkingPart(content="H")}
    yield {0: DeltaThinkingPart(content="m.")}
    yield {1: NativeToolCallPart("web_search", {"q": 1}, "s1")}
    yield {2: NativeToolReturnPart("web_search", "found", "s1")}
    yield {3: DeltaToolCall(name="f", tool_call_id="c1")}
    yield {3: DeltaToolCall(json_args='{"a": ')}
    yield {3: DeltaToolCall(json_args="1}")}
    yield "So"
    yield "."


def test_a_model_of_functions_says_the_same_both_ways() -> None:
    """Parts that grow and parts that do not, each in its place."""
    model = from_pydantic_ai(FunctionModel(whole, stream_function=pieces))

    invoked, streamed = model.invoke("Hi"), sum(model.stream("Hi")).to_message()

    def plain(message: AIMessage) -> list[Any]:
        return [
            {key: value for key, value in block.items() if key != "index"}
            for block in message.content_blocks
        ]

    assert plain(streamed) == plain(invoked)
    assert [b["type"] for b in plain(invoked)] == [
        "reasoning",
        "server_tool_call",
        "server_tool_result",
        "tool_call",
        "text",
    ]


def test_it_is_recorded_and_replayed(tmp_path: Path) -> None:
    """Without any HTTP: what the model said is in the cassette."""
    theirs = TheirTestModel(custom_output_text="Hello there")

    with RecordingChatModel(
        from_pydantic_ai(theirs), "chat", directory=tmp_path, mode="all"
    ) as recording:
        said = [chunk.text for chunk in recording.stream("Hi")]
    replay = ReplayChatModel("chat", directory=tmp_path)

    assert [chunk.text for chunk in replay.stream("Hi")] == said


def failing(error: Exception) -> PydanticAIModel:
    """Give a model that fails."""

    def fails(_messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        raise error

    return from_pydantic_ai(FunctionModel(fails))


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ModelHTTPError(429, "m", "Slow down"), "RateLimitError"),
        (ModelHTTPError(503, "m", {"error": {"message": "Slow down"}}), "Overloaded"),
        (ModelHTTPError(400, "m", {"message": "Slow down"}), "BadRequestError"),
        (ModelTimeoutError("m", "Slow down"), "ModelTimeoutError"),
        (ModelConnectionError("m", "Slow down"), "ModelConnectionError"),
        (ModelAPIError("m", "Slow down"), "ServerError"),
    ],
)
def test_errors_of_providers_are_ours(error: ModelAPIError, name: str) -> None:
    """By status, else by what they are called."""
    with pytest.raises(harness.ModelError, match="Slow down") as raised:
        failing(error).invoke("Hi")

    assert type(raised.value).__name__.startswith(name)


def test_errors_of_ours_come_back() -> None:
    """Through both bridges, with what was said of them."""
    fake = FakeChatModel(fail(429, message="Slow down", retry_after=2))

    with pytest.raises(RateLimitError) as raised:
        from_pydantic_ai(as_pydantic_ai(fake)).invoke("Hi")

    assert str(raised.value) == "Slow down [status 429]"
    assert raised.value.retry_after == 2


@pytest.mark.parametrize("error", [KeyError("oops"), UserError("oops")])
def test_errors_of_programs_stay_what_they_are(error: Exception) -> None:
    """A mistake is no failure of a provider."""
    with pytest.raises(type(error), match="oops"):
        failing(error).invoke("Hi")


def test_inside_a_loop_it_is_awaited() -> None:
    """And says so, where it is not."""
    model = from_pydantic_ai(TheirTestModel())

    async def wrong() -> None:
        model.invoke("Hi")

    with pytest.raises(InputError, match="use ainvoke, astream or abatch"):
        asyncio.run(wrong())


def test_another_name_is_another_model() -> None:
    """A model of pydantic-ai has one."""
    model = from_pydantic_ai(TheirTestModel(custom_output_text="Hi"))

    assert model.invoke("Hi", model="test").text == "Hi"
    with pytest.raises(InputError, match=r"'gpt-x' is asked for, and this is 'test'"):
        model.invoke("Hi", model="gpt-x")


def test_a_name_is_a_model_too() -> None:
    """As everywhere in pydantic-ai."""
    assert from_pydantic_ai("test").model.model_name == "test"


@pytest.mark.parametrize("value", [3, TheirTestModel])
def test_what_is_no_model_is_refused(value: Any) -> None:
    """By name."""
    with pytest.raises(InputError, match="no model of pydantic-ai"):
        from_pydantic_ai(value)
