"""A recorded conversation, replayed through the model's face."""

import copy
from pathlib import Path
from typing import Any

import pytest

from harness.errors import (
    CassetteError,
    CassetteMiss,
    InputError,
    InterruptedStreamError,
    RateLimitError,
)
from harness.messages import HumanMessage
from harness.models import RealClock
from harness.replay import ReplayChatModel
from harness.tools import tool
from harness.wire.openai_chat import OPENAI_CHAT

CASSETTES = Path(__file__).parents[1] / "cassettes"
QUESTION = "What's the weather in Boston and Tokyo?"
ANSWER = "It is 72°F and sunny in Boston, and 64°F and raining in Tokyo."

LIMITED = """
interactions:
- request:
    method: POST
    uri: https://a.b/v1/chat/completions
    body: '{"messages": [{"role": "user", "content": "Hi"}]}'
  response:
    status: {code: 429, message: Slow down}
    headers: {retry-after: ['3']}
    body: {string: '{"error": {"message": "Slow down"}}'}
- request:
    method: POST
    uri: https://a.b/v1/chat/completions
    body: '{"messages": [{"role": "user", "content": "Tell"}], "stream": true}'
  response:
    status: {code: 200, message: OK}
    headers: {}
    body:
      string: |+
        data: {"choices": [{"delta": {"content": "Once"}}]}

"""


@tool
def get_weather(location: str) -> str:
    """Get the weather at a location."""
    return {"Boston": "72°F and sunny", "Tokyo": "64°F and raining"}[location]


def replay(**options: Any) -> ReplayChatModel:
    """Give a model that replays our own recording."""
    return ReplayChatModel("weather", directory=CASSETTES, **options)


@pytest.fixture
def limited(tmp_path: Path) -> ReplayChatModel:
    """Give a model whose provider once refused, and once broke off."""
    path = tmp_path / "limited.yaml"
    path.write_text(LIMITED)
    return ReplayChatModel(path)


def test_a_plain_answer() -> None:
    """The message has text, usage and metadata as recorded."""
    found = replay().invoke("Hello!")

    assert found.text == "Hello! Ask me about the weather anywhere."
    assert found.usage_metadata is not None
    assert found.usage_metadata["total_tokens"] == 18
    assert found.response_metadata["finish_reason"] == "stop"
    assert found.id == "chatcmpl-hand-made-1"


def test_a_streamed_answer() -> None:
    """The chunks come as recorded, and sum up to the plain answer."""
    model = replay()

    chunks = list(model.stream("Hello!"))

    texts = [chunk.text for chunk in chunks if chunk.text]
    assert texts == [
        "Hello!",
        " Ask",
        " me",
        " about",
        " the",
        " weather",
        " anywhere.",
    ]
    assert chunks[-1].chunk_position == "last"
    assert sum(chunks).text == model.invoke("Hello!").text


def test_a_tool_loop() -> None:
    """Parallel calls stream, tools run, and the last answer uses them."""
    model = replay().bind_tools([get_weather])

    asked = sum(model.stream(QUESTION)).to_message()
    told = [get_weather.invoke(call) for call in asked.tool_calls]
    found = model.invoke([HumanMessage(QUESTION), asked, *told])

    assert [call["args"]["location"] for call in asked.tool_calls] == [
        "Boston",
        "Tokyo",
    ]
    assert found.text == ANSWER


def test_ids_minted_elsewhere_still_match() -> None:
    """A history whose call ids are its own gets the same answer."""
    model = replay().bind_tools([get_weather])
    calls = [
        {"name": "get_weather", "args": {"location": place}, "id": f"mine-{place}"}
        for place in ("Boston", "Tokyo")
    ]
    history = [
        ("user", QUESTION),
        {"role": "assistant", "content": "", "tool_calls": calls},
        *(get_weather.invoke(call) for call in calls),
    ]

    assert "".join(chunk.text for chunk in model.stream(history)) == ANSWER


def test_a_miss_through_the_model() -> None:
    """A request that was not recorded is no answer, and is remembered."""
    model = replay()

    with pytest.raises(CassetteMiss, match="'Helo!' instead of 'Hello!'"):
        model.invoke("Helo!")

    assert len(model.cassette.misses) == 1
    assert len(model.cassette.unused()) == 5


def test_repeats() -> None:
    """With allow_playback_repeats the recording plays on."""
    model = replay(allow_playback_repeats=True)

    assert len({model.invoke("Hello!").text for _ in range(4)}) == 1


def test_bound_copies_share_the_cassette() -> None:
    """What one copy has played is played for the other."""
    model = replay()
    model.bind_tools([get_weather]).invoke(QUESTION)

    assert model.cassette.play_count == 1
    assert repr(model).endswith("weather.yaml': 4 of 5 left to play)")


def test_a_recorded_error(limited: ReplayChatModel) -> None:
    """A recorded 429 is raised as a rate limit, with the time to wait."""
    with pytest.raises(RateLimitError) as caught:
        limited.invoke("Hi")

    assert (caught.value.status, caught.value.retry_after) == (429, 3)


def test_a_recorded_interruption(limited: ReplayChatModel) -> None:
    """A stream that broke off breaks off again; what came before it counts."""
    found = []

    with pytest.raises(InterruptedStreamError, match="the stream broke off"):
        found.extend(chunk.text for chunk in limited.stream("Tell"))

    assert found == ["Once"]


def test_the_dialect_may_be_named() -> None:
    """By name or as a value."""
    for dialect in ("openai-chat", OPENAI_CHAT):
        assert replay(dialect=dialect).invoke("Hello!").text


def test_the_clock_may_be_given() -> None:
    """A replay takes no time unless it is told to."""
    clock = RealClock()

    assert replay(clock=clock).clock is clock
    assert replay().clock.virtual


def test_a_dialect_that_is_not_there() -> None:
    """The names that there are stand in the error."""
    with pytest.raises(InputError, match="Did you mean 'openai-chat'"):
        replay(dialect="openai-chats")
    with pytest.raises(InputError, match=r"dialect=3: give a name. Known: 'anthropic"):
        replay(dialect=3)


def test_deep_copies_play_from_the_same_cassette() -> None:
    """What a deep copy plays is played."""
    model = replay()

    copy.deepcopy(model).invoke("Hello!")

    assert model.cassette.play_count == 1


def test_one_call_at_a_time_is_another_request() -> None:
    """Parallel calls are no answer to who asked for one at most."""
    model = replay().bind_tools([get_weather], parallel_tool_calls=False)

    with pytest.raises(CassetteMiss, match="parallel_tool_calls: False instead of Tr"):
        model.invoke(QUESTION)


def test_run_ids_are_the_same_in_each_run() -> None:
    """Runs are numbered, so that nothing in a replay is left to chance."""
    ids = [(model.new_run_id(), model.new_run_id()) for model in (replay(), replay())]

    assert ids[0] == ids[1]
    assert ids[0][0] != ids[0][1]


def test_a_cassette_that_is_not_there() -> None:
    """The nearest name stands in the error."""
    with pytest.raises(CassetteError, match="Did you mean 'weather'"):
        ReplayChatModel("wether", directory=CASSETTES)


@pytest.mark.parametrize("name", [None, "", 3])
def test_what_is_no_name(name: Any) -> None:
    """A name is a text or a path."""
    with pytest.raises(InputError, match="is no name of a cassette"):
        ReplayChatModel(name)
