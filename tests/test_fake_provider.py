"""One script behind the official SDKs, in this process: no socket, no waiting."""

import asyncio
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest

from harness import (
    ChatRequest,
    FakeProvider,
    Fault,
    HumanMessage,
    InputError,
    Script,
    ScriptExhausted,
    UnscriptedRequest,
    UnusedTurns,
    call,
    fail,
    pause,
    say,
)
from harness.wire import DIALECTS

HI: Any = [{"role": "user", "content": "Hi"}]


def openai_of(fake: FakeProvider, **options: Any) -> openai.OpenAI:
    """Give the official client, which asks *fake*."""
    client = httpx2.Client(transport=fake.transport())
    return openai.OpenAI(api_key="x", http_client=client, **options)


def async_openai_of(fake: FakeProvider, **options: Any) -> openai.AsyncOpenAI:
    """Give the awaited one."""
    client = httpx2.AsyncClient(transport=fake.transport())
    return openai.AsyncOpenAI(api_key="x", http_client=client, **options)


def test_one_script_answers_every_sdk() -> None:
    """The path tells which format is spoken; the turns go on whoever asks."""
    fake = FakeProvider("one", "two", "three")
    anthropic_client = anthropic.Anthropic(
        api_key="x", http_client=httpx2.Client(transport=fake.transport())
    )
    client = openai_of(fake)

    chat = client.chat.completions.create(model="m", messages=HI)
    message = anthropic_client.messages.create(model="m", max_tokens=9, messages=HI)
    response = client.responses.create(model="m", input="Hi")

    assert chat.choices[0].message.content == "one"
    assert [getattr(block, "text", "") for block in message.content] == ["two"]
    assert response.output_text == "three"
    assert [request.dialect for request in fake.requests] == [
        "openai-chat",
        "anthropic-messages",
        "openai-responses",
    ]


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_one_transport_serves_both_libraries_awaited_or_not(library: Any) -> None:
    """Which library asks, and how, is seen from the request."""
    fake = FakeProvider(say("Hello!", times=2))
    transport = fake.transport()
    url = "https://api.openai.com/v1/chat/completions"
    asked = {"model": "m", "messages": HI}

    async def awaited() -> Any:
        async with library.AsyncClient(transport=transport) as client:
            return await client.post(url, json=asked)

    answers = [
        library.Client(transport=transport).post(url, json=asked),
        asyncio.run(awaited()),
    ]

    assert [type(answer) for answer in answers] == [library.Response] * 2
    told = [one.json()["choices"][0]["message"]["content"] for one in answers]
    assert told == ["Hello!", "Hello!"]


def test_a_stream_comes_chunk_by_chunk() -> None:
    """Each chunk of the script is a piece on the wire."""
    fake = FakeProvider(say("The sky is blue.", cut=["The sky", " is", " blue."]))
    asked = {"model": "m", "messages": HI, "stream": True}
    client = httpx.Client(transport=fake.transport())

    with client.stream("POST", "http://x/v1/chat/completions", json=asked) as answer:
        pieces = [*answer.iter_raw()]

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert [b'"content":" is"' in piece for piece in pieces].index(True) == 1
    assert len(pieces) == 4


def test_what_a_script_waits_takes_no_time() -> None:
    """The clock of a provider skips pauses, and they count."""
    fake = FakeProvider(say(pause(3600), "Late."))
    began = fake.clock.now()

    client = openai_of(fake, timeout=None)
    client.chat.completions.create(model="m", messages=HI)

    assert fake.clock.now() - began >= 3600


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_waits_too_long_times_out(stream: bool) -> None:
    """The timeout of the client is that of its real life, in virtual time."""
    fake = FakeProvider(say(pause(5), "Late."))
    client = openai_of(fake, timeout=3, max_retries=0)
    began = fake.clock.now()

    with pytest.raises(openai.APITimeoutError):
        client.chat.completions.create(model="m", messages=HI, stream=stream)

    assert 3 <= fake.clock.now() - began < 5
    assert fake.requests[0].patience == 3
    assert fake.requests[0].ended == "truncated"


def test_a_client_without_a_timeout_is_told_where_nothing_comes() -> None:
    """It would wait forever: a test must not."""
    fake = FakeProvider(fail("timeout"))

    with pytest.raises(UnscriptedRequest, match="it would wait forever"):
        openai_of(fake, timeout=None).chat.completions.create(model="m", messages=HI)


@pytest.mark.parametrize(
    "turn, error",
    [
        (fail(429, retry_after=2), openai.RateLimitError),
        (fail(401), openai.AuthenticationError),
        (fail("server"), openai.InternalServerError),
        (fail("overloaded"), openai.InternalServerError),
        (fail("connection"), openai.APIConnectionError),
        (fail("interrupted"), openai.APIConnectionError),
        (fail("timeout"), openai.APITimeoutError),
    ],
)
def test_failures_reach_the_sdk_as_its_own_errors(turn: Any, error: Any) -> None:
    """Sync and awaited alike."""
    fake = FakeProvider(turn, turn)

    with pytest.raises(error) as raised:
        openai_of(fake, max_retries=0).chat.completions.create(model="m", messages=HI)
    awaited = async_openai_of(fake, max_retries=0)
    with pytest.raises(error):
        asyncio.run(awaited.chat.completions.create(model="m", messages=HI))

    if error is openai.RateLimitError:
        assert raised.value.response.headers["retry-after"] == "2"


def test_a_broken_stream_is_broken_for_the_sdk() -> None:
    """What had come before is there; then the connection is gone."""
    fake = FakeProvider(say("Half of it", fail("connection", after=1)))
    stream = openai_of(fake).chat.completions.create(
        model="m", messages=HI, stream=True
    )
    seen = []

    with pytest.raises(openai.APIConnectionError):
        seen.extend(stream)

    assert "".join(chunk.choices[0].delta.content or "" for chunk in seen) == "Half"
    assert fake.requests[0].ended == "connection"


def test_a_stream_that_just_stops_is_not_taken_for_whole_here() -> None:
    """No SDK notices; the journal does."""
    fake = FakeProvider(say("Half of it", fail("interrupted", after=1)))
    stream = openai_of(fake).chat.completions.create(
        model="m", messages=HI, stream=True
    )

    last = [*stream][-1]

    assert last.choices[0].finish_reason is None
    assert fake.requests[0].ended == "interrupted"


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=lambda one: one.name)
def test_an_answer_that_is_cut_off_ends_nowhere(dialect: Any) -> None:
    """A turn without a reason why it ended has none in any format: the stream stops."""
    fake = FakeProvider(say("Half of", finish=None))
    client = httpx.Client(transport=fake.transport())
    asked = ChatRequest((HumanMessage("Hi"),), model="m", stream=True)
    url = f"http://x/v1/{dialect.path(asked).lstrip('/')}"

    answer = client.post(url, content=dialect.write_request(asked))

    decoder = dialect.decoder()
    *chunks, end = [*decoder.feed(answer.content), *decoder.close()]
    message = sum(chunks).to_message()
    assert (message.text, message.finish_reason) == ("Half of", None)
    assert isinstance(end, Fault)
    assert end.kind == "interrupted"
    assert dialect.check_stream(answer.content) != []
    assert fake.requests[0].ended == "interrupted"


def test_an_error_in_mid_stream_is_an_event() -> None:
    """The provider says it in the stream."""
    fake = FakeProvider(say("Half of it", fail("server", message="Oh no", after=1)))
    stream = openai_of(fake).chat.completions.create(
        model="m", messages=HI, stream=True
    )

    with pytest.raises(openai.APIError, match="Oh no"):
        list(stream)


def test_a_script_that_runs_out_is_no_failure_of_the_provider() -> None:
    """No retry of an SDK hides it."""
    fake = FakeProvider()
    client = anthropic.Anthropic(
        api_key="x", http_client=httpx2.Client(transport=fake.transport())
    )

    with pytest.raises(UnscriptedRequest, match="The script has no turns") as raised:
        client.messages.create(model="m", max_tokens=9, messages=HI)

    assert isinstance(raised.value.error, ScriptExhausted)
    assert fake.endpoint.failures == [raised.value]
    assert len(fake.requests) == 1


def test_a_call_of_an_unbound_tool_is_caught_at_the_wire() -> None:
    """The script is checked against the request, as for a FakeChatModel."""
    fake = FakeProvider(call("get_wether", location="Boston"))

    with pytest.raises(UnscriptedRequest, match="'get_wether', but no tools are bound"):
        openai_of(fake).chat.completions.create(model="m", messages=HI)


def test_a_request_that_nothing_reads_is_refused_in_the_provider_words() -> None:
    """An error of status 400, and no turn is used up."""
    fake = FakeProvider("Hello!")
    client = httpx.Client(transport=fake.transport())

    answer = client.post("http://x/v1/chat/completions", content=b"{")
    lost = client.get("http://x/v1/nothing")

    assert answer.status_code == 400
    assert "not valid JSON" in answer.json()["error"]["message"]
    assert lost.status_code == 404
    with pytest.raises(UnusedTurns):
        fake.check_exhausted()


def test_a_client_that_reads_no_further_is_noted() -> None:
    """A stream that is left early ended "truncated"; one that was read, "complete"."""
    fake = FakeProvider(say("one two three"), "whole")
    client = openai_of(fake)

    with client.chat.completions.create(model="m", messages=HI, stream=True) as stream:
        next(iter(stream))
    list(client.chat.completions.create(model="m", messages=HI, stream=True))

    assert [request.ended for request in fake.requests] == ["truncated", "complete"]


def test_one_script_goes_alone() -> None:
    """Options belong to the Script."""
    with pytest.raises(InputError, match=r"FakeProvider\(script\) takes one Script"):
        FakeProvider(Script("a"), seed=1)  # type: ignore[call-overload]

    assert FakeProvider(Script("a")).script.turns
