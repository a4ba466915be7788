"""Answers over a real connection: whole, streamed, late, cut, refused, left early."""

import asyncio
import gc
import gzip
import threading
from contextlib import aclosing

import pytest

from harness import (
    AIMessageChunk,
    AuthenticationError,
    BadRequestError,
    ChatRequest,
    Fault,
    HumanMessage,
    InputError,
    InterruptedStreamError,
    ModelConnectionError,
    ModelTimeoutError,
    OverloadedError,
    RateLimitError,
    ServerError,
    WireError,
)

PATIENCE = 10.0

REFUSALS = [
    (400, BadRequestError),
    (401, AuthenticationError),
    (403, AuthenticationError),
    (404, BadRequestError),
    (413, BadRequestError),
    (422, BadRequestError),
    (408, ModelTimeoutError),
    (429, RateLimitError),
    (500, ServerError),
    (502, ServerError),
    (503, OverloadedError),
    (529, OverloadedError),
]


def refusal(message="No."):
    return {"error": {"message": message, "type": "some_error", "code": None}}


def test_a_whole_answer(provider, model, reply):
    """`invoke` asks for a whole reply, and reads it."""
    provider.replies(reply("Hi there"))

    message = model().invoke("Hello")

    assert message.text == "Hi there"
    assert message.usage_metadata["total_tokens"] == 5
    asked = provider.asked[0]
    assert asked.path == "/v1/chat/completions"
    assert asked.body["model"] == "gpt-5-mini"
    assert asked.body["messages"] == [{"role": "user", "content": "Hello"}]
    assert "stream" not in asked.body


def test_a_whole_answer_in_a_task(provider, model, reply):
    """`ainvoke` does the same."""
    provider.replies(reply("Hi there"))

    message = asyncio.run(model().ainvoke("Hello"))

    assert message.text == "Hi there"


def test_a_chunk_is_seen_before_the_next_is_sent(provider, model, words):
    """A chunk is given on as it arrives: the server waits until it was seen."""
    seen = threading.Event()
    first, *others = words("Hel", "lo")
    provider.streams(first, lambda: seen.wait(PATIENCE), *others)

    stream = model().stream("Hello")
    chunk = next(stream)
    seen.set()

    assert chunk.text == "Hel"
    assert [later.text for later in stream if later.text] == ["lo"]


def test_a_chunk_is_seen_before_the_next_is_sent_in_a_task(provider, model, words):
    """The same in a task."""
    seen = threading.Event()
    first, *others = words("Hel", "lo")
    provider.streams(first, lambda: seen.wait(PATIENCE), *others)

    async def texts():
        heard = []
        async for chunk in model().astream("Hello"):
            heard.append(chunk.text)
            seen.set()
        return heard

    assert [text for text in asyncio.run(texts()) if text] == ["Hel", "lo"]


def test_bytes_may_be_cut_anywhere(provider, model, words):
    """Each byte in a piece of its own makes the same answer."""
    body = b"".join(words("Grüße", " 🌦"))
    provider.streams(*(body[n : n + 1] for n in range(len(body))))

    full = sum(model().stream("Hello"))

    assert full.text == "Grüße 🌦"
    assert full.chunk_position == "last"


def test_a_stream_that_is_compressed(provider, model, words):
    """What the server has zipped is unzipped on the way."""
    body = gzip.compress(b"".join(words("Hi", " there")))
    provider.streams(body[:9], body[9:], content_encoding="gzip")

    assert sum(model().stream("Hello")).text == "Hi there"


def test_a_body_that_cannot_be_unzipped(provider, model):
    """A body that is not compressed as it says is a failed connection."""
    provider.streams(b"no zip", content_encoding="gzip")

    with pytest.raises(ModelConnectionError, match="the connection failed: Error -3"):
        model(max_retries=0).invoke("Hello")


@pytest.mark.parametrize("tasks", [False, True])
@pytest.mark.parametrize(("status", "error"), REFUSALS)
def test_each_refusal_is_an_error(provider, model, status, error, tasks):
    """A status is its error, which says what the server said, where, and which id."""
    provider.replies(refusal(), status, x_request_id="req_42")
    asked = model(max_retries=0)

    with pytest.raises(error) as caught:
        asyncio.run(asked.ainvoke("Hello")) if tasks else asked.invoke("Hello")

    assert caught.value.status == status
    assert str(caught.value) == (
        f"No. (POST {provider.url}/v1/chat/completions, request id req_42) "
        f"[status {status}]"
    )


def test_a_refusal_of_a_stream(provider, model):
    """A stream that is refused fails at its first step."""
    provider.replies(b"<h1>Not here</h1>", 404)

    with pytest.raises(BadRequestError, match="<h1>Not here</h1>"):
        next(model().stream("Hello"))


def test_a_fault_has_the_headers(provider, model):
    """Whoever plays the model itself finds the headers at the Fault."""
    provider.replies(refusal(), 400, x_request_id="req_42")

    steps = [*model().play(ChatRequest((HumanMessage("Hi"),)))]

    assert [type(step) for step in steps] == [Fault]
    assert steps[0].headers["x-request-id"] == "req_42"


def test_a_redirection_is_not_followed(provider, model):
    """Keys go where the base URL says, and nowhere else."""
    provider.replies(b"", 307, location="https://user:pw@elsewhere.example/v1?key=1")

    with pytest.raises(BadRequestError) as caught:
        model().invoke("Hello")

    assert "points to 'https://elsewhere.example/v1', which is not followed" in str(
        caught.value
    )
    assert len(provider.asked) == 1


def test_a_status_that_is_none_of_ours(provider, model):
    """A status that is neither success nor error is told as it is."""
    provider.replies(b"", 304)

    with pytest.raises(BadRequestError, match="answered with status 304"):
        model().invoke("Hello")


def test_a_refusal_that_does_not_end(provider, model):
    """The body of an error is read so far, not for ever."""
    provider.streams(b"x" * 1_100_000, provider.until_left)
    provider._answers[0].status = 500

    with pytest.raises(ServerError, match=r"xxx\.\.\."):
        model(max_retries=0).invoke("Hello")

    assert provider.left.wait(PATIENCE)


@pytest.mark.parametrize("tasks", [False, True])
def test_a_refusal_that_is_cut(provider, model, tasks):
    """A status is told, though the body broke off."""
    provider.streams(b'{"error": ', provider.cut)
    provider._answers[0].status = 401
    asked = model()

    with pytest.raises(AuthenticationError) as caught:
        asyncio.run(asked.ainvoke("Hello")) if tasks else asked.invoke("Hello")

    assert caught.value.status == 401


def test_an_error_inside_the_stream(provider, model, words):
    """An error that is told in the stream ends it, with what came before."""
    provider.streams(words("Hel", "lo")[0], b'data: {"error": {"message": "Oops"}}\n\n')

    with pytest.raises(InterruptedStreamError, match=r"Oops .*POST http") as caught:
        [*model().stream("Hello")]

    assert caught.value.partial.text == "Hel"


def test_an_error_in_a_reply_of_status_200(provider, model):
    """An error is an error, also where the status says that all is well."""
    provider.replies({"error": {"message": "Not you.", "code": 401}})

    with pytest.raises(AuthenticationError, match="Not you"):
        model().invoke("Hello")


@pytest.mark.parametrize("tasks", [False, True])
def test_a_stream_that_is_cut(provider, model, words, tasks):
    """A stream that breaks off is an error that has the part that came."""
    provider.streams(*words("Hel", "lo")[:2], provider.cut)

    async def listen():
        return [chunk async for chunk in model().astream("Hello")]

    with pytest.raises(InterruptedStreamError) as caught:
        asyncio.run(listen()) if tasks else [*model().stream("Hello")]

    assert caught.value.partial.text == "Hello"
    assert "the stream broke off after 2 chunks of the answer: peer closed" in str(
        caught.value
    )
    assert len(provider.asked) == 1


@pytest.mark.parametrize("tasks", [False, True])
def test_a_stream_that_is_cut_after_its_end_is_whole(provider, model, words, tasks):
    """What happens to the connection after the last event is nobody's loss."""
    provider.streams(*words("Hello"), provider.cut)

    async def listen():
        return [chunk async for chunk in model().astream("Hi")]

    chunks = asyncio.run(listen()) if tasks else [*model().stream("Hi")]

    assert sum(chunks).chunk_position == "last"


def test_a_stream_that_is_cut_before_its_end_is_not_whole(provider, model, words):
    """An answer that might be complete is not, once the connection has failed."""
    provider.streams(*words("Hello")[:-1], provider.cut)

    with pytest.raises(InterruptedStreamError) as caught:
        [*model().stream("Hi")]

    assert caught.value.partial.text == "Hello"


def test_a_stream_that_is_cut_inside_an_event(provider, model, words):
    """Half an event is dropped: the partial answer ends before it."""
    first, second, *_ = words("Hel", "lo")
    provider.streams(first, second[:-9], provider.cut)

    with pytest.raises(InterruptedStreamError) as caught:
        [*model().stream("Hi")]

    assert caught.value.partial.text == "Hel"


def test_a_stream_that_ends_too_early(provider, model, words):
    """A body that ends in good order, but before the answer does, is cut as well."""
    provider.streams(words("Hel", "lo")[0])

    with pytest.raises(InterruptedStreamError, match="the stream broke off without"):
        [*model().stream("Hi")]


@pytest.mark.parametrize("tasks", [False, True])
def test_a_stream_that_makes_no_sense(provider, model, words, tasks):
    """Events that cannot be read are a WireError with the part before and the place."""
    provider.streams(words("Hel", "lo")[0], b"data: {{{\n\n")

    async def listen():
        return [chunk async for chunk in model().astream("Hi")]

    with pytest.raises(WireError) as caught:
        asyncio.run(listen()) if tasks else [*model().stream("Hi")]

    assert caught.value.partial.text == "Hel"
    assert caught.value.event == 2
    place = f"That was answered to POST {provider.url}/v1/chat/completions."
    assert caught.value.__notes__ == [place]


def test_a_stream_that_makes_no_sense_and_is_cut(provider, model, words):
    """Nonsense before the cut does not hide the cut."""
    provider.streams(words("Hel", "lo")[0] + b"data: {{{\n\n", provider.cut)

    with pytest.raises(
        InterruptedStreamError, match="broke off after 1 chunk"
    ) as caught:
        [*model().stream("Hi")]

    assert caught.value.partial.text == "Hel"


@pytest.mark.parametrize("tasks", [False, True])
def test_a_server_that_never_answers(provider, model, tasks):
    """No answer in time is a timeout, which says how long was waited."""
    provider.streams(provider.hold)
    asked = model(timeout=0.05, max_retries=0)

    with pytest.raises(ModelTimeoutError) as caught:
        asyncio.run(asked.ainvoke("Hello")) if tasks else asked.invoke("Hello")

    assert str(caught.value) == (
        f"nothing came in 0.05 seconds (POST {provider.url}/v1/chat/completions)"
    )


def test_a_server_that_falls_silent(provider, model, words):
    """A stream that stops for too long has broken off."""
    provider.streams(words("Hel", "lo")[0], provider.hold)

    with pytest.raises(InterruptedStreamError) as caught:
        [*model(timeout=0.05).stream("Hello")]

    assert caught.value.partial.text == "Hel"
    assert "nothing came in 0.05 seconds after 1 chunk of the answer" in str(
        caught.value
    )


@pytest.mark.parametrize("tasks", [False, True])
def test_nobody_is_there(provider, model, tasks):
    """A connection that is refused is a connection error that names the place."""
    url = provider.url
    provider.close()
    asked = model(base_url=url, max_retries=0)

    with pytest.raises(ModelConnectionError) as caught:
        asyncio.run(asked.ainvoke("Hello")) if tasks else asked.invoke("Hello")

    assert "the connection failed:" in str(caught.value)
    assert f"(POST {url}/chat/completions)" in str(caught.value)


def test_a_url_that_only_httpx_refuses(model):
    """A URL that turns out to be none when it is used is bad input."""
    with pytest.raises(InputError, match=r"^POST http://xn--.* cannot be sent: "):
        model(base_url="http://xn--ü/v1").invoke("Hello")


def test_a_server_that_hangs_up(provider, model):
    """A server that hangs up before it answers is a connection error."""
    provider.streams(provider.cut)

    with pytest.raises(ModelConnectionError, match="disconnected"):
        model(max_retries=0).invoke("Hello")


def test_leaving_a_stream_hangs_up(provider, model, words):
    """Who stops listening lets the provider stop talking."""
    provider.streams(words("Hel", "lo")[0], provider.until_left)

    stream = model().stream("Hello")
    next(stream)
    stream.close()

    assert provider.left.wait(PATIENCE)


def test_leaving_a_stream_hangs_up_in_a_task(provider, model, words):
    """The same in a task."""
    provider.streams(words("Hel", "lo")[0], provider.until_left)

    async def listen():
        async with aclosing(model().astream("Hello")) as stream:
            return (await anext(stream)).text

    assert asyncio.run(listen()) == "Hel"
    assert provider.left.wait(PATIENCE)


def test_a_stream_that_nobody_closed(provider, model, words):
    """The end of the event loop hangs up too, and leaves nothing to warn of."""
    provider.streams(words("Hel", "lo")[0], provider.until_left)
    asked, kept = model(), []

    async def listen():
        kept.append(asked.astream("Hello"))
        return (await anext(kept[0])).text

    assert asyncio.run(listen()) == "Hel"
    assert provider.left.wait(PATIENCE)
    kept.clear()
    gc.collect()


def test_cancelling_hangs_up(provider, model, words):
    """A task that is cancelled while it waits leaves no connection behind."""
    provider.streams(words("Hel", "lo")[0], provider.until_left)

    async def listen(heard):
        async for _ in model().astream("Hello"):
            heard.set()

    async def main():
        heard = asyncio.Event()
        task = asyncio.create_task(listen(heard))
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await asyncio.to_thread(provider.left.wait, PATIENCE)

    assert asyncio.run(main())


def test_a_connection_that_will_close_is_not_waited_for(provider, model, words):
    """After its last event, a stream is only read on to keep its connection."""
    provider.streams(*words("Hello"), provider.until_left, connection="close")

    full = sum(model().stream("Hello"))

    assert full.chunk_position == "last"
    assert provider.left.wait(PATIENCE)


@pytest.mark.parametrize("tasks", [False, True])
def test_a_server_that_goes_on_after_the_end_is_left(provider, model, words, tasks):
    """It may say a little more, but not for ever."""
    ended = threading.Event()
    more = [b": and\n"] * 100
    provider.streams(*words("Hello"), *more, provider.hold, ended.set)

    async def listen():
        return [chunk async for chunk in model().astream("Hello")]

    full = sum(asyncio.run(listen()) if tasks else model().stream("Hello"))

    assert full.chunk_position == "last"
    assert not ended.is_set()


def test_a_connection_that_will_close_is_not_waited_for_in_a_task(
    provider, model, words
):
    """The same in a task."""
    provider.streams(*words("Hello"), provider.until_left, connection="close")

    async def listen():
        return [chunk async for chunk in model().astream("Hello")]

    assert asyncio.run(listen())[-1].chunk_position == "last"
    assert provider.left.wait(PATIENCE)


def test_steps_are_chunks_and_faults(provider, model, words):
    """`play` gives steps; nothing is sent before the first is taken."""
    provider.streams(*words("Hi"))

    steps = model().play(ChatRequest((HumanMessage("Hello"),), stream=True))
    before = len(provider.asked)
    played = [*steps]

    assert before == 0
    assert all(isinstance(step, AIMessageChunk) for step in played)
