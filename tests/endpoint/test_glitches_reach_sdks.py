"""Each fault reaches the official SDKs as a provider's own does, sync and awaited."""

import asyncio
import socket
import struct
import threading
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
from google import genai
from google.genai.types import HttpOptions

from harness import FakeProvider, Glitch
from harness.endpoint import Cut, Reply
from harness.http_messages import HttpRequest
from harness.steps import Pause

HI: Any = [{"role": "user", "content": "Hi"}]
SAID = "The sky is blue."
PATIENCE = 5.0
#: What comes before the second word, in frames: that is where a stream goes wrong.
AFTER = {"chat": 2, "responses": 5, "anthropic": 3, "gemini": 1}


def openai_text(event: Any) -> str:
    """What an event of a chat completion says."""
    return "".join(choice.delta.content or "" for choice in event.choices)


def responses_text(event: Any) -> str:
    """What an event of a response says."""
    return event.delta if event.type == "response.output_text.delta" else ""


def anthropic_text(event: Any) -> str:
    """What an event of a message says."""
    return event.delta.text if event.type == "content_block_delta" else ""


def gemini_text(event: Any) -> str:
    """What a part of Gemini's answer says."""
    return event.text or ""


class Sdk:
    """One official SDK: how it asks, whole or streamed, sync or awaited."""

    def __init__(self, name: str, *, patience: float = PATIENCE) -> None:
        self.name = name
        self.patience = patience
        self.piece: Callable[[Any], str] = {
            "chat": openai_text,
            "responses": responses_text,
            "anthropic": anthropic_text,
            "gemini": gemini_text,
        }[name]

    def client(
        self, transport: Any, url: str | None = None, *, awaited: bool = False
    ) -> Any:
        """The client; the awaited one."""
        plain: dict[str, Any] = {} if transport is None else {"transport": transport}
        library: Any = httpx if self.name == "gemini" else httpx2
        http = (library.AsyncClient if awaited else library.Client)(**plain)
        if self.name == "gemini":
            given = {"httpx_async_client" if awaited else "httpx_client": http}
            patience = int(self.patience * 1000)
            options = HttpOptions(timeout=patience, base_url=url, **given)
            client = genai.Client(api_key="x", http_options=options)
            return client.aio if awaited else client
        kinds: Any = (openai.OpenAI, openai.AsyncOpenAI)
        if self.name == "anthropic":
            kinds = (anthropic.Anthropic, anthropic.AsyncAnthropic)
        return kinds[awaited](
            api_key="x",
            max_retries=0,
            timeout=self.patience,
            base_url=url,
            http_client=http,
        )

    def ask(self, client: Any, *, stream: bool) -> Any:
        """What the call gives; of an awaited client, to be awaited."""
        match self.name:
            case "chat":
                create = client.chat.completions.create
                return create(model="m", messages=HI, stream=stream)
            case "responses":
                return client.responses.create(model="m", input="Hi", stream=stream)
            case "anthropic":
                create = client.messages.create
                return create(model="m", max_tokens=9, messages=HI, stream=stream)
            case _:
                models = client.models
                name = "generate_content_stream" if stream else "generate_content"
                return getattr(models, name)(model="m", contents="Hi")

    def text(self, answer: Any) -> str:
        """What a whole answer says."""
        if isinstance(answer, str):
            return f"the str {answer[:15]}"
        match self.name:
            case "chat":
                return str(answer.choices[0].message.content)
            case "responses":
                return str(answer.output_text)
            case "anthropic":
                return str(answer.content[0].text)
            case _:
                return str(answer.text)

    def hears(self, transport: Any, url: str | None = None, *, stream: bool) -> str:
        """What comes of a call: the text, or the error by name."""
        client = self.client(transport, url)

        def asked() -> str:
            answer = self.ask(client, stream=stream)
            return "".join(map(self.piece, answer)) if stream else self.text(answer)

        return heard(asked)

    def hears_awaited(self, transport: Any, *, stream: bool) -> str:
        """The same, awaited."""
        client = self.client(transport, awaited=True)

        async def asked() -> str:
            answer = await self.ask(client, stream=stream)
            if not stream:
                return self.text(answer)
            return "".join([self.piece(event) async for event in answer])

        return heard(lambda: asyncio.run(asked()))


def heard(ask: Callable[[], str]) -> str:
    """What *ask* gives, or the error that it raises, and its cause."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ask()
        except Exception as error:  # noqa: BLE001 - which one is what is asked
            kind = type(error)
            module = kind.__module__.removeprefix("google.").partition(".")[0]
            cause = type(error.__cause__).__name__ if error.__cause__ else ""
            cause = "" if module.startswith("httpx") else cause  # httpcore's
            name = (
                kind.__name__ if module == "builtins" else f"{module}.{kind.__name__}"
            )
            return f"{name} < {cause}" if cause else name


JSON = "json.JSONDecodeError"
UTF8 = "UnicodeDecodeError"
GENAI_JSON = "genai.UnknownApiResponseError < JSONDecodeError"
LOST = "openai.APIConnectionError < ReadError"
LATE = "openai.APITimeoutError < ReadTimeout"
ODD = "openai.APIConnectionError < RemoteProtocolError"
WIDE = ("openai.APIConnectionError < ", "anthropic.APIConnectionError < ")
SECOND, TWICE = "The is blue.", "The sky sky is blue."
ALL = (SAID,) * 4
SDKS = ("chat", "responses", "anthropic", "gemini")


def status(openai_name: str, anthropic_name: str, genai_name: str) -> tuple[str, ...]:
    """What an error of a status is, to each SDK."""
    one = f"openai.{openai_name}"
    return one, one, f"anthropic.{anthropic_name}", f"genai.{genai_name}"


def connection(cause: str) -> tuple[str, ...]:
    """What a connection is that fails before there is an answer."""
    ours, theirs = (f"{name}{cause}" for name in WIDE)
    return ours, ours, theirs, f"httpx.{cause}"


#: What each SDK makes of an error that comes in place of the answer, however asked.
REFUSALS: dict[int | str, tuple[str, ...]] = {
    400: status("BadRequestError", "BadRequestError", "ClientError"),
    401: status("AuthenticationError", "AuthenticationError", "ClientError"),
    429: status("RateLimitError", "RateLimitError", "ClientError"),
    500: status("InternalServerError", "InternalServerError", "ServerError"),
    503: status("InternalServerError", "ServiceUnavailableError", "ServerError"),
    529: status("InternalServerError", "OverloadedError", "ServerError"),
    "refused": connection("ConnectError"),
    "hangup": connection("RemoteProtocolError"),
}
#: What each makes of a stream that is spoiled at its second word.
STREAMS: dict[str, tuple[str, ...]] = {
    "slow": (LATE, LATE, "httpx2.ReadTimeout", "httpx.ReadTimeout"),
    "stall": (LATE, LATE, "httpx2.ReadTimeout", "httpx.ReadTimeout"),
    # No SDK notices that the end is missing.
    "early_end": ("The",) * 4,
    "half_frame": ("The", "The", "The", GENAI_JSON),
    "reset": (LOST, LOST, "httpx2.ReadError", "httpx.ReadError"),
    "malformed": (JSON, JSON, JSON, GENAI_JSON),
    "invalid_utf8": (UTF8, UTF8, UTF8, "The\ufffd sky is blue."),
    "error": (
        "openai.APIError",
        "openai.APIError",
        "anthropic.APIStatusError",
        "genai.ServerError",
    ),
    "duplicated": (TWICE,) * 4,
    "dropped": (SECOND,) * 4,
    "reordered": ("The is sky blue.",) * 4,
    "oversized": ALL,
    "pace": ALL,
    # A page of HTML is a stream without events.
    "html": ("", "", "", GENAI_JSON),
    "json": ("", "", "", SAID),
    # Chat ends at [DONE], and never learns that more was promised.
    "wrong_length": (
        SAID,
        ODD,
        "httpx2.RemoteProtocolError",
        "httpx.RemoteProtocolError",
    ),
}
BEFORE = dict.fromkeys(("html", "json", "pace", "slow", "wrong_length"), True)
#: What each makes of a whole reply that is spoiled.
REPLIES: dict[str, tuple[str, ...]] = {
    "slow": (
        LATE,
        LATE,
        "anthropic.APITimeoutError < ReadTimeout",
        "httpx.ReadTimeout",
    ),
    "stall": (
        LATE,
        LATE,
        "anthropic.APITimeoutError < ReadTimeout",
        "httpx.ReadTimeout",
    ),
    "early_end": (JSON,) * 4,
    "half_frame": (JSON,) * 4,
    "reset": connection("ReadError"),
    "malformed": (JSON,) * 4,
    "invalid_utf8": (UTF8, UTF8, UTF8, "\ufffdThe sky is blue."),
    "error": status("InternalServerError", "InternalServerError", "ServerError"),
    "duplicated": (JSON,) * 4,
    "dropped": (JSON, JSON, JSON, "None"),
    "oversized": ALL,
    "pace": ALL,
    "html": ("the str <!DOCTYPE html>",) * 3 + (JSON,),
    "wrong_length": connection("RemoteProtocolError"),
}
OPTIONS: dict[Any, dict[str, Any]] = {
    "slow": {"seconds": PATIENCE + 1},
    "pace": {"tokens_per_second": 4, "jitter": 0.5},
}


def glitch(kind: Any, sdk: str, *, stream: bool) -> Glitch:
    """The glitch of *kind*, at the second word of a stream."""
    options: dict[str, Any] = OPTIONS.get(kind, {})
    if stream and kind in STREAMS and kind not in BEFORE:
        options = {**options, "after": AFTER[sdk]}
    return Glitch(kind, **options)


def cases(table: dict[Any, tuple[str, ...]]) -> list[Any]:
    """Each SDK with each row of *table*."""
    return [
        pytest.param(kind, sdk, effect, id=f"{kind}-{sdk}")
        for kind, row in table.items()
        for sdk, effect in zip(SDKS, row, strict=True)
    ]


def check(kind: Any, sdk: str, effect: str, *, stream: bool) -> None:
    """Ask as *sdk* does, sync and awaited, and compare what comes of it."""
    one = glitch(kind, sdk, stream=stream)
    fakes = [FakeProvider(SAID, glitches=[one]) for _ in range(2)]

    sync = Sdk(sdk).hears(fakes[0].transport(), stream=stream)
    awaited = Sdk(sdk).hears_awaited(fakes[1].transport(), stream=stream)

    assert (sync, awaited) == (effect, effect)
    for fake in fakes:
        assert fake.requests[0].glitches == [one]
        assert len(fake.requests) == 1


@pytest.mark.parametrize("kind, sdk, effect", cases(STREAMS))
def test_a_spoiled_stream_reaches_the_sdk(kind: str, sdk: str, effect: str) -> None:
    """As the error that the SDK raises of its own, or as what it makes of it."""
    check(kind, sdk, effect, stream=True)


@pytest.mark.parametrize("kind, sdk, effect", cases(REPLIES))
def test_a_spoiled_reply_reaches_the_sdk(kind: str, sdk: str, effect: str) -> None:
    """The same for replies that come whole."""
    check(kind, sdk, effect, stream=False)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind, sdk, effect", cases(REFUSALS))
def test_a_refusal_reaches_the_sdk(
    kind: Any, sdk: str, effect: str, stream: bool
) -> None:
    """An error that comes in place of the answer, however that was asked for."""
    check(kind, sdk, effect, stream=stream)


# ------------------------------------------------- the same over a real connection


class Loopback:
    """A server on a socket that acts out the replies of one fake, to the letter."""

    def __init__(self, fake: FakeProvider) -> None:
        self._fake = fake
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def close(self) -> None:
        """End it."""
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        try:
            while True:
                connection, _ = self._listener.accept()
                with connection:
                    self._answer(connection)
        except OSError:
            return  # closed

    def _answer(self, connection: socket.socket) -> None:
        reader = connection.makefile("rb")
        method, path, _ = reader.readline().decode().split(" ")
        lines = iter(lambda: reader.readline().decode().strip(), "")
        headers = tuple(
            (name, text.strip()) for name, _, text in (x.partition(":") for x in lines)
        )
        asked = HttpRequest(method, self.url + path, headers)
        body = reader.read(int(asked.header("content-length") or 0))
        reader.close()
        reply = self._fake.endpoint.answer(
            HttpRequest(method, asked.url, headers, body)
        )
        for data in self._wire(connection, reply):
            connection.sendall(data)

    def _wire(self, connection: socket.socket, reply: Reply) -> Iterator[bytes]:
        chunked = reply.length is None
        if reply.status is not None:
            framing = (("transfer-encoding", "chunked"),) if chunked else ()
            said = [f"{n}: {text}" for n, text in (*reply.headers, *framing)]
            head = [f"HTTP/1.1 {reply.status} Said", *said, "connection: close", "", ""]
            yield "\r\n".join(head).encode()
        for piece in reply.pieces:
            match piece:
                case bytes():
                    yield b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece
                case Cut(ending="timeout"):
                    self._over.wait(PATIENCE)
                    return
                case Cut(ending="connection"):
                    now = struct.pack("ii", 1, 0)  # a reset instead of a goodbye
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
                    return
                case Cut():
                    break
                case Pause():
                    pytest.fail("nothing is waited for here")
        if chunked and reply.status is not None:
            yield b"0\r\n\r\n"


@contextmanager
def served(fake: FakeProvider) -> Generator[str]:
    """Give the URL of a server that acts *fake* out."""
    server = Loopback(fake)
    try:
        yield server.url
    finally:
        server.close()


REAL = [
    *(Glitch(kind) for kind in ("stall", "reset", "early_end", "half_frame", "hangup")),
    Glitch("malformed"),
    Glitch("html"),
    Glitch("wrong_length"),
    Glitch("wrong_length", size=40),
    Glitch(529),
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("sdk", SDKS)
@pytest.mark.parametrize("one", REAL, ids=str)
def test_a_fault_in_process_is_the_one_of_a_real_connection(
    one: Glitch, sdk: str, stream: bool
) -> None:
    """The same fault, acted out by a socket, is the same to the SDK."""
    # Only the one that nothing comes of needs a client of little patience.
    asks = Sdk(sdk, patience=0.3 if one.kind == "stall" else PATIENCE)
    here = FakeProvider(SAID, glitches=[one])
    there = FakeProvider(SAID, glitches=[one])

    in_process = asks.hears(here.transport(), stream=stream)
    with served(there) as url:
        base = f"{url}/v1" if sdk in ("chat", "responses") else url
        over_loopback = asks.hears(None, base, stream=stream)

    assert in_process == over_loopback
    assert in_process != SAID or (sdk, stream) == ("chat", True)
    assert there.requests[0].glitches == [one]
