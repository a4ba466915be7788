"""A server in a thread of this process: started, asked, and stopped at the end."""

import socket
import threading
from types import TracebackType
from typing import Any, Self

from harness.errors import HarnessError, InputError, shown
from harness.server.application import Application

__all__ = ["Server"]

_EXTRA = "pip install 'chat-harness[server]'"


class Server:
    """*application* on *port* of *host*, in a thread; port 0 is any that is free.

    It listens when `start` returns. As a block, at whose end it stops and what had no
    lawful answer is raised: an application may have swallowed that. Raises InputError
    where the port is taken, or the extra "server" is not installed.
    """

    def __init__(
        self, application: Application, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.application = application
        self.host = host
        self.port = port
        self._running: Any = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens: the URL, without a slash at its end."""
        if self._thread is None:
            raise InputError("This server has not been started.")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def start(self) -> Self:
        """Listen, and answer in another thread."""
        if self._thread is not None:
            raise InputError(f"This server runs already, at {self.url}.")
        try:
            from harness.server.uvicorn_server import running
        except ImportError as error:
            raise InputError(f"A server needs {error.name!r}: {_EXTRA}") from None
        listening = _listening(self.host, self.port)
        self.port = listening.getsockname()[1]
        self._running = running(self.application)
        self._thread = threading.Thread(
            target=self._running.run,
            args=([listening],),
            name=f"harness-server-{self.port}",
            daemon=True,
        )
        self._thread.start()
        self._running.ready.wait()
        return self

    def stop(self) -> None:
        """End what is under way, and return when nothing runs any more."""
        if self._thread is not None:
            self._running.stop()
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        failures = self.application.failures()
        if error is not None:
            for failure in failures:
                error.add_note(f"The server had no answer: {failure}")
        elif failures:
            first, *others = failures
            for other in others:
                first.add_note(f"And it had no answer to: {other}")
            raise first

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def __repr__(self) -> str:
        where = "stopped" if self._thread is None else self.url
        return f"<Server, {where}>"


def _listening(host: str, port: int) -> socket.socket:
    if not isinstance(host, str) or type(port) is not int or not 0 <= port < 65536:
        raise InputError(
            f"host={shown(host)}, port={shown(port)}: give a name or an address, and a "
            "number from 0 to 65535."
        )
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(found[4][:2], family=found[0], backlog=2048)
    except OSError as error:
        raise HarnessError(f"Nothing can listen at {host}:{port}: {error}") from None
