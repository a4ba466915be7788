"""Laws of the dialect "openai-chat": what is written reads the same."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from harness.chunks import AIMessageChunk
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.strategies.wire import wire_answers, wire_chunks
from harness.strategies.wire_requests import faults, wire_requests
from harness.wire.openai_chat import OPENAI_CHAT

#: Blocks of several kinds cannot alternate here.
PARTS = (
    "text reasoning refusal calls call_ids usage cached_tokens reasoning_tokens "
    "id model"
).split()
STREAMS = wire_answers(parts=PARTS).flatmap(
    lambda message: st.tuples(st.just(message), wire_chunks(message, halved=True))
)


def encoded(chunks: list[AIMessageChunk]) -> bytes:
    """Encode a whole stream."""
    encoder = OPENAI_CHAT.encoder()
    return b"".join([*map(encoder.feed, chunks), encoder.close()])


def said(message: AIMessage) -> Any:
    """Give what a format may not change."""
    told = message.model_dump()
    metadata = told.pop("response_metadata")
    return told, metadata.get("finish_reason"), metadata.get("model_name")


@given(STREAMS)
def test_a_stream_reads_as_its_chunks(drawn: tuple[AIMessage, Any]) -> None:
    """Encoded and decoded, an answer is the same, and no rule is broken."""
    message, chunks = drawn

    data = encoded(chunks)

    assert said(OPENAI_CHAT.read_reply(data)) == said(message)
    assert OPENAI_CHAT.check_stream(data) == []


@given(STREAMS)
def test_the_official_types_take_a_stream(drawn: tuple[AIMessage, Any]) -> None:
    """Each event is strictly one of OpenAI's own chunks."""
    events = encoded(drawn[1]).decode().split("\n\n")[:-2]

    for event in events:
        ChatCompletionChunk.model_validate(json.loads(event[6:]), strict=True)


@given(wire_answers(parts=PARTS))
def test_a_reply_reads_as_its_message(message: AIMessage) -> None:
    """Written and read, an answer is the same, and OpenAI's types take it."""
    reply = OPENAI_CHAT.write_reply(message)

    assert said(OPENAI_CHAT.read_reply(reply)) == said(message)
    ChatCompletion.model_validate(json.loads(reply), strict=True)


@given(STREAMS, st.data())
def test_a_stream_cut_short_is_never_whole(
    drawn: tuple[AIMessage, Any], data: st.DataObject
) -> None:
    """A prefix of a stream ends in a fault, or has its reason to end."""
    body = encoded(drawn[1])
    end = data.draw(st.integers(0, len(body) - 1))
    decoder = OPENAI_CHAT.decoder()

    *_, last = [*decoder.feed(body[:end]), *decoder.close()]

    whole = isinstance(last, AIMessageChunk)
    assert not whole or b'"finish_reason":"' in body[:end]
    assert whole or isinstance(last, Fault)


@given(wire_requests())
def test_a_request_reads_as_it_was_asked(request: ChatRequest) -> None:
    """Written, read and written again, a request is the same."""
    body = OPENAI_CHAT.write_request(request)

    read = OPENAI_CHAT.read_request(body)

    assert json.loads(OPENAI_CHAT.write_request(read)) == json.loads(body)
    assert [m.text for m in read.messages] == [m.text for m in request.messages]
    assert read.tools == request.tools
    assert read.response_format == request.response_format


@given(faults())
def test_a_fault_reads_as_it_was_said(fault: Fault) -> None:
    """Written and read, an error has its words, its kind and its time to wait."""
    reply = OPENAI_CHAT.write_error(fault)

    read = OPENAI_CHAT.read_error(reply.status, reply.headers, reply.body)

    assert (read.message, read.kind) == (fault.message, fault.kind)
    assert read.retry_after == fault.retry_after
