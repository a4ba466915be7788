"""What providers refuse, dialect by dialect: the good passes, each fault is told."""

import json
from typing import Any

import anthropic
import httpx
import httpx2
import openai
import pytest
from google import genai
from google.genai import errors as genai_errors
from hypothesis import given
from hypothesis import strategies as st

from harness import FakeProvider, call
from harness.endpoint.validation import refusal
from harness.http_messages import HttpRequest

Said = dict[str, Any]

URLS = {
    "openai-chat": "https://api.openai.com/v1/chat/completions",
    "openai-responses": "https://api.openai.com/v1/responses",
    "anthropic-messages": "https://api.anthropic.com/v1/messages",
    "gemini": "https://g/v1beta/models/gemini-2.5-flash:generateContent",
    "ollama-chat": "http://localhost:11434/api/chat",
    "bedrock-converse": "https://b/model/amazon.nova-lite-v1%3A0/converse",
}
SCHEMA: Said = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
#: A request of each dialect that says as much as can be said and be taken.
GOOD: dict[str, Said] = {
    "openai-chat": {
        "model": "gpt-5-mini",
        "messages": [
            {"role": "system", "content": "Be brief. Answer in JSON."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Hi"},
                    {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": id, "type": "function", "function": {"name": "f"}}
                    for id in ("a", "b")
                ],
            },
            {"role": "tool", "tool_call_id": "a", "content": "1"},
            {"role": "tool", "tool_call_id": "b", "content": "2"},
            {"role": "assistant", "content": "So"},
            {"role": "user", "content": "And?"},
        ],
        "temperature": 2,
        "top_p": 1.0,
        "n": 2,
        "max_tokens": 5,
        "presence_penalty": -2,
        "logprobs": True,
        "top_logprobs": 3,
        "stop": ["a", "b", "c", "d"],
        "stream": True,
        "stream_options": {"include_usage": True},
        "tools": [
            {
                "type": "function",
                "function": {"name": "f", "parameters": SCHEMA, "strict": True},
            }
        ],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "form", "schema": SCHEMA, "strict": True},
        },
    },
    "openai-responses": {
        "model": "gpt-5-mini",
        "input": [
            {"role": "user", "content": "Hi"},
            {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "a", "output": "1"},
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "So"}],
            },
        ],
        "temperature": 0,
        "max_output_tokens": 16,
        "tools": [
            {"type": "function", "name": "f", "parameters": SCHEMA, "strict": True}
        ],
        "tool_choice": {"type": "function", "name": "f"},
        "text": {
            "format": {
                "type": "json_schema",
                "name": "form",
                "schema": SCHEMA,
                "strict": True,
            }
        },
    },
    "anthropic-messages": {
        "model": "claude-sonnet-4-5",
        "max_tokens": 2048,
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "Hi"},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Let me see."},
                    {"type": "tool_use", "id": "a", "name": "f", "input": {}},
                    {"type": "tool_use", "id": "b", "name": "f", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "a", "content": "1"},
                    {"type": "tool_result", "tool_use_id": "b", "content": "2"},
                ],
            },
            {"role": "user", "content": "And?"},
        ],
        "temperature": 1,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "tools": [{"name": "f", "input_schema": SCHEMA}],
        "tool_choice": {"type": "auto"},
    },
    "gemini": {
        "contents": [
            {"role": "user", "parts": [{"text": "Hi"}]},
            {
                "role": "model",
                "parts": [{"functionCall": {"name": "f", "args": {}}}] * 2,
            },
            {
                "role": "user",
                "parts": [{"functionResponse": {"name": "f", "response": {}}}] * 2,
            },
        ],
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "generationConfig": {"temperature": 2, "candidateCount": 1},
        "tools": [{"function_declarations": [{"name": "f", "parameters": SCHEMA}]}],
        "toolConfig": {
            "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}
        },
    },
    "ollama-chat": {
        "model": "qwen3",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]},
            {"role": "tool", "content": "1"},
        ],
        "format": SCHEMA,
        "think": True,
        "options": {"temperature": 9, "stop": ["."]},
        "tools": [{"type": "function", "function": {"name": "f"}}],
    },
    "bedrock-converse": {
        "messages": [
            {"role": "user", "content": [{"text": "Hi"}]},
            {
                "role": "assistant",
                "content": [{"toolUse": {"toolUseId": "a", "name": "f", "input": {}}}],
            },
            {
                "role": "user",
                "content": [{"toolResult": {"toolUseId": "a", "content": []}}],
            },
        ],
        "inferenceConfig": {"temperature": 1, "maxTokens": 5},
        "toolConfig": {
            "tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": SCHEMA}}}],
            "toolChoice": {"tool": {"name": "f"}},
        },
    },
}
GONE: Any = object()


def changed(dialect: str, *edits: tuple[tuple[Any, ...], Any]) -> Said:
    """Give the good request with other values in some places."""
    said: Said = json.loads(json.dumps(GOOD[dialect]))
    for (*way, last), value in edits:
        inside: Any = said
        for step in way:
            inside = inside[step]
        if value is GONE:
            del inside[last]
        else:
            inside[last] = value
    return said


def answer_to(dialect: str, said: Any, **headers: str) -> Any:
    """Give the refusal of *said*, or None."""
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    request = HttpRequest("POST", URLS[dialect], tuple(headers.items()), body)
    return refusal(request, dialect)


@pytest.mark.parametrize("dialect", GOOD)
def test_a_request_that_says_all_that_may_be_said_passes(dialect: str) -> None:
    """So does one that says no more than it must."""
    few = (
        "model",
        "messages",
        "max_tokens",
        "contents",
        "input",
        "tools",
        "toolConfig",
    )
    small = {key: value for key, value in GOOD[dialect].items() if key in few}

    assert answer_to(dialect, GOOD[dialect]) is None
    assert answer_to(dialect, small) is None


def user(content: Any = "Hi") -> Said:
    """Give a message of the user."""
    return {"role": "user", "content": content}


M = "messages"
FUNCTION = ("tools", 0, "function")
STRICT = {**SCHEMA, "additionalProperties": True}
#: Of each dialect: what is changed in the good request; how it is refused.
OPENAI_CHAT: list[tuple[list[Any], str, str | None, str | None]] = [
    ([(("model",), GONE)], "you must provide a model parameter", None, None),
    ([(("model",), "")], "you must provide a model parameter", None, None),
    (
        [((M,), GONE)],
        "Missing required parameter: 'messages'.",
        M,
        "missing_required_parameter",
    ),
    ([((M,), [])], "Invalid 'messages': empty array.", M, "empty_array"),
    (
        [((M,), "Hi")],
        (
            "Invalid type for 'messages': expected an array of objects, but got a "
            "string instead."
        ),
        M,
        "invalid_type",
    ),
    (
        [((M, 1, "role"), "human")],
        (
            "Invalid value: 'human'. Supported values are: 'system', 'assistant', "
            "'user', 'function', 'tool', and 'developer'."
        ),
        "messages[1].role",
        "invalid_value",
    ),
    (
        [((M, 1, "role"), GONE)],
        "Missing required parameter: 'messages[1].role'.",
        "messages[1].role",
        "missing_required_parameter",
    ),
    (
        [((M, 6, "content"), 3)],
        (
            "Invalid type for 'messages[6].content': expected one of a string or an "
            "array of objects, but got an integer instead."
        ),
        "messages[6].content",
        "invalid_type",
    ),
    (
        [((M, 6, "content"), None)],
        "Invalid value for 'content': expected a string, got null.",
        "messages.[6].content",
        None,
    ),
    (
        [((M, 2), user())],
        (
            "Invalid parameter: messages with role 'tool' must be a response to a "
            "preceeding message with 'tool_calls'."
        ),
        "messages.[3].role",
        None,
    ),
    (
        [((M, 4, "tool_call_id"), "c")],
        "Invalid parameter: messages with role 'tool'",
        "messages.[4].role",
        None,
    ),
    (
        [((M, 4), GONE)],
        (
            "An assistant message with 'tool_calls' must be followed by tool "
            "messages responding to each 'tool_call_id'. The following tool_call_ids "
            "did not have response messages: b"
        ),
        "messages.[2].role",
        None,
    ),
    (
        [((M, 0, "content"), [{"type": "image_url", "image_url": {"url": "u"}}])],
        (
            "Invalid 'messages[0]'. Image URLs are only allowed for messages with role "
            "'user', but this message with role 'system' contains an image URL."
        ),
        "messages[0]",
        "invalid_value",
    ),
    (
        [(("temperature",), 3)],
        (
            "Invalid 'temperature': decimal above maximum value. Expected a value <= "
            "2, but got 3 instead."
        ),
        "temperature",
        "decimal_above_max_value",
    ),
    (
        [(("top_p",), -0.5)],
        (
            "Invalid 'top_p': decimal below minimum value. Expected a value >= 0, "
            "but got -0.5 instead."
        ),
        "top_p",
        "decimal_below_min_value",
    ),
    (
        [(("n",), 0)],
        (
            "Invalid 'n': integer below minimum value. Expected a value >= 1, but "
            "got 0 instead."
        ),
        "n",
        "integer_below_min_value",
    ),
    ([(("n",), 1.5)], "Invalid type for 'n': expected an integer", "n", "invalid_type"),
    (
        [(("max_tokens",), 0)],
        "Invalid 'max_tokens': integer below minimum value.",
        "max_tokens",
        "integer_below_min_value",
    ),
    (
        [(("frequency_penalty",), 2.5)],
        "Invalid 'frequency_penalty': decimal above",
        "frequency_penalty",
        "decimal_above_max_value",
    ),
    (
        [(("logprobs",), GONE)],
        "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
        "top_logprobs",
        None,
    ),
    (
        [(("stop",), ["a"] * 5)],
        (
            "Invalid 'stop': array too long. Expected an array with maximum length "
            "4, but got an array with length 5 instead."
        ),
        "stop",
        "array_above_max_length",
    ),
    (
        [(("stream",), False)],
        "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        "stream_options",
        None,
    ),
    (
        [(("max_completion_tokens",), 5)],
        (
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not "
            "supported."
        ),
        "max_tokens",
        "invalid_parameter_combination",
    ),
    (
        [((*FUNCTION, "name"), "get weather")],
        (
            "Invalid 'tools[0].function.name': string does not match pattern. "
            "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
        ),
        "tools[0].function.name",
        "invalid_value",
    ),
    (
        [((*FUNCTION, "name"), "f" * 65)],
        "Invalid 'tools[0].function.name': string too long.",
        "tools[0].function.name",
        "string_above_max_length",
    ),
    (
        [((*FUNCTION, "parameters"), {"type": "string"})],
        (
            "Invalid schema for function 'f': schema must be a JSON Schema of 'type: "
            '"object"\', got \'type: "string"\'.'
        ),
        "tools[0].function.parameters",
        "invalid_function_parameters",
    ),
    (
        [((*FUNCTION, "parameters"), STRICT)],
        (
            "Invalid schema for function 'f': In context=(), 'additionalProperties' is "
            "required to be supplied and to be false."
        ),
        "tools[0].function.parameters",
        "invalid_function_parameters",
    ),
    (
        [((*FUNCTION, "parameters"), {**SCHEMA, "required": []})],
        (
            "Invalid schema for function 'f': In context=(), 'required' is required "
            "to be supplied and to be an array including every key in properties. "
            "Missing 'city'."
        ),
        "tools[0].function.parameters",
        "invalid_function_parameters",
    ),
    (
        [
            (
                (*FUNCTION, "parameters", "properties", "city"),
                {"type": "array", "items": {"type": "object"}},
            )
        ],
        "In context=('properties', 'city', 'items'), 'additionalProperties'",
        "tools[0].function.parameters",
        "invalid_function_parameters",
    ),
    ([(("tools",), [])], "Invalid 'tools': empty array.", "tools", "empty_array"),
    (
        [(("tools",), GONE)],
        (
            "Invalid value for 'tool_choice': 'tool_choice' is only allowed when "
            "'tools' are specified."
        ),
        "tool_choice",
        None,
    ),
    (
        [(("tool_choice", "function", "name"), "g")],
        "Invalid value for 'tool_choice': no function named 'g'",
        "tool_choice",
        None,
    ),
    (
        [(("response_format", "json_schema", "schema"), STRICT)],
        "Invalid schema for response_format 'form': In context=()",
        "response_format",
        None,
    ),
    (
        [(("response_format", "json_schema"), GONE)],
        "Missing required parameter: 'response_format.json_schema'.",
        "response_format.json_schema",
        "missing_required_parameter",
    ),
    (
        [(("response_format",), {"type": "json_object"}), ((M, 0, "content"), "Hi")],
        "'messages' must contain the word 'json' in some form",
        M,
        None,
    ),
]
RESPONSES: list[tuple[list[Any], str, str | None, str | None]] = [
    (
        [(("model",), GONE)],
        "Missing required parameter: 'model'.",
        "model",
        "missing_required_parameter",
    ),
    (
        [(("input",), GONE)],
        'One of "input" or "previous_response_id"',
        "input",
        "missing_required_parameter",
    ),
    (
        [(("input", 0, "role"), "tool")],
        (
            "Invalid value: 'tool'. Supported values are: 'assistant', 'system', "
            "'developer', and 'user'."
        ),
        "input[0].role",
        "invalid_value",
    ),
    (
        [(("input", 0, "content"), GONE)],
        "Missing required parameter: 'input[0].content'.",
        "input[0].content",
        "missing_required_parameter",
    ),
    (
        [(("input", 0, "content"), [{"type": "output_text", "text": "x"}])],
        (
            "Invalid value: 'output_text'. Supported values are: 'input_text', "
            "'input_image', and 'input_file'."
        ),
        "input[0].content[0]",
        "invalid_value",
    ),
    (
        [(("input", 3, "content", 0, "type"), "input_image")],
        (
            "Invalid value: 'input_image'. Supported values are: 'output_text' and "
            "'refusal'."
        ),
        "input[3].content[0]",
        "invalid_value",
    ),
    (
        [(("input", 1), user())],
        "No tool call found for function call output with call_id a.",
        "input",
        None,
    ),
    (
        [(("input", 2), user())],
        "No tool output found for function call a.",
        "input",
        None,
    ),
    (
        [(("max_output_tokens",), 15)],
        (
            "Invalid 'max_output_tokens': integer below minimum value. Expected a "
            "value >= 16, but got 15 instead."
        ),
        "max_output_tokens",
        "integer_below_min_value",
    ),
    (
        [(("previous_response_id",), "resp_1"), (("conversation",), "conv_1")],
        "Mutually exclusive parameters: 'previous_response_id' and 'conversation'.",
        "previous_response_id",
        "mutually_exclusive_parameters",
    ),
    (
        [(("tools", 0, "name"), "a b")],
        "Invalid 'tools[0].name': string does not match pattern.",
        "tools[0].name",
        "invalid_value",
    ),
    (
        [(("tools", 0, "parameters"), STRICT)],
        "Invalid schema for function 'f': In context=()",
        "tools[0].parameters",
        "invalid_function_parameters",
    ),
    (
        [(("tool_choice", "name"), "g")],
        "Tool choice 'function' not found in 'tools' parameter.",
        "tool_choice",
        None,
    ),
    (
        [(("tools",), []), (("tool_choice",), "required")],
        "Tool choice 'required' must be specified with 'tools' parameter.",
        "tool_choice",
        None,
    ),
    (
        [(("text", "format", "schema"), STRICT)],
        "Invalid schema for response_format 'form'",
        "text.format.schema",
        "invalid_json_schema",
    ),
    (
        [(("text", "format", "name"), GONE)],
        "Missing required parameter: 'text.format.name'.",
        "text.format.name",
        "missing_required_parameter",
    ),
    (
        [(("text", "format"), {"type": "json_object"})],
        "Response input messages must contain the word 'json'",
        "input",
        None,
    ),
]
#: What is changed, and the message.
ANTHROPIC: list[tuple[list[Any], str]] = [
    ([(("model",), GONE)], "model: Field required"),
    ([(("max_tokens",), GONE)], "max_tokens: Field required"),
    (
        [(("max_tokens",), 0)],
        "max_tokens: Input should be greater than or equal to 1",
    ),
    ([((M,), GONE)], "messages: Field required"),
    ([((M,), [])], "messages: at least one message is required"),
    (
        [((M, 0, "role"), "tool")],
        "messages.0.role: Input should be 'user', 'assistant'",
    ),
    (
        [((M, 0, "role"), "assistant")],
        'messages: first message must use the "user" role',
    ),
    (
        [((M, 0, "content"), 3)],
        "messages.0.content: Input should be a valid string or a valid list",
    ),
    ([((M, 0, "content"), GONE)], "messages.0.content: Field required"),
    ([((M, 0, "content"), "")], "messages.0: all messages must have non-empty content"),
    (
        [((M, 0, "content"), [{"type": "text", "text": ""}])],
        "messages: text content blocks must be non-empty",
    ),
    (
        [((M, 0, "content"), [{"type": "text", "text": " "}])],
        "messages: text content blocks must contain non-whitespace text",
    ),
    (
        [((M, 1, "content", 0), {"type": "image", "source": {}})],
        (
            "messages.1.content.0: `image` blocks are not allowed in messages of role "
            "`assistant`"
        ),
    ),
    (
        [((M, 2, "content", 1, "tool_use_id"), "c")],
        (
            "messages.2.content.1: unexpected `tool_use_id` found in `tool_result` "
            "blocks: c. Each `tool_result` block must have a corresponding "
            "`tool_use` block in the previous message."
        ),
    ),
    (
        [((M, 2, "content", 1), GONE)],
        (
            "messages.1: `tool_use` ids were found without `tool_result` blocks "
            "immediately after: b. Each `tool_use` block must have a corresponding "
            "`tool_result` block in the next message."
        ),
    ),
    (
        [((M, 3), {"role": "assistant", "content": "So "})],
        "messages: final assistant content cannot end with trailing whitespace",
    ),
    (
        [(("temperature",), 1.5)],
        "temperature: Input should be less than or equal to 1",
    ),
    (
        [(("tools", 0, "name"), "a b")],
        "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'",
    ),
    (
        [(("tools", 0, "input_schema"), GONE)],
        "tools.0.custom.input_schema: Field required",
    ),
    (
        [(("tools", 0, "input_schema", "type"), "string")],
        "tools.0.custom.input_schema.type: Input should be 'object'",
    ),
    (
        [(("tools",), [GOOD["anthropic-messages"]["tools"][0]] * 2)],
        "tools: Tool names must be unique.",
    ),
    (
        [(("tools",), GONE)],
        "tool_choice: may only be specified while providing tools",
    ),
    (
        [(("thinking",), GONE), (("tool_choice",), {"type": "tool", "name": "g"})],
        "Tool 'g' not found in provided tools",
    ),
    (
        [(("max_tokens",), 1024)],
        "`max_tokens` must be greater than `thinking.budget_tokens`.",
    ),
    (
        [(("thinking", "budget_tokens"), 1000)],
        "thinking.budget_tokens: Input should be greater than or equal to 1024",
    ),
    (
        [(("temperature",), 0.5)],
        "`temperature` may only be set to 1 when thinking is enabled.",
    ),
    (
        [(("tool_choice",), {"type": "any"})],
        "Thinking may not be enabled when tool_choice forces tool use.",
    ),
]
CONTENTS = "contents"
NAMES = ("toolConfig", "functionCallingConfig", "allowedFunctionNames")
GEMINI: list[tuple[list[Any], str]] = [
    (
        [((CONTENTS,), GONE)],
        "* GenerateContentRequest.contents: contents is not specified\n",
    ),
    ([((CONTENTS, 0, "role"), "human")], "Please use a valid role: user, model."),
    (
        [((CONTENTS, 0, "parts"), [])],
        "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.",
    ),
    (
        [((CONTENTS, 0, "parts"), [{}])],
        (
            "* GenerateContentRequest.contents[0].parts[0].data: required oneof field "
            "'data' must have one initialized field"
        ),
    ),
    (
        [((CONTENTS, 0, "parts", 0, "text"), 3)],
        "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 3",
    ),
    (
        [((CONTENTS, 1), {"role": "model", "parts": [{"text": "So"}]})],
        (
            "Please ensure that function response turn comes immediately after a "
            "function call turn."
        ),
    ),
    (
        [((CONTENTS, 2, "parts", 1), GONE)],
        (
            "Please ensure that the number of function response parts is equal to the "
            "number of function call parts of the function call turn."
        ),
    ),
    (
        [(("generationConfig", "temperature"), 3)],
        (
            "* GenerateContentRequest.generation_config.temperature: temperature "
            "must be in the range [0, 2]."
        ),
    ),
    (
        [(("generationConfig", "temperature"), "hot")],
        "Invalid value at 'generation_config.temperature' (TYPE_FLOAT), \"hot\"",
    ),
    (
        [(("generationConfig", "stopSequences"), ["a"] * 6)],
        "stop_sequences must have at most 5 entries.",
    ),
    (
        [(("tools", 0, "function_declarations", 0, "name"), "1f")],
        (
            "* GenerateContentRequest.tools[0].function_declarations[0].name: Invalid "
            "function name. Must start with a letter or an underscore."
        ),
    ),
    (
        [(("tools", 0, "function_declarations"), [{"name": "f"}] * 2)],
        "Duplicate function declaration found: f",
    ),
    (
        [(("toolConfig", "functionCallingConfig", "mode"), "AUTO")],
        "_calling_config.allowed_function_names: only allowed when mode is ANY.",
    ),
    ([(NAMES, ["g"])], "'g' is not the name of a function declaration."),
    (
        [(("tools",), GONE), (NAMES, GONE)],
        "Function calling config is set without function_declarations.",
    ),
]
OLLAMA: list[tuple[list[Any], str]] = [
    ([(("model",), GONE)], "model is required"),
    ([((M, 0, "role"), "human")], "invalid role: human"),
    (
        [((M, 0, "content"), [{"type": "text"}])],
        (
            "json: cannot unmarshal array into Go struct field "
            "ChatRequest.messages.content of type string"
        ),
    ),
    (
        [(("options", "temperature"), "hot")],
        (
            "json: cannot unmarshal string into Go struct field "
            "ChatRequest.options.temperature of type float32"
        ),
    ),
    ([(("format",), "xml")], 'invalid format: "xml"; expected "json"'),
    ([(("think",), "hard")], 'invalid think value: "hard"'),
]
NAME = ("toolConfig", "tools", 0, "toolSpec", "name")
BEDROCK: list[tuple[list[Any], str]] = [
    ([((M,), GONE)], "A conversation must start with a user message."),
    (
        [((M,), GOOD["bedrock-converse"][M][1:])],
        "A conversation must start with a user",
    ),
    (
        [((M, 1, "role"), "user")],
        "A conversation must alternate between user and assistant roles.",
    ),
    (
        [((M, 0, "role"), "tool")],
        (
            "1 validation error detected: Value 'tool' at 'messages.1.member.role' "
            "failed to satisfy constraint: Member must satisfy enum value set: "
            "[user, assistant]"
        ),
    ),
    (
        [((M, 0, "content"), [])],
        "The content field in the Message object at messages.0 is empty.",
    ),
    (
        [((M, 0, "content", 0, "text"), "")],
        "The text field in the ContentBlock object at messages.0.content.0 is blank.",
    ),
    (
        [((M, 1, "content", 0), {"image": {}})],
        "The image field is only supported in messages of the user role",
    ),
    (
        [((M, 1, "content", 0), {"text": "So"})],
        (
            "The number of toolResult blocks at messages.2.content exceeds the "
            "number of toolUse blocks of previous turn."
        ),
    ),
    (
        [((M, 2, "content", 0), {"text": "So"})],
        "Expected toolResult blocks at messages.2.content for the following Ids: a",
    ),
    (
        [(("inferenceConfig", "temperature"), 2)],
        (
            "1 validation error detected: Value '2' at 'inferenceConfig.temperature' "
            "failed to satisfy constraint: Member must have value less than or equal "
            "to 1"
        ),
    ),
    (
        [(("toolConfig",), GONE)],
        "The toolConfig field must be defined when using toolUse and toolResult",
    ),
    ([(NAME, "a b")], "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+"),
    ([(NAME, "f" * 65)], "Member must have length less than or equal to 64"),
    (
        [(("toolConfig", "toolChoice", "tool", "name"), "g")],
        "The tool 'g' that toolConfig.toolChoice names is none of toolConfig.tools.",
    ),
]


@pytest.mark.parametrize(
    "dialect, edits, message, param, code",
    [("openai-chat", *row) for row in OPENAI_CHAT]
    + [("openai-responses", *row) for row in RESPONSES],
)
def test_openai_refuses_in_its_words(
    dialect: str, edits: Any, message: str, param: str | None, code: str | None
) -> None:
    """Message, place and code; all else of the request is good."""
    answer = answer_to(dialect, changed(dialect, *edits))

    error = answer.said["error"]
    assert answer.status == 400
    assert error.keys() == {"message", "type", "param", "code"}
    assert message in error["message"]
    assert (error["param"], error["code"]) == (param, code)
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize("edits, message", ANTHROPIC)
def test_anthropic_refuses_in_its_words(edits: Any, message: str) -> None:
    """All else of the request is good."""
    answer = answer_to("anthropic-messages", changed("anthropic-messages", *edits))

    assert answer.status == 400
    assert answer.said["type"] == "error"
    assert answer.said["error"]["type"] == "invalid_request_error"
    assert message in answer.said["error"]["message"]


@pytest.mark.parametrize("edits, message", GEMINI)
def test_gemini_refuses_in_its_words(edits: Any, message: str) -> None:
    """All else of the request is good."""
    answer = answer_to("gemini", changed("gemini", *edits))

    error = answer.said["error"]
    assert (error["code"], error["status"]) == (answer.status, "INVALID_ARGUMENT")
    assert message in error["message"]


@pytest.mark.parametrize("edits, message", OLLAMA)
def test_ollama_refuses_in_its_words(edits: Any, message: str) -> None:
    """All else of the request is good."""
    answer = answer_to("ollama-chat", changed("ollama-chat", *edits))

    assert answer.status == 400
    assert message in answer.said["error"]


@pytest.mark.parametrize("edits, message", BEDROCK)
def test_bedrock_refuses_in_its_words(edits: Any, message: str) -> None:
    """All else of the request is good."""
    answer = answer_to("bedrock-converse", changed("bedrock-converse", *edits))

    assert answer.status == 400
    assert answer.headers == (("x-amzn-errortype", "ValidationException"),)
    assert message in answer.said["message"]


@pytest.mark.parametrize("dialect", GOOD)
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"null", b"[]", b"3"])
def test_a_body_that_is_no_object_is_refused(dialect: str, body: bytes) -> None:
    """Broken JSON, and JSON of another kind."""
    answer = answer_to(dialect, body)

    assert answer.status == 400
    assert answer.refused


def test_where_a_model_or_a_budget_may_stand_elsewhere_it_may() -> None:
    """Azure's URLs name the model; thoughts between calls have their own budget."""
    chat = json.dumps(changed("openai-chat", (("model",), GONE))).encode()
    azure = HttpRequest("POST", "/openai/deployments/m/chat/completions", body=chat)
    claude = changed("anthropic-messages", (("max_tokens",), 500))
    beta = {"anthropic-beta": "a,interleaved-thinking-2025-05-14"}

    assert refusal(azure, "openai-chat") is None
    assert answer_to("anthropic-messages", claude, **beta) is None


def test_a_response_can_follow_on_the_one_before() -> None:
    """By its id, with the results of its calls alone."""
    fake = FakeProvider(call("f", city="Rome"), "Rome it is.")
    client = openai.OpenAI(
        api_key="x", http_client=httpx2.Client(transport=fake.transport())
    )
    tools: Any = GOOD["openai-responses"]["tools"]

    first: Any = client.responses.create(model="m", input="Hi", tools=tools)
    result: Any = {
        "type": "function_call_output",
        "call_id": first.output[0].call_id,
        "output": "1",
    }
    second = client.responses.create(
        model="m", input=[result], previous_response_id=first.id
    )

    assert second.output_text == "Rome it is."


def test_amazon_lets_a_stored_prompt_speak_first() -> None:
    """A request to one has no messages of its own."""
    url = "https://b/model/arn%3Aaws%3Abedrock%3Aus%3A1%3Aprompt%2FP1/converse"
    said = HttpRequest("POST", url, body=b'{"promptVariables": {}}')

    assert refusal(said, "bedrock-converse") is None


def test_mistral_says_any_and_openai_does_not() -> None:
    """The word of one service passes there alone."""
    said = json.dumps(changed("openai-chat", (("tool_choice",), "any"))).encode()
    mistral = HttpRequest(
        "POST", "https://api.mistral.ai/v1/chat/completions", (), said
    )

    assert refusal(mistral, "openai-chat") is None
    assert "Invalid value: 'any'" in answer_to("openai-chat", said).refused


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "user", "assistant", "tool", "function", "text", "a"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "role", "content", "name", "id", "parts", "text"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=5,
)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Give the way to every value inside *value*."""
    found = [way] if way else []
    if isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        for step, one in inside:
            found += places(one, (*way, step))
    return found


@pytest.mark.parametrize("dialect", GOOD)
@given(data=st.data())
def test_whatever_is_said_wrong_is_told_or_passes(dialect: str, data: Any) -> None:
    """Any value in any place: an answer with a reason, or none; never an error."""
    way = data.draw(st.sampled_from(places(GOOD[dialect])))
    said = changed(dialect, (way, data.draw(JSON)))

    answer = answer_to(dialect, said)

    loaded = dialect == "ollama-chat" and not said.get("messages")
    assert answer is None or loaded or answer.refused
    assert answer is None or json.dumps(answer.said)


# -------------------------------------------------------------------- through SDKs


def test_sdks_raise_their_own_errors() -> None:
    """With the fields that their users look at."""
    fake = FakeProvider("Hello!")
    client = httpx2.Client(transport=fake.transport())
    chat = openai.OpenAI(api_key="x", http_client=client)
    claude = anthropic.Anthropic(api_key="x", http_client=client)
    google = genai.Client(
        api_key="x", http_options=genai.types.HttpOptions(httpx_client=client)
    )
    wrong: Any = [{"role": "human", "content": "Hi"}]

    with pytest.raises(openai.BadRequestError) as of_openai:
        chat.chat.completions.create(model="m", messages=wrong)
    with pytest.raises(anthropic.BadRequestError, match="messages: at least one"):
        claude.messages.create(model="m", max_tokens=9, messages=[])
    with pytest.raises(genai_errors.ClientError, match="INVALID_ARGUMENT"):
        google.models.generate_content(
            model="m", contents="Hi", config={"temperature": 7}
        )

    assert of_openai.value.param == "messages[0].role"
    assert of_openai.value.code == "invalid_value"
    assert len(fake.script.unused()) == 1
    assert fake.calls == []


def test_a_refused_request_is_in_the_journal() -> None:
    """With its status and the reason."""
    fake = FakeProvider("Hello!")
    client = httpx.Client(transport=fake.transport())

    client.post(URLS["openai-chat"], json={"model": "m", "messages": []})

    [seen] = fake.requests
    assert (seen.status, seen.dialect, seen.asked) == (400, "openai-chat", None)
    assert seen.refused.startswith("Invalid 'messages': empty array.")
    assert "-> 400 (Invalid 'messages'" in str(seen)


def test_a_chat_of_ollama_without_messages_loads_the_model() -> None:
    """It has an answer, and no turn is used up."""
    fake = FakeProvider("Hello!")
    client = httpx.Client(transport=fake.transport())

    answer = client.post(URLS["ollama-chat"], json={"model": "qwen3"})

    assert answer.json()["done_reason"] == "load"
    assert (answer.status_code, fake.requests[0].refused) == (200, "")
    assert len(fake.script.unused()) == 1


def test_validation_can_be_turned_off() -> None:
    """For applications that speak to servers which take more."""
    fake = FakeProvider("Hello!", validate=False)
    client = httpx.Client(transport=fake.transport())
    odd = {"messages": [user()], "temperature": 99}

    answer = client.post(URLS["openai-chat"], json=odd)

    assert answer.status_code == 200
