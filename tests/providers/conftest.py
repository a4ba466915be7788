"""A provider on this machine: a real HTTP server that says what a test has scripted."""

import json
import os
import socketserver
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

PATIENCE = 10.0  # seconds after which a test that waits has failed

Piece = bytes | Callable[[], object]


@dataclass
class Asked:
    """A request that the server got."""

    path: str
    headers: dict[str, str]
    body: Any
    connection: int


@dataclass
class Answer:
    """What the server says to one request."""

    pieces: tuple[Piece, ...]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    chunked: bool = True


class Cut(Exception):
    """The server hangs up."""


class Provider:
    """A server that gives its answers in order, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        #: Set when the server finds that the client has hung up.
        self.left = threading.Event()
        self._answers: deque[Answer] = deque()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.provider = self
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        """Where the server is."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def replies(self, said: object, status: int = 200, **headers: str) -> None:
        """Answer with *said*: bytes, or a JSON value."""
        body = said if isinstance(said, bytes) else json.dumps(said).encode()
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        kind = {"content-type": "application/json", **named}
        self._answers.append(Answer((body,), status, kind, chunked=False))

    def streams(self, *pieces: Piece, **headers: str) -> None:
        """Answer with *pieces*: bytes are sent at once, others are called."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        kind = {"content-type": "text/event-stream", **named}
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
            return self._answers.popleft()

    def connect(self) -> int:
        with self._lock:
            self.connections += 1
            return self.connections

    def close(self) -> None:
        """End all that goes on."""
        self._over.set()
        self._server.shutdown()
        self._server.close_all()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 64
    provider: Provider

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._open: set[Any] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def close_all(self) -> None:
        """Wake the threads that wait for a client's next request."""
        for connection in self._open:
            try:
                connection.shutdown(2)
            except OSError:
                continue

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.number = self.server.provider.connect()

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): text for name, text in self.headers.items()}
        body = json.loads(self.rfile.read(length))
        asked = Asked(self.path, headers, body, self.number)
        try:
            self._give(self.server.provider.next_answer(asked))
        except Cut:
            self.close_connection = True
        except OSError:
            self.close_connection = True

    def _give(self, answer: Answer) -> None:
        while answer.pieces and callable(answer.pieces[0]):
            answer.pieces[0]()
            answer = replace(answer, pieces=answer.pieces[1:])
        self.send_response(answer.status)
        for name, text in answer.headers.items():
            self.send_header(name, text)
        if answer.chunked:
            self.send_header("transfer-encoding", "chunked")
        else:
            length = sum(len(p) for p in answer.pieces if isinstance(p, bytes))
            self.send_header("content-length", str(length))
        self.end_headers()
        for piece in answer.pieces:
            if piece == self.server.provider.until_left:
                self._wait_until_left()
            if callable(piece):
                piece()
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
            self.server.provider.left.set()
        raise Cut

    def log_message(self, *_said: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def provider() -> Iterator[Provider]:
    """Give a provider on this machine."""
    server = Provider()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, URL or proxy of whoever runs the tests has a say in them."""
    words = ("API_KEY", "BASE_URL", "OPENAI", "ANTHROPIC", "OLLAMA", "HF_TOKEN")
    for name in [*os.environ]:
        if any(word in name for word in words):
            monkeypatch.delenv(name)
    # Calls to this machine go there, whatever proxy is set.
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")


@pytest.fixture
def words() -> Callable[..., list[bytes]]:
    """Give the events of a streamed answer of OpenAI Chat Completions."""

    def events(*texts: str) -> list[bytes]:
        deltas: list[Any] = [
            {"choices": [{"index": 0, "delta": {"content": text}}]} for text in texts
        ]
        end = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        return [*map(event, [*deltas, end]), b"data: [DONE]\n\n"]

    def event(said: dict[str, Any]) -> bytes:
        head = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1700000000,
            "model": "gpt-5-mini",
        }
        return b"data: " + json.dumps({**head, **said}).encode() + b"\n\n"

    return events


@pytest.fixture
def reply() -> Callable[[str], dict[str, Any]]:
    """Give a whole answer of OpenAI Chat Completions."""

    def whole(text: str) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1700000000,
            "model": "gpt-5-mini",
            "choices": [choice],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        }

    return whole


@pytest.fixture
def model(provider: Provider) -> Callable[..., Any]:
    """Give the maker of models that ask the provider, and wait in virtual time."""

    def made(**options: Any) -> Any:
        from harness import VirtualClock
        from harness.providers import OpenAIChatModel

        options = {"base_url": f"{provider.url}/v1", "clock": VirtualClock(), **options}
        return OpenAIChatModel("gpt-5-mini", **options)

    return made
