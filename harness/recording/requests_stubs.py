"""requests, urllib3 and what else is built on it (botocore): recorded and answered.

The place is one attempt of urllib3, below its retries and redirects and below the
errors that requests makes of urllib3's: so each attempt is an interaction, retries play
as they did, and each library raises its own. While recording, the bytes are teed where
they leave the socket; in replay, or from a fake, urllib3 reads them from there, and no
socket is opened.
What concerns a call is kept on its connection alone: any number of threads may call.
"""

import functools
import http.client
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from harness.cassettes.http_requests import HttpRequest
from harness.endpoint.acting import Broken, Waits
from harness.errors import CassetteError
from harness.http_messages import Failed, Headers
from harness.recording import routing
from harness.recording.acts import Playing, answer_of
from harness.recording.http1 import Answer, os_error
from harness.recording.patching import Patch

__all__ = ["MODULE", "patches"]

#: The module that has to be there before there is anything to patch.
MODULE = "urllib3.connectionpool"

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
        if routing.innermost() is None:
            prepare(pool, connection)
        else:
            vars(connection)[_TUNNEL] = functools.partial(prepare, pool, connection)

    return prepared


def _attempting(attempt: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(attempt)
    def attempted(
        pool: Any, connection: Any, method: str, url: str, **options: Any
    ) -> Any:
        place = _place(pool, url)
        opened = routing.current(place)
        if opened is None:
            vars(connection).pop(_TUNNEL, _no_tunnel)()
            return attempt(pool, connection, method, url, **options)
        options["body"] = body = _whole(options.get("body"))
        sent = _request(method, place, options.get("headers"), body)
        found = answer_of(opened, sent, _waits(pool, options.get("timeout")))
        if isinstance(found, Playing):
            return _played(pool, connection, method, url, options, found)
        answer = Answer(found, method, whole=True)
        with routing.inside(opened):
            return _recorded(
                functools.partial(attempt, pool, connection, method, url, **options),
                connection,
                answer,
            )

    return attempted


def _waits(pool: Any, timeout: Any) -> Waits:
    """How long urllib3 waits for each byte."""
    limits = pool._get_timeout(timeout)
    limits.start_connect()
    read = limits.read_timeout
    return Waits(read=read if isinstance(read, int | float) else None)


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


def _place(pool: Any, url: str) -> str:
    """The whole of *url*, which the pool may know by its path alone."""
    if not url.startswith("/"):
        return url
    host = f"[{pool.host}]" if ":" in pool.host else pool.host
    port = {"http": 80, "https": 443}.get(pool.scheme)
    place = host if pool.port in {None, port} else f"{host}:{pool.port}"
    return f"{pool.scheme}://{place}{url}"


def _request(
    method: str, url: str, headers: Mapping[str, Any] | None, body: Any
) -> HttpRequest:
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


# --- Played ------------------------------------------------------------------


class _Wire(io.RawIOBase):
    """A file that gives the bytes of an answer, piece by piece, in its time."""

    def __init__(self, plays: Playing) -> None:
        self._acts = plays.acts
        self._clock = plays.clock
        self._rest = memoryview(b"")
        #: Whether status and headers were read.
        self.has_begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(self._next())
        length = min(len(buffer), len(self._rest))
        buffer[:length] = self._rest[:length]
        self._rest = self._rest[length:]
        return length

    def _next(self) -> bytes:
        """The next piece, or nothing in the end; fails as a socket does."""
        try:
            for act in self._acts:
                if isinstance(act, bytes):
                    return act
                self._clock.sleep_until(act)
        except Broken as broken:
            if not self.has_begun:
                raise
            if broken.how == "timeout":
                raise TimeoutError(broken.words) from None
            error = os_error(broken.words) or ConnectionResetError(broken.words)
            raise error from None
        return b""

    def close(self) -> None:
        self._acts.close()
        super().close()


class _Socket:
    """What http.client asks of a socket to read an answer from."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._wire)


def _played(
    pool: Any,
    connection: Any,
    method: str,
    url: str,
    options: dict[str, Any],
    plays: Playing,
) -> Any:
    library: Any = sys.modules["urllib3"]
    wire = _Wire(plays)
    sock: Any = _Socket(wire)
    answer = http.client.HTTPResponse(sock, method=method)
    try:
        answer.begin()
    except Broken as broken:
        raise _failure(pool, connection, url, broken) from None
    wire.has_begun = True
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
    response.version_string = plays.version
    response._connection = options.get("response_conn")
    response._pool = pool
    return response


def _failure(pool: Any, connection: Any, url: str, broken: Broken) -> BaseException:
    words = broken.words
    errors: Any = sys.modules["urllib3.exceptions"]
    made: dict[Failed, Callable[[], BaseException]] = {
        "connect timeout": lambda: errors.ConnectTimeoutError(connection, words),
        "timeout": lambda: errors.ReadTimeoutError(pool, url, words),
        "name": lambda: errors.NewConnectionError(connection, words),
        "tls": lambda: errors.SSLError(words),
        "refused": lambda: errors.NewConnectionError(connection, words),
        "dropped": lambda: http.client.RemoteDisconnected(words),
        "reset": lambda: os_error(words) or ConnectionResetError(words),
    }
    return made[broken.how]()
