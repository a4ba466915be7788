"""requests, urllib3 and what else is built on it (botocore): recorded and answered.

The place is one attempt of urllib3, below its retries and redirects and below the
errors that requests makes of urllib3's: so each attempt is an interaction, retries play
as they did, and each library raises its own. While recording, the bytes are teed where
they leave the socket; in replay urllib3 reads them from there, and no socket is opened.
What concerns a call is kept on its connection alone: any number of threads may call.
"""

import functools
import http.client
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.cassettes.http_requests import HttpRequest
from harness.cassettes.interactions import Headers, Interaction
from harness.errors import CassetteError, CassetteMiss, UnrecordedRequest
from harness.recording import routing
from harness.recording.endings import cut_short
from harness.recording.http1 import Answer, Failed, failed_how, on_the_wire, os_error
from harness.recording.patching import Patch
from harness.recording.routing import Opened

__all__ = ["MODULE", "patches"]

#: The module that has to be there before there is anything to patch.
MODULE = "urllib3.connectionpool"

_NO_ANSWER = 599

#: The attribute of a connection whose tunnel through a proxy waits until it goes live.
_TUNNEL = "harness_tunnel"


def patches() -> Iterator[Patch]:
    """What has to be replaced, if urllib3 was imported."""
    pools = sys.modules.get(MODULE)
    if pools is not None:
        yield Patch(pools.HTTPConnectionPool, "_make_request", _attempting)
        yield Patch(pools.HTTPSConnectionPool, "_prepare_proxy", _tunnelling)


def _tunnelling(prepare: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    @functools.wraps(prepare)
    def prepared(pool: Any, connection: Any) -> None:
        if routing.current() is None:
            prepare(pool, connection)
        else:
            vars(connection)[_TUNNEL] = functools.partial(prepare, pool, connection)

    return prepared


def _attempting(attempt: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(attempt)
    def attempted(
        pool: Any, connection: Any, method: str, url: str, **options: Any
    ) -> Any:
        opened = routing.current()
        if opened is None:
            return attempt(pool, connection, method, url, **options)
        options["body"] = body = _whole(options.get("body"))
        sent = _request(pool, method, url, options.get("headers"), body)
        interaction = opened.tape.answer(sent)
        if interaction is not None:
            wire = _Recorded(opened, interaction)
            return _replayed(pool, connection, method, url, options, wire)
        answer = Answer(opened.tape.recording(sent), method, whole=True)
        return _recorded(
            functools.partial(attempt, pool, connection, method, url, **options),
            connection,
            answer,
        )

    return attempted


def _whole(body: Any) -> bytes | None:
    """The body as bytes: what can be read but once is read here."""
    match body:
        case None | bytes():
            return body
        case str():
            return body.encode()
        case bytearray() | memoryview():
            return bytes(body)
        case _:
            pass
    parts = [body.read()] if hasattr(body, "read") else [*body]
    return b"".join(p.encode() if isinstance(p, str) else bytes(p) for p in parts)


def _request(
    pool: Any, method: str, url: str, headers: Mapping[str, Any] | None, body: Any
) -> HttpRequest:
    if url.startswith("/"):
        host = f"[{pool.host}]" if ":" in pool.host else pool.host
        port = {"http": 80, "https": 443}.get(pool.scheme)
        place = host if pool.port in {None, port} else f"{host}:{pool.port}"
        url = f"{pool.scheme}://{place}{url}"
    said: Headers = tuple(
        (_text(name), _text(value)) for name, value in (headers or {}).items()
    )
    return HttpRequest(method, url, said, body or b"")


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


# --- Live --------------------------------------------------------------------


def _recorded(attempt: Callable[[], Any], connection: Any, answer: Answer) -> Any:
    """Make the *attempt*, and tell *answer* what comes over its connection."""
    own = vars(connection)
    own["getresponse"] = _teeing(connection, answer)
    try:
        own.pop(_TUNNEL, _no_tunnel)()
        response = attempt()
    except BaseException as error:
        answer.refuse(error, _words(error))
        raise
    finally:
        own.pop("getresponse", None)
    if not answer.started:
        raise CassetteError(
            f"urllib3 answered without HTTP/1 ({type(response).__name__}), and that "
            "cannot be recorded. Switch its HTTP/2 off."
        )
    return response


def _words(error: BaseException) -> str:
    """What *error* says, but for the pool or connection that it names first."""
    owner = vars(error).get("pool") or vars(error).get("conn")
    match error.args:
        case _ if owner is not None:
            return str(error).removeprefix(f"{owner}: ")
        case (object(), str(words)) if not isinstance(error, OSError):
            return words
        case _:
            return ""


def _no_tunnel() -> None:
    """Nothing: the connection needs none."""


def _teeing(connection: Any, answer: Answer) -> Callable[[], Any]:
    """Get the response of *connection*, its socket read through a tee."""
    get, made = connection.getresponse, connection.response_class

    def teed(*args: Any, **options: Any) -> Any:
        response = made(*args, **options)
        response.fp = io.BufferedReader(_Tee(response.fp, answer))
        return response

    def getresponse() -> Any:
        connection.response_class = teed
        try:
            return get()
        finally:
            connection.response_class = made

    return getresponse


class _Tee(io.RawIOBase):
    """A file that tells an *answer* what is read of it."""

    def __init__(self, source: Any, answer: Answer) -> None:
        self._source = source
        self._answer = answer

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._source.read1(len(buffer))
        except BaseException as error:
            self._answer.fail(error)
            raise
        if data:
            self._answer.feed(data)
        else:
            self._answer.eof()
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._answer.close()
            self._source.close()
        super().close()


# --- Recorded ----------------------------------------------------------------


class _Recorded(io.RawIOBase):
    """A file that gives the bytes of a recorded answer, piece by piece, in its time."""

    def __init__(self, opened: Opened, interaction: Interaction) -> None:
        self.interaction = interaction
        self._opened = opened
        self._clock = opened.playback.clock
        self._began = self._clock.now()
        self._pieces = on_the_wire(interaction, opened.playback)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            time, piece = next(self._pieces, (0.0, b""))
            self._clock.sleep_until(self._began + time)
            self._rest = memoryview(piece)
            if not piece:
                self._end()
        length = min(len(buffer), len(self._rest))
        buffer[:length] = self._rest[:length]
        self._rest = self._rest[length:]
        return length

    def _end(self) -> None:
        """Fail where the recorded answer did."""
        match self.interaction.ended:
            case "truncated":
                error = UnrecordedRequest(CassetteMiss(cut_short(self.interaction)))
                self._opened.tape.misses.append(error.miss)
                raise error
            case "timeout":
                raise TimeoutError(failed_how(self.interaction)[1])
            case "interrupted" if "IncompleteRead" not in self.interaction.failure:
                words = failed_how(self.interaction)[1]
                raise os_error(words) or ConnectionResetError(words)
            case _:
                pass


class _Socket:
    """What http.client asks of a socket to read an answer from."""

    def __init__(self, wire: _Recorded) -> None:
        self._wire = wire

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._wire)


def _replayed(
    pool: Any,
    connection: Any,
    method: str,
    url: str,
    options: dict[str, Any],
    wire: _Recorded,
) -> Any:
    if wire.interaction.status == _NO_ANSWER:
        raise _failure(pool, connection, url, wire.interaction)
    library: Any = sys.modules["urllib3"]
    sock: Any = _Socket(wire)
    answer = http.client.HTTPResponse(sock, method=method)
    answer.begin()
    response = library.HTTPResponse(
        body=answer,
        headers=library.HTTPHeaderDict(answer.headers.items()),
        status=answer.status,
        version=answer.version,
        reason=answer.reason,
        preload_content=options.get("preload_content", True),
        decode_content=options.get("decode_content", True),
        original_response=answer,
        enforce_content_length=options.get("enforce_content_length", True),
        retries=options.get("retries"),
        request_method=method,
        request_url=url,
    )
    response.version_string = wire.interaction.http_version or "HTTP/1.1"
    response._connection = options.get("response_conn")
    response._pool = pool
    return response


def _failure(
    pool: Any, connection: Any, url: str, interaction: Interaction
) -> BaseException:
    how, words = failed_how(interaction)
    errors: Any = sys.modules["urllib3.exceptions"]
    made: dict[Failed, Callable[[], BaseException]] = {
        "connect timeout": lambda: errors.ConnectTimeoutError(connection, words),
        "timeout": lambda: errors.ReadTimeoutError(pool, url, words),
        "name": lambda: errors.NewConnectionError(connection, words),
        "tls": lambda: errors.SSLError(words),
        "refused": lambda: errors.NewConnectionError(connection, words),
        "dropped": lambda: http.client.RemoteDisconnected(words),
    }
    return made[how]()
