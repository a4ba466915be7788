"""Official SDKs as an application makes them, with nothing but a key."""

import asyncio
import importlib
from collections.abc import Callable
from typing import Any

import anthropic
import httpx
import openai
import pytest
from google import genai
from google.genai import errors as genai_errors
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI

from harness import FakeProvider, NetworkBlocked, call, fail, say
from harness.recording import block_network

pytestmark = pytest.mark.filterwarnings(  # google-genai makes a class of aiohttp's
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)

SESSIONS: Any = importlib.import_module("botocore.session")
HI: Any = [{"role": "user", "content": "Hi"}]


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a key for everyone."""
    for name in ("OPENAI", "AZURE_OPENAI", "ANTHROPIC", "GOOGLE"):
        monkeypatch.setenv(f"{name}_API_KEY", "no-key")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "no-key")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def openai_chat() -> str:
    """Ask openai."""
    answer = openai.OpenAI().chat.completions.create(model="m", messages=HI)
    return str(answer.choices[0].message.content)


def openai_stream() -> str:
    """Ask openai, streamed."""
    chunks = openai.OpenAI().chat.completions.create(
        model="m", messages=HI, stream=True
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def openai_responses() -> str:
    """Ask openai's other interface."""
    return openai.OpenAI().responses.create(model="m", input="Hi").output_text


def openai_awaited() -> str:
    """Ask openai, awaited and streamed."""

    async def ask() -> str:
        client = openai.AsyncOpenAI()
        async with client.chat.completions.stream(model="m", messages=HI) as stream:
            return str((await stream.get_final_completion()).choices[0].message.content)

    return asyncio.run(ask())


def azure() -> str:
    """Ask Azure OpenAI."""
    client = openai.AzureOpenAI(
        api_version="2024-10-21", azure_endpoint="https://lab.openai.azure.com"
    )
    answer = client.chat.completions.create(model="m", messages=HI)
    return str(answer.choices[0].message.content)


def anthropic_stream() -> str:
    """Ask anthropic, streamed."""
    with anthropic.Anthropic().messages.stream(
        model="m", max_tokens=99, messages=HI
    ) as stream:
        return "".join(stream.text_stream)


def anthropic_awaited() -> str:
    """Ask anthropic, awaited."""

    async def ask() -> str:
        answer = await anthropic.AsyncAnthropic().messages.create(
            model="m", max_tokens=99, messages=HI
        )
        return str(getattr(answer.content[0], "text", ""))

    return asyncio.run(ask())


def gemini() -> str:
    """Ask google-genai."""
    client = genai.Client()
    return str(client.models.generate_content(model="m", contents="Hi").text)


def gemini_stream() -> str:
    """Ask google-genai, streamed and awaited: that is aiohttp, where it is there."""

    async def ask() -> str:
        client = genai.Client()
        chunks = await client.aio.models.generate_content_stream(
            model="m", contents="Hi"
        )
        said = "".join([chunk.text or "" async for chunk in chunks])
        await client.aio.aclose()
        return said

    return asyncio.run(ask())


def bedrock(**options: Any) -> str:
    """Ask Bedrock by botocore: that is urllib3."""
    client: Any = SESSIONS.get_session().create_client("bedrock-runtime")
    said = [{"role": "user", "content": [{"text": "Hi"}]}]
    answer = client.converse(modelId="m", messages=said, **options)
    return str(answer["output"]["message"]["content"][0]["text"])


def bedrock_stream() -> str:
    """Ask Bedrock by botocore, streamed."""
    client: Any = SESSIONS.get_session().create_client("bedrock-runtime")
    said = [{"role": "user", "content": [{"text": "Hi"}]}]
    events = client.converse_stream(modelId="m", messages=said)["stream"]
    deltas = (event.get("contentBlockDelta", {}) for event in events)
    return "".join(delta.get("delta", {}).get("text", "") for delta in deltas)


def langchain_openai() -> str:
    """Ask openai through langchain."""
    return str(ChatOpenAI(model="m").invoke("Hi").text)


def langchain_anthropic() -> str:
    """Ask anthropic through langchain, streamed."""
    model: Any = ChatAnthropic(model_name="m", timeout=None, stop=None)
    return "".join(chunk.text for chunk in model.stream("Hi"))


SDKS: list[Callable[[], str]] = [
    openai_chat,
    openai_stream,
    openai_responses,
    openai_awaited,
    azure,
    anthropic_stream,
    anthropic_awaited,
    gemini,
    gemini_stream,
    bedrock,
    bedrock_stream,
    langchain_openai,
    langchain_anthropic,
]


@pytest.mark.parametrize("ask", SDKS, ids=lambda ask: str(ask.__name__))
def test_every_sdk_is_answered(ask: Callable[[], str]) -> None:
    """In the words of its provider, whole or streamed."""
    fake = FakeProvider("Hello, 👋 wörld!")

    with fake.intercept():
        assert ask() == "Hello, 👋 wörld!"

    (request,) = fake.requests
    assert (request.status, request.ended) == (200, "complete")
    assert fake.calls[0].text == "Hi"


def test_a_client_that_was_there_before() -> None:
    """It is answered while the block is open, and has the network back after it."""
    fake = FakeProvider("Hello!")
    client = openai.OpenAI()

    with fake.intercept():
        client.chat.completions.create(model="m", messages=HI)
    with block_network() as guard:
        with pytest.raises(NetworkBlocked, match="No network is allowed here"):
            client.chat.completions.create(model="m", messages=HI)
        guard.forget()

    assert len(fake.requests) == 1


def test_sdks_retry_as_they_do() -> None:
    """The SDK's own retries are requests; what they wait is told by the provider."""
    fake = FakeProvider(fail(429, headers={"retry-after-ms": "1"}), "Hello!")

    with fake.intercept():
        assert openai_chat() == "Hello!"

    assert [request.status for request in fake.requests] == [429, 200]


def test_failures_are_the_sdks_own() -> None:
    """What an application catches is what it will catch."""
    fake = FakeProvider(fail(401), fail("overloaded"), fail(400))

    with fake.intercept():
        with pytest.raises(openai.AuthenticationError):
            openai_chat()
        with pytest.raises(anthropic.InternalServerError):
            anthropic.Anthropic(max_retries=0).messages.create(
                model="m", max_tokens=9, messages=HI
            )
        with pytest.raises(genai_errors.ClientError):
            gemini()


def test_tools_are_called_through_the_wire() -> None:
    """A tool call is one to whoever asks."""
    fake = FakeProvider(call("look_up", {"word": "sky"}))
    schema = {"type": "object", "properties": {"word": {"type": "string"}}}
    tool: Any = {"name": "look_up", "description": "", "input_schema": schema}

    with fake.intercept():
        answer = anthropic.Anthropic().messages.create(
            model="m", max_tokens=9, messages=HI, tools=[tool]
        )

    (block,) = answer.content
    assert (block.type, getattr(block, "input", None)) == ("tool_use", {"word": "sky"})


def test_transports_of_the_application_stay_its_own() -> None:
    """A mock transport, or that of a fake, answers what it was given to answer."""
    other = FakeProvider("of its own")
    fake = FakeProvider("of the block")
    mocked = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(204)))
    asked = {"model": "m", "messages": HI}
    url = "https://api.openai.com/v1/chat/completions"

    with fake.intercept():
        assert mocked.post(url, json=asked).status_code == 204
        own = httpx.Client(transport=other.transport())
        assert "of its own" in own.post(url, json=asked).text
        assert "of the block" in httpx.post(url, json=asked).text


def test_later_turns_go_on() -> None:
    """The turns go on, whoever asks."""
    fake = FakeProvider(*(say(f"answer {n}") for n in range(len(SDKS))))

    with fake.intercept():
        said = [ask() for ask in SDKS]

    assert said == [f"answer {n}" for n in range(len(SDKS))]
