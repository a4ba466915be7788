"""Streams of Anthropic Messages as chunks: every block, delta and oddity."""

import json
from typing import Any

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire.anthropic_messages import ANTHROPIC_MESSAGES

USAGE = {"input_tokens": 10, "output_tokens": 1}
START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": USAGE,
    },
}
STOP = {"type": "message_stop"}


def ended(reason: str = "end_turn", **more: Any) -> dict[str, Any]:
    """Say why the answer ended."""
    delta = {"stop_reason": reason, "stop_sequence": None}
    usage = {"output_tokens": 5}
    return {"type": "message_delta", "delta": delta, "usage": usage, **more}


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[Any]:
    """Give the events of one block."""
    at = {"index": index}
    return [
        {"type": "content_block_start", **at, "content_block": start},
        *({"type": "content_block_delta", **at, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", **at},
    ]


def text(*pieces: str) -> list[Any]:
    """Give the deltas of a text."""
    return [{"type": "text_delta", "text": piece} for piece in pieces]


def sse(*events: dict[str, Any]) -> bytes:
    """Frame events."""
    return "".join(
        f"event: {event.get('type', 'note')}\ndata: {json.dumps(event)}\n\n"
        for event in events
    ).encode()


def played(data: bytes) -> list[AIMessageChunk | Fault]:
    """Decode a stream in one piece."""
    decoder = ANTHROPIC_MESSAGES.decoder()
    return decoder.feed(data) + decoder.close()


def read(*events: dict[str, Any]) -> AIMessage:
    """Read the message of a stream that is complete."""
    return ANTHROPIC_MESSAGES.read_reply(sse(START, *events))


@pytest.mark.parametrize("pieces", [[""], ["", '{"a": 1}']])
def test_a_call_whose_beginning_was_lost_is_not_lost(pieces: list[str]) -> None:
    """Nobody knows its name: it is an invalid call, with or without arguments."""
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    _, *lost = block(0, {}, *deltas)

    message = ANTHROPIC_MESSAGES.read_reply(sse(START, *lost, ended("tool_use"), STOP))

    (wrong,) = message.invalid_tool_calls
    assert (wrong["args"], wrong["error"]) == (
        "".join(pieces),
        "the call has no name",
    )


def test_a_text_is_a_plain_string() -> None:
    """Text comes live, one chunk a delta; head and end are metadata."""
    body = sse(
        START,
        *block(0, {"type": "text", "text": ""}, *text("Hel", "lo")),
        ended(),
        STOP,
    )

    found = played(body)

    message = sum(found[1:], found[0]).to_message()
    assert [step.text for step in found] == ["", "Hel", "lo", "", ""]
    assert message == AIMessage(
        "Hello",
        id="msg_1",
        usage_metadata={"input_tokens": 10, "output_tokens": 5, "total_tokens": 15},
        response_metadata={
            "finish_reason": "stop",
            "model_name": "claude",
            "model_provider": "anthropic",
            "stop_reason": "end_turn",
            "token_usage": {"input_tokens": 10, "output_tokens": 5},
        },
    )


def test_thinking_has_its_signature() -> None:
    """Thinking is reasoning, and what signs it is among its extras."""
    message = read(
        *block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "Hm"},
            {"type": "thinking_delta", "thinking": "m."},
            {"type": "signature_delta", "signature": "Ev4C"},
        ),
        *block(1, {"type": "redacted_thinking", "data": "xyz"}),
        *block(2, {"type": "text", "text": ""}, *text("4")),
        ended(),
        STOP,
    )

    assert message.content == [
        {"type": "reasoning", "reasoning": "Hmm.", "extras": {"signature": "Ev4C"}},
        {"type": "reasoning", "reasoning": "", "extras": {"redacted_thinking": "xyz"}},
        {"type": "text", "text": "4"},
    ]


def test_calls_are_joined_and_empty_input_is_an_object() -> None:
    """Pieces of input add up; a call that never gets any has no arguments."""
    head = {"type": "tool_use", "input": {}}
    message = read(
        *block(
            0,
            {**head, "id": "toolu_1", "name": "f", "caller": {"type": "direct"}},
            {"type": "input_json_delta", "partial_json": ""},
            {"type": "input_json_delta", "partial_json": '{"a": '},
            {"type": "input_json_delta", "partial_json": "1}"},
        ),
        *block(
            1,
            {**head, "id": "toolu_2", "name": "g"},
            {"type": "input_json_delta", "partial_json": ""},
        ),
        ended("tool_use"),
        STOP,
    )

    assert message.finish_reason == "tool_calls"
    assert message.tool_calls == [
        {
            "name": "f",
            "args": {"a": 1},
            "id": "toolu_1",
            "type": "tool_call",
            "extras": {"caller": {"type": "direct"}},
        },
        {"name": "g", "args": {}, "id": "toolu_2", "type": "tool_call"},
    ]


@pytest.mark.parametrize(
    "given", [{"a": None}, '{"a": null}'], ids=["an object", "its text"]
)
def test_input_may_be_whole_at_the_start(given: Any) -> None:
    """What gateways say at the start of a call counts if no delta says more."""
    start = {"type": "tool_use", "id": "t", "name": "f", "input": given}

    message = read(*block(0, start), ended("tool_use"), STOP)

    assert message.tool_calls[0]["args"] == {"a": None}


def test_deltas_of_input_replace_what_the_start_said() -> None:
    """Input that is said twice, whole and in deltas, is not said twice to us."""
    start = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
    delta = {"type": "input_json_delta", "partial_json": '{"a": 1}'}

    message = read(*block(0, start, delta), ended("tool_use"), STOP)

    assert message.tool_calls[0]["args"] == {"a": 1}


def test_tools_of_the_provider() -> None:
    """What the provider runs itself are server calls and their results."""
    message = read(
        *block(
            0,
            {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
            {"type": "input_json_delta", "partial_json": '{"query": "x"}'},
        ),
        *block(
            1, {"type": "web_search_tool_result", "tool_use_id": "s", "content": []}
        ),
        *block(
            2,
            {
                "type": "mcp_tool_use",
                "id": "m",
                "name": "ask",
                "server_name": "wiki",
                "input": {"q": 1},
            },
        ),
        *block(
            3,
            {
                "type": "mcp_tool_result",
                "tool_use_id": "m",
                "content": [],
                "is_error": True,
            },
        ),
        ended(),
        STOP,
    )

    assert message.content == [
        {
            "type": "server_tool_call",
            "name": "web_search",
            "id": "s",
            "args": {"query": "x"},
        },
        {
            "type": "server_tool_result",
            "tool_call_id": "s",
            "status": "success",
            "output": [],
            "extras": {"block_type": "web_search_tool_result"},
        },
        {
            "type": "server_tool_call",
            "name": "ask",
            "id": "m",
            "args": {"q": 1},
            "extras": {"block_type": "mcp_tool_use", "server_name": "wiki"},
        },
        {
            "type": "server_tool_result",
            "tool_call_id": "m",
            "status": "error",
            "output": [],
            "extras": {"block_type": "mcp_tool_result", "is_error": True},
        },
    ]


def test_citations_are_annotations() -> None:
    """A citation keeps all that it said of its place."""
    place = {"document_index": 0, "start_char_index": 0, "end_char_index": 4}
    cited = {"type": "char_location", "cited_text": "Sky.", "document_title": "D"}
    message = read(
        *block(
            0,
            {"type": "text", "text": "", "citations": []},
            {"type": "citations_delta", "citation": {**cited, **place}},
            {"type": "citations_delta", "citation": {"type": "odd"}},
            *text("Blue."),
        ),
        ended(),
        STOP,
    )

    (block_read,) = message.content_blocks
    assert block_read["text"] == "Blue."
    assert block_read["annotations"] == [
        {
            "type": "citation",
            "title": "D",
            "cited_text": "Sky.",
            "extras": {"citation_type": "char_location", **place},
        },
        {"type": "non_standard_annotation", "value": {"type": "odd"}},
    ]


def test_blocks_without_a_standard_are_kept_whole() -> None:
    """Compaction grows by its deltas; a block of an unknown type stays as it is."""
    message = read(
        *block(
            0,
            {"type": "compaction", "content": None, "tries": 1},
            {"type": "compaction_delta", "content": "So"},
            {"type": "compaction_delta", "content": " far.", "tries": 2, "more": None},
        ),
        *block(1, {"type": "fallback", "from": {"model": "a"}}),
        *block(2, {"type": "container_upload", "file_id": "file_1"}),
        ended(),
        STOP,
    )

    assert message.content == [
        {
            "type": "non_standard",
            "value": {"type": "compaction", "content": "So far.", "tries": 2},
        },
        {
            "type": "non_standard",
            "value": {"type": "fallback", "from": {"model": "a"}},
        },
        {
            "type": "file",
            "file_id": "file_1",
            "extras": {"block_type": "container_upload"},
        },
    ]


def test_deltas_of_a_block_that_never_began() -> None:
    """A delta opens the block that it needs; unknown ones are kept in a list."""
    message = read(
        {"type": "content_block_delta", "index": 0, "delta": text("Hi")[0]},
        {"type": "content_block_delta", "index": 4, "delta": {"type": "a", "n": 1}},
        {"type": "content_block_delta", "index": 4, "delta": {"type": "a", "n": 2}},
        ended(),
        STOP,
    )

    assert message.content_blocks == [
        {"type": "text", "text": "Hi"},
        {
            "type": "non_standard",
            "value": {
                "type": "non_standard",
                "deltas": [{"type": "a", "n": 1}, {"type": "a", "n": 2}],
            },
        },
    ]


def test_what_else_a_delta_says_is_kept() -> None:
    """Unknown keys beside a thought are extras of its block."""
    delta = {"type": "thinking_delta", "thinking": "Hm", "estimated_tokens": 3}

    message = read(*block(0, {"type": "thinking"}, delta), ended(), STOP)

    assert message.content == [
        {"type": "reasoning", "reasoning": "Hm", "extras": {"estimated_tokens": 3}}
    ]


def test_indexes_may_be_missing_repeated_or_have_gaps() -> None:
    """Blocks keep the order in which they begin, whatever their numbers are."""
    start = {"type": "content_block_start"}
    said = {"type": "content_block_delta"}
    message = read(
        {**start, "content_block": {"type": "text", "text": "a"}},
        {**said, "delta": text("b")[0]},
        {**start, "index": 7, "content_block": {"type": "text", "text": "c"}},
        {**start, "index": 7, "content_block": {"type": "text", "text": "d"}},
        ended(),
        STOP,
    )

    assert [b["text"] for b in message.content_blocks] == ["ab", "c", "d"]


def test_pings_padding_and_done_say_nothing() -> None:
    """Pings may stand anywhere, JSON may be padded, a gateway may add [DONE]."""
    ping = {"type": "ping"}
    body = sse(
        ping, START, ping, *block(0, {"type": "text", "text": "Hi"}), ended(), ping
    ) + (b'event: message_stop\ndata: {"type":"message_stop"   }\n\n')

    message = ANTHROPIC_MESSAGES.read_reply(body + b"event: data\ndata: [DONE]\n\n")

    assert message.text == "Hi"
    assert message.finish_reason == "stop"


def test_repeats_go_on_over_pings_and_change_with_the_block() -> None:
    """Many like deltas in several blocks are read as any others."""
    ping = {"type": "ping"}
    deltas = [d for n in range(30) for d in text(f"{n} \u00e9\n")]
    first = block(0, {"type": "text", "text": ""}, *deltas)
    json_deltas = [
        {"type": "input_json_delta", "partial_json": piece}
        for piece in ('{"a"', ":", " [", *("1," * 20), "1", "]}")
    ]
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {}}

    message = read(
        *first[:9],
        ping,
        dict(reversed(first[9].items())),
        *first[10:],
        *block(1, call, *json_deltas),
        {"type": "message_delta", "usage": {"output_tokens": 3}},
        ended("tool_use"),
        STOP,
    )

    assert message.text == "".join(f"{n} \u00e9\n" for n in range(30))
    assert message.tool_calls[0]["args"] == {"a": [1] * 21}


def test_usage_is_a_running_total() -> None:
    """Counts of the end replace those of the start, each by itself."""
    start = {**USAGE, "cache_read_input_tokens": 3, "inference_geo": None}
    message = {**START["message"], "usage": start}  # type: ignore[dict-item]
    end = {"input_tokens": 20, "output_tokens": 7, "cache_creation_input_tokens": 5}

    found = ANTHROPIC_MESSAGES.read_reply(
        sse({**START, "message": message}, ended(usage=end), STOP)
    )

    assert found.usage_metadata == {
        "input_tokens": 28,
        "output_tokens": 7,
        "total_tokens": 35,
        "input_token_details": {"cache_creation": 5, "cache_read": 3},
    }
    assert found.response_metadata["token_usage"] == {
        "input_tokens": 20,
        "output_tokens": 7,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 5,
    }


def test_usage_may_count_the_output_alone() -> None:
    """What went in is unknown as long as nobody says it."""
    body = sse({"type": "message_start", "message": {"model": "m"}}, ended(), STOP)

    usage = ANTHROPIC_MESSAGES.read_reply(body).usage_metadata

    assert usage == {"input_tokens": 0, "output_tokens": 5, "total_tokens": 5}


@pytest.mark.parametrize(
    "reason, finish",
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("tool_use", "tool_calls"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause_turn"),
        ("odd", "odd"),
    ],
)
def test_finish_reasons(reason: str, finish: str) -> None:
    """The common word is beside the provider's own."""
    message = read(ended(reason), STOP)

    assert message.response_metadata["finish_reason"] == finish
    assert message.response_metadata["stop_reason"] == reason


def test_calls_finish_as_calls_whatever_the_reason_is() -> None:
    """An imitator's end_turn after a call is a common tool_calls."""
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {}}

    message = read(*block(0, call), ended("end_turn"), STOP)

    assert message.finish_reason == "tool_calls"


def test_what_has_no_field_is_metadata() -> None:
    """Unknown keys of head, end and stop are kept, as are unknown events."""
    head = {**START["message"], "provider": "P", "role": "bot"}  # type: ignore[dict-item]
    body = sse(
        {**START, "message": head},
        {"type": "news", "n": 1},
        ended(context_management={"applied_edits": [1]}),
        {**STOP, "amazon-bedrock-invocationMetrics": {"inputTokenCount": 1}},
    )

    metadata = ANTHROPIC_MESSAGES.read_reply(body).response_metadata

    assert metadata["provider"] == "P"
    assert metadata["role"] == "bot"
    assert metadata["context_management"] == {"applied_edits": [1]}
    assert metadata["amazon-bedrock-invocationMetrics"] == {"inputTokenCount": 1}
    assert metadata["other_events"] == [{"type": "news", "n": 1}]


def test_a_whole_reply_is_read_as_its_blocks() -> None:
    """One JSON object says the same as the stream of it."""
    reply = {
        **START["message"],  # type: ignore[dict-item]
        "content": [
            {"type": "text", "text": "Hi", "citations": None},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
    }
    body = json.dumps(reply).encode()

    message = ANTHROPIC_MESSAGES.read_reply(body)

    assert message.text == "Hi"
    assert message.tool_calls[0]["args"] == {"a": 1}
    assert message.finish_reason == "tool_calls"
    assert played(body)[-1].chunk_position == "last"  # type: ignore[union-attr]


def test_a_whole_reply_need_not_say_that_it_is_one() -> None:
    """Imitators leave out its type; its content tells."""
    body = b'{"content": [{"type": "text", "text": "Hi"}], "stop_reason": "end_turn"}'

    message = ANTHROPIC_MESSAGES.read_reply(body)

    assert (message.text, message.finish_reason) == ("Hi", "stop")


def test_an_error_may_be_the_only_event() -> None:
    """An error in a stream is a Fault, and the last step."""
    error = {"type": "overloaded_error", "message": "Overloaded", "details": None}

    found = played(sse({"type": "error", "error": error}, START))

    assert found == [Fault("Overloaded", kind="overloaded")]


def test_an_error_without_a_type_is_one() -> None:
    """Gateways' own errors need not have the provider's form."""
    (found,) = played(b'{"error": {"message": "Busy", "code": 503}}')

    assert isinstance(found, Fault)
    assert found.kind == "overloaded"


def test_what_was_held_comes_before_a_fault() -> None:
    """A block that has not ended when an error comes is given out."""
    start = {"type": "content_block_start", "index": 0}
    call = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
    error = {"type": "error", "error": {"type": "api_error", "message": "Oh"}}

    found = played(sse(START, {**start, "content_block": call}, error))

    assert isinstance(found[-1], Fault)
    total = sum(found[1:-1], found[0])
    assert total.tool_calls == [{"name": "f", "args": {"a": 1}, "id": "t"}] or (
        total.tool_calls[0]["args"] == {"a": 1}
    )


def test_a_stream_may_end_after_its_reason() -> None:
    """message_stop may be missing; what comes before it may not."""
    whole = sse(START, *block(0, {"type": "text", "text": "Hi"}), ended())

    assert ANTHROPIC_MESSAGES.read_reply(whole).finish_reason == "stop"
    (*_, fault) = played(sse(START, *block(0, {"type": "text", "text": "Hi"})))
    assert isinstance(fault, Fault)
    assert fault.kind == "interrupted"
    assert "without message_stop or a stop_reason" in fault.message


@pytest.mark.parametrize(
    "said, why",
    [
        ([], "it is not an object"),
        ({}, "no message"),
        ({"type": 7}, "no message"),
        ({"type": "message_start", "message": 7}, "'message' is 7"),
        ({"type": "message_start", "message": {"id": 7}}, "'id' is 7"),
        ({"type": "message_start", "message": {"model": []}}, "'model' is []"),
        ({"type": "message_start", "message": {"usage": []}}, "'usage' is []"),
        ({"type": "message_start", "message": {"content": {}}}, "'content' is {}"),
        ({"type": "message_start", "message": {"content": [7]}}, "a block is 7"),
        ({"type": "message_delta", "delta": []}, "'delta' is []"),
        ({"type": "content_block_start", "content_block": 7}, "'content_block'"),
        (
            {
                "type": "content_block_start",
                "content_block": {"type": "tool_use", "id": 7},
            },
            "'id' of a tool call is 7",
        ),
        (
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": 7}},
            "'text' of a text_delta is 7",
        ),
        ({"type": "content_block_delta", "delta": 7}, "'delta' is 7"),
    ],
)
def test_wrong_types_are_wire_errors(said: Any, why: str) -> None:
    """What is wrong is named with its value, and the event is counted."""
    body = f"data: {json.dumps(said)}\n\n".encode()

    with pytest.raises(WireError, match=r"event 1 of the stream is wrong") as caught:
        played(body)

    assert why in str(caught.value)


def test_a_block_without_a_type_is_wrong() -> None:
    """A block that is no block cannot be kept as one."""
    start = {"type": "content_block_start", "index": 0, "content_block": {"x": 1}}

    with pytest.raises(WireError, match="no object with a 'type'"):
        read(start, {"type": "content_block_stop", "index": 0})
