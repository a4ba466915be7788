"""What one provider was asked, asked of another."""

import json
from typing import Any

import pytest

from harness.errors import InputError, WireError
from harness.messages import AIMessage, HumanMessage, ToolMessage
from harness.requests import ChatRequest
from harness.tool_specs import ToolChoice, ToolSpec, tool_choice, tool_specs
from harness.wire import DIALECTS

HI = HumanMessage("Hi")
FREE = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "s"}}
FLAT = {"type": "grammar", "syntax": "lark", "definition": "s"}


def written(name: str, request: ChatRequest) -> Any:
    return json.loads(DIALECTS[name].write_request(request))


def read(name: str, **fields: Any) -> ChatRequest:
    return DIALECTS[name].read_request(json.dumps(fields).encode())


@pytest.mark.parametrize("name", ["openai-chat", "openai-responses"])
@pytest.mark.parametrize(
    "tool",
    [
        {"type": "custom", "custom": {"name": "f", "format": FREE}},
        {"type": "custom", "name": "f", "format": FLAT},
    ],
)
def test_tools_of_free_text_are_spelled_as_each_wants(name: str, tool: Any) -> None:
    """OpenAI's two formats have two spellings of one tool."""
    specs = tool_specs(tool)
    request = ChatRequest((HI,), tools=specs, tool_choice=ToolChoice("tool", "f"))

    body = written(name, request)

    framed = {"type": "custom", "custom": {"name": "f", "format": FREE}}
    flat = {"type": "custom", "name": "f", "format": FLAT}
    chat = name == "openai-chat"
    assert body["tools"] == [framed if chat else flat]
    named: Any = {"custom": {"name": "f"}} if chat else {"name": "f"}
    assert body["tool_choice"] == {"type": "custom", **named}


def test_a_grammar_is_framed_once() -> None:
    """One that is spelled as Chat Completions wants it stays as it is."""
    tool = {"type": "custom", "name": "f", "format": FREE}

    said = written("openai-chat", ChatRequest((HI,), tools=tool_specs(tool)))["tools"]

    assert said == [{"type": "custom", "custom": {"name": "f", "format": FREE}}]


def test_a_tool_of_free_text_is_relayed() -> None:
    """Read from one format it is written in the other."""
    tool = {"type": "custom", "name": "f", "description": "d"}
    request = read("openai-responses", input="Hi", tools=[tool])

    said = written("openai-chat", request)["tools"]

    assert said == [{"type": "custom", "custom": {"name": "f", "description": "d"}}]


@pytest.mark.parametrize(
    "name", ["anthropic-messages", "bedrock-converse", "gemini", "ollama-chat"]
)
def test_tools_of_free_text_are_refused_elsewhere(name: str) -> None:
    """All others call with an object."""
    request = ChatRequest(
        (HI,), tools=tool_specs({"type": "custom", "name": "f"}), model="m"
    )

    with pytest.raises(InputError, match="no tools that take free text, as 'f' does"):
        written(name, request)


@pytest.mark.parametrize(
    "name",
    [
        "anthropic-messages",
        "bedrock-converse",
        "gemini",
        "openai-chat",
        "openai-responses",
    ],
)
@pytest.mark.parametrize(
    ("owner", "tool"),
    [
        ("gemini", {"google_search": {}}),
        ("bedrock-converse", {"systemTool": {"name": "nova_grounding"}}),
        ("anthropic-messages", {"type": "web_search_20250305", "name": "web_search"}),
        ("openai-responses", {"type": "file_search", "vector_store_ids": ["v"]}),
    ],
)
def test_tools_that_run_elsewhere_are_refused(
    name: str, owner: str, tool: dict[str, Any]
) -> None:
    """A tool of a provider is sent to that provider alone."""
    request = ChatRequest((HI,), tools=(ToolSpec("t", provider=tool),), model="m")
    if name == owner:
        assert tool in written(name, request).get("tools", [tool])
        return

    with pytest.raises(InputError, match="provider"):
        written(name, request)


def test_a_plain_tool_of_anthropic_is_plain_elsewhere() -> None:
    """That it is of type "custom" says nothing, and is not told to others."""
    schema = {"type": "object", "properties": {}}
    tool = {"type": "custom", "name": "f", "input_schema": schema}
    request = read("anthropic-messages", messages=[], tools=[tool])

    assert written("anthropic-messages", request)["tools"] == [tool]
    function = {"name": "f", "parameters": schema}
    assert written("openai-chat", request)["tools"] == [
        {"type": "function", "function": function}
    ]
    assert written("openai-responses", request)["tools"] == [
        {"type": "function", **function}
    ]


def test_types_in_capitals_are_json_schema_elsewhere() -> None:
    """Google's subset of OpenAPI spells types in its own way."""
    members = [{"type": "STRING"}, {"type": "NULL"}]
    schema = {"type": "OBJECT", "properties": {"x": {"anyOf": members}}}
    plain_members = [{"type": "string"}, {"type": "null"}]
    plain = {"type": "object", "properties": {"x": {"anyOf": plain_members}}}
    config = {"responseMimeType": "application/json", "responseSchema": schema}
    declared = {"name": "f", "parameters": schema}
    request = read(
        "gemini",
        contents=[{"role": "user", "parts": [{"text": "Hi"}]}],
        tools=[{"functionDeclarations": [declared]}],
        generationConfig=config,
    )

    again = written("gemini", request)

    assert again["tools"] == [{"functionDeclarations": [declared]}]
    assert again["generationConfig"] == config
    assert request.tools[0].parameters == plain
    assert request.response_format is not None
    assert request.response_format.schema == plain


def test_ids_are_in_the_letters_that_bedrock_takes() -> None:
    """A call and its result stay together, whatever their id was."""
    call = {"name": "f", "args": {}, "id": "functions.f:0"}
    result = ToolMessage("r", tool_call_id="functions.f:0")
    messages = (HI, AIMessage("", tool_calls=[call]), result)

    _, asked, answered = written("bedrock-converse", ChatRequest(messages))["messages"]

    assert asked["content"][0]["toolUse"]["toolUseId"] == "functions_f_0"
    assert answered["content"][0]["toolResult"]["toolUseId"] == "functions_f_0"


@pytest.mark.parametrize(
    "given",
    [
        {"function_calling_config": {"mode": "ANY"}},
        {"functionCallingConfig": {"mode": "ANY"}},
        {"type": "required"},
    ],
)
def test_choices_in_anothers_words_are_translated(given: dict[str, Any]) -> None:
    """Their meaning is in the mode."""
    tools = (ToolSpec("f", parameters={"type": "object"}),)
    request = ChatRequest((HI,), tools=tools, tool_choice=tool_choice(given, tools))

    bedrock = written("bedrock-converse", request)["toolConfig"]["toolChoice"]

    assert bedrock == {"any": {}}
    assert written("openai-responses", request)["tool_choice"] == "required"


def test_hints_for_one_provider_are_no_others() -> None:
    """How closely OpenAI looks at an image is nothing to Anthropic."""
    image = {"type": "image", "url": "https://a.b/c.png", "detail": "low"}
    request = ChatRequest((HumanMessage([image]),))

    (message,) = written("anthropic-messages", request)["messages"]

    source = {"type": "url", "url": "https://a.b/c.png"}
    assert message["content"] == [{"type": "image", "source": source}]


def test_an_image_that_is_a_bare_address_is_framed() -> None:
    """LangChain's short spelling is not OpenAI's."""
    part = {"type": "image_url", "image_url": "https://a.b/c.png"}

    (message,) = written("openai-chat", ChatRequest((HumanMessage([part]),)))[
        "messages"
    ]

    assert message["content"] == [
        {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}}
    ]


@pytest.mark.parametrize(
    ("params", "told"),
    [({"n": 2}, "has no 'n', which is 2"), ({"seed": 1}, "has no 'seed'")],
)
def test_what_responses_has_not_is_refused(params: dict[str, Any], told: str) -> None:
    """The error names the word and the way out."""
    with pytest.raises(InputError, match=told):
        written("openai-responses", ChatRequest((HI,), params=params))


def test_words_of_chat_completions_are_left_out_of_responses() -> None:
    """One answer, and its usage, come anyway."""
    usage = {"include_usage": True}
    both = {**usage, "include_obfuscation": False}

    bare = written(
        "openai-responses",
        ChatRequest((HI,), params={"n": 1, "seed": None, "stream_options": usage}),
    )
    kept = written(
        "openai-responses", ChatRequest((HI,), params={"stream_options": both})
    )

    assert bare.keys() == {"input"}
    assert kept["stream_options"] == {"include_obfuscation": False}


@pytest.mark.parametrize("kind", [7, ["x"], {"type": "x"}])
def test_an_item_of_no_type_is_refused(kind: Any) -> None:
    """A type that is no text is no item of Responses."""
    with pytest.raises(WireError, match="'type' of an item"):
        read("openai-responses", input=[{"type": kind, "role": "user", "content": "x"}])


def test_a_call_without_an_object_is_refused_by_anthropic() -> None:
    """A server's call may have a list of arguments, where there is no form for it."""
    call = {"type": "server_tool_call", "id": "s", "name": "f", "args": [1]}

    with pytest.raises(InputError, match="arguments that are no object"):
        written("anthropic-messages", ChatRequest((HI, AIMessage([call]))))


def test_options_of_ollama_are_a_dict() -> None:
    """Anything else is refused by name."""
    with pytest.raises(InputError, match="'options' of the Ollama API are 'x'"):
        written("ollama-chat", ChatRequest((HI,), params={"options": "x"}))


def test_a_tool_of_the_provider_is_chosen_by_its_type() -> None:
    """Chat Completions names it so, and a tool of another's cannot be chosen."""
    ours = (ToolSpec("w", provider={"type": "web_search"}),)
    request = ChatRequest((HI,), tools=ours, tool_choice=ToolChoice("tool", "w"))

    assert written("openai-chat", request)["tool_choice"] == {"type": "web_search"}


@pytest.mark.parametrize("given", [7, "x", None])
def test_logprobs_are_asked_for_where_the_list_is_none(given: Any) -> None:
    """What to include is a list, whatever was given."""
    params = {"logprobs": True, "include": given}

    body = written("openai-responses", ChatRequest((HI,), params=params))

    assert body["include"] == ["message.output_text.logprobs"]
