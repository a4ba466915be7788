"""Recorded OpenAI Chat traffic of all providers, through every door of the dialect."""

import json
from collections import Counter
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.messages import AIMessage
from harness.steps import Fault
from harness.wire.openai_chat import OPENAI_CHAT

#: Requests that are none, by the end of the file's name, and why.
NO_REQUESTS = {
    "handles_invalid_message_format_errors.yml#0": "content is",  # Mistral says 422
    "test_writer_async_chat_tool_calls_legacy.yaml#0": "no JSON",  # edited by hand
}
#: Answers that a stream of ours says otherwise, and what of them is other.
OTHERWISE = {
    # Our streams have an id for the answer and for each call, where Gemini has none.
    "test_openai_chat_model_gemini_acomplete[Return True.-output_types1-bool].yaml#0": (
        "id tool_calls"
    ),
    "test_openai_chat_model_gemini_complete[Return [1, 2, 3, 4, 5]-output_types2-list]"
    ".yaml#0": "id tool_calls",
    "test_compatible_api_with_tool_calls_without_id.yaml#0": "tool_calls",
    # Our streams say why they end, where Snowflake's and edited ones do not.
    "test_snowflake_native_output.yaml#0": "id response_metadata",
    "test_tools_streaming_variant_a.yaml#0": "response_metadata",
    "test_tools_streaming_variant_b.yaml#0": "response_metadata",
}
#: Answers that are errors at status 200.
ERRORS_AT_200 = {"test_prompt_content_filtering_with_events_with_content.yaml#0"}
#: Streams whose providers' own words are kept, and which rule they break in ours.
OWN_WORDS = {
    "chat_with_extended_thinking_mistral_mistral-small-latest_streams_thinking_"
    "content_when_available.yml#0": "content",
    "test_mistral_model_thinking_part_iter.yaml#0": "content",
    "recording.har#0": "finish",  # Together's "eos"
}


@pytest.fixture(scope="module")
def chats(exchanges: list[Any]) -> list[Any]:
    """Give the exchanges that are chats."""
    ends = ("/chat/completions", "/v1/chat")
    paths = ((each, urlsplit(each.url).path.rstrip("/")) for each in exchanges)
    return [e for e, path in paths if e.api == "openai-chat" and path.endswith(ends)]


@pytest.fixture(scope="module")
def answers(chats: list[Any]) -> list[tuple[Any, list[Any], AIMessage]]:
    """Give each answer that is no error, decoded."""
    found = []
    for exchange in chats:
        if exchange.status < 400 and exchange.response:
            steps = played(exchange.response)
            found.append((exchange, steps, total(steps)))
    return [each for each in found if short(each[0]) not in ERRORS_AT_200]


def short(exchange: Any) -> str:
    """Give the name without folders."""
    name: str = exchange.name.rpartition("/")[2]
    return name


def played(body: bytes) -> list[Any]:
    """Decode a body."""
    decoder = OPENAI_CHAT.decoder()
    return [*decoder.feed(body), *decoder.close()]


def total(steps: list[Any]) -> AIMessage:
    """Add up the chunks."""
    chunks = (step for step in steps if isinstance(step, AIMessageChunk))
    return sum(chunks, AIMessageChunk()).to_message()


def encoded(steps: list[Any]) -> bytes:
    """Encode the chunks."""
    encoder = OPENAI_CHAT.encoder()
    chunks = (step for step in steps if isinstance(step, AIMessageChunk))
    return b"".join([*map(encoder.feed, chunks), encoder.close()])


def streamed(exchange: Any) -> bool:
    """Tell whether an answer is a stream."""
    return exchange.response.lstrip()[:1] != b"{"


def without_nulls(value: Any) -> Any:
    """Leave out members of objects that are null."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [*map(without_nulls, value)] if isinstance(value, list) else value


def test_every_request_is_written_as_it_came(chats: list[Any]) -> None:
    """Read and written, a request is the same JSON value."""
    refused, count = {}, 0
    for exchange in chats:
        try:
            request = OPENAI_CHAT.read_request(exchange.request, exchange.url)
        except WireError as error:
            refused[short(exchange)] = str(error)
            continue
        count += 1
        said = without_nulls(json.loads(exchange.request))
        found = without_nulls(json.loads(OPENAI_CHAT.write_request(request)))
        assert found == said, exchange.name

    assert count > 200
    wrong = {name: why for name, why in refused.items() if "#" in name}
    assert {end for end in NO_REQUESTS for name in wrong if name.endswith(end)} == set(
        NO_REQUESTS
    )
    assert len(wrong) == len(NO_REQUESTS)


def test_every_answer_is_written_so_that_it_reads_the_same(answers: list[Any]) -> None:
    """A reply of ours says all that the recorded answer did."""
    for exchange, _, message in answers:
        reply = OPENAI_CHAT.write_reply(message)

        assert OPENAI_CHAT.read_reply(reply) == message, exchange.name


def test_every_stream_is_encoded_so_that_it_reads_the_same(answers: list[Any]) -> None:
    """A stream of ours says all that the recorded answer did, but for known lacks."""
    lacks = {}
    for exchange, steps, message in answers:
        found = OPENAI_CHAT.read_reply(encoded(steps)).model_dump()
        expected = message.model_dump()
        # One stream of ours has one id, one model and one time.
        expected["response_metadata"].pop("conflicts", None)
        if other := [key for key in found if found[key] != expected[key]]:
            lacks[short(exchange)] = " ".join(sorted(other))

    assert lacks == OTHERWISE


def test_every_stream_of_ours_breaks_no_rule(answers: list[Any]) -> None:
    """What we encode is OpenAI's grammar, but for the words of other providers."""
    broken = {}
    for exchange, steps, _ in answers:
        if problems := OPENAI_CHAT.check_stream(encoded(steps)):
            broken[short(exchange)] = " ".join(sorted({p.rule for p in problems}))

    assert broken == OWN_WORDS


#: Streams of OpenAI's that are not OpenAI's any more: edited, or a client's objects.
NOT_AS_SENT = {"client-objects", "possibly-edited"}


def test_genuine_streams_break_no_rule(answers: list[Any]) -> None:
    """OpenAI's own streams are as the grammar says."""
    count = 0
    for exchange, _, _ in answers:
        genuine = exchange.provider == "openai" and streamed(exchange)
        if genuine and exchange.fidelity not in NOT_AS_SENT:
            count += 1
            problems = OPENAI_CHAT.check_stream(exchange.response)
            assert [str(p) for p in problems] == [], exchange.name

    assert count > 10


#: By provider: how many of its streams break each of OpenAI's rules.
DEVIATIONS: dict[str, dict[str, int]] = {
    "aleph-alpha": {"arguments": 1},
    "azure": {
        "call": 1,
        "choice": 3,
        "created": 2,
        "done": 1,
        "id": 2,
        "model": 3,
        "object": 3,
        "role": 2,
    },
    "cloudflare": {"finish": 3, "role": 3, "usage": 3},
    "copilot": {"choice": 2, "finish": 2, "id": 2, "object": 2, "usage": 2},
    "databricks": {"created": 1, "role": 1, "usage": 1},
    "deepseek": {"usage": 10},
    "google-gla": {"call": 2, "id": 2, "usage": 2},
    "groq": {"arguments": 1, "created": 1, "id": 1, "role": 1, "usage": 5},
    "huggingface": {"done": 1, "finish": 1, "usage": 1},
    "llamacpp": {"usage": 1},
    "mistral": {"call": 1, "content": 2, "finish": 1, "usage": 5},
    "ollama": {"call": 1, "created": 2, "role": 2},
    "openrouter": {"finish": 10, "role": 10, "usage": 10},
    "perplexity": {"created": 1, "done": 2, "object": 2, "role": 2, "usage": 2},
    "together": {"finish": 1, "role": 1, "usage": 1},
    "writer": {"done": 1, "role": 1},
    "xai": {"created": 2, "finish": 2},
    "zai": {"finish": 1, "role": 1, "usage": 1},
}


def test_imitators_break_rules(answers: list[Any]) -> None:
    """How many streams of which provider break which of OpenAI's rules."""
    found: dict[str, Counter[str]] = {}
    for exchange, _, _ in answers:
        if exchange.provider != "openai" and streamed(exchange):
            rules = {p.rule for p in OPENAI_CHAT.check_stream(exchange.response)}
            found.setdefault(exchange.provider, Counter()).update(rules)

    assert {name: dict(rules) for name, rules in found.items() if rules} == DEVIATIONS


def test_a_stream_cut_anywhere_is_never_whole(answers: list[Any]) -> None:
    """A prefix ends in a fault, or all its choices had ended; its text is a prefix."""
    for exchange, _, message in answers:
        body = exchange.response
        step = 1 if len(body) < 700 else len(body) // 12
        for end in range(1, len(body), step):
            steps = played(body[:end])
            part = total(steps)
            assert message.text.startswith(part.text), (exchange.name, end)
            if not isinstance(steps[-1], Fault):
                ended = part.finish_reason or b"[DONE]" in body[:end]
                assert ended or message.finish_reason is None, (exchange.name, end)
                whole = (len(part.tool_calls), part.content)
                assert whole == (len(message.tool_calls), message.content)


def test_every_cut_gives_the_same(answers: list[Any]) -> None:
    """Fed byte by byte, a body plays what it plays as one."""
    for exchange, steps, _ in answers:
        if len(exchange.response) < 20_000:
            decoder = OPENAI_CHAT.decoder()
            bits = (exchange.response[n : n + 1] for n in range(len(exchange.response)))

            found = [step for bit in bits for step in decoder.feed(bit)]

            assert [*found, *decoder.close()] == steps, exchange.name


def test_every_error_is_written_so_that_it_reads_the_same(chats: list[Any]) -> None:
    """A recorded error, written by us, is the same fault."""
    errors = [exchange for exchange in chats if exchange.status >= 400]
    for exchange in errors:
        fault = OPENAI_CHAT.read_error(
            exchange.status, exchange.headers, exchange.response
        )
        reply = OPENAI_CHAT.write_error(fault)
        again = OPENAI_CHAT.read_error(reply.status, reply.headers, reply.body)

        found = (again.message, again.kind, again.status, again.retry_after)
        expected = (fault.message, fault.kind, fault.status, fault.retry_after)
        assert found == expected, exchange.name

    assert len(errors) > 20
