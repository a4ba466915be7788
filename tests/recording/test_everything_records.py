"""Every client records a server on this machine, and plays it when it is gone.

A client is a function: it asks the server at a URL, whole or streamed, calls `seen`
after each piece that it was given, and gives what it was given in the end.
"""

import asyncio
import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import anthropic
import httpx
import httpx2
import openai
import pytest
import requests
import urllib3
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from pydantic import SecretStr

from harness import FakeChatModel
from harness.cassettes import Interaction, load_cassette
from harness.errors import UnrecordedRequest
from harness.recording import block_network, use_cassette
from harness.wire import DIALECTS

Given = list[Any]
Seen = Callable[[], object]

TEXT = "It is 72°F and sunny in Boston."
MODEL = "gpt-5-mini"
PATH = "/v1/chat/completions"
JSON = (("content-type", "application/json"),)
ZIPPED = (*JSON, ("content-encoding", "gzip"))
QUESTION = {"role": "user", "content": "Boston?"}
ASKED: Any = {"model": MODEL, "messages": [QUESTION]}

#: An event that says something.
_SAYS = re.compile(rb'"delta":\{"content":"|output_text\.delta|text_delta')


def told(things: Any, seen: Seen) -> Given:
    """Give all *things*, and tell of each."""
    given = []
    for thing in things:
        given.append(thing)
        seen()
    return given


async def told_of(things: Any, seen: Seen) -> Given:
    """Give all *things* that are awaited, and tell of each."""
    given = []
    async for thing in things:
        given.append(thing)
        seen()
    return given


# ------------------------------------------------------------------ official SDKs


def ask_openai(url: str, *, stream: bool, seen: Seen) -> Given:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        said: Any = client.chat.completions.create(**ASKED, stream=stream)
        said = told(said, seen) if stream else [said]
        return [one.model_dump() for one in said]


def ask_openai_async(url: str, *, stream: bool, seen: Seen) -> Given:
    async def run() -> Given:
        async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client:
            said: Any = await client.chat.completions.create(**ASKED, stream=stream)
            said = await told_of(said, seen) if stream else [said]
            return [one.model_dump() for one in said]

    return asyncio.run(run())


def ask_anthropic(url: str, *, stream: bool, seen: Seen) -> Given:
    with anthropic.Anthropic(base_url=url, api_key="none") as client:
        said: Any = client.messages.create(**ASKED, max_tokens=9, stream=stream)
        said = told(said, seen) if stream else [said]
        return [one.model_dump() for one in said]


def ask_anthropic_async(url: str, *, stream: bool, seen: Seen) -> Given:
    async def run() -> Given:
        async with anthropic.AsyncAnthropic(base_url=url, api_key="none") as client:
            said: Any = await client.messages.create(
                **ASKED, max_tokens=9, stream=stream
            )
            said = await told_of(said, seen) if stream else [said]
            return [one.model_dump() for one in said]

    return asyncio.run(run())


def ask_openai_responses(url: str, *, stream: bool, seen: Seen) -> Given:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none") as client:
        said: Any = client.responses.create(
            model=MODEL, input=ASKED["messages"], stream=stream
        )
        said = told(said, seen) if stream else [said]
        return [one.model_dump() for one in said]


# ---------------------------------------------------------- LangChain on top of them

LANGCHAIN: dict[str, Callable[[str], Any]] = {
    "langchain-openai": lambda url: ChatOpenAI(
        model=MODEL, base_url=f"{url}/v1", api_key=SecretStr("none")
    ),
    "langchain-openai, responses": lambda url: ChatOpenAI(
        model=MODEL,
        base_url=f"{url}/v1",
        api_key=SecretStr("none"),
        use_responses_api=True,
    ),
    "langchain-anthropic": lambda url: ChatAnthropic(
        model_name=MODEL, base_url=url, api_key=SecretStr("none")
    ),
}


def ask_langchain(name: str) -> Callable[..., Given]:
    """Give a chat model of LangChain that asks."""

    def ask(url: str, *, stream: bool, seen: Seen) -> Given:
        model = LANGCHAIN[name](url)
        if not stream:
            return [shown(model.invoke("Boston?"))]
        return [shown(chunk, seen) for chunk in model.stream("Boston?")]

    return ask


def ask_langchain_async(name: str) -> Callable[..., Given]:
    """Give one that asks in a task."""

    async def run(url: str, *, stream: bool, seen: Seen) -> Given:
        model = LANGCHAIN[name](url)
        if not stream:
            return [shown(await model.ainvoke("Boston?"))]
        return [shown(chunk, seen) async for chunk in model.astream("Boston?")]

    return lambda url, **how: asyncio.run(run(url, **how))


def shown(message: Any, seen: Seen = lambda: None) -> dict[str, Any]:
    """Give all of a message but its id, which is never the same; tell of its text."""
    if message.text:
        seen()
    return {**message.model_dump(exclude={"id"}), "text": message.text}


# ------------------------------------------------------------------ plain clients


def ask_with(library: Any) -> Callable[..., Given]:
    """Give a client that asks with httpx, or with httpx2."""

    def ask(url: str, *, stream: bool, seen: Seen) -> Given:
        asked = {**ASKED, "stream": stream}
        with (
            library.Client() as client,
            client.stream("POST", url + PATH, json=asked) as answer,
        ):
            pieces = answer.iter_raw() if stream else [answer.read()]
            return [answer.status_code, *told(pieces, seen)]

    return ask


def ask_async_with(library: Any) -> Callable[..., Given]:
    """Give a client that asks with httpx, or with httpx2, in a task."""

    async def run(url: str, *, stream: bool, seen: Seen) -> Given:
        asked = {**ASKED, "stream": stream}
        async with (
            library.AsyncClient() as client,
            client.stream("POST", url + PATH, json=asked) as answer,
        ):
            if not stream:
                return [answer.status_code, await answer.aread()]
            return [answer.status_code, *await told_of(answer.aiter_raw(), seen)]

    return lambda url, **how: asyncio.run(run(url, **how))


def ask_requests(url: str, *, stream: bool, seen: Seen) -> Given:
    asked = {**ASKED, "stream": stream}
    with (
        requests.Session() as client,
        client.post(url + PATH, json=asked, stream=stream, timeout=9) as answer,
    ):
        pieces = answer.iter_content(None) if stream else [answer.content]
        return [answer.status_code, *told(pieces, seen)]


def ask_urllib3(url: str, *, stream: bool, seen: Seen) -> Given:
    asked = {**ASKED, "stream": stream}
    with urllib3.PoolManager() as client:
        answer: Any = client.request(
            "POST", url + PATH, json=asked, preload_content=not stream
        )
        pieces = answer.read_chunked() if stream else [answer.data]
        return [answer.status, *told(pieces, seen)]


def ask_aiohttp(url: str, *, stream: bool, seen: Seen) -> Given:
    async def run() -> Given:
        asked = {**ASKED, "stream": stream}
        async with (
            aiohttp.ClientSession() as client,
            client.post(url + PATH, json=asked) as answer,
        ):
            if not stream:
                return [answer.status, await answer.read()]
            return [answer.status, *await told_of(answer.content.iter_any(), seen)]

    return asyncio.run(run())


CLIENTS: dict[str, Callable[..., Given]] = {
    "openai": ask_openai,
    "openai, async": ask_openai_async,
    "openai, responses": ask_openai_responses,
    "anthropic": ask_anthropic,
    "anthropic, async": ask_anthropic_async,
    **{name: ask_langchain(name) for name in LANGCHAIN},
    **{f"{name}, async": ask_langchain_async(name) for name in LANGCHAIN},
    "httpx": ask_with(httpx),
    "httpx, async": ask_async_with(httpx),
    "httpx2": ask_with(httpx2),
    "httpx2, async": ask_async_with(httpx2),
    "requests": ask_requests,
    "urllib3": ask_urllib3,
    "aiohttp": ask_aiohttp,
}


# -------------------------------------------------------------- what the server says


def dialect(client: str) -> Any:
    """Give the wire format that a client speaks."""
    if "anthropic" in client:
        return DIALECTS["anthropic-messages"]
    return DIALECTS["openai-responses" if "responses" in client else "openai-chat"]


def is_given(client: str, event: bytes) -> bool:
    """Whether a client gives out an event; of LangChain's chunks those count with text.

    (It gives out more, and what has no text is not always one event.)
    """
    if client in LANGCHAIN or client.removesuffix(", async") in LANGCHAIN:
        return _SAYS.search(event) is not None
    return event != b"data: [DONE]\n\n"


def streamed(client: str) -> list[bytes]:
    """Give the events of a streamed answer in pieces; what ends it is in the last.

    Each piece has one event that a client gives out, so that it can tell of every one.
    """
    encoder = dialect(client).encoder()
    fed = [encoder.feed(chunk) for chunk in FakeChatModel(TEXT).stream("Boston?")]
    pieces, piece = [], b""
    for event in b"".join([*fed, encoder.close()]).split(b"\n\n")[:-1]:
        piece += event + b"\n\n"
        if is_given(client, event + b"\n\n"):
            pieces.append(piece)
            piece = b""
    return [*pieces[:-1], pieces[-1] + piece]


def whole(client: str) -> bytes:
    """Give a whole answer."""
    body: bytes = dialect(client).write_reply(FakeChatModel(TEXT).invoke("Boston?"))
    return body


def only(cassette: Path) -> Interaction:
    """Give the one interaction of a cassette."""
    (one,) = load_cassette(cassette)
    assert one.ended == "complete"
    assert one.status == 200
    asked = json.loads(one.request_body)
    assert asked["model"] == MODEL
    (question,) = asked.get("messages") or asked["input"]
    assert {key: question[key] for key in QUESTION} == QUESTION
    return one


def both(
    client: str, server: Any, cassette: Path, *, stream: bool, seen: Seen = lambda: None
) -> tuple[Given, Given]:
    """Give what a client has of the server, and of the cassette when that is gone."""
    ask = CLIENTS[client]
    with use_cassette(cassette, "once"):
        live = ask(server.url, stream=stream, seen=seen)
    server.close()
    with block_network(), use_cassette(cassette) as tape:
        again = ask(server.url, stream=stream, seen=lambda: None)
        assert tape.unused() == []
    assert len(server.asked) == 1
    return live, again


# --------------------------------------------------------------------------- tests


@pytest.mark.parametrize("client", CLIENTS)
def test_stream_plays_as_it_came(
    client: str, server: Any, cassette: Path, paced: Callable[..., Any]
) -> None:
    """Each piece reaches the client before the next is sent, and all play again."""
    pieces = streamed(client)
    steps, seen = paced(*pieces)
    server.streams(*steps)

    live, again = both(client, server, cassette, stream=True, seen=seen)

    recorded = only(cassette)
    assert recorded.response_chunks == tuple(pieces)
    assert recorded.response_body == b"".join(pieces)
    assert again == live
    if live[0] == 200:
        assert live == [200, *pieces]
    elif "text" in live[0]:
        words = [one["text"] for one in live if one["text"]]
        assert "".join(words) == TEXT
        assert len(words) == len(pieces)
    else:
        assert len(live) == len(pieces)


@pytest.mark.parametrize("coding", [JSON, ZIPPED], ids=["plain", "gzip"])
@pytest.mark.parametrize("client", CLIENTS)
def test_whole_answer_plays_as_it_came(
    client: str, server: Any, cassette: Path, coding: Any
) -> None:
    """The bytes are those of the server, compressed ones as well."""
    body = whole(client)
    sent = gzip.compress(body, mtime=0) if coding is ZIPPED else body
    server.replies(sent, headers=coding)

    live, again = both(client, server, cassette, stream=False)

    assert only(cassette).response_body == sent
    assert again == live
    assert TEXT in str(live) or live == [200, body]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("client", CLIENTS)
def test_miss_comes_through_as_it_is(
    client: str, server: Any, cassette: Path, stream: bool
) -> None:
    """No client takes it for an error of its own, asks again, or goes live."""
    with pytest.raises(UnrecordedRequest) as caught, use_cassette(cassette) as tape:
        CLIENTS[client](server.url, stream=stream, seen=lambda: None)

    assert tape.misses == [caught.value.miss]
    assert server.asked == []
