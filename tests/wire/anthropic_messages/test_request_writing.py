"""Requests that programs build, in the words of Anthropic Messages."""

import json
from typing import Any

import pytest

from harness.errors import InputError
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec
from harness.wire.anthropic_messages import ANTHROPIC_MESSAGES

F = ToolSpec("f", "Does f.", {"type": "object", "properties": {}})
THEIRS = {"model_provider": "openai"}


def written(*messages: Message, **fields: Any) -> dict[str, Any]:
    """Write a request."""
    body = ANTHROPIC_MESSAGES.write_request(ChatRequest(messages, **fields))
    said: dict[str, Any] = json.loads(body)
    return said


def turns(*messages: Message) -> list[Any]:
    """Write messages."""
    said: list[Any] = written(*messages)["messages"]
    return said


def user(*blocks: Any) -> Any:
    """Write what a user says."""
    (turn,) = turns(HumanMessage(list(blocks)))
    return turn["content"]


def test_tokens_are_asked_for_as_the_provider_demands() -> None:
    """Without max_tokens, 4096 are asked for."""
    assert written(HumanMessage("Hi"))["max_tokens"] == 4096
    assert (
        written(HumanMessage("Hi"), params={"max_tokens": None})["max_tokens"] == 4096
    )
    assert written(HumanMessage("Hi"), params={"max_tokens": 5})["max_tokens"] == 5


def test_system_messages_at_the_start_are_the_system() -> None:
    """One is as it was given, several are blocks; a later one is a turn."""
    one = written(SystemMessage("a"), HumanMessage("Hi"), SystemMessage("b"))
    two = written(SystemMessage("a"), SystemMessage("b"), HumanMessage("Hi"))

    assert one["system"] == "a"
    assert one["messages"][1] == {"role": "system", "content": "b"}
    assert two["system"] == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]


def test_neighbours_of_the_user_become_one_turn() -> None:
    """Results of tools and what a person says after them stand together."""
    call = {"name": "f", "args": {"a": 1}, "id": "t"}

    assert turns(
        HumanMessage("Hi"),
        AIMessage("", tool_calls=[call]),
        ToolMessage("no", tool_call_id="t", status="error"),
        ToolMessage([{"type": "image", "url": "u"}], tool_call_id="u"),
        HumanMessage("Well?"),
    ) == [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t",
                    "content": "no",
                    "is_error": True,
                },
                {
                    "type": "tool_result",
                    "tool_use_id": "u",
                    "content": [
                        {"type": "image", "source": {"type": "url", "url": "u"}}
                    ],
                },
                {"type": "text", "text": "Well?"},
            ],
        },
    ]


def test_ids_have_the_letters_that_the_provider_takes() -> None:
    """Call and result keep matching; a call without id gets one."""
    calls = [{"name": "f", "args": {}, "id": "functions.f:0"}]
    nameless = [{"name": "f", "args": {}, "id": None}]

    call, answer = turns(
        AIMessage("", tool_calls=calls), ToolMessage("", tool_call_id="functions.f:0")
    )
    (made,) = turns(AIMessage("", tool_calls=nameless))

    assert call["content"][0]["id"] == "functions_f_0"
    assert answer["content"][0]["tool_use_id"] == "functions_f_0"
    assert made["content"][0]["id"].startswith("toolu_01")


def test_media_in_all_their_places() -> None:
    """Images and files are sources; data URLs and texts become what they hold."""
    assert user(
        {"type": "image", "base64": "aQ==", "mime_type": "image/png"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,aQ=="}},
        {"type": "image", "url": "data:image/gif;base64,aQ==", "cache_control": {}},
        {"type": "file", "base64": "aQ==", "extras": {"filename": "a.pdf"}},
        {"type": "file", "base64": "aGk=", "mime_type": "text/markdown"},
        {"type": "file", "file_id": "f"},
        {"type": "text-plain", "text": "hi"},
        {"type": "text-plain", "url": "https://a.b/c"},
    ) == [
        {"type": "image", "source": _data("image/png")},
        {"type": "image", "source": _data("image/png")},
        {"type": "image", "source": _data("image/gif"), "cache_control": {}},
        {"type": "document", "source": _data("application/pdf"), "title": "a.pdf"},
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "hi"},
        },
        {"type": "document", "source": {"type": "file", "file_id": "f"}},
        {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": "hi"},
        },
        {"type": "document", "source": {"type": "url", "url": "https://a.b/c"}},
    ]


def _data(mime: str) -> dict[str, str]:
    return {"type": "base64", "media_type": mime, "data": "aQ=="}


@pytest.mark.parametrize(
    "block, why",
    [
        ({"type": "audio", "base64": "", "mime_type": "audio/wav"}, "no audio block"),
        ({"type": "video", "url": "u"}, "no video block"),
        ({"type": "image", "base64": "aQ=="}, "add its 'mime_type'"),
        ({"type": "image"}, "has no data"),
        ({"type": "image", "text": "a cat"}, "has no data"),
        ({"type": "file", "base64": "!", "mime_type": "text/plain"}, "not the base64"),
        ({"type": "file", "base64": "/w==", "mime_type": "text/csv"}, "not the base64"),
    ],
)
def test_what_the_format_cannot_say_is_refused(block: Any, why: str) -> None:
    """The error shows the block and says what to do."""
    with pytest.raises(InputError, match=why):
        user(block)


def test_thinking_goes_back_only_with_its_signature() -> None:
    """What nobody signed is left out, and a turn of nothing else with it."""
    unsigned = {"type": "reasoning", "reasoning": "Hm"}
    signed = {**unsigned, "extras": {"signature": "Ev4C", "thoughtSignature": "x"}}

    assert turns(
        AIMessage([unsigned, {"type": "text", "text": "a"}]),
        AIMessage([unsigned]),
        AIMessage([signed]),
    ) == [
        {"role": "assistant", "content": [{"type": "text", "text": "a"}]},
        {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "Hm", "signature": "Ev4C"}],
        },
    ]


def test_answers_of_others_go_back_as_text_and_calls() -> None:
    """Nothing is sent that only another provider can read."""
    note = {"type": "citation", "url": "u", "start_index": 0, "end_index": 1}
    answer = AIMessage(
        [
            {"type": "reasoning", "reasoning": "Hm", "extras": {"signature": "x"}},
            {"type": "text", "text": ""},
            {"type": "text", "text": "a", "annotations": [note]},
            {"type": "refusal", "refusal": "No."},
            {"type": "server_tool_call", "id": "s", "name": "w", "args": {}},
            {"type": "non_standard", "value": {"type": "computer_call"}},
        ],
        tool_calls=[{"name": "f", "args": {}, "id": "t", "extras": {"type": "custom"}}],
        invalid_tool_calls=[{"name": "g", "args": '{"a": 1, "b', "id": "u"}],
        additional_kwargs={"audio": {}},
        response_metadata=THEIRS,
    )
    void = AIMessage("", response_metadata=THEIRS)

    assert turns(answer, void) == [
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "a"},
                {"type": "text", "text": "No."},
                {"type": "tool_use", "id": "t", "name": "f", "input": {}},
                {"type": "tool_use", "id": "u", "name": "g", "input": {"a": 1}},
            ],
        }
    ]


@pytest.mark.parametrize("notes", [[{"type": "citation", "url": "u"}, 7], 7, []])
def test_citations_that_only_others_can_check_are_not_sent(notes: Any) -> None:
    """The text is, whatever stands where its citations should."""
    answer = AIMessage([{"type": "text", "text": "a", "annotations": notes}])

    assert turns(answer)[0]["content"] == [{"type": "text", "text": "a"}]


def test_tools_and_choices() -> None:
    """Tools of programs, of this provider and extras of others."""
    web = {"type": "web_search_20250305", "name": "web_search"}
    tools = (F, ToolSpec("g", strict=True), ToolSpec("web_search", provider=web))

    body = written(HumanMessage("Hi"), tools=tools, parallel_tool_calls=False)

    assert body["tools"] == [
        {"name": "f", "description": "Does f.", "input_schema": F.parameters},
        {
            "name": "g",
            "input_schema": {"type": "object", "properties": {}},
            "strict": True,
        },
        web,
    ]
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


@pytest.mark.parametrize(
    "choice, parallel, expected",
    [
        (None, None, None),
        (ToolChoice("auto"), None, {"type": "auto"}),
        (ToolChoice("any"), True, {"type": "any", "disable_parallel_tool_use": False}),
        (ToolChoice("none"), False, {"type": "none"}),
        (ToolChoice("tool", "f"), None, {"type": "tool", "name": "f"}),
        (
            ToolChoice("tool", "f", {"type": "function", "function": {"name": "f"}}),
            None,
            {"type": "tool", "name": "f"},
        ),
        (
            ToolChoice("any", provider={"functionCallingConfig": {"mode": "ANY"}}),
            None,
            {"type": "any"},
        ),
        (
            ToolChoice(
                "any", provider={"type": "any", "disable_parallel_tool_use": True}
            ),
            None,
            {"type": "any", "disable_parallel_tool_use": True},
        ),
    ],
)
def test_tool_choice(choice: Any, parallel: Any, expected: Any) -> None:
    """Every mode, whoever's dict it came in, with the parallel flag."""
    body = written(
        HumanMessage("Hi"), tools=(F,), tool_choice=choice, parallel_tool_calls=parallel
    )

    assert body.get("tool_choice") == expected


def test_parallel_without_tools_is_not_said() -> None:
    """Where there are no tools there is no choice."""
    assert "tool_choice" not in written(HumanMessage("Hi"), parallel_tool_calls=True)


def test_response_formats() -> None:
    """A schema is said, beside what else the output's configuration has."""
    schema = ResponseFormat("json_schema", {"type": "object"}, "Name", strict=True)
    effort = {"output_config": {"effort": "low"}}

    body = written(HumanMessage("Hi"), response_format=schema, params=effort)

    assert body["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": {"type": "object"}},
    }
    plain = written(HumanMessage("Hi"), response_format=ResponseFormat("text"))
    assert "output_config" not in plain
    with pytest.raises(InputError, match="'json_object' without a schema"):
        written(HumanMessage("Hi"), response_format=ResponseFormat("json_object"))


def test_parameters_that_the_provider_does_not_have() -> None:
    """They are refused by name; one answer is what it gives anyway."""
    assert "n" not in written(HumanMessage("Hi"), params={"n": 1})
    assert written(HumanMessage("Hi"), params={"seed": None})["seed"] is None
    with pytest.raises(InputError, match="has no 'seed', which is 7"):
        written(HumanMessage("Hi"), params={"seed": 7})


def test_path() -> None:
    """The path is that of the base URL which ends in /v1."""
    assert ANTHROPIC_MESSAGES.path(ChatRequest(())) == "/messages"
