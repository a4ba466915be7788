"""The dialect "openai-responses" against all that was recorded of it."""

import json
from collections import Counter
from typing import Any

import pytest

from harness import AIMessage, AIMessageChunk
from harness.steps import Fault
from harness.wire.openai_responses import OPENAI_RESPONSES

#: Streams that are not as OpenAI's are: who sent them, and which rules they break.
DEVIATIONS = {
    # The subscription's API lists no items in its last event.
    "none_suppresses_tool_calls.yaml#0": {"completed": 1},
    # No `event:` lines, parts are counted over all items.
    "streams_through_the_responses_surface.yml#0": {"event": 15, "index": 1, "done": 1},
    # Cut short by hand: its deltas say less than its last events.
    "openai-shell-container.1.chunks.txt#0": {"done": 1},
}
#: Streams whose last event does not repeat what they said.
UNREPEATED = (
    "none_suppresses_tool_calls.yaml#0",
    "openai-shell-container.1.chunks.txt#0",
)


def _without_nulls(value: Any) -> Any:
    match value:
        case dict():
            return {k: _without_nulls(v) for k, v in value.items() if v is not None}
        case list():
            return [_without_nulls(item) for item in value]
        case _:
            return value


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


@pytest.fixture(scope="module")
def recorded(exchanges):
    """Give the exchanges with a model, of this format."""
    return [
        exchange
        for exchange in exchanges
        if exchange.api == "openai-responses"
        and (exchange.url.endswith("/responses") or not exchange.url)
    ]


@pytest.fixture(scope="module")
def answers(recorded):
    """Give the exchanges that were answered."""
    return [exchange for exchange in recorded if exchange.status < 400]


@pytest.fixture(scope="module")
def streams(answers):
    """Give the streamed answers."""
    return [exchange for exchange in answers if not _is_json(exchange.response)]


def _one(recorded, name):
    found = [exchange for exchange in recorded if exchange.name.endswith(name)]
    assert len(found) == 1, name
    return found[0]


def _played(body: bytes) -> list[AIMessageChunk | Fault]:
    decoder = OPENAI_RESPONSES.decoder()
    return [*decoder.feed(body), *decoder.close()]


def _message(played) -> AIMessage:
    return sum(c for c in played if not isinstance(c, Fault)).to_message()


def test_every_recorded_request_is_written_as_it_was_read(recorded):
    """Reading and writing loses nothing of any request."""
    requests = [exchange.request for exchange in recorded if exchange.request]

    written = [
        json.loads(OPENAI_RESPONSES.write_request(OPENAI_RESPONSES.read_request(body)))
        for body in requests
    ]

    assert len(requests) == 43
    assert [*map(_without_nulls, written)] == [
        _without_nulls(json.loads(body)) for body in requests
    ]


def test_every_recorded_answer_is_written_as_it_was_read(answers):
    """A reply that is written for a message that was read is read as that message."""
    messages = [
        _message(played)
        for played in (_played(exchange.response) for exchange in answers)
        if not any(isinstance(step, Fault) for step in played)
    ]

    read = [
        OPENAI_RESPONSES.read_reply(OPENAI_RESPONSES.write_reply(message))
        for message in messages
    ]

    assert len(messages) == 42
    assert read == messages
    assert all(message.finish_reason for message in messages)
    assert not any("conflicts" in message.response_metadata for message in messages)


def test_every_recorded_stream_says_what_its_last_event_says(streams):
    """Pieces, ends of items and the last event are told once, and agree."""
    compared = 0

    for exchange in streams:
        for line in exchange.response.decode().splitlines():
            data = line.removeprefix("data:").strip()
            said = json.loads(data) if data.startswith("{") else {}
            ending = said.get("type") in ("response.completed", "response.incomplete")
            if not ending or exchange.name.endswith(UNREPEATED):
                continue
            compared += 1
            whole = json.dumps(said["response"]).encode()
            streamed = OPENAI_RESPONSES.read_reply(exchange.response)
            assert OPENAI_RESPONSES.read_reply(whole) == streamed, exchange.name

    assert compared == 18


def test_every_recorded_answer_can_be_streamed_anew(answers):
    """Encoded and decoded again, chunks say the same; and break no rule."""
    count = 0

    for exchange in answers:
        chunks = _played(exchange.response)
        if any(isinstance(step, Fault) for step in chunks):
            continue
        message = _message(chunks)
        for steps in (chunks, [AIMessageChunk.from_message(message)]):
            encoder = OPENAI_RESPONSES.encoder()
            data = b"".join([*map(encoder.feed, steps), encoder.close()])
            assert OPENAI_RESPONSES.read_reply(data) == message, exchange.name
            assert OPENAI_RESPONSES.check_stream(data) == [], exchange.name
            count += 1

    assert count == 84


def test_streams_of_openai_break_no_rule_and_those_of_others_are_known(streams):
    """The grammar is OpenAI's own; who deviates is counted."""
    found = {
        exchange.name: dict(Counter(p.rule for p in problems))
        for exchange in streams
        if (problems := OPENAI_RESPONSES.check_stream(exchange.response))
    }

    assert len(streams) == 22
    assert len(found) == len(DEVIATIONS)
    for name, rules in DEVIATIONS.items():
        assert [r for n, r in found.items() if n.endswith(name)] == [rules]


def test_no_prefix_of_a_stream_is_a_complete_answer(streams):
    """A stream that is cut anywhere is a beginning of the whole, and says so."""
    for exchange in streams:
        body = exchange.response
        whole = _message(_played(body))
        complete = not any(isinstance(s, Fault) for s in _played(body))
        end = max(body.rfind(b"response.completed"), body.rfind(b"response.incomplete"))
        step = max(len(body) // 60, 1)
        for cut in range(0, end if complete else 0, step):
            played = _played(body[:cut])

            fault = played[-1]
            assert isinstance(fault, Fault), (exchange.name, cut)
            assert fault.kind == "interrupted"
            if said := [c for c in played if not isinstance(c, Fault)]:
                partial = sum(said).to_message()
                assert partial.finish_reason is None
                assert whole.text.startswith(partial.text)


def test_bytes_one_by_one_say_what_they_say_at_once(streams):
    """Where a stream is cut makes no difference."""
    for exchange in streams:
        if len(exchange.response) > 30_000:
            continue
        decoder = OPENAI_RESPONSES.decoder()
        steps = [
            step for byte in exchange.response for step in decoder.feed(bytes([byte]))
        ]

        assert [*steps, *decoder.close()] == _played(exchange.response)


# ------------------------------------------------------------- one by one


@pytest.mark.parametrize(
    "name",
    [
        "prism/tests/Fixtures/openai/stream-rate-limited-1.json#0",
        "openai-error.1.chunks.txt#0",
    ],
)
def test_an_error_event_is_a_fault(recorded, name):
    """`error`, then `response.failed`, are one Fault."""
    faults = [s for s in _played(_one(recorded, name).response) if isinstance(s, Fault)]

    assert [fault.kind for fault in faults] == ["rate_limit"]


def test_an_answer_cut_by_its_limit_keeps_the_unfinished_call(recorded):
    """incomplete_mid_tool_call.yaml: `response.incomplete` is "length"."""
    body = _one(recorded, "incomplete_mid_tool_call.yaml#0").response

    message = OPENAI_RESPONSES.read_reply(body)

    assert message.finish_reason == "length"
    assert message.response_metadata["status"] == "incomplete"
    assert message.invalid_tool_calls[0]["args"] == '{"x":48151'


def test_a_subscription_says_no_items_in_its_last_event(recorded):
    """none_suppresses_tool_calls.yaml: what was streamed stands."""
    body = _one(recorded, "none_suppresses_tool_calls.yaml#0").response

    message = OPENAI_RESPONSES.read_reply(body)

    assert message.content == "5"
    assert message.additional_kwargs["phase"] == "final_answer"


def test_bedrock_streams_without_event_lines(recorded):
    """bedrock_mantle: no `event:`, reasoning as text, content_index from 1."""
    name = "bedrock_mantle_responses_chat_streams_through_the_responses_surface.yml#0"

    message = OPENAI_RESPONSES.read_reply(_one(recorded, name).response)

    assert [b["type"] for b in message.content_blocks] == ["reasoning", "text"]
    assert message.content_blocks[0]["extras"]["content_index"] == 0


def test_summary_parts_stay_apart(recorded):
    """test_instrument_langchain.yaml: each part of a summary is a block."""
    body = _one(recorded, "test_instrument_langchain.yaml#0").response

    blocks = OPENAI_RESPONSES.read_reply(body).content_blocks

    kinds = [block["type"] for block in blocks]
    assert kinds == ["reasoning", "reasoning", "tool_call"]


def test_items_that_never_ended_come_out_of_the_last_event(recorded):
    """mcp_list_tools_stream_backfills_missing_results.yaml: three lists of tools."""
    name = "mcp_list_tools_stream_backfills_missing_results.yaml#0"

    blocks = OPENAI_RESPONSES.read_reply(_one(recorded, name).response).content_blocks

    results = [b["output"] for b in blocks if b["type"] == "server_tool_result"]
    assert len(results) == 3
    assert all(results)


def test_a_background_stream_is_queued_first(recorded):
    """test_background_mode_streaming_vcr.yaml: `response.queued`."""
    body = _one(recorded, "test_background_mode_streaming_vcr.yaml#0").response

    first = _played(body)[0]

    assert first.response_metadata["status"] == "queued"


def test_a_made_image_is_an_image(recorded):
    """test_openai_responses_image_generation_jpeg.yaml: result and format."""
    name = "test_openai_responses_image_generation_jpeg.yaml#0"

    blocks = OPENAI_RESPONSES.read_reply(_one(recorded, name).response).content_blocks

    images = [block for block in blocks if block["type"] == "image"]
    assert [image["mime_type"] for image in images] == ["image/jpeg"]


def test_citations_of_a_stream_are_annotations(recorded):
    """stream-with-provider-tool-1.json: each citation once."""
    name = "stream-with-provider-tool-1.json#0"

    blocks = OPENAI_RESPONSES.read_reply(_one(recorded, name).response).content_blocks

    notes = blocks[-1]["annotations"]
    assert [(n["type"], n["start_index"]) for n in notes] == [
        ("citation", 170),
        ("citation", 330),
    ]
