"""Requests of Anthropic Messages: read, and written again as they were."""

import json
from typing import Any

import pytest

from harness.errors import WireError
from harness.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec
from harness.wire.anthropic_messages import ANTHROPIC_MESSAGES

NAME = "anthropic-messages"
HI = {"role": "user", "content": "Hi"}
CACHED = {"cache_control": {"type": "ephemeral"}}


def asked(*messages: Any, **more: Any) -> dict[str, Any]:
    """Make a body."""
    return {"model": "claude", "max_tokens": 9, "messages": list(messages), **more}


def read(body: dict[str, Any]) -> ChatRequest:
    """Read a body."""
    return ANTHROPIC_MESSAGES.read_request(json.dumps(body).encode(), "http://a/b")


def again(body: dict[str, Any]) -> dict[str, Any]:
    """Read a body, and write what was read."""
    written: dict[str, Any] = json.loads(ANTHROPIC_MESSAGES.write_request(read(body)))
    return written


def result(call_id: str, **more: Any) -> dict[str, Any]:
    """Make what a tool gave."""
    return {"type": "tool_result", "tool_use_id": call_id, **more}


def text(said: str, **more: Any) -> dict[str, Any]:
    """Make a text block."""
    return {"type": "text", "text": said, **more}


BODIES: dict[str, dict[str, Any]] = {
    "plain": asked(HI),
    "system": asked(HI, system="Be brief."),
    "system blocks": asked(HI, system=[text("Be"), text(" brief.", **CACHED)]),
    "no system blocks": asked(HI, system=[]),
    "system later": asked(HI, {"role": "system", "content": "Now in French."}),
    "system first in messages": asked(
        {"role": "system", "content": "x", "clear_at": 1}
    ),
    "text blocks": asked({"role": "user", "content": [text("Hi", **CACHED)]}),
    "no blocks": asked({"role": "user", "content": []}),
    "two user turns": asked(HI, HI, {"role": "user", "content": [result("t")]}),
    "prefill": asked(HI, {"role": "assistant", "content": "{"}),
    "prefill in a list": asked(HI, {"role": "assistant", "content": [text("{")]}),
    "empty answer": asked(HI, {"role": "assistant", "content": ""}),
    "answer without blocks": asked(HI, {"role": "assistant", "content": []}),
    "turns say more": asked(
        {**HI, "x": 1}, {"role": "assistant", "content": "", "y": 2}
    ),
    "history": asked(
        HI,
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm", "signature": "Ev4C"},
                {"type": "thinking", "thinking": "", "signature": ""},
                {"type": "redacted_thinking", "data": "x"},
                text("Let me look."),
                {
                    "type": "server_tool_use",
                    "id": "s",
                    "name": "web",
                    "input": {"q": 1},
                },
                {"type": "web_tool_result", "tool_use_id": "s", "content": [{"a": 1}]},
                {
                    "type": "mcp_tool_use",
                    "id": "m",
                    "name": "f",
                    "input": {},
                    "server_name": "x",
                },
                {
                    "type": "mcp_tool_result",
                    "tool_use_id": "m",
                    "content": "",
                    "is_error": True,
                },
                {"type": "compaction", "content": "So far."},
                {"type": "container_upload", "file_id": "f"},
                {"type": "tool_use", "id": "t", "name": "f", "input": {}, **CACHED},
            ],
        },
        {"role": "user", "content": [result("t", content="ok", is_error=False)]},
    ),
    "calls alone": asked(
        HI,
        {
            "role": "assistant",
            "content": [
                {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
            ],
        },
    ),
    "text after a call": asked(
        HI,
        {
            "role": "assistant",
            "content": [
                text(""),
                {"type": "tool_use", "id": "t", "name": "f", "input": {}},
                text("and"),
                {"type": "tool_use", "id": "u", "name": "f", "input": {}},
            ],
        },
    ),
    "empty text before a call": asked(
        {
            "role": "assistant",
            "content": [
                text(""),
                {"type": "tool_use", "id": "t", "name": "f", "input": {}},
            ],
        }
    ),
    "broken call": asked(
        {"role": "assistant", "content": [{"type": "tool_use", "id": "t"}]}
    ),
    "citations": asked(
        {
            "role": "assistant",
            "content": [
                text("a", citations=[]),
                text(
                    "b",
                    citations=[
                        {
                            "type": "char_location",
                            "cited_text": "x",
                            "document_index": 0,
                            "document_title": "D",
                            "start_char_index": 0,
                            "end_char_index": 1,
                        },
                        {
                            "type": "web_search_result_location",
                            "cited_text": "x",
                            "url": "u",
                            "title": None,
                            "encrypted_index": "e",
                        },
                        {
                            "type": "search_result_location",
                            "cited_text": "x",
                            "title": "t",
                            "source": "s",
                        },
                        {"type": "new", "a": 1},
                    ],
                ),
            ],
        }
    ),
    "results": asked(
        {
            "role": "user",
            "content": [
                text("first"),
                result("a", content="ok"),
                result("b"),
                result("c", content=[]),
                result(
                    "d",
                    content=[
                        text("x"),
                        {"type": "image", "source": {"type": "url", "url": "u"}},
                    ],
                    **CACHED,
                ),
                result("e", content="no", is_error=True),
                text("go on"),
                result("f", content="late", is_error=False),
            ],
        }
    ),
    "odd results": asked(
        {"role": "user", "content": [{"type": "tool_result"}, result("a", content=7)]}
    ),
    "media": asked(
        {
            "role": "user",
            "content": [
                {
                    "type": "image",
                    "source": {
                        "type": "base64",
                        "media_type": "image/png",
                        "data": "iVBO",
                    },
                    **CACHED,
                },
                {"type": "image", "source": {"type": "url", "url": "https://a.b/c"}},
                {"type": "image", "source": {"type": "file", "file_id": "f"}},
                {"type": "image", "source": {"type": "url", "url": "u", "more": 1}},
                {
                    "type": "document",
                    "source": {
                        "type": "base64",
                        "media_type": "application/pdf",
                        "data": "JVBE",
                    },
                    "title": "T",
                    "citations": {"enabled": True},
                },
                {
                    "type": "document",
                    "source": {"type": "text", "media_type": "text/plain", "data": "x"},
                    "context": "c",
                },
                {
                    "type": "document",
                    "source": {"type": "content", "content": [text("x")]},
                },
                {"type": "document", "source": {"type": "file", "file_id": "f"}},
                {
                    "type": "search_result",
                    "source": "s",
                    "title": "t",
                    "content": [text("x")],
                },
                {"type": "container_upload", "file_id": "f"},
                {"type": "container_upload"},
                {"type": "text"},
                {"type": "thinking"},
                {"type": "redacted_thinking"},
                {"type": "mcp_tool_use", "id": "m"},
            ],
        }
    ),
    "tools": asked(
        HI,
        tools=[
            {"name": "f", "input_schema": {"type": "object"}},
            {
                "name": "g",
                "description": "",
                "input_schema": {},
                "strict": True,
                **CACHED,
            },
            {
                "type": "custom",
                "name": "h",
                "description": "d",
                "input_schema": {"type": "object"},
                "defer_loading": True,
                "strict": False,
            },
            {"name": "i", "description": 7, "input_schema": {"type": "object"}},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
            {"type": "bash"},
            {"type": "mcp_toolset", "mcp_server_name": "m"},
        ],
    ),
    "no tools": asked(HI, tools=[]),
    "choice auto": asked(HI, tool_choice={"type": "auto"}),
    "choice any, one": asked(
        HI, tool_choice={"type": "any", "disable_parallel_tool_use": True}
    ),
    "choice tool": asked(
        HI,
        tool_choice={"type": "tool", "name": "f", "disable_parallel_tool_use": False},
    ),
    "choice none": asked(HI, tool_choice={"type": "none"}),
    "choice unknown": asked(HI, tool_choice={"type": "some", "names": ["f"]}),
    "parameters": asked(
        HI,
        stop_sequences=["a"],
        temperature=0.5,
        top_k=3,
        thinking={"type": "enabled", "budget_tokens": 1024},
        metadata={"user_id": "u"},
        mcp_servers=[{"url": "x"}],
        container="c",
        betas=["b"],
        anthropic_version="bedrock-2023-05-31",
    ),
    "no stops": asked(HI, stop_sequences=[]),
    "streamed": asked(HI, stream=True),
    "not streamed": asked(HI, stream=False),
    "format": asked(
        HI,
        output_config={"format": {"type": "json_schema", "schema": {"type": "object"}}},
    ),
    "format and effort": asked(
        HI,
        output_config={
            "effort": "low",
            "format": {"type": "json_schema", "schema": {"a": 1}},
        },
    ),
    "effort": asked(HI, output_config={"effort": "low"}),
    "older format": asked(
        HI, output_format={"type": "json_schema", "schema": {"a": 1}}
    ),
    "odd format": asked(
        HI, output_config={"format": {"type": "json_schema", "schema": {}, "name": "n"}}
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_what_was_read_is_written_again(name: str) -> None:
    """Every body is written as it was, in meaning and in spelling."""
    assert again(BODIES[name]) == BODIES[name]


def test_nothing_is_written_twice() -> None:
    """Reading what was written gives an equal request."""
    for body in BODIES.values():
        request = read(body)
        assert read(json.loads(ANTHROPIC_MESSAGES.write_request(request))) == request


def test_messages_are_the_common_ones() -> None:
    """A conversation with a tool reads as in any other format."""
    request = read(
        asked(
            HI,
            {
                "role": "assistant",
                "content": [
                    text("Let me look."),
                    {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
                ],
            },
            {
                "role": "user",
                "content": [result("t", content="bad", is_error=True), text("Well?")],
            },
            system="Be brief.",
        )
    )

    assert request.messages == (
        SystemMessage("Be brief."),
        HumanMessage("Hi"),
        AIMessage(
            "Let me look.", tool_calls=[{"name": "f", "args": {"a": 1}, "id": "t"}]
        ),
        ToolMessage("bad", tool_call_id="t", status="error"),
        HumanMessage([text("Well?")]),
    )


def test_a_second_user_turn_is_marked() -> None:
    """Only what cannot be told otherwise is marked, at its first message."""
    request = read(asked(HI, HI, {"role": "user", "content": [result("t")]}))

    assert [message.additional_kwargs for message in request.messages] == [
        {},
        {NAME: {}},
        {NAME: {}},
    ]


def test_fields_of_the_request() -> None:
    """What has a common name is under it, the rest is among the params."""
    request = read(
        asked(
            HI,
            tools=[{"name": "f", "input_schema": {"type": "object"}, **CACHED}],
            tool_choice={
                "type": "tool",
                "name": "f",
                "disable_parallel_tool_use": True,
            },
            stop_sequences=["a"],
            output_config={"format": {"type": "json_schema", "schema": {"b": 1}}},
            stream=True,
            top_k=3,
        )
    )

    assert request == ChatRequest(
        (HumanMessage("Hi"),),
        tools=(ToolSpec("f", parameters={"type": "object"}, extras=CACHED),),
        tool_choice=ToolChoice("tool", "f"),
        parallel_tool_calls=False,
        response_format=ResponseFormat("json_schema", {"b": 1}),
        stop=("a",),
        model="claude",
        params={"max_tokens": 9, "top_k": 3},
        stream=True,
    )


@pytest.mark.parametrize(
    "body, why",
    [
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[]", "'messages' is missing"),
        (b'{"messages": {}}', "'messages' is missing"),
        (b'{"messages": [7]}', "a message is 7"),
        (b'{"messages": [{"role": "user"}]}', "a message is"),
        (b'{"messages": [{"role": "bot", "content": ""}]}', "no message has the role"),
        (b'{"messages": [{"role": "user", "content": [7]}]}', "a content block is 7"),
        (b'{"messages": [], "system": 7}', "'system' is 7"),
        (b'{"messages": [], "tools": 7}', "'tools' is 7"),
        (b'{"messages": [], "tools": [7]}', "a tool is 7"),
        (b'{"messages": [], "tool_choice": 7}', "'tool_choice' is 7"),
        (b'{"messages": [], "stop_sequences": 7}', "'stop_sequences' is 7"),
        (b'{"messages": [], "model": 7}', "'model' is 7"),
    ],
)
def test_what_is_no_request_is_refused(body: bytes, why: str) -> None:
    """The error says what is wrong, with its value."""
    with pytest.raises(WireError) as caught:
        ANTHROPIC_MESSAGES.read_request(body)

    assert why in str(caught.value)
    assert str(caught.value).startswith(NAME)
