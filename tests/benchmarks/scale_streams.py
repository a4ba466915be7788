"""Streams: sums, fakes, recordings, dialects and SDKs, by the number of chunks.

An answer of 100,000 chunks of five letters is 19 MB on the wire of OpenAI's chats.
"""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

import anthropic
import httpx
import httpx2
import openai
from growing import Subject
from material import EVENTS, JSON, URL, file, question, script, wire

from harness import (
    AIMessageChunk,
    FakeChatModel,
    FakeProvider,
    RecordingChatModel,
    ReplayChatModel,
    use_cassette,
)
from harness.cassettes.http_requests import HttpRequest
from harness.cassettes.tape import Tape
from harness.cli import main
from harness.wire import DIALECTS

SIZES = (1_000, 3_000, 10_000, 30_000, 100_000)
ASKED = "What is the weather in town 0?"
HI = [{"role": "user", "content": "Hi"}]


# ------------------------------------------------------------------------------- sums


def texts(count: int) -> list[AIMessageChunk]:
    """Give chunks of text."""
    return [AIMessageChunk(f"{n % 1000:04} ") for n in range(count)]


def fragments(count: int) -> list[AIMessageChunk]:
    """Give chunks of one call, whose arguments have very many keys."""
    said = json.dumps({f"key{n}": n for n in range(count)})
    heads = [{"id": "call_1", "name": "f"}, *[{"id": None, "name": None}] * count]
    return [
        AIMessageChunk(
            "",
            tool_call_chunks=[
                {
                    "type": "tool_call_chunk",
                    "index": 0,
                    "args": said[5 * n : 5 * n + 5],
                    **heads[n],
                }
            ],
        )
        for n in range(count)
    ]


def folded(
    make: Callable[[int], list[AIMessageChunk]], field: str, count: int, _: Path
) -> Callable[[], object]:
    """``full = full + chunk``, and *field* of it is read, each turn."""
    chunks = make(count)

    def work() -> None:
        full = AIMessageChunk()
        for chunk in chunks:
            full = full + chunk
            getattr(full, field)

    return work


# ------------------------------------------------------------------------------ models


def streamed(count: int, _: Path) -> Callable[[], object]:
    model = FakeChatModel(script(count))
    return lambda: taken(model.stream("Hi"))


def astreamed(count: int, _: Path) -> Callable[[], object]:
    model = FakeChatModel(script(count))
    return lambda: asyncio.run(ataken(model.astream("Hi")))


def events(count: int, _: Path) -> Callable[[], object]:
    model = FakeChatModel(script(count))
    return lambda: asyncio.run(ataken(model.astream_events("Hi")))


def taken(stream: Iterator[object]) -> int:
    """Take all of a stream, and keep none."""
    return sum(1 for _ in stream)


async def ataken(stream: AsyncIterator[object]) -> int:
    """Take all of a stream, and keep none, in a task."""
    return sum([1 async for _ in stream])


# --------------------------------------------------------------------------- cassettes


def taped(count: int, folder: Path) -> Callable[[], object]:
    """Record a stream as an HTTP client does, and save it."""
    pieces = wire("openai-chat", count)
    asked = HttpRequest("POST", URL, JSON, question(0, stream=True))
    path = folder / "recorded.yaml"

    def work() -> None:
        with Tape(path, "rewrite") as tape:
            exchange = tape.recording(asked)
            exchange.response(200, EVENTS)
            for piece in pieces:
                exchange.chunk(piece)
            exchange.end()

    return work


def recorded_model(count: int, folder: Path) -> Callable[[], object]:
    """Record what a model streams, and save it."""
    path = folder / "model.yaml"

    def work() -> None:
        fake = FakeChatModel(script(count))
        with RecordingChatModel(fake, path, mode="rewrite") as model:
            taken(model.stream("Hi"))

    return work


def replayed(count: int, folder: Path) -> Callable[[], object]:
    path, body = file("long", count, folder), question(0, stream=True)

    def work() -> None:
        with (
            use_cassette(path),
            httpx.Client() as client,
            client.stream("POST", URL, content=body, headers=dict(JSON)) as answer,
        ):
            taken(answer.iter_bytes())

    return work


def replayed_model(count: int, folder: Path) -> Callable[[], object]:
    path = file("long", count, folder)
    said = json.loads(question(0))["messages"]
    return lambda: taken(ReplayChatModel(path).stream(said))


def command(*words: str) -> Callable[[int, Path], Callable[[], object]]:
    """Run a command of ours over the cassette of one long stream."""

    def ready(count: int, folder: Path) -> Callable[[], object]:
        path = file("long", count, folder)
        page = ["--output", str(folder / "report.html")] if "report" in words else []

        def work() -> None:
            with redirect_stdout(io.StringIO()):
                main([*words, str(path), *page])

        return work

    return ready


# ------------------------------------------------------------------------ wire and SDKs


def encoded(dialect: str, count: int, _: Path) -> Callable[[], object]:
    model = FakeChatModel(script(count))
    chunks = [*model.stream("Hi")]
    request = model.calls[0].request

    def work() -> None:
        encoder = DIALECTS[dialect].encoder(request)
        for chunk in chunks:
            encoder.feed(chunk)
        encoder.close()

    return work


def decoded(dialect: str, count: int, _: Path) -> Callable[[], object]:
    pieces = wire(dialect, count)

    def work() -> None:
        decoder = DIALECTS[dialect].decoder()
        for piece in pieces:
            decoder.feed(piece)
        decoder.close()

    return work


def through_openai(count: int, _: Path) -> Callable[[], object]:
    provider = FakeProvider(script(count))
    client = openai.OpenAI(
        api_key="x", http_client=httpx2.Client(transport=provider.transport())
    )
    return lambda: taken(
        client.chat.completions.create(model="m", messages=HI, stream=True)
    )


def through_anthropic(count: int, _: Path) -> Callable[[], object]:
    provider = FakeProvider(script(count))
    client = anthropic.Anthropic(
        api_key="x", http_client=httpx2.Client(transport=provider.transport())
    )
    return lambda: taken(
        client.messages.create(
            model="m", messages=HI, max_tokens=10 * count, stream=True
        )
    )


SUBJECTS = tuple(
    Subject(name, ready, SIZES, "chunks")
    for name, ready in {
        "fold text": partial(folded, texts, "text"),
        "fold arguments": partial(folded, fragments, "tool_calls"),
        "FakeChatModel.stream": streamed,
        "FakeChatModel.astream": astreamed,
        "FakeChatModel.astream_events": events,
        "record from HTTP": taped,
        "record from a model": recorded_model,
        "replay through httpx": replayed,
        "replay as a model": replayed_model,
        "harness check": command("check"),
        "harness stats": command("stats"),
        "harness show": command("show"),
        "harness report": command("report"),
        **{f"encode {name}": partial(encoded, name) for name in DIALECTS},
        **{f"decode {name}": partial(decoded, name) for name in DIALECTS},
        "FakeProvider, openai": through_openai,
        "FakeProvider, anthropic": through_anthropic,
    }.items()
)
