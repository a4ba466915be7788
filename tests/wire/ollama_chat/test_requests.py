"""Requests of Ollama's chat API: read, and written as they were."""

import json

import pytest

from harness.errors import InputError, WireError
from harness.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from harness.requests import ChatRequest, ResponseFormat
from harness.steps import Fault
from harness.tool_specs import ToolChoice, ToolSpec
from harness.wire.ollama_chat import OLLAMA_CHAT as OLLAMA


def there_and_back(body):
    request = OLLAMA.read_request(json.dumps(body).encode(), "/api/chat")
    return json.loads(OLLAMA.write_request(request))


def asked(*messages, **fields):
    return json.loads(OLLAMA.write_request(ChatRequest(messages, **fields)))


CALL = {"function": {"name": "f", "arguments": {"a": 1}}}
TOOL = {"type": "function", "function": {"name": "f"}}


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"role": "user", "content": ""}],
        [{"role": "user"}],
        [{"role": "system", "content": "a", "new": 1}],
        [{"role": "user", "content": "a", "images": ["iVBORw0K", "x"]}],
        [{"role": "user", "content": "", "images": []}],
        [{"role": "assistant", "content": "a", "thinking": "b", "tool_calls": []}],
        [{"role": "assistant", "thinking": ""}],
        [{"role": "assistant", "content": "", "images": ["x"]}],
        [
            {"role": "assistant", "content": "", "tool_calls": [CALL, CALL]},
            {"role": "tool", "content": "1", "tool_name": "f"},
            {"role": "tool", "content": "2"},
        ],
        [
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "x",
                        "type": "function",
                        "function": {"index": 0, "name": "f", "arguments": {}},
                    },
                    {"id": "y", "function": {"name": "g", "arguments": {}}},
                ],
            },
            {"role": "tool", "content": "1", "tool_call_id": "y"},
            {"role": "tool", "content": "2", "tool_name": "f"},
            {"role": "tool", "content": "3", "tool_name": "f", "tool_call_id": "z"},
        ],
    ],
)
def test_messages_come_back(messages):
    """Keys that were left out stay out; those that say nothing stay in."""
    body = {"model": "m", "messages": messages, "stream": False}

    assert there_and_back(body) == body


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"stream": True},
        {"tools": []},
        {"tools": [TOOL]},
        {"tools": [{"function": {"name": "f", "parameters": {}, "description": ""}}]},
        {
            "tools": [
                {
                    **TOOL,
                    "new": 1,
                    "function": {
                        "name": "f",
                        "description": "d",
                        "parameters": {"type": "object"},
                        "strict": True,
                        "newer": 2,
                    },
                }
            ]
        },
        {"options": {}},
        {"options": {"temperature": 0, "num_predict": 5, "top_k": 1, "min_p": 0.1}},
        {"options": {"stop": ["a"], "seed": 1}},
        {"options": {"stop": "a"}},
        {"format": "json"},
        {"format": ""},
        {"format": {"type": "object"}},
        {"think": "low", "keep_alive": -1, "logprobs": True, "top_logprobs": 2},
    ],
)
def test_fields_come_back(fields):
    """Whatever is asked beside the messages is written as it was."""
    body = {"model": "m", "messages": [{"role": "user", "content": "a"}], **fields}

    assert there_and_back(body) == body


def test_stream_goes_without_saying():
    """The API streams unless it is told not to."""
    said = [{}, {"stream": None}, {"stream": True}, {"stream": False}]
    bodies = [json.dumps({"messages": [], **fields}).encode() for fields in said]

    found = [OLLAMA.read_request(body).stream for body in bodies]

    assert found == [True, True, True, False]
    assert asked(stream=True)["stream"] is True
    assert OLLAMA.path(ChatRequest(())) == "/api/chat"


def test_answers_of_tools_find_their_calls():
    """By name, else in order; ids are those that the answer was read with."""
    messages = [
        {"role": "assistant", "tool_calls": [CALL, {"function": {"name": "g"}}]},
        {"role": "tool", "content": "1", "tool_name": "g"},
        {"role": "tool", "content": "2"},
        {"role": "tool", "content": "3", "tool_name": "h"},
    ]
    reply = {"message": {"tool_calls": [CALL]}, "done": True}

    request = OLLAMA.read_request(json.dumps({"messages": messages}).encode())
    answer = OLLAMA.read_reply(json.dumps(reply).encode())

    asking, second, first, nobody = request.messages
    ids = [call["id"] for call in asking.tool_calls]
    assert [first.tool_call_id, second.tool_call_id] == ids
    assert answer.tool_calls[0]["id"] == ids[0]
    assert nobody.tool_call_id not in ids


def test_request_made_in_python_is_what_the_api_wants():
    """Answers name their tools; options, images and tools are in their places."""
    call = {"name": "f", "args": {"a": 1}, "id": "t"}

    said = asked(
        SystemMessage("a", additional_kwargs={"role": "developer"}),
        HumanMessage([{"type": "text", "text": "b"}, {"type": "image", "base64": "x"}]),
        AIMessage("", tool_calls=[call]),
        ToolMessage("c", tool_call_id="t"),
        ToolMessage("d", tool_call_id="u", name="g"),
        model="m",
        tools=(ToolSpec("f", "F.", {"type": "object"}),),
        tool_choice=ToolChoice("auto"),
        parallel_tool_calls=True,
        response_format=ResponseFormat("json_schema", {"type": "object"}, "n"),
        stop=("x",),
        params={"max_tokens": 5, "n": 1, "think": None, "options": {"num_ctx": 9}},
    )

    assert said == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "a"},
            {"role": "user", "content": "b", "images": ["x"]},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": "t", **CALL}],
            },
            {"role": "tool", "content": "c", "tool_name": "f", "tool_call_id": "t"},
            {"role": "tool", "content": "d", "tool_name": "g", "tool_call_id": "u"},
        ],
        "stream": False,
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "f",
                    "description": "F.",
                    "parameters": {"type": "object"},
                },
            }
        ],
        "format": {"type": "object"},
        "options": {"num_ctx": 9, "num_predict": 5, "stop": ["x"]},
    }


def test_history_of_another_provider_can_be_sent():
    """What it said in its own way is left out; what is shared is not."""
    message = AIMessage(
        [
            {"type": "reasoning", "reasoning": "Hm", "extras": {"signature": "s"}},
            {"type": "server_tool_call", "name": "w", "args": {}, "id": "1"},
            {"type": "non_standard", "value": {}},
            {"type": "text", "text": "a", "annotations": []},
        ],
        additional_kwargs={"x": 1},
        response_metadata={"model_provider": "openai"},
    )

    (said,) = asked(message)["messages"]

    assert said == {"role": "assistant", "content": "a", "thinking": "Hm"}


@pytest.mark.parametrize(
    "fields, why",
    [
        ({"tool_choice": ToolChoice("any")}, "no tool_choice"),
        ({"tool_choice": ToolChoice("tool", "f")}, "cannot be told 'f'"),
        ({"parallel_tool_calls": False}, "leave parallel_tool_calls out"),
        ({"params": {"n": 2}}, "not n=2"),
        ({"tools": (ToolSpec("w", provider={"type": "w"}),)}, "bind a function"),
    ],
)
def test_requests_without_a_form_are_refused(fields, why):
    """What the API cannot be asked is an InputError that says what can."""
    with pytest.raises(InputError, match=why):
        asked(HumanMessage("Hi"), **fields)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"messages": {}}',
        b'{"messages": [1]}',
        b'{"messages": [{"role": "model", "content": ""}]}',
        b'{"messages": [{"role": "user", "content": []}]}',
        b'{"messages": [{"role": "tool", "content": "", "tool_name": 1}]}',
        b'{"messages": [], "tools": [1]}',
        b'{"messages": [], "tools": [{"function": {"name": "f", "parameters": 1}}]}',
        b'{"messages": [], "format": 1}',
        b'{"messages": [], "options": 1}',
        b'{"messages": [], "stream": 1}',
        b'{"messages": [], "model": 1}',
    ],
)
def test_requests_that_are_none_are_refused(body):
    """Whatever is wrong, it is a WireError that names the dialect."""
    with pytest.raises(WireError, match="ollama-chat"):
        OLLAMA.read_request(body)


def test_errors_are_a_text_under_error():
    """The body says what went wrong, and the status how."""
    reply = OLLAMA.write_error(Fault("Oh", kind="rate_limit"))

    assert (reply.status, reply.body) == (429, b'{"error":"Oh"}')
    again = OLLAMA.read_error(reply.status, reply.headers, reply.body)
    assert (again.kind, again.message) == ("rate_limit", "Oh")


def test_the_dialect_says_what_it_is():
    """Its name, and the content type of its streams."""
    assert OLLAMA.name == "ollama-chat"
    assert OLLAMA.stream_type == "application/x-ndjson"


def test_calls_of_the_history_that_are_none_are_refused_on_the_way_out():
    """Such a call can be read, and not be sent: the API has no form for it."""
    bad = {"function": {"name": "f", "arguments": "{"}}
    body = {"messages": [{"role": "assistant", "tool_calls": [bad]}]}

    request = OLLAMA.read_request(json.dumps(body).encode())

    assert request.messages[0].invalid_tool_calls[0]["args"] == "{"
    with pytest.raises(InputError, match="mend them"):
        OLLAMA.write_request(request)
