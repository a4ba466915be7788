"""What aiohttp hears of a server is what it hears of its recording."""

import asyncio
import gzip
import io
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import aiohttp.abc
import aiohttp.web
import pytest

from harness.cassettes import load_cassette
from harness.cassettes.interactions import Interaction
from harness.cassettes.writing import write_cassette
from harness.errors import UnrecordedRequest
from harness.models.clocks import VirtualClock
from harness.recording import block_network, use_cassette

PATIENCE = 10.0
PIECES = (b"data: one\n\n", b"data: t", b"wo\n\n", b"data: \xe2\x82\xac\n\n")
GZIPPED = gzip.compress(b'{"said": "hello"}', mtime=0)
URL = "http://api.example.com/"

Application = Callable[[aiohttp.ClientSession], Awaitable[Any]]


def run(application: Application, **options: Any) -> Any:
    """Give what an application has of its session."""

    async def running() -> Any:
        async with aiohttp.ClientSession(**options) as session:
            return await application(session)

    return asyncio.run(running())


def both(cassette: Path, application: Application, **options: Any) -> tuple[Any, Any]:
    """Give what an application has of the server, and then of the recording."""
    with use_cassette(cassette, "once"):
        live = run(application, **options)
    with use_cassette(cassette) as tape:
        replayed = run(application, **options)
        assert tape.unused() == []
    return live, replayed


def only(cassette: Path) -> Interaction:
    """Give the one interaction of a cassette."""
    (one,) = load_cassette(cassette)
    return one


def stored(cassette: Path, *answers: Interaction) -> None:
    """Write a cassette."""
    cassette.write_text(write_cassette(answers), encoding="utf-8")


async def read_all(iterator: Any) -> list[Any]:
    """Give all that an iterator gives."""
    return [item async for item in iterator]


async def read_lines(content: aiohttp.StreamReader) -> list[bytes]:
    """Give all lines, one by one."""
    lines = []
    while line := await content.readline():
        lines.append(line)
    return lines


def test_application_sees_each_piece_before_the_next_is_sent(
    server: Any, cassette: Path
) -> None:
    """While recording, a piece goes on at once; the replay has the same pieces."""
    goes = [threading.Event() for _ in PIECES]
    waits = [lambda go=go: go.wait(PATIENCE) for go in goes]
    server.streams(*(s for pair in zip(PIECES, waits, strict=True) for s in pair))

    async def read(session: aiohttp.ClientSession) -> list[bytes]:
        seen = []
        async with session.post(server.url, json={"a": 1}) as response:
            async for piece in response.content.iter_any():
                seen.append(piece)
                goes[len(seen) - 1].set()
        return seen

    assert both(cassette, read) == ([*PIECES], [*PIECES])
    assert all(go.is_set() for go in goes)
    assert only(cassette).response_chunks == PIECES


@pytest.mark.parametrize(
    "read",
    [
        lambda response: response.read(),
        lambda response: response.text(),
        lambda response: read_all(response.content),
        lambda response: read_all(response.content.iter_chunked(4)),
        lambda response: read_lines(response.content),
        lambda response: response.content.readexactly(13),
        lambda response: response.content.readuntil(b"\n\n"),
    ],
)
@pytest.mark.parametrize("framed", ["chunks", "length"])
def test_every_way_to_read_gives_the_same(
    server: Any,
    cassette: Path,
    read: Callable[[aiohttp.ClientResponse], Awaitable[Any]],
    framed: str,
) -> None:
    """However the application reads its streams, the replay answers as the server."""
    body = b"".join(PIECES)
    if framed == "chunks":
        server.streams(body)
    else:
        server.replies(body)

    async def application(session: aiohttp.ClientSession) -> Any:
        async with session.post(server.url) as response:
            return await read(response)

    live, replayed = both(cassette, application)

    assert live == replayed
    assert len(server.asked) == 1


def test_chunks_of_http_are_those_of_the_server(server: Any, cassette: Path) -> None:
    """`iter_chunks` tells where a chunk of HTTP ends, both times."""
    server.streams(*PIECES)

    async def application(session: aiohttp.ClientSession) -> bytes:
        async with session.get(server.url) as response:
            chunks = await read_all(response.content.iter_chunks())
            return b"|".join(data for data, _ in chunks if data)

    live, replayed = both(cassette, application)

    assert live == replayed == b"|".join(PIECES)


@pytest.mark.parametrize("pieces", [[GZIPPED], [GZIPPED[:9], GZIPPED[9:]]])
def test_compressed_bodies_stay_compressed(
    server: Any, cassette: Path, pieces: list[bytes]
) -> None:
    """They are stored as they came, and aiohttp decodes them both times."""
    server.streams(*pieces, headers=(("content-encoding", "gzip"),))

    async def application(session: aiohttp.ClientSession) -> Any:
        async with session.get(server.url) as response:
            return await response.json(content_type=None)

    assert both(cassette, application) == ({"said": "hello"}, {"said": "hello"})
    assert only(cassette).response_body == GZIPPED


def test_status_headers_reason_and_cookies_are_there(
    server: Any, cassette: Path
) -> None:
    """A response is whole: its headers, also repeated ones, its cookies, its URL."""
    headers = (("X-Tag", "a"), ("X-Tag", "b"), ("Set-Cookie", "who=me; Path=/"))
    server.replies(b"no", 404, headers)

    async def application(session: aiohttp.ClientSession) -> Any:
        async with session.get(server.url + "/x", params={"y": "1"}) as response:
            with pytest.raises(aiohttp.ClientResponseError) as caught:
                response.raise_for_status()
            tags = response.headers.getall("x-tag")
            error = caught.value.status, caught.value.message
            return response.reason, str(response.url), tags, [*response.cookies], error

    live, replayed = both(cassette, application)

    assert live == replayed
    assert live[0] == "Not Found"
    assert live[2:] == (["a", "b"], ["who"], (404, "Not Found"))


def test_a_head_request_has_no_body(server: Any, cassette: Path) -> None:
    """An answer without a body is complete with its headers."""
    server.replies(b"12345")

    async def application(session: aiohttp.ClientSession) -> Any:
        async with session.head(server.url) as response:
            return response.headers["content-length"], await response.read()

    live, replayed = both(cassette, application)

    assert live == replayed == ("5", b"")


async def parts() -> AsyncIterator[bytes]:
    yield b"a"
    yield b"b"


def form() -> aiohttp.FormData:
    data = aiohttp.FormData()
    data.add_field("file", io.BytesIO(b"ab"), filename="x.txt")
    return data


@pytest.mark.parametrize(
    "body",
    [
        lambda: b"ab",
        lambda: "ab",
        lambda: io.BytesIO(b"ab"),
        parts,
        form,
        lambda: {"said": "ab"},
        lambda: None,
    ],
)
def test_every_kind_of_body_is_recorded_and_sent(
    server: Any, cassette: Path, body: Callable[[], Any]
) -> None:
    """A body that can be read but once is read once, and sent all the same."""

    async def application(session: aiohttp.ClientSession) -> int:
        async with session.post(server.url, data=body()) as response:
            await response.read()
            return response.status

    live, replayed = both(cassette, application)

    assert live == replayed == 200
    assert only(cassette).request_body == server.asked[0].body
    assert (b"ab" in server.asked[0].body) is (body() is not None)


def test_each_hop_of_a_redirect_is_recorded(server: Any, cassette: Path) -> None:
    """Redirects are followed by aiohttp, both times."""
    server.replies(b"", 302, (("Location", "/there"),))
    server.replies(b"here")

    async def application(session: aiohttp.ClientSession) -> Any:
        async with session.get(server.url + "/a") as response:
            return await response.read(), str(response.url), len(response.history)

    live, replayed = both(cassette, application)

    assert live == replayed == (b"here", server.url + "/there", 1)
    assert [one.status for one in load_cassette(cassette)] == [302, 200]


def test_connections_are_used_again(server: Any, cassette: Path) -> None:
    """What was recorded over one connection ends with its answer."""

    async def application(session: aiohttp.ClientSession) -> list[bytes]:
        said = []
        for number in range(3):
            async with session.post(server.url, data=b"%d" % number) as response:
                said.append(await response.read())
        return said

    live, replayed = both(cassette, application)

    assert live == replayed == [b"echo 0", b"echo 1", b"echo 2"]
    assert len(load_cassette(cassette)) == len(server.asked) == 3


def test_tasks_side_by_side_have_each_their_own(server: Any, cassette: Path) -> None:
    """Answers go to those who asked, in whatever order they come."""

    async def application(session: aiohttp.ClientSession) -> list[bytes]:
        async def ask(number: int) -> bytes:
            async with session.post(server.url, json={"prompt": number}) as response:
                return await response.read()

        return await asyncio.gather(*map(ask, range(24)))

    live, replayed = both(cassette, application)

    assert live == replayed == [b'echo {"prompt": %d}' % n for n in range(24)]
    assert len(server.asked) == 24


# --- Failures ----------------------------------------------------------------


def refused(server: Any) -> None:
    server.close()


def silent(server: Any) -> None:
    server.streams(server.hold, b"late")


def hung_up(server: Any) -> None:
    server.streams(server.cut)


def cut_in_a_stream(server: Any) -> None:
    server.streams(b"data: 1\n\n", server.cut)


def silent_in_a_stream(server: Any) -> None:
    server.streams(b"data: 1\n\n", server.hold)


READ = aiohttp.ClientTimeout(sock_read=0.2)
TOTAL = aiohttp.ClientTimeout(total=0.2)


@pytest.mark.parametrize(
    "going_wrong, timeout, kind, ended",
    [
        (refused, READ, aiohttp.ClientConnectorError, "connection"),
        (silent, READ, aiohttp.SocketTimeoutError, "timeout"),
        (silent, TOTAL, TimeoutError, "timeout"),
        (hung_up, READ, aiohttp.ServerDisconnectedError, "connection"),
        (cut_in_a_stream, READ, aiohttp.ClientPayloadError, "interrupted"),
        (silent_in_a_stream, READ, aiohttp.SocketTimeoutError, "timeout"),
        (silent_in_a_stream, TOTAL, TimeoutError, "timeout"),
    ],
)
def test_failures_replay_as_themselves(
    server: Any,
    cassette: Path,
    going_wrong: Callable[[Any], None],
    timeout: aiohttp.ClientTimeout,
    kind: type,
    ended: str,
) -> None:
    """What goes wrong on the wire is recorded, and aiohttp raises the same again."""
    going_wrong(server)

    async def application(session: aiohttp.ClientSession) -> tuple[type, str]:
        with pytest.raises((aiohttp.ClientError, TimeoutError)) as caught:
            async with session.post(server.url) as response:
                await response.read()
        return type(caught.value), str(caught.value)

    live, replayed = both(cassette, application, timeout=timeout)

    assert live == replayed
    assert live[0] is kind
    assert only(cassette).ended == ended
    assert only(cassette).failure


class NeverResolved(aiohttp.abc.AbstractResolver):
    """A resolver that does not come back."""

    async def resolve(self, *_: Any, **__: Any) -> list[Any]:
        await asyncio.Event().wait()
        return []

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize(
    "timeout, kind",
    [
        (aiohttp.ClientTimeout(connect=0.1), aiohttp.ConnectionTimeoutError),
        (TOTAL, TimeoutError),
    ],
)
def test_timeouts_before_there_is_a_connection(
    cassette: Path, timeout: aiohttp.ClientTimeout, kind: type
) -> None:
    """A connection that does not come about in time replays as that."""

    async def application(_: aiohttp.ClientSession) -> bool:
        connector = aiohttp.TCPConnector(resolver=NeverResolved())
        async with aiohttp.ClientSession(connector=connector) as session:
            with pytest.raises(kind):
                await session.get(URL, timeout=timeout)
        return True

    assert both(cassette, application) == (True, True)
    assert only(cassette).ended == "timeout"


def test_a_task_that_is_cancelled_before_an_answer_is_not_recorded(
    server: Any, cassette: Path
) -> None:
    """Nothing came: there is nothing to store."""
    asked = threading.Event()
    server.streams(asked.set, server.hold)

    async def application(session: aiohttp.ClientSession) -> None:
        task = asyncio.ensure_future(session.post(server.url))
        await asyncio.to_thread(asked.wait, PATIENCE)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    with use_cassette(cassette, "once"):
        run(application)

    assert not cassette.exists()


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"]
)
def test_a_connection_that_is_reset_replays_as_that(
    cassette: Path, head: bytes
) -> None:
    """A reset is not the end of a stream, and not just a server that hangs up."""

    async def reset(_: Any, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await writer.drain()
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if head:
            await came.wait()
        writer.close()

    async def application(session: aiohttp.ClientSession) -> tuple[type, str]:
        came.clear()
        with pytest.raises(aiohttp.ClientError) as caught:
            await read(session)
        return type(caught.value), str(caught.value)

    async def read(session: aiohttp.ClientSession) -> None:
        async with session.post(f"http://127.0.0.1:{port}/") as response:
            came.set()
            await response.read()

    async def running() -> None:
        nonlocal port
        served = await asyncio.start_server(reset, "127.0.0.1", 0)
        port = served.sockets[0].getsockname()[1]
        async with served, aiohttp.ClientSession() as session:
            said.append(await application(session))

    said: list[tuple[type, str]] = []
    came, port = asyncio.Event(), 0
    with use_cassette(cassette, "once"):
        asyncio.run(running())
    with use_cassette(cassette):
        said.append(run(application))

    assert said[0] == said[1]
    assert "reset" in said[0][1].lower()


def test_a_stream_is_not_read_after_its_connection(cassette: Path) -> None:
    """Who reads after the response was closed is told, as by aiohttp itself."""
    chunks = {"response_body": b"ab", "response_chunks": (b"a", b"b")}
    stored(cassette, Interaction("GET", URL, 200, **chunks))

    async def application(session: aiohttp.ClientSession) -> None:
        response = await session.get(URL)
        content = response.content
        response.close()
        await content.read()

    with (
        use_cassette(cassette),
        pytest.raises((aiohttp.ClientError, RuntimeError), match="losed"),
    ):
        run(application)


@pytest.mark.parametrize(
    "said, ended, kind",
    [
        ("ConnectTimeout: timed out", "timeout", aiohttp.ConnectionTimeoutError),
        ("ReadTimeout: timed out", "timeout", aiohttp.SocketTimeoutError),
        ("ConnectError: refused", "connection", aiohttp.ClientConnectorError),
        ("NameResolutionError: no", "connection", aiohttp.ClientConnectorDNSError),
        ("SSLError: certificate", "connection", aiohttp.ClientConnectorSSLError),
        ("RemoteDisconnected: bye", "connection", aiohttp.ServerDisconnectedError),
        ("ClientOSError: [Errno 104] reset", "connection", aiohttp.ClientOSError),
    ],
)
def test_failures_of_other_clients_replay_as_those_of_aiohttp(
    cassette: Path, said: str, ended: Any, kind: type
) -> None:
    """A failure that another client recorded is the one that aiohttp has for it."""
    stored(cassette, Interaction("POST", URL, 599, ended=ended, failure=said))

    async def application(session: aiohttp.ClientSession) -> type:
        with pytest.raises((aiohttp.ClientError, TimeoutError)) as caught:
            await session.post(URL)
        return type(caught.value)

    with use_cassette(cassette), block_network():
        assert run(application) is kind


def test_a_stream_that_was_closed_early_is_truncated(
    server: Any, cassette: Path
) -> None:
    """What came is stored and replays; who reads on then is told, and not silently."""
    server.streams(b"data: 1\n\n", server.until_left)

    async def application(session: aiohttp.ClientSession) -> bytes:
        async with session.post(server.url) as response:
            return await response.content.readline()

    async def reading_on(session: aiohttp.ClientSession) -> bytes:
        async with session.post(server.url) as response:
            return await response.read()

    live, replayed = both(cassette, application)

    assert live == replayed == b"data: 1\n"
    assert only(cassette).ended == "truncated"
    assert server.left.wait(PATIENCE)
    with use_cassette(cassette) as tape:
        with pytest.raises(UnrecordedRequest, match="this time it reads on"):
            run(reading_on)
        tape.misses.clear()


def test_a_task_that_is_cancelled_stores_what_came(server: Any, cassette: Path) -> None:
    """Cancelling in a stream is closing it; it is no failure of the server."""
    server.streams(b"data: 1\n\n", server.until_left)

    async def application(session: aiohttp.ClientSession) -> list[bytes]:
        came: asyncio.Queue[bytes] = asyncio.Queue()

        async def reading() -> None:
            async with session.post(server.url) as response:
                async for piece in response.content.iter_any():
                    await came.put(piece)

        task = asyncio.create_task(reading())
        said = await came.get()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return [said]

    with use_cassette(cassette, "once"):
        live = run(application)

    assert live == [b"data: 1\n\n"]
    assert only(cassette).ended == "truncated"
    assert only(cassette).response_body == live[0]


def test_a_miss_is_no_error_of_the_client(cassette: Path) -> None:
    """What was not recorded is raised through `except Exception`, and is told again."""

    async def application(session: aiohttp.ClientSession) -> None:
        try:
            await session.get(URL)
        except Exception:  # noqa: BLE001 - as applications do
            pytest.fail("the miss was hidden")

    with use_cassette(cassette) as tape:
        with pytest.raises(UnrecordedRequest):
            run(application)
        assert len(tape.misses) == 1
        tape.misses.clear()


def test_websockets_pass_by(cassette: Path) -> None:
    """A websocket is no exchange: it works as without a cassette."""

    async def echo(request: aiohttp.web.Request) -> aiohttp.web.WebSocketResponse:
        socket = aiohttp.web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str((await socket.receive_str()).upper())
        await socket.close()
        return socket

    async def application(session: aiohttp.ClientSession) -> str:
        app = aiohttp.web.Application()
        app.router.add_get("/", echo)
        runner = aiohttp.web.AppRunner(app)
        await runner.setup()
        site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with session.ws_connect(f"http://127.0.0.1:{port}/") as socket:
            await socket.send_str("hello")
            said = await socket.receive_str()
        await runner.cleanup()
        return said

    with use_cassette(cassette, "once"):
        assert run(application) == "HELLO"
    assert not cassette.exists()


def test_outside_of_cassettes_nothing_changes(server: Any) -> None:
    """While no cassette is open, and after, calls go where they go."""
    before = aiohttp.BaseConnector.connect
    with use_cassette("some"):
        assert aiohttp.BaseConnector.connect is not before

    assert aiohttp.BaseConnector.connect is before


def test_a_method_that_somebody_kept_passes_calls_on(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours may outlast the cassette in somebody's hands: it does nothing then."""
    with use_cassette("some"):
        kept = aiohttp.BaseConnector.connect
    monkeypatch.setattr(aiohttp.BaseConnector, "connect", kept)

    async def application(session: aiohttp.ClientSession) -> int:
        async with session.get(server.url) as response:
            return response.status

    assert run(application) == 200


def test_a_library_that_is_imported_later_is_replaced_then(
    server: Any, cassette: Path
) -> None:
    """An application may import aiohttp while the cassette is already open."""
    code = (
        "import asyncio, sys\n"
        "from harness.recording import use_cassette\n"
        "async def main():\n"
        "    import aiohttp\n"
        "    async with aiohttp.ClientSession() as session:\n"
        "        async with session.get(sys.argv[2]) as response:\n"
        "            await response.read()\n"
        "with use_cassette(sys.argv[1], 'once'):\n"
        "    assert 'aiohttp' not in sys.modules\n"
        "    asyncio.run(main())\n"
    )

    subprocess.run(
        [sys.executable, "-c", code, str(cassette), server.url + "/"],
        check=True,
        timeout=60,
    )

    assert only(cassette).url == server.url + "/"


def test_recordings_of_other_clients_keep_their_pieces(cassette: Path) -> None:
    """A stream that HTTP/2 brought, without any form, comes piece by piece."""
    stored(
        cassette,
        Interaction(
            "GET",
            URL,
            200,
            response_body=b"".join(PIECES),
            response_chunks=PIECES,
            http_version="HTTP/2",
        ),
    )

    async def application(session: aiohttp.ClientSession) -> list[bytes]:
        async with session.get(URL) as response:
            return await read_all(response.content.iter_any())

    with use_cassette(cassette), block_network():
        assert run(application) == [*PIECES]


def test_pieces_come_in_recorded_time_if_that_is_asked_for(cassette: Path) -> None:
    """Time is that of the recording, by the clock that is given."""
    stored(
        cassette,
        Interaction(
            "GET",
            URL,
            200,
            response_body=b"".join(PIECES),
            response_chunks=PIECES,
            chunk_times=(1000, 2000, 3000, 60_000),
        ),
    )
    clock = VirtualClock()

    async def application(session: aiohttp.ClientSession) -> list[float]:
        async with session.get(URL) as response:
            return [clock.now() async for _ in response.content.iter_any()]

    with use_cassette(cassette, timing="recorded", replay_clock=clock):
        assert run(application) == [1.0, 2.0, 3.0, 60.0]


def test_a_large_body_is_not_held_up(cassette: Path) -> None:
    """More than aiohttp buffers comes through, compressed or not."""
    body = bytes(range(256)) * 8000
    packed = gzip.compress(bytes(4_000_000))
    coding = (("content-encoding", "gzip"),)
    stored(
        cassette,
        Interaction("GET", URL, 200, response_body=body),
        Interaction(
            "GET", URL + "z", 200, response_headers=coding, response_body=packed
        ),
    )

    async def application(session: aiohttp.ClientSession) -> tuple[bytes, int]:
        async with session.get(URL) as response:
            plain = await response.read()
        async with session.get(URL + "z") as response:
            return plain, len(await response.read())

    with use_cassette(cassette), block_network():
        assert run(application) == (body, 4_000_000)
