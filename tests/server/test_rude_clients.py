"""Clients that speak HTTP in ways no SDK does: they are answered, or closed."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from harness import FakeProvider, say
from harness.server import Server

PATIENCE = 20.0
CHAT = b"/v1/chat/completions"
HI = json.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}]})
BODY = HI.encode()


@pytest.fixture
def server() -> Iterator[Server]:
    """Give one that answers for ever; at its end nothing may have failed."""
    with FakeProvider(say("Hello!", times="forever")).serve() as running:
        yield running


def head(
    method: bytes = b"POST",
    target: bytes = CHAT,
    *,
    version: bytes = b"1.1",
    host: bytes = b"a.b",
    length: int = len(BODY),
    more: bytes = b"",
) -> bytes:
    """Give the head of a request, after which the connection may be closed."""
    first = b"%s %s HTTP/%s\r\nHost: %s\r\n" % (method, target, version, host)
    return first + b"Content-Length: %d\r\nConnection: close\r\n%s\r\n" % (length, more)


def said(server: Server, *parts: bytes) -> bytes:
    """Say *parts*; give all that the server says until it closes the connection."""
    heard = b""
    address = (server.host, server.port)
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        for part in parts:
            connection.sendall(part)
        while data := connection.recv(1 << 16):
            heard += data
    return heard


def answered(server: Server, *parts: bytes) -> tuple[int, Any]:
    """Say *parts*; give status and body of the one answer."""
    top, _, body = said(server, *parts).partition(b"\r\n\r\n")
    return int(top.split(b" ")[1]), json.loads(body)


def header(answer: bytes, name: bytes) -> list[bytes]:
    """Give the values of a header."""
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    pairs = [line.partition(b": ") for line in lines]
    return [value for found, _, value in pairs if found.lower() == name]


@pytest.mark.parametrize(
    "host", [b"[::1", b"a/b?c#d", b"a?b", b"a#b", b"a:x", b"a:99999"]
)
def test_a_host_that_is_none_is_refused(server: Server, host: bytes) -> None:
    """It does not become a part of the path, and is no failure of the script."""
    status, body = answered(server, head(host=host), BODY)

    assert status == 400
    assert f"Host is {host.decode()!r}" in body["error"]["message"]


@pytest.mark.parametrize("host", [b"", b"a.b:80", b"[::1]:8765", b"\xe4.b", b"a_b"])
def test_any_other_host_will_do(server: Server, host: bytes) -> None:
    """Whoever the client takes the server for."""
    assert answered(server, head(host=host), BODY)[0] == 200


def test_who_asks_the_server_as_a_whole_hears_that_there_is_no_such_path(
    server: Server,
) -> None:
    """``OPTIONS *`` names no path."""
    status, body = answered(server, head(b"OPTIONS", b"*", length=0))

    assert status == 404
    assert body["error"]["message"] == "Invalid URL (OPTIONS /*)"


OFFERS = {
    "as Java does": (
        b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\n"
    ),
    "a socket": b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
    "anything": b"connection: upgrade\r\nupgrade: x/1, y\r\n",
}


@pytest.mark.parametrize("cut", [None, 30, -5])
@pytest.mark.parametrize("offer", OFFERS)
def test_who_offers_another_protocol_is_answered_in_this_one(
    server: Server, offer: str, cut: int | None
) -> None:
    """The body is heard, and so is what comes after it, in however many pieces."""
    first = head(more=OFFERS[offer]).replace(b"Connection: close\r\n", b"") + BODY
    data = first + head() + BODY

    heard = said(server, data[:cut], data[cut:] if cut else b"")

    assert heard.count(b"HTTP/1.1 200 OK") == 2
    assert heard.count(b"Hello!") == 2


def test_an_offer_with_a_body_in_chunks_is_answered(server: Server) -> None:
    """The body is put together, as without the offer."""
    more = OFFERS["as Java does"] + b"Transfer-Encoding: chunked\r\n"
    top = head(more=more).replace(b"Content-Length: %d\r\n" % len(BODY), b"")

    status, _ = answered(server, top, b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY))

    assert status == 200


def test_thousands_of_offers_in_one_breath_are_answered(server: Server) -> None:
    """However many a client sends before it listens."""
    offer = OFFERS["as Java does"]
    one = head(b"GET", b"/harness/health", length=0, more=offer)
    data = one.replace(b"Connection: close\r\n", b"") * 2000

    heard = said(server, data + head(b"GET", b"/harness/health", length=0))

    assert heard.count(b"HTTP/1.1 200 OK") == 2001


def test_a_proxy_is_not_what_this_is(server: Server) -> None:
    """CONNECT is refused as what cannot be understood."""
    heard = said(server, b"CONNECT a.b:443 HTTP/1.1\r\nHost: a.b\r\n\r\n")

    assert heard.startswith(b"HTTP/1.1 400 ")


def test_what_was_asked_is_told_whatever_it_was(server: Server) -> None:
    """Bodies that no JSON can say again are told as the bytes that they were."""
    deep = b"[" * 5000 + b"]" * 5000
    for body in (deep, b'{"a": 1e999}', b'{"a": NaN}', b"\xff", b""):
        said(server, head(length=len(body)), body)

    status, told = answered(server, head(b"GET", b"/harness/calls", length=0))

    bodies = [call["body"] for call in told["script"]]
    assert status == 200
    assert bodies[0].startswith("b'[[[[")
    assert bodies[1:] == [{"a": "1e999"}, {"a": "NaN"}, "b'\\xff'", None]


@pytest.mark.parametrize(
    "target", [b"/harness///[x", b"/harness/?a=[::", b"/harness/%"]
)
def test_no_path_breaks_what_is_told(server: Server, target: bytes) -> None:
    """There is such a path, or there is not."""
    assert answered(server, head(b"GET", target, length=0))[0] in (200, 404)


ALLOWED = [
    (b"GET", CHAT, b"POST"),
    (b"HEAD", b"/v1/messages", b"POST"),
    (b"OPTIONS", b"/v1beta/models/m:generateContent", b"POST"),
    (b"PUT", b"/api/chat", b"POST"),
    (b"DELETE", b"/v1/models/m", b"GET"),
    (b"GET", b"/v1/embeddings", b"POST"),
    (b"PATCH", b"/model/m/converse", b"POST"),
    (b"POST", b"/harness/health", b"GET, HEAD"),
    (b"GET", b"/harness/reset", b"POST"),
]


@pytest.mark.parametrize(("method", "target", "allowed"), ALLOWED)
def test_another_method_is_told_which_one_there_is(
    server: Server, method: bytes, target: bytes, allowed: bytes
) -> None:
    """With 405, which says in Allow what would have been right."""
    heard = said(server, head(method, target, length=0))

    assert heard.startswith(b"HTTP/1.1 405 ")
    assert header(heard, b"allow") == [allowed]


def test_a_head_alone_can_be_had_of_what_is_told(server: Server) -> None:
    """As probes of health do it: the same head, and nothing after it."""
    heard = said(server, head(b"HEAD", b"/harness/health", length=0))

    assert heard.startswith(b"HTTP/1.1 200 OK")
    assert heard.endswith(b"\r\n\r\n")
