"""Requests of the Converse API: read, and written as they were."""

import json

import pytest

from harness.errors import InputError, WireError
from harness.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec
from harness.wire.bedrock_converse import BEDROCK_CONVERSE as CONVERSE

URL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/a%2Fb%3A0/converse"


def there_and_back(body):
    request = CONVERSE.read_request(json.dumps(body).encode(), URL)
    return json.loads(CONVERSE.write_request(request))


def asked(*messages, **fields):
    return json.loads(CONVERSE.write_request(ChatRequest(messages, **fields)))


def user(*content):
    return {"role": "user", "content": list(content)}


PNG = {"image": {"format": "png", "source": {"bytes": "YQ=="}}}
BLOCKS = [
    {"text": "Hi"},
    {"text": ""},
    PNG,
    {
        "image": {
            "format": "jpeg",
            "source": {"s3Location": {"uri": "s3://a", "bucketOwner": "1"}},
        }
    },
    {"image": {"source": {"new": 1}}},
    {"image": {"format": 1, "source": {"bytes": ""}}},
    {
        "document": {
            "name": "d",
            "format": "md",
            "source": {"text": "x"},
            "context": "c",
            "citations": {"enabled": True},
        }
    },
    {"document": {"name": "d", "source": {"text": "x"}}},
    {"document": {"name": "d", "format": "docx", "source": {"bytes": "YQ=="}}},
    {"document": {"name": "d", "source": {"content": [{"text": "x"}]}}},
    {"video": {"format": "three_gp", "source": {"bytes": "YQ=="}}},
    {"audio": {"format": "mp3", "source": {"bytes": "YQ=="}}},
    {"guardContent": {"text": {"text": "x"}}},
    {"cachePoint": {"type": "default"}},
    {"searchResult": {"source": "s", "title": "t", "content": [{"text": "x"}]}},
]
ANSWERS = [
    {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1.0}}},
    {"toolUse": {"toolUseId": "t", "name": "f", "input": [1]}},
    {"toolUse": {"toolUseId": "t", "name": "f", "input": "text"}},
    {"toolUse": {"toolUseId": "t", "name": "f", "input": {}, "new": 1}},
    {
        "toolUse": {
            "toolUseId": "t",
            "name": "f",
            "input": {},
            "type": "server_tool_use",
        }
    },
    {"toolResult": {"toolUseId": "t", "content": [{"json": {}}], "type": "x"}},
    {"reasoningContent": {"reasoningText": {"text": "Hm"}}},
    {"reasoningContent": {"reasoningText": {"text": "", "signature": "s"}}},
    {"reasoningContent": {"redactedContent": "YQ=="}},
    {"reasoningContent": {"new": 1}},
    {"citationsContent": {"content": [{"text": "a"}], "citations": []}},
    {
        "citationsContent": {
            "content": [{"text": "a"}, {"text": "b"}],
            "citations": [
                {
                    "title": "t",
                    "source": "s",
                    "sourceContent": [{"text": "x"}, {"text": "y"}],
                    "location": {"web": {"url": "u", "domain": "d"}},
                },
                {"sourceContent": [{"text": "x"}], "location": {"web": {"url": "u"}}},
                {},
            ],
        }
    },
    {"citationsContent": {"content": [{"new": 1}], "citations": []}},
    {"citationsContent": {"content": []}},
    {"text": "a", "also": 1},
]


@pytest.mark.parametrize("block", BLOCKS)
def test_blocks_of_the_user_come_back(block):
    """Alone, beside a text, and as the result of a tool."""
    result = {"toolResult": {"toolUseId": "t", "content": [block]}}
    for content in ([block], [{"text": "a"}, block], [result, block]):
        body = {"messages": [user(*content)]}

        assert there_and_back(body) == body


@pytest.mark.parametrize("block", [*BLOCKS, *ANSWERS])
def test_blocks_of_the_model_come_back(block):
    """In the history, alone, and before and after a text."""
    for content in ([block], [{"text": "a"}, block], [block, {"text": "a"}]):
        body = {"messages": [{"role": "assistant", "content": content}]}

        assert there_and_back(body) == body


@pytest.mark.parametrize(
    "thought, block",
    [
        ({"reasoningText": {"text": "Hm"}}, {"reasoning": "Hm"}),
        (
            {"reasoningText": {"text": "", "signature": "s"}},
            {"reasoning": "", "extras": {"reasoningSignature": "s"}},
        ),
        (
            {"redactedContent": "YQ=="},
            {"reasoning": "", "extras": {"redactedContent": "YQ=="}},
        ),
    ],
)
def test_thoughts_are_reasoning_if_nothing_stands_beside_them(thought, block):
    """What has more fields than the standard is kept whole."""
    more = {"reasoningContent": {**thought, "new": 1}}
    content = [{"reasoningContent": thought}, more]
    body = {"messages": [{"role": "assistant", "content": content}]}

    (message,) = CONVERSE.read_request(json.dumps(body).encode()).messages

    plain, whole = message.content_blocks
    assert plain == {"type": "reasoning", **block}
    assert whole == {"type": "non_standard", "value": more}


@pytest.mark.parametrize(
    "fields",
    [
        {"system": []},
        {"system": [{"text": "Be brief."}]},
        {"system": [{"text": "a"}, {"cachePoint": {"type": "default"}}]},
        {"inferenceConfig": {}},
        {"inferenceConfig": {"temperature": 0, "topP": 1, "maxTokens": 5}},
        {"inferenceConfig": {"stopSequences": [], "new": 1}},
        {"inferenceConfig": {"stopSequences": ["a"]}},
        {"toolConfig": {"tools": []}},
        {"toolConfig": {"new": 1, "toolChoice": {"auto": {}}}},
        {"toolConfig": {"toolChoice": {"any": {"new": 1}}}},
        {"toolConfig": {"toolChoice": {"tool": {"name": "f"}}}},
        {"toolConfig": {"toolChoice": {"tool": {"name": "f", "new": 1}}}},
        {"toolConfig": {"toolChoice": {"new": {}}}},
        {
            "toolConfig": {
                "tools": [
                    {
                        "toolSpec": {
                            "name": "f",
                            "description": "d",
                            "inputSchema": {"json": {"type": "object"}},
                            "strict": True,
                            "new": 1,
                        }
                    },
                    {"toolSpec": {"name": "g", "inputSchema": {"json": {}}}},
                    {"systemTool": {"name": "nova_grounding"}},
                    {"cachePoint": {"type": "default"}},
                ]
            }
        },
        {"additionalModelRequestFields": {"a": 1}, "requestMetadata": {"b": "c"}},
        {"outputConfig": {"effort": "low"}},
        {
            "outputConfig": {
                "effort": "low",
                "textFormat": {
                    "type": "json_schema",
                    "structure": {
                        "jsonSchema": {
                            "schema": '{"type":"object"}',
                            "name": "n",
                            "description": "d",
                        }
                    },
                },
            }
        },
    ],
)
def test_fields_come_back(fields):
    """Whatever is asked beside the messages is written as it was."""
    body = {"messages": [user({"text": "Hi"})], **fields}

    assert there_and_back(body) == body


def test_url_says_model_and_stream():
    """The body says neither."""
    whole = CONVERSE.read_request(b'{"messages": []}', URL)
    stream = CONVERSE.read_request(b"{}", f"{URL}-stream")

    assert (whole.model, whole.stream) == ("a/b:0", False)
    assert (stream.model, stream.stream) == ("a/b:0", True)
    assert CONVERSE.path(whole) == "/model/a%2Fb%3A0/converse"
    assert CONVERSE.path(stream) == "/model/a%2Fb%3A0/converse-stream"
    with pytest.raises(InputError, match="give the request a model"):
        CONVERSE.path(ChatRequest(()))


def test_fields_of_the_request_are_the_common_ones():
    """Where they stand in the body is the dialect's own affair."""
    body = {
        "inferenceConfig": {"stopSequences": ["a"], "maxTokens": 5},
        "toolConfig": {"toolChoice": {"any": {}}},
    }

    request = CONVERSE.read_request(json.dumps(body).encode())

    assert (request.stop, request.params) == (("a",), {"max_tokens": 5})
    assert request.tool_choice == ToolChoice("any")


def test_messages_of_one_turn_are_told_apart_and_put_together():
    """Results of tools and words of the user are one message there."""
    body = {
        "messages": [
            user(
                {"text": "a"},
                {
                    "toolResult": {
                        "toolUseId": "t",
                        "content": [{"text": "x"}],
                        "status": "success",
                    }
                },
                {
                    "toolResult": {
                        "toolUseId": "u",
                        "content": [],
                        "status": "error",
                    }
                },
                {"text": "b"},
            ),
            {"role": "system", "content": [{"text": "c"}], "new": 1},
            user(),
        ]
    }

    request = CONVERSE.read_request(json.dumps(body).encode())

    kinds = [type(message).__name__ for message in request.messages]
    assert kinds == [
        *("HumanMessage", "ToolMessage", "ToolMessage"),
        *("HumanMessage", "SystemMessage", "HumanMessage"),
    ]
    assert [m.status for m in request.messages[1:3]] == ["success", "error"]
    assert json.loads(CONVERSE.write_request(request)) == body


def test_request_made_in_python_is_what_the_api_wants():
    """Roles are merged, system messages gathered, parameters put in their places."""
    call = {"name": "f", "args": {}, "id": "t"}

    said = asked(
        SystemMessage("a"),
        HumanMessage("b"),
        HumanMessage([{"type": "image", "base64": "YQ==", "mime_type": "image/png"}]),
        AIMessage("c", tool_calls=[call]),
        ToolMessage("Oh", tool_call_id="t", status="error"),
        SystemMessage("d"),
        tools=(ToolSpec("f", "F.", {"type": "object"}),),
        tool_choice=ToolChoice("any"),
        stop=("x",),
        params={"temperature": 0.5, "top_k": 3, "new": None, "serviceTier": {}},
    )

    assert said["system"] == [{"text": "a"}, {"text": "d"}]
    assert [m["role"] for m in said["messages"]] == ["user", "assistant", "user"]
    assert said["messages"][0]["content"] == [{"text": "b"}, PNG]
    result = said["messages"][2]["content"][0]["toolResult"]
    assert (result["status"], result["content"]) == ("error", [{"text": "Oh"}])
    assert said["toolConfig"]["toolChoice"] == {"any": {}}
    assert said["inferenceConfig"] == {"temperature": 0.5, "stopSequences": ["x"]}
    assert said["additionalModelRequestFields"] == {"top_k": 3}
    assert said["serviceTier"] == {}


def test_format_is_a_schema_as_text():
    """The schema is JSON in JSON; another spelling is kept while it says the same."""
    form = ResponseFormat("json_schema", {"type": "object"}, "n")
    spelt = {"textFormat": {"structure": {"jsonSchema": {"schema": '{"a":1}'}}}}

    said = asked(response_format=form)
    changed = asked(response_format=form, params={"outputConfig": spelt})

    assert said == changed
    structure = said["outputConfig"]["textFormat"]["structure"]
    assert structure["jsonSchema"] == {"schema": '{"type": "object"}', "name": "n"}
    assert asked(response_format=ResponseFormat("text")) == {"messages": []}


def test_history_of_another_provider_can_be_sent():
    """What it said in its own way is left out; what is shared is not.

    Reasoning is its own: models refuse it without their signature.
    """
    blocks = [
        {"type": "reasoning", "reasoning": "Hm", "extras": {"signature": "s"}},
        {
            "type": "text",
            "text": "a",
            "annotations": [{"type": "citation", "url": "u"}],
        },
        {"type": "text", "text": "b", "annotations": [{"type": "x", "value": 1}]},
        {"type": "refusal", "refusal": "No."},
        {"type": "server_tool_call", "name": "w", "args": {}, "id": "1"},
        {"type": "non_standard", "value": {"a": 1}},
        {"type": "image", "file_id": "f"},
    ]
    message = AIMessage(
        blocks,
        additional_kwargs={"x": 1},
        response_metadata={"model_provider": "openai"},
    )

    (said,) = asked(message)["messages"]

    location = {"location": {"web": {"url": "u"}}}
    assert said == {
        "role": "assistant",
        "content": [
            {"citationsContent": {"content": [{"text": "a"}], "citations": [location]}},
            {"text": "b"},
            {"text": "No."},
        ],
    }


def test_foreign_words_in_a_message_of_nobody_are_left_out():
    """An answer that does not say whose it is may hold both."""
    blocks = [
        {"type": "non_standard", "value": {"type": "x"}},
        {"type": "non_standard", "value": {"cachePoint": {}}},
        {"type": "non_standard", "value": 1},
    ]

    (said,) = asked(AIMessage(blocks))["messages"]

    assert said["content"] == [{"cachePoint": {}}]


@pytest.mark.parametrize(
    "fields, why",
    [
        ({"parallel_tool_calls": False}, "disable_parallel_tool_use"),
        ({"tool_choice": ToolChoice("none")}, "bind no tools"),
        ({"response_format": ResponseFormat("json_object")}, "give a schema"),
        (
            {"tools": (ToolSpec("w", provider={"type": "web_search"}),)},
            "runs at another provider",
        ),
    ],
)
def test_requests_without_a_form_are_refused(fields, why):
    """What the API cannot be asked is an InputError that says what can."""
    with pytest.raises(InputError, match=why):
        asked(HumanMessage("Hi"), **fields)


@pytest.mark.parametrize(
    "block, why",
    [
        ({"type": "image", "url": "https://a.b"}, "Give base64"),
        ({"type": "image", "base64": "YQ=="}, "give mime_type"),
        ({"type": "non_standard", "value": {"type": "x"}}, "has no form"),
        ({"type": "invalid"}, "has no form"),
    ],
)
def test_blocks_without_a_form_are_refused(block, why):
    """A user's block that cannot be sent is not left out in silence."""
    with pytest.raises(InputError, match=why):
        asked(HumanMessage([block]))


def test_files_get_a_name_that_the_api_takes():
    """A document has a name, of few characters."""
    block = {"type": "file", "base64": "YQ==", "mime_type": "application/pdf"}

    said = [
        asked(HumanMessage([{**block, **extras}]))["messages"][0]["content"][0]
        for extras in ({}, {"extras": {"filename": "a/b_c.pdf"}})
    ]

    names = [block["document"]["name"] for block in said]
    assert names == ["document", "a-b-c-pdf"]
    assert said[0]["document"]["format"] == "pdf"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"messages": {}}',
        b'{"messages": [1]}',
        b'{"messages": [{"role": "tool", "content": []}]}',
        b'{"messages": [{"role": "user", "content": "Hi"}]}',
        b'{"messages": [{"role": "user", "content": [1]}]}',
        b'{"messages": [{"role": "user", "content": [{"text": 1}]}]}',
        b'{"messages": [{"role": "user", "content": [{"toolResult": {}}]}]}',
        (
            b'{"messages": [{"role": "user", "content": [{"toolResult": '
            b'{"toolUseId": "t", "status": 1}}]}]}'
        ),
        b'{"toolConfig": {"tools": [1]}}',
        b'{"toolConfig": {"toolChoice": 1}}',
        (
            b'{"outputConfig": {"textFormat": {"type": "json_schema", "structure": '
            b'{"jsonSchema": {"schema": "{"}}}}}'
        ),
    ],
)
def test_requests_that_are_none_are_refused(body):
    """Whatever is wrong, it is a WireError that names the dialect."""
    with pytest.raises(WireError, match="bedrock-converse"):
        CONVERSE.read_request(body)
