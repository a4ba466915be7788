"""Real recordings of the Converse API: read, written again, and told alike.

What the frames hold is compared with what botocore's own decoder finds in them.
"""

import json
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from harness.chunks import AIMessageChunk
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire.aws_frames import AwsDecoder, encode_frame
from harness.wire.bedrock_converse import BEDROCK_CONVERSE as CONVERSE

#: How many there are: requests, streams, whole replies, errors.
COUNTS = (32, 13, 9, 10)


@pytest.fixture(scope="module")
def recorded(exchanges):
    found = [e for e in exchanges if "/converse" in e.url]
    if not found:
        pytest.skip("no recordings of the Converse API")
    return found


@pytest.fixture(scope="module")
def answers(recorded):
    return [e for e in recorded if e.status < 400]


@pytest.fixture(scope="module")
def streams(answers):
    return [e for e in answers if e.response[:1] == b"\0"]


def without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {k: without_nulls(v) for k, v in value.items() if v is not None}
        case list():
            return [without_nulls(item) for item in value]
        case _:
            return value


def decoded(data: bytes, size: int) -> list[Any]:
    decoder = CONVERSE.decoder()
    pieces = [data[n : n + size] for n in range(0, len(data), size)]
    return [step for piece in pieces for step in decoder.feed(piece)] + decoder.close()


def total(steps: list[Any]) -> AIMessage:
    chunks = [step for step in steps if isinstance(step, AIMessageChunk)]
    return sum(chunks, AIMessageChunk()).to_message()


def encoded(steps: list[Any]) -> bytes:
    encoder = CONVERSE.encoder()
    return b"".join([*map(encoder.feed, steps), encoder.close()])


def one(recorded, name: str, n: int):
    (found,) = (e for e in recorded if f"/{name}" in e.file and e.n == n)
    return found


def test_all_are_here(recorded, answers, streams):
    """The tests below see as many recordings as they were written for."""
    found = len(recorded), len(streams), len(answers) - len(streams)

    assert (*found, len(recorded) - len(answers)) == COUNTS


def test_requests_are_written_as_they_were(recorded):
    """Every request comes back equal, nulls apart; no exceptions."""
    for e in recorded:
        request = CONVERSE.read_request(e.request, e.url)

        again = json.loads(CONVERSE.write_request(request))

        assert without_nulls(again) == without_nulls(json.loads(e.request)), e.name
        path = CONVERSE.path(request).replace("%3A", ":")
        assert e.url.replace("%3A", ":").endswith(path), e.name


def test_answers_are_written_so_that_they_read_the_same(answers):
    """Whole replies and streams: read(write(m)) == m, in both forms."""
    for e in answers:
        message = CONVERSE.read_reply(e.response)

        reply = CONVERSE.read_reply(CONVERSE.write_reply(message))
        stream = encoded([AIMessageChunk.from_message(message)])

        assert reply == message, e.name
        assert CONVERSE.read_reply(stream) == message, e.name
        assert CONVERSE.check_stream(stream) == [], e.name


def test_streams_are_the_same_however_cut_and_when_encoded_again(streams):
    """Byte by byte or whole, and there and back, a stream has one sum."""
    for e in streams:
        whole = decoded(e.response, len(e.response))

        assert decoded(e.response, 1) == whole, e.name
        assert CONVERSE.read_reply(encoded(whole)) == total(whole), e.name


def test_streams_have_no_problem(streams):
    """The real API keeps the grammar; so do streams encoded anew."""
    for e in streams:
        again = encoded(decoded(e.response, 4096))

        assert CONVERSE.check_stream(e.response) == [], e.name
        assert CONVERSE.check_stream(again) == [], e.name


def test_streams_say_what_a_simple_reading_finds(streams):
    """Text, reasoning, arguments and counts are those of botocore's frames."""
    for e in streams:
        buffer = EventStreamBuffer()
        buffer.add_data(e.response)
        events = [json.loads(frame.payload) for frame in buffer]
        deltas = [event["delta"] for event in events if "delta" in event]
        message = total(decoded(e.response, 1000))

        said = "".join(delta.get("text", "") for delta in deltas)
        args = "".join(d["toolUse"]["input"] for d in deltas if "toolUse" in d)
        thought = "".join(
            d["reasoningContent"].get("text", "")
            for d in deltas
            if "reasoningContent" in d
        )

        assert message.text == said, e.name
        blocks = message.content_blocks
        reasoning = [b["reasoning"] for b in blocks if b["type"] == "reasoning"]
        assert "".join(reasoning) == thought, e.name
        assert [c["args"] for c in message.tool_calls] == [
            json.loads(args) for _ in message.tool_calls
        ], e.name
        usage = events[-1]["usage"]
        assert message.usage_metadata is not None
        assert message.usage_metadata["total_tokens"] == usage["totalTokens"], e.name


def test_frames_are_those_of_botocore_and_are_written_the_same(streams):
    """Our frames have the same payloads, and the bytes that were sent."""
    for e in streams:
        buffer = EventStreamBuffer()
        buffer.add_data(e.response)

        ours = AwsDecoder().frames(e.response)

        assert [frame.payload for frame in ours] == [f.payload for f in buffer]
        again = b"".join(encode_frame(f.headers, f.payload) for f in ours)
        assert again == e.response, e.name


def test_every_beginning_is_told_from_the_whole(streams):
    """Cut anywhere, a stream is interrupted; or complete, where only counts lack."""
    for e in streams:
        whole = CONVERSE.read_reply(e.response)
        step = max(1, len(e.response) // 300)
        for end in range(0, len(e.response), step):
            steps = decoded(e.response[:end], len(e.response))
            message = total(steps)

            if isinstance(steps[-1], Fault):
                assert steps[-1].kind == "interrupted", e.name
                assert whole.text.startswith(message.text), e.name
            else:
                assert message.content_blocks == whole.content_blocks, e.name
                assert message.finish_reason == whole.finish_reason, e.name


def test_errors_keep_status_message_and_kind(recorded):
    """An error is read, and written so that it reads the same."""
    found = []
    for e in recorded:
        if e.status >= 400:
            fault = CONVERSE.read_error(e.status, e.headers, e.response)
            reply = CONVERSE.write_error(fault)
            again = CONVERSE.read_error(reply.status, reply.headers, reply.body)
            assert (again.kind, again.status, again.message) == (
                *(fault.kind, fault.status, fault.message),
            ), e.name
            found.append((fault.status, fault.kind))

    assert sorted(set(found)) == [
        (400, "bad_request"),
        (403, "authentication"),
        (429, "rate_limit"),
        (500, "server"),
    ]


def test_padding_is_thrown_away(recorded):
    """`test_nova_converse_stream.yaml`: no event's padding "p" is kept anywhere."""
    e = one(recorded, "test_nova_converse_stream.yaml", 0)

    message = CONVERSE.read_reply(e.response)

    assert b'"p":"abc' in e.response
    assert "abcdefgh" not in message.model_dump_json()
    assert message.finish_reason == "content_filter"
    assert "guardrail" in message.response_metadata["trace"]


def test_citations_are_annotations_in_both_forms(recorded):
    """`test_citations[document0].yaml.gz`: the same in both forms."""
    name = "test_citations[document0].yaml.gz"
    streamed = CONVERSE.read_reply(one(recorded, name, 0).response)
    whole = CONVERSE.read_reply(one(recorded, name, 1).response)

    for message in (streamed, whole):
        plain, cited = message.content_blocks[:2]
        assert plain.keys() == {"type", "text"}
        (note,) = cited["annotations"]
        assert (note["type"], note["title"]) == ("citation", "company_policy")
        assert note["extras"]["location"]["documentChar"]["documentIndex"] == 0


def test_thinking_has_its_signature_in_both_forms(recorded):
    """`test_thinking[v0].yaml.gz`: the signature is the provider's own, in extras."""
    for n in (0, 1):
        message = CONVERSE.read_reply(
            one(recorded, "test_thinking[v0].yaml.gz", n).response
        )

        (thought, text) = message.content_blocks

        assert (thought["type"], text["type"]) == ("reasoning", "text")
        assert len(thought["extras"]["reasoningSignature"]) > 100


def test_tools_of_the_provider_are_not_the_programs(recorded):
    """`test_bedrock_model_with_code_execution_tool.yaml`: run there, and told apart."""
    name = "test_bedrock_model_with_code_execution_tool.yaml"
    message = CONVERSE.read_reply(one(recorded, name, 0).response)

    kinds = [block["type"] for block in message.content_blocks]

    assert kinds == ["server_tool_call", "server_tool_result", "tool_call"]
    assert [call["name"] for call in message.tool_calls] == ["final_result"]
