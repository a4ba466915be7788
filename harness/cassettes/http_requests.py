"""What was asked over HTTP, and when two requests ask the same.

In: requests, and the names of what must be equal in them. Out: a short key, which is
the same for requests that ask the same, however their JSON is spelled.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from string import ascii_letters, digits
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlsplit

from harness.cassettes.interactions import Interaction, decoded
from harness.cassettes.placeholders import PLACEHOLDER
from harness.cassettes.volatile import Volatile
from harness.errors import CassetteError, InputError, nearest, shown
from harness.http_messages import HttpRequest

__all__ = ["DEFAULT_MATCH_ON", "HttpRequest", "Matching", "RequestKey", "request_of"]

#: What of a request must be as it was recorded, unless the caller says otherwise.
DEFAULT_MATCH_ON = ("method", "uri", "body")

RequestKey = bytes

_PORTS = {"http": 80, "https": 443}
_HEADER = "header:"
_FORM = re.compile(rb"[\w.~%+*!'()\[\]$-]+=[^&\s]*(?:&[\w.~%+*!'()\[\]$-]+=[^&\s]*)*")
_ESCAPED = re.compile("%([0-9a-fA-F]{2})")
_SAFE = "/:@!$&'()*+,;="
_PLAIN = re.compile(rf"[\w.~{_SAFE}-]*", re.ASCII)
_UNRESERVED = frozenset(f"{ascii_letters}{digits}-._~")
_BOUNDARY = re.compile(rb"(?:\r\n)?--([^\r\n]{1,70}?)\r\n")
#: Headers that hang on how a body is sent, not on what is asked.
_OF_THE_WIRE = frozenset({"content-length", "connection", "transfer-encoding"})


def request_of(interaction: Interaction) -> HttpRequest:
    """The request of *interaction*, its body as it was stored."""
    return HttpRequest(
        interaction.method,
        interaction.url,
        interaction.request_headers,
        interaction.request_body,
    )


@dataclass(frozen=True, slots=True)
class Matching:
    """What makes two requests the same: names of *match_on*, but for what is volatile.

    The names are vcrpy's, and ``header:<name>`` for one header. "body" compares what
    JSON and forms mean, and knows multipart bodies again that have another boundary;
    "raw_body" compares bytes.

    >>> same = Matching.read(["method", "body"])
    >>> one = HttpRequest("POST", "https://a.b/", body=b'{"a": 1, "b": 2.0}')
    >>> same.key(one) == same.key(HttpRequest("POST", "", body=b'{"b":2,"a":1}'))
    True
    """

    match_on: tuple[str, ...] = DEFAULT_MATCH_ON
    volatile: Volatile = field(default_factory=Volatile)

    @classmethod
    def read(
        cls, match_on: Iterable[str] = DEFAULT_MATCH_ON, ignore: Iterable[str] = ()
    ) -> "Matching":
        """Read both. Raises InputError for names and rules that there are not."""
        if isinstance(match_on, str) or not isinstance(match_on, Iterable):
            raise InputError(
                f"match_on={shown(match_on)}; give a list of names, such as "
                f"{[*DEFAULT_MATCH_ON]}."
            )
        names = tuple(match_on)
        for name in names:
            if not isinstance(name, str) or not (
                name in _READERS or name.removeprefix(_HEADER) not in (name, "")
            ):
                raise InputError(
                    f"match_on has {name!r}, which no request has. "
                    f"{nearest(str(name), [*_READERS, 'header:<name>'])}"
                )
        return cls(names, Volatile.read(ignore))

    def key(self, request: HttpRequest) -> RequestKey:
        """What is the same for requests that ask the same."""
        digest = blake2b(digest_size=16)
        for name in self.match_on:
            said = self.part(name, request).encode("utf-8", "surrogatepass")
            digest.update(b"%d:" % len(said))
            digest.update(said)
        return digest.digest()

    def part(self, name: str, request: HttpRequest) -> str:
        """What *request* says of the *name* of `match_on`, in one spelling."""
        if name.startswith(_HEADER):
            return _header(request, name.removeprefix(_HEADER))
        return _READERS[name](request, self.volatile)

    def differing(self, one: HttpRequest, other: HttpRequest) -> list[str]:
        """The names of `match_on` in which two requests are not the same."""
        return [n for n in self.match_on if self.part(n, one) != self.part(n, other)]


# ------------------------------------------------------------------ addresses


class _Address(NamedTuple):
    scheme: str
    host: str
    port: str
    path: str
    query: str


@lru_cache(maxsize=1024)
def _address(url: str) -> _Address:
    try:
        said = urlsplit(url)
        scheme = said.scheme.lower()
        port = said.port or _PORTS.get(scheme)
        host = (said.hostname or "").removesuffix(".")
    except ValueError:  # no URL that anybody could call
        return _Address("", "", "", url, "")
    return _Address(
        scheme, host, str(port or ""), _spelled(said.path) or "/", said.query
    )


def _spelled(path: str) -> str:
    """*path* with each octet in one spelling: what need not be escaped is not."""
    if _PLAIN.fullmatch(path):
        return path
    return _ESCAPED.sub(_plain_if_may_be, _quoted(path, f"%{_SAFE}"))


def _quoted(text: str, safe: str) -> str:
    """*text* percent-encoded; JSON files can have halves of surrogate pairs in it."""
    return quote(text, safe, errors="surrogatepass")


def _plain_if_may_be(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    return character if character in _UNRESERVED else found[0].upper()


def _query(request: HttpRequest, volatile: Volatile) -> str:
    query = _address(request.url).query
    if not query:
        return ""
    # A key in a query says who asks, not what: it may be another one offline.
    pairs = parse_qsl(PLACEHOLDER.sub("REDACTED", query), keep_blank_values=True)
    pairs.sort(key=lambda pair: pair[0])
    return volatile.blurred(
        "&".join(
            f"{_quoted(name, '')}={_quoted(said, ' []:,/')}" for name, said in pairs
        )
    )


def _uri(request: HttpRequest, volatile: Volatile) -> str:
    scheme, host, port, path, _ = _address(request.url)
    query = _query(request, volatile)
    at = volatile.blurred(f"{scheme}://{host}:{port}{path}")
    return f"{at}?{query}" if query else at


# --------------------------------------------------------------------- bodies


def _header(request: HttpRequest, wanted: str) -> str:
    said = [text for name, text in request.headers if name.lower() == wanted.lower()]
    return "\n".join(said)


def _headers(request: HttpRequest, volatile: Volatile) -> str:
    said = sorted(
        f"{name.lower()}: {re.sub('boundary=[^;]+', 'boundary=*', text)}"
        for name, text in request.headers
        if name.lower() not in _OF_THE_WIRE
    )
    return volatile.blurred("\n".join(said))


def _body(request: HttpRequest, volatile: Volatile) -> str:
    body = _decoded(request)
    if not body:
        return ""
    start = body.lstrip()[:1]
    if start in (b"{", b"["):
        try:
            return f"json {_canonical(volatile.stripped(_json(body)))}"
        except (ValueError, RecursionError):
            pass
    if start == b"-" and (found := _BOUNDARY.match(body)):
        body = body.replace(b"--" + found[1], b"--*")
    elif _FORM.fullmatch(body):
        fields: dict[str, list[str]] = {}
        for name, said in parse_qsl(body.decode("latin-1"), keep_blank_values=True):
            fields.setdefault(name, []).append(said)
        return f"form {_canonical(volatile.stripped(fields))}"
    text = body.decode("utf-8", "surrogateescape")
    return f"text {volatile.blurred(text)}"


def _decoded(request: HttpRequest) -> bytes:
    if not request.body or not request.headers:
        return request.body
    try:
        return decoded(request.body, request.headers, "the body")
    except CassetteError:
        return request.body


def _json(body: bytes) -> Any:
    return json.loads(body, parse_float=_number)


def _number(text: str) -> float | int:
    value = float(text)
    return int(value) if value.is_integer() else value


_canonical = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False
).encode


def _raw_body(request: HttpRequest, _: Volatile) -> str:
    return request.body.decode("latin-1")


_READERS: Mapping[str, Callable[[HttpRequest, Volatile], str]] = {
    "method": lambda request, _: request.method.upper(),
    "scheme": lambda request, _: _address(request.url).scheme,
    "host": lambda request, _: _address(request.url).host,
    "port": lambda request, _: _address(request.url).port,
    "path": lambda request, volatile: volatile.blurred(_address(request.url).path),
    "query": _query,
    "uri": _uri,
    "body": _body,
    "raw_body": _raw_body,
    "headers": _headers,
}
