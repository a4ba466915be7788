"""A real server on this machine, which says what a test has scripted; SDKs for it."""

import json
import os
import socketserver
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PATIENCE = 10.0  # seconds after which a test that waits has failed

Piece = bytes | Callable[[], object]
Headers = tuple[tuple[str, str], ...]


class Cut(Exception):
    """The server hangs up."""


@dataclass
class Answer:
    """What the server says to one request."""

    pieces: tuple[Piece, ...]
    status: int = 200
    headers: Headers = ()
    chunked: bool = True


@dataclass
class Asked:
    """A request that the server got."""

    method: str
    path: str
    headers: Headers
    body: bytes = field(repr=False)


class Server:
    """Gives its answers in order; without one, it says what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        #: Set when the server finds that the client has hung up.
        self.left = threading.Event()
        self._answers: deque[Answer] = deque()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._closed = False
        self._server = _Threads(("127.0.0.1", 0), _Handler)
        self._server.server = self
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def replies(
        self, said: object, status: int = 200, headers: Headers | None = None
    ) -> None:
        """Answer with *said*: bytes, or a JSON value; with a length."""
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        kind = (("content-type", "application/json"),) if headers is None else headers
        self._answers.append(Answer((body,), status, kind, chunked=False))

    def streams(self, *pieces: Piece, headers: Headers = ()) -> None:
        """Answer with *pieces*: bytes are sent at once, others are called."""
        kind = (("content-type", "text/event-stream"), *headers)
        self._answers.append(Answer(pieces, 200, kind))

    @staticmethod
    def cut() -> None:
        """As a piece: hang up."""
        raise Cut

    def hold(self) -> None:
        """As a piece: say nothing until the test is over."""
        self._over.wait(PATIENCE)

    def until_left(self) -> None:
        """As a piece: say nothing until the client hangs up, and remember that."""

    def next_answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            if self._answers:
                return self._answers.popleft()
        return Answer((b"echo " + asked.body,), chunked=False)

    def close(self) -> None:
        """End all that goes on; from then on connections are refused."""
        if not self._closed:
            self._closed = True
            self._over.set()
            self._server.shutdown()
            self._server.close_all()
            self._server.server_close()
            self._thread.join()


class _Threads(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 64
    server: Server

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._open: set[Any] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def close_all(self) -> None:
        """Wake the threads that wait for a client's next request."""
        for connection in [*self._open]:
            try:
                connection.shutdown(2)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Threads

    def _do(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        if "chunked" in self.headers.get("transfer-encoding", ""):
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size + 2)[:-2]
            self.rfile.readline()
        headers = tuple(self.headers.items())
        asked = Asked(self.command, self.path, headers, body)
        try:
            self._give(self.server.server.next_answer(asked))
        except (Cut, OSError):
            self.close_connection = True

    do_GET = do_POST = do_HEAD = _do  # noqa: N815  (names of the standard library)

    def _give(self, answer: Answer) -> None:
        pieces = deque(answer.pieces)
        while pieces and callable(pieces[0]):
            pieces.popleft()()
        self.send_response_only(answer.status)
        for name, text in answer.headers:
            self.send_header(name, text)
        if answer.chunked:
            self.send_header("transfer-encoding", "chunked")
        else:
            length = sum(len(p) for p in pieces if isinstance(p, bytes))
            self.send_header("content-length", str(length))
        self.end_headers()
        for piece in pieces:
            if piece == self.server.server.until_left:
                self._wait_until_left()
            if callable(piece):
                piece()
            elif self.command == "HEAD":
                continue
            elif answer.chunked:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            else:
                self.wfile.write(piece)
        if answer.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _wait_until_left(self) -> None:
        self.connection.settimeout(PATIENCE)
        try:
            left = not self.connection.recv(1)
        except ConnectionError:
            left = True
        if left:
            self.server.server.left.set()
        raise Cut

    def log_message(self, *_said: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def server() -> Iterator[Server]:
    """Give a server on this machine."""
    server = Server()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No key, URL or proxy of whoever runs the tests has a say in them."""
    words = ("API_KEY", "BASE_URL", "OPENAI", "ANTHROPIC", "PROXY", "proxy")
    for name in [*os.environ]:
        if any(word in name for word in words):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> ModuleType:
    """Give httpx, then httpx2, which comes with newer SDKs."""
    library: ModuleType = pytest.importorskip(request.param)
    return library


@pytest.fixture
def cassette(tmp_path: Path) -> Path:
    """Give the path of a cassette that is not there yet."""
    return tmp_path / "cassette.yaml"


@pytest.fixture
def paced() -> Callable[..., tuple[list[Piece], Callable[[], None]]]:
    """Give what makes pieces that are sent one by one, each when the last was seen.

    The server hangs up on a client that does not see a piece until there are more.
    """

    def made(*pieces: bytes) -> tuple[list[Piece], Callable[[], None]]:
        seen = threading.Semaphore(0)

        def wait() -> None:
            if not seen.acquire(timeout=PATIENCE):
                raise Cut

        steps: list[Piece] = []
        for piece in pieces:
            steps += [piece, wait]
        return steps, seen.release

    return made
