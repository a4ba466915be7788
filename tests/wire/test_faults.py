"""Replies that say a fault, in every dialect."""

import json
from typing import Any

import pytest

from harness.steps import Fault
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
