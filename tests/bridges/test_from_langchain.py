"""Chat models of LangChain are recorded, replayed and examined as ours are."""

import asyncio
from pathlib import Path
from typing import Any

import openai
import pytest
from langchain_core.language_models import FakeListChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage as TheirMessage
from langchain_core.runnables import RunnableLambda

from harness import (
    FakeChatModel,
    InputError,
    ModelTimeoutError,
    RateLimitError,
    RecordingChatModel,
    ReplayChatModel,
    call,
    fail,
    say,
    think,
)
from harness.bridges.langchain import LangChainModel, as_langchain, from_langchain


def test_it_is_asked_as_ours() -> None:
    """Whole and streamed, sync and awaited."""
    model = from_langchain(FakeListChatModel(responses=["abc"]))

    async def heard() -> str:
        return "".join([chunk.text async for chunk in model.astream("Hi")])

    assert isinstance(model, LangChainModel)
    assert model.invoke("Hi").text == "abc"
    assert [chunk.text for chunk in model.stream("Hi")][:3] == ["a", "b", "c"]
    assert asyncio.run(model.ainvoke("Hi")).text == "abc"
    assert asyncio.run(heard()) == "abc"


def test_what_is_bound_is_asked_in_their_terms() -> None:
    """There and back: the script sees what was asked here."""
    fake = FakeChatModel(call("get_weather", location="Boston"), '{"a": 1}')
    there_and_back = from_langchain(as_langchain(fake))
    tool = {"name": "get_weather", "description": "Look.", "parameters": {}}
    schema = {"title": "A", "type": "object", "properties": {"a": {"type": "integer"}}}

    agent = there_and_back.bind_tools(
        [tool], tool_choice="any", parallel_tool_calls=False
    )
    answer = agent.invoke("Hi", stop=["END"], temperature=0.5, model="m")
    form = there_and_back.with_structured_output(schema, method="json_schema")

    first = fake.calls[0]
    assert answer.tool_calls[0]["args"] == {"location": "Boston"}
    assert (first.tools, first.tool_choice) == (["get_weather"], "any")
    assert (first.request.stop, first.request.model) == (("END",), "m")
    assert first.params["temperature"] == 0.5
    assert first.request.parallel_tool_calls is False
    assert form.invoke("Hi") == {"a": 1}


def test_a_model_with_tools_bound_over_there() -> None:
    """A binding of LangChain is a model too."""
    fake = FakeChatModel(call("f"))
    bound = as_langchain(fake).bind_tools([{"name": "f", "parameters": {}}])

    assert from_langchain(bound).invoke("Hi").tool_calls[0]["name"] == "f"


def test_reasoning_and_calls_stream_through() -> None:
    """Chunk by chunk, with all that they say."""
    turn = say(think("Hm."), "Look: ", call("f", a=1))
    tool = {"name": "f", "parameters": {}}
    ours = FakeChatModel(turn).bind_tools([tool])
    through = from_langchain(as_langchain(FakeChatModel(turn))).bind_tools([tool])

    expected, said = sum(ours.stream("Hi")), sum(through.stream("Hi"))

    assert said.text == expected.text
    assert said.tool_calls == expected.tool_calls
    assert said.usage_metadata == expected.usage_metadata
    assert [b["type"] for b in said.content_blocks] == [
        "reasoning",
        "text",
        "tool_call",
    ]


def test_it_is_recorded_and_replayed(tmp_path: Path) -> None:
    """Without any HTTP: what LangChain said is in the cassette."""
    theirs = GenericFakeChatModel(messages=iter([TheirMessage("Hello there")]))

    with RecordingChatModel(
        from_langchain(theirs), "chat", directory=tmp_path, mode="all"
    ) as recording:
        said = [chunk.text for chunk in recording.stream("Hi")]
    replay = ReplayChatModel("chat", directory=tmp_path)

    assert [chunk.text for chunk in replay.stream("Hi")] == said


class Refusing(FakeListChatModel):
    """Fails as a provider's SDK does."""

    error: Any

    def _call(self, *_: Any, **__: Any) -> str:
        raise self.error


def refusal(status: int, **headers: str) -> openai.APIStatusError:
    """Give the error of an SDK."""
    import httpx2

    request = httpx2.Request("POST", "https://api.openai.com/v1")
    response = httpx2.Response(status, headers=headers, request=request)
    return openai.RateLimitError("Slow down", response=response, body=None)


def test_errors_of_providers_are_faults() -> None:
    """They have a status, or a name that says what they are."""
    import httpx2

    request = httpx2.Request("POST", "https://api.openai.com/v1")
    late = from_langchain(
        Refusing(responses=[], error=openai.APITimeoutError(request=request))
    )
    busy = Refusing(responses=[], error=refusal(429, **{"retry-after": "2"}))

    with pytest.raises(RateLimitError, match="Slow down") as raised:
        from_langchain(busy).invoke("Hi")
    with pytest.raises(ModelTimeoutError):
        asyncio.run(late.ainvoke("Hi"))

    assert raised.value.retry_after == 2


def test_errors_of_programs_stay_what_they_are() -> None:
    """A mistake is no failure of a provider."""
    model = from_langchain(Refusing(responses=[], error=KeyError("oops")))

    with pytest.raises(KeyError, match="oops"):
        model.invoke("Hi")


def test_errors_of_ours_come_back() -> None:
    """Through both bridges."""
    model = from_langchain(as_langchain(FakeChatModel(fail(429, retry_after=2))))

    with pytest.raises(RateLimitError) as raised:
        model.invoke("Hi")

    assert raised.value.retry_after == 2


@pytest.mark.parametrize("value", ["gpt", RunnableLambda(lambda x: x)])
def test_what_is_no_model_is_refused(value: object) -> None:
    """By name."""
    with pytest.raises(InputError, match="no chat model of LangChain"):
        from_langchain(value)
