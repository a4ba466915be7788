"""Replies that say a fault, in every dialect."""

import json
from typing import Any

import pytest

from harness.errors import ServerError
from harness.steps import Fault, fault_error
from harness.wire import DIALECTS


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_headers_of_another_body_are_not_sent(dialect: Any) -> None:
    """Length and coding were those of the reply that was read."""
    said = {
        "Content-Length": "7",
        "content-encoding": "gzip",
        "Transfer-Encoding": "chunked",
        "Content-Type": "text/html",
        "X-Request-Id": "r",
    }

    reply = dialect.write_error(Fault("Slow down", status=429, headers=said))

    known = {"content-type": "application/json", "x-request-id": "r"}
    assert known.items() <= reply.headers.items()
    assert not {"content-length", "content-encoding", "transfer-encoding"} & {
        name.lower() for name in reply.headers
    }
    assert json.loads(reply.body)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("status", [600, 898, 999])
def test_a_status_that_is_none_is_an_error_of_the_server(
    status: int, dialect: Any
) -> None:
    """Some gateways answer with numbers of their own: the words are kept."""
    fault = dialect.read_error(status, {"Retry-After": "2"}, b'{"message": "Busy"}')

    assert (fault.kind, fault.status, fault.retry_after) == ("server", None, 2.0)
    assert fault.message == f"Busy (status {status})"
    assert isinstance(fault_error(fault), ServerError)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
@pytest.mark.parametrize("wait", [0.4444, 1.5, 34, 12345.678, 0.0006])
def test_a_wait_is_written_the_same_again(wait: float, dialect: Any) -> None:
    """In the header and in the body, wherever a reader looks first."""
    reply = dialect.write_error(Fault("Busy", status=429, retry_after=wait))

    read = dialect.read_error(reply.status, reply.headers, reply.body)

    assert dialect.write_error(read) == reply
