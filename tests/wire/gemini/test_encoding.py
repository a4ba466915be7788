"""Streams of Gemini: encoded live, and held to the grammar."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.errors import InputError, WireError
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.gemini import GEMINI


def fragment(args: str, index: Any = 0, **said: Any) -> AIMessageChunk:
    """Make a chunk with a piece of a call."""
    piece = {"name": None, "args": args, "id": None, "index": index, **said}
    return AIMessageChunk(tool_call_chunks=[piece])


def text(said: str, index: int | None = None) -> AIMessageChunk:
    """Make a chunk with a piece of text."""
    numbered = {} if index is None else {"index": index}
    return AIMessageChunk([{"type": "text", "text": said, **numbered}])


def encode(*steps: Any, array: bool = False) -> list[bytes]:
    """Give what each step amounts to, and last what the end does."""
    encoder = GEMINI.encoder(array=array)
    return [*map(encoder.feed, steps), encoder.close()]


def parts(data: bytes) -> list[Any]:
    """Give the parts of the one event in *data*."""
    said = json.loads(data.removeprefix(b"data: "))
    found: list[Any] = said["candidates"][0]["content"].get("parts", [])
    return found


def heard(data: bytes) -> AIMessage:
    """Read a stream, which must keep the grammar."""
    assert GEMINI.check_stream(data) == []
    return GEMINI.read_reply(data)


LAST = AIMessageChunk(
    response_metadata={"finish_reason": "length", "model_name": "m"},
    usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3},
    id="r",
    chunk_position="last",
)


def test_text_goes_out_as_it_comes() -> None:
    """Each piece is an event; the last has reason, usage and model."""
    events = encode(AIMessageChunk("Hel", id="r"), AIMessageChunk("lo"), LAST)

    assert events[0] == (
        b'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hel"}]},'
        b'"index":0}],"responseId":"r"}\r\n\r\n'
    )
    assert parts(events[1]) == [{"text": "lo"}]
    assert events[2] == b""
    last = json.loads(events[3][6:])
    assert last["candidates"] == [
        {"content": {"role": "model"}, "index": 0, "finishReason": "MAX_TOKENS"}
    ]
    assert (last["modelVersion"], last["responseId"]) == ("m", "r")
    message = heard(b"".join(events))
    assert (message.text, message.finish_reason, message.id) == ("Hello", "length", "r")


def test_an_array_has_the_same_items() -> None:
    """Without events, the items of one array; with nothing said, one item."""
    data = b"".join(encode(AIMessageChunk("a"), AIMessageChunk("b"), array=True))

    assert [len(item["candidates"]) for item in json.loads(data)] == [1, 1, 1]
    assert heard(data).text == "ab"
    assert len(json.loads(b"".join(encode(array=True)))) == 1


def test_a_call_goes_out_when_it_is_complete() -> None:
    """Fragments wait for the last brace, and what comes behind waits for them."""
    events = encode(
        fragment('{"a"', name="f", id="c"),
        text("after", 1),
        fragment(": 1}"),
        fragment(" "),
        text("!", 1),
    )

    assert events[0] == events[1] == events[3] == b""
    call = {"functionCall": {"name": "f", "args": {"a": 1}, "id": "c"}}
    assert parts(events[2]) == [call, {"text": "after"}]
    assert parts(events[4]) == [{"text": "!"}]
    assert heard(b"".join(events)).text == "after!"


def test_calls_that_interleave_are_told_apart() -> None:
    """By index, and on one index by id; without arguments they have none."""
    events = encode(
        fragment("{", 0, name="f", id="a"),
        fragment("", 1, name="g", id="b"),
        fragment("}", 0),
        fragment("{}", 2, name="h", id="c"),
        fragment("{}", 2, name="i", id="d"),
        fragment("", "x", name="j", id="e"),
        fragment("{}", None, name="k", id="f"),
    )

    calls = heard(b"".join(events)).tool_calls
    assert [call["name"] for call in calls] == ["f", "g", "h", "i", "j", "k"]
    assert parts(events[2]) == [{"functionCall": {"name": "f", "args": {}, "id": "a"}}]


def test_whole_blocks_are_parts() -> None:
    """Images, calls of the server and calls that come whole."""
    chunk = AIMessageChunk(
        [
            {"type": "image", "base64": "QQ==", "mime_type": "image/png"},
            {
                "type": "server_tool_call_chunk",
                "name": "code_execution",
                "id": "s",
                "args": '{"code": "1"}',
                "index": 0,
            },
        ],
        tool_calls=[{"name": "f", "args": {}, "id": "c"}],
    )

    message = heard(b"".join(encode(chunk)))

    assert [block["type"] for block in message.content_blocks] == [
        "image",
        "server_tool_call",
        "tool_call",
    ]


def test_a_block_that_has_ended_cannot_go_on() -> None:
    """Parts cannot go back: the chunks must be put in order."""
    with pytest.raises(InputError, match="order the chunks"):
        encode(text("a", 0), text("b", 1), text("c", 0))
    with pytest.raises(InputError, match="order the chunks"):
        encode(fragment("{}", name="f"), fragment("{}", name="g"), fragment("x"))


def test_halves_of_a_character_meet() -> None:
    """A half waits for the other; one that finds none is no character."""
    first, second, end = encode(AIMessageChunk("a\ud83d"), AIMessageChunk("\ude00"))
    lone = b"".join(encode(text("a\ud83d", 0), text("b", 1), text("\ud83d", 1)))

    assert parts(first) == [{"text": "a"}]
    assert parts(second) == [{"text": "😀"}]
    assert heard(first + second + end).text == "a😀"
    assert heard(lone).text == "a\ufffdb\ufffd"


def test_an_incomplete_call_cannot_be_said() -> None:
    """At the end of an answer; before that it waits."""
    with pytest.raises(InputError, match="complete arguments"):
        encode(fragment('{"a": {}', name="f"))


def test_only_steps_are_fed() -> None:
    """Anything else is told."""
    with pytest.raises(InputError, match="chunks and Faults, not 'text'"):
        encode("text")


def test_a_fault_ends_a_stream() -> None:
    """An error that the provider tells is the last event, silence is none."""
    for array in (False, True):
        encoder = GEMINI.encoder(array=array)
        data = encoder.feed(AIMessageChunk("a"))
        data += encoder.feed(Fault("busy", status=503, retry_after=2))
        data += encoder.feed(AIMessageChunk("b")) + encoder.close()
        decoder = GEMINI.decoder()

        steps = decoder.feed(data) + decoder.close()

        assert steps[-1] == Fault("busy", status=503, retry_after=2)
        assert GEMINI.check_stream(data) == []
    silent = encode(AIMessageChunk("a"), Fault("lost", kind="connection"))
    assert silent[1:] == [b"", b""]


def test_the_request_names_the_model() -> None:
    """Until the answer tells another name, events have that of the request."""
    encoder = GEMINI.encoder(ChatRequest((), model="asked"))

    data = encoder.feed(AIMessageChunk("a")) + encoder.feed(LAST) + encoder.close()

    assert heard(data).response_metadata["model_name"] == "asked"


def test_nobody_may_name_the_model() -> None:
    """What has no name is named last, by us."""
    events = encode(AIMessageChunk("a"))

    assert b"modelVersion" not in events[0]
    assert heard(b"".join(events)).response_metadata["model_name"] == "harness"


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=8), st.booleans())
def test_pieces_are_heard_as_they_were_said(pieces: list[str], array: bool) -> None:
    """Texts come through, whatever is in them."""
    data = b"".join(encode(*map(AIMessageChunk, pieces), array=array))

    assert heard(data).text == sum(map(AIMessageChunk, pieces)).to_message().text


# ------------------------------------------------------------------ the grammar


def event(said: Any, **more: Any) -> bytes:
    """Make the bytes of one event."""
    if isinstance(said, list):
        said = {"candidates": said, **more}
    return b"data: " + json.dumps(said).encode() + b"\r\n\r\n"


def said(*items: Any, **more: Any) -> list[Any]:
    """Make a candidate."""
    return [{"content": {"role": "model", "parts": [*items]}, **more}]


def ended() -> list[Any]:
    """Make a candidate that has ended."""
    return said(finishReason="STOP")


END = event(ended())
GROWING = {"name": "f", "willContinue": True}


@pytest.mark.parametrize(
    "rule, data",
    [
        ("done", END + b"data: [DONE]\r\n\r\n"),
        ("event", b"event: x\r\n" + END),
        ("object", event({}) + END),
        ("object", event(1) + END),
        ("object", b""),
        ("candidate", event({"usageMetadata": {}})),
        ("candidate", event({"candidates": 1}) + END),
        ("candidate", event([1]) + END),
        ("index", event(said(index=-1)) + END),
        ("id", event(said(), responseId="a") + event(ended(), responseId="b")),
        ("model", event(said(), modelVersion="a") + event(ended(), modelVersion="b")),
        ("finish", event(said({"text": "a"}))),
        ("finish", END + event(said({"text": "a"}))),
        ("content", event([{"content": 1}]) + END),
        ("role", event([{"content": {"parts": []}}]) + END),
        ("part", event([{"content": {"role": "model", "parts": 1}}]) + END),
        ("part", event(said(1)) + END),
        ("part", event(said({})) + END),
        ("part", event(said({"text": 1})) + END),
        ("part", event(said({"text": "a", "thought": 1})) + END),
        ("part", event(said({"text": "a", "inlineData": {}})) + END),
        ("part", event(said({"inlineData": {"data": "a"}})) + END),
        ("part", event(said({"functionResponse": 1})) + END),
        ("call", event(said({"functionCall": {"name": "f", "args": "{}"}})) + END),
        ("call", event(said({"functionCall": {"args": {}}})) + END),
        ("call", event(said({"functionCall": GROWING})) + END),
        ("usage", event({"usageMetadata": 1}) + END),
        ("usage", event({"usageMetadata": {"promptTokenCount": "1"}}) + END),
        (
            "usage",
            event({"usageMetadata": {"candidatesTokenCount": 2}})
            + event(ended(), usageMetadata={"candidatesTokenCount": 1}),
        ),
        ("error", event({"error": {"code": 500, "message": "a"}}) + END),
        ("error", event({"error": "a"})),
        ("json", b"data: {\r\n\r\n" + END),
        ("framing", END[:-2]),
    ],
)  # fmt: skip
def test_each_rule_sees_its_breach(rule: str, data: bytes) -> None:
    """A stream with one mistake has a problem of that rule."""
    rules = {problem.rule for problem in GEMINI.check_stream(data)}

    assert rules == {rule}


@pytest.mark.parametrize(
    "data",
    [
        END,
        event(said({"thoughtSignature": "s"})) + END,
        event([{"content": None}]) + END,
        event({"candidates": None, "usageMetadata": {"totalTokenCount": 3}}) + END,
        event(said({"functionCall": GROWING}))
        + event(said({"functionCall": {"partialArgs": [], "willContinue": True}}))
        + event(said({"functionCall": {}}))
        + END,
        event({"promptFeedback": {"blockReason": "SAFETY"}}),
        event(said({"hologram": {}})) + END,
    ],
)
def test_lawful_streams_have_no_problem(data: bytes) -> None:
    """What Google may send is not complained of."""
    assert GEMINI.check_stream(data) == []


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    "fault",
    [
        Fault("slow", status=429, retry_after=1.5),
        Fault("key", kind="authentication", status=400),
        Fault("who", kind="authentication"),
        Fault("odd", status=418),
        Fault("down", status=502),
        Fault("busy", kind="overloaded"),
    ],
    ids=str,
)
def test_errors_come_back(fault: Fault) -> None:
    """What is written of a fault is read as that fault."""
    reply = GEMINI.write_error(fault)

    again = GEMINI.read_error(reply.status, {}, reply.body)

    assert (again.message, again.kind) == (fault.message, fault.kind)
    assert again.retry_after == fault.retry_after
    assert json.loads(reply.body)["error"]["code"] == reply.status


@pytest.mark.parametrize(
    "body", [b"no JSON", b"[]", b'{"error": "text"}', b'{"error": {"details": 1}}']
)
def test_any_error_body_is_a_fault(body: bytes) -> None:
    """Whatever is said, it is a fault of its status."""
    fault = GEMINI.read_error(500, {}, body)

    assert (fault.status, fault.kind) == (500, "server")


@pytest.mark.parametrize("delay", ["soon", "-1s", "1e99s"])
def test_a_delay_that_is_none_is_left_out(delay: str) -> None:
    """Only a sensible number of seconds is one to wait."""
    body = {"error": {"details": [{"retryDelay": delay}, 1]}}

    assert GEMINI.read_error(429, {}, json.dumps(body).encode()).retry_after is None


@pytest.mark.parametrize(
    "error, status",
    [({"status": "UNAVAILABLE"}, 503), ({"code": 429}, 429), ({"status": "ODD"}, None)],
)
def test_an_error_in_a_stream_has_its_status(
    error: dict[str, Any], status: int
) -> None:
    """Told by its number, or by its word; alone, or in a list."""
    for body in ({"error": error}, [{"error": error}]):
        decoder = GEMINI.decoder()

        steps = decoder.feed(event({"usageMetadata": {}}))
        steps += decoder.feed(b"data: " + json.dumps(body).encode() + b"\r\n\r\n")

        assert isinstance(steps[-1], Fault)
        assert steps[-1].status == status


def test_an_error_is_no_reply() -> None:
    """Read as a reply, an error is an error."""
    with pytest.raises(WireError, match="busy"):
        GEMINI.read_reply(b'[{"error": {"code": 503, "message": "busy"}}]')
