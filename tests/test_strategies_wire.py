"""Strategies of what goes over a wire: lawful, in order, and of the parts asked for."""

from itertools import groupby
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from harness import strategies as hst
from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.messages import AIMessage, HumanMessage
from harness.requests import ChatRequest
from harness.steps import Fault, fault_error

UNSHRUNK = settings(phases=[Phase.generate], max_examples=2_000)


@given(hst.wire_answers())
def test_an_answer_says_why_it_ended(message: AIMessage) -> None:
    """An answer that calls tools ends in tool_calls, and no other does."""
    called = bool(message.tool_calls)

    assert (message.finish_reason == "tool_calls") is called
    assert not message.invalid_tool_calls


@given(hst.wire_answers(parts=["text", "calls"]))
def test_an_answer_has_only_the_parts_asked_for(message: AIMessage) -> None:
    """What is no part is not drawn."""
    kinds = {block["type"] for block in message.content_blocks}

    assert kinds <= {"text", "tool_call"}
    assert (message.usage_metadata, message.id) == (None, None)
    assert message.response_metadata.keys() == {"finish_reason"}


@pytest.mark.parametrize("part", ["reasoning", "refusal", "text", "usage", "id"])
def test_every_part_is_drawn(part: str) -> None:
    """What is a part is drawn, sooner or later."""

    def says(message: AIMessage) -> bool:
        kinds = {block["type"] for block in message.content_blocks}
        known = {"usage": message.usage_metadata, "id": message.id}
        return bool(known.get(part)) or part in kinds

    assert says(find(hst.wire_answers(), says, settings=UNSHRUNK))


@given(hst.wire_answers(), st.booleans(), st.data())
def test_chunks_sum_to_their_message(
    message: AIMessage, halved: bool, data: st.DataObject
) -> None:
    """However an answer is cut, its chunks sum to it."""
    chunks = data.draw(hst.wire_chunks(message, halved=halved))

    assert sum(chunks, AIMessageChunk()).to_message() == message
    assert chunks[-1].chunk_position == "last"


@given(hst.wire_answers(), st.data())
def test_chunks_come_in_the_order_of_servers(
    message: AIMessage, data: st.DataObject
) -> None:
    """Id and model come first, then block after block; the end is last."""
    chunks = data.draw(hst.wire_chunks(message))

    first, metadata = chunks[0], message.response_metadata
    assert first.id == message.id
    assert first.response_metadata.get("model_name") == metadata.get("model_name")
    places = [place for chunk in chunks for place in said(chunk)]
    assert len([*groupby(places)]) == len(set(places))
    ends = [n for n, chunk in enumerate(chunks) if chunk.finish_reason]
    assert not any(said(chunk) for chunk in chunks[ends[0] + 1 :])


def said(chunk: AIMessageChunk) -> list[tuple[Any, ...]]:
    """Give the blocks that a chunk says something of."""
    content: Any = chunk.content
    blocks = (
        content if isinstance(content, list) else [{"type": "text"}] * bool(content)
    )
    found = [
        (b["type"], b.get("index")) for b in blocks if "tool_call" not in b["type"]
    ]
    return [*found, *(("call", call["index"]) for call in chunk.tool_call_chunks)]


def test_text_is_cut_inside_what_people_see_as_one() -> None:
    """A cut falls between the characters of one picture, or (*halved*) inside one."""
    message = AIMessage("👩\u200d💻", response_metadata={"finish_reason": "stop"})

    cut = find(hst.wire_chunks(message), lambda chunks: len(chunks) > 4)
    halves = find(
        hst.wire_chunks(message, halved=True),
        lambda chunks: any("\ud83d" in str(c.model_dump()["content"]) for c in chunks),
    )

    assert [chunk.text for chunk in cut if chunk.text] == ["👩", "\u200d", "💻"]
    assert sum(halves, AIMessageChunk()).text == message.text


def test_usage_comes_once_or_as_running_totals() -> None:
    """A first total may be said with the first chunk, before there is any output."""
    message = AIMessage(
        "Hi",
        usage_metadata={"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
        response_metadata={"finish_reason": "stop"},
    )

    begun = find(
        hst.wire_chunks(message),
        lambda chunks: len(chunks) > 1 and chunks[0].usage_metadata,
    )

    assert begun[0].usage_metadata == {
        "input_tokens": 3,
        "output_tokens": 0,
        "total_tokens": 3,
    }


@given(hst.wire_requests())
def test_every_call_of_a_request_has_its_result(request: ChatRequest) -> None:
    """After an answer with calls come their results, in order, and nothing else."""
    messages = [*request.messages]
    for n, message in enumerate(messages):
        ids = [call["id"] for call in getattr(message, "tool_calls", [])]
        results = messages[n + 1 : n + 1 + len(ids)]
        assert [getattr(result, "tool_call_id", None) for result in results] == ids


@given(hst.wire_requests(parts=["tools", "temperature"]))
def test_a_request_has_only_the_parts_asked_for(request: ChatRequest) -> None:
    """What is no part is not drawn."""
    assert request.params.keys() <= {"temperature"}
    assert (request.tool_choice, request.response_format, request.stop) == (None,) * 3
    assert not request.stream
    assert request.messages[0].type == "human"


@pytest.mark.parametrize("part", ["images", "reasoning", "tool_errors", "json_schema"])
def test_every_part_of_a_request_is_drawn(part: str) -> None:
    """What is a part is drawn, sooner or later."""

    def asks(request: ChatRequest) -> bool:
        kinds = {b["type"] for m in request.messages for b in m.content_blocks}
        failed = [m for m in request.messages if getattr(m, "status", "") == "error"]
        form = request.response_format
        return {
            "images": "image" in kinds,
            "reasoning": "reasoning" in kinds,
            "tool_errors": bool(failed),
            "json_schema": form is not None and form.kind == "json_schema",
        }[part]

    assert asks(find(hst.wire_requests(), asks, settings=UNSHRUNK))


@given(hst.faults())
def test_faults_can_be_said_by_a_reply(fault: Fault) -> None:
    """No fault ends in silence: each is an error of some kind, with a message."""
    assert fault.kind not in ("connection", "interrupted", "timeout")
    assert str(fault_error(fault)).startswith(fault.message)


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (hst.wire_answers(parts=["txt"]), "No part is 'txt'. Did you mean 'text'"),
        (hst.wire_answers(parts="text"), "parts is 'text'; give a list of names"),
        (hst.wire_requests(parts=["tool"]), "No part is 'tool'. Did you mean 'tools'"),
        (hst.wire_chunks(HumanMessage("x")), "give an AIMessage"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments_are_told(
    strategy: st.SearchStrategy[Any], message: str
) -> None:
    """What cannot be drawn is an error that says what can."""
    with pytest.raises(InputError, match=message):
        find(strategy, lambda _: True)
