"""Real recordings of Ollama's chat API: read, written again, and told alike."""

import json
from typing import Any

import pytest

from harness.chunks import AIMessageChunk
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire.ollama_chat import OLLAMA_CHAT as OLLAMA


@pytest.fixture(scope="module")
def recorded(exchanges):
    found = [e for e in exchanges if e.url.endswith("/api/chat")]
    if not found:
        pytest.skip("no recordings of Ollama's chat API")
    return found


@pytest.fixture(scope="module")
def answers(recorded):
    return [e for e in recorded if e.status < 400]


def decoded(data: bytes, size: int) -> list[Any]:
    decoder = OLLAMA.decoder()
    pieces = [data[n : n + size] for n in range(0, len(data), size)]
    return [step for piece in pieces for step in decoder.feed(piece)] + decoder.close()


def total(steps: list[Any]) -> AIMessage:
    chunks = [step for step in steps if isinstance(step, AIMessageChunk)]
    return sum(chunks, AIMessageChunk()).to_message()


def encoded(steps: list[Any]) -> bytes:
    encoder = OLLAMA.encoder()
    return b"".join([*map(encoder.feed, steps), encoder.close()])


def test_all_are_here(recorded, answers):
    """The tests below see as many recordings as they were written for."""
    assert (len(recorded), len(answers)) == (6, 5)


def test_requests_are_written_as_they_were(recorded):
    """Every request comes back equal; no exceptions."""
    for e in recorded:
        request = OLLAMA.read_request(e.request, e.url)

        assert json.loads(OLLAMA.write_request(request)) == json.loads(e.request), (
            e.name
        )


def test_answers_say_what_a_simple_reading_finds(answers):
    """Texts, arguments and counts are those of the lines."""
    for e in answers:
        lines = [json.loads(line) for line in e.response.splitlines() if line.strip()]
        messages = [line["message"] for line in lines]
        calls = [c for m in messages for c in m.get("tool_calls", ())]

        message = OLLAMA.read_reply(e.response)

        blocks = message.content_blocks
        assert message.text == "".join(m["content"] for m in messages), e.name
        assert "".join(b.get("reasoning", "") for b in blocks) == "".join(
            m.get("thinking", "") for m in messages
        ), e.name
        assert [(c["name"], c["args"], c["id"]) for c in message.tool_calls] == [
            (c["function"]["name"], c["function"]["arguments"], c["id"]) for c in calls
        ], e.name
        assert message.usage_metadata is not None
        assert message.usage_metadata["output_tokens"] == lines[-1]["eval_count"], (
            e.name
        )
        assert message.finish_reason == ("tool_calls" if calls else "stop"), e.name


def test_answers_are_written_so_that_they_read_the_same(answers):
    """Whole or streamed anew, an answer says the same, and keeps the grammar."""
    for e in answers:
        message = OLLAMA.read_reply(e.response)
        steps = decoded(e.response, len(e.response))
        streams = encoded(steps), encoded([AIMessageChunk.from_message(message)])

        assert OLLAMA.read_reply(OLLAMA.write_reply(message)) == message, e.name
        for stream in streams:
            assert OLLAMA.read_reply(stream) == message, e.name
            assert OLLAMA.check_stream(stream) == [], e.name


def test_streams_have_no_problem_and_one_sum(answers):
    """The real server keeps the grammar; cut byte by byte, it says the same."""
    for e in answers:
        assert OLLAMA.check_stream(e.response) == [], e.name
        assert decoded(e.response, 1) == decoded(e.response, 10**6), e.name


def test_every_beginning_is_interrupted(answers):
    """Without the line that says so, no answer is complete."""
    for e in answers:
        body = e.response.rstrip()
        whole = OLLAMA.read_reply(body)
        for end in range(0, len(body), max(1, len(body) // 60)):
            steps = decoded(body[:end], len(body))

            assert isinstance(steps[-1], Fault), e.name
            assert steps[-1].kind == "interrupted", e.name
            assert whole.text.startswith(total(steps).text), e.name


def test_error_is_a_bare_text(recorded):
    """`test_chat_error_records_model_name.yaml`: "error" is a string."""
    (e,) = (e for e in recorded if e.status >= 400)

    fault = OLLAMA.read_error(e.status, e.headers, e.response)

    assert (fault.kind, fault.status) == ("bad_request", 404)
    assert fault.message == "model 'nonexistent-model:latest' not found"
    assert OLLAMA.write_error(fault).body == e.response.strip()
