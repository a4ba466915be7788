"""Streams of OpenAI Responses: read, written, and checked against the grammar."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import AIMessage, AIMessageChunk
from harness.errors import InputError, WireError
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.openai_responses import OPENAI_RESPONSES

END = AIMessageChunk(response_metadata={"finish_reason": "stop"}, chunk_position="last")


def _event(kind: str, **said: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **said})}\n\n".encode()


def _heard(data: bytes) -> list[AIMessageChunk | Fault]:
    decoder = OPENAI_RESPONSES.decoder()
    return [*decoder.feed(data), *decoder.close()]


def _written(
    *steps: AIMessageChunk | Fault, request: ChatRequest | None = None
) -> bytes:
    encoder = OPENAI_RESPONSES.encoder(request)
    return b"".join([*map(encoder.feed, steps), encoder.close()])


def _block(kind: str, index: int | None = None, **fields: Any) -> AIMessageChunk:
    return AIMessageChunk([{"type": kind, "index": index, **fields}])


# ------------------------------------------------------------------- reading


def test_an_answer_may_come_in_its_last_event_alone():
    """Where no piece was sent, the last event is the truth."""
    message = {
        "type": "message",
        "id": "msg_1",
        "content": [{"type": "output_text", "text": "Hi"}],
    }
    answer = {"id": "resp_1", "status": "completed", "output": [message]}

    heard = OPENAI_RESPONSES.read_reply(_event("response.completed", response=answer))

    assert heard.content == "Hi"
    assert heard.finish_reason == "stop"


def test_what_is_new_of_an_item_is_said_once():
    """An item that begins after its first piece says its news with the second."""
    item = {"type": "message", "id": "msg_1", "phase": "final_answer"}
    first, *rest = [
        _event("response.output_text.delta", item_id="msg_1", delta=text)
        for text in "abcd"
    ]
    late = _event("response.output_item.added", item=item)

    *chunks, _ = _heard(first + late + b"".join(rest))

    told = [chunk.additional_kwargs.get("phase") for chunk in chunks]
    assert told == [None, "final_answer", None, None]


def _called(kind: str, pieces: list[str], whole: str) -> bytes:
    """Give the events of a call whose arguments came in pieces, and whole."""
    item = {"type": kind, "id": "a", "call_id": "c", "name": "f"}
    events, field = {
        "function_call": ("response.function_call_arguments", "arguments"),
        "custom_tool_call": ("response.custom_tool_call_input", "input"),
    }[kind]
    body = _event("response.output_item.added", output_index=0, item=item)
    for piece in pieces:
        body += _event(f"{events}.delta", output_index=0, delta=piece)
    done = {"output_index": 0, "item": {**item, field: whole}}
    return body + _event("response.output_item.done", **done)


@pytest.mark.parametrize(
    "kind, pieces, whole",
    [
        ("function_call", ['{"a": ', "1}"], '{"a": 12}'),
        ("function_call", ["{}"], '{"a": 12}'),
        ("custom_tool_call", ["a", "c"], "abc"),
    ],
)
def test_a_call_that_lost_a_piece_is_refused(kind, pieces, whole):
    """Pieces that are a whole other call than the whole must not be run."""
    with pytest.raises(WireError, match="but came in pieces as"):
        _heard(_called(kind, pieces, whole))


def test_arguments_may_be_spelled_in_another_way_when_whole():
    """Some servers write them anew; what they say is the same."""
    *chunks, _ = _heard(_called("function_call", ['{"a": ', "1}"], '{"a":1}'))

    assert sum(chunks).to_message().tool_calls[0]["args"] == {"a": 1}


@pytest.mark.parametrize("kind", ["message", "reasoning"])
def test_arguments_of_what_is_no_call_are_refused(kind):
    """Pieces of arguments cannot belong to an item that is a text."""
    item = {"type": kind, "id": "a"}
    body = _event("response.output_item.added", output_index=0, item=item)
    body += _event("response.function_call_arguments.delta", output_index=0, delta="{}")

    with pytest.raises(WireError, match=f"item 0, which is a '{kind}'"):
        _heard(body)


def test_the_rest_of_a_text_comes_from_the_event_that_ends_it():
    """Pieces that were lost are made good, and nothing is told twice."""
    at = {"output_index": 0, "content_index": 0, "item_id": "msg_1"}

    steps = _heard(
        _event("response.output_text.delta", delta="Hel", **at)
        + _event("response.output_text.done", text="Hello", **at)
        + _event("response.completed", response={"output": []})
        + b"data: [DONE]\n\n"
    )

    assert [step.text for step in steps] == ["Hel", "lo", "", ""]
    assert steps[-1].chunk_position == "last"


def test_the_input_of_a_custom_tool_is_its_one_argument():
    """Whatever is in it, it is JSON text when it is put together."""
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c", "name": "sh"}
    at = {"output_index": 0, "item_id": "ctc_1"}

    heard = sum(
        _heard(
            _event(
                "response.output_item.added", output_index=0, item={**item, "input": ""}
            )
            + _event("response.custom_tool_call_input.delta", delta='say "', **at)
            + _event("response.custom_tool_call_input.delta", delta="é\n", **at)
            + _event("response.custom_tool_call_input.done", input='say "é\n!', **at)
            + _event(
                "response.output_item.done",
                output_index=0,
                item={**item, "input": 'say "é\n!', "status": "completed"},
            )
            + _event("response.completed", response={"output": []})
        )
    ).to_message()

    assert heard.tool_calls[0]["args"] == {"input": 'say "é\n!'}
    assert heard.tool_calls[0]["extras"] == {"type": "custom", "item_id": "ctc_1"}
    assert heard.finish_reason == "tool_calls"


def test_an_unfinished_image_is_shown_until_the_next():
    """The last one stays."""
    item = {"type": "image_generation_call", "id": "ig_1", "status": "completed"}
    partial = "response.image_generation_call.partial_image"

    steps = _heard(
        _event("response.output_item.added", output_index=0, item=item)
        + _event(partial, output_index=0, partial_image_b64="AA==")
        + _event(
            "response.output_item.done", output_index=0, item={**item, "result": "BB=="}
        )
        + _event("response.completed", response={"output": []})
    )

    assert [block["base64"] for step in steps for block in step.content_blocks] == [
        "AA==",
        "BB==",
    ]
    assert sum(steps).content_blocks[0]["base64"] == "BB=="


def test_what_is_not_known_is_kept():
    """Events, items and parts of types that are new."""
    message = {
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "hologram"}],
    }

    heard = sum(
        _heard(
            _event("response.novelty", x=1)
            + _event("keepalive", sequence_number=1)
            + _event("response.web_search_call.searching", output_index=0)
            + _event(
                "response.completed", response={"output": [message, {"type": "dance"}]}
            )
        )
    )

    said = heard.to_message()
    values = [block["value"]["type"] for block in said.content]
    assert values == ["response.novelty", "hologram", "dance"]
    rewritten = OPENAI_RESPONSES.write_reply(said)
    assert OPENAI_RESPONSES.read_reply(rewritten).content == said.content


@pytest.mark.parametrize(
    ("status", "details", "expected"),
    [
        ("completed", None, "stop"),
        ("incomplete", {"reason": "max_output_tokens"}, "length"),
        ("incomplete", {"reason": "content_filter"}, "content_filter"),
        ("incomplete", None, "incomplete"),
        ("cancelled", None, "cancelled"),
        ("queued", None, None),
        ("in_progress", None, None),
    ],
)
def test_why_an_answer_ended(status, details, expected):
    """In the words of all formats; the provider's own stay beside them."""
    said = {"status": status, "incomplete_details": details, "output": []}

    heard = OPENAI_RESPONSES.read_reply(json.dumps(said).encode())

    assert heard.finish_reason == expected
    assert heard.response_metadata["status"] == status


@pytest.mark.parametrize(
    "event",
    [
        _event("error", code="rate_limit_exceeded", message="Slow down", param=None),
        _event("error", error={"code": "rate_limit_exceeded", "message": "Slow down"}),
        _event(
            "response.failed",
            response={"error": {"code": "rate_limit_exceeded", "message": "Slow down"}},
        ),
        b'{"error": {"code": "rate_limit_exceeded", "message": "Slow down"}}',
    ],
)
def test_an_error_in_a_stream_is_a_fault(event):
    """In each of its forms."""
    fault = _heard(event)[-1]

    assert isinstance(fault, Fault)
    assert (fault.kind, fault.message) == ("rate_limit", "Slow down")


@pytest.mark.parametrize(
    "event",
    [
        b"{}",
        b"data: []\n\n",
        _event("response.created", response=1),
        _event("response.created", response={"id": 1}),
        _event("response.output_text.delta", delta=1),
        _event("response.output_text.delta", delta="a", content_index="x"),
        _event("response.output_item.added", item=1),
        _event("response.output_item.added", item={"type": 1}),
        _event("response.completed", response={"output": 1}),
        _event(
            "response.completed",
            response={"output": [{"type": "message", "content": 1}]},
        ),
        _event(
            "response.completed",
            response={"output": [{"type": "function_call", "name": 1}]},
        ),
        _event(
            "response.completed",
            response={"output": [{"type": "reasoning", "summary": [{"text": 1}]}]},
        ),
        _event("response.completed", response={"output": [], "usage": 1}),
    ],
)
def test_what_has_a_wrong_type_is_a_wire_error(event):
    """That names the format."""
    with pytest.raises(WireError, match="openai-responses"):
        _heard(event)


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 2)
    | st.sampled_from(["", "a", "message"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                "type id item output output_index content text delta part usage "
                "arguments name call_id annotations action response "
                "error summary".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
_TYPES = st.sampled_from(
    "response.created response.completed response.output_item.added error x "
    "response.output_item.done response.output_text.delta response.refusal.done "
    "response.content_part.added response.content_part.done "
    "response.output_text.annotation.added response.mcp_call_arguments.done "
    "response.image_generation_call.partial_image".split()
)
_ITEMS = st.sampled_from(
    "message reasoning function_call custom_tool_call mcp_call web_search_call "
    "code_interpreter_call tool_search_output image_generation_call dance".split()
)


@given(events=st.lists(st.tuples(_TYPES, _ITEMS, _JSON, _JSON), max_size=4))
def test_whatever_comes_is_read_or_refused(events):
    """No value, wherever it stands, makes any other error."""
    for kind, item, left, right in events:
        fields = left if isinstance(left, dict) else {"item": left}
        more = right if isinstance(right, dict) else {}
        whole = {"output": [{**more, "type": item}]}
        said = {"item": {**more, "type": item}, "response": whole, "output_index": 0}
        data = _event(
            kind, **{**said, **{k: v for k, v in fields.items() if k != "type"}}
        )
        try:
            heard = _heard(data)
        except WireError:
            continue
        finally:
            OPENAI_RESPONSES.check_stream(data)
        message = sum(s for s in heard if not isinstance(s, Fault))
        OPENAI_RESPONSES.write_reply((message or AIMessageChunk()).to_message())


# ------------------------------------------------------------------- writing


def test_text_is_written_as_it_comes():
    """Each chunk is an event, or more; what is fed after the end is nothing."""
    encoder = OPENAI_RESPONSES.encoder(ChatRequest((), model="gpt-5"))

    first, second = encoder.feed(AIMessageChunk("a")), encoder.feed(AIMessageChunk("b"))
    end = encoder.close()

    assert first.count(b"event: ") == 5
    assert b'"delta":"b"' in second
    assert b'"model":"gpt-5"' in first
    assert end.count(b"event: ") == 4
    assert encoder.close() + encoder.feed(AIMessageChunk("c")) == b""


def test_a_fault_is_an_error_and_a_failed_answer():
    """Nothing comes after it; one without a word is silence."""
    fault = Fault("busy", kind="overloaded")
    data = _written(AIMessageChunk("a"), fault, AIMessageChunk("b"))

    heard = _heard(data)[-1]

    assert isinstance(heard, Fault)
    assert (heard.message, heard.kind) == ("busy", "overloaded")
    assert OPENAI_RESPONSES.check_stream(data) == []
    assert _written(Fault(kind="connection")) == b""
    assert OPENAI_RESPONSES.write_error(fault).status == 503


def test_a_block_that_has_ended_cannot_go_on():
    """The error says to order the chunks first."""
    steps = [_block("text", 0, text="a"), _block("text", 1, text="b")]
    call = {"name": "f", "args": "{", "id": "c", "index": 2}

    with pytest.raises(InputError, match="Order the chunks"):
        _written(*steps, AIMessageChunk(tool_call_chunks=[call]), steps[0])


def test_what_has_no_item_is_read_back_as_it_was():
    """Audio, another provider's blocks, results that come late."""
    chunks = [
        _block("audio", 0, base64="AAAA", mime_type="audio/wav"),
        _block("non_standard", 1, value={"type": "thing"}),
        _block("text", 2, text="a"),
        _block("server_tool_result", 3, tool_call_id="s", status="success", output=1),
        END,
    ]

    data = _written(*chunks)

    assert OPENAI_RESPONSES.read_reply(data).content == sum(chunks).to_message().content
    assert OPENAI_RESPONSES.check_stream(data) == []


def test_logprobs_go_with_their_tokens():
    """As one list, over pieces and parts."""
    a, b = {"token": "a", "logprob": -1.0}, {"token": "b", "logprob": -2.0}
    chunks = [
        AIMessageChunk("a", response_metadata={"logprobs": [a]}),
        AIMessageChunk("b", response_metadata={"logprobs": {"content": [b]}}),
        END,
    ]

    heard = OPENAI_RESPONSES.read_reply(_written(*chunks))
    again = OPENAI_RESPONSES.read_reply(OPENAI_RESPONSES.write_reply(heard))

    assert heard.response_metadata["logprobs"] == [a, b]
    assert again == heard


def test_code_and_commands_of_the_provider_are_told_in_their_events():
    """Code, arguments, states; and the result in the item."""
    chunks = [
        _block(
            "server_tool_call_chunk",
            0,
            id="ci_1",
            name="code_interpreter",
            args='{"code":"1+1"}',
            extras={"item": {"type": "code_interpreter_call"}},
        ),
        _block(
            "server_tool_call_chunk",
            0,
            args="",
            extras={"item": {"type": "code_interpreter_call", "status": "completed"}},
        ),
        _block(
            "server_tool_result",
            1,
            tool_call_id="ci_1",
            status="success",
            output=[{"type": "logs", "logs": "2"}],
        ),
        _block(
            "server_tool_call",
            2,
            id="mcp_1",
            name="f",
            args={"a": 1},
            extras={
                "item": {"type": "mcp_call", "status": "failed", "server_label": "s"}
            },
        ),
        _block(
            "server_tool_result", 3, tool_call_id="mcp_1", status="error", output="no"
        ),
        END,
    ]

    data = _written(*chunks)

    heard = OPENAI_RESPONSES.read_reply(data)
    assert heard.content == sum(chunks).to_message().content
    assert b"code_interpreter_call_code.delta" in data
    assert b"response.mcp_call.failed" in data
    assert OPENAI_RESPONSES.check_stream(data) == []


# ------------------------------------------------------------------ checking

CALL = {"name": "f", "args": '{"a":1}', "id": "c", "index": 1}
GOOD = [
    json.loads(line.removeprefix("data: "))
    for line in _written(
        AIMessageChunk("Hi", usage_metadata={"input_tokens": 1, "output_tokens": 1}),
        _block("text", None, text="", annotations=[{"type": "citation", "url": "u"}]),
        AIMessageChunk(tool_call_chunks=[CALL]),
        END,
    )
    .decode()
    .splitlines()
    if line.startswith("data: ")
]
KINDS = [event["type"].removeprefix("response.") for event in GOOD]


def _broken(change: Callable[[list[dict[str, Any]]], object]) -> set[str]:
    events = json.loads(json.dumps(GOOD))
    change(events)
    for n, event in enumerate(events):
        if "sequence_number" in event and event["sequence_number"] >= 0:
            event["sequence_number"] = n
    data = b"".join(map(_framed, events))
    return {problem.rule for problem in OPENAI_RESPONSES.check_stream(data)}


def _framed(event: dict[str, Any]) -> bytes:
    name = event.pop("called", event.get("type", "message"))
    return f"event: {name}\ndata: {json.dumps(event)}\n\n".encode()


def _at(kind: str) -> int:
    return KINDS.index(kind)


def _set(kind: str, **fields: Any) -> Callable[[list[dict[str, Any]]], object]:
    return lambda events: events[_at(kind)].update(fields)


def _without(kind: str) -> Callable[[list[dict[str, Any]]], object]:
    return lambda events: events.pop(_at(kind))


def _in(
    kind: str, place: str, **fields: Any
) -> Callable[[list[dict[str, Any]]], object]:
    return lambda events: events[_at(kind)][place].update(fields)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (_without("created"), "first"),
        (lambda events: events.insert(1, dict(events[0])), "first"),
        (lambda events: events[3].pop("type"), "type"),
        (_set("output_item.added", item=1), "type"),
        (_set("in_progress", called="response.queued"), "event"),
        (_set("in_progress", sequence_number=-7), "sequence"),
        (_without("completed"), "last"),
        (lambda events: events.append(dict(events[1])), "last"),
        (lambda events: events.insert(3, {"type": "error"}), "last"),
        (_in("completed", "response", id="x"), "id"),
        (_set("output_text.delta", item_id="x"), "id"),
        (_in("output_item.done", "item", id="x"), "id"),
        (_set("output_item.added", output_index=4), "index"),
        (_set("content_part.added", content_index=1), "index"),
        (_without("content_part.added"), "order"),
        (_without("content_part.done"), "order"),
        (_without("output_text.done"), "order"),
        (_without("output_item.done"), "order"),
        (
            lambda e: e.insert(
                _at("output_text.done") + 1, dict(e[_at("output_text.delta")])
            ),
            "order",
        ),
        (
            lambda e: e.insert(
                _at("output_item.done") + 1, dict(e[_at("output_item.done")])
            ),
            "order",
        ),
        (lambda e: e.insert(2, dict(e[_at("output_text.annotation.added")])), "order"),
        (lambda e: e.insert(2, dict(e[_at("content_part.done")])), "order"),
        (
            lambda e: e.insert(
                _at("content_part.done"), dict(e[_at("content_part.done")])
            ),
            "order",
        ),
        (_set("output_text.delta", delta="x"), "done"),
        (_set("function_call_arguments.delta", delta="x"), "done"),
        (_without("function_call_arguments.done"), "done"),
        (_in("content_part.done", "part", text="x"), "done"),
        (_in("content_part.done", "part", annotations=[]), "done"),
        (_in("output_item.done", "item", content=[]), "done"),
        (_in("completed", "response", output=[]), "completed"),
        (_in("completed", "response", output=[{}, {}]), "completed"),
        (_in("completed", "response", status="failed"), "status"),
        (_in("completed", "response", usage=1), "usage"),
    ],
)
def test_a_broken_rule_is_found(change, rule):
    """Each rule sees the stream that breaks it."""
    rules = _broken(change)

    assert rule in rules


def test_a_stream_that_breaks_no_rule_has_no_problem():
    """So the rest of these tests prove something."""
    assert _broken(lambda events: events) == set()


def test_done_is_none_of_its_events():
    """Who ends it so is an imitator."""
    data = b"".join(map(_framed, json.loads(json.dumps(GOOD)))) + b"data: [DONE]\n\n"

    problems = OPENAI_RESPONSES.check_stream(data)

    assert [problem.rule for problem in problems] == ["last"]


# ------------------------------------------------------------------- replies


def test_a_reply_of_another_formats_message_is_whole():
    """It has an id, a model and a date; the same each time."""
    message = AIMessage(
        "Hi", response_metadata={"finish_reason": "length", "created": 7}
    )
    request = ChatRequest((), model="gpt-5")

    first = OPENAI_RESPONSES.write_reply(message, request)

    said = json.loads(first)
    assert first == OPENAI_RESPONSES.write_reply(message, request)
    assert said["id"].startswith("resp_")
    assert (said["model"], said["created_at"]) == ("gpt-5", 7)
    assert said["incomplete_details"] == {"reason": "max_output_tokens"}
    assert OPENAI_RESPONSES.path(request) == "/responses"


def test_usage_is_counted_in_the_providers_words():
    """And back; what it counts besides is kept."""
    usage = {
        "input_tokens": 10,
        "output_tokens": 5,
        "total_tokens": 15,
        "input_token_details": {"cache_read": 4, "audio": 1},
        "output_token_details": {"reasoning": 2},
    }

    body = OPENAI_RESPONSES.write_reply(AIMessage("Hi", usage_metadata=usage))

    assert json.loads(body)["usage"]["input_tokens_details"] == {
        "cached_tokens": 4,
        "cache_write_tokens": 0,
        "audio_tokens": 1,
    }
    heard = OPENAI_RESPONSES.read_reply(body).usage_metadata
    assert heard["input_token_details"].pop("cache_creation") == 0
    assert heard == usage
