"""Whatever comes over a socket: the server answers or closes, and goes on serving."""

import json
import logging
import socket
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import FakeProvider, say
from harness.server import Server

PATIENCE = 20.0
HI = [{"role": "user", "content": "Hi"}]
BODIES = [
    json.dumps({"model": "m", "messages": HI, "max_tokens": 9}).encode(),
    json.dumps({"model": "m", "messages": HI, "stream": True}).encode(),
    json.dumps({"contents": [{"parts": [{"text": "Hi"}]}]}).encode(),
    json.dumps({"model": "m", "input": "Hi"}).encode(),
    b'{"model": "m", "model": "n", "messages": NaN}',
    b"[" * 100_000,
    b'{"a":' * 300 + b"1" + b"}" * 300,
    b'"\\ud800"',
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf{}",
    b"{}",
    b"null",
    b"1e999",
    b"9" * 5000,
    b"",
]
TARGETS = [
    b"/v1/chat/completions",
    b"/v1/messages",
    b"/v1/responses?x=%ff",
    b"/v1beta/models/%2e%2e:generateContent",
    b"/v1beta/models/m:streamGenerateContent?alt=sse&alt",
    b"/api/chat",
    b"/model/..%2f..%2fm/converse-stream",
    b"/v1/models/../../m",
    b"/v1/models/%00%ff%zz",
    b"/v1/embeddings",
    b"/harness/calls?session=%ff",
    b"/harness/reset",
    b"/harness/openapi.json",
    b"/harness///[x",
    b"//[::1/v1/messages",
    b"http://[x/harness/",
    b"*",
    b"a.b:80",
    b"/" + b"a" * 9000,
]
METHODS = [b"POST", b"GET", b"HEAD", b"OPTIONS", b"PUT", b"CONNECT", b"TRACE", b"BREW"]
VERSIONS = [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/0.9", b"http/1.1", b""]
HEADERS = [
    b"Host: a.b",
    b"Host: [::1",
    b"Host: a/b?c#d",
    b"Host:",
    b"Content-Length: -1",
    b"Content-Length: 5",
    b"Content-Length: 99999999999999999999",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Content-Encoding: gzip",
    b"Content-Type: text/plain; charset=\xff",
    b"Connection: close",
    b"Connection: Upgrade, HTTP2-Settings",
    b"Upgrade: h2c",
    b"Upgrade: websocket",
    b"Expect: 100-continue",
    b"x-harness-session: \xff\xe9",
    b"x-harness-session: ",
    b"Authorization: Bearer",
    b"x-api-key: \t",
    b"x-amz-date: 1",
    b"no colon",
    b" folded",
]
EXACT = [b"length", b"chunks", b"nothing"]


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Draw a request that is right in some ways and wrong in others."""
    first = b"%s %s %s" % (
        draw(st.sampled_from(METHODS[:1] * 4 + METHODS)),
        draw(st.sampled_from(TARGETS)),
        draw(st.sampled_from(VERSIONS[:1] * 6 + VERSIONS)),
    )
    lines = [first, *draw(st.lists(st.sampled_from(HEADERS), max_size=4))]
    body = draw(st.sampled_from(BODIES))
    match draw(st.sampled_from(EXACT)):
        case b"length":
            lines.append(b"Content-Length: %d" % len(body))
        case b"chunks":
            lines.append(b"Transfer-Encoding: chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        case _:
            pass
    return b"\r\n".join([*lines, b"", body])


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Draw what a client says: requests, damaged here and there, in pieces."""
    said = b"".join(draw(st.lists(requests(), min_size=1, max_size=3)))
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, min(len(said), 400)))
        odd = draw(st.binary(max_size=6))
        said = said[:at] + odd + said[at + draw(st.integers(0, 6)) :]
    cuts = sorted(draw(st.lists(st.integers(0, min(len(said), 400)), max_size=2)))
    edges = [0, *cuts, len(said)]
    return [said[a:b] for a, b in pairwise(edges)]


def heard(server: Server, parts: list[bytes]) -> bytes:
    """Say *parts*, and no more; give what is said until the connection ends."""
    told = b""
    address = (server.host, server.port)
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        try:
            for part in parts:
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
            while data := connection.recv(1 << 16):
                told += data
        except TimeoutError:
            raise
        except OSError:
            pass  # it has closed, and wants no more
    return told


def statuses(told: bytes) -> list[int]:
    """Give the status of each answer."""
    lines = [line for line in told.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    return [int(line.split(b" ")[1]) for line in lines]


def test_whatever_comes_it_answers_or_closes_and_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No answer is a failure of the server, and nothing is written but warnings."""

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(streams())
    def holds(parts: list[bytes]) -> None:
        told = heard(server, parts)

        assert told == b"" or told.startswith(b"HTTP/1.1 "), told[:200]
        assert [one for one in statuses(told) if one >= 500] == []
        asked = b"GET /harness/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        assert statuses(heard(server, [asked])) == [200]

    with FakeProvider(say("Hello!", times="forever")).serve() as server:
        holds()

    assert [one for one in caplog.records if one.levelno > logging.WARNING] == []
