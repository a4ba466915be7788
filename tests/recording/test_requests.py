"""What requests and urllib3 hear of a server is what they hear of its recording."""

import gzip
import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from harness.cassettes import load_cassette
from harness.cassettes.interactions import Interaction
from harness.cassettes.writing import write_cassette
from harness.errors import CassetteError, CassetteWarning, UnrecordedRequest
from harness.models.clocks import VirtualClock
from harness.recording import block_network, use_cassette

PATIENCE = 10.0
PIECES = (b"data: one\n\n", b"data: t", b"wo\n\n", b"data: \xe2\x82\xac\n\n")
GZIPPED = gzip.compress(b'{"said": "hello"}', mtime=0)


def both(cassette: Path, application: Callable[[], Any]) -> tuple[Any, Any]:
    """Give what an application has of the server, and then of the recording."""
    with use_cassette(cassette, "once"):
        live = application()
    with use_cassette(cassette) as tape:
        replayed = application()
        assert tape.unused() == []
    return live, replayed


def only(cassette: Path) -> Interaction:
    """Give the one interaction of a cassette."""
    (one,) = load_cassette(cassette)
    return one


def failure(application: Callable[[], Any]) -> tuple[type, str]:
    """Give what an application fails with."""
    with pytest.raises(requests.RequestException) as caught:
        application()
    return type(caught.value), str(caught.value)


def test_application_sees_each_piece_before_the_next_is_sent(
    server: Any, cassette: Path
) -> None:
    """While recording, a piece goes on at once; the replay has the same pieces."""
    goes = [threading.Event() for _ in PIECES]
    waits = [lambda go=go: go.wait(PATIENCE) for go in goes]
    server.streams(*(s for pair in zip(PIECES, waits, strict=True) for s in pair))

    def read() -> list[bytes]:
        seen = []
        with requests.post(server.url, stream=True, timeout=9) as response:
            for piece in response.iter_content(None):
                seen.append(piece)
                goes[len(seen) - 1].set()
        return seen

    assert both(cassette, read) == ([*PIECES], [*PIECES])
    assert all(go.is_set() for go in goes)
    assert only(cassette).response_chunks == PIECES


@pytest.mark.parametrize(
    "read",
    [
        lambda response: response.content,
        lambda response: response.text,
        lambda response: [*response.iter_lines()],
        lambda response: [*response.iter_content(4)],
        lambda response: response.raw.read(5),
        lambda response: response.raw.read(decode_content=True),
        lambda response: [*response.raw.stream(3)],
    ],
)
@pytest.mark.parametrize("framed", ["chunks", "length"])
def test_every_way_to_read_gives_the_same(
    server: Any, cassette: Path, read: Callable[[Any], Any], framed: str
) -> None:
    """However the application reads its streams, the replay answers as the server."""
    if framed == "chunks":
        server.streams(*PIECES)
    else:
        server.replies(b"".join(PIECES))

    def application() -> Any:
        with requests.post(server.url, stream=True, timeout=9) as response:
            return read(response)

    live, replayed = both(cassette, application)

    assert live == replayed
    assert len(server.asked) == 1


@pytest.mark.parametrize("pieces", [[GZIPPED], [GZIPPED[:9], GZIPPED[9:]]])
def test_compressed_bodies_stay_compressed(
    server: Any, cassette: Path, pieces: list[bytes]
) -> None:
    """They are stored as they came, and urllib3 decodes them both times."""
    server.streams(*pieces, headers=(("content-encoding", "gzip"),))

    said = both(cassette, lambda: requests.get(server.url, timeout=5).json())

    assert said == ({"said": "hello"}, {"said": "hello"})
    assert only(cassette).response_body == GZIPPED


def test_status_headers_reason_and_cookies_are_there(
    server: Any, cassette: Path
) -> None:
    """A response is whole: its headers, also repeated ones, its cookies, its URL."""
    headers = (("X-Tag", "a"), ("X-Tag", "b"), ("Set-Cookie", "who=me; Path=/"))
    server.replies(b"no", 404, headers)

    def application() -> Any:
        response = requests.get(server.url + "/x?y=1", timeout=5)
        raw = response.raw.headers.getlist("x-tag")
        names = response.cookies.keys()
        said = failure(response.raise_for_status)
        return response.status_code, response.reason, response.url, raw, names, said

    live, replayed = both(cassette, application)

    assert live == replayed
    assert live[:2] == (404, "Not Found")
    assert live[3:5] == (["a", "b"], ["who"])


@pytest.mark.parametrize(
    "body", [b"ab", "ab", bytearray(b"ab"), io.BytesIO(b"ab"), [b"a", b"b"], None]
)
def test_every_kind_of_body_is_recorded_and_sent(
    server: Any, cassette: Path, body: Any
) -> None:
    """A body that can be read but once is read once, and sent all the same."""
    with use_cassette(cassette, "once"):
        urllib3.PoolManager().request("POST", server.url, body=body).read()

    sent = b"" if body is None else b"ab"
    assert server.asked[0].body == only(cassette).request_body == sent


def test_generators_and_files_are_sent(server: Any, cassette: Path) -> None:
    """Uploads of requests: a generator in chunks, a multipart form."""

    def application() -> list[bytes]:
        parts = (part for part in (b"a", b"b"))
        files = {"file": ("x.txt", io.BytesIO(b"content"))}
        return [
            requests.post(server.url, data=parts, timeout=5).content,
            requests.post(server.url, files=files, timeout=5).content[:4],
        ]

    live, replayed = both(cassette, application)

    assert live == replayed == [b"echo ab", b"echo"]
    assert b"content" in server.asked[1].body


def posted_with_retries(url: str) -> bytes:
    """Give the answer of a client that tries again after a 429."""
    retry = urllib3.Retry(2, status_forcelist=[429], allowed_methods=None)
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=retry))
        return session.post(url, timeout=5).content


def test_each_attempt_is_recorded(server: Any, cassette: Path) -> None:
    """A 429 that urllib3 tries again is two interactions, in that order."""
    server.replies(b"later", 429)
    server.replies(b"done")

    said = both(cassette, lambda: posted_with_retries(server.url))

    assert said == (b"done", b"done")
    assert [one.status for one in load_cassette(cassette)] == [429, 200]


def test_a_replayed_429_does_not_sleep(cassette: Path) -> None:
    """What a recorded answer says of waiting is not waited for."""
    url, late = "http://api.example.com/", (("Retry-After", "60"),)
    tries = [
        Interaction("POST", url, 429, response_headers=late),
        Interaction("POST", url, 200, response_body=b"done"),
    ]
    cassette.write_text(write_cassette(tries), encoding="utf-8")
    began = time.monotonic()

    with use_cassette(cassette):
        said = posted_with_retries(url)

    assert said == b"done"
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("client", ["requests", "urllib3"])
def test_each_hop_of_a_redirect_is_recorded(
    server: Any, cassette: Path, client: str
) -> None:
    """Redirects are followed by the client, both times."""
    server.replies(b"", 302, (("Location", "/there"),))
    server.replies(b"here")

    def application() -> Any:
        if client == "requests":
            response = requests.get(server.url + "/a", timeout=5)
            return response.content, response.url, len(response.history)
        answer = urllib3.PoolManager().request("GET", server.url + "/a")
        return answer.data, answer.geturl(), answer.version

    live, replayed = both(cassette, application)

    assert live == replayed
    assert [one.status for one in load_cassette(cassette)] == [302, 200]


@pytest.mark.parametrize("client", ["requests", "urllib3"])
def test_nothing_is_recorded_twice(server: Any, cassette: Path, client: str) -> None:
    """The same place records requests and what stands below it: each call once."""

    def application() -> list[bytes]:
        if client == "requests":
            with requests.Session() as session:
                return [session.get(server.url, timeout=5).content for _ in range(3)]
        with urllib3.PoolManager() as pool:
            return [pool.request("GET", server.url).data for _ in range(3)]

    live, replayed = both(cassette, application)

    assert live == replayed
    assert len(load_cassette(cassette)) == len(server.asked) == 3


# --- Failures ----------------------------------------------------------------


def refused(server: Any) -> None:
    server.close()


def silent(server: Any) -> None:
    server.streams(server.hold, b"late")


def hung_up(server: Any) -> None:
    server.streams(server.cut)


def cut_in_a_stream(server: Any) -> None:
    server.streams(b"data: 1\n\n", server.cut)


def silent_in_a_stream(server: Any) -> None:
    server.streams(b"data: 1\n\n", server.hold)


@pytest.mark.parametrize(
    "going_wrong, kind, ended",
    [
        (refused, requests.ConnectionError, "connection"),
        (silent, requests.ReadTimeout, "timeout"),
        (hung_up, requests.ConnectionError, "connection"),
        (cut_in_a_stream, requests.exceptions.ChunkedEncodingError, "interrupted"),
        (silent_in_a_stream, requests.ConnectionError, "timeout"),
    ],
)
def test_failures_replay_as_themselves(
    server: Any,
    cassette: Path,
    going_wrong: Callable[[Any], None],
    kind: type,
    ended: str,
) -> None:
    """What goes wrong on the wire is recorded, and requests raises the same again."""
    going_wrong(server)

    def application() -> tuple[type, str]:
        return failure(lambda: requests.post(server.url, timeout=0.2).content)

    live, replayed = both(cassette, application)

    assert live == replayed
    assert live[0] is kind
    assert only(cassette).ended == ended
    assert only(cassette).failure


@pytest.mark.parametrize(
    "said, ended, kind",
    [
        ("ConnectTimeout: timed out", "timeout", requests.ConnectTimeout),
        ("ReadTimeout: timed out", "timeout", requests.ReadTimeout),
        ("", "timeout", requests.ReadTimeout),
        ("ConnectError: all attempts failed", "connection", requests.ConnectionError),
        ("ClientConnectorDNSError: no name", "connection", requests.ConnectionError),
        ("SSLError: bad certificate", "connection", requests.exceptions.SSLError),
        ("ServerDisconnectedError: gone", "connection", requests.ConnectionError),
        ("", "interrupted", requests.ConnectionError),
    ],
)
def test_failures_of_other_clients_replay_as_those_of_requests(
    cassette: Path, said: str, ended: Any, kind: type
) -> None:
    """A failure that another client recorded is the one that requests has for it."""
    asked = Interaction("GET", "http://api.example.com/", 599)
    one = Interaction(asked.method, asked.url, 599, ended=ended, failure=said)
    cassette.write_text(write_cassette([one]), encoding="utf-8")

    with use_cassette(cassette), block_network():
        raised, _ = failure(lambda: requests.get(asked.url, timeout=5))

    assert raised is kind


@pytest.mark.parametrize(
    "said, words",
    [
        ("ConnectionResetError: [Errno 104] reset by peer", "104, 'reset by peer'"),
        ("ReadError: gone", "'gone'"),
    ],
)
def test_a_stream_that_was_reset_is_reset(
    cassette: Path, said: str, words: str
) -> None:
    """The error of the system comes at the same place, after what came."""
    one = Interaction(
        "GET",
        "http://api.example.com/",
        200,
        response_body=b"ab",
        ended="interrupted",
        failure=said,
    )
    cassette.write_text(write_cassette([one]), encoding="utf-8")

    with use_cassette(cassette), block_network():
        raised, told = failure(lambda: requests.get(one.url, timeout=5))

    assert raised is requests.exceptions.ChunkedEncodingError
    assert f"ConnectionResetError({words})" in told


def test_a_stream_that_was_closed_early_is_truncated(
    server: Any, cassette: Path
) -> None:
    """What came is stored and replays; who reads on then is told, and not silently."""
    server.streams(b"data: 1\n\n", server.until_left)

    def application() -> bytes:
        with requests.post(server.url, stream=True, timeout=5) as response:
            return next(response.iter_lines(chunk_size=None))

    live, replayed = both(cassette, application)

    assert live == replayed == b"data: 1"
    assert only(cassette).ended == "truncated"
    with use_cassette(cassette) as tape:
        with pytest.raises(UnrecordedRequest, match="this time it reads on"):
            requests.post(server.url, timeout=5)
        tape.misses.clear()


def test_a_timeout_while_connecting_replays_as_that(cassette: Path) -> None:
    """The words of the failure are stored, and not the objects that they name."""

    class Connection(HTTPConnection):
        def connect(self) -> None:
            raise urllib3.exceptions.ConnectTimeoutError(self, "No connection in 1 s")

    def application() -> type:
        pool = urllib3.HTTPConnectionPool("127.0.0.1", 1)
        pool.ConnectionCls = Connection
        with pytest.raises(urllib3.exceptions.ConnectTimeoutError) as caught:
            pool.request("GET", "/", retries=False)
        return type(caught.value)

    live, replayed = both(cassette, application)

    assert live is replayed
    assert only(cassette).failure == "ConnectTimeoutError: No connection in 1 s"


def test_an_interrupted_call_is_not_recorded(server: Any, cassette: Path) -> None:
    """An interrupt of the application is no answer of the server."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    class Connection(HTTPConnection):
        request = interrupted

    pool = urllib3.HTTPConnectionPool("127.0.0.1", int(server.url.split(":")[-1]))
    pool.ConnectionCls = Connection
    with use_cassette(cassette, "once"), pytest.raises(KeyboardInterrupt):
        pool.request("GET", "/")

    assert not cassette.exists()


def test_http_2_of_urllib3_is_refused(server: Any, cassette: Path) -> None:
    """An answer that came another way cannot be recorded, and that is said."""

    class Connection(HTTPConnection):
        def getresponse(self) -> Any:
            return urllib3.HTTPResponse(b"", status=200)

    pool = urllib3.HTTPConnectionPool("127.0.0.1", int(server.url.split(":")[-1]))
    pool.ConnectionCls = Connection
    with (
        pytest.warns(CassetteWarning, match="no answer"),
        use_cassette(cassette, "once"),
        pytest.raises(CassetteError, match="HTTP/2"),
    ):
        pool.request("GET", "/", retries=False)
    pool.close()


# --- Never the network -------------------------------------------------------


def test_eight_threads_never_reach_the_server(server: Any, cassette: Path) -> None:
    """24 recorded calls replay in 8 threads, each its own, and none goes out."""

    def ask(number: int) -> str:
        body = {"prompt": number}
        return requests.post(server.url, json=body, timeout=PATIENCE).text

    with use_cassette(cassette, "once"), ThreadPoolExecutor(8) as pool:
        live = [*pool.map(ask, range(24))]
    asked = len(server.asked)
    with use_cassette(cassette) as tape, ThreadPoolExecutor(8) as pool:
        replayed = [*pool.map(ask, range(24))]
        unused = tape.unused()

    assert live == replayed
    assert [json.loads(text[5:]) for text in live] == [{"prompt": n} for n in range(24)]
    assert asked == len(server.asked) == len(load_cassette(cassette)) == 24
    assert unused == []


def test_a_miss_in_a_thread_stays_a_miss(server: Any, cassette: Path) -> None:
    """No thread goes live with what was not recorded, though it swallows the error."""
    with use_cassette(cassette, "once"):
        requests.get(server.url, timeout=5)

    def ask(number: int) -> None:
        with suppress(Exception):
            requests.get(f"{server.url}/{number}", timeout=5)

    with use_cassette(cassette) as tape, ThreadPoolExecutor(8) as pool:
        tried = [pool.submit(ask, number) for number in range(24)]
        missed = [isinstance(one.exception(), UnrecordedRequest) for one in tried]
        told = len(tape.misses)
        tape.misses.clear()

    assert all(missed)
    assert told == 24
    assert len(server.asked) == 1


def test_retries_do_not_hide_a_miss(cassette: Path) -> None:
    """A miss goes through the retries of urllib3 at once."""
    adapter = HTTPAdapter(max_retries=urllib3.Retry(5, backoff_factor=60))

    with use_cassette(cassette) as tape, requests.Session() as session:
        session.mount("http://", adapter)
        with pytest.raises(UnrecordedRequest):
            session.get("http://api.example.com/", timeout=5)
        assert len(tape.misses) == 1
        tape.misses.clear()


def test_a_proxy_is_not_asked_in_replay(cassette: Path) -> None:
    """No tunnel is made for an answer that is there."""
    one = Interaction("GET", "https://api.example.com/x", 200, response_body=b"hi")
    cassette.write_text(write_cassette([one]), encoding="utf-8")

    with use_cassette(cassette), urllib3.ProxyManager("http://127.0.0.1:1") as proxy:
        answer = proxy.request("GET", "https://api.example.com/x", retries=False)

    assert answer.data == b"hi"


def test_a_proxy_is_asked_live(server: Any, cassette: Path) -> None:
    """A tunnel is made when the request goes live; its failure is that of the call."""

    def application() -> tuple[type, str]:
        proxies = {"https": server.url}
        url = "https://api.example.com/x"
        return failure(lambda: requests.get(url, proxies=proxies, timeout=5))

    live, replayed = both(cassette, application)

    assert live[0] is replayed[0] is requests.exceptions.ProxyError
    assert only(cassette).ended == "connection"


def test_outside_of_cassettes_nothing_changes(server: Any) -> None:
    """While no cassette is open, and after, calls go where they go."""
    before = urllib3.HTTPConnectionPool._make_request
    with use_cassette("some"):
        assert urllib3.HTTPConnectionPool._make_request is not before

    assert urllib3.HTTPConnectionPool._make_request is before
    assert requests.get(server.url, timeout=5).status_code == 200


def test_methods_that_somebody_kept_pass_calls_on(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours may outlast the cassette in somebody's hands: they do nothing then."""
    pools = urllib3.HTTPConnectionPool, urllib3.HTTPSConnectionPool
    with use_cassette("some"):
        attempt, tunnel = pools[0]._make_request, pools[1]._prepare_proxy
    monkeypatch.setattr(pools[0], "_make_request", attempt)
    monkeypatch.setattr(pools[1], "_prepare_proxy", tunnel)

    assert requests.get(server.url, timeout=5).status_code == 200
    with (
        urllib3.ProxyManager(server.url) as proxy,
        pytest.raises(urllib3.exceptions.ProxyError),
    ):
        proxy.request("GET", "https://api.example.com/x", retries=False)


def test_a_library_that_is_imported_later_is_replaced_then(
    server: Any, cassette: Path
) -> None:
    """An application may import requests while the cassette is already open."""
    code = (
        "import sys\n"
        "from harness.recording import use_cassette\n"
        "with use_cassette(sys.argv[1], 'once'):\n"
        "    assert 'urllib3' not in sys.modules\n"
        "    import requests\n"
        "    requests.get(sys.argv[2], timeout=5)\n"
    )

    subprocess.run(
        [sys.executable, "-c", code, str(cassette), server.url + "/"],
        check=True,
        timeout=60,
    )

    assert only(cassette).url == server.url + "/"


# --- Recordings of others ----------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("content-type", "text/event-stream"),),
        (("transfer-encoding", "chunked"), ("content-length", "3")),
        (("content-length", "3"),),
        (("content-length", "999"),),
    ],
)
def test_recordings_of_other_tools_are_read_whole(
    cassette: Path, headers: tuple[tuple[str, str], ...]
) -> None:
    """Lengths that are wrong, and forms that are none, do not cut a body."""
    body = b"".join(PIECES)
    one = Interaction(
        "GET",
        "http://api.example.com/",
        200,
        response_headers=headers,
        response_body=body,
        response_chunks=PIECES,
        http_version="HTTP/2",
    )
    cassette.write_text(write_cassette([one]), encoding="utf-8")

    with use_cassette(cassette), block_network():
        response = requests.get(one.url, timeout=5)

    assert response.content == body
    assert response.raw.version_string == "HTTP/2"


def test_a_stream_without_form_keeps_its_pieces(cassette: Path) -> None:
    """Pieces that HTTP/2 brought come one by one."""
    one = Interaction(
        "GET",
        "http://api.example.com/",
        200,
        response_body=b"".join(PIECES),
        response_chunks=PIECES,
    )
    cassette.write_text(write_cassette([one]), encoding="utf-8")

    with use_cassette(cassette), requests.get(one.url, stream=True, timeout=5) as said:
        assert tuple(said.iter_content(None)) == PIECES


def test_pieces_come_in_recorded_time_if_that_is_asked_for(cassette: Path) -> None:
    """Time is that of the recording, by the clock that is given."""
    one = Interaction(
        "GET",
        "http://api.example.com/",
        200,
        response_body=b"".join(PIECES),
        response_chunks=PIECES,
        chunk_times=(1000, 2000, 3000, 60_000),
    )
    cassette.write_text(write_cassette([one]), encoding="utf-8")
    clock = VirtualClock()

    with (
        use_cassette(cassette, timing="recorded", replay_clock=clock),
        requests.get(one.url, stream=True, timeout=5) as response,
    ):
        times = [clock.now() for _ in response.iter_content(None)]

    assert times == [1.0, 2.0, 3.0, 60.0]


def test_botocore_is_recorded_too(server: Any, cassette: Path) -> None:
    """What is built on urllib3 needs nothing of its own."""
    server.replies({"completion": "hello"})
    client = botocore.session.get_session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=server.url,
        aws_access_key_id="made",
        aws_secret_access_key="up",
    )

    def application() -> Any:
        said = client.invoke_model(modelId="some.model", body=b'{"prompt": "hi"}')
        return json.loads(said["body"].read())

    live, replayed = both(cassette, application)

    assert live == replayed == {"completion": "hello"}
    assert len(server.asked) == 1
