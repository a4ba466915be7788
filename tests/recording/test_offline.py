"""While all open cassettes only replay, nothing reaches another machine."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import httpx
import pytest

from harness.cassettes import write_cassette
from harness.cassettes.interactions import Interaction
from harness.errors import NetworkBlocked, UnrecordedRequest
from harness.recording import block_network, use_cassette
from harness.recording.guard import Guard, _guards

FAR = "192.0.2.1"  # reserved for documentation: nobody answers there


@pytest.fixture
def replaying(cassette: Path) -> Path:
    """Give a cassette with one recording."""
    one = Interaction("GET", "https://a.b/v1", 200, response_body=b"hello")
    cassette.write_text(write_cassette([one]), encoding="utf-8")
    return cassette


def connect() -> None:
    with closing(socket.socket()) as sock:
        sock.settimeout(1)
        sock.connect((FAR, 443))


def open_url() -> None:
    urlopen(f"http://{FAR}/", timeout=1)


def look_up() -> None:
    socket.getaddrinfo("api.example.com", 443)


def look_up_an_address() -> None:
    socket.getnameinfo((FAR, 443), 0)


def open_in_a_loop() -> None:
    asyncio.run(asyncio.wait_for(asyncio.open_connection(FAR, 443), 1))


def look_up_in_a_loop() -> None:
    async def asks() -> None:
        await asyncio.get_running_loop().getaddrinfo("api.example.com", 443)

    asyncio.run(asks())


def in_a_pool() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(connect).result()


def in_the_pool_of_a_loop() -> None:
    async def asks() -> None:
        await asyncio.to_thread(connect)

    asyncio.run(asks())


WAYS = [
    connect,
    open_url,
    look_up,
    look_up_an_address,
    open_in_a_loop,
    look_up_in_a_loop,
    in_a_pool,
    in_the_pool_of_a_loop,
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("mode", ["none", "once"])
def test_no_way_leads_out_while_a_cassette_replays(
    replaying: Path, way: Callable[[], None], mode: str
) -> None:
    """Clients that are not heard are refused, and the error names the cassette."""
    told = r"tried to .*What is open only replays \(.*cassette\.yaml"
    with pytest.raises(NetworkBlocked, match=told), use_cassette(replaying, mode):
        way()


def test_a_swallowed_attempt_is_told_at_the_end(replaying: Path) -> None:
    """So it is in a thread, whose error nobody sees."""

    def tries() -> None:
        with suppress(BaseException):
            connect()

    def runs() -> None:
        with use_cassette(replaying):
            thread = threading.Thread(target=tries)
            thread.start()
            thread.join()

    with pytest.raises(UnrecordedRequest, match=r"connect to 192\.0\.2\.1:443"):
        runs()


def test_an_expected_attempt_is_not_told_again(replaying: Path) -> None:
    """It is one of the misses, and these can be taken."""
    with use_cassette(replaying) as tape:
        with pytest.raises(NetworkBlocked):
            connect()
        assert [str(miss) for miss in tape.misses] != []
        tape.misses.clear()


def test_an_attempt_that_ends_the_block_is_told_once(replaying: Path) -> None:
    """It is no note of itself."""
    with pytest.raises(NetworkBlocked) as caught, use_cassette(replaying):
        connect()

    assert getattr(caught.value, "__notes__", []) == []


def test_a_thread_of_old_tells_every_open_cassette(
    replaying: Path, tmp_path: Path
) -> None:
    """Whose attempt it is cannot be told, and no cassette keeps it to itself."""
    begin, done = threading.Event(), threading.Event()

    def tries() -> None:
        begin.wait(10)
        with suppress(BaseException):
            connect()
        done.set()

    thread = threading.Thread(target=tries)
    thread.start()
    other = tmp_path / "other.yaml"
    other.write_bytes(replaying.read_bytes())
    with use_cassette(replaying) as outer, use_cassette(other) as inner:
        begin.set()
        done.wait(10)
        assert (len(outer.misses), len(inner.misses)) == (1, 1)
        outer.misses.clear()
        inner.misses.clear()
    thread.join()


def test_loopback_passes(replaying: Path, server: Any) -> None:
    """Clients that are not heard reach what is on this machine."""
    host, port = server.url.removeprefix("http://").split(":")

    with use_cassette(replaying), socket.create_connection((host, int(port))):
        pass

    assert server.asked == []


def test_a_cassette_that_records_needs_the_network(
    replaying: Path, tmp_path: Path
) -> None:
    """The guard is away while one is open that may go live, and back after it."""
    with use_cassette(replaying) as tape:
        with use_cassette(tmp_path / "new.yaml", "once"):
            assert [*_guards] == []
        with pytest.raises(NetworkBlocked):
            connect()
        assert len(tape.misses) == 1
        tape.misses.clear()


def test_nothing_is_left_of_it(replaying: Path) -> None:
    """Outside of cassettes the sockets are as they were."""
    before = socket.socket.connect, socket.socket.sendto

    with use_cassette(replaying):
        assert socket.socket.connect is not before[0]

    assert [*_guards] == []
    assert (socket.socket.connect, socket.socket.sendto) == before


@pytest.fixture
def outside() -> Iterator[Guard]:
    """Give a guard that lets one host pass."""
    with block_network(allowed=[FAR]) as guard:
        yield guard


def test_a_guard_that_was_asked_for_decides(replaying: Path, outside: Guard) -> None:
    """Hosts that it allows pass in cassettes too; the rest it tells itself."""
    with use_cassette(replaying) as tape:
        assert outside.lets_pass(FAR, 443)
        with suppress(OSError), closing(socket.socket()) as sock:
            sock.setblocking(False)
            sock.connect((FAR, 443))
        with pytest.raises(NetworkBlocked, match="No network is allowed here"):
            look_up()
        assert tape.misses == []
    assert len(outside.forget()) == 1


def test_a_client_made_before_is_refused_by_its_cassette(
    replaying: Path, server: Any
) -> None:
    """Whatever its connection already leads to."""
    with httpx.Client() as client:
        client.get(server.url)
        with pytest.raises(UnrecordedRequest), use_cassette(replaying):
            client.get(server.url)

    assert len(server.asked) == 1
