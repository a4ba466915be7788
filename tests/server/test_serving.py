"""A fake provider on a socket: what clients get, and how it ends."""

import asyncio
import socket
import sys
import threading
from typing import Any

import httpx
import openai
import pytest

from harness import (
    FakeProvider,
    Glitch,
    HarnessError,
    InputError,
    Quota,
    ScriptExhausted,
    UnscriptedRequest,
    fail,
    pause,
    say,
)
from harness.models.clocks import SkippingClock

PATIENCE = 20.0


def test_a_served_fake_answers_in_each_dialect(chat):
    """The path of a request tells the format, and one script goes on."""
    fake = FakeProvider("one", "two")

    with fake.serve() as server:
        first = chat(server).text("Hi")
        second = chat(server).http.post(
            "/v1/messages",
            json={
                "model": "m",
                "max_tokens": 9,
                "messages": chat(server).asked()["messages"],
            },
        )

    assert first == "one"
    assert second.json()["content"] == [{"type": "text", "text": "two"}]
    assert [call.text for call in fake.calls] == ["Hi", "Hi"]
    assert [request.dialect for request in fake.requests] == [
        "openai-chat",
        "anthropic-messages",
    ]


def test_an_sdk_streams_from_it():
    """Over loopback a stream is the same as in process."""
    fake = FakeProvider(say("The sky is blue.", cut=["The sky", " is", " blue."]))

    with fake.serve() as server:
        client = openai.OpenAI(api_key="x", base_url=f"{server.url}/v1")
        stream = client.chat.completions.create(
            model="m", messages=[{"role": "user", "content": "Hi"}], stream=True
        )
        said = [chunk.choices[0].delta.content for chunk in stream]
        client.close()

    assert said == ["", "The sky", " is", " blue.", None]


def test_it_speaks_the_text_of_any_language(chat):
    """What is asked and said comes through as it is."""
    fake = FakeProvider(say("Zürich 👩‍🚀 ✓", cut="characters"))

    with fake.serve() as server:
        client = chat(server)
        with client.stream("Où?") as answer:
            said = answer.read()

    assert "".join(client.deltas(said)) == "Zürich 👩‍🚀 ✓"
    assert fake.calls[0].text == "Où?"


def test_what_has_no_pause_comes_in_one_piece_and_a_pause_flushes(chat, clock):
    """A client sees what came before a pause, while the script waits."""
    fake = FakeProvider(say("a b ", pause(60), "c d"))

    with fake.serve(clock=clock) as server:
        client = chat(server)
        with client.stream() as answer:
            pieces = answer.iter_raw()
            before = next(pieces)
            assert clock.waiting.wait(PATIENCE)
            clock.let()
            after = b"".join(pieces)

    assert client.deltas(before) == ["", "a", " b", " "]
    assert client.deltas(after) == ["c", " d", ""]


def test_a_pause_before_the_first_chunk_holds_the_head_back(chat, clock):
    """Status and headers wait, as with a slow provider."""
    fake = FakeProvider(say(pause(60), "Late."))

    with fake.serve(clock=clock) as server:
        impatient = chat(server, timeout=0.05)
        with pytest.raises(httpx.ReadTimeout):
            impatient.ask()
        assert clock.waiting.is_set()

    assert fake.requests[0].ended == "truncated"


def test_waits_are_real_unless_a_clock_skips_them(chat):
    """By default other processes get them; the clock of the fake skips them."""
    fake = FakeProvider(say(pause(0.05), "a"), say(pause(3600), "b"))

    with fake.serve() as server:
        assert type(server.application.clock).__name__ == "RealClock"
        assert chat(server).text() == "a"
    with fake.serve(clock=SkippingClock()) as server:
        assert chat(server).text() == "b"


def test_a_client_that_leaves_is_noted(chat, clock):
    """The answer was truncated, and nothing waits any longer."""
    fake = FakeProvider(say("a ", pause(60), "b"))

    with fake.serve(clock=clock) as server:
        client = chat(server)
        with client.stream() as answer:
            next(answer.iter_raw())
            assert clock.waiting.wait(PATIENCE)
        client.http.close()
        assert clock.given_up.wait(PATIENCE)

    assert fake.requests[0].ended == "truncated"
    assert b'"b"' not in fake.requests[0].body


@pytest.mark.parametrize(
    "turn, error",
    [
        (fail("connection"), httpx.ReadError),
        (fail("interrupted"), httpx.RemoteProtocolError),
        (say("a b", fail("connection")), httpx.ReadError),
    ],
)
def test_a_connection_breaks_as_the_script_says(chat, turn, error):
    """It is reset, or hangs up before it has said anything."""
    fake = FakeProvider(turn)

    with fake.serve() as server, pytest.raises(error), chat(server).stream() as answer:
        answer.read()

    assert fake.requests[0].ended in ("connection", "interrupted")


def test_what_was_sent_before_a_reset_arrives(chat):
    """A reset after a chunk is one after that chunk."""
    fake = FakeProvider(say("a b", fail("connection")))

    with fake.serve() as server:
        client = chat(server)
        came = client.broken(httpx.ReadError)

    assert client.deltas(came) == ["", "a", " b"]


def test_an_early_end_is_a_proper_one(chat):
    """Nobody hears it but who reads what was said: no [DONE], no finish reason."""
    fake = FakeProvider(say("a b", fail("interrupted")))

    with fake.serve() as server:
        client = chat(server)
        with client.stream() as answer:
            data = answer.read()

    assert client.deltas(data) == ["", "a", " b"]
    assert b"[DONE]" not in data


def test_a_stall_lasts_until_the_client_leaves(chat):
    """Nothing comes, and the connection stays."""
    fake = FakeProvider(say("a b", fail("timeout")), fail("timeout"))

    with fake.serve() as server:
        client = chat(server, timeout=0.05)
        for _ in range(2):
            with pytest.raises(httpx.ReadTimeout), client.stream() as answer:
                answer.read()

    assert [request.ended for request in fake.requests] == ["timeout"] * 2


def test_stopping_ends_a_stall(chat):
    """A client that waits hears that it is over, at once."""
    fake = FakeProvider(fail("timeout"))
    heard: list[BaseException] = []

    def wait() -> None:
        try:
            client.ask()
        except httpx.HTTPError as error:
            heard.append(error)

    with fake.serve() as server:
        client = chat(server)
        waiting = threading.Thread(target=wait)
        waiting.start()
        while not fake.requests:
            waiting.join(0.001)
    waiting.join(PATIENCE)

    assert [type(error) for error in heard] == [httpx.ReadError]


def test_a_request_without_a_lawful_answer_is_told_twice(chat):
    """To the client, in its provider's words and not to be retried; and to the test."""
    fake = FakeProvider("one")

    def run() -> None:
        with fake.serve() as server:
            chat(server).text()
            answers.append(chat(server).ask("again"))

    answers: list[httpx.Response] = []
    with pytest.raises(UnscriptedRequest) as raised:
        run()
    (answer,) = answers

    assert answer.status_code == 400
    assert answer.headers["x-should-retry"] == "false"
    assert answer.json()["error"]["message"].startswith(
        "chat-harness: The script has 1 turn, all played, and is asked 'again'"
    )
    assert isinstance(raised.value.error, ScriptExhausted)


def test_an_sdk_does_not_retry_it(quietly):
    """It hears of a bad request, once."""
    fake = FakeProvider()

    with quietly(fake.serve()) as server:
        client = openai.OpenAI(api_key="x", base_url=f"{server.url}/v1", max_retries=5)
        with pytest.raises(openai.BadRequestError):
            client.responses.create(model="m", input="Hi")
        client.close()

    assert len(fake.requests) == 1


def test_an_error_of_the_block_comes_first(chat):
    """What had no answer is noted on it."""
    fake = FakeProvider()

    def run() -> None:
        with fake.serve() as server:
            chat(server).ask()
            raise KeyError("mine")

    with pytest.raises(KeyError) as raised:
        run()

    assert raised.value.__notes__[0].startswith(
        "The server had no answer: The script has no turns"
    )


def test_a_function_that_raises_is_a_mistake_of_the_test(chat, quietly):
    """It is no failure of the provider."""

    def turn(request: Any) -> Any:
        raise ZeroDivisionError("mine")

    fake = FakeProvider(turn)

    with quietly(fake.serve()) as server:
        answer = chat(server).ask()

    assert answer.status_code == 400
    (failure,) = server.application.failures()
    assert str(failure) == "the script raised ZeroDivisionError('mine')"
    assert isinstance(failure.__cause__, ZeroDivisionError)


def test_a_mistake_in_mid_stream_is_told_in_the_stream(chat, quietly, clock):
    """An error event, and then the connection breaks."""

    def turn(request: Any) -> Any:
        yield "a "
        yield pause(1)
        raise ZeroDivisionError("mine")

    fake = FakeProvider(turn)
    clock.let()

    with quietly(fake.serve(clock=clock)) as server:
        came = chat(server).broken(httpx.ReadError)

    assert b'"content":"a "' in came
    assert b'data: {"error":{"message":"chat-harness: the script raised' in came


def test_nothing_runs_when_it_has_stopped(chat):
    """No thread is left, and nobody listens."""
    before = {*threading.enumerate()}
    with FakeProvider("Hi").serve() as server:
        url = server.url
        client = chat(server)
        client.text()

    assert {*threading.enumerate()} - before == set()
    with pytest.raises(httpx.ConnectError):
        client.http.get(url)
    with pytest.raises(InputError, match="has not been started"):
        _ = server.url
    assert repr(server) == "<Server, stopped>"


def test_it_serves_from_a_coroutine_too():
    """`async with` is the same block."""

    async def run() -> str:
        asked = {"model": "m", "messages": [{"role": "user", "content": "a"}]}
        async with (
            FakeProvider("Hi").serve() as server,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            url = f"{server.url}/v1/chat/completions"
            answer = await client.post(url, json=asked)
        said: str = answer.json()["choices"][0]["message"]["content"]
        return said

    assert asyncio.run(run()) == "Hi"


def test_a_port_that_is_taken_is_told():
    """With the place and the reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HarnessError, match=f"listen at 127.0.0.1:{port}: .*in use"):
            FakeProvider("Hi").serve(port=port).start()


@pytest.mark.parametrize("host, port", [("127.0.0.1", -1), ("x", "1"), (7, 0)])
def test_a_place_that_is_none_is_refused(host, port):
    """Before anything listens."""
    with pytest.raises(InputError, match="a number from 0 to 65535"):
        FakeProvider("Hi").serve(host=host, port=port).start()


def test_a_missing_library_is_named_with_its_extra(monkeypatch):
    """What to install is said."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "harness.server.uvicorn_server", raising=False)

    with pytest.raises(InputError, match=r"pip install 'chat-harness\[server\]'"):
        FakeProvider("Hi").serve().start()


def test_it_starts_once():
    """A server that runs is not started again."""
    with FakeProvider("Hi").serve() as server:
        starting = pytest.raises(InputError, match="runs already, at http://127")
        with starting:
            server.start()


def test_each_session_has_limits_and_faults_of_its_own():
    """What one has used up, or come through, is another's to come."""
    fake = FakeProvider(
        say("Hello!", times="forever"),
        glitches=[Glitch(503, call=0)],
        quota=Quota(requests_per_minute=1),
    )
    asked = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    seen = []

    with fake.serve() as server, httpx.Client(base_url=server.url) as client:
        for name in ("one", "one", "one", "two", "two", "two"):
            answer = client.post(
                "/v1/chat/completions", json=asked, headers={"x-harness-session": name}
            )
            seen.append(answer.status_code)

    assert seen == [503, 200, 429] * 2
