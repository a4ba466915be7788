"""Whole replies and errors of Anthropic Messages, out of messages of all kinds."""

import json
from typing import Any

import pytest

from harness.errors import InputError
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.anthropic_messages import ANTHROPIC_MESSAGES

OURS = {"model_provider": "anthropic"}


def written(message: AIMessage, request: ChatRequest | None = None) -> dict[str, Any]:
    """Write a reply."""
    said: dict[str, Any] = json.loads(ANTHROPIC_MESSAGES.write_reply(message, request))
    return said


def again(message: AIMessage) -> AIMessage:
    """Write a reply and read it."""
    return ANTHROPIC_MESSAGES.read_reply(ANTHROPIC_MESSAGES.write_reply(message))


def test_a_message_of_nobody_is_a_full_reply() -> None:
    """All that clients demand is there, and the same each time."""
    message = AIMessage("Hi", usage_metadata={"input_tokens": 3, "output_tokens": 1})

    reply = written(message, ChatRequest((), model="claude"))

    assert reply == {
        "id": written(message, ChatRequest((), model="claude"))["id"],
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 1},
    }
    assert reply["id"].startswith("msg_01")
    assert written(AIMessage(""))["model"] == "harness"


def test_what_another_provider_said_is_not_said() -> None:
    """Foreign metadata stays out; id, model and counts are kept."""
    message = AIMessage(
        [
            {"type": "reasoning", "reasoning": "Hm"},
            {"type": "refusal", "refusal": "No"},
        ],
        id="chatcmpl-1",
        response_metadata={
            "model_provider": "openai",
            "model_name": "gpt",
            "system_fingerprint": "fp",
            "token_usage": {"prompt_tokens": 1},
            "finish_reason": "content_filter",
        },
        usage_metadata={
            "input_tokens": 9,
            "output_tokens": 1,
            "input_token_details": {"cache_read": 4},
        },
    )

    reply = written(message)

    assert reply["content"] == [
        {"type": "thinking", "thinking": "Hm", "signature": ""},
        {"type": "text", "text": "No"},
    ]
    assert reply["usage"] == {
        "input_tokens": 5,
        "output_tokens": 1,
        "cache_read_input_tokens": 4,
    }
    assert (reply["id"], reply["model"]) == ("chatcmpl-1", "gpt")
    assert reply["stop_reason"] == "refusal"
    assert "system_fingerprint" not in reply
    assert again(message).usage_metadata == message.usage_metadata


BLOCKS: list[dict[str, Any]] = [
    {"type": "reasoning", "reasoning": "Hm", "extras": {"signature": "Ev4C"}},
    {"type": "reasoning", "reasoning": "", "extras": {"redacted_thinking": "x"}},
    {"type": "server_tool_call", "name": "w", "args": {"q": None}, "id": "s"},
    {
        "type": "server_tool_call",
        "name": "w",
        "args": {},
        "id": "m",
        "extras": {"block_type": "mcp_tool_use", "server_name": "x"},
    },
    {
        "type": "server_tool_result",
        "tool_call_id": "s",
        "status": "error",
        "output": {"type": "w_tool_result_error", "error_code": "unavailable"},
        "extras": {"block_type": "w_tool_result"},
    },
    {"type": "non_standard", "value": {"type": "compaction", "content": "So far."}},
    {"type": "non_standard", "value": {"type": "fallback", "to": {}}},
    {"type": "non_standard", "value": {"type": "text", "text": "not a text"}},
    {"type": "non_standard", "value": 7},
    {
        "type": "text",
        "text": "a",
        "annotations": [
            {
                "type": "citation",
                "title": "D",
                "cited_text": "x",
                "extras": {"citation_type": "page_location", "document_index": 0},
            },
            {"type": "non_standard_annotation", "value": {"type": "odd"}},
            {"type": "non_standard_annotation", "value": 7},
        ],
    },
    {"type": "file", "file_id": "f", "extras": {"block_type": "container_upload"}},
]


def test_every_block_comes_back() -> None:
    """What an answer of the provider can hold is read as it was written."""
    message = AIMessage(
        BLOCKS,
        tool_calls=[{"name": "f", "args": {"a": {}}, "id": "t"}],
        invalid_tool_calls=[
            {"name": "g", "args": '{"a', "id": "u", "error": "ends inside a string"}
        ],
        response_metadata={**OURS, "container": {"id": "c"}, "stop_sequence": "x"},
    )

    found = again(message)

    assert found.content == BLOCKS
    assert found.tool_calls == message.tool_calls
    assert found.invalid_tool_calls[0]["args"] == '{"a'
    assert found.response_metadata["container"] == {"id": "c"}
    assert found.response_metadata["stop_sequence"] == "x"


def test_a_citation_of_another_provider_is_one_of_the_web() -> None:
    """It keeps what it cites; which text it marks cannot be said."""
    note = {"type": "citation", "url": "u", "title": "t", "start_index": 3}
    message = AIMessage([{"type": "text", "text": "a", "annotations": [note]}])

    (block,) = written(message)["content"]

    assert block["citations"] == [
        {
            "type": "web_search_result_location",
            "url": "u",
            "title": "t",
            "cited_text": "",
            "encrypted_index": "",
        }
    ]


def test_what_no_answer_has_is_refused() -> None:
    """An image in an answer raises an error that says what there is."""
    image = {"type": "image", "url": "https://a.b/c.png"}

    with pytest.raises(
        InputError, match="an answer of anthropic-messages has no image"
    ):
        written(AIMessage([image]))


@pytest.mark.parametrize(
    "metadata, called, reason",
    [
        ({}, False, "end_turn"),
        ({}, True, "tool_use"),
        ({"finish_reason": "stop"}, True, "tool_use"),
        ({"finish_reason": "tool_calls"}, False, "end_turn"),
        ({"finish_reason": "length"}, True, "max_tokens"),
        ({"finish_reason": "pause_turn"}, False, "pause_turn"),
        ({"finish_reason": "eos"}, False, "end_turn"),
        (
            {"finish_reason": "stop", "stop_reason": "stop_sequence"},
            False,
            "stop_sequence",
        ),
        ({"stop_reason": "max_tokens"}, False, "max_tokens"),
        ({"stop_reason": "tool_use"}, False, "end_turn"),
        ({"stop_reason": "end_turn"}, True, "tool_use"),
        ({"stop_reason": "max_tokens"}, True, "max_tokens"),
        ({"finish_reason": "tool_calls", "stop_reason": "end_turn"}, True, "tool_use"),
        ({"finish_reason": "length", "stop_reason": "end_turn"}, False, "max_tokens"),
    ],
)
def test_stop_reasons(metadata: dict[str, Any], called: bool, reason: str) -> None:
    """The reason is one that the provider has, and fits the content."""
    calls = [{"name": "f", "args": {}, "id": "t"}] if called else []

    reply = written(AIMessage("", tool_calls=calls, response_metadata=metadata))

    assert reply["stop_reason"] == reason


@pytest.mark.parametrize(
    "fault, status, kind",
    [
        (Fault("m", status=400), 400, "invalid_request_error"),
        (Fault("m", status=404), 404, "not_found_error"),
        (Fault("m", status=418), 418, "invalid_request_error"),
        (Fault("m", kind="rate_limit"), 429, "rate_limit_error"),
        (Fault("m", kind="authentication"), 401, "authentication_error"),
        (Fault("m", kind="overloaded"), 529, "overloaded_error"),
        (Fault("m", kind="server"), 500, "api_error"),
        (Fault("m", status=504), 504, "timeout_error"),
    ],
)
def test_errors_there_and_back(fault: Fault, status: int, kind: str) -> None:
    """An error has the provider's words, and is read as the fault it was."""
    reply = ANTHROPIC_MESSAGES.write_error(fault)
    again = ANTHROPIC_MESSAGES.read_error(reply.status, reply.headers, reply.body)

    assert reply.status == status
    assert json.loads(reply.body) == {
        "type": "error",
        "error": {"type": kind, "message": "m"},
    }
    assert (again.message, again.kind) == ("m", fault.kind)


def test_a_lost_connection_is_no_reply() -> None:
    """What ends in silence has no words."""
    with pytest.raises(InputError, match="close the connection"):
        ANTHROPIC_MESSAGES.write_error(Fault(kind="connection"))
