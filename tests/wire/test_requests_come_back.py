"""What is asked in the words of any provider is what was meant, when it is read."""

from dataclasses import replace
from typing import Any

import pytest

from harness.errors import InputError
from harness.matching import difference
from harness.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec
from harness.wire import DIALECTS

FIELDS = (
    *("messages", "tools", "tool_choice", "parallel_tool_calls", "response_format"),
    "params",
)
SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
TOOLS = (
    ToolSpec("f", "Does.", SCHEMA),
    ToolSpec("g", "Does more.", {"type": "object", "properties": {}}),
)
CALL = {"name": "f", "args": {"x": 1}, "id": "c"}
AGAIN = {"name": "g", "args": {}, "id": "d"}


def ask(*messages: Any, **fields: Any) -> ChatRequest:
    """Give a request of some model."""
    messages = messages or (HumanMessage("Hi"),)
    return ChatRequest(messages, model="m", params={"max_tokens": 9}, **fields)


def look(**block: Any) -> ChatRequest:
    """Give a request with a block that is no text."""
    return ask(HumanMessage(["Look:", {**block}, "Well?"]))


PICTURE = {"base64": "aGk=", "mime_type": "image/png"}
ASKED = {
    "a word": ask(),
    "a rule": ask(SystemMessage("Be brief."), HumanMessage("Hi")),
    "a talk": ask(HumanMessage("Hi"), AIMessage("Hello!"), HumanMessage("Well?")),
    "calls": ask(
        HumanMessage("Hi"),
        AIMessage("Let me see.", tool_calls=[CALL, AGAIN]),
        ToolMessage("7", tool_call_id="c", name="f"),
        ToolMessage("8", tool_call_id="d", name="g"),
        tools=TOOLS,
    ),
    "a call alone": ask(
        HumanMessage("Hi"),
        AIMessage("", tool_calls=[CALL]),
        ToolMessage("7", tool_call_id="c", name="f"),
        HumanMessage("And?"),
        tools=TOOLS,
    ),
    "a picture": look(type="image", **PICTURE),
    "a picture elsewhere": look(type="image", url="https://a.b/c.png"),
    "any tool": ask(tools=TOOLS, tool_choice=ToolChoice("any")),
    "no tool": ask(tools=TOOLS, tool_choice=ToolChoice("none")),
    "this tool": ask(tools=TOOLS, tool_choice=ToolChoice("tool", "g")),
    "one at a time": ask(tools=TOOLS, parallel_tool_calls=False),
    "stops": ask(stop=("a", "b")),
    "a form": ask(response_format=ResponseFormat("json_schema", SCHEMA, "Answer")),
    "warmth": replace(ask(), params={"max_tokens": 9, "temperature": 0.5}),
}
#: What these formats have no words for.
REFUSED = {
    "bedrock-converse": ["a picture elsewhere", "no tool", "one at a time"],
    "gemini": ["one at a time"],
    "ollama-chat": [
        *("a picture elsewhere", "any tool", "no tool", "this tool", "one at a time")
    ],
    "openai-responses": ["stops"],
}


#: What is said, and cannot be told from something else: a picture of any type, all
#: text before it.
LIKE = {("ollama-chat", "a picture"): "message 1 (human): "}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("name", DIALECTS)
def test_what_is_asked_is_what_was_meant(name: str, asked: str) -> None:
    """Each part of it, or there are no words for it, which is said."""
    dialect, request = DIALECTS[name], ASKED[asked]
    if asked in REFUSED.get(name, ()):
        with pytest.raises(InputError):
            dialect.write_request(request)
        return

    read = dialect.read_request(dialect.write_request(request), dialect.path(request))

    found = difference(request, read, FIELDS)
    like = LIKE.get((name, asked))
    assert [line for line in found if not like or not line.startswith(like)] == []
    assert len(found) == (like is not None)
    assert read.model == "m"
