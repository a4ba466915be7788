"""Whole replies and errors of OpenAI Chat Completions, as OpenAI writes them."""

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from harness.errors import InputError
from harness.messages import AIMessage, HumanMessage
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.openai_chat import OPENAI_CHAT

USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


def written(message: AIMessage, request: ChatRequest | None = None) -> dict[str, Any]:
    """Give the reply that says a message."""
    said: dict[str, Any] = json.loads(OPENAI_CHAT.write_reply(message, request))
    return said


def reply(message: dict[str, Any], finish: Any = "stop", **more: Any) -> dict[str, Any]:
    """Give a reply that says a message."""
    choice = {"index": 0, "message": message, "finish_reason": finish}
    head = {"id": "c1", "created": 5, "model": "m"}
    return {**head, "choices": [choice], **more}


CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
OTHER = {
    "index": 1,
    "finish_reason": "length",
    "message": {"role": "assistant", "content": "two", "tool_calls": [CALL]},
}
NOTE = {
    "type": "url_citation",
    "url_citation": {"url": "u", "start_index": 0, "end_index": 3, "odd": 1},
}


@pytest.mark.parametrize(
    "said",
    [
        reply({"content": "Hi"}),
        reply({"content": None, "refusal": "No."}),
        reply({"content": "Hi", "reasoning": "Hm"}),
        reply({"content": "Hi", "reasoning_content": "Hm"}),
        reply(
            {
                "content": "Hi",
                "reasoning": "Hm",
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "Hm", "signature": "s"}
                ],
            }
        ),
        reply(
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
                    {"type": "reference", "reference_ids": [1]},
                    {"type": "text", "text": "Hi"},
                ]
            }
        ),
        reply({"content": "See", "annotations": [NOTE, {"type": "odd"}]}),
        reply(
            {"content": "Hi", "tool_calls": [CALL, {**CALL, "id": ""}]}, "tool_calls"
        ),
        reply({"tool_calls": [CALL]}, "stop"),
        reply(
            {
                "tool_calls": [
                    {"id": "a", "type": "custom", "custom": {"name": "f", "input": "x"}}
                ]
            }
        ),
        reply({"function_call": {"name": "f", "arguments": "{}"}}, "function_call"),
        reply(
            {"tool_calls": [{**CALL, "function": {"name": "f", "arguments": '{"a'}}]},
            "length",
        ),
        reply(
            {
                "content": None,
                "audio": {
                    "id": "a1",
                    "data": "QQ==",
                    "transcript": "Hi",
                    "expires_at": 7,
                },
            }
        ),
        reply(
            {
                "content": "Hi",
                "images": [{"type": "image_url", "image_url": {"url": "u"}}],
            }
        ),
        reply({"content": "Hi", "role": "critic", "channel": "final"}),
        reply({"content": "Hi"}, "eos", provider="P", citations=["u"]),
        reply({"content": "Hi"}, "", id="", model="", created=0),
        reply({"content": "Hi"}, usage={**USAGE, "queue_time": 0.5}),
        reply({"content": "Hi"}, service_tier="flex", system_fingerprint="fp"),
        reply({"content": "Hi"}, prompt_filter_results=[{"prompt_index": 0}]),
        {**reply({"content": "one"}), "choices": [reply({})["choices"][0], OTHER]},
    ],
)
def test_what_was_read_is_written_so_that_it_reads_the_same(said: Any) -> None:
    """A reply that was read and written reads as the same message."""
    message = OPENAI_CHAT.read_reply(json.dumps(said).encode())

    assert OPENAI_CHAT.read_reply(OPENAI_CHAT.write_reply(message)) == message


@pytest.mark.parametrize("other", [{}, {"id": ""}, {"id": "b"}, {"index": None}])
def test_calls_of_a_whole_reply_are_whole(other: dict[str, Any]) -> None:
    """None goes on with the one before it, also where it has no name and no id."""
    nameless = {"function": {"arguments": '{"a": 1}'}, **other}
    said = reply({"role": "assistant", "tool_calls": [CALL, nameless]})

    message = OPENAI_CHAT.read_reply(json.dumps(said).encode())

    assert [call["args"] for call in message.tool_calls] == [{}]
    assert [call["args"] for call in message.invalid_tool_calls] == ['{"a": 1}']


def test_logprobs_stand_in_the_choice() -> None:
    """What belongs to the choice is written there, the rest beside the choices."""
    said = reply({"content": "Hi"}, system_fingerprint="fp")
    said["choices"][0]["logprobs"] = {"content": [{"token": "Hi"}]}

    found = written(OPENAI_CHAT.read_reply(json.dumps(said).encode()))

    assert found["choices"][0]["logprobs"] == {"content": [{"token": "Hi"}]}
    assert found["system_fingerprint"] == "fp"
    assert "logprobs" not in found


def test_a_message_of_nobodys() -> None:
    """A message that no provider said gets all that a reply must have."""
    call = {"name": "f", "args": {"x": 1}, "id": None}
    usage = {
        "input_tokens": 10,
        "output_tokens": 4,
        "total_tokens": 14,
        "input_token_details": {"cache_read": 3, "audio": 1},
        "output_token_details": {"reasoning": 2},
    }
    message = AIMessage("Hi", tool_calls=[call], usage_metadata=usage)

    found = written(message, ChatRequest((HumanMessage("x"),), model="gpt"))

    function = {"name": "f", "arguments": '{"x":1}'}
    assert found.pop("id") == written(message)["id"]
    assert found == {
        "object": "chat.completion",
        "created": 0,
        "model": "gpt",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "Hi",
                    "tool_calls": [
                        {"id": "call_1", "type": "function", "function": function}
                    ],
                    "refusal": None,
                },
                "logprobs": None,
                "finish_reason": "tool_calls",
            }
        ],
        "usage": {
            **USAGE,
            "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 1},
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
    }
    ChatCompletion.model_validate(written(message), strict=True)


@pytest.mark.parametrize(
    ("message", "ends"),
    [
        (AIMessage("Hi"), ("stop", None)),
        (
            AIMessage(response_metadata={"finish_reason": "content_filter"}),
            ("content_filter", None),
        ),
        (
            AIMessage(response_metadata={"finish_reason": "pause_turn"}),
            ("stop", "pause_turn"),
        ),
        (
            AIMessage(
                tool_calls=[
                    {
                        "name": "f",
                        "args": {},
                        "id": "a",
                        "extras": {"type": "function_call"},
                    }
                ]
            ),
            ("function_call", None),
        ),
    ],
)
def test_why_an_answer_ended(message: AIMessage, ends: tuple[str, str | None]) -> None:
    """Every reply ends for a reason that OpenAI knows; another's word stands beside."""
    (choice,) = written(message)["choices"]

    assert (choice["finish_reason"], choice.get("native_finish_reason")) == ends


def test_what_ran_at_another_provider_is_left_out() -> None:
    """A reply has no words for another format's blocks; texts become one."""
    blocks = [
        {"type": "text", "text": "One. "},
        {"type": "server_tool_call", "id": "s", "name": "search", "args": {}},
        {
            "type": "text",
            "text": "Two.",
            "annotations": [{"type": "citation", "url": "u", "start_index": 0}],
        },
    ]

    (choice,) = written(AIMessage(blocks))["choices"]

    assert choice["message"]["content"] == "One. Two."
    cited = {"url": "u", "start_index": 5}
    assert choice["message"]["annotations"] == [
        {"type": "url_citation", "url_citation": cited}
    ]


@pytest.mark.parametrize("others", [3, [3], [{"odd": 1}], [{"type": "ai"}]])
def test_other_choices_that_are_none(others: Any) -> None:
    """What is no list of messages is no choice."""
    message = AIMessage("Hi", response_metadata={"other_choices": others})

    assert len(written(message)["choices"]) == 1


def test_usage_that_was_changed_is_written_anew() -> None:
    """The provider's own report is written only while it says the same."""
    message = OPENAI_CHAT.read_reply(
        json.dumps(reply({"content": "Hi"}, usage={**USAGE, "odd": 1})).encode()
    )
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}

    changed = message.model_copy(update={"usage_metadata": usage})

    assert written(changed)["usage"] == {
        "prompt_tokens": 1,
        "completion_tokens": 1,
        "total_tokens": 2,
    }
    assert "usage" not in written(message.model_copy(update={"usage_metadata": None}))


# ------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("fault", "status", "kind", "code"),
    [
        (Fault("m", "rate_limit"), 429, "requests", "rate_limit_exceeded"),
        (Fault("m", status=401), 401, "invalid_request_error", "invalid_api_key"),
        (Fault("m", status=404), 404, "invalid_request_error", None),
        (Fault("m", "overloaded"), 503, "server_error", "engine_overloaded"),
        (Fault("m", status=500), 500, "server_error", None),
        (Fault("m", status=408), 408, "timeout", "timeout"),
        (Fault("m", "interrupted", status=502), 502, "server_error", None),
    ],
)
def test_errors(fault: Fault, status: int, kind: str, code: str | None) -> None:
    """An error is said in OpenAI's words, and reads as the same fault."""
    found = OPENAI_CHAT.write_error(fault)

    error = {"message": "m", "type": kind, "param": None, "code": code}
    assert (found.status, json.loads(found.body)) == (status, {"error": error})
    again = OPENAI_CHAT.read_error(found.status, found.headers, found.body)
    assert (again.message, again.status) == ("m", status)
    assert again.kind in (fault.kind, "server")


def test_silence_is_no_reply() -> None:
    """A lost connection has no reply."""
    with pytest.raises(InputError, match="close the connection"):
        OPENAI_CHAT.write_error(Fault())


def test_the_path() -> None:
    """All requests go to one path, and streams are events."""
    request = ChatRequest((HumanMessage("Hi"),))

    assert OPENAI_CHAT.path(request) == "/chat/completions"
    assert OPENAI_CHAT.stream_type == "text/event-stream; charset=utf-8"
