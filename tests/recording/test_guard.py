"""block_network: nothing leaves this machine, and nobody can hide that it tried."""

import _socket
import asyncio
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from harness.errors import NetworkBlocked
from harness.recording.guard import Guard, block_network

FAR = "192.0.2.1"  # reserved for documentation: nobody answers there


def connect(host: str) -> None:
    with closing(socket.socket()) as sock:
        sock.connect((host, 443))


def connect_ex(host: str) -> None:
    with closing(socket.socket()) as sock:
        sock.connect_ex((host, 443))


def connect_in_c(host: str) -> None:
    sock = _socket.socket()
    try:
        sock.connect((host, 443))
    finally:
        sock.close()


def create_connection(host: str) -> None:
    socket.create_connection((host, 443), timeout=1)


def send_datagram(host: str) -> None:
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as sock:
        sock.sendto(b"?", (host, 443))


def send_datagram_message(host: str) -> None:
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as sock:
        sock.sendmsg([b"?"], [], 0, (host, 443))


def get_with_httpx(host: str) -> None:
    httpx.get(f"https://{host}/", timeout=1)


def open_in_a_loop(host: str) -> None:
    asyncio.run(asyncio.wait_for(asyncio.open_connection(host, 443), 1))


def connect_in_a_loop(host: str) -> None:
    async def connecting() -> None:
        with closing(socket.socket()) as sock:
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, (host, 443))

    asyncio.run(connecting())


def send_in_a_loop(host: str) -> None:
    async def sending() -> None:
        await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(host, 443)
        )

    asyncio.run(sending())


def resolve(host: str) -> None:
    socket.getaddrinfo(host, 443)


def resolve_bytes(host: str) -> None:
    socket.getaddrinfo(host.encode(), b"443")


def resolve_by_name(host: str) -> None:
    socket.gethostbyname(host)


def resolve_in_a_loop(host: str) -> None:
    async def resolving() -> None:
        await asyncio.get_running_loop().getaddrinfo(host, 443)

    asyncio.run(resolving())


WAYS = [
    connect,
    connect_ex,
    create_connection,
    send_datagram,
    get_with_httpx,
    open_in_a_loop,
    send_in_a_loop,
]
BY_NUMBER = [connect_in_c, send_datagram_message, connect_in_a_loop]
LOOKUPS = [resolve, resolve_bytes, resolve_by_name, resolve_in_a_loop]


@pytest.fixture
def listener() -> Iterator[tuple[str, int]]:
    """Give the address of a server that lets anyone connect."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()


@pytest.mark.parametrize("way", [*WAYS, *BY_NUMBER])
def test_no_way_leads_out(way: Callable[[str], None]) -> None:
    """Whatever a client calls to reach another machine, it is refused by name."""
    with block_network() as guard:
        with pytest.raises(NetworkBlocked) as caught:
            way(FAR)

        assert guard.forget() == (caught.value,)
    assert (caught.value.host, caught.value.port) == (FAR, 443)


@pytest.mark.parametrize("way", [*WAYS, *LOOKUPS])
def test_no_name_is_looked_up(way: Callable[[str], None]) -> None:
    """A name is refused before anybody is asked where it is."""
    with block_network() as guard:
        with pytest.raises(NetworkBlocked) as caught:
            way("api.example.com")

        assert guard.forget() == (caught.value,)
    assert (caught.value.host, caught.value.port) in {
        ("api.example.com", 443),
        ("api.example.com", "443"),
        ("api.example.com", None),
    }


class ForeignLoop(asyncio.SelectorEventLoop):
    """A loop that opens connections of its own, as uvloop does in C."""

    async def create_connection(self, *_: Any, **__: Any) -> Any:
        return "connected"

    async def getaddrinfo(self, *_: Any, **__: Any) -> Any:
        return ["found"]


def test_loops_with_sockets_of_their_own_are_guarded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A loop that leaves Python's sockets aside is asked before it does."""
    uvloop = ModuleType("uvloop")
    uvloop.Loop = ForeignLoop
    monkeypatch.setitem(sys.modules, "uvloop", uvloop)

    with block_network() as guard, closing(ForeignLoop()) as loop:
        for way in (
            lambda: loop.create_connection(asyncio.Protocol, FAR, 443),
            lambda: loop.create_connection(asyncio.Protocol, host=FAR, port=443),
            lambda: loop.getaddrinfo("api.example.com", 443),
        ):
            with pytest.raises(NetworkBlocked):
                loop.run_until_complete(way())
        near = loop.create_connection(asyncio.Protocol, "127.0.0.1", 80)

        assert loop.run_until_complete(near) == "connected"
        assert len(guard.forget()) == 3
    assert "create_connection" in vars(ForeignLoop)


def test_the_error_names_test_address_and_line() -> None:
    """What is raised tells who tried what, where, and what to do about it."""
    with block_network() as guard:
        with pytest.raises(NetworkBlocked) as caught:
            get_with_httpx("api.example.com")
        guard.forget()

    name = "test_guard.py::test_the_error_names_test_address_and_line"
    assert caught.value.test.endswith(name)
    assert str(caught.value).startswith(f"{caught.value.test} tried to look up ")
    assert caught.value.client == "httpx > httpcore > socket"
    assert "api.example.com:443 through httpx > httpcore > socket, at " in str(
        caught.value
    )
    assert Path(caught.value.code.partition(":")[0]).name == "test_guard.py"
    assert 'httpx.get(f"https://{host}/", timeout=1)' in caught.value.code
    assert "block_network(allowed=['api.example.com'])" in str(caught.value)


def test_the_line_is_found_from_a_task_of_a_loop() -> None:
    """A lookup that asyncio does in a thread is told in the task that asked for it."""
    with block_network() as guard:
        with pytest.raises(NetworkBlocked) as caught:
            open_in_a_loop("api.example.com")
        guard.forget()

    assert "asyncio.run(asyncio.wait_for(" in caught.value.code


def test_the_line_of_a_library_thread_is_where_the_main_thread_stands() -> None:
    """A thread that runs no code of ours is told by what waits for it."""
    with block_network() as guard, ThreadPoolExecutor(1, "worker") as pool:
        lookup = pool.submit(socket.getaddrinfo, "api.example.com", 443)
        with pytest.raises(NetworkBlocked) as caught:
            lookup.result()
        guard.forget()

    assert "test_guard.py" in caught.value.code
    assert "where the main thread stands, not 'worker_0'" in caught.value.code


def test_no_exception_handler_hides_it() -> None:
    """`except Exception`, as SDKs retry, lets it through."""
    with block_network() as guard:
        with pytest.raises(NetworkBlocked), suppress(Exception):
            connect(FAR)
        guard.forget()


def test_a_swallowed_attempt_is_told_at_the_end() -> None:
    """What was swallowed all the same is raised when the block ends."""
    with pytest.raises(NetworkBlocked) as caught, block_network():  # noqa: PT012
        for host in (FAR, "192.0.2.2"):
            with suppress(BaseException):
                connect(host)

    assert "Raised again at the end" in str(caught.value)
    assert (caught.value.host, caught.value.port) == (FAR, 443)
    assert "192.0.2.2:443" in caught.value.__notes__[0]


def test_an_attempt_in_a_thread_is_told_at_the_end() -> None:
    """An attempt that died with its thread is raised where the block ends."""

    def working() -> None:
        with suppress(BaseException):
            connect(FAR)

    with pytest.raises(NetworkBlocked) as caught, block_network():  # noqa: PT012
        thread = threading.Thread(target=working)
        thread.start()
        thread.join()

    assert "test_guard.py" in caught.value.code
    assert "sock.connect((host, 443))" in caught.value.code


def test_an_attempt_is_a_note_of_the_error_that_ends_the_block() -> None:
    """The error of the application is the one that is raised; it says the rest."""
    with pytest.raises(KeyError) as caught, block_network():  # noqa: PT012
        with suppress(BaseException):
            connect(FAR)
        raise KeyError("weather")

    assert f"{FAR}:443" in caught.value.__notes__[0]


def test_an_attempt_that_ends_the_block_is_told_once() -> None:
    """The error that goes through is the one that was raised first, as it was."""
    with pytest.raises(NetworkBlocked) as caught, block_network() as guard:
        connect(FAR)

    assert not hasattr(caught.value, "__notes__")
    assert guard.attempts == ()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_loopback_passes(listener: tuple[str, int], host: str) -> None:
    """Servers on this machine are reached, by number and by name."""
    with block_network():
        socket.create_connection((host, listener[1]), timeout=5).close()


def test_sockets_of_the_machine_itself_pass(tmp_path: Path) -> None:
    """Pairs, Unix sockets, datagrams to ourselves and event loops work as ever."""
    with block_network():
        for sock in socket.socketpair():
            sock.close()
        with closing(socket.socket(socket.AF_UNIX)) as server:
            server.bind(str(tmp_path / "s"))
            server.listen()
            with closing(socket.socket(socket.AF_UNIX)) as client:
                client.connect(str(tmp_path / "s"))
        with closing(socket.socket(type=socket.SOCK_DGRAM)) as sock:
            sock.bind(("127.0.0.1", 0))
            assert sock.sendto(b"?", sock.getsockname()) == 1
            assert sock.sendmsg([b"?"], [], 0, sock.getsockname()) == 1
        assert asyncio.run(asyncio.sleep(0, 1)) == 1
        assert socket.getaddrinfo(None, 80)
        assert socket.gethostbyaddr("127.0.0.1")


def test_a_loop_reaches_a_server_on_loopback(listener: tuple[str, int]) -> None:
    """Asyncio's own connections and datagrams to this machine pass."""

    async def connecting() -> None:
        loop = asyncio.get_running_loop()
        for host in (listener[0], "localhost"):
            _, writer = await asyncio.open_connection(host, listener[1])
            writer.close()
        transport, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
        )
        transport.close()
        with closing(socket.create_connection(listener)) as sock:
            transport, _ = await loop.create_connection(asyncio.Protocol, sock=sock)
            transport.close()
            await asyncio.sleep(0)

    with block_network():
        asyncio.run(connecting())


@pytest.mark.parametrize(
    "allowed, host, port",
    [
        ("api.example.com", "api.example.com", 443),
        ("API.example.com", "api.example.com", 443),
        ("*.example.com", "api.example.com", 443),
        ("api.example.com:443", "api.example.com", 443),
        ("192.0.2.*", FAR, 80),
        ("*", FAR, None),
    ],
)
def test_allowed_hosts_pass(allowed: str, host: str, port: int | None) -> None:
    """A host is allowed by its name, a pattern, or one port of it."""
    guard = Guard([allowed])

    assert guard.lets_pass(host, port)
    assert guard._may_resolve(host)


@pytest.mark.parametrize(
    "allowed", ["api.example.com:80", "example.com", "*.example.org", "127.0.0.1"]
)
def test_other_hosts_do_not(allowed: str) -> None:
    """What is allowed is that host alone."""
    guard = Guard([allowed])

    assert not guard.lets_pass("api.example.com", 443)


@pytest.mark.parametrize(
    "host", ["127.8.9.1", "::1", "::ffff:127.0.0.1", "::", "", "x.localhost"]
)
def test_spellings_of_this_machine_pass(host: str) -> None:
    """Loopback is a network, has two families, and names of its own."""
    assert Guard().lets_pass(host, 80)


def test_an_allowed_host_passes_by_its_addresses(listener: tuple[str, int]) -> None:
    """A client connects to what the name was resolved to."""
    guard = Guard(["api.example.com"])

    guard._know("api.example.com", [FAR])

    assert guard.lets_pass(FAR, 443)
    assert not guard.lets_pass("192.0.2.2", 443)


def test_lookups_say_by_which_name_an_address_was_found() -> None:
    """The guard listens to lookups, so that addresses can be told by names."""
    with block_network(["localhos?"]) as guard:
        socket.getaddrinfo("localhost", 80)

        assert guard.lets_pass("127.0.0.1", 80)


def test_guards_nest() -> None:
    """What any of the guards refuses is refused, and each of them knows."""
    with block_network([FAR]) as outer, block_network() as inner:
        with pytest.raises(NetworkBlocked):
            connect(FAR)

        assert len(outer.forget()) == len(inner.forget()) == 1


def test_everything_is_as_before_at_the_end() -> None:
    """No patch outlasts the last guard, in whatever order they end."""
    before = {name: vars(socket.socket).get(name) for name in ("connect", "sendto")}
    getaddrinfo, looking = _socket.getaddrinfo, asyncio.BaseEventLoop.getaddrinfo
    first, second = block_network(), block_network()
    first.__enter__()
    second.__enter__()
    patched = _socket.getaddrinfo

    first.__exit__(None, None, None)
    between = _socket.getaddrinfo
    second.__exit__(None, None, None)

    assert patched is between is not getaddrinfo
    assert _socket.getaddrinfo is getaddrinfo
    assert asyncio.BaseEventLoop.getaddrinfo is looking
    assert {name: vars(socket.socket).get(name) for name in before} == before
