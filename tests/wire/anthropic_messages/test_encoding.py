"""Chunks as a stream of Anthropic Messages: live, in order, as the client takes it."""

import json
from functools import reduce
from operator import add
from typing import Any

import anthropic
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.strategies import wire_answers, wire_chunks
from harness.strategies.wire import ANSWER_PARTS
from harness.wire.anthropic_messages import ANTHROPIC_MESSAGES
from harness.wire.sse import SseDecoder

CARRIES = ANSWER_PARTS - {"refusal"}
LAST = AIMessageChunk(chunk_position="last")


def encoded(*steps: AIMessageChunk | Fault) -> bytes:
    """Encode a whole stream."""
    encoder = ANTHROPIC_MESSAGES.encoder(ChatRequest((), model="claude"))
    return b"".join([*map(encoder.feed, steps), encoder.close()])


def events(data: bytes) -> list[Any]:
    """Read the events of bytes."""
    found = SseDecoder().feed(data)
    assert [event.event for event in found] == [
        json.loads(event.data)["type"] for event in found
    ]
    return [json.loads(event.data) for event in found]


def kinds(data: bytes) -> list[str]:
    """Name the events of bytes."""
    return [event["type"].removeprefix("content_") for event in events(data)]


def again(*steps: AIMessageChunk | Fault) -> AIMessage:
    """Encode and decode; the grammar must be kept on the way."""
    data = encoded(*steps)
    assert ANTHROPIC_MESSAGES.check_stream(data) == []
    return ANTHROPIC_MESSAGES.read_reply(data)


def client_read(data: bytes) -> Any:
    """Read a stream with the official client, which is asked to be strict."""

    def answer(_: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": ANTHROPIC_MESSAGES.stream_type}
        return httpx2.Response(200, headers=headers, content=data)

    transport = httpx2.MockTransport(answer)
    with (
        httpx2.Client(transport=transport) as http,
        anthropic.Anthropic(
            api_key="none", http_client=http, _strict_response_validation=True
        ) as client,
        client.messages.stream(model="m", max_tokens=9, messages=[]) as stream,
    ):
        return stream.get_final_message()


def call(
    args: str | None, index: Any = 0, name: str | None = None, id: str | None = None
) -> AIMessageChunk:
    """Make a fragment of a call."""
    fragment = {"name": name, "args": args, "id": id, "index": index}
    return AIMessageChunk(tool_call_chunks=[fragment])


def test_events_come_live() -> None:
    """Each chunk gives its events at once; closing says how it ended."""
    encoder = ANTHROPIC_MESSAGES.encoder()

    first = encoder.feed(AIMessageChunk("Hel", id="msg_1"))
    second = encoder.feed(AIMessageChunk("lo"))
    rest = encoder.close()

    assert kinds(first) == ["message_start", "block_start", "block_delta"]
    assert kinds(second) == ["block_delta"]
    assert kinds(rest) == ["block_stop", "message_delta", "message_stop"]
    assert encoder.close() == encoder.feed(AIMessageChunk("late")) == b""


def test_head_and_end() -> None:
    """Id, model and counts are where the provider says them."""
    data = encoded(
        AIMessageChunk("Hi", id="msg_1"),
        AIMessageChunk(usage_metadata={"input_tokens": 7, "output_tokens": 2}),
        AIMessageChunk(response_metadata={"finish_reason": "length"}),
        LAST,
    )

    start, *_, end, _ = events(data)

    assert start["message"] == {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 0, "output_tokens": 0},
    }
    assert end["delta"] == {"stop_reason": "max_tokens", "stop_sequence": None}
    assert end["usage"] == {"input_tokens": 7, "output_tokens": 2}


def test_nothing_at_all_is_an_empty_answer() -> None:
    """An encoder that is only closed gives a whole stream."""
    assert kinds(encoded()) == ["message_start", "message_delta", "message_stop"]
    assert again().text == ""


def test_a_signature_ends_its_thought() -> None:
    """It waits for the end of the thought, however early it is known."""
    signed = {"type": "reasoning", "reasoning": "H", "extras": {"signature": "Ev4C"}}
    more = {"type": "reasoning", "reasoning": "m", "extras": {"estimated_tokens": 3}}

    again = {**signed, "reasoning": ""}
    chunks = [AIMessageChunk([block]) for block in (signed, more, again)]

    data = encoded(*chunks, LAST)

    deltas = [e["delta"] for e in events(data) if e["type"] == "content_block_delta"]
    assert deltas == [
        {"type": "thinking_delta", "thinking": "H"},
        {"type": "thinking_delta", "thinking": "m", "estimated_tokens": 3},
        {"type": "signature_delta", "signature": "Ev4C"},
    ]


def test_citations_may_come_alone() -> None:
    """A chunk of citations says no text."""
    note = {"type": "citation", "url": "u", "extras": {"citation_type": "a_location"}}

    data = encoded(
        AIMessageChunk("Hi"),
        AIMessageChunk([{"type": "text", "text": "", "annotations": [note]}]),
    )

    assert [e["delta"] for e in events(data)[2:4]] == [
        {"type": "text_delta", "text": "Hi"},
        {
            "type": "citations_delta",
            "citation": {"type": "a_location", "url": "u"},
        },
    ]


def test_calls_begin_with_their_names() -> None:
    """Arguments wait for a late name; a call that never gets one is broken."""
    early = encoded(call('{"a"', name=None, id="t"), call(": 1}", name="f"))
    nameless = again(call("{}", id="t"), LAST)

    start = events(early)[1]["content_block"]
    assert start == {"type": "tool_use", "id": "t", "name": "f", "input": {}}
    assert again(call('{"a"', id="t"), call(": 1}", name="f")).tool_calls[0][
        "args"
    ] == {"a": 1}
    assert nameless.invalid_tool_calls[0]["error"] == "the call has no name"


def test_a_new_id_is_a_new_call() -> None:
    """Fragments of one index with different ids are different calls."""
    found = again(
        call('{"a"', id="t"),
        call(":1", name=None),
        call("}", name="f"),
        call(None),
        call("", name="g", id="u"),
    )

    assert [(c["name"], c["args"], c["id"]) for c in found.tool_calls] == [
        ("f", {"a": 1}, "t"),
        ("g", {}, "u"),
    ]


def test_calls_without_index_come_last() -> None:
    """What has no index is placed where the sum of the chunks shows it."""
    whole = {"type": "tool_call", "name": "h", "args": {"b": None}, "id": "v"}
    found = again(
        AIMessageChunk("a"),
        AIMessageChunk([{"type": "text", "text": "b", "index": "x"}]),
        call("{}", index=None, name="f", id="t"),
        AIMessageChunk([whole]),
        LAST,
    )

    assert found.text == "ab"
    assert [c["name"] for c in found.tool_calls] == ["f", "h"]


@pytest.mark.parametrize(
    "chunks",
    [
        [call("{", 0, "f", "t"), call("{}", 1, "g", "u"), call("}", 0)],
        [call("{}", 0, "f", "t"), AIMessageChunk("late")],
        [
            AIMessageChunk([{"type": "text", "text": "b", "index": 1}]),
            AIMessageChunk([{"type": "text", "text": "a", "index": 0}]),
        ],
    ],
)
def test_blocks_cannot_be_taken_up_again(chunks: list[AIMessageChunk]) -> None:
    """Chunks in another order than their sum's are refused, with what to do."""
    with pytest.raises(InputError, match="Order the chunks by their blocks first"):
        encoded(*chunks)

    whole = reduce(add, [*chunks, LAST]).to_message()
    assert again(AIMessageChunk.from_message(whole)).content_blocks == (
        whole.content_blocks
    )


@pytest.mark.parametrize("step", [AIMessage("Hi"), {"type": "image", "url": "u"}])
def test_what_is_no_chunk_of_an_answer(step: Any) -> None:
    """Messages and images are refused by name."""
    given = step if isinstance(step, AIMessage) else AIMessageChunk([step])

    with pytest.raises(InputError, match=r"is no chunk|has no image block"):
        encoded(given)


def test_blocks_that_come_whole_are_told_apart() -> None:
    """Each is a block of its own, also behind one of its kind without an index."""
    blocks = [
        {"type": "server_tool_result", "tool_call_id": "s", "output": [number]}
        for number in range(3)
    ]

    message = again(AIMessageChunk(blocks[:2]), AIMessageChunk(blocks[2:]), LAST)

    assert [block["output"] for block in message.content_blocks] == [[0], [1], [2]]


def test_blocks_of_all_kinds_come_back() -> None:
    """Server tools, unknown blocks and citations say the same in a stream."""
    blocks: list[dict[str, Any]] = [
        {"type": "reasoning", "reasoning": "", "extras": {"redacted_thinking": "x"}},
        {"type": "server_tool_call", "name": "w", "args": {"q": [1]}, "id": "s"},
        {
            "type": "server_tool_call",
            "name": "w",
            "args": {},
            "id": "m",
            "extras": {"block_type": "mcp_tool_use"},
        },
        {
            "type": "server_tool_result",
            "tool_call_id": "s",
            "status": "success",
            "output": [],
            "extras": {"block_type": "w_tool_result"},
        },
        {"type": "non_standard", "value": {"type": "compaction", "content": "So."}},
        {"type": "non_standard", "value": {"type": "fallback"}},
        {
            "type": "text",
            "text": "a",
            "annotations": [
                {
                    "type": "citation",
                    "url": "u",
                    "extras": {"citation_type": "web_search_result_location"},
                }
            ],
        },
    ]
    message = AIMessage(blocks, tool_calls=[{"name": "f", "args": {}, "id": "t"}])

    found = again(AIMessageChunk.from_message(message))

    assert found.content == blocks
    assert found.tool_calls == message.tool_calls


def test_pieces_of_server_calls() -> None:
    """A call of the provider's own streams like any."""
    head = {"type": "server_tool_call_chunk", "index": 0}

    found = again(
        AIMessageChunk([{**head, "name": "w", "id": "s", "args": '{"q"'}]),
        AIMessageChunk([{**head, "args": ": 1}"}]),
        LAST,
    )

    assert found.content == [
        {"type": "server_tool_call", "name": "w", "id": "s", "args": {"q": 1}}
    ]


def test_metadata_has_its_places() -> None:
    """What came at the end of an answer is said at the end again."""
    first = {"model_provider": "anthropic", "model_name": "c", "provider": "P"}
    late = {
        "container": {"id": "c"},
        "context_management": {"a": 1},
        "amazon-bedrock-invocationMetrics": {"inputTokenCount": 1},
        "other_events": [{"type": "news"}],
        "token_usage": {"input_tokens": 1, "output_tokens": 2, "cost": 3},
    }
    data = encoded(
        AIMessageChunk("Hi", response_metadata=first),
        AIMessageChunk(response_metadata=late),
    )

    start, *_, news, end, stop = events(data)

    assert start["message"]["provider"] == "P"
    assert news == {"type": "news"}
    assert end["delta"]["container"] == {"id": "c"}
    assert end["context_management"] == {"a": 1}
    assert end["usage"]["cost"] == 3
    assert stop["amazon-bedrock-invocationMetrics"] == {"inputTokenCount": 1}
    metadata = ANTHROPIC_MESSAGES.read_reply(data).response_metadata
    assert {**first, **late}.items() <= metadata.items()


def test_metadata_of_any_shape_is_written() -> None:
    """Reasons and events that are none do no harm."""
    wrong = {"stop_reason": ["odd"], "finish_reason": {"a": 1}, "other_events": [7]}

    assert again(AIMessageChunk("Hi", response_metadata=wrong)).finish_reason == "stop"


def test_faults_in_a_stream() -> None:
    """The provider's error event ends the stream; silence is silence."""
    busy = Fault("Busy", kind="overloaded")
    data = encoded(AIMessageChunk("Hi"), busy, AIMessageChunk("late"))

    assert events(data)[-1] == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Busy"},
    }
    assert ANTHROPIC_MESSAGES.decoder().feed(data)[-1] == busy
    assert ANTHROPIC_MESSAGES.check_stream(encoded(busy)) == []
    assert kinds(encoded(AIMessageChunk("Hi"), Fault(kind="interrupted")))[-1] == (
        "block_delta"
    )


@given(st.data())
def test_the_official_client_reads_the_same(data: st.DataObject) -> None:
    """Its strict reading of an encoded stream is the message that was said."""
    message = data.draw(wire_answers(parts=CARRIES))
    chunks = data.draw(wire_chunks(message))

    found = client_read(encoded(*chunks))

    texts = [block.text for block in found.content if block.type == "text"]
    calls = [b for b in found.content if b.type == "tool_use"]
    assert "".join(texts) == message.text
    expected = [c["name"] for c in [*message.tool_calls, *message.invalid_tool_calls]]
    assert sorted(call.name for call in calls) == sorted(map(str, expected))
    usage = message.usage_metadata or {"input_tokens": 0, "output_tokens": 0}
    read = found.usage.cache_read_input_tokens or 0
    assert found.usage.input_tokens + read == usage["input_tokens"]
    assert found.usage.output_tokens == usage["output_tokens"]


@given(st.data())
def test_what_was_encoded_is_read(data: st.DataObject) -> None:
    """Content, calls, id and finish come back, and the grammar is kept."""
    message = data.draw(wire_answers(parts=CARRIES))
    chunks = data.draw(wire_chunks(message, halved=True))

    found = again(*chunks)

    assert found.content_blocks == message.content_blocks
    assert found.finish_reason == message.finish_reason
    assert found.id == message.id or message.id is None


@pytest.mark.parametrize(
    "event",
    [
        {"type": "content_block_delta", "index": 0, "delta": {"type": {}, "text": "a"}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": "", "citations": 7},
        },
        {"type": "message_delta", "delta": {"type": "text", "stop_reason": []}},
    ],
)
def test_odd_events_are_read_written_and_checked(event: Any) -> None:
    """What no provider says does no harm on the way through."""
    data = f'data: {json.dumps(event)}\n\ndata: {{"type": "message_stop"}}\n\n'.encode()

    played = ANTHROPIC_MESSAGES.decoder().feed(data)

    message = reduce(add, played).to_message()  # type: ignore[union-attr, operator]
    whole = ANTHROPIC_MESSAGES.write_reply(message)
    assert ANTHROPIC_MESSAGES.read_reply(whole).text == message.text == ""
    assert ANTHROPIC_MESSAGES.read_reply(encoded(*played)).text == ""
    assert ANTHROPIC_MESSAGES.check_stream(data)
