"""Recorded traffic of Anthropic Messages: read, written again, cut and checked."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire.anthropic_messages import ANTHROPIC_MESSAGES
from harness.wire.sse import SseDecoder

Find = Callable[[str], Any]
Played = AIMessageChunk | Fault

#: The provider's files, which are no messages, and a request to another provider.
ELSEWHERE = {
    "test_anthropic_code_execution_files_cache_prefix_stable[messages-sonnet-5].yaml#0",
    "test_anthropic_code_execution_files_cache_prefix_stable[messages-sonnet-5].yaml#3",
    "test_receive_history_from_another_provider.yaml#1",
}
#: Where every line of the stream was made an event of its own.
LINES = "f22657bfd86db6348c0a0d0b17332dcfc038b345d2a7be8da4b880a433d36a52.json#0"
#: Exchanges that ask nothing; the others are bodies of answers alone.
NO_REQUEST = ELSEWHERE | {
    LINES,
    "test_litellm_chat_model_complete_anthropic[Return True-output_types1-bool].yaml#0",
    "stream-with-citations-1.sse#0",
    "anthropic-tool-search-bm25.1.chunks.txt#0",
}
_HAIKU = "anthropic_claude-3-5-haiku-20241022"
_CALLING = f"chat_function_calling_{_HAIKU}_can_use_tools"
#: Answers of status 200 that are none, and what is said of them.
NO_ANSWER = {
    f"{_CALLING}_with_multi-turn_streaming_conversations.yml#1": "Overloaded",
    f"{_CALLING}_without_parameters_in_multi-turn_streaming_conversations.yml#1": (
        "Overloaded"
    ),
    f"chat_streaming_responses_{_HAIKU}_supports_streaming_error_chunks.yml#0": (
        "Overloaded"
    ),
    LINES: "not an object",
    **dict.fromkeys(ELSEWHERE, "no message"),
}


def key(exchange: Any) -> str:
    """Name an exchange."""
    return f"{exchange.file.rpartition('/')[2]}#{exchange.n}"


@pytest.fixture(scope="module")
def ours(exchanges: list[Any]) -> list[Any]:
    """Give the exchanges in this format, Claude's at Bedrock among them."""
    return [e for e in exchanges if e.api in ("anthropic-messages", "bedrock-invoke")]


@pytest.fixture(scope="module")
def answers(ours: list[Any]) -> list[tuple[Any, AIMessage]]:
    """Give the exchanges that were answered, each with its message."""
    return [
        (e, ANTHROPIC_MESSAGES.read_reply(e.response))
        for e in ours
        if e.status < 400 and key(e) not in NO_ANSWER
    ]


@pytest.fixture(scope="module")
def find(ours: list[Any]) -> Find:
    """Find the first answered exchange of a file, by a part of its name."""
    return lambda name: next(e for e in ours if name in e.file and e.response)


def decoded(body: bytes, size: int) -> list[Played]:
    """Decode a body in pieces."""
    decoder = ANTHROPIC_MESSAGES.decoder()
    found: list[Played] = []
    for start in range(0, len(body), size):
        found += decoder.feed(body[start : start + size])
    return found + decoder.close()


def total(steps: list[Played]) -> AIMessage:
    """Add up chunks."""
    chunks = (step for step in steps if isinstance(step, AIMessageChunk))
    return sum(chunks, AIMessageChunk()).to_message()


def encoded(steps: list[Played]) -> bytes:
    """Encode a whole stream."""
    encoder = ANTHROPIC_MESSAGES.encoder()
    return b"".join([*map(encoder.feed, steps), encoder.close()])


def is_stream(body: bytes) -> bool:
    """Tell a stream from a whole reply."""
    return body[:1] != b"{" or b"}\n{" in body


def test_requests_are_written_as_they_were(ours: list[Any]) -> None:
    """Every body is equal as JSON, nulls and all."""
    asked = [e for e in ours if key(e) not in NO_REQUEST]

    for each in asked:
        request = ANTHROPIC_MESSAGES.read_request(each.request, each.url)
        written = ANTHROPIC_MESSAGES.write_request(request)
        assert json.loads(written) == json.loads(each.request), each.name

    assert len(asked) == 92


def test_what_asks_nothing_is_refused(ours: list[Any]) -> None:
    """Bodies that are no requests raise a clear error."""
    refused = set()
    for each in ours:
        try:
            ANTHROPIC_MESSAGES.read_request(each.request)
        except WireError:
            refused.add(key(each))

    assert refused == NO_REQUEST


def test_answers_are_read(answers: list[tuple[Any, AIMessage]]) -> None:
    """All but the counted ones are; each says why it ended and what it used."""
    for each, message in answers:
        assert message.finish_reason, each.name
        assert message.usage_metadata, each.name
        assert message.id, each.name
        assert message.response_metadata["model_name"], each.name
        assert message.response_metadata["model_provider"] == "anthropic"
        assert "other_events" not in message.response_metadata, each.name
        assert "conflicts" not in message.response_metadata, each.name

    assert len(answers) == 84


def test_what_answers_nothing_is_refused(ours: list[Any]) -> None:
    """An error at status 200, and what is no message, raise a clear error."""
    refused = {}
    for each in ours:
        if each.status < 400:
            try:
                ANTHROPIC_MESSAGES.read_reply(each.response)
            except WireError as error:
                refused[key(each)] = str(error)

    assert refused.keys() == NO_ANSWER.keys()
    assert all(NO_ANSWER[name] in said for name, said in refused.items())


def test_replies_are_written_as_they_were(
    answers: list[tuple[Any, AIMessage]],
) -> None:
    """The whole reply that says a message is read as that message."""
    for each, message in answers:
        written = ANTHROPIC_MESSAGES.write_reply(message)
        assert ANTHROPIC_MESSAGES.read_reply(written) == message, each.name


def test_streams_are_encoded_as_they_were(
    answers: list[tuple[Any, AIMessage]],
) -> None:
    """Their chunks, and their messages as one chunk, come back; no rule is broken."""
    for each, message in answers:
        for chunks in (
            decoded(each.response, len(each.response)),
            [AIMessageChunk.from_message(message)],
        ):
            data = encoded(chunks)
            assert ANTHROPIC_MESSAGES.read_reply(data) == message, each.name
            assert ANTHROPIC_MESSAGES.check_stream(data) == [], each.name


def test_real_streams_keep_the_grammar(ours: list[Any]) -> None:
    """The provider's own break no rule; a gateway says [DONE]."""
    streams = [e for e in ours if e.status < 400 and is_stream(e.response)]
    streams = [e for e in streams if key(e) not in NO_ANSWER]
    broken = {
        key(each): {problem.rule for problem in problems}
        for each in streams
        if (problems := ANTHROPIC_MESSAGES.check_stream(each.response))
    }

    assert len(streams) == 62
    assert broken == {
        "gateway_message_delta_metadata.yaml#0": {"done"},
        # two streams in one file
        "anthropic-tool-search-bm25.1.chunks.txt#0": {
            "done",
            "finish",
            "first",
            "index",
        },
    }


def test_however_they_are_cut_into_pieces(
    answers: list[tuple[Any, AIMessage]],
) -> None:
    """Byte by byte the chunks are the same, or for large bodies in small pieces."""
    for each, message in answers:
        size = 1 if len(each.response) < 20_000 else 97
        assert total(decoded(each.response, size)) == message, each.name


def test_a_prefix_is_never_a_wrong_answer(
    answers: list[tuple[Any, AIMessage]],
) -> None:
    """What is cut off is partial and says so, unless only its frame was cut."""
    for each, message in answers:
        body = each.response
        step = 1 if len(body) < 1_500 else len(body) // 20
        for end in range(0, len(body), step):
            steps = decoded(body[:end], max(end, 1))
            last = steps[-1]
            if isinstance(last, Fault):
                assert last.kind == "interrupted", (each.name, end)
            else:
                # It ended as far as its own words go: at most metrics are missing.
                found = total(steps)
                assert found.content == message.content, (each.name, end)
                assert found.finish_reason == message.finish_reason, (each.name, end)


# ----------------------------------------------------------------------- the oddities


def test_padding_and_late_pings(find: Find) -> None:
    """JSON padded with spaces, and pings between deltas, say nothing."""
    body = find("computer_use_streaming.yaml").response

    message = ANTHROPIC_MESSAGES.read_reply(body)

    assert re.search(rb" +}\n", body)
    assert b"event: ping" in body.partition(b"content_block_start")[2]
    assert message.tool_calls[0]["name"] == "computer"


def test_an_overloaded_error_may_be_all(find: Find) -> None:
    """`event: error` alone, at status 200, is a Fault."""
    body = find("supports_streaming_error_chunks.yml").response

    (fault,) = decoded(body, len(body))

    assert isinstance(fault, Fault)
    assert fault.kind == "overloaded"


def test_done_of_a_gateway(find: Find) -> None:
    """`event: data` with [DONE] after message_stop, and costs in the usage."""
    body = find("gateway_message_delta_metadata.yaml").response

    metadata = ANTHROPIC_MESSAGES.read_reply(body).response_metadata

    assert b"[DONE]" in body
    assert metadata["provider"] == "Amazon Bedrock"
    assert metadata["token_usage"]["cost"] == 0.000112


def test_compaction_in_a_stream(find: Find) -> None:
    """A compaction block is kept whole, what its delta said in it."""
    body = find("test_anthropic_compaction_usage_with_cache_streaming.yaml").response

    first, second = ANTHROPIC_MESSAGES.read_reply(body).content

    assert first["type"] == "non_standard"
    assert first["value"]["type"] == "compaction"
    assert first["value"]["content"].startswith("The user provided")
    assert second == {"type": "text", "text": "Hello! \U0001f44b"}


def test_tools_of_mcp_servers(find: Find) -> None:
    """Their calls and results are server tools', the server's name beside them."""
    body = find("test_anthropic_mcp_servers_stream.yaml").response

    blocks = ANTHROPIC_MESSAGES.read_reply(body).content_blocks

    call = next(b for b in blocks if b["type"] == "server_tool_call")
    result = next(b for b in blocks if b["type"] == "server_tool_result")
    assert call["extras"] == {"block_type": "mcp_tool_use", "server_name": "deepwiki"}
    assert result["tool_call_id"] == call["id"]
    assert result["extras"]["block_type"] == "mcp_tool_result"


def test_citations_in_a_stream(find: Find) -> None:
    """Citations come in deltas, and are annotations of their text."""
    body = find("stream-with-citations-1.sse").response

    blocks = ANTHROPIC_MESSAGES.read_reply(body).content_blocks

    cited = [b for b in blocks if "annotations" in b]
    assert [b["text"] for b in cited] == ["The grass is green.", "The sky is blue."]
    assert cited[0]["annotations"][0]["extras"]["end_char_index"] == 20


def test_redacted_thinking_is_whole_at_its_start(find: Find) -> None:
    """It is kept for the provider, and sent back as it was."""
    body = find("test_anthropic_model_thinking_part_redacted_stream.yaml").response

    blocks = ANTHROPIC_MESSAGES.read_reply(body).content_blocks

    assert blocks[0]["type"] == "reasoning"
    assert blocks[0]["extras"]["redacted_thinking"].startswith("EqkECkYIBx")


def test_events_in_the_frames_of_bedrock(find: Find) -> None:
    """InvokeModel's frames hold the same events; the last has metrics."""
    body = find("should-handle-streaming-responses-with-tool-calls.json").response

    message = ANTHROPIC_MESSAGES.read_reply(body)

    assert message.tool_calls[0]["name"] == "get_weather"
    metrics = message.response_metadata["amazon-bedrock-invocationMetrics"]
    assert metrics["inputTokenCount"] == 273


def test_lines_without_frames(find: Find) -> None:
    """A file of one JSON event a line is the same stream."""
    body = find("anthropic-tool-search-bm25.1.chunks.txt").response

    message = ANTHROPIC_MESSAGES.read_reply(body)

    kinds = [block["type"] for block in message.content_blocks]
    assert {"server_tool_call", "server_tool_result", "tool_call"} <= set(kinds)


def test_an_imitator_keeps_the_format(find: Find) -> None:
    """Ollama's stream, whose every line was made an event, has unsigned thoughts."""
    events = SseDecoder().feed(find("f22657bfd86db6348c0a0d0b17332dcf").response)

    body = "\n".join(json.loads(event.data) for event in events).encode() + b"\n"
    message = ANTHROPIC_MESSAGES.read_reply(body)

    assert message.content_blocks[0].keys() == {"type", "reasoning"}
    assert message.finish_reason == "stop"
