"""HTTP/1 as it is on the wire: read while it comes, and written back."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cassettes.exchanges import Exchange
from harness.cassettes.http_requests import HttpRequest
from harness.cassettes.interactions import Interaction
from harness.recording.http1 import Answer, failed_how, on_the_wire
from harness.recording.playback import Playback

URL = "http://api.example.com/"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Told:
    """An answer to a request of *method*, and what it told."""

    def __init__(self, method: str = "GET", *, whole: bool = False) -> None:
        self.ended: list[Interaction] = []
        self.exchange = Exchange(
            HttpRequest(method, URL),
            lambda _, one: self.ended.append(one),
            clock=lambda: 0.0,
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )
        self.answer = Answer(self.exchange, method, whole=whole)

    @property
    def one(self) -> Interaction:
        """The one interaction that came of it."""
        (one,) = self.ended
        return one


def told(data: bytes, method: str = "GET", **options: Any) -> Interaction:
    """Give what comes of bytes, and the end of the connection."""
    told = Told(method, **options)
    told.answer.feed(data)
    told.answer.eof()
    return told.one


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize(
    "data, body",
    [
        (CHUNKED + b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nA: b\r\n\r\n", b"abcde"),
        (CHUNKED + b"0\r\n\r\n", b""),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", b"abcde"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No\r\nA: b\r\n\r\n", b""),
        (b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.0 200 OK\r\n\r\nabcde", b"abcde"),
    ],
)
def test_answers_are_read_in_any_portions(size: int, data: bytes, body: bytes) -> None:
    """However the bytes are cut, the body is the same, and complete."""
    told = Told()
    for start in range(0, len(data), size):
        told.answer.feed(data[start : start + size])
    told.answer.eof()

    assert told.one.response_body == body
    assert told.one.ended == "complete"


def test_head_is_read_as_it_is() -> None:
    """Names, values, order and doubles of headers stay; so do reason and version."""
    data = b"HTTP/1.0 418 I'm a teapot\r\nB: 1\r\na:2 \r\nB: \xe9\r\n"

    one = told(data + b"Content-Length: 0\r\n\r\n")

    assert (one.status, one.reason, one.http_version) == (
        418,
        "I'm a teapot",
        "HTTP/1.0",
    )
    assert one.response_headers[:3] == (("B", "1"), ("a", "2"), ("B", "é"))


def test_an_answer_to_head_has_no_body() -> None:
    """Whatever length it says."""
    one = told(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "HEAD")

    assert (one.ended, one.response_body) == ("complete", b"")


@pytest.mark.parametrize("whole, pieces", [(True, (b"abc",)), (False, (b"a", b"bc"))])
def test_chunks_are_told_whole_or_as_they_come(
    whole: bool, pieces: tuple[bytes, ...]
) -> None:
    """A part of a chunk is told at once, or with the rest of it."""
    told = Told(whole=whole)
    told.answer.feed(CHUNKED + b"3\r\na")
    told.answer.feed(b"bc\r\n0\r\n\r\n")

    assert told.one.response_chunks == pieces


@pytest.mark.parametrize(
    "data",
    [
        CHUNKED + b"3\r\nab",
        CHUNKED + b"2\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
    ],
)
def test_a_connection_that_ends_too_early_is_interrupted(data: bytes) -> None:
    """What came is kept, also of a chunk that is not all there."""
    one = told(data, whole=True)

    assert (one.ended, one.response_body) == ("interrupted", b"ab")
    assert "closed the connection" in one.failure


def test_chunks_without_size_are_a_failure() -> None:
    """Framing that is none ends the answer there, and says what stood there."""
    one = told(CHUNKED + b"2\r\nab\r\nxyz\r\n")

    assert (one.ended, one.response_body) == ("interrupted", b"ab")
    assert one.failure == "InvalidChunkLength: b'xyz'"


@pytest.mark.parametrize(
    "error, ended",
    [
        (TimeoutError("late"), "timeout"),
        (ConnectionResetError(104, "x"), "interrupted"),
    ],
)
def test_a_reader_that_fails_says_why(error: Exception, ended: str) -> None:
    """Failures while the body is read are told, and nothing after them."""
    told = Told()
    told.answer.feed(CHUNKED + b"2\r\nab\r\n")
    told.answer.fail(error)
    told.answer.feed(b"0\r\n\r\n")
    told.answer.eof()
    told.answer.close()

    assert told.one.ended == ended
    assert told.one.failure.startswith(type(error).__name__)


@pytest.mark.parametrize(
    "data, ended",
    [
        (CHUNKED + b"2\r\nab\r\n", "truncated"),
        (CHUNKED + b"2\r\na", "truncated"),
        (CHUNKED + b"e\r\ndata: [DONE]\n\n\r\n", "complete"),
    ],
)
def test_an_answer_that_is_closed_is_truncated(data: bytes, ended: str) -> None:
    """But not where nothing is missing but the end of the framing."""
    told = Told(whole=True)
    told.answer.feed(data)
    told.answer.close()

    assert told.one.ended == ended


@pytest.mark.parametrize(
    "error, words, ended, failure",
    [
        (TimeoutError(), "", "timeout", "TimeoutError"),
        (ValueError("no"), "", "connection", "ValueError: no"),
        (ValueError("no"), "yes", "connection", "ValueError: yes"),
    ],
)
@pytest.mark.parametrize("data", [b"", b"garbage\r\n\r\nmore", b"HTTP/1.1 200"])
def test_a_request_without_answer_failed(
    error: Exception, words: str, ended: str, failure: str, data: bytes
) -> None:
    """What came before the status is no answer."""
    told = Told()
    told.answer.feed(data)
    told.answer.feed(b"\r")
    told.answer.fail(error)
    told.answer.eof()
    told.answer.close()
    told.answer.refuse(error, words)

    assert (told.one.status, told.one.ended, told.one.failure) == (599, ended, failure)


def test_an_interrupt_is_no_failure() -> None:
    """What ends the application is not recorded as of the server."""
    told = Told()
    told.answer.refuse(KeyboardInterrupt())

    assert told.ended == []
    assert told.exchange.dropped


def test_a_refusal_after_the_status_is_a_close() -> None:
    """An application that fails in the body closes it."""
    told = Told()
    told.answer.feed(CHUNKED)
    told.answer.refuse(ValueError("no"))

    assert told.one.ended == "truncated"


PIECES = st.lists(st.binary(min_size=1, max_size=40), max_size=6).map(tuple)
NAMES = st.sampled_from(["X-Tag", "content-type", "ETag"])
VALUES = st.text(
    st.characters(min_codepoint=33, max_codepoint=255, blacklist_categories=["Cc"])
)


@given(
    pieces=PIECES,
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=4).map(tuple),
    framed=st.sampled_from(["chunked", "length", ""]),
    status=st.sampled_from([200, 404, 503]),
    cut=st.integers(min_value=1, max_value=64),
)
def test_what_is_written_is_read_again(
    pieces: tuple[bytes, ...], headers: Any, framed: str, status: int, cut: int
) -> None:
    """The wire form of an interaction, cut anywhere, is that interaction."""
    body = b"".join(pieces)
    framing = {
        "chunked": (("Transfer-Encoding", "chunked"),),
        "length": (("Content-Length", str(len(body))),),
        "": (),
    }[framed]
    one = Interaction(
        "GET",
        URL,
        status,
        response_headers=(*headers, *framing),
        response_body=body,
        response_chunks=pieces,
        reason="As it is",
        http_version="HTTP/1.1",
    )

    playback = Playback(keep_retry_after=True)
    wire = b"".join(data for _, data in on_the_wire(one, playback))
    again = Told(whole=True)
    for start in range(0, len(wire), cut):
        again.answer.feed(wire[start : start + cut])

    assert again.one.response_body == body
    assert again.one.ended == "complete"
    assert (again.one.status, again.one.reason) == (status, "As it is")
    assert again.one.response_headers[: len(headers)] == headers
    if framed != "length":
        assert again.one.response_chunks == pieces


def test_headers_cannot_break_the_wire() -> None:
    """Line ends in values, and what Latin-1 has not, are no danger to the framing."""
    headers = (("X-Tag", "a\r\nX-Other: b"), ("X-Word", "日本"))
    one = Interaction("GET", URL, 200, response_headers=headers)

    again = told(b"".join(data for _, data in on_the_wire(one, Playback())))

    assert [name for name, _ in again.response_headers][:2] == ["X-Tag", "X-Word"]


@pytest.mark.parametrize(
    "failure, ended, how",
    [
        ("ConnectTimeout: x", "timeout", "connect timeout"),
        ("PoolTimeout", "timeout", "timeout"),
        ("", "timeout", "timeout"),
        ("", "interrupted", "dropped"),
        ("", "connection", "refused"),
        ("ConnectError: x", "connection", "refused"),
        ("RemoteProtocolError: x", "connection", "dropped"),
    ],
)
def test_failures_have_a_kind_in_any_client(failure: str, ended: Any, how: str) -> None:
    """The name of the error tells it, and else how the answer ended."""
    one = Interaction("GET", URL, 599, ended=ended, failure=failure)

    assert failed_how(one)[0] == how
