"""What a fake takes, what it lets pass, and what is a mistake of the test."""

import asyncio
import http.client
import socket
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp
import httpx
import pytest
import requests
import urllib3
import websockets.sync.client

from harness import FakeProvider, InputError, NetworkBlocked, UnscriptedRequest, say
from harness.recording import PROVIDER_HOSTS, block_network
from harness.recording.hosts import host_of, is_one_of
from harness.services import ANTHROPIC, COMPATIBLE, GEMINI, OLLAMA, OPENAI

PATH = "/v1/chat/completions"
ASKED: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


async def aiohttp_post(url: str) -> bytes:
    """Ask with aiohttp."""
    async with aiohttp.ClientSession() as session, session.post(url, json=ASKED) as a:
        return await a.read()


POSTS: dict[str, Callable[[str], bytes]] = {
    "httpx": lambda url: httpx.post(url, json=ASKED).content,
    "requests": lambda url: requests.post(url, json=ASKED, timeout=9).content,
    "urllib3": lambda url: urllib3.request("POST", url, json=ASKED).data,
    "aiohttp": lambda url: asyncio.run(aiohttp_post(url)),
}


@pytest.fixture(params=POSTS)
def client(request: pytest.FixtureRequest) -> str:
    """Name each client."""
    return str(request.param)


def words(count: int = 9) -> FakeProvider:
    """Give a provider that has the same answer often."""
    return FakeProvider(say("of the fake", times=count))


# ------------------------------------------------------------------ known hosts


SERVICES = (OPENAI, ANTHROPIC, GEMINI, OLLAMA, *COMPATIBLE.values())
URLS = (
    *(service.base_url for service in SERVICES),
    "https://eu.api.openai.com",
    "https://lab.openai.azure.com",
    "https://us-east5-aiplatform.googleapis.com",
    "https://bedrock-runtime.eu-west-1.amazonaws.com",
    "https://api.cohere.com",
)


@pytest.mark.parametrize("url", URLS)
def test_hosts_of_providers_are_known(url: str) -> None:
    """Those that the services of this package ask, and more."""
    assert is_one_of(PROVIDER_HOSTS, *host_of(url))


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("openai.com", 443),
        ("api.openai.com.evil.test", 443),
        ("storage.googleapis.com", 443),
        ("s3.eu-west-1.amazonaws.com", 443),
        ("localhost", 8000),
        ("localhost", None),
    ],
)
def test_other_hosts_are_not(host: str, port: int | None) -> None:
    """Nor what only looks like one."""
    assert not is_one_of(PROVIDER_HOSTS, host, port)


def test_ollama_is_a_provider_on_this_machine(client: str) -> None:
    """Its port is known; any other on this machine is no provider's."""
    with words().intercept():
        assert b"of the fake" in POSTS[client](f"http://localhost:11434{PATH}")


# ------------------------------------------------------------------ given hosts


@pytest.mark.parametrize(
    "url",
    [
        "http://llm.internal:8080",
        "https://lab.example.com",
        "https://LAB.Example.com",
        "https://lab.example.com:8443",
    ],
)
def test_given_hosts_are_taken(client: str, url: str) -> None:
    """By name and port, or by pattern, in any case."""
    fake = words()

    with fake.intercept("llm.internal:8080", "*.Example.com"):
        assert b"of the fake" in POSTS[client](url + PATH)


@pytest.mark.parametrize("others", ["block", "pass"])
def test_providers_that_are_not_among_them_are_refused(
    client: str, others: Any
) -> None:
    """A test that fakes one provider reaches no other, whatever passes."""
    fake = words()
    url = f"https://api.anthropic.com{PATH}"

    with fake.intercept("llm.internal:8080", others=others) as interception:
        with pytest.raises(NetworkBlocked) as refused:
            POSTS[client](url)
        assert interception.forget() == (refused.value,)

    text = str(refused.value)
    assert f"tried to reach api.anthropic.com:443 through {client}" in text
    assert (
        "It is the host of a provider, but none of "
        "fake.intercept('llm.internal:8080'), and nothing was sent. Put it there as "
        "well, to have the fake answer it: "
        "fake.intercept('llm.internal:8080', 'api.anthropic.com')."
    ) in text
    assert fake.requests == []


# ------------------------------------------------------------------------ others


def test_other_hosts_are_blocked(client: str) -> None:
    """The error says which host, by which client, from which line, and what to do."""
    fake = words()

    with fake.intercept() as interception:
        with pytest.raises(NetworkBlocked) as refused:
            POSTS[client]("https://tools.example.com/now")
        assert interception.refused == (refused.value,)
        interception.forget()

    error = refused.value
    assert (error.host, error.port) == ("tools.example.com", 443)
    assert error.client.split(" > ")[0] == client
    assert "test_intercept_hosts.py:" in error.code
    assert str(error).endswith(
        "Other hosts are blocked while fake.intercept() is open, and nothing was "
        "sent. Let them pass: fake.intercept(others='pass'); or have the fake answer "
        "it: fake.intercept('tools.example.com')."
    )


def test_this_machine_is_not_blocked(server: Any, client: str) -> None:
    """Servers of the test are asked as ever."""
    fake = words()

    with fake.intercept():
        said = POSTS[client](server.url)

    assert said.startswith(b"echo ")
    assert fake.requests == []


def test_a_server_on_this_machine_can_be_taken(server: Any, client: str) -> None:
    """By its host and port."""
    fake = words()

    with fake.intercept(server.url.removeprefix("http://")):
        said = POSTS[client](server.url + PATH)

    assert b"of the fake" in said
    assert server.asked == []


def test_others_pass_to_the_network(client: str) -> None:
    """Whatever that is: here somebody else blocks it."""
    fake = words()

    with block_network() as guard:
        with fake.intercept(others="pass") as interception:
            with pytest.raises(NetworkBlocked, match="No network is allowed here"):
                POSTS[client]("https://tools.example.com/now")
            assert interception.refused == ()
        assert [attempt.host for attempt in guard.forget()] == ["tools.example.com"]


def test_others_pass_through_their_proxy(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tunnel that waited until it is known who answers is made then."""
    fake = words()
    monkeypatch.setenv("HTTPS_PROXY", server.url)

    with fake.intercept(others="pass"):
        with pytest.raises(requests.exceptions.ProxyError, match="501"):
            POSTS["requests"]("https://tools.example.com/now")
        assert b"of the fake" in POSTS["requests"](f"https://api.openai.com{PATH}")


def test_a_proxy_on_this_machine_is_no_way_out(
    server: Any, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the host that is asked for which is judged."""
    fake = words()
    monkeypatch.setenv("HTTPS_PROXY", server.url)

    with fake.intercept() as interception:
        with pytest.raises(NetworkBlocked):
            POSTS[client]("https://tools.example.com/now")
        interception.forget()

    assert server.asked == []


# --------------------------------------------------------------- not intercepted


def over_http_client() -> None:
    """Ask a provider with Python's own client."""
    http.client.HTTPSConnection("api.openai.com").request("POST", PATH)


def over_urllib() -> None:
    """The same, with the one above it."""
    urllib.request.urlopen(f"https://api.openai.com{PATH}")


def over_a_socket() -> None:
    """Connect to a provider."""
    socket.create_connection(("api.openai.com", 443))


def over_asyncio() -> None:
    """Connect to a provider, awaited."""
    asyncio.run(asyncio.open_connection("api.openai.com", 443))  # type: ignore[arg-type]


def over_websockets() -> None:
    """Talk to a provider over a websocket."""
    websockets.sync.client.connect("wss://api.openai.com/v1/realtime", proxy=None)


def over_aiohttp_websocket() -> None:
    """The same, with a client of which requests are intercepted."""

    async def talk() -> None:
        async with aiohttp.ClientSession() as session:
            await session.ws_connect("wss://api.openai.com/v1/realtime")

    asyncio.run(talk())


ASTRAY: dict[str, Callable[[], None]] = {
    "http.client > socket": over_http_client,
    "urllib.request > http.client > socket": over_urllib,
    "socket": over_a_socket,
    "asyncio.streams": over_asyncio,
    "websockets > socket": over_websockets,
    "aiohttp": over_aiohttp_websocket,
}


@pytest.mark.parametrize("others", ["block", "pass"])
@pytest.mark.parametrize("name", ASTRAY)
def test_a_call_that_is_not_intercepted_says_who_made_it(
    name: str, others: Any
) -> None:
    """A client that nothing is put under does not slip past the fake."""
    fake = words()

    with fake.intercept(others=others) as interception:
        with pytest.raises(NetworkBlocked) as refused:
            ASTRAY[name]()
        assert interception.forget() == (refused.value,)

    error = refused.value
    assert (error.host, error.client) == ("api.openai.com", name)
    assert "test_intercept_hosts.py:" in error.code
    assert str(error).endswith(
        "It is a host of the fake, and the call was not intercepted, so nothing was "
        "sent. What is intercepted are httpx, httpx2, requests, urllib3 and aiohttp: "
        "let the application use one of them."
    )


def test_a_call_that_is_not_intercepted_fails_the_test() -> None:
    """Also where the application swallows it all."""
    fake = words()

    def application() -> None:
        for call in (over_http_client, over_a_socket):
            with suppress(BaseException):
                call()

    with pytest.raises(NetworkBlocked, match="Raised again") as told, fake.intercept():
        application()

    assert told.value.client == "http.client > socket"
    (note,) = told.value.__notes__
    assert "Refused as well" in note
    assert "through socket" in note


# ------------------------------------------------------------ what is raised again


def test_what_the_script_cannot_answer_fails_the_test(client: str) -> None:
    """Once, with all that came after it, where the application swallows it."""
    fake = FakeProvider("only one")

    def application() -> None:
        for _ in range(3):
            with suppress(BaseException):
                POSTS[client](f"https://api.openai.com{PATH}")

    with pytest.raises(UnscriptedRequest, match="1 turn") as told, fake.intercept():
        application()

    assert "raised again" in told.value.__notes__[0]
    assert len(told.value.__notes__) == 2


def test_what_was_expected_is_not_raised_again() -> None:
    """A later block does not tell what an earlier one has told."""
    fake = FakeProvider("only one")
    url = f"https://api.openai.com{PATH}"

    with fake.intercept() as interception:
        POSTS["httpx"](url)
        with pytest.raises(UnscriptedRequest) as first:
            POSTS["httpx"](url)
        assert interception.unanswered == (first.value,)
        assert interception.forget() == (first.value,)
    with fake.intercept() as interception:
        assert interception.unanswered == ()


def test_a_block_that_fails_has_its_own_error() -> None:
    """And notes of what went wrong before."""
    fake = FakeProvider("only one")

    def application() -> None:
        with suppress(BaseException):
            over_a_socket()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as raised, fake.intercept():
        application()

    (note,) = raised.value.__notes__
    assert note.startswith("Meanwhile, without an answer: ")


# ------------------------------------------------------------------------- inputs


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("https://api.openai.com/v1", "Did you mean 'api.openai.com'?"),
        ("api.openai.com/v1", "without a path."),
        ("", "'' is no host"),
        (8080, "8080 is no host"),
    ],
)
def test_what_is_no_host_is_refused(host: Any, hint: str) -> None:
    """At once, and not when nothing is intercepted."""
    with pytest.raises(InputError) as error:
        words().intercept(host)

    assert hint in str(error.value)


def test_an_unknown_rule_is_refused() -> None:
    """With the ones that there are."""
    others: Any = "blok"

    with pytest.raises(InputError, match=r"others='blok'. Did you mean 'block'\?"):
        words().intercept(others=others)


def test_a_block_is_opened_once_at_a_time() -> None:
    """But again after it was closed."""
    fake = words()
    interception = fake.intercept()

    with interception, pytest.raises(InputError, match="open already"):
        interception.__enter__()
    with interception:
        assert b"of the fake" in POSTS["httpx"](f"https://api.openai.com{PATH}")
