"""The httpx clients of a model and its copies: made when needed, closed in time."""

import asyncio
import os
import threading
import weakref
from collections.abc import AsyncGenerator
from typing import Any, TypeVar

import httpx

from harness.errors import InputError, shown

__all__ = ["Connections", "timeout_of"]

C = TypeVar("C", httpx.Client, httpx.AsyncClient)

_CALLS = "invoke, stream and batch"
_ASYNC_CALLS = "ainvoke, astream and abatch"
_LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100)
_TIMEOUT = httpx.Timeout(600, connect=10)


def timeout_of(given: object) -> httpx.Timeout | None:
    """The limits that *given* says; None where it is None. Raises InputError.

    A number bounds each wait: for a connection, for the next piece of an answer.
    """
    match given:
        case None | httpx.Timeout():
            return given
        case int() | float() if not isinstance(given, bool) and 0 < given < 1e9:
            return httpx.Timeout(given)
        case _:
            raise InputError(
                f"timeout={shown(given)}; give a number of seconds above 0, or an "
                "httpx.Timeout."
            )


class Connections:
    """Connections to one server, for all threads and event loops.

    An async client belongs to the event loop it was made in: each loop gets its own,
    which is closed when the loop shuts down (as `asyncio.run` does). Clients that were
    given are used as they are, and closed by whoever gave them.
    """

    def __init__(
        self,
        *,
        client: httpx.Client | None = None,
        async_client: httpx.AsyncClient | None = None,
        direct: bool = False,
    ) -> None:
        self._given = _checked(client, async_client)
        self._direct = direct
        self._restart()

    def _restart(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._finalizer: Any = None
        self._loops: dict[asyncio.AbstractEventLoop, _OfLoop] = {}

    def client(self) -> httpx.Client:
        """The client for calls that block. Raises InputError."""
        given, other = self._given
        if given is not None or other is not None:
            return _usable(given, "client", _CALLS)
        self._settle()
        with self._lock:
            if self._client is None:
                self._client = _made(httpx.Client, self._options())
                self._finalizer = weakref.finalize(self, self._client.close)
            return self._client

    async def aclient(self) -> httpx.AsyncClient:
        """The client for calls in the event loop that runs. Raises InputError."""
        other, given = self._given
        if given is not None or other is not None:
            return _usable(given, "async_client", _ASYNC_CALLS)
        self._settle()
        loop = asyncio.get_running_loop()
        with self._lock:
            for ended in [known for known in self._loops if known.is_closed()]:
                del self._loops[ended]
            found = self._loops.get(loop)
            if found is None:
                found = _OfLoop(_made(httpx.AsyncClient, self._options()))
                self._loops[loop] = found
        await found.begin()
        return found.client

    def _settle(self) -> None:
        """In a forked process, leave the parent's connections to the parent."""
        if self._process != os.getpid():
            self._restart()

    def _options(self) -> dict[str, Any]:
        return {
            "timeout": _TIMEOUT,
            "limits": _LIMITS,
            "trust_env": not self._direct,
        }

    def close(self) -> None:
        """Close what `client` opened; the next call opens it anew."""
        with self._lock:
            finalizer, self._client = self._finalizer, None
        if finalizer is not None:
            finalizer()

    async def aclose(self) -> None:
        """Close that, and what `aclient` opened in the event loop that runs."""
        self.close()
        with self._lock:
            found = self._loops.pop(asyncio.get_running_loop(), None)
        if found is not None:
            await found.end()

    def __deepcopy__(self, memo: object) -> "Connections":
        return self

    def __getstate__(self) -> dict[str, Any]:
        if self._given != (None, None):
            raise InputError(
                "A model with an httpx client of its own cannot be pickled: make the "
                "model where it is used."
            )
        return {"_given": (None, None), "_direct": self._direct}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._restart()


class _OfLoop:
    """The client of one event loop."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self._life = _life(client)
        self._begun = False

    async def begin(self) -> None:
        if not self._begun:
            self._begun = True
            await anext(self._life)

    async def end(self) -> None:
        await self._life.aclose()


async def _life(client: httpx.AsyncClient) -> AsyncGenerator[None]:
    """Nothing, until the event loop closes its generators as it shuts down."""
    try:
        yield
    finally:
        await client.aclose()


def _made(kind: type[C], options: dict[str, Any]) -> C:
    try:
        return kind(**options)
    except (ValueError, ImportError, OSError, httpx.InvalidURL) as error:
        # It may name a proxy and its password, so that it is not shown.
        raise InputError(
            f"httpx cannot be used here ({type(error).__name__}): look at what the "
            "environment says of proxies (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, "
            "NO_PROXY) and certificates (SSL_CERT_FILE, SSL_CERT_DIR), or give client= "
            "and async_client=."
        ) from None


def _checked(
    client: object, async_client: object
) -> tuple[httpx.Client | None, httpx.AsyncClient | None]:
    if not isinstance(client, httpx.Client | None):
        raise InputError(f"client={shown(client)} is no httpx.Client.")
    if not isinstance(async_client, httpx.AsyncClient | None):
        raise InputError(f"async_client={shown(async_client)} is no httpx.AsyncClient.")
    return client, async_client


def _usable(client: C | None, name: str, calls: str) -> C:
    if client is None:
        raise InputError(
            f"This model was given an httpx client, but no {name}= for {calls}: give "
            "both client= and async_client=."
        )
    if client.is_closed:
        raise InputError(f"The {name}= that this model was given is closed.")
    return client
