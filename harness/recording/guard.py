"""A guard that lets no connection leave this machine.

It stands where Python code meets the network: an audit hook sees each connect, lookup
and datagram that passes CPython's sockets, whoever holds which reference to them. Three
patches do what the hook cannot: names are refused before the C code resolves them,
asyncio's lookups are refused in the task that asks (not in the thread that resolves),
and so are the connects of uvloop, which leaves Python's sockets aside. Libraries that
open their own sockets in C (pycurl, grpc) are out of reach.
"""

import _socket
import asyncio
import functools
import ipaddress
import os
import socket
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from harness.errors import NetworkBlocked
from harness.models.staying import stay_while
from harness.recording.hosts import is_local, is_one_of
from harness.recording.patching import Patch, Patches
from harness.recording.stack import client_here, code_line

__all__ = [
    "Guard",
    "block_network",
    "put_up",
    "refusal",
    "take_down",
    "told_again",
    "way_out",
]

_Address = tuple[str, int | str | None]

_INTERNET = (socket.AF_INET, socket.AF_INET6)


class Guard:
    """What one `block_network` lets pass, and what it has refused.

    *allowed* are host names or addresses, exact or with the wildcards of a shell
    (`*.example.com`); `host:port` allows that port alone.
    """

    #: Whether it has no say while one is up that overrules it.
    _yields = False
    _overrules = True

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed = tuple(pattern.lower() for pattern in allowed)
        self._resolved: dict[str, str] = {}
        self._attempts: list[NetworkBlocked] = []

    @property
    def attempts(self) -> tuple[NetworkBlocked, ...]:
        """Each attempt that was refused, also those that the application swallowed."""
        return tuple(self._attempts)

    def forget(self) -> tuple[NetworkBlocked, ...]:
        """Take the attempts, as expected: the end of the block does not tell them."""
        attempts = self.attempts
        self._attempts.clear()
        return attempts

    def lets_pass(self, host: str, port: int | str | None) -> bool:
        """Whether *host* is this machine, or allowed (by the name it was found by)."""
        return is_local(host) or any(
            is_one_of(self._allowed, name, port) for name in self._names(host)
        )

    def _may_resolve(self, host: str) -> bool:
        """Whether *host* may be looked up: it is a number, ours, or allowed."""
        return (
            _is_number(host)
            or host == socket.gethostname().lower()
            or self.lets_pass(host, None)
            or is_one_of((p.rpartition(":")[0] for p in self._allowed), host)
        )

    def _names(self, host: str) -> set[str]:
        """*host*, and the name by which it was found if it is an address."""
        return {host, self._resolved.get(host, host)}

    def _remember(self, error: NetworkBlocked) -> None:
        """Keep the *error* of an attempt, to be told again at the end."""
        self._attempts.append(error)

    def _why(self, host: str, port: int | str | None) -> str:
        """Why *host* is not to be reached, and what to do."""
        del port
        return f"No network is allowed here, and nothing was sent. {way_out(host)}"

    def _know(self, host: str, addresses: Iterable[str]) -> None:
        """Know *addresses* by the name under which they were found."""
        self._resolved.update(dict.fromkeys(addresses, host))


#: The guards that are up: for the whole process, as the network is.
_guards: list[Guard] = []
# They see nothing of what another process does.
stay_while(lambda: bool(_guards))


@contextmanager
def block_network(allowed: Iterable[str] = ()) -> Generator[Guard]:
    """Refuse each attempt of this process to reach another machine, while active.

    Loopback, Unix sockets and the hosts of *allowed* pass; anything else raises
    NetworkBlocked where it is tried, in whatever thread. That is no `Exception`, so
    that a retry does not hide it; and what was refused is raised once more at the end
    of the block, for the case that something swallowed it all the same (a thread, say).
    Guards nest: what one of those that are up refuses is refused.

    >>> import urllib.request
    >>> from harness.errors import NetworkBlocked
    >>> with block_network() as guard:
    ...     try:
    ...         urllib.request.urlopen("http://example.com")
    ...     except NetworkBlocked as error:
    ...         print(error.host)
    ...     guard.forget()[0].host
    example.com
    'example.com'
    """
    guard = Guard(allowed)
    put_up(guard)
    try:
        yield guard
    except BaseException as error:
        for attempt in guard.forget():
            if attempt is not error:
                error.add_note(f"Refused meanwhile: {attempt}")
        raise
    finally:
        take_down(guard)
    if guard.attempts:
        raise told_again(guard.forget())


def put_up(guard: Guard) -> None:
    """Have *guard* up, until it is taken down."""
    _listen()
    _patches.hold()
    _guards.append(guard)


def take_down(guard: Guard) -> None:
    """Let *guard* have no say any more."""
    _guards.remove(guard)
    _patches.release()


def told_again(attempts: tuple[NetworkBlocked, ...]) -> NetworkBlocked:
    """The first of *attempts* once more, for the case that it was swallowed."""
    first, *others = attempts
    error = NetworkBlocked(
        f"{first} (Raised again at the end, because it may have been swallowed.)",
        host=first.host,
        port=first.port,
        test=first.test,
        code=first.code,
        client=first.client,
    )
    error.__cause__ = first
    for other in others:
        error.add_note(f"Refused as well: {other}")
    return error


def way_out(host: str) -> str:
    """What to do where *host* was refused."""
    return (
        "Record the call into a cassette first; or let the host pass: "
        f"block_network(allowed=[{host!r}])."
    )


def refusal(verb: str, host: str, port: int | str | None, why: str) -> NetworkBlocked:
    """The error of who tried here to *verb* the *host*, and *why* it may not."""
    place = host if port is None else f"{host}:{port}"
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    client, code = client_here(), code_line()
    return NetworkBlocked(
        f"{test or 'this process'} tried to {verb} {place} through {client}, at "
        f"{code}. {why}",
        host=host,
        port=port,
        test=test,
        code=code,
        client=client,
    )


def _judge(
    verb: str, host: str, port: int | str | None, passes: Callable[[Guard], bool]
) -> None:
    """Refuse to *verb* the *host* where one that has a say does not let it pass."""
    up = [*_guards]
    overruled = any(guard._overrules for guard in up)
    judges = [guard for guard in up if not (overruled and guard._yields)]
    refusing = [guard for guard in judges if not passes(guard)]
    if refusing:
        error = refusal(verb, host, port, refusing[-1]._why(host, port))
        for guard in judges:
            guard._remember(error)
        raise error


def _check(verb: str, address: object) -> None:
    """Refuse the *address* (host, port, ...) of an internet socket."""
    match address:
        case (str() | bytes() as said, int() | str() | None as port, *_):
            host = _spelled(said)
        case _:
            return
    _judge(verb, host, port, lambda guard: guard.lets_pass(host, port))


def _check_name(name: object, port: object = None) -> None:
    """Refuse to look up *name*."""
    if not isinstance(name, str | bytes | bytearray):
        return  # None: this machine
    host = _spelled(name)
    said = port.decode() if isinstance(port, bytes) else port
    port = said if isinstance(said, int | str) else None
    _judge("look up", host, port, lambda guard: guard._may_resolve(host))


def _spelled(host: str | bytes | bytearray) -> str:
    text = host if isinstance(host, str) else bytes(host).decode("latin-1")
    return text.lower().rstrip(".").partition("%")[0]


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


# --- Where the network is asked for ------------------------------------------


def _audit(event: str, args: tuple[Any, ...]) -> None:
    """Judge what CPython's sockets are about to do; hooks stay, so this one rests."""
    if not _guards or not event.startswith("socket."):
        return
    match event.removeprefix("socket."), args:
        case "connect", (sock, address) if sock.family in _INTERNET:
            _check("connect to", address)
        case "sendto" | "sendmsg", (sock, address) if sock.family in _INTERNET:
            _check("send to", address)
        case "getaddrinfo", (name, port, *_):
            _check_name(name, port)
        case "gethostbyname", (name,):
            _check_name(name)
        case "gethostbyaddr", (address,):
            _check("look up", (address, None))
        case "getnameinfo", (address,):
            _check("look up", address)
        case _:
            pass


_audit.__cantrace__ = True  # type: ignore[attr-defined]  # coverage sees it too


@functools.cache
def _listen() -> None:
    """Add the hook, once: there is no way to take one back."""
    sys.addaudithook(_audit)


def _replaced() -> Iterator[Patch]:
    """What the hook comes too late for, or does not see."""
    yield Patch(socket.socket, "connect", _checking_connect)
    yield Patch(socket.socket, "connect_ex", _checking_connect)
    yield Patch(socket.socket, "sendto", _checking_sendto)
    yield Patch(_socket, "getaddrinfo", _remembering)
    for loop in (asyncio.BaseEventLoop, *_foreign_loops()):
        yield Patch(loop, "getaddrinfo", _checking_loop)
        yield Patch(loop, "create_connection", _checking_loop)
        yield Patch(loop, "create_datagram_endpoint", _checking_datagrams)


def _foreign_loops() -> Iterator[Any]:
    """The event loops that leave Python's sockets aside, where they were imported."""
    for module in map(sys.modules.get, ("uvloop", "winloop")):
        if isinstance(module, ModuleType):
            yield module.Loop


_patches = Patches(_replaced)


def _checking_connect(connect: Callable[..., Any]) -> Callable[..., Any]:
    def checked(sock: socket.socket, address: Any) -> Any:
        if sock.family in _INTERNET:
            try:
                _check("connect to", address)
            except NetworkBlocked:
                sock.close()  # its owner expects an OSError, and would leave it open
                raise
        return connect(sock, address)

    return checked


def _checking_sendto(sendto: Callable[..., Any]) -> Callable[..., Any]:
    def checked(sock: socket.socket, data: Any, *args: Any) -> Any:
        if sock.family in _INTERNET and args:
            _check("send to", args[-1])
        return sendto(sock, data, *args)

    return checked


def _remembering(getaddrinfo: Callable[..., Any]) -> Callable[..., Any]:
    """Look up as *getaddrinfo*, and know what an allowed name was resolved to."""

    def resolving(host: Any, *args: Any, **options: Any) -> Any:
        found = getaddrinfo(host, *args, **options)
        if isinstance(host, str | bytes):
            addresses = [str(address[0]) for *_, address in found]
            for guard in [*_guards]:
                guard._know(_spelled(host), addresses)
        return found

    return resolving


def _checking_loop(method: Callable[..., Any]) -> Callable[..., Any]:
    """Judge `getaddrinfo(host, port)` or `create_connection(protocol, host, port)`."""
    connects = method.__name__ == "create_connection"

    async def checked(loop: Any, *args: Any, **options: Any) -> Any:
        host, port = (*args[connects:], None, None)[:2]
        host, port = options.get("host", host), options.get("port", port)
        if host is not None:
            if connects:
                _check("connect to", (host, port))
            else:
                _check_name(host, port)
        return await method(loop, *args, **options)

    return checked


def _checking_datagrams(method: Callable[..., Any]) -> Callable[..., Any]:
    async def checked(loop: Any, factory: Any, *args: Any, **options: Any) -> Any:
        _check("send to", options.get("remote_addr", (*args, None, None)[1]))
        return await method(loop, factory, *args, **options)

    return checked
