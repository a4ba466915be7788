"""Whole answers through httpx and httpx2: a replay says what the server said."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from harness.cassettes import load_cassette
from harness.recording import use_cassette

HEADERS = (
    ("X-Zebra", "1"),
    ("Set-Cookie", "a=1"),
    ("x-apple", "caf\xe9"),
    ("SET-COOKIE", "b=2"),
)


def both(cassette: Path) -> Iterator[Any]:
    """Give the cassette to record into, then to play from."""
    for mode in ("once", "none"):
        with use_cassette(cassette, mode) as tape:
            yield tape


def said(response: Any) -> tuple[Any, ...]:
    """Give all that an answer says."""
    extensions = {
        name: value
        for name, value in response.extensions.items()
        if name != "network_stream"
    }
    return response.status_code, response.headers.raw, response.content, extensions


@pytest.mark.parametrize("status", [200, 404, 204])
def test_status_headers_and_body_are_played(
    library: ModuleType, server: Any, cassette: Path, status: int
) -> None:
    """Headers keep order, spelling and repetitions; so do the words of the status."""
    body = b"" if status == 204 else b"\x00\xff plain"
    server.replies(body, status, (("x-apple", "caf\xe9"), ("X-B", "1"), ("x-b", "2")))

    answers = []
    for _ in both(cassette):
        with library.Client() as client:
            answers.append(said(client.post(server.url, content=b"hi")))

    live, again = answers
    assert again == live
    assert live[3] == {
        "http_version": b"HTTP/1.1",
        "reason_phrase": again[3]["reason_phrase"],
    }


def test_async_answer_is_played(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """The same in a task."""
    server.replies({"a": 1})
    answers = []

    async def ask() -> None:
        async with library.AsyncClient() as client:
            answers.append(said(await client.post(server.url, content=b"hi")))

    for _ in both(cassette):
        asyncio.run(ask())

    live, again = answers
    assert again == live


def test_cookies_are_redacted_and_play_in_order(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """What is no secret of a header that may repeat is there as often as it was."""
    server.replies(b"", 200, HEADERS)

    names = []
    for _ in both(cassette):
        with library.Client() as client:
            response = client.get(server.url)
            names.append([name for name, _ in response.headers.raw])

    live, again = names
    assert again == live


def test_head_has_no_body(library: ModuleType, server: Any, cassette: Path) -> None:
    """The length that is announced is not missed."""
    server.replies(b"12345")

    answers = []
    for _ in both(cassette):
        with library.Client() as client, client.stream("HEAD", server.url) as answer:
            answers.append(dict(answer.headers)["content-length"])

    assert answers == ["5", "5"]
    assert load_cassette(cassette)[0].ended == "complete"


def test_answer_closed_at_its_length_is_whole(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """All that was announced has come, though the end was not read."""
    server.replies(b"12345")

    for _ in both(cassette):
        with library.Client() as client, client.stream("GET", server.url) as answer:
            assert next(answer.iter_raw()) == b"12345"

    assert load_cassette(cassette)[0].ended == "complete"


@pytest.mark.parametrize("awaited", [False, True])
def test_body_that_can_be_read_once_is_sent_and_matched(
    library: ModuleType, server: Any, cassette: Path, awaited: bool
) -> None:
    """A body that is generated goes to the server whole, and to the cassette."""

    def parts() -> Iterator[bytes]:
        yield b'{"a"'
        yield b": 1}"

    async def aparts() -> AsyncIterator[bytes]:
        for part in parts():
            yield part

    async def ask() -> bytes:
        async with library.AsyncClient() as client:
            return (await client.post(server.url, content=aparts())).content

    answers = []
    for _ in both(cassette):
        if awaited:
            answers.append(asyncio.run(ask()))
        else:
            with library.Client() as client:
                answers.append(client.post(server.url, content=parts()).content)

    assert answers == [b'echo {"a": 1}'] * 2
    assert load_cassette(cassette)[0].request_body == b'{"a": 1}'


def test_files_match_whatever_their_boundary(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """An upload has another boundary each time, and is the same upload."""
    for _ in both(cassette):
        with library.Client() as client:
            answer = client.post(server.url, files={"file": b"words"})

        assert b"words" in answer.content


def test_redirects_are_followed(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """Each hop is an interaction."""
    server.replies(b"", 307, (("location", "/there"),))

    for _ in both(cassette):
        with library.Client(follow_redirects=True) as client:
            answer = client.post(f"{server.url}/here", content=b"hi")

        assert answer.content == b"echo hi"
        assert [str(hop.url) for hop in answer.history] == [f"{server.url}/here"]

    assert len(load_cassette(cassette)) == 2


def test_fragment_is_not_sent_and_not_recorded(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """What follows "#" is the client's business."""
    for _ in both(cassette):
        with library.Client() as client:
            client.get(f"{server.url}/a?b=c#d")

    assert load_cassette(cassette)[0].url == f"{server.url}/a?b=c"


def test_switched_protocols_are_left_alone(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """What comes after a 101 is no HTTP, and is not recorded."""
    server.replies(b"no")
    asked = {"connection": "upgrade", "upgrade": "other"}
    server.replies(b"", 101, (("connection", "upgrade"), ("upgrade", "other")))
    with use_cassette(cassette, "once") as tape, library.Client() as client:
        client.get(server.url)
        with client.stream("GET", server.url, headers=asked) as response:
            assert response.status_code == 101
            assert "network_stream" in response.extensions

    assert [one.status for one in tape.recorded] == [200]


def test_header_that_lies_about_compression_is_not_played(
    library: ModuleType, cassette: Path
) -> None:
    """Recorders store bodies decoded and keep the header: clients would choke on it."""
    cassette.write_text(
        "interactions:\n"
        "- request: {method: GET, uri: 'http://a.test/', headers: {}, body: null}\n"
        "  response:\n"
        "    status: {code: 200, message: OK}\n"
        "    headers: {Content-Encoding: [gzip], X-Kept: ['1']}\n"
        "    body: {string: plain}\n"
        "version: 1\n"
    )

    with use_cassette(cassette), library.Client() as client:
        response = client.get("http://a.test/")

    assert response.content == b"plain"
    assert "content-encoding" not in response.headers
    assert response.headers["x-kept"] == "1"


def test_damaged_compression_is_the_clients_to_find(
    library: ModuleType, server: Any, cassette: Path
) -> None:
    """What could not be decompressed live cannot be on replay."""
    packed = gzip.compress(b"hello" * 50, mtime=0)[:-12] + b"damaged bytes"
    server.replies(packed, 200, (("content-encoding", "gzip"),))

    for _ in both(cassette):
        with library.Client() as client, pytest.raises(library.DecodingError):
            client.get(server.url)


def test_header_beyond_latin_1_is_played(library: ModuleType, cassette: Path) -> None:
    """Other recorders decode headers as UTF-8: so they are sent."""
    cassette.write_text(
        "interactions:\n"
        "- request: {method: GET, uri: 'http://a.test/', headers: {}, body: null}\n"
        "  response:\n"
        "    status: {code: 200, message: OK}\n"
        "    headers: {X-Price: [5 €]}\n"
        "    body: {string: ''}\n"
        "version: 1\n"
    )

    with use_cassette(cassette), library.Client() as client:
        assert client.get("http://a.test/").headers["x-price"] == "5 €"


def test_other_event_loops_are_served(library: ModuleType, cassette: Path) -> None:
    """A replay needs no asyncio: httpx runs on trio as well."""
    cassette.write_text(
        "interactions:\n"
        "- request: {method: GET, uri: 'http://a.test/', headers: {}, body: null}\n"
        "  response:\n"
        "    status: {code: 200, message: OK}\n"
        "    headers: {}\n"
        "    body: {string: words}\n"
        "version: 1\n"
    )
    import trio

    async def ask() -> str:
        async with library.AsyncClient() as client:
            return str((await client.get("http://a.test/")).text)

    with use_cassette(cassette):
        assert trio.run(ask) == "words"
