"""Any value of an answer may be of any type: it is read, or refused by a WireError.

Each value of small answers in turn is replaced; what could be read is written, too.
"""

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from harness.endpoint.validation import refusal
from harness.errors import InputError, WireError
from harness.http_messages import HttpRequest
from harness.laws.dialects import DialectSubject
from harness.laws.dialects_trips import small_answers
from harness.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from harness.requests import ChatRequest, ToolChoice, ToolSpec
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


def unnamed(value: Any, read: Callable[[bytes], object]) -> tuple[int, list[str]]:
    """Count what is refused for its type, and give errors that name no key there."""
    told, silent = 0, []
    for *path, last in places(value):
        keys = [key for key in (*path, last)[-3:] if isinstance(key, str)]
        for odd in ODD[:-1] if isinstance(last, str) else ():
            whole = deepcopy(value)
            holder = whole
            for key in path:
                holder = holder[key]
            holder[last] = odd
            try:
                read(json.dumps(whole).encode())
            except WireError as error:
                told += 1
                text = str(error).partition("\n")[0]
                if not any(f"'{key}'" in text or f"{key} " in text for key in keys):
                    silent.append(f"{path}, {last}: {text}")
    return told, silent


@pytest.mark.parametrize("name", DIALECTS)
def test_what_is_wrong_in_a_reply_is_named(name: str) -> None:
    """By the key that a reader finds in the body."""
    dialect = DIALECTS[name]
    for answer in small_answers(DialectSubject.of(name)):
        body = json.loads(dialect.write_reply(answer))
        told, silent = unnamed(body, dialect.read_reply)

        assert told > 5
        assert [one for one in silent if not NO_ANSWER.search(one)] == []


#: What is no answer at all has no place that is wrong.
NO_ANSWER = re.compile("is cut short|is an error|it is no message")


@pytest.mark.parametrize("name", DIALECTS)
def test_what_is_wrong_in_a_request_is_named(name: str) -> None:
    """The same, of all that a request may say."""
    dialect = DIALECTS[name]
    refused = 0
    for request in requests():
        try:
            body = json.loads(dialect.write_request(request))
        except InputError:  # it has no words for that
            refused += 1
            continue
        told, silent = unnamed(body, dialect.read_request)

        assert told > 15
        assert silent == []

    assert refused <= 5


def requests() -> Iterator[ChatRequest]:
    """Give requests that say all that one may say, each with another block."""
    call = {"name": "f", "args": {"a": 1}, "id": "c"}
    pdf, png = "application/pdf", "image/png"
    blocks = (
        {"type": "text", "text": "this"},
        {"type": "image", "base64": "aGk=", "mime_type": png},
        {"type": "image", "url": "https://a.b/c.png", "mime_type": png},
        {"type": "file", "base64": "aGk=", "mime_type": pdf},
        {"type": "file", "url": "https://a.b/c.pdf", "mime_type": pdf},
        {"type": "file", "file_id": "file-1"},
        {"type": "audio", "base64": "aGk=", "mime_type": "audio/wav"},
    )
    for block in blocks:
        yield ChatRequest(
            (
                SystemMessage("Be brief."),
                HumanMessage(["Look:", block]),
                AIMessage("Well.", tool_calls=[call]),
                ToolMessage("7", tool_call_id="c"),
            ),
            tools=(ToolSpec("f", "Does.", {"type": "object"}),),
            tool_choice=ToolChoice("auto"),
            model="m",
            params={"temperature": 0.5, "max_tokens": 9},
        )
