"""Any value of an answer may be of any type: it is read, or refused by a WireError.

Each value of small answers in turn is replaced; what could be read is written, too.
"""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from harness.endpoint.validation import refusal
from harness.errors import InputError, WireError
from harness.http_messages import HttpRequest
from harness.laws.dialects import DialectSubject
from harness.laws.dialects_trips import small_answers
from harness.wire import DIALECTS
from harness.wire.aws_frames import encode_frame

USER = {"role": "user", "content": "Hi"}
ODD: tuple[Any, ...] = (None, [], {}, 0, True, "x", [{}])


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of each value within *value*."""
    inside = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value) if isinstance(value, list) else inside
    for key, item in inside:
        yield (*path, key)
        yield from places(item, (*path, key))


def spoilt(value: Any) -> Iterator[bytes]:
    """Give *value* as JSON with another value at each of its places, or none."""
    for *path, last in places(value):
        for odd in (*ODD, ...):
            whole = deepcopy(value)
            holder = whole
            for key in path:
                holder = holder[key]
            if odd is ...:
                del holder[last]
            else:
                holder[last] = odd
            yield json.dumps(whole).encode()


@pytest.mark.parametrize("name", DIALECTS)
def test_whole_replies(name: str) -> None:
    """A reply is read or refused, and what was read can be written or is refused."""
    dialect, read = DIALECTS[name], 0
    for answer in small_answers(DialectSubject.of(name)):
        for body in spoilt(json.loads(dialect.write_reply(answer))):
            dialect.check_stream(body)
            try:
                message = dialect.read_reply(body)
            except WireError:
                continue
            read += 1
            try:
                dialect.write_reply(message)
            except InputError:
                continue

    assert read > 100


def test_an_item_of_no_type_that_has_a_role() -> None:
    """An item that nobody knows is written again, also where it says something."""
    item = {"type": "", "role": "system", "content": "a"}
    responses = DIALECTS["openai-responses"]
    request = responses.read_request(json.dumps({"input": [item]}).encode())

    written = json.loads(responses.write_request(request))

    assert "a" in json.dumps(written["input"])


def test_a_server_tool_whose_name_is_no_word() -> None:
    """Names are compared, whatever they are."""
    tools = [{"type": "web_search", "name": [{}]}] * 2
    said = {"model": "m", "max_tokens": 1, "messages": [USER], "tools": tools}
    asked = HttpRequest("POST", "/v1/messages", body=json.dumps(said).encode())

    found = refusal(asked, "anthropic-messages")

    assert found is not None
    assert "must be unique" in found.refused


@pytest.mark.parametrize("reason", [[], {}, [{}], 7, True])
def test_a_reason_of_bedrock_that_is_no_word(reason: Any) -> None:
    """The grammar tells of it, whatever it is."""
    events = [
        ("messageStart", {"role": "assistant"}),
        ("messageStop", {"stopReason": reason}),
    ]
    stream = b"".join(
        encode_frame({":event-type": name}, json.dumps(said).encode())
        for name, said in events
    )

    problems = [str(one) for one in DIALECTS["bedrock-converse"].check_stream(stream)]

    assert any(f"stopReason is {reason!r}" in one for one in problems)
