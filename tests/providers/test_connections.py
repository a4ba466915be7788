"""Connections: kept, shared by copies, one client for each event loop, closed."""

import asyncio
import copy
import gc
import os
import pickle
import threading
import traceback

import httpx
import pytest

from harness import InputError, RealClock
from harness.providers import OpenAIChatModel
from harness.providers.connections import Connections

SECRET = "sk-geheim-123"


def test_a_connection_is_used_again(provider, model, reply, words):
    """Calls one after the other share a connection, streamed or not."""
    provider.replies(reply("1"))
    provider.streams(*words("2"))
    provider.replies(reply("3"))
    asked = model()

    asked.invoke("Hi")
    sum(asked.stream("Hi"))
    asked.bind(temperature=0).invoke("Hi")

    assert [request.connection for request in provider.asked] == [1, 1, 1]


def test_a_connection_is_used_again_in_a_task(provider, model, reply, words):
    """The same in one event loop."""
    provider.replies(reply("1"))
    provider.streams(*words("2"))
    provider.replies(reply("3"))
    asked = model()

    async def main():
        await asked.ainvoke("Hi")
        async for _ in asked.astream("Hi"):
            pass
        await asked.bind(temperature=0).ainvoke("Hi")

    asyncio.run(main())

    assert [request.connection for request in provider.asked] == [1, 1, 1]


def test_a_refused_call_keeps_the_connection(provider, model, reply):
    """The body of an error is read to its end."""
    provider.replies({"error": {"message": "No."}}, 500)
    provider.replies(reply("Hi"))

    model().invoke("Hi")

    assert provider.connections == 1


def test_each_event_loop_has_its_own(provider, model, reply):
    """A model may be used in one loop after the other, without being closed."""
    asked = model()

    for n in (1, 2, 3):
        provider.replies(reply("Hi"))
        asyncio.run(asked.ainvoke("Hi"))
        gc.collect()  # a connection that was left open would warn

        assert provider.connections == n
    assert len(asked._connections._loops) == 1


def test_event_loops_in_threads(provider, model, reply):
    """Loops that run side by side do not get in each other's way."""
    asked = model()
    heard = []
    for _ in range(4):
        provider.replies(reply("Hi"))

    def run():
        heard.append(asyncio.run(asked.ainvoke("Hello")).text)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert heard == ["Hi"] * 4


def test_tasks_that_begin_together_share_the_client(provider, model, reply):
    """However many tasks a loop has, it makes one client."""
    asked = model()
    for _ in range(5):
        provider.replies(reply("Hi"))

    answers = asyncio.run(asked.abatch(["Hello"] * 5))

    assert [message.text for message in answers] == ["Hi"] * 5
    assert len(asked._connections._loops) == 1


def test_a_batch_in_threads(provider, model, reply):
    """A batch of blocking calls works side by side."""
    for _ in range(8):
        provider.replies(reply("Hi"))

    answers = model().batch(["Hello"] * 8, {"max_concurrency": 4})

    assert [message.text for message in answers] == ["Hi"] * 8
    assert provider.connections <= 4


def test_close_and_go_on(provider, model, reply):
    """What was closed opens again when it is needed."""
    provider.replies(reply("1"))
    provider.replies(reply("2"))
    asked = model()

    with asked as entered:
        entered.invoke("Hi")
    asked.close()
    asked.invoke("Hi")

    assert [request.connection for request in provider.asked] == [1, 2]


def test_close_and_go_on_in_a_task(provider, model, reply):
    """The same in a task, of both kinds of connections."""
    for _ in range(4):
        provider.replies(reply("Hi"))
    asked = model()

    async def main():
        async with asked as entered:
            await entered.ainvoke("Hi")
            entered.invoke("Hi")
        await asked.aclose()
        await asked.ainvoke("Hi")
        asked.invoke("Hi")

    asyncio.run(main())

    assert [request.connection for request in provider.asked] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "name, value",
    [
        ("HTTPS_PROXY", f"strange://me:{SECRET}@x"),
        ("NO_PROXY", "[::1],x y"),
        ("SSL_CERT_FILE", "/there/is/no/such/file"),
    ],
)
@pytest.mark.parametrize("tasks", [False, True])
def test_an_environment_that_httpx_refuses(monkeypatch, name, value, tasks):
    """What is wrong with it is told, and no secret of a proxy."""
    monkeypatch.setenv(name, value)
    asked = OpenAIChatModel("m", base_url="https://x.invalid/v1")

    with pytest.raises(InputError, match="httpx cannot be used here") as caught:
        asyncio.run(asked.ainvoke("Hi")) if tasks else asked.invoke("Hi")

    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no other process")
def test_another_process_has_its_own(provider, model, reply):
    """A forked process would otherwise read the answers of its parent."""
    provider.replies(reply("1"))
    provider.replies(reply("2"))
    provider.replies(reply("3"))
    asked = model()
    asked.invoke("Hi")

    child = os.fork()
    if not child:
        os._exit(asked.invoke("Hi").text != "2")
    _, status = os.waitpid(child, 0)
    asked.invoke("Hi")

    assert status == 0
    assert [request.connection for request in provider.asked] == [1, 2, 1]


def test_a_model_that_is_forgotten_closes(provider, model, reply):
    """Nobody has to close a model: what it opened goes with it."""
    provider.replies(reply("Hi"))
    asked = model()
    asked.invoke("Hi")
    client = asked._connections.client()

    del asked
    gc.collect()

    assert client.is_closed


def test_a_model_that_is_forgotten_in_a_task_closes(provider, model, reply):
    """The event loop closes what a forgotten model has left in it."""
    provider.replies(reply("Hi"))

    async def main():
        asked = model()
        await asked.ainvoke("Hello")
        client = await asked._connections.aclient()
        del asked
        gc.collect()
        while not client.is_closed:  # noqa: ASYNC110 - the loop closes it, untold
            await asyncio.sleep(0)
        return client.is_closed

    assert asyncio.run(asyncio.wait_for(main(), 10))


def test_copies_share_the_connections(model):
    """Whatever is made of a model talks over the same connections."""
    asked = model()

    for other in (copy.copy(asked), copy.deepcopy(asked), asked.bind(seed=1)):
        assert other._connections is asked._connections
    assert copy.deepcopy(asked._connections) is asked._connections


def test_a_pickled_model_makes_its_own(provider, model, reply):
    """A model may be sent to another process, and works there."""
    provider.replies(reply("1"))
    provider.replies(reply("2"))
    asked = model(clock=RealClock(), api_key="sk-secret")
    asked.invoke("Hi")

    other = pickle.loads(pickle.dumps(asked))
    other.invoke("Hi")

    assert other._connections is not asked._connections
    assert provider.asked[1].headers["authorization"] == "Bearer sk-secret"


def test_a_key_that_was_found_is_not_pickled(model, monkeypatch):
    """A pickle says where the key is, and not what it is."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    pickled = pickle.dumps(model(clock=RealClock()))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-other")

    other = pickle.loads(pickled)

    assert b"sk-secret" not in pickled
    assert other._key.hidden("sk-other") == "***"


def test_a_client_of_your_own(provider, model, reply, words):
    """A client that was given is used, with its headers, and left open."""
    provider.replies(reply("Hi"))
    provider.streams(*words("Ho"))
    client = httpx.Client(headers={"x-mine": "1"}, trust_env=False)

    async def main():
        async with httpx.AsyncClient(headers={"x-mine": "2"}, trust_env=False) as other:
            asked = model(client=client, async_client=other)
            asked.invoke("Hi")
            async for _ in asked.astream("Hi"):
                pass
            await asked.aclose()
            return client.is_closed, other.is_closed

    assert asyncio.run(main()) == (False, False)
    assert [request.headers["x-mine"] for request in provider.asked] == ["1", "2"]
    client.close()


def test_a_client_of_your_own_keeps_its_limits(model, provider):
    """A given client's own timeout holds, where none is given beside it."""
    provider.streams(provider.hold)
    with httpx.Client(timeout=0.05, trust_env=False) as client:
        asked = model(client=client, max_retries=0)

        with pytest.raises(TimeoutError, match=r"nothing came in 0\.05 seconds"):
            asked.invoke("Hi")


def test_a_client_for_one_kind_of_call(model):
    """A client is never made beside one that was given: it would go elsewhere."""
    with httpx.Client() as client:
        asked = model(client=client)

        with pytest.raises(InputError, match="no async_client= for ainvoke"):
            asyncio.run(asked.ainvoke("Hi"))


def test_an_async_client_for_one_kind_of_call(model):
    """The other way round."""
    asked = model(async_client=httpx.AsyncClient())

    with pytest.raises(InputError, match="no client= for invoke"):
        asked.invoke("Hi")


def test_a_client_that_is_closed(model):
    """A closed client is named, not run into."""
    client = httpx.Client()
    client.close()

    with pytest.raises(InputError, match=r"^The client= .* is closed"):
        model(client=client).invoke("Hi")


@pytest.mark.parametrize("name", ["client", "async_client"])
def test_what_is_no_client(model, name):
    """Anything else is refused, with its value."""
    with pytest.raises(InputError, match=rf"^{name}='x' is no httpx"):
        model(**{name: "x"})


def test_a_client_of_your_own_is_not_pickled():
    """A client cannot travel, and must not be lost on the way."""
    with httpx.Client() as client, pytest.raises(InputError, match="cannot be pickled"):
        pickle.dumps(Connections(client=client))


@pytest.mark.parametrize("timeout", [0, -1, "5", True, float("inf"), float("nan"), [1]])
def test_what_is_no_timeout(model, timeout):
    """A timeout is a number of seconds above 0, or httpx's own."""
    with pytest.raises(InputError, match=r"^timeout="):
        model(timeout=timeout)


def test_a_timeout_of_httpx(model, provider):
    """An `httpx.Timeout` is taken as it is."""
    provider.streams(provider.hold)
    asked = model(timeout=httpx.Timeout(5, read=0.05), max_retries=0)

    with pytest.raises(TimeoutError, match=r"nothing came in 0\.05 seconds"):
        asked.invoke("Hi")
