"""Decoding streams, beside the official SDKs' own stream parsing, in one run.

Run with ``make bench``. The streams are the recorded ones of each API (their folder is
``CHAT_HARNESS_RECORDINGS``), and a long one that our encoder made; only those that both
sides read are counted. Both sides take the same bytes, in one piece, and give their
chunks; with "folded" they give the whole message. CPU time, the least of seven turns.
"""

import gc
import gzip
import json
import os
import platform
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
from anthropic.lib.streaming import MessageStream
from anthropic.types import RawMessageStreamEvent
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent

from harness import AIMessageChunk
from harness.wire import DIALECTS

ROOT = Path(__file__).parents[2]
RECORDINGS = Path(
    os.environ.get("CHAT_HARNESS_RECORDINGS") or ROOT.parent / "shared" / "recordings"
)
TURNS = 7
LONG = 10_000
EVENT_STREAM = {"content-type": "text/event-stream"}
REQUEST = httpx2.Request("POST", "http://localhost")


def response(data: bytes) -> httpx2.Response:
    """Give the reply that an SDK's stream reads."""
    return httpx2.Response(200, headers=EVENT_STREAM, content=data, request=REQUEST)


# ------------------------------------------------------------------------ the SDKs

OPENAI = openai.OpenAI(api_key="none")
ANTHROPIC = anthropic.Anthropic(api_key="none")


def chat_chunks(data: bytes) -> Iterator[Any]:
    """Parse a stream of Chat Completions."""
    return iter(
        openai.Stream(
            cast_to=ChatCompletionChunk, client=OPENAI, response=response(data)
        )
    )


def chat_folded(data: bytes) -> Any:
    """Parse one, and accumulate it."""
    state = ChatCompletionStreamState()
    for chunk in chat_chunks(data):
        state.handle_chunk(chunk)
    return state.get_final_completion()


def response_events(data: bytes) -> Iterator[Any]:
    """Parse a stream of Responses (its last event repeats the whole answer)."""
    return iter(
        openai.Stream(
            cast_to=ResponseStreamEvent, client=OPENAI, response=response(data)
        )
    )


def message_events(data: bytes) -> Iterator[Any]:
    """Parse a stream of Messages."""
    return iter(message_stream(data))


def message_folded(data: bytes) -> Any:
    """Parse one, and accumulate it."""
    return MessageStream(
        message_stream(data), output_format=anthropic.NOT_GIVEN
    ).get_final_message()


def message_stream(data: bytes) -> Any:
    """Open a stream of Messages."""
    return anthropic.Stream(
        cast_to=RawMessageStreamEvent, client=ANTHROPIC, response=response(data)
    )


# -------------------------------------------------------------------------- ours


def chunks(name: str, data: bytes) -> list[Any]:
    """Decode a stream."""
    decoder = DIALECTS[name].decoder()
    return decoder.feed(data) + decoder.close()


def folded(name: str, data: bytes) -> Any:
    """Decode one, and sum its chunks."""
    return sum(chunks(name, data), AIMessageChunk()).to_message()


# --------------------------------------------------------------------------- races


@dataclass
class Race:
    """Two ways to read the same streams."""

    what: str
    name: str
    ours: Callable[[str, bytes], object]
    theirs: Callable[[bytes], object]


RACES = [
    Race("chat, chunks", "openai-chat", chunks, lambda data: [*chat_chunks(data)]),
    Race("chat, folded", "openai-chat", folded, chat_folded),
    Race(
        "responses, chunks",
        "openai-responses",
        chunks,
        lambda data: [*response_events(data)],
    ),
    Race(
        "messages, chunks",
        "anthropic-messages",
        chunks,
        lambda data: [*message_events(data)],
    ),
    Race("messages, folded", "anthropic-messages", folded, message_folded),
]


def recorded(api: str) -> list[bytes]:
    """Give every recorded stream of an API."""
    streams = []
    with gzip.open(RECORDINGS / "exchanges.jsonl.gz", "rt", encoding="utf-8") as lines:
        for exchange in map(json.loads, lines):
            text = (exchange["response"] or {}).get("text") or ""
            if exchange["api"] == api and text.startswith(("data:", "event:", ":")):
                streams.append(text.encode())
    return streams


def long_stream(name: str) -> bytes:
    """Give a stream of many short pieces of text."""
    encoder = DIALECTS[name].encoder()
    pieces = [encoder.feed(AIMessageChunk(f"{n:04} ", id="a")) for n in range(LONG)]
    said = AIMessageChunk(response_metadata={"finish_reason": "stop"})
    return b"".join([*pieces, encoder.feed(said), encoder.close()])


def readable(race: Race, streams: list[bytes]) -> list[bytes]:
    """Give the streams that both sides can read at all."""
    found = []
    for data in streams:
        try:
            race.theirs(data)
            race.ours(race.name, data)
        except Exception:  # noqa: BLE001, S112 - an SDK may fail in any way
            continue
        found.append(data)
    return found


def run(race: Race, streams: list[bytes], label: str) -> str:
    """Give one line of the table."""
    streams = readable(race, streams)
    events = sum(data.count(b"data:") for data in streams)
    size = sum(map(len, streams))
    best = [float("inf"), float("inf")]
    for _ in range(TURNS):
        for side, read in enumerate((lambda d: race.ours(race.name, d), race.theirs)):
            gc.collect()
            start = time.process_time()
            for data in streams:
                read(data)
            best[side] = min(best[side], time.process_time() - start)
    ours, theirs = best
    return (
        f"| {race.what}, {label} ({len(streams)} streams, {events:,} events) "
        f"| {ours / events * 1e6:.1f} us, {size / ours / 1e6:.1f} MB/s "
        f"| {theirs / events * 1e6:.1f} us, {size / theirs / 1e6:.1f} MB/s "
        f"| {theirs / ours:.1f}x |"
    )


def main() -> None:
    """Print the table."""
    warnings.simplefilter("ignore")  # the SDKs' models warn of what providers send
    print(
        f"Python {platform.python_version()}, openai {version('openai')}, "
        f"anthropic {version('anthropic')}; times are per event"
    )
    print("| decoding | harness | official SDK | ratio |\n|---|---|---|---|")
    for race in RACES:
        if RECORDINGS.is_dir():
            print(run(race, recorded(race.name), "recorded"), flush=True)
        print(run(race, [long_stream(race.name)], "one long"), flush=True)


if __name__ == "__main__":
    main()
