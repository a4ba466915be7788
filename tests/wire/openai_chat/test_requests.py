"""Requests of OpenAI Chat Completions: read, and written again as they came."""

import json
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import InputError, WireError
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec
from harness.wire.openai_chat import OPENAI_CHAT

HI = {"role": "user", "content": "Hi"}
PNG = "data:image/png;base64,QQ=="


def body(*messages: Any, **fields: Any) -> bytes:
    """Give the body of a request."""
    return json.dumps({"messages": [*messages] or [HI], **fields}).encode()


def without_nulls(value: Any) -> Any:
    """Leave out members of objects that are null."""
    if isinstance(value, dict):
        return {k: without_nulls(v) for k, v in value.items() if v is not None}
    return [*map(without_nulls, value)] if isinstance(value, list) else value


def again(data: bytes, url: str = "") -> Any:
    """Read a body and write it."""
    return json.loads(OPENAI_CHAT.write_request(OPENAI_CHAT.read_request(data, url)))


def written(*messages: Message, **fields: Any) -> dict[str, Any]:
    """Write a request that was made in Python."""
    request = ChatRequest(messages or (HumanMessage("Hi"),), model="m", **fields)
    said: dict[str, Any] = json.loads(OPENAI_CHAT.write_request(request))
    return said


def call(args: Any = '{"x":1}', **more: Any) -> dict[str, Any]:
    """Give a call."""
    function = {"name": "f", "arguments": args}
    return {"id": "a", "type": "function", "function": function, **more}


ASSISTANT: dict[str, dict[str, Any]] = {
    "text": {"content": "Hi"},
    "nothing": {"content": ""},
    "null": {"content": None},
    "absent": {},
    "a list of one": {"content": [{"type": "text", "text": "Hi"}]},
    "a list of two": {"content": [{"type": "text", "text": t} for t in "ab"]},
    "an empty list": {"content": []},
    "call": {"content": None, "tool_calls": [call()]},
    "call and empty content": {"content": "", "tool_calls": [call()]},
    "call and text": {"content": "Wait.", "tool_calls": [call()]},
    "call with spaces": {"tool_calls": [call('{"x": 1}')]},
    "call without arguments": {"tool_calls": [call("")]},
    "call with null": {"tool_calls": [call(None)]},
    "calls in any order": {"tool_calls": [call('{"x'), call("{}", id="b")]},
    "call without id or name": {
        "tool_calls": [{"type": "function", "function": {"name": "", "arguments": ""}}]
    },
    "call with an object": {"tool_calls": [call({"x": 1})]},
    "call that is no JSON": {"tool_calls": [call('{"x')]},
    "call with index": {"tool_calls": [call(index=0)]},
    "call without type": {"tool_calls": [call(type=None)]},
    "call of another type": {"tool_calls": [call(type="mcp")]},
    "call with odd keys": {
        "tool_calls": [call(function={"name": "f", "arguments": "{}", "odd": 1})]
    },
    "call with a signature": {
        "tool_calls": [call(extra_content={"google": {"thought_signature": "s"}})]
    },
    "custom call": {
        "tool_calls": [
            {"id": "a", "type": "custom", "custom": {"name": "sql", "input": "x"}}
        ]
    },
    "function call of old": {"function_call": {"name": "f", "arguments": "{}"}},
    "reasoning_content": {"content": "Hi", "reasoning_content": "Hm"},
    "reasoning": {"content": "Hi", "reasoning": "Hm"},
    "reasoning alone": {"content": "", "reasoning": "Hm"},
    "reasoning under two names": {
        "content": "Hi",
        "reasoning": "Hm",
        "reasoning_content": "Hm",
    },
    "reasoning and a list": {
        "content": [{"type": "text", "text": "Hi"}],
        "reasoning": "Hm",
    },
    "reasoning that is no text": {"content": "Hi", "reasoning": {"effort": "high"}},
    "reasoning_details": {
        "content": "Hi",
        "reasoning": "Hm",
        "reasoning_details": [
            {"type": "reasoning.text", "text": "Hm", "signature": "s", "index": 0}
        ],
    },
    "reasoning_details alone": {
        "content": "Hi",
        "reasoning_details": [{"type": "reasoning.summary", "summary": "Hm"}, "odd"],
    },
    "thinking": {
        "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
            {"type": "text", "text": "Hi"},
        ]
    },
    "thinking that is closed": {
        "content": [
            {
                "type": "thinking",
                "thinking": [{"type": "text", "text": "Hm"}, {"type": "reference"}],
                "closed": True,
            },
        ]
    },
    "refusal": {"content": None, "refusal": "No."},
    "refusal as a part": {"content": [{"type": "refusal", "refusal": "No."}]},
    "name": {"content": "Hi", "name": "bob"},
    "audio": {"content": None, "audio": {"id": "audio_1"}},
    "audio with more": {"content": None, "audio": {"id": "audio_1", "odd": 1}},
    "annotations": {
        "content": "See",
        "annotations": [
            {
                "type": "url_citation",
                "url_citation": {"url": "u", "start_index": 0, "end_index": 3},
            },
            {"type": "url_citation", "url_citation": {"url": "u", "title": ""}},
            {"type": "file", "file": 1},
        ],
    },
    "annotations of nothing": {
        "content": "",
        "annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}],
    },
    "annotations of a list without text": {
        "content": [{"type": "refusal", "refusal": "No."}],
        "annotations": [{"type": "url_citation", "url_citation": {"url": "u"}}],
    },
    "no annotations": {"content": "Hi", "annotations": []},
    "images": {
        "content": "Here",
        "images": [{"type": "image_url", "image_url": {"url": PNG}}],
    },
    "odd images": {"content": "Here", "images": [{"odd": 1}]},
    "prefix": {"content": "He", "prefix": True},
    "id": {"content": "Hi", "id": "msg_1"},
}


@pytest.mark.parametrize("said", ASSISTANT.values(), ids=ASSISTANT)
def test_what_the_model_said_is_written_as_it_came(said: dict[str, Any]) -> None:
    """Every spelling of an assistant's message is kept."""
    message = {"role": "assistant", **said}

    found = again(body(HI, message))["messages"][1]

    assert without_nulls(found) == without_nulls(message)


PARTS: list[Any] = [
    {"type": "text", "text": "Hi"},
    {"type": "text", "text": "Hi", "cache_control": {"type": "ephemeral"}},
    {"type": "image_url", "image_url": {"url": "https://a.b/c.png", "detail": "low"}},
    {"type": "image_url", "image_url": {"url": PNG}},
    {"type": "image_url", "image_url": "https://a.b/c.png"},
    {"type": "image_url", "image_url": {"url": PNG}, "cache_control": {}},
    {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "mp3"}},
    {"type": "file", "file": {"file_id": "file_1"}},
    {"type": "file", "file": {"filename": "a.pdf", "file_data": PNG}},
    {"type": "file", "file": {"file_data": "https://a.b/c.pdf"}},
    {"type": "file", "file": {"odd": 1}},
    {"type": "video_url", "video_url": {"url": "https://a.b/c.mp4"}},
    {"type": "text", "text": 3},
    {"type": "file", "file": 3},
    {"odd": 1},
    "Hi",
]


@pytest.mark.parametrize("role", ["user", "system", "developer", "tool", "assistant"])
@pytest.mark.parametrize("part", PARTS, ids=map(str, range(len(PARTS))))
def test_parts_are_written_as_they_came(role: str, part: Any) -> None:
    """Every part stays what it was, known or not, whoever says it."""
    message = {"role": role, "content": [part, {"type": "text", "text": "!"}]}
    if role == "tool":
        message["tool_call_id"] = "a"

    assert again(body(message))["messages"] == [message]


def test_parts_are_standard_blocks() -> None:
    """Images, audio and files are read as every format's."""
    said = {"role": "user", "content": [PARTS[2], PARTS[6], PARTS[8]]}

    (message,) = OPENAI_CHAT.read_request(body(said)).messages

    assert message.content == [
        {"type": "image", "url": "https://a.b/c.png", "extras": {"detail": "low"}},
        {"type": "audio", "base64": "QQ==", "mime_type": "audio/mp3"},
        {
            "type": "file",
            "base64": "QQ==",
            "mime_type": "image/png",
            "extras": {"filename": "a.pdf"},
        },
    ]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "system", "content": "Be brief.", "name": "boss"},
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": ""},
        {"role": "user", "content": []},
        {"role": "user", "content": None},
        {"role": "user", "content": "Hi", "odd": {"a": 1}},
        {"role": "tool", "content": "1", "tool_call_id": "a", "name": "f"},
        {"role": "function", "content": "1", "name": "f"},
        {"role": "function", "content": "1", "name": "f", "tool_call_id": "a"},
    ],
)
def test_other_messages_are_written_as_they_came(message: dict[str, Any]) -> None:
    """So is what others than the model say."""
    found = again(body(message))["messages"][0]

    assert without_nulls(found) == without_nulls(message)


FUNCTION = {"name": "f", "parameters": {"type": "object", "properties": {}}}
TOOL = {"type": "function", "function": FUNCTION}
CUSTOM = {"type": "custom", "custom": {"name": "sql", "format": {"type": "text"}}}


@pytest.mark.parametrize(
    "fields",
    [
        {"stop": "END"},
        {"stop": ["END"]},
        {"stop": []},
        {"stream": False},
        {"stream": True, "stream_options": {"include_usage": True}},
        {"temperature": 0, "max_completion_tokens": 5, "n": 2, "odd": None},
        {"parallel_tool_calls": False},
        {"response_format": {"type": "text"}},
        {"response_format": {"type": "json_object", "schema": {"a": 1}}},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "description": "", "strict": True},
            }
        },
        {"tools": []},
        {"tools": [TOOL, CUSTOM]},
        {"tools": [{**TOOL, "cache_control": {"type": "ephemeral"}}]},
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        {"tools": [{"type": "function", "function": {"name": "f", "description": ""}}]},
        {"tools": [{"type": "function", "function": {**FUNCTION, "type": "function"}}]},
        {"tools": [{"type": "function", "function": {**FUNCTION, "strict": False}}]},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}]},
        {"tools": [FUNCTION]},
        {"tools": [{"type": "function", **FUNCTION}]},
        {"tools": [{"type": "openrouter:web_search", "parameters": {}}]},
        {"functions": []},
        {"functions": [FUNCTION]},
        {"functions": [FUNCTION], "function_call": "auto"},
        {"functions": [FUNCTION], "function_call": {"name": "f"}},
        *(
            {"tools": [TOOL, CUSTOM], "tool_choice": choice}
            for choice in (
                "auto",
                "none",
                "required",
                "any",
                "f",
                "odd",
                {"type": "function", "function": {"name": "f"}},
                {"type": "custom", "custom": {"name": "sql"}},
                {"type": "function", "function": {"name": "other"}},
                {
                    "type": "allowed_tools",
                    "allowed_tools": {"mode": "auto", "tools": [TOOL]},
                },
                {"odd": 1},
            )
        ),
    ],
)
def test_fields_are_written_as_they_came(fields: dict[str, Any]) -> None:
    """So is everything beside the messages."""
    said = json.loads(body(model="m", **fields))

    assert without_nulls(again(body(model="m", **fields))) == without_nulls(said)


def test_a_custom_tool_has_a_name() -> None:
    """A tool that takes free text is the provider's, and found by its name."""
    request = OPENAI_CHAT.read_request(body(tools=[CUSTOM]))

    assert request.tools == (ToolSpec("sql", provider=CUSTOM),)
    assert request.tool("sql") is not None


def test_azures_model_stands_in_the_url() -> None:
    """Where the body has no model, the URL's is read, and not written into the body."""
    url = "https://a.azure.com/openai/deployments/gpt-4o/chat/completions?api-version=1"

    request = OPENAI_CHAT.read_request(body(), url)

    assert request.model == "gpt-4o"
    assert OPENAI_CHAT.read_request(body(model="m"), url).model == "m"
    assert "model" not in json.loads(OPENAI_CHAT.write_request(request))


def test_a_field_that_was_changed_is_written_anew() -> None:
    """The old spelling of a field holds only while it says the same."""
    request = OPENAI_CHAT.read_request(
        body(stop="END", stream=False, response_format={"type": "text"}, tools=[])
    )

    changed = replace(
        request,
        stop=("a", "b"),
        stream=True,
        response_format=ResponseFormat("json_object"),
        tools=(ToolSpec("f"),),
    )

    said = json.loads(OPENAI_CHAT.write_request(changed))
    assert said["stop"] == ["a", "b"]
    assert said["stream"] is True
    assert said["response_format"] == {"type": "json_object"}
    assert said["tools"] == [{"type": "function", "function": {"name": "f"}}]


def test_marks_that_are_none_of_ours_are_passed_over() -> None:
    """What stands where our marks do, and makes no sense, is not sent."""
    params = {"openai-chat": {"stop": 3, "odd": 1}}

    assert written(params=params, stop=("a",))["stop"] == ["a"]
    assert written(params={"openai-chat": 3}).keys() == {"model", "messages"}


def test_a_model_that_is_empty() -> None:
    """A body that has a model, if an empty one, has it."""
    assert again(body(model=""))["model"] == ""


def test_arguments_that_were_changed_are_written_anew() -> None:
    """The old spelling of arguments holds only while they say the same."""
    extras = [
        {"openai-chat": {"arguments": spelled}} for spelled in ('{"x": 2}', "x", {})
    ]
    calls = [
        {"name": "f", "args": {"x": 1}, "id": "a", "extras": extra} for extra in extras
    ]

    said = written(AIMessage(tool_calls=calls))["messages"][0]["tool_calls"]

    assert [c["function"]["arguments"] for c in said] == ['{"x":1}'] * 3


# --------------------------------------------------------------- made in Python


def test_a_request_made_in_python() -> None:
    """Messages, tools, choice, format and parameters in OpenAI's words."""
    tool = ToolSpec("f", "Does it.", {"type": "object", "properties": {}}, strict=True)
    answer = AIMessage("", tool_calls=[{"name": "f", "args": {"x": "é"}, "id": None}])

    said = written(
        SystemMessage("Be brief."),
        HumanMessage("Hi", name="ann"),
        answer,
        ToolMessage("1", tool_call_id="call_1", status="error"),
        tools=(tool,),
        tool_choice=ToolChoice("tool", "f"),
        parallel_tool_calls=True,
        response_format=ResponseFormat("json_schema", {"title": "T"}, strict=True),
        stop=("END",),
        params={"temperature": 0.5},
        stream=True,
    )

    called = {"name": "f", "arguments": '{"x":"é"}'}
    assert said == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hi", "name": "ann"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "call_1", "type": "function", "function": called}
                ],
            },
            {"role": "tool", "content": "1", "tool_call_id": "call_1"},
        ],
        "temperature": 0.5,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "f",
                    "description": "Does it.",
                    "parameters": {"type": "object", "properties": {}},
                    "strict": True,
                },
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "parallel_tool_calls": True,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "T", "schema": {"title": "T"}, "strict": True},
        },
        "stop": ["END"],
        "stream": True,
    }


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (ToolChoice("auto"), "auto"),
        (ToolChoice("none"), "none"),
        (ToolChoice("any"), "required"),
        (ToolChoice("tool", "sql"), {"type": "custom", "custom": {"name": "sql"}}),
        (ToolChoice("tool", "web_search"), {"type": "web_search"}),
        (
            ToolChoice("tool", "f", {"type": "tool", "name": "f"}),
            {"type": "function", "function": {"name": "f"}},
        ),
    ],
)
def test_choices_made_in_python(choice: ToolChoice, said: Any) -> None:
    """Each mode, and a choice in another provider's words."""
    tools = (
        ToolSpec("f"),
        ToolSpec("sql", provider=CUSTOM),
        ToolSpec("web_search", provider={"type": "web_search"}),
    )

    assert written(tools=tools, tool_choice=choice)["tool_choice"] == said


@pytest.mark.parametrize(
    ("block", "part"),
    [
        ("Hi", {"type": "text", "text": "Hi"}),
        ({"type": "text-plain", "text": "Hi"}, {"type": "text", "text": "Hi"}),
        (
            {"type": "image", "base64": "QQ==", "mime_type": "image/png"},
            {"type": "image_url", "image_url": {"url": PNG}},
        ),
        (
            {"type": "image", "source": {"type": "url", "url": "u"}},
            {"type": "image_url", "image_url": {"url": "u"}},
        ),
        (
            {"type": "image", "source_type": "url", "url": "u"},
            {"type": "image_url", "image_url": {"url": "u"}},
        ),
        (
            {"type": "audio", "base64": "QQ==", "mime_type": "audio/mpeg"},
            {"type": "input_audio", "input_audio": {"data": "QQ==", "format": "mp3"}},
        ),
        (
            {"type": "file", "base64": "QQ==", "mime_type": "application/pdf"},
            {
                "type": "file",
                "file": {
                    "filename": "file.pdf",
                    "file_data": "data:application/pdf;base64,QQ==",
                },
            },
        ),
        (
            {"type": "input_text", "text": "Hi"},
            {"type": "text", "text": "Hi"},
        ),
    ],
)
def test_blocks_made_in_python(block: Any, part: Any) -> None:
    """Standard blocks, and other providers' spellings, become parts."""
    assert written(HumanMessage([block]))["messages"][0]["content"] == [part]


@pytest.mark.parametrize(
    ("said", "block"),
    [
        ("thinking that is closed", {"type": "reasoning", "reasoning": "Hm"}),
        ("audio", {"type": "audio", "id": "audio_1"}),
    ],
)
def test_what_the_model_said_is_standard_blocks(said: str, block: Any) -> None:
    """What the standard has no field for is in the extras."""
    (message,) = OPENAI_CHAT.read_request(
        body({"role": "assistant", **ASSISTANT[said]})
    ).messages

    (found,) = message.content_blocks
    assert {k: v for k, v in found.items() if k != "extras"} == block


@pytest.mark.parametrize(
    ("block", "content"),
    [
        ({"type": "text", "text": "Hi"}, "Hi"),
        (
            {"type": "text", "text": "Hi", "extras": {"new": 1}},
            [{"type": "text", "text": "Hi", "new": 1}],
        ),
    ],
)
def test_a_text_with_more_to_say_is_a_list(block: Any, content: Any) -> None:
    """A plain text has no place for it."""
    assert written(AIMessage([block]))["messages"][0]["content"] == content


def test_a_function_of_old_is_chosen_by_its_name() -> None:
    """Its choice has no type around it."""
    asked = OPENAI_CHAT.read_request(body(HI, functions=[FUNCTION]))
    name = FUNCTION["name"]

    said = written(tools=asked.tools, tool_choice=ToolChoice("tool", str(name)))

    assert said["function_call"] == {"name": name}


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            HumanMessage([{"type": "video", "url": "u"}]),
            r"no part for the block \{'type': 'video'.* Leave it out",
        ),
        (HumanMessage([{"type": "image", "file_id": "x"}]), "Give 'url', or 'base64'"),
        (HumanMessage([{"type": "audio", "url": "u"}]), "Give 'base64' and"),
        (HumanMessage([{"type": "file", "url": "u"}]), "or the 'file_id' of an"),
        (AIMessage([{"type": "audio", "base64": "QQ=="}]), "names the audio of an"),
        (
            AIMessage(
                tool_calls=[
                    {
                        "name": "sql",
                        "args": {"q": 1},
                        "id": "a",
                        "extras": {"type": "custom"},
                    }
                ]
            ),
            "custom tool 'sql' is called with",
        ),
    ],
)
def test_what_has_no_form_is_refused(message: Message, told: str) -> None:
    """What OpenAI cannot be told says so, and what to do."""
    with pytest.raises(InputError, match=told):
        written(message)


def test_what_is_no_message_is_refused() -> None:
    """A request holds messages."""
    with pytest.raises(InputError, match="'Hi' is no message that can be sent"):
        written("Hi")  # type: ignore[arg-type]


def test_images_of_tools_go_to_the_user() -> None:
    """A tool can only say text: its images follow, after the last of its fellows."""
    image = {"type": "image", "url": "u"}

    said = written(
        ToolMessage([{"type": "text", "text": "See"}, image], tool_call_id="a"),
        ToolMessage([image], tool_call_id="b"),
        HumanMessage("So?"),
        ToolMessage([image], tool_call_id="c"),
    )["messages"]

    part = {"type": "image_url", "image_url": {"url": "u"}}
    title = "What the tool call {} returned:"
    titles = [{"type": "text", "text": title.format(call_id)} for call_id in "abc"]
    text = {"type": "text", "text": "See"}
    assert said == [
        {"role": "tool", "content": [text], "tool_call_id": "a"},
        {"role": "tool", "content": "", "tool_call_id": "b"},
        {"role": "user", "content": [titles[0], part, titles[1], part]},
        {"role": "user", "content": "So?"},
        {"role": "tool", "content": "", "tool_call_id": "c"},
        {"role": "user", "content": [titles[2], part]},
    ]


def test_another_providers_answer_can_be_sent() -> None:
    """Signatures and what ran at the other provider are left out, words are kept."""
    answer = AIMessage(
        [
            {"type": "reasoning", "reasoning": "Hm", "extras": {"signature": "s"}},
            {"type": "server_tool_call", "id": "s", "name": "search", "args": {}},
            {"type": "text", "text": "Hi", "extras": {"signature": "s"}},
            {"type": "non_standard", "value": {"type": "odd"}},
        ],
        response_metadata={"model_provider": "anthropic"},
        additional_kwargs={"signature": "s"},
    )

    assert written(answer)["messages"] == [
        {"role": "assistant", "content": "Hi", "reasoning_content": "Hm"}
    ]


def test_reasoning_goes_back_under_its_name() -> None:
    """History goes to the provider as it said it."""
    reply = {"choices": [{"message": {"content": "Hi", "reasoning": "Hm"}}]}

    answer = OPENAI_CHAT.read_reply(json.dumps(reply).encode())

    assert written(answer)["messages"] == [
        {"role": "assistant", "content": "Hi", "reasoning": "Hm"}
    ]


# ------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ({"role": "critic", "content": "x"}, "its role is 'critic'. Known: 'assis"),
        ({"content": "x"}, "its role is None"),
        ({"role": "tool", "content": "x"}, "has no 'tool_call_id'"),
        ({"role": "user", "content": "x", "name": 3}, "'name' is 3, not a str"),
        ({"role": "assistant", "tool_calls": {}}, "'tool_calls' is {}, not a list"),
        ({"role": "assistant", "tool_calls": [call(3)]}, "'arguments' of a tool call"),
    ],
)
def test_wrong_messages(message: Any, told: str) -> None:
    """A message that is none is named by its place."""
    with pytest.raises(WireError) as caught:
        OPENAI_CHAT.read_request(body(HI, message))

    assert "a request cannot be read: Message 1: " in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"stop": 3}, "'stop' is 3; it is a text, or a list of texts"),
        ({"stop": [3]}, r"'stop' is [3]; it is"),
        ({"tools": [3]}, "3 is not a tool"),
        ({"tools": {}}, "'tools' is {}, not a list"),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "strict": 1}}]},
            "1",
        ),
    ],
)
def test_wrong_fields(fields: dict[str, Any], told: str) -> None:
    """A field of a wrong type is named."""
    with pytest.raises(WireError) as caught:
        OPENAI_CHAT.read_request(body(**fields))

    assert told in str(caught.value)
