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
import fnmatch
import functools
import ipaddress
import linecache
import os
import socket
import sys
import sysconfig
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

from harness.errors import NetworkBlocked
from harness.recording.patching import Patch, Patches

__all__ = ["Guard", "block_network", "put_up", "take_down"]

_Address = tuple[str, int | str | None]

_INTERNET = (socket.AF_INET, socket.AF_INET6)

#: Where installed code and Python's own lies, and this package.
_LIBRARIES = tuple(
    {
        str(Path(path).resolve()) + os.sep
        for path in (
            *sysconfig.get_paths().values(),
            str(Path(os.__file__).parent),
            str(Path(__file__).parent.parent),
        )
        if path.rstrip(os.sep) not in {sys.prefix, sys.base_prefix}
    }
)


class Guard:
    """What one `block_network` lets pass, and what it has refused.

    *allowed* are host names or addresses, exact or with the wildcards of a shell
    (`*.example.com`); `host:port` allows that port alone.
    """

    #: Whether it has no say while one is up that somebody asked for.
    yields = False

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
        names = {host, self._resolved.get(host, host)}
        return _is_local(host) or any(
            fnmatch.fnmatchcase(spelling, pattern)
            for name in names
            for spelling in (name, f"{name}:{port}")
            for pattern in self._allowed
        )

    def may_resolve(self, host: str) -> bool:
        """Whether *host* may be looked up: it is a number, ours, or allowed."""
        return (
            _is_number(host)
            or host == socket.gethostname().lower()
            or self.lets_pass(host, None)
            or any(
                fnmatch.fnmatchcase(host, pattern.rpartition(":")[0])
                for pattern in self._allowed
            )
        )

    def remember(self, error: NetworkBlocked) -> None:
        """Keep an attempt, to be told again at the end."""
        self._attempts.append(error)

    def why(self) -> str:
        """Why there is no network."""
        return "No network is allowed here"

    def resolved(self, host: str, addresses: Iterable[str]) -> None:
        """Know *addresses* by the name under which they were found."""
        self._resolved.update(dict.fromkeys(addresses, host))


#: The guards that are up: for the whole process, as the network is.
_guards: list[Guard] = []


@contextmanager
def block_network(allowed: Iterable[str] = ()) -> Generator[Guard]:
    """Refuse each attempt of this process to reach another machine, while active.

    Loopback, Unix sockets and the hosts of *allowed* pass; anything else raises
    NetworkBlocked where it is tried, in whatever thread. That is no `Exception`, so
    that a retry does not hide it; and what was refused is raised once more at the end
    of the block, for the case that something swallowed it all the same (a thread, say).
    Guards nest: what one of those that are up refuses is refused.
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
        raise _told_again(guard.forget())


def put_up(guard: Guard) -> None:
    """Have *guard* up, until it is taken down."""
    _listen()
    _patches.hold()
    _guards.append(guard)


def take_down(guard: Guard) -> None:
    """Let *guard* have no say any more."""
    _guards.remove(guard)
    _patches.release()


def _judges() -> list[Guard]:
    """The guards that have a say."""
    up = [*_guards]
    return [guard for guard in up if not guard.yields] or up


def _told_again(attempts: tuple[NetworkBlocked, ...]) -> NetworkBlocked:
    first, *others = attempts
    error = NetworkBlocked(
        f"{first} (Raised again at the end, because it may have been swallowed.)",
        host=first.host,
        port=first.port,
        test=first.test,
        code=first.code,
    )
    for other in others:
        error.add_note(f"Refused as well: {other}")
    return error


def _refuse(verb: str, host: str, port: int | str | None, judges: list[Guard]) -> None:
    place = host if port is None else f"{host}:{port}"
    test = os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" (")[0]
    code = _code_line()
    error = NetworkBlocked(
        f"{test or 'this process'} tried to {verb} {place}, at {code}. "
        f"{judges[0].why()}, and nothing was sent. Record the call into a cassette "
        f"first; or let the host pass: block_network(allowed=[{host!r}]).",
        host=host,
        port=port,
        test=test,
        code=code,
    )
    for guard in judges:
        guard.remember(error)
    raise error


def _check(verb: str, address: object) -> None:
    """Refuse the *address* (host, port, ...) of an internet socket."""
    match address:
        case (str() | bytes() as said, int() | str() | None as port, *_):
            host = _spelled(said)
        case _:
            return
    judges = _judges()
    if not all(guard.lets_pass(host, port) for guard in judges):
        _refuse(verb, host, port, judges)


def _check_name(name: object, port: object = None) -> None:
    """Refuse to look up *name*."""
    if not isinstance(name, str | bytes | bytearray):
        return  # None: this machine
    host = _spelled(name)
    judges = _judges()
    if not all(guard.may_resolve(host) for guard in judges):
        said = port.decode() if isinstance(port, bytes) else port
        port = said if isinstance(said, int | str) else None
        _refuse("look up", host, port, judges)


def _spelled(host: str | bytes | bytearray) -> str:
    text = host if isinstance(host, str) else bytes(host).decode("latin-1")
    return text.lower().rstrip(".").partition("%")[0]


def _is_local(host: str) -> bool:
    if host in {"", "localhost"} or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback or address.is_unspecified


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


# --- Where the code stands ---------------------------------------------------


def _code_line() -> str:
    """The line that led here: the first that belongs to no installed library."""
    thread = threading.current_thread()
    frame = _own_frame(sys._getframe(1))
    if frame is not None:
        return _line(frame)
    main = sys._current_frames().get(threading.main_thread().ident or 0)
    waiting = _own_frame(main)
    if waiting is None:
        return f"a line of a library, in the thread {thread.name!r}"
    return f"{_line(waiting)} (where the main thread stands, not {thread.name!r})"


def _own_frame(frame: FrameType | None) -> FrameType | None:
    while frame is not None and not _is_own(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def _is_own(file: str) -> bool:
    if file.startswith("<") and file != "<stdin>":
        return False
    path = str(Path(file).resolve())
    return not path.startswith(_LIBRARIES) and "site-packages" not in path


def _line(frame: FrameType) -> str:
    file = frame.f_code.co_filename
    text = linecache.getline(file, frame.f_lineno).strip()
    with suppress(ValueError):
        file = str(Path(file).relative_to(Path.cwd()))
    return f"{file}:{frame.f_lineno}" + (f" ({text})" if text else "")


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
                guard.resolved(_spelled(host), addresses)
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
