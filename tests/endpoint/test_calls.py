"""The journal at the wire: what was asked, what came of it, and what was a retry."""

from typing import Any

import httpx
import openai
import pytest

from harness import (
    FakeProvider,
    HumanMessage,
    InputError,
    UnmetExpectation,
    UnscriptedRequest,
    VirtualClock,
    call,
    fail,
    pause,
    say,
)

URL = "https://api.openai.com/v1/chat/completions"
HI: Any = [{"role": "user", "content": "Hi"}]
TOOL: Any = {"type": "function", "function": {"name": "search", "parameters": {}}}


def asked_of(fake: FakeProvider, *texts: str, **more: Any) -> list[httpx.Response]:
    """Ask with a client that retries nothing by itself."""
    client = httpx.Client(transport=fake.transport())
    return [
        client.post(
            URL,
            json={
                "model": "m",
                "messages": [{"role": "user", "content": text}],
                **more,
            },
        )
        for text in texts
    ]


def test_a_request_is_read_as_a_call_of_a_model_is() -> None:
    """What was asked reads as in the journal of the script, which it is linked to."""
    fake = FakeProvider(call("search", q="sky"))

    fake.openai().chat.completions.create(
        model="gpt-5-mini",
        messages=HI,
        tools=[TOOL],
        tool_choice="required",
        temperature=0.5,
    )

    [request], [entry] = fake.requests, fake.calls
    assert request.call is entry
    assert request.messages == entry.messages == [HumanMessage("Hi")]
    assert request.text == entry.text == "Hi"
    assert request.tools == entry.tools == ["search"]
    assert request.tool_choice == entry.tool_choice == "any"
    assert request.params == entry.params == {"temperature": 0.5}
    assert b'"temperature":0.5' in request.request.body
    assert b'"tool_calls"' in request.body


def test_what_is_refused_has_no_call() -> None:
    """Nothing was asked of the script, and there is nothing to read."""
    fake = FakeProvider("Hello!")
    client = httpx.Client(transport=fake.transport())

    client.post(URL, content=b"{")

    [request] = fake.requests
    assert request.call is None
    assert (request.messages, request.text, request.tools) == ([], "", [])
    assert (request.tool_choice, request.params) == (None, {})
    assert request.failed


def test_what_the_script_refuses_has_its_call() -> None:
    """The entry in the journal of the script has the error."""
    fake = FakeProvider()

    with pytest.raises(UnscriptedRequest) as raised:
        asked_of(fake, "Hi")

    assert fake.requests[0].call is fake.calls[0]
    assert fake.calls[0].error is raised.value.error


def test_the_time_of_each_piece_is_noted() -> None:
    """On the clock of the fake: when it began, when pieces came, when it was over."""
    fake = FakeProvider(
        say(pause(2), "One", pause(3), " two", cut=["One", " two"]),
        clock=VirtualClock(),
    )

    asked_of(fake, "Hi", stream=True)

    [request] = fake.requests
    assert (request.began, request.ended_at, request.elapsed) == (0, 5, 5)
    assert request.moments == [2, 5, 5]
    assert len(request.moments) == len(request.pieces)
    assert b"".join(request.pieces) == request.body


def test_retries_of_an_sdk_are_seen() -> None:
    """Each attempt names the one before."""
    fake = FakeProvider(
        fail(429, retry_after=0.001), fail("connection"), "Hello!", "And again."
    )
    client = fake.openai(max_retries=2)

    client.responses.create(model="m", input="Hi")
    client.responses.create(model="m", input="Hi")

    assert [request.retry_of for request in fake.requests] == [None, 0, 1, None]
    assert [request.failed for request in fake.requests] == [True, True, False, False]


def test_only_the_same_request_is_a_retry() -> None:
    """Another question after a failure is none, nor the same one after an answer."""
    fake = FakeProvider(fail(500), "One", fail(500), "Two", "Three")

    asked_of(fake, "a", "b", "a", "a", "a")

    assert [request.retry_of for request in fake.requests] == [None, None, 0, 2, None]


def test_a_retry_after_a_timeout_is_seen() -> None:
    """The client gave up, and asks again."""
    fake = FakeProvider(say(pause(60), "Late."), "Hello!")

    fake.openai(timeout=1, max_retries=1).responses.create(model="m", input="Hi")

    assert [request.retry_of for request in fake.requests] == [None, 0]


def test_a_client_says_itself_that_it_tries_again() -> None:
    """Its count of retries is taken at its word."""
    fake = FakeProvider("One", "Two")
    client = httpx.Client(transport=fake.transport())
    body = {"model": "m", "messages": HI}

    client.post(URL, json=body, headers={"x-stainless-retry-count": "0"})
    client.post(URL, json=body, headers={"x-stainless-retry-count": "1"})

    assert [request.retry_of for request in fake.requests] == [None, 0]
    assert str(fake.requests[1]).endswith(" human: 'Hi' -> 200, again after 0")


def test_assertions_on_the_calls_of_the_script() -> None:
    """A provider has those of a FakeChatModel."""
    fake = FakeProvider("One", "Two")

    asked_of(fake, "first", "second", tools=[TOOL])

    fake.assert_called(2)
    fake.assert_asked("first")
    fake.assert_asked_in_order("first", "second")
    fake.assert_bound("search")
    fake.assert_tool_results()
    with pytest.raises(UnmetExpectation, match="search") as raised:
        fake.assert_called_with_tool("serch")
    assert "1. human: 'second'; tools search" in str(raised.value)


def test_a_tool_that_ran_is_seen_through_an_sdk() -> None:
    """The loop of an agent: the call goes out, its result comes back."""
    fake = FakeProvider(call("search", q="sky"), "Blue.")
    client = fake.openai()
    messages: Any = [*HI]

    said = client.chat.completions.create(model="m", messages=messages, tools=[TOOL])
    asked = said.choices[0].message.tool_calls or ()
    messages += [said.choices[0].message]
    messages += [{"role": "tool", "tool_call_id": asked[0].id, "content": "blue"}]
    client.chat.completions.create(model="m", messages=messages, tools=[TOOL])

    fake.assert_called_with_tool("search", q="sky")
    fake.assert_tool_results("blue")
    fake.assert_requests(2, dialect="openai-chat", status=200)


def test_requests_are_counted() -> None:
    """All of them, or those of a format or a status; the error shows all."""
    fake = FakeProvider(fail(500), "One")
    with pytest.raises(UnmetExpectation) as nothing:
        fake.assert_requests()

    asked_of(fake, "a", "b")

    assert str(nothing.value) == (
        "Expected some requests, and there are 0.\nNothing came over HTTP."
    )
    fake.assert_requests()
    fake.assert_requests(2)
    fake.assert_requests(1, status=500)
    fake.assert_requests(0, dialect="gemini")
    with pytest.raises(UnmetExpectation) as raised:
        fake.assert_requests(2, dialect="openai-chat", status=200)
    assert str(raised.value) == (
        "Expected 2 requests in openai-chat with the answer 200, and there are 1.\n"
        "Over HTTP came 2:\n"
        f"  0. POST {URL} human: 'a' -> 500\n"
        f"  1. POST {URL} human: 'b' -> 200"
    )


def test_a_format_that_there_is_not_is_no_zero() -> None:
    """A slip of the pen may not pass for an answer."""
    with pytest.raises(InputError, match="Did you mean 'openai-chat'"):
        FakeProvider().assert_requests(0, dialect="openai_chat")


def test_a_stream_that_an_sdk_reads_to_its_end_did_not_fail() -> None:
    """It hangs up after the last piece, and that is complete."""
    fake = FakeProvider(say("one two"), fail(400))
    client: openai.OpenAI = fake.openai()

    list(client.chat.completions.create(model="m", messages=HI, stream=True))
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="m", messages=HI)

    assert [request.failed for request in fake.requests] == [False, True]
