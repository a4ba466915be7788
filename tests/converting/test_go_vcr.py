"""Cassettes of go-vcr: both versions of its format, and what is wrong with them."""

import pytest

from harness.cassettes import Interaction
from harness.converting import read_recording
from harness.errors import CassetteError

SECOND = """---
version: 2
interactions:
- id: 0
  request:
    proto: HTTP/1.1
    proto_major: 1
    proto_minor: 1
    content_length: 8
    host: a.b
    body: '{"a": 1}'
    form:
      alt:
      - sse
    headers:
      Accept:
      - text/plain
      - application/json
    url: https://a.b/v1?alt=sse
    method: POST
  response:
    proto: HTTP/2.0
    proto_major: 2
    proto_minor: 0
    content_length: -1
    uncompressed: true
    body: "data: 1\\n\\n"
    headers:
      Content-Encoding:
      - gzip
      Content-Length:
      - "99"
      Content-Type:
      - text/event-stream
    status: 200 OK
    code: 200
    duration: 1.068771125s
"""

FIRST = """---
version: 1
interactions:
- request:
    body: ""
    form: {}
    headers: {}
    url: http://a.b/
    method: ""
  response:
    body: !!binary |
      /wA=
    headers:
      X-Flag:
      - on
      Date:
      - 2024-01-01
    status: 404 Not Found
    code: 404
    duration: ""
"""


def test_the_second_version() -> None:
    """All that it says is kept, but for what the decoded body makes untrue."""
    found = read_recording(SECOND.encode(), "a.yaml")

    assert found.format == "go-vcr"
    assert found.interactions == (
        Interaction(
            "POST",
            "https://a.b/v1?alt=sse",
            200,
            request_headers=(("Accept", "text/plain"), ("Accept", "application/json")),
            request_body=b'{"a": 1}',
            response_headers=(("Content-Type", "text/event-stream"),),
            response_body=b"data: 1\n\n",
            response_chunks=(b"data: 1\n\n",),
            chunk_times=(1069,),
            reason="OK",
            http_version="HTTP/2",
        ),
    )
    assert found.interactions[0].place == "a.yaml, interaction 1 (line 4)"


def test_a_duration_that_is_none() -> None:
    """Nothing waits for ages."""
    text = SECOND.replace("1.068771125s", f"{'9' * 500}h")

    assert read_recording(text.encode(), "a.yaml").interactions[0].chunk_times is None


def test_the_first_version() -> None:
    """It says less; bytes, and words of headers, are what they were."""
    (one,) = read_recording(FIRST.encode(), "a.yaml").interactions

    assert (one.method, one.status, one.reason) == ("GET", 404, "Not Found")
    assert one.response_body == b"\xff\x00"
    assert one.response_headers == (("X-Flag", "on"), ("Date", "2024-01-01"))
    assert one.chunk_times is None


WRONG = {
    "no code": (
        SECOND.replace("code: 200\n", "\n"),
        "interaction 1 .line 4. has the status None",
    ),
    "odd code": (SECOND.replace("code: 200", "code: x"), "has the status 'x', which"),
    "no URL": (
        SECOND.replace("url: h", "uri: h"),
        "interaction 1 .line 4. has the url None",
    ),
    "no response": (SECOND.replace("  response:", "  answer:"), "has no 'response'"),
    "odd body": (
        SECOND.replace("'{\"a\": 1}'", "[1]"),
        r"the request has the body \['1'\]",
    ),
    "odd headers": (
        FIRST.replace("headers: {}", "headers: 3"),
        "has the headers '3'",
    ),
    "bad base64": (FIRST.replace("/wA=", "/wA"), "line 1[0-9] is damaged"),
    "cut": (SECOND[:200], "has no 'response'"),
}


@pytest.mark.parametrize(("text", "told"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told(text: str, told: str) -> None:
    """Each is one line, with the file and the place."""
    with pytest.raises(CassetteError, match=told) as caught:
        read_recording(text.encode(), "a.yaml")

    assert str(caught.value).startswith("a.yaml")
    assert "\n" not in str(caught.value)
