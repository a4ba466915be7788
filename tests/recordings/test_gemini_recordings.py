"""Real Gemini traffic, of Google AI, of Vertex AI and through routers."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import HarnessError
from harness.messages import AIMessage, ToolMessage
from harness.steps import Fault
from harness.wire.gemini import GEMINI

#: A file without requests, whose blank lines between events are lost.
DAMAGED = "prism-php__prism/tests/Fixtures/gemini/stream-basic-text-1.sse"


def asked(exchanges: list[Any]) -> Iterator[Any]:
    """Give the exchanges that asked Gemini for content."""
    for each in exchanges:
        if each.api == "gemini" and "enerateContent" in each.url:
            yield each


def answered(exchanges: list[Any]) -> Iterator[Any]:
    """Give those of them that were answered."""
    return (each for each in asked(exchanges) if each.status < 400)


def one(exchanges: list[Any], file: str, n: int = 0) -> Any:
    """Give the exchange *n* of the one file whose name has *file* in it."""
    (found,) = (e for e in exchanges if file in e.file and e.n == n)
    return found


def decoded(body: bytes, size: int) -> list[AIMessageChunk | Fault]:
    """Decode a body in pieces."""
    decoder = GEMINI.decoder()
    found: list[AIMessageChunk | Fault] = []
    for start in range(0, len(body), size):
        found += decoder.feed(body[start : start + size])
    return found + decoder.close()


def total(steps: list[AIMessageChunk | Fault]) -> AIMessage:
    """Add up the chunks."""
    chunks = (step for step in steps if isinstance(step, AIMessageChunk))
    return sum(chunks, AIMessageChunk()).to_message()


def encoded(steps: list[Any], *, array: bool) -> bytes:
    """Encode chunks."""
    encoder = GEMINI.encoder(array=array)
    return b"".join([encoder.feed(step) for step in steps]) + encoder.close()


def without_null(value: Any) -> Any:
    """Give *value* without members that are null."""
    if isinstance(value, dict):
        return {k: without_null(v) for k, v in value.items() if v is not None}
    return [without_null(v) for v in value] if isinstance(value, list) else value


def payloads(body: bytes) -> list[dict[str, Any]]:
    """Read a body's events in the simplest way."""
    text = body.decode()
    if text.startswith("data:"):
        lines = [line for line in text.splitlines() if line.startswith("data:")]
        return [json.loads(line[5:]) for line in lines]
    value = json.loads(text)
    return value if isinstance(value, list) else [value]


def test_every_request_is_written_as_it_was_read(exchanges: list[Any]) -> None:
    """Reading and writing a request changes nothing."""
    count = 0
    for each in asked(exchanges):
        request = GEMINI.read_request(each.request, each.url)

        written = json.loads(GEMINI.write_request(request))

        expected = without_null(json.loads(each.request))
        assert without_null(written) == expected, each.name
        assert request.model, each.name
        assert request.stream == ("streamGenerate" in each.url), each.name
        assert each.url.split("?")[0].endswith(GEMINI.path(request).split("?")[0])
        count += 1
    assert count == 52


def test_every_answer_says_what_its_events_say(exchanges: list[Any]) -> None:
    """Text, thoughts, calls and usage are those of the events, simply joined."""
    for each in answered(exchanges):
        message = total(decoded(each.response, len(each.response)))
        events = payloads(each.response)
        parts = [
            part
            for event in events
            for candidate in event["candidates"]
            for part in candidate.get("content", {}).get("parts", ())
        ]

        texts = [p.get("text", "") for p in parts if not p.get("thought")]
        thoughts = [p.get("text", "") for p in parts if p.get("thought")]
        said = [b["reasoning"] for b in message.content_blocks if "reasoning" in b]
        assert message.text == "".join(texts), each.name
        assert "".join(said) == "".join(thoughts), each.name
        assert [(c["name"], c["args"]) for c in message.tool_calls] == [
            (p["functionCall"]["name"], p["functionCall"]["args"])
            for p in parts
            if "functionCall" in p
        ], each.name
        usage = events[-1]["usageMetadata"]
        assert message.usage_metadata is not None, each.name
        assert message.usage_metadata["total_tokens"] == usage["totalTokenCount"]
        counted = message.usage_metadata
        assert (
            counted["input_tokens"] + counted["output_tokens"]
            == (counted["total_tokens"])
        ), each.name


def test_no_signature_is_lost(exchanges: list[Any]) -> None:
    """Each thoughtSignature stays on a block of its own, of empty text too."""
    count = 0
    for each in answered(exchanges):
        message = total(decoded(each.response, len(each.response)))

        signatures = [
            block["extras"]["thoughtSignature"]
            for block in message.content_blocks
            if "thoughtSignature" in block.get("extras", {})
        ]

        said = each.response.decode().count('"thoughtSignature"')
        assert len(signatures) == said, each.name
        count += said
    assert count > 20


def test_every_answer_is_written_as_it_was_read(exchanges: list[Any]) -> None:
    """What was read of an answer comes back from the reply that says it."""
    for each in answered(exchanges):
        message = GEMINI.read_reply(each.response)

        again = GEMINI.read_reply(GEMINI.write_reply(message))

        assert again == message, each.name


@pytest.mark.parametrize("array", [False, True])
def test_every_answer_streams_as_it_was_read(exchanges: list[Any], array: bool) -> None:
    """Encoded again, chunks give the same message, whole or in pieces."""
    for each in answered(exchanges):
        steps = decoded(each.response, len(each.response))
        message = total(steps)

        data = encoded(steps, array=array)
        at_once = encoded([AIMessageChunk.from_message(message)], array=array)

        assert total(decoded(data, len(data))) == message, each.name
        assert GEMINI.read_reply(at_once) == message, each.name
        assert GEMINI.check_stream(data) == [], each.name
        assert GEMINI.check_stream(at_once) == [], each.name


def test_real_streams_keep_the_grammar(exchanges: list[Any]) -> None:
    """What Google sends has no problem; the damaged file has."""
    problems = Counter(
        (each.file, problem.rule)
        for each in answered(exchanges)
        for problem in GEMINI.check_stream(each.response)
    )

    assert problems == {}
    damaged = one(exchanges, DAMAGED)
    rules = [problem.rule for problem in GEMINI.check_stream(damaged.response)]
    assert rules == ["framing", "json", "object"]


def test_cuts_change_nothing(exchanges: list[Any]) -> None:
    """Byte by byte, or in any pieces, a body gives the same chunks."""
    for each in answered(exchanges):
        body = each.response
        if len(body) > 20_000:
            continue
        assert decoded(body, 1) == decoded(body, len(body)), each.name
        assert decoded(body, 13) == decoded(body, len(body)), each.name


def test_a_prefix_is_never_a_wrong_answer(exchanges: list[Any]) -> None:
    """What breaks off is a fault, and what it said until then was said."""
    for each in answered(exchanges):
        body = each.response
        whole = total(decoded(body, len(body)))
        step = 1 if len(body) < 2_500 else len(body) // 40
        for end in range(1, len(body.rstrip()), step):
            steps = decoded(body[:end], end)
            message = total(steps)
            fault = steps[-1]
            if isinstance(fault, Fault):
                assert fault.kind == "interrupted", (each.name, end)
            else:
                assert message == whole, (each.name, end)
            assert whole.text.startswith(message.text), (each.name, end)


def test_errors_are_faults_and_come_back(exchanges: list[Any]) -> None:
    """Errors, as JSON labelled text/event-stream too, are read and said again."""
    faults = []
    for each in asked(exchanges):
        if each.status >= 400:
            fault = GEMINI.read_error(each.status, each.headers, each.response)
            streamed = decoded(each.response, len(each.response))
            reply = GEMINI.write_error(fault)

            again = GEMINI.read_error(reply.status, reply.headers, reply.body)

            assert isinstance(streamed[-1], Fault), each.name
            assert (streamed[-1].message, streamed[-1].status) == (
                fault.message,
                fault.status,
            )
            assert (again.message, again.kind, again.status) == (
                fault.message,
                fault.kind,
                fault.status,
            )
            faults.append((each.headers["content-type"].split(";")[0], fault.kind))
    assert len(faults) == 10
    assert ("text/event-stream", "authentication") in faults
    assert ("application/json", "rate_limit") in faults


# ------------------------------------------------------------------ quirks


def test_calls_without_ids_are_told_apart(exchanges: list[Any]) -> None:
    """multi_tool_streaming.yaml: two calls, no ids; results name their functions."""
    answer = one(exchanges, "vertex-gemini-2-5-flash/multi_tool_streaming.yaml")
    follow = one(exchanges, "vertex-gemini-2-5-flash/multi_tool_streaming.yaml", 1)

    message = GEMINI.read_reply(answer.response)
    request = GEMINI.read_request(follow.request, follow.url)

    ids = [call["id"] for call in message.tool_calls]
    assert len(set(ids)) == 2
    assert b'"id"' not in GEMINI.write_reply(message)
    results = [m for m in request.messages if isinstance(m, ToolMessage)]
    assert [m.text for m in results] == ["5", "6"]
    asked_for = next(m for m in request.messages if isinstance(m, AIMessage))
    assert [m.tool_call_id for m in results] == [
        call["id"] for call in asked_for.tool_calls
    ]


def test_integers_stand_for_reasons(exchanges: list[Any]) -> None:
    """TestGoogleAIToolCallResponse.httprr: enum-encoding=int, and an array."""
    call = one(exchanges, "TestGoogleAIToolCallResponse.httprr")
    text = one(exchanges, "TestGoogleAIToolCallResponse.httprr", 1)

    messages = [GEMINI.read_reply(each.response) for each in (call, text)]

    assert [m.finish_reason for m in messages] == ["tool_calls", "stop"]
    assert messages[0].response_metadata["finishReason"] == 1


def test_an_unexpected_call_is_told(exchanges: list[Any]) -> None:
    """A finish reason that nobody else has keeps its own word."""
    each = one(exchanges, "tool_return_content-url-image-google_vertex")

    message = GEMINI.read_reply(each.response)

    assert message.finish_reason == "UNEXPECTED_TOOL_CALL"
    assert [call["name"] for call in message.tool_calls] == ["list_files"]


def test_content_without_parts_ends_an_answer(exchanges: list[Any]) -> None:
    """test_gemini_test_generate_content_stream_async.yaml: the last has no parts."""
    name = "test_gemini_test_generate_content_stream_async.yaml"

    message = GEMINI.read_reply(one(exchanges, name, 2).response)

    assert (message.text, message.finish_reason) == ("foo", "stop")


def test_an_array_is_a_stream(exchanges: list[Any]) -> None:
    """test_tools.yaml: without alt=sse the events are the items of one array."""
    each = one(exchanges, "simonw__llm-gemini/tests/cassettes/test_gemini/test_tools.y")

    steps = decoded(each.response, len(each.response))

    assert each.response.startswith(b"[{")
    assert len(steps) == 3
    assert [b["type"] for b in total(steps).content_blocks] == [
        "reasoning",
        "tool_call",
    ]


def test_both_spellings_of_names_are_read(exchanges: list[Any]) -> None:
    """test_tools.yaml: function_call beside thoughtSignature, in one part."""
    name = "simonw__llm-gemini/tests/cassettes/test_gemini/test_tools.y"
    each = one(exchanges, name, 1)

    request = GEMINI.read_request(each.request, each.url)

    (call,) = request.messages[1].content_blocks
    assert call["id"] == "call_27db36357f594e73b557ec8f70da9e87"
    assert "thoughtSignature" in call["extras"]
    assert request.params["gemini"]["snake_case"] == [
        "function_call",
        "function_response",
    ]


def test_tools_of_the_server_are_calls_and_results(exchanges: list[Any]) -> None:
    """Code that Google runs, and its search, stand where they were said."""
    code = one(exchanges, "code_execution_with_gemini_gemini-3_5-flash")
    search = one(exchanges, "test_function_tools_with_builtin_tools.yaml")

    ran = GEMINI.read_reply(code.response).content_blocks
    found = GEMINI.read_reply(search.response).content_blocks

    assert [b["type"] for b in ran] == [
        "server_tool_call",
        "server_tool_result",
        "text",
    ]
    assert ran[1]["output"] == "result=121932631112635269\n"
    assert ran[1]["tool_call_id"] == ran[0]["id"]
    assert [b["type"] for b in found] == [
        "tool_call",
        "server_tool_call",
        "server_tool_result",
    ]
    assert found[1]["args"] == {"queries": ["current weather in Tokyo"]}


def test_sources_are_citations(exchanges: list[Any]) -> None:
    """test_google_web_fetch.yaml: the last event says where the text is from."""
    each = one(exchanges, "posit-dev__chatlas/tests/_vcr/test_provider_google/test_go")

    message = GEMINI.read_reply(each.response)

    block = message.content_blocks[0]
    (note,) = block["annotations"]
    cited = block["text"][note["start_index"] : note["end_index"]]
    assert cited == note["cited_text"]
    assert note["url"] == "https://rvest.tidyverse.org/articles/starwars.html"


def test_logprobs_have_the_common_form(exchanges: list[Any]) -> None:
    """test_google_vertex_logprobs.yaml: each token, and what else it might be."""
    each = one(exchanges, "test_google_vertex_logprobs.yaml", 1)

    message = GEMINI.read_reply(each.response)

    (first, *_) = message.response_metadata["logprobs"]["content"]
    assert (first["token"], first["logprob"]) == ("2", -0.01972555)
    assert len(first["top_logprobs"]) == 5


def test_sound_is_an_audio_block(exchanges: list[Any]) -> None:
    """Speech comes as data with a type."""
    each = one(exchanges, "speech_basic_functionality_gemini")

    (block,) = GEMINI.read_reply(each.response).content_blocks

    assert block["type"] == "audio"
    assert block["mime_type"] == "audio/L16;codec=pcm;rate=24000"


def test_a_damaged_file_is_no_answer(exchanges: list[Any]) -> None:
    """Its events run into one another, which no reader can tell apart."""
    body = one(exchanges, DAMAGED).response

    found: Any
    try:
        found = decoded(body, len(body))[-1]
    except HarnessError as error:
        found = error

    assert isinstance(found, Fault)
    assert found.kind == "interrupted"
