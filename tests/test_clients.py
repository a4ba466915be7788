"""Clients by one call: as their SDKs make them, on the fake's transport."""

import asyncio
import sys
from types import SimpleNamespace
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
from pydantic_ai import Agent

from harness import FakeProvider, InputError, fail
from harness.clients import _http

HI: Any = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    "kind, module, package",
    [
        ("openai", "openai", "openai"),
        ("async_openai", "openai", "openai"),
        ("anthropic", "anthropic", "anthropic"),
        ("async_anthropic", "anthropic", "anthropic"),
        ("google_genai", "google.genai", "google-genai"),
        ("langchain_openai", "langchain_openai", "langchain-openai"),
        ("langchain_anthropic", "langchain_anthropic", "langchain-anthropic"),
    ],
)
def test_what_is_not_installed_is_named(
    kind: str, module: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(InputError) as raised:
        getattr(FakeProvider(), kind)()

    told = str(raised.value)
    assert told.startswith(
        f"{kind}() makes a client of {module!r}, which cannot be imported ("
    )
    assert told.endswith(f" Install it: pip install {package}.")


def test_pydantic_ai_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its package is the slim one: the SDKs come on their own."""
    monkeypatch.setitem(sys.modules, "pydantic_ai.models", None)

    with pytest.raises(InputError, match=r"pip install pydantic-ai-slim\.$"):
        FakeProvider().pydantic_ai("openai:gpt-5-mini")


def test_clients_are_as_their_sdks_make_them() -> None:
    """Retries and timeouts are those of the SDK."""
    fake = FakeProvider()

    for client in (fake.openai(), fake.async_openai()):
        assert client.max_retries == openai.DEFAULT_MAX_RETRIES
        assert client.timeout == openai.DEFAULT_TIMEOUT
    for claude in (fake.anthropic(), fake.async_anthropic()):
        assert claude.max_retries == anthropic.DEFAULT_MAX_RETRIES
        assert claude.timeout == anthropic.DEFAULT_TIMEOUT


def test_retries_are_those_of_the_sdk() -> None:
    """A failure is retried as in real life, at the pace that the script asks for."""
    fake = FakeProvider(fail(429, retry_after=0.001), fail(529), "Hello!")

    answer = fake.anthropic(max_retries=2).messages.create(
        model="claude-sonnet-5", max_tokens=9, messages=HI
    )

    assert getattr(answer.content[0], "text", "") == "Hello!"
    assert [request.status for request in fake.requests] == [429, 529, 200]


def test_options_go_to_the_sdk() -> None:
    """A timeout is that of the request, a base URL where it goes."""
    fake = FakeProvider("one", "two", "three", "four")

    fake.openai(timeout=7, base_url="https://proxy.example/v1").responses.create(
        model="gpt-5-mini", input="Hi"
    )
    fake.google_genai(http_options={"timeout": 8000}).models.generate_content(
        model="gemini-2.5-flash", contents="Hi"
    )
    fake.langchain_openai(model="gpt-5", timeout=9).invoke("Hi")
    fake.langchain_anthropic(model="claude-opus-4-8", timeout=10).invoke("Hi")

    assert [request.patience for request in fake.requests] == [7, 8, 9, 10]
    assert fake.requests[0].url == "https://proxy.example/v1/responses"
    models = [request.asked and request.asked.model for request in fake.requests]
    assert models == ["gpt-5-mini", "gemini-2.5-flash", "gpt-5", "claude-opus-4-8"]


def test_options_of_google_genai_may_be_its_own_values() -> None:
    """Its `HttpOptions` are taken as well as a dict."""
    from google.genai.types import HttpOptions

    fake = FakeProvider("one")
    client = fake.google_genai(http_options=HttpOptions(timeout=3000))

    client.models.generate_content(model="gemini-2.5-flash", contents="Hi")

    assert fake.requests[0].patience == 3


def test_no_real_key_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that the environment has stays there."""
    for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.setenv(name, "real-secret")
    fake = FakeProvider(*["Hi"] * 6)

    fake.openai().responses.create(model="gpt-5-mini", input="Hi")
    fake.anthropic().messages.create(model="claude-sonnet-5", max_tokens=9, messages=HI)
    fake.google_genai().models.generate_content(model="gemini-2.5-flash", contents="Hi")
    fake.langchain_openai().invoke("Hi")
    fake.langchain_anthropic().invoke("Hi")
    asyncio.run(Agent(fake.pydantic_ai("openai:gpt-5-mini")).run("Hi"))

    sent = [str(request.request.headers) for request in fake.requests]
    assert len(sent) == 6
    assert [text for text in sent if "real-secret" in text] == []
    assert all("fake-key" in text for text in sent)


@pytest.mark.parametrize("library", [httpx, httpx2])
def test_the_http_library_is_the_one_that_the_sdk_is_on(library: Any) -> None:
    """Older SDKs are on httpx, newer ones on httpx2; each refuses the other's."""
    sdk = SimpleNamespace(
        DefaultHttpxClient=type("Default", (library.Client,), {}),
        DefaultAsyncHttpxClient=type("Default", (library.AsyncClient,), {}),
    )

    assert type(_http(FakeProvider(), sdk)) is library.Client
    assert type(_http(FakeProvider(), sdk, "Async")) is library.AsyncClient


def test_an_http_client_of_ones_own_stays() -> None:
    """Whoever gives a client means it."""
    fake, other = FakeProvider(), FakeProvider("From the other.")
    client = httpx2.Client(transport=other.transport())

    answer = fake.openai(http_client=client).responses.create(
        model="gpt-5-mini", input="Hi"
    )

    assert answer.output_text == "From the other."


def test_a_copy_of_a_model_of_langchain_asks_the_fake() -> None:
    """What is bound to it, or copied from it, asks nobody else."""
    fake = FakeProvider("one", "two")
    model = fake.langchain_anthropic()

    texts = [
        model.model_copy().invoke("Hi").text,
        model.bind(stop=["x"]).invoke("Hi").text,
    ]

    assert texts == ["one", "two"]


@pytest.mark.parametrize("name", ["elevenlabs", "mistral", "nobody"])
def test_a_provider_of_pydantic_ai_without_such_a_client_is_refused(name: str) -> None:
    """Whether it is built on another SDK, not installed, or not known."""
    with pytest.raises(InputError) as raised:
        FakeProvider().pydantic_ai(f"{name}:model")

    assert str(raised.value) == (
        f"pydantic_ai('{name}:model'): no client is made for the provider '{name}'. "
        "Some are for 'openai', and those that speak as it does, 'anthropic' and "
        "'google'."
    )


def test_what_speaks_as_openai_does_has_a_client() -> None:
    """DeepSeek and others have a provider around the SDK of OpenAI."""
    fake = FakeProvider("Hello!")

    agent = Agent(fake.pydantic_ai("deepseek:deepseek-chat"))
    answer = asyncio.run(agent.run("Hi"))

    assert answer.output == "Hello!"
    assert [request.dialect for request in fake.requests] == ["openai-chat"]
