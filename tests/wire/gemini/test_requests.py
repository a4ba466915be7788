"""Requests of Gemini: read from any client, and written from Python."""

import json
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
from harness.wire import dialect_of
from harness.wire.gemini import GEMINI

HI = [{"role": "user", "parts": [{"text": "Hi"}]}]
BASE = "https://generativelanguage.googleapis.com/v1beta"
CALL = {"name": "f", "args": {"a": 1}, "id": "c1"}


def read(url: str = "", **said: Any) -> ChatRequest:
    """Read a request."""
    return GEMINI.read_request(json.dumps({"contents": HI, **said}).encode(), url)


def again(**said: Any) -> Any:
    """Give what is written of what was read."""
    return json.loads(GEMINI.write_request(read(**said)))


def written(*messages: Message, **fields: Any) -> Any:
    """Give the body of a request made in Python."""
    return json.loads(GEMINI.write_request(ChatRequest(messages, **fields)))


# ------------------------------------------------------------------ the URL


@pytest.mark.parametrize(
    "url, model, stream",
    [
        ("/models/gemini-2.5-pro:generateContent", "gemini-2.5-pro", False),
        ("/models/m:streamGenerateContent?alt=sse", "m", True),
        ("/models/a%40b:generateContent", "a@b", False),
        ("/tunedModels/t-1:generateContent", "tunedModels/t-1", False),
        ("/projects/p/locations/l/endpoints/7:generateContent", "endpoints/7", False),
        ("/projects/p/publishers/google/models/m:generateContent", "m", False),
        ("", None, False),
    ],
)
def test_the_url_has_the_model(url: str, model: str | None, stream: bool) -> None:
    """Model and streaming are told by the path."""
    request = read(f"{BASE}{url}")

    assert (request.model, request.stream) == (model, stream)


def test_the_path_is_written() -> None:
    """A path has the model in it, and asks for events where it streams."""
    paths = [
        GEMINI.path(ChatRequest((), model=model, stream=stream))
        for model, stream in (("m", False), ("m", True), ("tunedModels/t", False))
    ]

    assert paths == [
        "/models/m:generateContent",
        "/models/m:streamGenerateContent?alt=sse",
        "/tunedModels/t:generateContent",
    ]
    for path in paths:
        assert dialect_of(BASE + path) is GEMINI


def test_a_path_needs_a_model() -> None:
    """Without a model there is nothing to ask."""
    with pytest.raises(InputError, match="name one"):
        GEMINI.path(ChatRequest(()))


# ------------------------------------------------------------------ as it was


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"model": "models/m"},
        {"contents": []},
        {"contents": [{"parts": [{"text": "no role"}]}]},
        {"contents": [{"role": "user", "parts": {"text": "one"}}]},
        {"contents": [{"role": "user"}]},
        {"contents": [{"role": "user", "parts": []}]},
        {"contents": [{"role": "user", "parts": [{"text": ""}]}]},
        {"contents": [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]},
        {"contents": [*HI, *HI]},
        {"contents": [{"role": "user", "parts": [{"text": "a"}], "more": 1}]},
        {
            "contents": [
                {
                    "role": "model",
                    "parts": [
                        {"text": ""},
                        {"functionCall": {"name": "f", "args": {}}},
                        {"text": "b", "thoughtSignature": "s"},
                        {"functionCall": {"name": "f", "args": {}, "id": "c"}},
                    ],
                },
                {
                    "role": "function",
                    "parts": [
                        {"functionResponse": {"name": "f", "response": {"a": 1}}},
                        {"text": "and"},
                        {"functionResponse": {"name": "f", "response": {}}},
                    ],
                },
            ]
        },
        {
            "contents": [
                {
                    "role": "model",
                    "parts": [{"functionCall": {"name": "f", "args": {}}}],
                },
                {
                    "role": "user",
                    "parts": [
                        {
                            "functionResponse": {
                                "name": "other",
                                "id": "x",
                                "response": {"error": "no", "code": 1},
                                "scheduling": "SILENT",
                                "parts": [
                                    {
                                        "inlineData": {
                                            "mimeType": "image/png",
                                            "data": "QUI=",
                                            "displayName": "a.png",
                                        }
                                    }
                                ],
                            },
                            "thoughtSignature": "s",
                        },
                        {"functionResponse": {"name": "f"}},
                    ],
                },
            ]
        },
        {
            "contents": [
                {
                    "role": "user",
                    "parts": [
                        {"fileData": {"fileUri": "https://a.b/c"}},
                        {"fileData": {"fileUri": "https://a.b/c.png"}},
                        {
                            "fileData": {
                                "fileUri": "https://a.b/c.mp4",
                                "mimeType": "video/mp4",
                            },
                            "videoMetadata": {"fps": 2},
                        },
                        {"fileData": {"fileUri": "u.png", "mimeType": "image/x"}},
                        {"inlineData": {"data": "QQ==", "mimeType": "text/csv"}},
                        {"somethingNew": {"a": 1}},
                        {"text": "t", "thought": False},
                    ],
                }
            ]
        },
        {"systemInstruction": "Be brief."},
        {"systemInstruction": {"parts": [{"text": "a"}, {"text": "b"}]}},
        {"systemInstruction": {"role": "system", "parts": {"text": "a"}}},
        {"tools": []},
        {"tools": [{"functionDeclarations": []}]},
        {
            "tools": [
                {"functionDeclarations": [{"name": "f", "description": ""}]},
                {"functionDeclarations": [{"name": "g"}], "googleSearch": {}},
            ]
        },
        {
            "tools": [
                {
                    "functionDeclarations": [
                        {
                            "name": "f",
                            "description": "d",
                            "behavior": "BLOCKING",
                            "parameters": {"type": "OBJECT"},
                            "response": {"type": "STRING"},
                        },
                        {
                            "name": "g",
                            "description": "d",
                            "parametersJsonSchema": {"type": "object"},
                        },
                    ]
                },
                {"googleSearch": {"a": 1}},
                {"codeExecution": {}},
            ]
        },
        {
            "tools": [
                {"functionDeclarations": [{"name": "f", "description": ""}]},
                {"googleSearch": {}},
                {"functionDeclarations": [{"name": "g", "description": ""}]},
            ]
        },
        {
            "contents": [
                {
                    "role": "model",
                    "parts": [
                        {"text": ""},
                        {"functionCall": {"name": "f", "args": {}}},
                    ],
                }
            ]
        },
        {"toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}},
        {"toolConfig": {"functionCallingConfig": {}}},
        {"toolConfig": {"functionCallingConfig": {"mode": "VALIDATED"}}},
        {"toolConfig": {"functionCallingConfig": {"mode": 2}}},
        {"toolConfig": {"retrievalConfig": {"a": 1}}},
        {
            "toolConfig": {
                "functionCallingConfig": {"mode": "NONE"},
                "includeServerSideToolInvocations": True,
            }
        },
        {
            "toolConfig": {
                "functionCallingConfig": {
                    "mode": "ANY",
                    "allowedFunctionNames": ["f", "g"],
                }
            }
        },
        {"generationConfig": {}},
        {
            "generationConfig": {
                "temperature": 0.5,
                "topP": 1,
                "topK": 3,
                "maxOutputTokens": 9,
                "seed": 1,
                "presencePenalty": 0.5,
                "frequencyPenalty": 0.5,
                "candidateCount": 2,
                "responseLogprobs": True,
                "logprobs": 3,
                "stopSequences": ["a"],
                "mediaResolution": "LOW",
            }
        },
        {"generationConfig": {"stopSequences": []}},
        {"generationConfig": {"responseMimeType": "application/json"}},
        {"generationConfig": {"responseMimeType": "text/plain"}},
        {
            "generationConfig": {
                "responseMimeType": "text/x.enum",
                "responseSchema": {"type": "STRING", "enum": ["a"]},
            }
        },
        {
            "generationConfig": {
                "responseMimeType": "application/json",
                "responseSchema": {"type": "OBJECT"},
            }
        },
        {
            "safetySettings": [{"category": 1}],
            "cachedContent": "c",
            "labels": {"a": "b"},
        },
        {
            "system_instruction": {"parts": [{"text": "a"}]},
            "generation_config": {"max_output_tokens": 3, "thinking_config": {}},
            "labels": {"my_team": "a"},
        },
        {
            # One name in both spellings, as where an answer was sent back.
            "contents": [
                {
                    "role": "user",
                    "parts": [{"inline_data": {"mime_type": "a/b", "data": "QQ=="}}],
                },
                {
                    "role": "model",
                    "parts": [{"inlineData": {"mimeType": "a/b", "data": "QQ=="}}],
                },
            ]
        },
    ],
    ids=lambda said: "-".join(said)[:40],
)
def test_a_request_is_written_as_it_was(said: dict[str, Any]) -> None:
    """However a client spells it, what is read is written so again."""
    assert again(**said) == {"contents": HI, **said}


def test_a_list_of_one_may_be_left_out() -> None:
    """One where a list of one is meant will do, too."""
    request = read(contents=["Hi"], tools={"functionDeclarations": [{"name": "f"}]})

    assert request.messages == (HumanMessage("Hi"),)
    assert [tool.name for tool in request.tools] == ["f"]


def test_what_is_common_has_common_names() -> None:
    """Parameters, stop and format have the names that all dialects share."""
    request = read(
        generationConfig={
            "maxOutputTokens": 9,
            "topK": 3,
            "stopSequences": ["a"],
            "thinkingConfig": {"thinkingBudget": 0},
            "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "object"},
        },
        tools=[
            {"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}
        ],
        toolConfig={
            "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}
        },
    )

    assert request.stop == ("a",)
    assert request.params["max_tokens"] == 9
    assert request.params["generationConfig"] == {
        "thinkingConfig": {"thinkingBudget": 0}
    }
    assert request.response_format == ResponseFormat("json_schema", {"type": "object"})
    assert request.tool_choice == ToolChoice("tool", "f")
    assert request.tools[0].parameters == {"type": "object"}


@pytest.mark.parametrize(
    "body, why",
    [
        (b"{", "cannot be read"),
        (b"[]", "no 'contents'"),
        (b"{}", "no 'contents'"),
        (b'{"contents": 1}', "'contents' is 1"),
        (b'{"contents": [1]}', "a content is 1"),
        (b'{"contents": [{"parts": 1}]}', "'parts' of a content is 1"),
        (b'{"contents": [{"parts": [{"text": 1}]}]}', "'text' of a part is 1"),
        (b'{"contents": [{"parts": [{"functionCall": {}}]}]}', "has no name"),
        (b'{"contents": [{"parts": [{"functionResponse": {}}]}]}', "has no name"),
        (b'{"contents": [], "tools": [{"functionDeclarations": [{}]}]}', "has no name"),
        (b'{"contents": ' + b'[{"a":' * 300 + b"1" + b"}]" * 300 + b"}", "deeply"),
        (b'{"contents": ' + b'[{"a":' * 3000 + b"1" + b"}]" * 3000 + b"}", "deeply"),
    ],
    ids=str,
)
def test_what_is_no_request_is_told(body: bytes, why: str) -> None:
    """Wrong forms are one clear error."""
    with pytest.raises(WireError, match=why):
        GEMINI.read_request(body)


# ------------------------------------------------------------------ from Python


def test_a_conversation_is_written() -> None:
    """Roles, calls and results have Google's forms; neighbours share a content."""
    body = written(
        SystemMessage("Be brief."),
        HumanMessage("Hi"),
        HumanMessage([{"type": "text", "text": "there"}]),
        AIMessage("Look.", tool_calls=[CALL, {"name": "g", "args": {}, "id": "c2"}]),
        ToolMessage("1", tool_call_id="c1"),
        ToolMessage("bad", tool_call_id="c2", status="error"),
        HumanMessage("So?"),
    )

    assert body == {
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}, {"text": "there"}]},
            {
                "role": "model",
                "parts": [
                    {"text": "Look."},
                    {"functionCall": {"name": "f", "args": {"a": 1}, "id": "c1"}},
                    {"functionCall": {"name": "g", "args": {}, "id": "c2"}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {
                        "functionResponse": {
                            "name": "f",
                            "id": "c1",
                            "response": {"output": "1"},
                        }
                    },
                    {
                        "functionResponse": {
                            "name": "g",
                            "id": "c2",
                            "response": {"error": "bad"},
                        }
                    },
                ],
            },
            {"role": "user", "parts": [{"text": "So?"}]},
        ],
    }


def test_media_are_written() -> None:
    """Data goes inline, addresses as files, a picture from a tool with its result."""
    image = {"type": "image", "base64": "QQ==", "mime_type": "image/png"}
    body = written(
        HumanMessage(
            [
                image,
                {"type": "image_url", "image_url": {"url": "https://a.b/c.jpg?x=1"}},
                {"type": "file", "file_id": "files/1", "mime_type": "application/pdf"},
                {"type": "text-plain", "text": "plain", "mime_type": "text/plain"},
            ]
        ),
        AIMessage("", tool_calls=[CALL]),
        ToolMessage([{"type": "text", "text": "here"}, image], tool_call_id="c1"),
    )

    inline = {"inlineData": {"mimeType": "image/png", "data": "QQ=="}}
    assert body["contents"][0]["parts"] == [
        inline,
        {"fileData": {"fileUri": "https://a.b/c.jpg?x=1", "mimeType": "image/jpeg"}},
        {"fileData": {"fileUri": "files/1", "mimeType": "application/pdf"}},
        {"text": "plain"},
    ]
    answer = body["contents"][2]["parts"][0]["functionResponse"]
    assert (answer["response"], answer["parts"]) == ({"output": "here"}, [inline])


@pytest.mark.parametrize(
    "uri, mime",
    [
        ("gs://a/b.mp4", "video/mp4"),
        ("https://a.b/c.PNG?size=1/2", "image/png"),
        ("https://a.b/c?name=d.png", None),
        ("gs://b.mp4/c", None),
        ("gs://a/mp4", None),
        ("files/pdf", None),
    ],
)
def test_the_end_of_a_name_tells_the_type(uri: str, mime: str | None) -> None:
    """Of the last name in the path alone, and behind a dot."""
    body = written(HumanMessage([{"type": "file", "url": uri}]))

    (part,) = body["contents"][0]["parts"]
    assert part["fileData"].get("mimeType") == mime


def test_answers_of_other_providers_can_be_sent() -> None:
    """What only they understand stays out; thoughts and refusals are text."""
    body = written(
        AIMessage(
            [
                {"type": "reasoning", "reasoning": "Hm", "extras": {"signature": "x"}},
                {
                    "type": "server_tool_call",
                    "name": "web_search",
                    "args": {},
                    "id": "s",
                },
                {"type": "server_tool_result", "tool_call_id": "s", "output": []},
                {"type": "non_standard", "value": {"type": "their_own"}},
                {"type": "refusal", "refusal": "No."},
            ]
        )
    )

    assert body["contents"][0]["parts"] == [
        {"text": "Hm", "thought": True},
        {"text": "No."},
    ]


def test_tools_are_written() -> None:
    """Functions share a tool; schemas are JSON schema; Google's own stand alone."""
    schema = {"type": "object", "properties": {}}
    body = written(
        HumanMessage("Hi"),
        tools=(
            ToolSpec("google_search", provider={"google_search": {}}),
            ToolSpec("f", "does f", schema, strict=True),
            ToolSpec("code_execution", provider={"code_execution": {}}),
            ToolSpec("g"),
        ),
        tool_choice=ToolChoice("tool", "f"),
        response_format=ResponseFormat("json_schema", schema, "S"),
        stop=("a",),
        params={
            "max_tokens": 3,
            "thinking_config": {"thinking_budget": 0},
            "safetySettings": [],
        },
    )

    assert body["tools"] == [
        {"google_search": {}},
        {
            "functionDeclarations": [
                {"name": "f", "description": "does f", "parametersJsonSchema": schema},
                {"name": "g", "description": ""},
            ]
        },
        {"code_execution": {}},
    ]
    assert body["toolConfig"] == {
        "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}
    }
    assert body["generationConfig"] == {
        "maxOutputTokens": 3,
        "stopSequences": ["a"],
        "thinkingConfig": {"thinking_budget": 0},
        "responseMimeType": "application/json",
        "responseJsonSchema": schema,
    }
    assert body["safetySettings"] == []


@pytest.mark.parametrize(
    "choice, calling",
    [
        (ToolChoice("auto"), {"mode": "AUTO"}),
        (ToolChoice("any"), {"mode": "ANY"}),
        (ToolChoice("none"), {"mode": "NONE"}),
        (
            ToolChoice(
                "auto", provider={"function_calling_config": {"mode": "VALIDATED"}}
            ),
            {"mode": "VALIDATED"},
        ),
        (
            ToolChoice(
                "any",
                provider={
                    "type": "allowed_tools",
                    "allowed_tools": {"tools": [{"function": {"name": "f"}}]},
                },
            ),
            {"mode": "ANY", "allowedFunctionNames": ["f"]},
        ),
        (
            ToolChoice(
                "auto", provider={"type": "allowed_tools", "tools": [{"name": "f"}]}
            ),
            {"mode": "VALIDATED", "allowedFunctionNames": ["f"]},
        ),
    ],
    ids=str,
)
def test_each_choice_has_a_mode(choice: ToolChoice, calling: dict[str, Any]) -> None:
    """Every way to choose is one of Google's modes."""
    body = written(HumanMessage("Hi"), tools=(ToolSpec("f"),), tool_choice=choice)

    found = body["toolConfig"]["functionCallingConfig"]
    assert found == calling


@pytest.mark.parametrize(
    "messages, fields, why",
    [
        ([], {"parallel_tool_calls": False}, "parallel_tool_calls"),
        ([ToolMessage("1", tool_call_id="c9")], {}, "must name its function"),
        ([HumanMessage([{"type": "image", "base64": "QQ=="}])], {}, "mime_type"),
        (
            [HumanMessage([{"type": "image"}])],
            {},
            "the image block {'type': 'image'} has no data",
        ),
        (
            [AIMessage("", invalid_tool_calls=[{"name": "f", "args": "{"}])],
            {},
            "complete arguments",
        ),
        ([], {"tools": (ToolSpec("s", provider={"type": "s"}),)}, "another provider's"),
        (
            [],
            {
                "tools": (ToolSpec("google_search", provider={"google_search": {}}),),
                "tool_choice": ToolChoice("tool", "google_search"),
            },
            r"cannot be forced\. Choose 'auto'\.",
        ),
        (
            [],
            {
                "tool_choice": ToolChoice(
                    "auto", provider={"type": "allowed_tools", "tools": [1]}
                )
            },
            "no function is called",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_no_form_is_refused(
    messages: list[Message], fields: dict[str, Any], why: str
) -> None:
    """What the format cannot say is told, not left out."""
    with pytest.raises(InputError, match=why):
        written(*messages, **fields)


def test_a_result_has_a_name_where_its_call_does_not_tell_it() -> None:
    """The call says which function it was; without one the result does."""
    answers = [
        {"functionResponse": {"name": name, "id": call_id, "response": {"output": "1"}}}
        for name, call_id in (("f", "c1"), ("g", "c2"))
    ]
    contents = [
        {"role": "model", "parts": [{"functionCall": CALL}]},
        {"role": "user", "parts": answers},
    ]

    results = read(contents=contents).messages[1:]

    assert [message.name for message in results] == [None, "g"]


def test_a_name_is_enough_for_a_result() -> None:
    """A result whose call is forgotten may name its function itself."""
    body = written(ToolMessage("1", tool_call_id="no_id_0", name="f"))

    answer = body["contents"][0]["parts"][0]["functionResponse"]
    assert answer == {"name": "f", "response": {"output": "1"}}


def test_a_changed_request_has_its_own_layout() -> None:
    """Marks that no longer fit are left aside."""
    request = read(
        contents=[*HI, *HI],
        tools=[
            {"functionDeclarations": [{"name": "f", "parameters": {}}]},
            {"functionDeclarations": [{"name": "g", "parameters": {}}]},
        ],
    )
    changed = ChatRequest(
        (*request.messages, HumanMessage("more")),
        tools=request.tools[:1],
        params=request.params,
    )

    body = json.loads(GEMINI.write_request(changed))

    assert [len(content["parts"]) for content in body["contents"]] == [3]
    assert len(body["tools"]) == 1


@pytest.mark.parametrize(
    "marks", [1, {"contents": 1, "system": 1, "groups": "x"}, {"contents": [1]}]
)
def test_wrong_marks_do_no_harm(marks: Any) -> None:
    """Whatever stands under our name in the params, a request is written."""
    body = written(HumanMessage("Hi"), SystemMessage("S"), params={"gemini": marks})

    assert body["contents"] == HI


def test_json_of_a_result_may_be_changed() -> None:
    """A result that was an object, and is none any more, is a text."""
    request = read(
        contents=[
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]},
            {
                "role": "user",
                "parts": [{"functionResponse": {"name": "f", "response": {"a": [1]}}}],
            },
        ]
    )
    answer = request.messages[1]

    changed = answer.model_copy(update={"content": "short"})
    body = written(request.messages[0], changed)

    assert answer.text == '{"a":[1]}'
    part = body["contents"][1]["parts"][0]["functionResponse"]
    assert part["response"] == {"output": "short"}
