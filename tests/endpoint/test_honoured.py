"""What a request asks of its answer is done: choices, limits, forms, ids."""

import json
from typing import Any

import httpx
import httpx2
import openai
import pytest
from google import genai

from harness import (
    FakeChatModel,
    FakeProvider,
    Script,
    UnscriptedRequest,
    call,
    fail,
    pause,
    say,
    think,
    tool,
)
from harness.wire import DIALECTS

HI = [{"role": "user", "content": "Hi"}]
CHAT = "https://api.openai.com/v1/chat/completions"
GEMINI = "https://g/v1beta/models/m"
LOOKUP = {"type": "object", "properties": {"city": {"type": "string"}}}


def ask(fake: FakeProvider, url: str, said: Any) -> httpx.Response:
    """Send *said*."""
    return httpx.Client(transport=fake.transport()).post(url, json=said)


def gemini(**config: Any) -> dict[str, Any]:
    """Give a request of Gemini."""
    contents = [{"role": "user", "parts": [{"text": "Hi"}]}]
    return {"contents": contents, "generationConfig": config}


# ------------------------------------------------------------------------- choices


def test_each_choice_is_the_next_turn() -> None:
    """The request is counted once, each answer for itself."""
    fake = FakeProvider("one", call("f", city="Rome"), "three")
    tools = [{"type": "function", "function": {"name": "f", "parameters": LOOKUP}}]

    said = ask(
        fake, CHAT, {"model": "m", "messages": HI, "n": 3, "tools": tools}
    ).json()

    choices = said["choices"]
    assert [choice["index"] for choice in choices] == [0, 1, 2]
    assert [choice["message"]["content"] for choice in choices] == [
        "one",
        None,
        "three",
    ]
    ends = [choice["finish_reason"] for choice in choices]
    assert ends == ["stop", "tool_calls", "stop"]
    usage = said["usage"]
    assert usage["prompt_tokens"] == 1
    assert usage["completion_tokens"] == 1 + 5 + 2
    assert usage["total_tokens"] == 9
    assert len(fake.calls) == 3
    assert len(fake.requests) == 1


def test_streamed_choices_take_turns() -> None:
    """Their indexes interleave; usage comes once, and so does the end."""
    fake = FakeProvider("a b c", "d e", seed=7)
    client = openai.OpenAI(
        api_key="x", http_client=httpx2.Client(transport=fake.transport())
    )

    stream: Any = client.chat.completions.create(
        model="m",
        messages=HI,  # type: ignore[arg-type]  # plain dicts will do
        n=2,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [*stream]

    order = [choice.index for chunk in chunks for choice in chunk.choices]
    texts = ["", ""]
    for chunk in chunks:
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == ["a b c", "d e"]
    assert order[:4] == [0, 0, 1, 1] or order[:4] == [0, 1, 0, 1]
    assert order.index(1) < len(order) - 1 - order[::-1].index(0)
    assert len({chunk.id for chunk in chunks}) == 1
    [usage] = [chunk.usage for chunk in chunks if chunk.usage]
    assert (usage.prompt_tokens, usage.completion_tokens) == (1, 3)
    assert usage.total_tokens == 4
    body = fake.requests[0].body
    assert DIALECTS["openai-chat"].check_stream(body) == []
    assert body.count(b"[DONE]") == 1


@pytest.mark.parametrize("how", ["", "?alt=sse"])
def test_gemini_has_candidates(how: str) -> None:
    """Whole and streamed."""
    fake = FakeProvider("one", "two", "three", "four five")

    whole = ask(fake, f"{GEMINI}:generateContent", gemini(candidateCount=2)).json()
    url = f"{GEMINI}:streamGenerateContent{how}"
    streamed = ask(fake, url, gemini(candidateCount=2))

    texts = [one["content"]["parts"][0]["text"] for one in whole["candidates"]]
    assert texts == ["one", "two"]
    assert [one["index"] for one in whole["candidates"]] == [0, 1]
    assert whole["usageMetadata"]["candidatesTokenCount"] == 2
    assert whole["usageMetadata"]["totalTokenCount"] == 3
    assert DIALECTS["gemini"].check_stream(streamed.content) == []
    events = (
        [json.loads(line[6:]) for line in streamed.text.splitlines() if line]
        if how
        else streamed.json()
    )
    said: dict[int, str] = {}
    for event in events:
        for one in event["candidates"]:
            parts = one.get("content", {}).get("parts", [])
            text = "".join(part.get("text", "") for part in parts)
            said[one["index"]] = said.get(one["index"], "") + text
    assert said == {0: "three", 1: "four five"}
    assert events[-1]["usageMetadata"]["candidatesTokenCount"] == 2 + 3


@pytest.mark.parametrize("stream", [False, True])
def test_a_choice_that_fails_fails_the_request(stream: bool) -> None:
    """Before the first chunk it is an error reply, after it an event."""
    fake = FakeProvider("one", fail(429, message="Slow down"), "a", "b")
    asked = {"model": "m", "messages": HI, "n": 2, "stream": stream}

    failed, fine = ask(fake, CHAT, asked), ask(fake, CHAT, asked)

    assert (failed.status_code, fine.status_code) == (429, 200)
    assert "Slow down" in failed.text


def test_a_choice_that_breaks_off_breaks_the_stream_off() -> None:
    """What came before it is there, and an error is the last event."""
    turns = say("one two", fail("server", message="Oh no", after=1)), say("a b c")
    fake = FakeProvider(*turns)

    answer = ask(fake, CHAT, {"model": "m", "messages": HI, "n": 2, "stream": True})

    assert '"content":"one"' in answer.text
    assert '"content":" two"' not in answer.text
    assert "Oh no" in answer.text.splitlines()[-2]


def test_pauses_of_all_choices_are_waited_for() -> None:
    """One after the other."""
    fake = FakeProvider(say(pause(1), "a", pause(1), " b"), say("c", pause(2), " d"))
    began = fake.clock.now()

    ask(fake, CHAT, {"model": "m", "messages": HI, "n": 2, "stream": True})

    assert 4 <= fake.clock.now() - began < 5


def test_a_script_with_too_few_turns_for_the_choices_is_the_tests_mistake() -> None:
    """It runs out."""
    with pytest.raises(UnscriptedRequest, match="all played"):
        ask(FakeProvider("one"), CHAT, {"model": "m", "messages": HI, "n": 2})


# -------------------------------------------------------------------------- limits

LIMITED: dict[str, tuple[str, dict[str, Any], Any]] = {
    "openai-chat": (CHAT, {"model": "m", "messages": HI, "max_tokens": 4}, "length"),
    "openai-chat, completion": (
        CHAT,
        {"model": "m", "messages": HI, "max_completion_tokens": 4},
        "length",
    ),
    "openai-responses": (
        "https://api.openai.com/v1/responses",
        {"model": "m", "input": "Hi", "max_output_tokens": 16},
        "length",
    ),
    "anthropic-messages": (
        "https://api.anthropic.com/v1/messages",
        {"model": "m", "messages": HI, "max_tokens": 4},
        "length",
    ),
    "gemini": (f"{GEMINI}:generateContent", gemini(maxOutputTokens=4), "length"),
    "ollama-chat": (
        "http://x:11434/api/chat",
        {"model": "m", "messages": HI, "options": {"num_predict": 4}, "stream": False},
        "length",
    ),
    "bedrock-converse": (
        "https://b/model/m/converse",
        {
            "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
            "inferenceConfig": {"maxTokens": 4},
        },
        "length",
    ),
}
STREAMED = {
    "gemini": f"{GEMINI}:streamGenerateContent?alt=sse",
    "bedrock-converse": "https://b/model/m/converse-stream",
}
TEXT = "0123456789abcdef" * 5


@pytest.mark.parametrize("case", LIMITED)
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_ends_where_the_tokens_do(case: str, stream: bool) -> None:
    """In every format, whole and streamed: four characters are a token."""
    name = case.partition(",")[0]
    url, said, finish = LIMITED[case]
    fake = FakeProvider(TEXT)
    if stream:
        url = STREAMED.get(name, url)
        said = {**said, "stream": True} if name not in STREAMED else said

    answer = ask(fake, url, said)
    message = DIALECTS[name].read_reply(answer.content)

    tokens = 16 if name == "openai-responses" else 4
    assert message.text == TEXT[: 4 * tokens]
    assert message.finish_reason == finish
    if stream:
        assert DIALECTS[name].check_stream(answer.content) == []
    elif message.usage_metadata:
        assert message.usage_metadata["output_tokens"] == tokens


@pytest.mark.parametrize("case", LIMITED)
@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_does_not_fit_is_not_made(case: str, stream: bool) -> None:
    """In no format, and no check blames the script for what it leaves out."""
    name = case.partition(",")[0]
    url, said, finish = LIMITED[case]
    binding: dict[str, Any] = {
        "openai-chat": {
            "tools": [{"type": "function", "function": {"name": "look_up"}}]
        },
        "openai-responses": {"tools": [{"type": "function", "name": "look_up"}]},
        "anthropic-messages": {"tools": [{"name": "look_up", "input_schema": LOOKUP}]},
        "gemini": {"tools": [{"functionDeclarations": [{"name": "look_up"}]}]},
        "ollama-chat": {
            "tools": [{"type": "function", "function": {"name": "look_up"}}]
        },
        "bedrock-converse": {
            "toolConfig": {
                "tools": [
                    {"toolSpec": {"name": "look_up", "inputSchema": {"json": LOOKUP}}}
                ]
            }
        },
    }
    fake = FakeProvider(call("look_up", city="Rome" * 30))
    if stream:
        url = STREAMED.get(name, url)
        said = {**said, "stream": True} if name not in STREAMED else said

    answer = ask(fake, url, {**said, **binding[name]})
    message = DIALECTS[name].read_reply(answer.content)

    assert (answer.status_code, message.finish_reason) == (200, finish)
    assert [*message.tool_calls, *message.invalid_tool_calls] == []
    if stream:
        assert DIALECTS[name].check_stream(answer.content) == []


def test_a_fake_chat_model_keeps_to_it_too() -> None:
    """Reasoning counts, calls count, and what does not fit is not said."""
    model = FakeChatModel(
        say(think("12345678"), "abcdefgh", times=3), "fits", call("f", city="Rome")
    )

    @tool
    def f(city: str) -> str:
        """Look it up."""
        return city

    some = model.invoke("Hi", max_tokens=3)
    streamed = sum(model.stream("Hi", max_tokens=3))
    thought = model.invoke("Hi", max_tokens=2)
    whole = model.invoke("Hi", max_tokens=1)
    cut = model.bind_tools([f]).invoke("Hi", max_tokens=2)

    assert (some.text, some.finish_reason) == ("abcd", "length")
    assert streamed.text == "abcd"
    assert thought.content_blocks == [{"type": "reasoning", "reasoning": "12345678"}]
    assert (whole.text, whole.finish_reason) == ("fits", "stop")
    assert (cut.tool_calls, cut.finish_reason) == ([], "length")
    assert (some.usage_metadata or {}).get("output_tokens") == 3


@pytest.mark.parametrize(
    "turn",
    [
        say("abcdefgh", misbehaving=True),
        say("abcdefgh", finish="stop"),
        say("abcdefgh", usage={"input_tokens": 1, "output_tokens": 9}),
    ],
)
def test_a_turn_that_says_how_it_ends_is_left_as_written(turn: Any) -> None:
    """So is one that misbehaves on purpose."""
    model = FakeChatModel(turn)

    assert model.invoke("Hi", max_tokens=1).text == "abcdefgh"


def test_a_stop_sequence_before_the_limit_ends_it_first() -> None:
    """And one behind it does not."""
    model = FakeChatModel(say("abcd. efgh", times=2))

    before = model.invoke("Hi", max_tokens=2, stop=["."])
    behind = model.invoke("Hi", max_tokens=1, stop=["."])

    assert (before.text, before.finish_reason) == ("abcd", "stop")
    assert (behind.text, behind.finish_reason) == ("abcd", "length")


def test_a_cut_off_turn_is_still_checked_for_what_it_calls() -> None:
    """A limit hides no call of a tool that is not bound."""
    fake = FakeProvider(call("look_up", city="Rome"))

    with pytest.raises(UnscriptedRequest, match="no tools are bound"):
        ask(fake, CHAT, {"model": "m", "messages": HI, "max_tokens": 2})


@pytest.mark.parametrize("stream", [False, True])
def test_the_stop_sequence_is_named_where_a_provider_names_it(stream: bool) -> None:
    """At Anthropic; others say no more than that the answer stopped."""
    fake = FakeProvider(say("one. two; three", times=2))
    url, said, _ = LIMITED["anthropic-messages"]
    asked = {**said, "max_tokens": 99, "stop_sequences": [";", "."], "stream": stream}

    claude = ask(fake, url, asked)
    chat = ask(
        fake, CHAT, {"model": "m", "messages": HI, "stop": ".", "stream": stream}
    )

    message = DIALECTS["anthropic-messages"].read_reply(claude.content)
    assert message.text == "one"
    assert message.response_metadata["stop_reason"] == "stop_sequence"
    assert message.response_metadata["stop_sequence"] == "."
    assert message.finish_reason == "stop"
    assert "stop_sequence" not in chat.text
    if stream:
        assert DIALECTS["anthropic-messages"].check_stream(claude.content) == []


# ------------------------------------------------------------------- the rest


def test_usage_is_streamed_only_where_it_is_asked_for() -> None:
    """By stream_options."""
    fake = FakeProvider(say("Hi", times=2))
    asked = {"model": "m", "messages": HI, "stream": True}

    without = ask(fake, CHAT, asked).text
    told = ask(fake, CHAT, {**asked, "stream_options": {"include_usage": True}}).text

    assert "total_tokens" not in without
    assert "total_tokens" in told


def test_a_stream_of_gemini_is_an_array_where_no_events_are_asked_for() -> None:
    """Each piece an item, and the whole valid JSON."""
    fake = FakeProvider("one two three", "one two three")

    array = ask(fake, f"{GEMINI}:streamGenerateContent", gemini())
    events = ask(fake, f"{GEMINI}:streamGenerateContent?alt=sse", gemini())

    assert array.headers["content-type"] == "application/json; charset=UTF-8"
    assert events.headers["content-type"].startswith("text/event-stream")
    items = array.json()
    assert len(items) > 1
    lines = [line[6:] for line in events.text.splitlines() if line]
    assert [one["candidates"] for one in items] == [
        json.loads(line)["candidates"] for line in lines
    ]
    assert DIALECTS["gemini"].check_stream(array.content) == []
    assert [request.ended for request in fake.requests] == ["complete"] * 2


def test_an_array_of_gemini_that_fails_is_one_still() -> None:
    """The error is its last item."""
    fake = FakeProvider(say("one two", fail("server", message="Oh no", after=1)))

    answer = ask(fake, f"{GEMINI}:streamGenerateContent", gemini())

    assert answer.json()[-1]["error"]["message"] == "Oh no"


def test_every_answer_has_a_request_id() -> None:
    """The same with the same seed; the SDK shows it; Anthropic's errors say it."""

    def ids(seed: int) -> list[str]:
        fake = FakeProvider(Script("a", "b", seed=seed))
        client = openai.OpenAI(
            api_key="x", http_client=httpx2.Client(transport=fake.transport())
        )
        seen = [
            client.chat.completions.create(model="m", messages=HI)._request_id  # type: ignore[arg-type]  # plain dicts will do
            for _ in range(2)
        ]
        refused = ask(fake, "https://api.anthropic.com/v1/messages", {"model": "m"})
        assert refused.headers["request-id"] == refused.json()["request_id"]
        assert [str(one) for one in seen] == [r.request_id for r in fake.requests[:2]]
        return [*map(str, seen), refused.json()["request_id"]]

    first, again, other = ids(1), ids(1), ids(2)

    assert first == again
    assert len({*first, *other}) == 6
    assert all(one.startswith("req_") for one in first)


def test_google_genai_gets_all_candidates() -> None:
    """Through the official client."""
    fake = FakeProvider("one", "two")
    client = genai.Client(
        api_key="x",
        http_options=genai.types.HttpOptions(
            httpx_client=httpx2.Client(transport=fake.transport())
        ),
    )

    answer = client.models.generate_content(
        model="m", contents="Hi", config={"candidate_count": 2}
    )

    found: Any = answer.candidates
    assert [one.content.parts[0].text for one in found] == ["one", "two"]
