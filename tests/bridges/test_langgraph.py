"""Agents of LangChain and LangGraph, scripted turn by turn."""

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    HumanInTheLoopMiddleware,
    ModelRetryMiddleware,
    SummarizationMiddleware,
)
from langchain_core.messages import AIMessageChunk, ToolMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from harness import FakeChatModel, RateLimitError, call, fail, say
from harness.bridges.langchain import as_langchain


@tool
def get_weather(location: str) -> str:
    """Get the weather at a location."""
    return f"sunny in {location}"


BOTH = say(
    "Let me look.",
    call("get_weather", location="Boston"),
    call("get_weather", location="Tokyo"),
)
QUESTION: Any = {"messages": [{"role": "user", "content": "Boston and Tokyo?"}]}


def weather(*turns: Any, **options: Any) -> tuple[FakeChatModel, Any]:
    """Give a scripted model, and an agent on it."""
    fake = FakeChatModel(*(turns or (BOTH, "Sunny in both.")))
    return fake, create_agent(as_langchain(fake), [get_weather], **options)


def assert_each_turn(fake: FakeChatModel) -> None:
    """Look at what the agent asked, turn by turn."""
    first, second = fake.calls
    assert first.text == "Boston and Tokyo?"
    assert first.tools == ["get_weather"]
    assert second.messages[-3].tool_calls[0]["args"] == {"location": "Boston"}  # type: ignore[attr-defined]
    fake.assert_tool_results("sunny in Boston", "sunny in Tokyo")
    fake.check_exhausted()


@pytest.mark.parametrize("awaited", [False, True])
def test_parallel_tools(awaited: bool) -> None:
    """Both results are told in the second turn."""
    fake, agent = weather()

    done = asyncio.run(agent.ainvoke(QUESTION)) if awaited else agent.invoke(QUESTION)

    assert done["messages"][-1].text == "Sunny in both."
    assert [type(m) is ToolMessage for m in done["messages"]].count(True) == 2
    assert_each_turn(fake)


@pytest.mark.parametrize(
    "mode", ["values", "updates", "messages", "debug", "tasks", "checkpoints"]
)
@pytest.mark.parametrize("awaited", [False, True])
def test_every_mode_of_streaming(mode: str, awaited: bool) -> None:
    """The agent goes through, and the script was asked as it should be."""
    fake, agent = weather(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}

    async def heard() -> list[Any]:
        return [
            part
            async for part in agent.astream(QUESTION, config=config, stream_mode=mode)
        ]

    parts = (
        asyncio.run(heard())
        if awaited
        else [*agent.stream(QUESTION, config=config, stream_mode=mode)]
    )

    assert parts
    assert_each_turn(fake)


def test_messages_are_streamed_word_by_word() -> None:
    """Also those of a model that a node invokes."""
    _, agent = weather()

    parts = [*agent.stream(QUESTION, stream_mode="messages")]

    words = [m.text for m, _ in parts if isinstance(m, AIMessageChunk) and m.text]
    assert words == [
        *("Let", " me", " look", "."),
        *("Sunny", " in", " both", "."),
    ]


def test_custom_and_several_modes_at_once() -> None:
    """Modes are told apart by name."""
    _, agent = weather()

    parts = [*agent.stream(QUESTION, stream_mode=["custom", "messages", "updates"])]

    assert {mode for mode, _ in parts} == {"messages", "updates"}


def test_interrupted_and_resumed() -> None:
    """A person approves the calls; the script waits."""
    approve = HumanInTheLoopMiddleware(interrupt_on={"get_weather": True})
    fake, agent = weather(middleware=[approve], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}

    stopped = agent.invoke(QUESTION, config)
    assert "__interrupt__" in stopped
    assert len(fake.calls) == 1
    decisions = [{"type": "approve"}, {"type": "approve"}]
    done = agent.invoke(Command(resume={"decisions": decisions}), config)

    assert done["messages"][-1].text == "Sunny in both."
    assert_each_turn(fake)


def test_retried_after_a_429() -> None:
    """Middleware tries again; the journal has the failed turn."""
    retry = ModelRetryMiddleware(
        max_retries=1, retry_on=(RateLimitError,), initial_delay=0.0, jitter=False
    )
    fake, agent = weather(
        fail(429, retry_after=2), BOTH, "Sunny in both.", middleware=[retry]
    )

    done = agent.invoke(QUESTION)

    assert done["messages"][-1].text == "Sunny in both."
    assert [one.turn for one in fake.calls] == [1, 2, 3]
    assert fake.calls[0].messages == fake.calls[1].messages


def test_middleware_reads_the_profile() -> None:
    """A fraction of the window can be told only where the window is known."""
    fake = FakeChatModel("Short.", "Sunny.")
    model = as_langchain(fake, profile={"max_input_tokens": 40})
    summary = SummarizationMiddleware(
        model, trigger=("fraction", 0.5), keep=("messages", 1)
    )
    agent = create_agent(model, [], middleware=[summary])
    long = {"role": "user", "content": "word " * 40}

    done = agent.invoke({"messages": [long, {"role": "user", "content": "Weather?"}]})

    assert done["messages"][-1].text == "Sunny."
    assert "Short." in fake.calls[1].messages[0].text
