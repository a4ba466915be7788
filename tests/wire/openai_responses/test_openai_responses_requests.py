"""Requests of OpenAI Responses, read and written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import AIMessage, HumanMessage, SystemMessage, ToolMessage
from harness.errors import InputError, WireError
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec, tool_spec
from harness.wire.openai_responses import OPENAI_RESPONSES

CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
CUSTOM = {"type": "custom_tool_call", "call_id": "c2", "name": "sh", "input": "ls"}
TEXT = {"type": "input_text", "text": "Hi"}


def _read(**body):
    return OPENAI_RESPONSES.read_request(json.dumps(body).encode())


def _written(request):
    return json.loads(OPENAI_RESPONSES.write_request(request))


def _asked(*messages, **fields):
    return _written(ChatRequest(messages, **fields))


SPELLINGS = {
    "text": {"input": "Hi"},
    "short": {"input": [{"role": "user", "content": "Hi"}]},
    "typed": {"input": [{"type": "message", "role": "user", "content": "Hi"}]},
    "parts": {"input": [{"role": "user", "content": [TEXT]}]},
    "instructions": {"instructions": "Be brief.", "input": "Hi"},
    "no instructions": {"instructions": "", "input": "Hi"},
    "no input": {"previous_response_id": "resp_1"},
    "roles": {
        "input": [
            {"role": "system", "content": "a"},
            {"role": "developer", "content": "b"},
            {"role": "user", "content": "c"},
        ]
    },
    "answers": {
        "input": [
            {"role": "assistant", "content": "a"},
            {"role": "assistant", "content": "b"},
            CALL,
            {"role": "assistant", "content": "c"},
            {"type": "message", "role": "assistant", "content": "d"},
        ]
    },
    "answer in parts": {
        "input": [
            {
                "role": "assistant",
                "content": [
                    {"type": "output_text", "text": "a"},
                    {"type": "refusal", "refusal": "no"},
                ],
            },
            {
                "role": "assistant",
                "content": [{"type": "output_text", "text": "b", "annotations": []}],
            },
        ]
    },
    "answers with ids": {
        "input": [
            {
                "type": "message",
                "role": "assistant",
                "id": f"msg_{n}",
                "status": "completed",
                "phase": "commentary",
                "content": [
                    {
                        "type": "output_text",
                        "text": "a",
                        "annotations": [
                            {
                                "type": "url_citation",
                                "url": "https://a.b",
                                "title": "A",
                                "start_index": 0,
                                "end_index": 1,
                            },
                            {"type": "file_path", "file_id": "f", "index": 1},
                        ],
                        "logprobs": [],
                    }
                ],
            }
            for n in range(2)
        ]
    },
    "reasoning": {
        "input": [
            {"type": "reasoning", "id": "rs_1", "summary": [], "content": []},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "a"}]},
            {
                "type": "reasoning",
                "id": "rs_2",
                "encrypted_content": "gAAA",
                "summary": [],
                "content": [
                    {"type": "reasoning_text", "text": "a"},
                    {"type": "reasoning_text", "text": "b"},
                ],
            },
        ]
    },
    "calls": {
        "input": [
            {**CALL, "id": "fc_1", "status": "completed"},
            {**CALL, "arguments": '{"a": 1}', "call_id": "c3"},
            {**CALL, "arguments": '{"a": 1', "call_id": "c4"},
            CUSTOM,
            {"type": "function_call_output", "call_id": "c1", "output": "1"},
            {"type": "function_call_output", "call_id": "c3", "output": [TEXT]},
            {"type": "custom_tool_call_output", "call_id": "c2", "output": ""},
        ]
    },
    "the provider's tools": {
        "input": [
            {
                "type": "web_search_call",
                "id": "ws_1",
                "status": "completed",
                "action": {"type": "search", "query": "x"},
            },
            {
                "type": "code_interpreter_call",
                "id": "ci_1",
                "status": "completed",
                "code": "1",
                "container_id": "cntr",
                "outputs": [{"type": "logs", "logs": "1"}],
            },
            {
                "type": "mcp_call",
                "id": "mcp_1",
                "server_label": "s",
                "name": "f",
                "arguments": '{"a":  1}',
                "output": "1",
            },
            {
                "type": "image_generation_call",
                "id": "ig_1",
                "status": "completed",
                "result": "AAAA",
            },
        ]
    },
    "what the application says": {
        "input": [
            {
                "type": "computer_call_output",
                "call_id": "c",
                "output": {"type": "computer_screenshot", "image_url": "u"},
            },
            {"type": "local_shell_call_output", "id": "c", "output": "x"},
            {
                "type": "mcp_approval_response",
                "approval_request_id": "m",
                "approve": True,
            },
            {"type": "item_reference", "id": "msg_1"},
        ]
    },
    "media": {
        "input": [
            {
                "role": "user",
                "content": [
                    {
                        "type": "input_image",
                        "image_url": "https://a.b",
                        "detail": "low",
                    },
                    {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
                    {"type": "input_image", "file_id": "file-1"},
                    {"type": "input_file", "file_id": "file-1"},
                    {"type": "input_file", "file_url": "https://a.b/c.pdf"},
                    {"type": "input_file", "file_data": "AAAA", "filename": "a.pdf"},
                    {"type": "input_file", "file_data": "data:text/csv;base64,AAAA"},
                    {
                        "type": "input_audio",
                        "input_audio": {"data": "AAAA", "format": "mp3"},
                    },
                    {**TEXT, "prompt_cache_breakpoint": {"mode": "explicit"}},
                    {"type": "input_video", "video": "x"},
                ],
            }
        ]
    },
    "tools": {
        "input": "Hi",
        "tools": [
            {"type": "function", "name": "f"},
            {
                "type": "function",
                "name": "g",
                "description": "",
                "parameters": {},
                "strict": False,
                "defer_loading": True,
            },
            {"type": "custom", "name": "sh", "format": {"type": "text"}},
            {"type": "web_search"},
            {
                "type": "namespace",
                "name": "ns",
                "description": "d",
                "tools": [{"type": "function", "name": "h", "parameters": {"a": 1}}],
            },
            {"type": "namespace", "name": "empty", "tools": []},
        ],
        "tool_choice": {"type": "web_search"},
        "parallel_tool_calls": False,
    },
    "allowed tools": {
        "input": "Hi",
        "tool_choice": {
            "type": "allowed_tools",
            "mode": "required",
            "tools": [{"type": "function", "name": "f"}],
        },
    },
    "required": {"input": "Hi", "tool_choice": "required"},
    "none": {"input": "Hi", "tool_choice": "none"},
    "unknown choice": {"input": "Hi", "tool_choice": "sometimes"},
    "formats": {
        "input": "Hi",
        "text": {
            "verbosity": "low",
            "format": {
                "type": "json_schema",
                "name": "a",
                "schema": {"type": "object"},
                "strict": True,
                "description": "d",
            },
        },
    },
    "plain format": {"input": "Hi", "text": {"format": {"type": "text"}}},
    "verbosity": {"input": "Hi", "text": {"verbosity": "low"}},
    "parameters": {
        "model": "gpt-5",
        "input": "Hi",
        "stream": False,
        "max_output_tokens": 16,
        "temperature": 0.5,
        "top_logprobs": 2,
        "reasoning": {"effort": "low"},
        "include": ["reasoning.encrypted_content"],
        "store": False,
        "metadata": {"a": "b"},
        "truncation": "auto",
    },
    "a stream": {"input": "Hi", "stream": True},
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_what_was_read_is_written_as_it_was(name):
    """Every spelling survives, and so do the messages."""
    body = SPELLINGS[name]
    request = _read(**body)

    written = _written(request)

    assert written == body
    assert _read(**written) == request


def test_messages_are_as_those_of_any_format():
    """Instructions are the system's, items of the model are one message."""
    request = _read(
        instructions="Be brief.",
        input=[
            {"role": "user", "content": "Hi"},
            {"type": "reasoning", "id": "rs_1", "summary": []},
            CALL,
            {"type": "function_call_output", "call_id": "c1", "output": "1"},
        ],
        max_output_tokens=3,
    )

    kinds = [message.type for message in request.messages]

    assert kinds == ["system", "human", "ai", "tool"]
    assert request.messages[2].tool_calls[0]["id"] == "c1"
    assert request.params == {"max_tokens": 3}


def test_tools_of_a_namespace_are_bound():
    """A script may call them; a custom tool has its mark."""
    request = _read(**SPELLINGS["tools"])

    assert request.tool("h").parameters == {"a": 1}
    assert request.tool("sh").extras["type"] == "custom"
    assert request.tool_choice.name == "web_search"


def test_what_python_asks_is_written_as_the_api_wants_it():
    """System messages, images, tools, a choice, a schema, a limit."""
    image = {"type": "image", "base64": "AAAA", "mime_type": "image/png"}
    tool = tool_spec({"name": "f", "description": "d", "parameters": {}})

    written = _asked(
        SystemMessage("Be brief."),
        HumanMessage([{"type": "text", "text": "Look"}, image]),
        tools=(tool,),
        tool_choice=ToolChoice("tool", "f"),
        response_format=ResponseFormat("json_schema", {"title": "A"}),
        params={"max_tokens": 5, "logprobs": True},
        model="gpt-5",
    )

    assert written == {
        "model": "gpt-5",
        "input": [
            {"role": "system", "content": "Be brief."},
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Look"},
                    {
                        "type": "input_image",
                        "image_url": "data:image/png;base64,AAAA",
                    },
                ],
            },
        ],
        "tools": [
            {
                "type": "function",
                "name": "f",
                "description": "d",
                "parameters": {"type": "object", "properties": {}},
            }
        ],
        "tool_choice": {"type": "function", "name": "f"},
        "text": {
            "format": {"type": "json_schema", "name": "A", "schema": {"title": "A"}}
        },
        "max_output_tokens": 5,
        "include": ["message.output_text.logprobs"],
    }


def test_another_providers_answer_can_be_sent_as_history():
    """What it said for itself alone is left out."""
    answer = AIMessage(
        [
            {"type": "reasoning", "reasoning": "Hm", "extras": {"signature": "E"}},
            {"type": "server_tool_call", "id": "s", "name": "web_search", "args": {}},
            {"type": "server_tool_result", "tool_call_id": "s", "output": []},
            {"type": "non_standard", "value": {"type": "container_upload"}},
            {"type": "text", "text": "Hi", "extras": {"signature": "E"}},
        ],
        tool_calls=[{"name": "f", "args": {"a": 1}, "id": "toolu_1"}],
    )

    written = _asked(answer, ToolMessage("1", tool_call_id="toolu_1", status="error"))

    assert written["input"] == [
        {"role": "assistant", "content": "Hi"},
        {
            "type": "function_call",
            "call_id": "toolu_1",
            "name": "f",
            "arguments": '{"a":1}',
        },
        {"type": "function_call_output", "call_id": "toolu_1", "output": "1"},
    ]


def test_an_answer_of_this_format_is_sent_with_what_was_kept_of_it():
    """Ids, phases and encrypted reasoning go back with the history."""
    reply = {
        "id": "resp_1",
        "output": [
            {
                "type": "reasoning",
                "id": "rs_9",
                "encrypted_content": "gA",
                "summary": [],
            },
            {
                "type": "message",
                "id": "msg_9",
                "role": "assistant",
                "status": "completed",
                "phase": "commentary",
                "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
            },
            {**CALL, "id": "fc_9", "status": "completed"},
        ],
    }
    message = OPENAI_RESPONSES.read_reply(json.dumps(reply).encode())

    items = _asked(message)["input"]

    assert items[0] == reply["output"][0]
    assert items[1] == reply["output"][1]
    assert items[2] == {**CALL, "id": "fc_9"}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ToolChoice("any"), "required"),
        (ToolChoice("any", provider={"type": "any"}), "required"),
        (ToolChoice("tool", "sh"), {"type": "custom", "name": "sh"}),
        (ToolChoice("tool", "web"), {"type": "web_search"}),
        (ToolChoice("tool", "f", {"type": "tool", "name": "f"}), "f"),
        (ToolChoice("tool", "f", {"type": "function", "function": {"name": "f"}}), "f"),
        (
            ToolChoice(
                "auto",
                provider={
                    "type": "allowed_tools",
                    "allowed_tools": {
                        "mode": "auto",
                        "tools": [
                            {"type": "function", "function": {"name": "f"}},
                            {"type": "web_search"},
                        ],
                    },
                },
            ),
            {
                "type": "allowed_tools",
                "mode": "auto",
                "tools": [{"type": "function", "name": "f"}, {"type": "web_search"}],
            },
        ),
    ],
)
def test_choices_of_other_formats_are_written_in_this_one(choice, expected):
    """Whoever's dict a choice was given in."""
    tools = (
        ToolSpec("f"),
        ToolSpec("sh", extras={"type": "custom"}),
        ToolSpec("web", provider={"type": "web_search"}),
    )

    written = _asked(HumanMessage("Hi"), tools=tools, tool_choice=choice)

    if expected == "f":
        expected = {"type": "function", "name": "f"}
    assert written["tool_choice"] == expected


@pytest.mark.parametrize(
    ("message", "fields", "what"),
    [
        (HumanMessage("Hi"), {"stop": ("a",)}, "stop"),
        (HumanMessage([{"type": "video", "url": "u"}]), {}, "video"),
        (HumanMessage([{"type": "image"}]), {}, "where its data is"),
        (HumanMessage([{"type": "audio", "url": "u"}]), {}, "without 'base64'"),
        (HumanMessage([{"type": "non_standard"}]), {}, "without a 'value'"),
        (AIMessage([{"type": "audio", "base64": "A"}]), {}, "assistant"),
        (
            HumanMessage("Hi"),
            {"tools": (ToolSpec("w", provider={"type": "web_search_20250305"}),)},
            "another provider",
        ),
    ],
)
def test_what_the_format_cannot_say_is_refused(message, fields, what):
    """With an error that names it."""
    with pytest.raises(InputError, match=what):
        _asked(message, **fields)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"messages": []}',
        b'{"input": 1}',
        b'{"input": [1]}',
        b'{"input": [{"role": "king", "content": "a"}]}',
        b'{"input": [{"role": ["user"], "content": "a"}]}',
        b'{"input": [{"role": "user", "content": 1}]}',
        b'{"input": [{"role": "user", "content": [1]}]}',
        b'{"input": [{"type": "function_call", "arguments": 1}]}',
        b'{"input": "a", "tools": 1}',
        b'{"input": "a", "tools": [{}]}',
        b'{"input": "a", "tools": [{"type": "function", "name": "f", "strict": 1}]}',
        b'{"input": "a", "text": {"format": {"type": "xml"}}}',
        b'{"input": "a", "text": 1}',
    ],
)
def test_what_is_no_request_is_a_wire_error(body):
    """And nothing else, whatever is wrong."""
    with pytest.raises(WireError, match="openai-responses"):
        OPENAI_RESPONSES.read_request(body)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["", "a", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                "type id content text summary output arguments name call_id tools "
                "annotations input status code outputs action strict".split()
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
_TYPES = st.sampled_from(
    "message reasoning function_call custom_tool_call mcp_call web_search_call "
    "code_interpreter_call tool_search_output image_generation_call dance "
    "function_call_output computer_call_output local_shell_call_output custom "
    "function namespace".split()
)


@given(kind=_TYPES, item=_JSON, role=st.sampled_from([None, "user", "assistant"]))
def test_whatever_is_asked_is_read_and_written_or_refused(kind, item, role):
    """No value, wherever it stands, makes any other error."""
    said = {**(item if isinstance(item, dict) else {"content": item}), "type": kind}
    named = {**said, "role": role} if role else said
    for body in ({"input": [named]}, {"input": "a", "tools": [said], "text": item}):
        try:
            request = _read(**body)
            written = _written(request)
        except (InputError, WireError):
            continue
        assert _written(_read(**written)) == written
