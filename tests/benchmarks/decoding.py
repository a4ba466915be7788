"""Streams of bytes into chunks, beside the official SDKs' own stream parsing.

The streams are the recorded ones of each API (their folder is
``CHAT_HARNESS_RECORDINGS``), and a long one that our encoder made; only those that both
sides read are counted. Both sides take the same bytes, in one piece, and give their
chunks; where it says "folded" they give the whole message.
"""

import gzip
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
from anthropic.lib.streaming import MessageStream
from anthropic.types import RawMessageStreamEvent
from machine import named
from measuring import Side, by_size, cpu, rounds
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from openai.types.responses import ResponseStreamEvent
from tables import OURS, Line, Subject

from harness import AIMessageChunk
from harness.wire import DIALECTS

PEERS = ("openai", "anthropic", "httpx2")
ROOT = Path(__file__).parents[2]
RECORDINGS = Path(
    os.environ.get("CHAT_HARNESS_RECORDINGS") or ROOT.parent / "shared" / "recordings"
)
LENGTHS = (100, 1_000, 10_000)
#: Above this length a peer takes seconds.
OFTEN = 1_000
EVENT_STREAM = {"content-type": "text/event-stream"}
REQUEST = httpx2.Request("POST", "http://localhost")


def response(data: bytes) -> httpx2.Response:
    """Give the reply that an SDK's stream reads."""
    return httpx2.Response(200, headers=EVENT_STREAM, content=data, request=REQUEST)


# ------------------------------------------------------------------------ the SDKs

OPENAI = openai.OpenAI(api_key="none")
ANTHROPIC = anthropic.Anthropic(api_key="none")


def chat_chunks(data: bytes) -> list[Any]:
    """Parse a stream of Chat Completions."""
    stream: openai.Stream[Any] = openai.Stream(
        cast_to=ChatCompletionChunk, client=OPENAI, response=response(data)
    )
    return [*stream]


def chat_folded(data: bytes) -> Any:
    """Parse one, and accumulate it."""
    state = ChatCompletionStreamState()
    for chunk in chat_chunks(data):
        state.handle_chunk(chunk)
    return state.get_final_completion()


def response_events(data: bytes) -> list[Any]:
    """Parse a stream of Responses (its last event repeats the whole answer)."""
    stream: openai.Stream[Any] = openai.Stream(
        cast_to=ResponseStreamEvent, client=OPENAI, response=response(data)
    )
    return [*stream]


def message_events(data: bytes) -> list[Any]:
    """Parse a stream of Messages."""
    return [*message_stream(data)]


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


@dataclass(frozen=True)
class Race:
    """Two ways to read the same streams."""

    what: str
    name: str
    ours: Callable[[str, bytes], object]
    sdk: str
    theirs: Callable[[bytes], object]

    @property
    def aims(self) -> dict[str, str]:
        """The aim is about openai's parsing; anthropic's makes no models of chunks."""
        return {named("openai"): ">= 10x"}

    def readable(self, streams: list[bytes]) -> list[bytes]:
        """Give the streams that both sides can read at all."""
        found = []
        for data in streams:
            try:
                self.theirs(data)
                self.ours(self.name, data)
            except Exception:  # noqa: BLE001, S112 - an SDK may fail in any way
                continue
            found.append(data)
        return found

    def sides(self, streams: list[bytes], per: float) -> dict[str, Side]:
        """Give both, each the seconds for a part of all *streams*."""

        def read(one: Callable[[bytes], object]) -> Side:
            return lambda: cpu(lambda: [one(data) for data in streams]) / per

        mine = read(lambda data: self.ours(self.name, data))
        return {OURS: mine, named(self.sdk): read(self.theirs)}


RACES = [
    Race("chat, chunks", "openai-chat", chunks, "openai", chat_chunks),
    Race("chat, folded", "openai-chat", folded, "openai", chat_folded),
    Race("responses, chunks", "openai-responses", chunks, "openai", response_events),
    Race("messages, chunks", "anthropic-messages", chunks, "anthropic", message_events),
    Race("messages, folded", "anthropic-messages", folded, "anthropic", message_folded),
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


def long_stream(name: str, length: int) -> bytes:
    """Give a stream of many short pieces of text."""
    encoder = DIALECTS[name].encoder()
    pieces = [
        encoder.feed(AIMessageChunk(f"{n % 10_000:04} ", id="a")) for n in range(length)
    ]
    said = AIMessageChunk(response_metadata={"finish_reason": "stop"})
    return b"".join([*pieces, encoder.feed(said), encoder.close()])


def rows(*, quick: bool) -> Iterator[Line]:
    """Every recorded stream of each API, and then long ones."""
    lengths, count = (LENGTHS[:2], 2) if quick else (LENGTHS, 5)
    for race in RACES:
        if RECORDINGS.is_dir():
            yield from of_recordings(race, count)
        yield from of_lengths(race, lengths, count)
    if not RECORDINGS.is_dir():
        print(f"\nThere are no recordings in {RECORDINGS}.")


def of_recordings(race: Race, count: int) -> Iterator[Line]:
    """What an event costs, of all recorded streams; and megabytes in a second."""
    streams = race.readable(recorded(race.name))
    events = sum(data.count(b"data:") for data in streams)
    size = sum(map(len, streams)) / 1e6
    what = f"{race.what}, {len(streams)} recorded"
    taken = rounds(race.sides(streams, events), count, warm=1)
    yield from Subject("decoding", f"{what}, an event").rows(taken, aims=race.aims)
    rates = {
        name: [size / (one * events) for one in found] for name, found in taken.items()
    }
    yield from Subject("decoding", what, "MB/s").rows(rates)


def of_lengths(race: Race, lengths: Sequence[int], count: int) -> Iterator[Line]:
    """What a whole stream of many events costs, and how that grows."""
    sides = {
        (length, name): run
        for length in lengths
        for name, run in race.sides([long_stream(race.name, length)], 1).items()
    }
    seldom = {key: 2 for key in sides if key[0] > OFTEN and key[1] != OURS}
    taken = by_size(rounds(sides, count, warm=1, most=seldom))
    subject = Subject("decoding", f"{race.what}, one of n events", "ms")
    for length, each in taken.items():
        yield from subject.rows(each, length, race.aims)
    yield from subject.growths(taken, "<= 12x a decade")
