"""Chunks of any shape become parts of pydantic-ai, and events chunks."""

import asyncio
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import (
    BinaryContent,
    CompactionPart,
    ModelRequest,
    ModelResponse,
    NativeToolCallPart,
    PartDeltaEvent,
    PartStartEvent,
    SpeechPart,
    ToolCallPart,
    ToolCallPartDelta,
)
from pydantic_ai.models import ModelRequestParameters

from harness import (
    AIMessageChunk,
    HumanMessage,
    InputError,
    ToolMessage,
)
from harness.bridges.pydantic_ai import as_pydantic_ai, messages_from_pydantic_ai
from harness.bridges.pydantic_ai.events import EventReader
from harness.bridges.pydantic_ai.failures import fault_of
from harness.models import ChatModel
from harness.steps import Step


class Said(ChatModel):
    """Says *chunks*, whatever is asked."""

    def __init__(self, *chunks: AIMessageChunk) -> None:
        self.chunks = chunks

    def play(self, request: object) -> Iterator[Step]:
        """Give the chunks."""
        yield from self.chunks


def streamed(*chunks: AIMessageChunk) -> tuple[list[Any], ModelResponse]:
    """Give the events of a stream, and the response at its end."""

    async def run() -> tuple[list[Any], ModelResponse]:
        model = as_pydantic_ai(Said(*chunks))
        asked = ModelRequestParameters()
        messages: list[Any] = [ModelRequest.user_text_prompt("Hi")]
        async with model.request_stream(messages, None, asked) as stream:
            return [event async for event in stream], stream.get()

    return asyncio.run(run())


def piece(args: str | None, **fields: Any) -> AIMessageChunk:
    """Give a piece of a call."""
    said = {"name": None, "id": None, "index": 0, "args": args, **fields}
    return AIMessageChunk(tool_call_chunks=[said])


def test_calls_that_share_an_index_are_two() -> None:
    """A new id begins a new call, as in the sum of the chunks."""
    _, response = streamed(
        piece('{"a": ', name="f", id="c1"),
        piece("1}"),
        piece('{"b": 2}', name="g", id="c2"),
    )

    assert [(c.tool_name, c.args_as_dict()) for c in response.tool_calls] == [
        ("f", {"a": 1}),
        ("g", {"b": 2}),
    ]


def test_what_is_said_again_is_said_once() -> None:
    """Name and id are not joined to themselves."""
    echoed = {"name": "f", "id": "c1"}

    _, response = streamed(piece('{"a": ', **echoed), piece("1}", **echoed))

    (call,) = response.tool_calls
    assert (call.tool_name, call.tool_call_id, call.args) == ("f", "c1", '{"a": 1}')


def test_halves_of_a_character_find_each_other() -> None:
    """A half is held back until it is whole."""
    events, response = streamed(
        AIMessageChunk("so \ud83d"), AIMessageChunk("\ude00!"), piece('"\ud83d', id="c")
    )

    assert response.text == "so 😀!"
    assert "\ud83d" not in repr(events)


def test_server_tools_grow_piece_by_piece() -> None:
    """One part, however many pieces its arguments come in."""
    block = {"type": "server_tool_call_chunk", "index": 1}

    events, response = streamed(
        AIMessageChunk([{**block, "name": "web_search", "id": "s1", "args": '{"q"'}]),
        AIMessageChunk([{**block, "args": ": 1}"}]),
        AIMessageChunk(
            [{"type": "server_tool_result", "tool_call_id": "s1", "output": "found"}]
        ),
    )

    call, result = response.parts
    assert isinstance(call, NativeToolCallPart)
    assert (call.tool_name, call.args_as_dict()) == ("web_search", {"q": 1})
    assert result.part_kind == "builtin-tool-return"
    assert result.tool_name == "web_search"
    assert any(isinstance(event, PartDeltaEvent) for event in events)


def test_usage_and_reason_come_as_they_are_said() -> None:
    """Running totals replace, counts add up, and the end is marked."""
    _, response = streamed(
        AIMessageChunk("Hi", id="msg_1", usage_metadata={"input_tokens": 3}),
        AIMessageChunk(usage_metadata={"output_tokens": 4}),
        AIMessageChunk(response_metadata={"finish_reason": "length"}),
    )

    assert (response.usage.input_tokens, response.usage.output_tokens) == (3, 4)
    assert (response.finish_reason, response.provider_response_id) == (
        "length",
        "msg_1",
    )
    assert response.state == "complete"


def test_a_call_begins_without_arguments_there() -> None:
    """Their events of calls become fragments, of native calls nothing until the end."""
    reader = EventReader()
    native = NativeToolCallPart("web_search", None, "s1")

    begun = reader.feed(PartStartEvent(index=0, part=ToolCallPart("f", None, "c1")))
    grown = reader.feed(
        PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta='{"a": 1}'))
    )
    reader.feed(PartStartEvent(index=1, part=native))
    ignored = reader.feed(
        PartDeltaEvent(index=1, delta=ToolCallPartDelta(args_delta='{"q": 1}'))
    )

    assert begun is not None
    assert grown is not None
    assert (begun + grown).tool_call_chunks[0]["args"] == '{"a": 1}'
    assert ignored is None


def test_arguments_that_change_their_form_are_refused() -> None:
    """A dict behind a text cannot be joined to it."""
    reader = EventReader()
    reader.feed(PartStartEvent(index=0, part=ToolCallPart("f", '{"a"', "c1")))

    with pytest.raises(InputError, match=r"\{'b': 2\}"):
        reader.feed(
            PartDeltaEvent(index=0, delta=ToolCallPartDelta(args_delta={"b": 2}))
        )


def test_an_error_without_a_body_keeps_its_text() -> None:
    """As pydantic-ai words it."""
    fault = fault_of(ModelHTTPError(429, "m", None))

    assert "status_code: 429" in fault.message
    assert fault.kind == "rate_limit"


def test_old_retries_are_read() -> None:
    """With a tool they are its result, without one the user's word."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydantic_ai.messages import RetryPromptPart

        parts = [
            RetryPromptPart("Wrong city.", tool_name="f", tool_call_id="c1"),
            RetryPromptPart("Answer again."),
        ]

    result, word = messages_from_pydantic_ai([ModelRequest(parts)])

    assert isinstance(result, ToolMessage)
    assert (result.status, result.tool_call_id) == ("error", "c1")
    assert "Wrong city." in result.text
    assert isinstance(word, HumanMessage)
    assert "Answer again." in word.text


def test_speech_and_summaries_are_read() -> None:
    """As what the user says, or as sound where nobody wrote it down."""
    sound = BinaryContent(b"RIFF", media_type="audio/wav")
    parts = [
        CompactionPart("So far: nothing."),
        SpeechPart(speaker="user", transcript="Hi"),
        SpeechPart(speaker="user", audio=sound),
    ]

    summary, said, heard = messages_from_pydantic_ai([ModelRequest(parts)])

    assert (summary.text, said.text) == ("So far: nothing.", "Hi")
    assert heard.content_blocks[0]["type"] == "audio"
