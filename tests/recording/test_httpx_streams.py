"""Streams through httpx and httpx2: the same pieces live, recorded and played."""

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness import VirtualClock
from harness.cassettes import Interaction, load_cassette
from harness.errors import UnrecordedRequest
from harness.recording import use_cassette

PIECES = (b"data: one\n\n", b"data: t", b"wo\n\n", b"data: \xe2\x82\xac\n\n")

Views = dict[str, Callable[[Any], list[Any]]]

READERS: Views = {
    "iter_raw": lambda response: [*response.iter_raw()],
    "iter_bytes": lambda response: [*response.iter_bytes()],
    "iter_bytes(5)": lambda response: [*response.iter_bytes(5)],
    "iter_text": lambda response: [*response.iter_text()],
    "iter_lines": lambda response: [*response.iter_lines()],
    "read": lambda response: [response.read()],
}


def read(library: ModuleType, url: str, view: Callable[[Any], Any]) -> Any:
    """Give what *view* sees of a stream."""
    with library.Client() as client, client.stream("POST", url) as response:
        return view(response)


async def aread(library: ModuleType, url: str, name: str) -> list[Any]:
    """Give the same, awaited."""
    method, *size = name.rstrip(")").split("(")
    async with (
        library.AsyncClient() as client,
        client.stream("POST", url) as response,
    ):
        if method == "read":
            return [await response.aread()]
        return [said async for said in getattr(response, f"a{method}")(*map(int, size))]


def only(cassette: Path) -> Interaction:
    """Give the one interaction of a cassette."""
    (interaction,) = load_cassette(cassette)
    return interaction


@pytest.fixture
def recorded(
    library: ModuleType, server: Any, cassette: Path, paced: Callable[..., Any]
) -> str:
    """Give the address of a recorded stream, whose server is gone."""
    steps, seen = paced(*PIECES)
    server.streams(*steps)

    def view(response: Any) -> None:
        for _ in response.iter_raw():
            seen()

    with use_cassette(cassette, "once"):
        read(library, server.url, view)
    server.close()
    return str(server.url)


def test_application_sees_each_piece_before_the_next_is_sent(
    library: ModuleType, server: Any, cassette: Path, paced: Callable[..., Any]
) -> None:
    """While recording, a piece goes on at once: the server sends the next one then."""
    steps, seen = paced(*PIECES)
    server.streams(*steps)
    pieces = []

    def view(response: Any) -> None:
        for piece in response.iter_raw():
            pieces.append(piece)
            seen()

    with use_cassette(cassette, "once"):
        read(library, server.url, view)

    assert tuple(pieces) == PIECES
    assert only(cassette).response_chunks == PIECES
    assert only(cassette).ended == "complete"


def test_async_application_sees_each_piece_before_the_next_is_sent(
    library: ModuleType, server: Any, cassette: Path, paced: Callable[..., Any]
) -> None:
    """The same in a task."""
    steps, seen = paced(*PIECES)
    server.streams(*steps)
    pieces = []

    async def view() -> None:
        async with (
            use_cassette(cassette, "once"),
            library.AsyncClient() as client,
            client.stream("POST", server.url) as response,
        ):
            async for piece in response.aiter_raw():
                pieces.append(piece)
                seen()

    asyncio.run(view())

    assert tuple(pieces) == PIECES
    assert only(cassette).response_chunks == PIECES


@pytest.mark.parametrize("name", READERS)
def test_replay_reads_as_the_server_did(
    library: ModuleType,
    server: Any,
    cassette: Path,
    paced: Callable[..., Any],
    name: str,
) -> None:
    """Whatever way a stream is read: the pieces are those of the live answer."""
    steps, seen = paced(*PIECES)
    server.streams(*steps)
    for _ in PIECES:
        seen()

    with use_cassette(cassette, "once"):
        live = read(library, server.url, READERS[name])
    server.close()
    with use_cassette(cassette):
        again = read(library, server.url, READERS[name])

    assert again == live
    assert only(cassette).response_body == b"".join(PIECES)


@pytest.mark.parametrize("name", READERS)
def test_async_replay_reads_as_the_blocking_one(
    library: ModuleType, recorded: str, cassette: Path, name: str
) -> None:
    """What was recorded by a client that blocks plays to one that does not."""
    with use_cassette(cassette):
        expected = read(library, recorded, READERS[name])
    with use_cassette(cassette):
        awaited = asyncio.run(aread(library, recorded, name))

    assert awaited == expected


def test_raw_pieces_are_played(
    library: ModuleType, recorded: str, cassette: Path
) -> None:
    """As many pieces, and the same bytes."""
    with use_cassette(cassette):
        pieces = read(library, recorded, READERS["iter_raw"])

    assert tuple(pieces) == PIECES


def test_compressed_streams_stay_compressed(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """Raw pieces are as the server sent them, read ones decompressed, both times."""
    packed = gzip.compress(b"data: hello\n\n" * 100, mtime=0)
    zipped = (("content-encoding", "gzip"),)
    for _ in range(2):
        server.streams(packed[:20], packed[20:], headers=zipped)

    raw, plain = READERS["iter_raw"], READERS["read"]
    with use_cassette(cassette, "once"):
        live = read(library, server.url, raw), read(library, server.url, plain)
    server.close()
    with use_cassette(cassette):
        again = read(library, server.url, raw), read(library, server.url, plain)

    assert again == live
    assert b"".join(live[0]) == packed
    assert live[1] == [b"data: hello\n\n" * 100]


def test_early_close_keeps_what_was_read_and_says_so(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """The server is hung up on at once; the recording holds the part that was read."""
    server.streams(PIECES[0], server.until_left)

    with use_cassette(cassette, "once"):
        first = read(library, server.url, lambda response: next(response.iter_raw()))

    assert server.left.wait(10)
    assert first == PIECES[0]
    assert only(cassette).ended == "truncated"
    assert only(cassette).response_chunks == (PIECES[0],)


def test_reader_that_closes_early_again_sees_no_difference(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """A truncated recording is whole for who reads as much as was read."""
    server.streams(PIECES[0], server.until_left)
    for wrap in (use_cassette(cassette, "once"), use_cassette(cassette)):
        with wrap as tape:
            piece = read(library, server.url, lambda answer: next(answer.iter_raw()))

        assert piece == PIECES[0]
        assert tape.misses == []


@pytest.mark.parametrize("awaited", [False, True])
def test_reading_past_a_truncated_recording_is_a_miss(
    library: ModuleType, server: Any, cassette: Path, awaited: bool
) -> None:
    """Nobody takes the part for the whole: the error says that the recording ends."""
    server.streams(PIECES[0], server.until_left)
    with use_cassette(cassette, "once"):
        read(library, server.url, lambda response: next(response.iter_raw()))

    def read_on() -> None:
        with use_cassette(cassette):
            if awaited:
                asyncio.run(aread(library, server.url, "iter_raw"))
            read(library, server.url, READERS["iter_raw"])

    with pytest.raises(UnrecordedRequest, match="ends after 11 bytes"):
        read_on()


def test_last_event_of_a_stream_completes_it(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """Clients hang up on "[DONE]": nothing is missing, so a reader may read on."""
    server.streams(b"data: {}\n\n", b"data: [DONE]\n\n")

    def view(response: Any) -> None:
        for line in response.iter_lines():
            if "[DONE]" in line:
                break

    with use_cassette(cassette, "once"):
        read(library, server.url, view)
    with use_cassette(cassette):
        (whole,) = read(library, server.url, READERS["read"])

    assert only(cassette).ended == "complete"
    assert whole.endswith(b"data: [DONE]\n\n")


def test_answer_that_nobody_closes_is_recorded(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """Who drops an answer after its last event has not cut it short."""
    server.streams(b"data: {}\n\n", b"data: [DONE]\n\n")

    with use_cassette(cassette, "once"), library.Client() as client:
        request = client.build_request("POST", server.url)
        response = client.send(request, stream=True)
        for line in response.iter_lines():
            if "[DONE]" in line:
                break

    assert only(cassette).ended == "complete"


def test_cancelled_reader_keeps_what_it_read(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """A task that is cancelled in mid-stream hangs up, and records the part it has."""
    server.streams(PIECES[0], server.until_left)

    async def cancelled() -> None:
        reading = asyncio.current_task()
        assert reading is not None
        async with (
            library.AsyncClient() as client,
            client.stream("POST", server.url) as response,
        ):
            async for _ in response.aiter_raw():
                reading.cancel()

    async def run() -> None:
        with use_cassette(cassette, "once"), pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(cancelled())

    asyncio.run(run())

    assert server.left.wait(10)
    assert only(cassette).ended == "truncated"
    assert only(cassette).failure.startswith("CancelledError")
    assert only(cassette).response_chunks == (PIECES[0],)


def test_replay_lets_other_tasks_run_between_pieces(
    library: ModuleType, recorded: str, cassette: Path
) -> None:
    """Who waits for a first piece, to cancel the rest, gets its turn as it did live."""
    pieces: list[bytes] = []

    async def reads(began: asyncio.Event) -> None:
        async with (
            library.AsyncClient() as client,
            client.stream("POST", recorded) as response,
        ):
            async for piece in response.aiter_raw():
                pieces.append(piece)
                began.set()

    async def run() -> None:
        began = asyncio.Event()
        with use_cassette(cassette):
            reading = asyncio.create_task(reads(began))
            await began.wait()
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading

    asyncio.run(run())

    assert pieces == [PIECES[0]]


@pytest.mark.parametrize(
    ("timing", "seconds"), [("instant", 0), ("recorded", 3), (2, 1.5), (10, 0.3)]
)
@pytest.mark.parametrize("awaited", [False, True])
def test_pieces_come_in_recorded_time_where_that_is_asked(
    library: ModuleType,
    server: Any,
    cassette: Path,
    timing: Any,
    seconds: float,
    awaited: bool,
) -> None:
    """A factor says how many times as fast; the clock is whose ever it is."""
    now = [0.0]

    def pause() -> None:
        now[0] += 1.5

    server.streams(pause, PIECES[0], pause, PIECES[3])
    with use_cassette(cassette, "once", clock=lambda: now[0]):
        read(library, server.url, READERS["read"])
    clock = VirtualClock()

    with use_cassette(cassette, timing=timing, replay_clock=clock):
        if awaited:
            pieces = asyncio.run(aread(library, server.url, "iter_raw"))
        else:
            pieces = read(library, server.url, READERS["iter_raw"])

    assert clock.now() == pytest.approx(seconds)
    assert b"".join(pieces) == PIECES[0] + PIECES[3]
