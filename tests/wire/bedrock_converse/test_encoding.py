"""Streams of the Converse API, written: frames, in order, as the grammar wants."""

import json

import pytest

from harness import FakeChatModel, call, say, think
from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire.aws_frames import AwsDecoder
from harness.wire.bedrock_converse import BEDROCK_CONVERSE as CONVERSE


def encoded(*steps):
    encoder = CONVERSE.encoder()
    return b"".join([*map(encoder.feed, steps), encoder.close()])


def events(data):
    found = AwsDecoder().feed(data)
    return [(event.event, json.loads(event.data)) for event in found]


def fragment(args, index=0, name=None, id=None):
    said = {"name": name, "args": args, "id": id, "index": index}
    return AIMessageChunk(tool_call_chunks=[said])


def test_stream_of_a_fake_model_keeps_the_grammar():
    """What FakeChatModel streams comes out the same, without a problem."""
    tool = {"name": "get_weather", "parameters": {"type": "object"}}
    turn = say(think("Hm"), "Let me look.", call("get_weather", location="Boston"))
    chunks = list(FakeChatModel(turn).bind_tools([tool]).stream("Hi"))

    data = encoded(*chunks)

    said, read = sum(chunks).to_message(), CONVERSE.read_reply(data)
    assert CONVERSE.check_stream(data) == []
    assert read.content_blocks == said.content_blocks
    assert read.usage_metadata == said.usage_metadata
    assert read.finish_reason == said.finish_reason


def test_first_piece_comes_at_once():
    """An encoder waits for nothing."""
    encoder = CONVERSE.encoder()

    found = events(encoder.feed(AIMessageChunk("Hi")))

    assert [name for name, _ in found] == ["messageStart", "contentBlockDelta"]
    assert found[1][1] == {"delta": {"text": "Hi"}, "contentBlockIndex": 0}


def test_nothing_is_a_stream_too():
    """An answer of no chunks is empty, and says what the API demands."""
    data = encoded()

    assert [name for name, _ in events(data)] == [
        *("messageStart", "messageStop", "metadata"),
    ]
    assert CONVERSE.check_stream(data) == []
    assert CONVERSE.read_reply(data).usage_metadata is None


def test_all_kinds_of_blocks_come_back():
    """Each block that a stream has a form for reads as it was."""
    blocks = [
        {
            "type": "reasoning",
            "reasoning": "Hm",
            "extras": {"reasoningSignature": "s"},
        },
        {
            "type": "text",
            "text": "Hi",
            "annotations": [{"type": "citation", "title": "T", "cited_text": "c"}],
        },
        {"type": "server_tool_call", "name": "f", "args": {"a": 1}, "id": "t"},
        {
            "type": "server_tool_result",
            "tool_call_id": "t",
            "status": "success",
            "output": [{"text": "x"}],
        },
        {"type": "image", "base64": "YQ==", "mime_type": "image/png"},
        {"type": "non_standard", "value": {"newer": 1}},
        {"type": "reasoning", "reasoning": "", "extras": {"redactedContent": "YQ=="}},
        {"type": "tool_call", "name": "g", "args": {}, "id": "u"},
    ]
    message = AIMessage(blocks)

    data = encoded(AIMessageChunk.from_message(message))

    assert CONVERSE.read_reply(data).content_blocks == message.content_blocks


def test_signature_that_grows_is_sent_in_pieces():
    """Extras say all of it each time; the stream only what is new."""
    steps = [
        AIMessageChunk(
            [
                {
                    "type": "reasoning",
                    "reasoning": "",
                    "extras": {"reasoningSignature": s},
                }
            ]
        )
        for s in ("a", "ab", "ab")
    ]

    found = events(encoded(*steps))

    said = [body["delta"] for name, body in found if name == "contentBlockDelta"]
    assert said == [
        {"reasoningContent": {"signature": "a"}},
        {"reasoningContent": {"signature": "b"}},
    ]


def test_call_waits_for_its_name():
    """A start without a name would be no start; pieces wait for it."""
    data = encoded(fragment('{"a"', id="t"), fragment(": 1}", name="f"))

    assert CONVERSE.check_stream(data) == []
    assert CONVERSE.read_reply(data).tool_calls[0]["args"] == {"a": 1}


def test_call_without_id_gets_one_and_without_name_none():
    """Ids are made up, always the same; a name cannot be."""
    data = encoded(fragment("{}", 0, "f"), fragment("{}", 1))

    read = CONVERSE.read_reply(data)

    assert read.tool_calls[0]["id"].startswith("tooluse_")
    assert data == encoded(fragment("{}", 0, "f"), fragment("{}", 1))
    assert read.invalid_tool_calls[0]["name"] in (None, "")


def test_refusal_is_text_and_custom_types_are_not_sent():
    """What the format lacks is said in its nearest form."""
    refused = {"type": "refusal", "refusal": "No."}
    custom = {"type": "tool_call", "name": "f", "args": {}, "id": "t"}
    custom["extras"] = {"type": "custom"}

    data = encoded(AIMessageChunk.from_message(AIMessage([refused, custom])))

    assert CONVERSE.read_reply(data).text == "No."
    assert b"custom" not in data


@pytest.mark.parametrize(
    "steps",
    [
        [fragment("{", 0, "f", "t"), fragment("{", 1, "g", "u"), fragment("}", 0)],
        [fragment("{}", 1, "f", "t"), fragment("{}", 0, "g", "u")],
        [fragment("{}", 0, "f", "t"), AIMessageChunk("Hi")],
        [fragment("{}", None, "f", "t"), fragment("{}", "x", "g", "u")],
        [
            AIMessageChunk("a"),
            AIMessageChunk([{"type": "reasoning", "reasoning": "b"}]),
            AIMessageChunk("c"),
        ],
    ],
)
def test_blocks_that_interleave_are_refused(steps):
    """The format cannot go back, and says what to do."""
    with pytest.raises(InputError, match="Order the chunks first, or send the answer"):
        encoded(*steps)


def test_calls_by_name_or_without_an_index_are_kept_apart():
    """Indexes may be texts or missing; an id tells one call from the next."""
    steps = [
        fragment("{}", "x", "f", "t"),
        fragment("{}", None, "g", "u"),
        fragment('{"a"', None, "h", "v"),
        fragment(":1}", None),
        AIMessageChunk(tool_calls=[{"name": "i", "args": {}, "id": "w"}]),
    ]

    read = CONVERSE.read_reply(encoded(*steps))

    assert [(c["name"], c["args"]) for c in read.tool_calls] == [
        *(("f", {}), ("g", {}), ("h", {"a": 1}), ("i", {})),
    ]


def test_calls_of_one_chunk_are_sent_as_a_sum_shows_them():
    """A call with an index, even one that is a text, is before one without."""
    pieces = [
        {"name": name, "args": "{}", "id": name, "index": index}
        for name, index in (("last", None), ("named", "x"), ("first", 0))
    ]
    chunk = AIMessageChunk(tool_call_chunks=pieces)

    read = CONVERSE.read_reply(encoded(chunk))

    names = [call["name"] for call in read.tool_calls]
    assert names == ["first", "named", "last"]
    assert names == [call["name"] for call in chunk.to_message().tool_calls]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "file", "base64": "YQ==", "mime_type": "application/pdf"},
        {"type": "non_standard", "value": {"type": "x"}},
        {"type": "non_standard", "value": 1},
        {"type": "image", "url": "https://a.b/c.png", "mime_type": "image/png"},
        {"type": "image", "base64": "YQ=="},
    ],
)
def test_blocks_without_a_form_are_refused(block):
    """What a stream cannot say is an InputError."""
    with pytest.raises(InputError, match="Converse API"):
        encoded(AIMessageChunk([block]))


@pytest.mark.parametrize(
    "fault, name",
    [
        (Fault(status=429), "throttlingException"),
        (Fault(status=500), "internalServerException"),
        (Fault(status=404), "validationException"),
        (Fault(status=401), "validationException"),
        (Fault(status=408), "modelTimeoutException"),
        (Fault(kind="overloaded"), "serviceUnavailableException"),
        (Fault(status=424, kind="server"), "modelStreamErrorException"),
    ],
)
def test_faults_are_exceptions_and_the_end(fault, name):
    """After an exception, nothing comes."""
    encoder = CONVERSE.encoder()
    encoder.feed(AIMessageChunk("Hi"))

    (event,) = AwsDecoder().feed(encoder.feed(fault))

    assert (event.event, json.loads(event.data)) == (name, {"message": fault.message})
    assert encoder.feed(AIMessageChunk("Hi")) == encoder.close() == b""


@pytest.mark.parametrize("kind", ["connection", "interrupted", "timeout"])
def test_silence_is_silence(kind):
    """What breaks off is said by nobody."""
    encoder = CONVERSE.encoder()

    assert encoder.feed(Fault(kind=kind)) == encoder.close() == b""


def test_pieces_without_a_word_are_no_block():
    """An empty text opens nothing; an empty piece of arguments says nothing."""
    foreign = {"type": "text", "text": "a", "annotations": [{"type": "x", "value": 1}]}
    steps = [
        AIMessageChunk([{"type": "reasoning", "reasoning": ""}]),
        AIMessageChunk([{"type": "refusal", "refusal": "", "extras": {"a": 1}}]),
        AIMessageChunk([foreign]),
        fragment("", 5, "f", "t"),
        fragment("", 5),
    ]

    data = encoded(*steps)

    assert CONVERSE.check_stream(data) == []
    assert CONVERSE.read_reply(data).text == "a"
