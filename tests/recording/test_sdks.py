"""The official SDKs record against a server, and play offline when it is gone."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from harness.cassettes import load_cassette
from harness.errors import UnrecordedRequest
from harness.recording import use_cassette

QUESTION: Any = [{"role": "user", "content": "Say hello."}]
WORDS = ("Hel", "lo, ", "world", "!")


def event(said: dict[str, Any], name: str = "") -> bytes:
    """Give a server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(said)}\n\n".encode()


# ------------------------------------------------------------------ what is said


def openai_events() -> list[bytes]:
    """Give a streamed answer."""
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    deltas: list[Any] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in WORDS]
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        for delta in deltas
    ]
    last = [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    ends = {**head, "choices": last}
    return [*map(event, [*chunks, ends]), b"data: [DONE]\n\n"]


def openai_reply() -> dict[str, Any]:
    """Give a whole answer."""
    message = {"role": "assistant", "content": "".join(WORDS), "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    head = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m"}
    return {**head, "choices": [choice]}


def anthropic_reply(text: str = "".join(WORDS)) -> dict[str, Any]:
    """Give a whole answer."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": text}] if text else [],
        "stop_reason": "end_turn" if text else None,
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }


def anthropic_events() -> list[bytes]:
    """Give a streamed answer."""
    start = {"type": "text", "text": ""}
    said: list[dict[str, Any]] = [
        {"type": "message_start", "message": anthropic_reply("")},
        {"type": "content_block_start", "index": 0, "content_block": start},
        *(
            {
                "type": "content_block_delta",
                "index": 0,
                "delta": {"type": "text_delta", "text": word},
            }
            for word in WORDS
        ),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 4},
        },
        {"type": "message_stop"},
    ]
    return [event(one, one["type"]) for one in said]


class OpenAI:
    """How openai is asked."""

    reply = staticmethod(openai_reply)
    events = staticmethod(openai_events)

    def __init__(self, url: str) -> None:
        self.options: Any = {"base_url": f"{url}/v1", "api_key": "none"}

    def ask(self, **more: Any) -> str:
        with openai.OpenAI(**self.options) as client:
            answer = client.chat.completions.create(
                model="m", messages=QUESTION, **more
            )
            return str(answer.choices[0].message.content)

    async def aask(self, **more: Any) -> str:
        async with openai.AsyncOpenAI(**self.options) as client:
            answer = await client.chat.completions.create(
                model="m", messages=QUESTION, **more
            )
            return str(answer.choices[0].message.content)

    def stream(self) -> list[str]:
        with openai.OpenAI(**self.options) as client:
            chunks = client.chat.completions.create(
                model="m", messages=QUESTION, stream=True
            )
            return [chunk.model_dump_json() for chunk in chunks]

    async def astream(self) -> list[str]:
        async with openai.AsyncOpenAI(**self.options) as client:
            chunks = await client.chat.completions.create(
                model="m", messages=QUESTION, stream=True
            )
            return [chunk.model_dump_json() async for chunk in chunks]


class Anthropic:
    """How anthropic is asked."""

    reply = staticmethod(anthropic_reply)
    events = staticmethod(anthropic_events)

    def __init__(self, url: str) -> None:
        self.options: Any = {"base_url": url, "api_key": "none"}
        self.asked: Any = {"model": "m", "max_tokens": 9, "messages": QUESTION}

    def ask(self, **more: Any) -> str:
        with anthropic.Anthropic(**self.options) as client:
            answer: Any = client.messages.create(**self.asked, **more)
            return str(answer.content[0].text)

    async def aask(self, **more: Any) -> str:
        async with anthropic.AsyncAnthropic(**self.options) as client:
            answer: Any = await client.messages.create(**self.asked, **more)
            return str(answer.content[0].text)

    def stream(self) -> list[str]:
        with anthropic.Anthropic(**self.options) as client:
            events: Any = client.messages.create(**self.asked, stream=True)
            return [one.model_dump_json() for one in events]

    async def astream(self) -> list[str]:
        async with anthropic.AsyncAnthropic(**self.options) as client:
            events: Any = await client.messages.create(**self.asked, stream=True)
            return [one.model_dump_json() async for one in events]


@pytest.fixture(params=[OpenAI, Anthropic], ids=["openai", "anthropic"])
def sdk(request: pytest.FixtureRequest, server: Any) -> Any:
    """Give a way to ask the server through an SDK."""
    return request.param(server.url)


def ask(sdk: Any) -> str:
    """Ask for a whole answer."""
    return str(sdk.ask())


def aask(sdk: Any) -> str:
    """The same in a task."""
    return str(asyncio.run(sdk.aask()))


def stream(sdk: Any) -> list[str]:
    """Ask for a stream, and read it to its end."""
    return list(sdk.stream())


def astream(sdk: Any) -> list[str]:
    """The same in a task."""
    return list(asyncio.run(sdk.astream()))


@pytest.mark.parametrize("way", [ask, aask])
def test_answer_is_recorded_and_played(
    sdk: Any, server: Any, cassette: Path, way: Callable[[Any], Any]
) -> None:
    """The SDK makes the same of it."""
    server.replies(sdk.reply())

    with use_cassette(cassette, "once"):
        live = way(sdk)
    server.close()
    with use_cassette(cassette):
        again = way(sdk)

    assert again == live == "".join(WORDS)


@pytest.mark.parametrize("way", [stream, astream])
def test_stream_is_recorded_and_played(
    sdk: Any,
    server: Any,
    cassette: Path,
    way: Callable[[Any], Any],
    paced: Callable[..., Any],
) -> None:
    """As many events, and each as it was; the bytes are those of the server."""
    steps, seen = paced(*sdk.events())
    server.streams(*steps)
    for _ in steps:
        seen()

    with use_cassette(cassette, "once"):
        live = way(sdk)
    server.close()
    with use_cassette(cassette):
        again = way(sdk)

    (interaction,) = load_cassette(cassette)
    assert again == live
    assert interaction.ended == "complete"
    assert interaction.response_body == b"".join(sdk.events())


def gathered(sdk: Any) -> Any:
    """Ask three times at once."""

    async def run() -> Any:
        return await asyncio.gather(*(sdk.aask() for _ in range(3)))

    return asyncio.run(run())


def grouped(sdk: Any) -> Any:
    """Ask in a group of tasks."""

    async def run() -> Any:
        async with asyncio.TaskGroup() as group:
            group.create_task(sdk.aask())

    try:
        return asyncio.run(run())
    except BaseExceptionGroup as group:
        (only,) = group.exceptions
        raise only from None


@pytest.mark.parametrize("way", [ask, aask, stream, astream, gathered, grouped])
def test_miss_comes_through_at_once(
    sdk: Any, server: Any, cassette: Path, way: Callable[[Any], Any]
) -> None:
    """No SDK takes it for a failure of the network, or tries again."""
    with pytest.raises(UnrecordedRequest), use_cassette(cassette) as tape:
        way(sdk)

    most = 3 if way is gathered else 1  # the first one that fails ends the others
    assert 1 <= len(tape.misses) <= most
    assert server.asked == []


def test_replayed_refusal_is_tried_again_without_waiting(
    server: Any, cassette: Path
) -> None:
    """A 429 that asked for a second is followed by the answer that came after it."""
    server.replies({}, 429, (("retry-after", "7"),))
    server.replies(openai_reply())
    waited: list[float] = []

    class Client(openai.OpenAI):
        def _calculate_retry_timeout(self, *args: Any) -> float:
            waited.append(super()._calculate_retry_timeout(*args))
            return 0

    def ask_again(**options: Any) -> str:
        with (
            use_cassette(cassette, **options),
            Client(base_url=f"{server.url}/v1", api_key="none") as client,
        ):
            answer = client.chat.completions.create(model="m", messages=QUESTION)
            return str(answer.choices[0].message.content)

    said = [ask_again(mode="once"), ask_again()]

    assert said == ["".join(WORDS)] * 2
    assert waited == [7, 0.001]


def test_refusal_for_long_is_not_tried_again(server: Any, cassette: Path) -> None:
    """A client that gave up, since it was told to wait for an hour, gives up again."""
    server.replies({}, 429, (("retry-after", "3600"),))
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none") as client:
        for mode in ("once", "none"):
            with use_cassette(cassette, mode), pytest.raises(openai.RateLimitError):
                client.chat.completions.create(model="m", messages=QUESTION)

    assert len(server.asked) == 1
