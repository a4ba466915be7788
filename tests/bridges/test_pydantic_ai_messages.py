"""Messages go to pydantic-ai and come back, and theirs here, as they were."""

from typing import Any

import pytest
from hypothesis import given
from pydantic_ai.messages import (
    AudioUrl,
    BinaryContent,
    BinaryImage,
    CachePoint,
    Citation,
    CompactionPart,
    DocumentUrl,
    FilePart,
    ImageUrl,
    InstructionDeltaPart,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    NativeToolCallPart,
    NativeToolReturnPart,
    RetryFeedbackPart,
    RetryInfo,
    SystemPromptPart,
    TextContent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UploadedFile,
    UserPromptPart,
    VideoUrl,
    WebCitationSource,
)
from pydantic_ai.usage import RequestUsage

from harness import AIMessage, HumanMessage, InputError, SystemMessage, ToolMessage
from harness import strategies as hst
from harness.bridges.pydantic_ai import (
    message_from_response,
    message_to_response,
    messages_from_pydantic_ai,
    messages_to_pydantic_ai,
)

PNG = b"\x89PNG"


def there_and_back(message: AIMessage) -> AIMessage:
    """Give *message* as it comes back, from a database of theirs too."""
    response = message_to_response(message, model_name="m")
    stored = ModelMessagesTypeAdapter.dump_json([response])
    (loaded,) = ModelMessagesTypeAdapter.validate_json(stored)
    assert isinstance(loaded, ModelResponse)
    return message_from_response(loaded)


@given(message=hst.answers())
def test_answers_come_back(message: AIMessage) -> None:
    """All that they say, in its order."""
    back = there_and_back(message)

    assert back.text == message.text
    assert [kept(b) for b in back.content_blocks] == [
        kept(b) for b in message.content_blocks
    ]
    assert counted(back.usage_metadata or {}) == counted(message.usage_metadata or {})
    assert back.finish_reason == message.finish_reason
    assert back.id == message.id


def counted(usage: Any) -> Any:
    """Give what of a usage is more than nothing: pydantic-ai has no word for that."""
    if not isinstance(usage, dict):
        return usage
    return {name: said for name, one in usage.items() if (said := counted(one))}


def kept(block: dict[str, Any]) -> dict[str, Any]:
    """Give what has to come back: reasons for what is wrong are found anew."""
    return {k: v for k, v in block.items() if k != "error" and v is not None}


BLOCKS: list[Any] = [
    {"type": "reasoning", "reasoning": "Hm.", "extras": {"signature": "Ev4C", "x": 1}},
    {
        "type": "text",
        "text": "Hi",
        "id": "msg_1",
        "annotations": [{"type": "citation"}],
    },
    {"type": "image", "base64": "iVBORw==", "mime_type": "image/png"},
    {"type": "server_tool_call", "name": "web_search", "args": {"q": "a"}, "id": "s1"},
    {
        "type": "server_tool_result",
        "tool_call_id": "s1",
        "output": [{"title": "A"}],
        "status": "success",
    },
    {"type": "refusal", "refusal": "No."},
    {"type": "image", "url": "https://a.b/c.png"},
]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block["type"])
def test_blocks_come_back(block: dict[str, Any]) -> None:
    """With all their fields, also those that no part has."""
    assert there_and_back(AIMessage([block])).content == [block]


def test_all_about_an_answer_comes_back() -> None:
    """Usage with its details, metadata, names and calls that are wrong."""
    message = AIMessage(
        "Let me look.",
        invalid_tool_calls=[{"name": "f", "args": "{", "id": "c", "error": "ends"}],
        usage_metadata={
            "input_tokens": 9,
            "output_tokens": 8,
            "total_tokens": 17,
            "input_token_details": {"cache_read": 4, "cache_creation": 1},
            "output_token_details": {"reasoning": 5},
        },
        response_metadata={"finish_reason": "length", "model_name": "gpt", "tier": "x"},
        additional_kwargs={"k": 1},
        name="Bob",
        id="msg_1",
    )

    response = message_to_response(message, model_name="m")
    back = there_and_back(message)

    assert response.finish_reason == "length"
    assert response.model_name == "gpt"
    assert response.provider_response_id == "msg_1"
    assert response.usage.cache_read_tokens == 4
    assert response.tool_calls[0].args == "{"
    assert back.usage_metadata == message.usage_metadata
    assert back.response_metadata == message.response_metadata
    assert (back.additional_kwargs, back.name) == ({"k": 1}, "Bob")
    assert [c["args"] for c in back.invalid_tool_calls] == ["{"]
    assert back.content == "Let me look."


def test_a_refusal_is_a_content_filter() -> None:
    """So an agent says what was refused."""
    message = AIMessage([{"type": "refusal", "refusal": "No."}])

    response = message_to_response(message, model_name="m")

    assert response.finish_reason == "content_filter"
    assert response.provider_details is not None
    assert response.provider_details["refusal"] == "No."


RESPONSE = ModelResponse(
    [
        ThinkingPart("Hm.", id="rs_1", signature="Ev4C", provider_name="openai"),
        TextPart(
            "Hi",
            id="msg_1",
            provider_name="openai",
            provider_details={"phase": "final"},
            citations=[Citation([WebCitationSource("https://a.b")])],
        ),
        NativeToolCallPart("web_search", {"q": 1}, "s1", provider_name="openai"),
        NativeToolReturnPart("web_search", ["found"], "s1", provider_name="openai"),
        FilePart(BinaryImage(PNG, media_type="image/png")),
        ToolCallPart("f", {"a": 1}, "c1", id="fc_1", provider_name="openai"),
        CompactionPart("So far: nothing.", provider_name="openai"),
    ],
    usage=RequestUsage(input_tokens=3, output_tokens=4, cache_read_tokens=1),
    model_name="gpt-5",
    finish_reason="tool_call",
    provider_response_id="resp_1",
    provider_details={"tier": "x"},
)


def test_responses_come_back() -> None:
    """Each part, with all that its provider wants to see again."""
    message = message_from_response(RESPONSE)
    back = message_to_response(message, model_name="m")

    for part, again in zip(RESPONSE.parts, back.parts, strict=True):
        assert _same_time(part, again) == part
    assert (back.usage, back.finish_reason) == (RESPONSE.usage, "tool_call")
    assert (back.model_name, back.provider_response_id) == ("gpt-5", "resp_1")
    assert message.text == "Hi"
    assert message.tool_calls[0]["args"] == {"a": 1}


def _same_time(part: Any, again: Any) -> Any:
    if hasattr(part, "timestamp"):
        again.timestamp = part.timestamp
    return again


def test_histories_come_here() -> None:
    """Each part of a request is a message; instructions come behind the system's."""
    history: list[ModelMessage] = [
        ModelRequest([SystemPromptPart("Be brief."), UserPromptPart("Hi")]),
        ModelResponse(
            [ToolCallPart("f", {"a": 1}, "c1"), ToolCallPart("f", "{", "c2")]
        ),
        ModelRequest(
            [
                ToolReturnPart("f", {"b": [1]}, "c1"),
                ToolReturnPart("f", "Wrong.", "c2", outcome="retried"),
                RetryFeedbackPart("Again.", retry=RetryInfo("model_retry")),
            ]
        ),
    ]

    said = messages_from_pydantic_ai(history, instructions="In French.")

    assert said[:3] == [
        SystemMessage("Be brief."),
        SystemMessage("In French."),
        HumanMessage("Hi"),
    ]
    assert isinstance(said[3], AIMessage)
    assert [c["id"] for c in said[3].tool_calls] == ["c1"]
    assert [c["args"] for c in said[3].invalid_tool_calls] == ["{"]
    assert said[4] == ToolMessage('{"b":[1]}', tool_call_id="c1", name="f")
    assert isinstance(said[5], ToolMessage)
    assert (said[5].status, said[5].tool_call_id) == ("error", "c2")
    assert isinstance(said[6], HumanMessage)
    assert "Again." in said[6].text


def test_what_users_show_comes_here_and_goes_back() -> None:
    """Images, sounds, films and documents, by address and as data."""
    content: Any = [
        "Look:",
        ImageUrl("https://a.b/c.png", vendor_metadata={"detail": "high"}),
        AudioUrl("https://a.b/c.mp3"),
        VideoUrl("https://a.b/c.mp4"),
        DocumentUrl("https://a.b/c.pdf"),
        BinaryContent(PNG, media_type="image/png"),
        BinaryContent(b"%PDF", media_type="application/pdf"),
        UploadedFile("file_1", "openai", media_type="application/pdf"),
    ]

    (message,) = messages_from_pydantic_ai([ModelRequest([UserPromptPart(content)])])
    (back,) = messages_to_pydantic_ai([message], provider="openai")

    kinds = [block["type"] for block in message.content_blocks]
    assert kinds == "text image audio video file image file file".split()
    assert message.content_blocks[1]["extras"] == {"detail": "high"}
    assert back.parts[0].content == content  # type: ignore[union-attr]  # a user's part


def test_texts_of_users_are_texts() -> None:
    """Whatever form they have there; a point to cache at says nothing."""
    content = [TextContent("Hi"), CachePoint()]

    (message,) = messages_from_pydantic_ai([ModelRequest([UserPromptPart(content)])])

    assert message.text == "Hi"


def test_what_tools_show_comes_here_and_goes_back() -> None:
    """An image beside its text."""
    image = BinaryContent(PNG, media_type="image/png")
    part = ToolReturnPart("look", ["See:", image], "c1")

    (message,) = messages_from_pydantic_ai([ModelRequest([part])])
    (back,) = messages_to_pydantic_ai([message])

    assert [block["type"] for block in message.content_blocks] == ["text", "image"]
    assert back.parts[0].content == ["See:", image]  # type: ignore[union-attr]  # a tool's part


def test_histories_go_there() -> None:
    """Messages between two answers are one request; results know their tool."""
    history = [
        SystemMessage("Be brief."),
        HumanMessage("Hi"),
        AIMessage("", tool_calls=[{"name": "f", "args": {}, "id": "c1"}]),
        ToolMessage("Oops", tool_call_id="c1", status="error"),
        HumanMessage("So?"),
    ]

    first, answer, last = messages_to_pydantic_ai(history, model_name="m")

    assert [part.part_kind for part in first.parts] == ["system-prompt", "user-prompt"]
    assert isinstance(answer, ModelResponse)
    assert answer.model_name == "m"
    result = last.parts[0]
    assert isinstance(result, ToolReturnPart)
    assert (result.tool_name, result.outcome) == ("f", "failed")


def test_parts_of_agents_are_refused() -> None:
    """With the way to make messages of them."""
    part = InstructionDeltaPart(id=None, content="x")

    with pytest.raises(InputError, match=r"InstructionDeltaPart.*prepare_messages"):
        messages_from_pydantic_ai([ModelRequest([part])])


@pytest.mark.parametrize(
    "turn",
    [
        lambda: messages_from_pydantic_ai(["Hi"]),  # type: ignore[list-item]
        lambda: messages_to_pydantic_ai(["Hi"]),  # type: ignore[list-item]
        lambda: message_from_response("Hi"),  # type: ignore[arg-type]
        lambda: message_to_response(HumanMessage("Hi"), model_name="m"),  # type: ignore[arg-type]
        lambda: messages_to_pydantic_ai(
            [HumanMessage([{"type": "reasoning", "reasoning": "Hm."}])]
        ),
    ],
)
def test_what_is_no_message_is_refused(turn: Any) -> None:
    """By name."""
    with pytest.raises(InputError, match=r"Hi|Hm"):
        turn()
