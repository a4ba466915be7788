"""The fake chat model: a script, played through every way to ask a model."""

import asyncio
import copy
from pathlib import Path
from typing import Any

import pytest

from harness.errors import (
    InputError,
    RateLimitError,
    ScriptError,
    ScriptExhausted,
    UnmetExpectation,
    UnusedTurns,
)
from harness.fake import FakeChatModel
from harness.messages import HumanMessage
from harness.models import VirtualClock
from harness.scripts import Script, auto, call, fail, pause, say
from harness.tools import tool

FAKES = Path(__file__).parent.parent / "fakes"


@tool
def get_weather(location: str) -> str:
    """Get the weather at a location."""
    return {"Boston": "72 F", "Tokyo": "64 F", "Paris": "59 F"}[location]


def test_turns_answer_calls() -> None:
    """Each call gets the next turn, whichever way it is made."""
    model = FakeChatModel("one", say("two three"), "four")

    assert model.invoke("a").text == "one"
    assert [chunk.text for chunk in model.stream("b")] == ["two", " three", ""]
    assert asyncio.run(model.ainvoke("c")).text == "four"
    assert [one.text for one in model.calls] == ["a", "b", "c"]


def test_stream_and_invoke_agree() -> None:
    """The sum of the stream is the message, its ids and usage included."""
    turn = say("Let me look.", call("get_weather", location="Boston"))

    def agent() -> FakeChatModel:
        return FakeChatModel(turn).bind_tools([get_weather])

    async def streamed() -> list[Any]:
        return [chunk async for chunk in agent().astream("Hi")]

    whole = agent().invoke("Hi")

    first, *rest = agent().stream("Hi")
    assert sum(rest, first).to_message() == whole
    first, *rest = asyncio.run(streamed())
    assert sum(rest, first).to_message() == whole
    assert whole.tool_calls[0]["id"] == "call_1"


def test_a_batch_gets_turns_in_input_order() -> None:
    """Turns go by the place of the input, not by which thread is first."""
    inputs = [str(n) for n in range(20)]

    answers = FakeChatModel(*inputs).batch(inputs)

    assert [answer.text for answer in answers] == inputs


def test_copies_share_script_and_journal() -> None:
    """What is bound to a model plays the same script and writes the same journal."""
    model = FakeChatModel("a", call("get_weather", location="Boston"))
    agent = model.bind_tools([get_weather], tool_choice="any")

    model.invoke("x")
    agent.invoke("y", config={"tags": ["t"]})

    assert [one.tool_choice for one in model.calls] == [None, "any"]
    assert agent.journal is model.journal
    assert model.calls[1].config.tags == ("t",) or model.calls[1].config.tags == ["t"]
    model.check_exhausted()


def test_pauses_take_no_time() -> None:
    """A pause passes on the model's own clock."""
    clock = VirtualClock()
    model = FakeChatModel(say(pause(3600), "Hi"), clock=clock)

    model.invoke("a")

    assert clock.now() == 3600
    assert model.calls[0].elapsed == 3600


def test_faults_are_raised() -> None:
    """A failure is the provider's error, and a retry gets the next turn."""
    model = FakeChatModel(fail(429, retry_after=2), "Hi")

    with pytest.raises(RateLimitError) as caught:
        model.invoke("a")

    assert caught.value.retry_after == 2
    assert model.with_retry().invoke("a").text == "Hi"


def test_a_contradiction_is_raised_and_kept() -> None:
    """An error of the script stays known, even if the application swallows it."""
    model = FakeChatModel(call("get_wether"))

    with pytest.raises(ScriptError, match="Did you mean 'get_weather'"):
        model.bind_tools([get_weather]).invoke("a")

    assert len(model.script.violations) == 1


def test_a_model_without_turns() -> None:
    """A model that was given nothing to say tells how to give it."""
    with pytest.raises(
        ScriptExhausted, match=r"has no turns.*FakeChatModel\('Hello!'\)"
    ):
        FakeChatModel().invoke("a")


def test_unused_turns() -> None:
    """What was never asked for is told at the end."""
    model = FakeChatModel("a", auto())
    model.invoke("x")

    with pytest.raises(UnusedTurns, match=r"turn 2: auto\(\)"):
        model.check_exhausted()


def test_a_script_may_be_given() -> None:
    """One Script takes the place of turns and options."""
    script = Script("a", seed=3)

    assert FakeChatModel(script).script is script
    with pytest.raises(InputError, match="takes one Script alone"):
        FakeChatModel(script, seed=4)  # type: ignore[call-overload]  # that is the test
    with pytest.raises(InputError, match="takes one Script alone"):
        FakeChatModel("a", script)  # type: ignore[arg-type]  # that is the test


def test_run_ids_come_from_the_seed() -> None:
    """Two models of one seed give their runs the same ids."""

    async def run_ids(seed: int) -> list[object]:
        model = FakeChatModel("a", "b", seed=seed)
        return [
            event["run_id"]
            for text in "xy"
            async for event in model.astream_events(text)
            if event["event"].endswith("end")
        ]

    one, other = asyncio.run(run_ids(1)), asyncio.run(run_ids(2))
    assert one == asyncio.run(run_ids(1))
    assert len({*one, *other}) == 4


def test_assertions_are_at_hand() -> None:
    """The assertions of the journal are the model's too."""
    model = FakeChatModel("a")
    model.bind_tools([get_weather]).invoke("The weather?")

    model.assert_called(times=1)
    model.assert_asked("weather")
    model.assert_bound("get_weather")
    model.assert_tool_results()
    with pytest.raises(UnmetExpectation):
        model.assert_called(times=2)


def test_a_turn_may_ask_the_model_itself() -> None:
    """A function that asks its own model gets the next turn; ids stay apart."""
    model = FakeChatModel(lambda _: f"Outer, {model.invoke('In?').text}", "inner.")

    assert model.invoke("Out?").text == "Outer, inner."
    assert [call.message and call.message.id for call in model.calls] == [
        "msg_1",
        "msg_2",
    ]


def test_deep_copies_play_the_same_script() -> None:
    """A script is shared by all copies of a model, deep ones too."""
    model = FakeChatModel("a", "b")

    assert copy.deepcopy({"model": model})["model"].invoke("x").text == "a"
    assert model.invoke("x").text == "b"
    model.check_exhausted()


def test_a_model_shows_itself() -> None:
    """A model reads as what it was asked."""
    assert repr(FakeChatModel("a")) == (
        "<FakeChatModel, 1 turn left. The model was not called.>"
    )


def test_the_weather_agent() -> None:
    """The scripted agent calls in parallel, answers, and is forced to call."""
    model = FakeChatModel.load("weather", directory=FAKES)
    agent = model.bind_tools([get_weather])
    messages: list[Any] = [HumanMessage("How is the weather in Boston and Tokyo?")]

    for question, choice in ((None, None), ("And in Paris?", "get_weather")):
        if question:
            messages.append(HumanMessage(question))
        asked = model.bind_tools([get_weather], tool_choice=choice)
        messages.append(asked.invoke(messages))
        messages += [get_weather.invoke(one) for one in messages[-1].tool_calls]
        messages.append(agent.invoke(messages))

    assert messages[-1].text == "Paris is cloudy at 59°F."
    model.assert_tool_results("72 F", "64 F", "59 F")
    model.check_exhausted()
