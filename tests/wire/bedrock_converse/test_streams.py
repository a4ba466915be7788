"""Answers of the Converse API, event by event: what the recordings do not have."""

import base64
import json

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.steps import Fault
from harness.wire.aws_frames import encode_frame
from harness.wire.bedrock_converse import BEDROCK_CONVERSE as CONVERSE

STOP = ("messageStop", {"stopReason": "end_turn"})
META = (
    "metadata",
    {"usage": {"inputTokens": 1, "outputTokens": 2, "totalTokens": 3}, "metrics": {}},
)
START = ("messageStart", {"role": "assistant"})


def frames(*events):
    said = ((name, {**said, "p": "abc"}) for name, said in events)
    return b"".join(
        encode_frame({":event-type": name}, json.dumps(body).encode())
        for name, body in said
    )


def delta(value, index=0):
    return ("contentBlockDelta", {"delta": value, "contentBlockIndex": index})


def start(value, index=0):
    return ("contentBlockStart", {"start": value, "contentBlockIndex": index})


def stop(index=0):
    return ("contentBlockStop", {"contentBlockIndex": index})


def played(*events):
    decoder = CONVERSE.decoder()
    return decoder.feed(frames(*events)) + decoder.close()


def message(*events):
    return CONVERSE.read_reply(frames(START, *events, STOP, META))


def test_only_deltas_go_on_with_a_text():
    """What another event says under the same names is no text, however often."""
    said = delta({"text": "x"})[1]
    stray = [("contentBlockStop", said)] * 3 + [("metadata", said)] * 3

    assert message(delta({"text": "Hi"}), *stray).text == "Hi"


def test_redacted_reasoning_in_pieces_is_one_base64():
    """Pieces of a blob join as bytes, not as text."""
    pieces = [base64.b64encode(part).decode() for part in (b"a", b"bc")]
    deltas = [delta({"reasoningContent": {"redactedContent": p}}) for p in pieces]

    (block,) = message(*deltas).content_blocks

    data = base64.b64encode(b"abc").decode()
    assert block["extras"] == {"redactedContent": data}


def test_signature_in_pieces_is_one_text():
    """The signature grows beside the reasoning."""
    said = [{"text": "Hm"}, {"signature": "a"}, {"signature": "b"}]

    (block,) = message(*(delta({"reasoningContent": s}) for s in said)).content_blocks

    assert block == {
        "type": "reasoning",
        "reasoning": "Hm",
        "extras": {"reasoningSignature": "ab"},
    }


def test_call_without_arguments_has_none():
    """No piece, or an empty one, means {}."""
    call = {"toolUse": {"toolUseId": "t", "name": "f"}}

    for deltas in ([], [delta({"toolUse": {"input": ""}})]):
        read = message(start(call), *deltas, stop())

        assert read.tool_calls[0]["args"] == {}
        assert read.finish_reason == "tool_calls"


def test_call_without_a_start_is_invalid():
    """Arguments of nobody's call are kept, and are no call."""
    read = message(delta({"toolUse": {"input": "{}"}}))

    assert [call["args"] for call in read.invalid_tool_calls] == ["{}"]


def test_server_tools_come_as_call_and_result():
    """A provider's tool is streamed like any; its result waits for its end."""
    use = {"toolUseId": "t", "name": "code", "type": "server_tool_use"}
    result = {"toolUseId": "t", "status": "success", "type": "code_result"}

    call, output = message(
        start({"toolUse": use}),
        delta({"toolUse": {"input": '{"a": 1}'}}),
        stop(),
        start({"toolResult": result}, 1),
        delta({"toolResult": [{"text": "4"}]}, 1),
        delta({"toolResult": [{"text": "2"}, {"json": {"b": 1}}]}, 1),
        stop(1),
    ).content_blocks

    assert (call["type"], call["args"]) == ("server_tool_call", {"a": 1})
    assert output == {
        "type": "server_tool_result",
        "tool_call_id": "t",
        "status": "success",
        "output": [{"text": "42"}, {"json": {"b": 1}}],
        "extras": {"type": "code_result"},
    }


def test_images_in_pieces_are_one():
    """The bytes of an image join; its format is in the start."""
    parts = [base64.b64encode(part).decode() for part in (b"a", b"bc")]

    (block,) = message(
        start({"image": {"format": "png"}}),
        *(delta({"image": {"source": {"bytes": part}}}) for part in parts),
        stop(),
    ).content_blocks

    data = base64.b64encode(b"abc").decode()
    assert block == {"type": "image", "base64": data, "mime_type": "image/png"}


def test_image_elsewhere_has_its_url():
    """An image that is told in one delta, without a start, and never stopped."""
    place = {"source": {"s3Location": {"uri": "s3://a/b"}}, "error": {"message": "x"}}

    (block,) = message(delta({"image": place}), delta({"image": {}})).content_blocks

    assert block == {
        "type": "image",
        "url": "s3://a/b",
        "extras": {"error": {"message": "x"}},
    }


def test_what_waited_comes_out_where_the_stream_breaks_off():
    """A result that was not over is not lost."""
    steps = played(START, delta({"toolResult": [{"text": "4"}]}))

    assert steps[-2].content_blocks[0]["output"] == [{"text": "4"}]
    assert steps[-1] == Fault(steps[-1].message, kind="interrupted")


def test_unknown_things_are_kept():
    """New deltas, starts, events and keys: none is dropped."""
    read = message(
        start({"new": {"a": 1}}),
        delta({"newer": 2}),
        start({}, 3),
        delta({}, 3),
        ("newest", {"b": 3}),
        stop(9),
    )

    values = [block["value"] for block in read.content_blocks]
    assert values == [{"new": {"a": 1}}, {"newer": 2}]
    assert read.response_metadata["newest"] == {"b": 3}


def test_citations_stand_in_the_text_that_they_are_of():
    """A citation comes before its text, in the same block."""
    cited = {
        "location": {"web": {"url": "https://a.b", "domain": "a.b"}},
        "source": "s",
    }

    (block,) = message(delta({"citation": cited}), delta({"text": "Hi"})).content_blocks

    assert block["text"] == "Hi"
    assert block["annotations"] == [
        {
            "type": "citation",
            "url": "https://a.b",
            "extras": {"web": {"domain": "a.b"}, "source": "s"},
        }
    ]


def test_metadata_may_come_first():
    """The answer ends once both have come, in either order."""
    steps = played(START, META, STOP, delta({"text": "late"}))

    assert steps[-1].chunk_position == "last"
    assert sum(steps).to_message().text == ""


def test_answer_may_end_without_metadata():
    """The bytes may end after messageStop; before, they broke off."""
    whole = played(START, delta({"text": "Hi"}), STOP)
    broken = played(START, delta({"text": "Hi"}))

    assert whole[-1].chunk_position == "last"
    assert broken[-1].kind == "interrupted"
    assert "without messageStop" in broken[-1].message


def test_words_for_the_end_are_the_common_ones():
    """Their own word stays beside ours."""
    pairs = {
        "max_tokens": "length",
        "stop_sequence": "stop",
        "content_filtered": "content_filter",
        "malformed_tool_use": "malformed_tool_use",
        "brand_new": "brand_new",
    }

    for theirs, ours in pairs.items():
        said = {"stopReason": theirs, "additionalModelResponseFields": {"a": 1}}
        read = CONVERSE.read_reply(frames(START, ("messageStop", said)))

        assert read.finish_reason == ours
        metadata = read.response_metadata
        assert metadata.get("stopReason", ours) == theirs
        assert metadata["additionalModelResponseFields"] == {"a": 1}


@pytest.mark.parametrize(
    "name, status, kind",
    [
        ("throttlingException", 429, "rate_limit"),
        ("serviceUnavailableException", 503, "overloaded"),
        ("modelStreamErrorException", 424, "server"),
        ("validationException", 400, "bad_request"),
        ("brandNewError", 500, "server"),
    ],
)
def test_exceptions_in_a_stream_are_faults(name, status, kind):
    """An exception ends the answer; nothing comes after it."""
    data = encode_frame(
        {":message-type": "exception", ":exception-type": name}, b'{"message": "Oh"}'
    )
    decoder = CONVERSE.decoder()

    steps = decoder.feed(frames(START, delta({"text": "Hi"})) + data + frames(STOP))

    assert steps[-1] == Fault("Oh", status=status, kind=kind)
    assert CONVERSE.check_stream(frames(START) + data) == []
    again = CONVERSE.encoder().feed(steps[-1])
    assert CONVERSE.decoder().feed(again)[0].kind == kind


@pytest.mark.parametrize(
    "event",
    [
        delta({"text": 1}),
        delta({"toolUse": {"input": {}}}),
        start({"toolUse": 7}),
        start({"toolResult": "x"}),
        start({"image": [1]}),
        delta({"reasoningContent": {"signature": 1}}),
        delta({"text": "Hi"}, index="a"),
        delta("Hi"),
        ("messageStop", {}),
        ("messageStop", {"stopReason": 1}),
        ("metadata", {"usage": 3}),
        ("contentBlockStop", {}),
    ],
)
def test_wrong_types_are_named(event):
    """Bad events name dialect and number, and keep what was understood."""
    with pytest.raises(WireError) as caught:
        CONVERSE.read_reply(frames(START, delta({"text": "Hi"}, 7), event))

    assert (caught.value.dialect, caught.value.event) == ("bedrock-converse", 3)
    assert caught.value.partial.text == "Hi"


def test_end_without_a_reason_is_wrong():
    """The error names the field."""
    with pytest.raises(WireError, match=r": 'stopReason' is missing\."):
        played(START, ("messageStop", {"stopReason": ""}))


@pytest.mark.parametrize(
    "body", [b"{}", b"[1]", b"null", b'{"output": 1}', b'{"output": {"message": []}}']
)
def test_replies_that_are_none_are_refused(body):
    """A body without an answer is no answer."""
    with pytest.raises(WireError, match="bedrock-converse"):
        CONVERSE.read_reply(body)


def test_error_of_status_200_is_a_fault():
    """A message where an answer should be."""
    (fault,) = CONVERSE.decoder().feed(
        b'{"__type": "ThrottlingException", "message": "Slow"}'
    )

    assert (fault.message, fault.kind) == ("Slow", "rate_limit")


def test_blob_that_is_no_base64_is_refused():
    """Pieces that cannot be joined are named."""
    pieces = [
        delta({"reasoningContent": {"redactedContent": p}}) for p in ("YQ==", "?")
    ]

    with pytest.raises(WireError, match="no base64"):
        message(*pieces)


def test_long_texts_are_read_by_a_template_to_the_same():
    """Many pieces of text, with escapes and padding, add up to what they say."""
    pieces = [f'{n} "\\\n' for n in range(200)]

    read = message(*(delta({"text": piece}) for piece in pieces))

    assert read.text == "".join(pieces)


def test_role_that_is_not_the_assistants_is_kept():
    """It is odd, and it is said."""
    read = CONVERSE.read_reply(frames(("messageStart", {"role": "user"}), STOP))

    assert read.response_metadata["role"] == "user"
    assert read.response_metadata["model_provider"] == "bedrock_converse"


def test_stream_without_a_start_says_its_provider_all_the_same():
    """The event messageStart may be missing."""
    read = CONVERSE.read_reply(frames(STOP))

    assert read.response_metadata["model_provider"] == "bedrock_converse"
    assert isinstance(read.to_message(), type(AIMessageChunk("").to_message()))


def test_calls_and_results_may_have_more_to_say():
    """What is new in a start is kept beside the call; nothing says nothing."""
    call = {"toolUse": {"toolUseId": "t", "name": "f", "new": 1}}

    read = message(start(call), stop(), delta({"text": ""}, 1), delta({"text": "a"}, 1))

    assert read.tool_calls[0]["extras"] == {"new": 1}
    assert read.text == "a"


def test_whole_reply_keeps_calls_that_are_none():
    """Arguments that are no object are an invalid call, with their text."""
    content = [
        {"toolUse": {"toolUseId": "t", "name": "f", "input": a}} for a in ([1], "x")
    ]
    body = {"output": {"message": {"content": content}}, "stopReason": "tool_use"}

    read = CONVERSE.read_reply(json.dumps(body).encode())

    assert [call["args"] for call in read.invalid_tool_calls] == ["[1]", "x"]
    assert CONVERSE.read_reply(CONVERSE.write_reply(read)) == read


def test_null_is_no_event():
    """A frame that says nothing at all is wrong."""
    data = encode_frame({":event-type": "messageStart"}, b"null")

    with pytest.raises(WireError, match="it is null"):
        CONVERSE.decoder().feed(data)
