"""The official clients, at their strictest, read in our bytes what we put there."""

import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import types
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState

from harness import strategies as hst
from harness.chunks import AIMessageChunk
from harness.laws import DialectSubject
from harness.messages import AIMessage
from harness.values import canonical
from harness.wire import DIALECTS

Seen = dict[str, Any]


class Server:
    """Answers every request with the bytes that were put there last."""

    def __init__(self) -> None:
        self.body = b""
        self.kind = ""
        transport = httpx2.MockTransport(self.answer)
        self.client = httpx2.Client(transport=transport)

    def answer(self, _: httpx2.Request) -> httpx2.Response:
        """Give the answer."""
        headers = {"content-type": self.kind}
        return httpx2.Response(200, headers=headers, content=self.body)


SERVER = Server()
CHAT = openai.OpenAI(
    api_key="none",
    base_url="http://encoded/v1",
    max_retries=0,
    http_client=SERVER.client,
    _strict_response_validation=True,
)
CLAUDE = anthropic.Anthropic(
    api_key="none",
    base_url="http://encoded",
    max_retries=0,
    http_client=SERVER.client,
    _strict_response_validation=True,
)
GEMINI = genai.Client(
    api_key="none",
    vertexai=False,
    http_options=types.HttpOptions(
        base_url="http://encoded", httpx_client=SERVER.client
    ),
)


def seen(
    text: str, reasoning: str, calls: Iterable[tuple[Any, ...]], finish: Any, usage: Any
) -> Seen:
    """Say what an answer says; *usage* is input and output tokens, if any."""
    listed = [(name, canonical(args), call_id) for name, args, call_id in calls]
    known = {
        "text": text,
        "reasoning": reasoning,
        "calls": listed,
        "finish": finish,
        "usage": usage,
    }
    return {key: value for key, value in known.items() if value is not None}


# -------------------------------------------------------------- what each client says


def chat(*, stream: bool) -> Seen:
    """Give what OpenAI's client makes of a chat completion."""
    asked: Any = {"model": "m", "messages": []}
    completion: Any
    if stream:
        state = ChatCompletionStreamState()
        for chunk in CHAT.chat.completions.create(**asked, stream=True):
            # It refuses answers that were cut, which they may be.
            with suppress(
                openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError
            ):
                state.handle_chunk(chunk)
        completion = state.current_completion_snapshot
    else:
        completion = CHAT.chat.completions.create(**asked)
    (choice,) = completion.choices
    message, usage = choice.message, completion.usage
    return seen(
        message.content or "",
        getattr(message, "reasoning_content", None) or "",
        [
            (call.function.name, json.loads(call.function.arguments), call.id)
            for call in message.tool_calls or ()
        ],
        choice.finish_reason,
        usage and (usage.prompt_tokens, usage.completion_tokens),
    )


def responses(*, stream: bool) -> Seen:
    """Give what OpenAI's client makes of a response."""
    asked: Any = {"model": "m", "input": "?"}
    response: Any = None
    if stream:
        with CHAT.responses.stream(**asked) as events:
            for event in events:
                response = getattr(event, "response", response)
    else:
        response = CHAT.responses.create(**asked)
    calls = [item for item in response.output if item.type == "function_call"]
    thoughts = [item for item in response.output if item.type == "reasoning"]
    parts = [p for each in thoughts for p in (*each.summary, *(each.content or ()))]
    why = response.incomplete_details and response.incomplete_details.reason
    done = "tool_calls" if calls else "stop"
    usage = response.usage
    return seen(
        response.output_text,
        "".join(part.text for part in parts),
        [(call.name, json.loads(call.arguments), call.call_id) for call in calls],
        {"max_output_tokens": "length"}.get(why, why) or done,
        usage and (usage.input_tokens, usage.output_tokens),
    )


STOPS = {
    "end_turn": "stop",
    "max_tokens": "length",
    "refusal": "content_filter",
    "tool_use": "tool_calls",
}


def claude(*, stream: bool) -> Seen:
    """Give what Anthropic's client makes of a message."""
    asked: Any = {"model": "m", "max_tokens": 9, "messages": []}
    if stream:
        with CLAUDE.messages.stream(**asked) as events:
            message: Any = events.get_final_message()
    else:
        message = CLAUDE.messages.create(**asked)
    blocks, usage = message.content, message.usage
    read = usage.cache_read_input_tokens or 0
    return seen(
        "".join(block.text for block in blocks if block.type == "text"),
        "".join(block.thinking for block in blocks if block.type == "thinking"),
        [(b.name, b.input, b.id) for b in blocks if b.type == "tool_use"],
        STOPS[message.stop_reason],
        (usage.input_tokens + read, usage.output_tokens),
    )


ENDS = {"STOP": "stop", "MAX_TOKENS": "length"}


def gemini(*, stream: bool) -> Seen:
    """Give what Google's client makes of its parts, which it does not add up."""
    asked: Any = {"model": "m", "contents": "?"}
    said: list[Any] = (
        [*GEMINI.models.generate_content_stream(**asked)]
        if stream
        else [GEMINI.models.generate_content(**asked)]
    )
    first = [c for each in said for c in each.candidates or ()]
    parts = [p for c in first if c.content for p in c.content.parts or ()]
    calls = [part.function_call for part in parts if part.function_call]
    (reason,) = (c.finish_reason.value for c in first if c.finish_reason)
    finish = ENDS.get(reason, "content_filter")
    usages = [each.usage_metadata for each in said if each.usage_metadata]
    counts: Any = usages[-1] if usages else None
    return seen(
        "".join(part.text or "" for part in parts if not part.thought),
        "".join(part.text or "" for part in parts if part.thought),
        [(call.name, call.args, call.id) for call in calls],
        "tool_calls" if calls and finish == "stop" else finish,
        counts
        and (
            counts.prompt_token_count,
            (counts.candidates_token_count or 0) + (counts.thoughts_token_count or 0),
        ),
    )


CLIENTS: dict[str, Callable[..., Seen]] = {
    "anthropic-messages": claude,
    "gemini": gemini,
    "openai-chat": chat,
    "openai-responses": responses,
}
READ = [
    pytest.param(name, CLIENTS[name], id=name) for name in CLIENTS if name in DIALECTS
]


def expected(message: AIMessage, found: Seen) -> Seen:
    """Say what the client shall find; usage that was not said is not asked for."""
    blocks = message.content_blocks
    thoughts = (b["reasoning"] for b in blocks if b["type"] == "reasoning")
    usage: Any = message.usage_metadata
    return seen(
        message.text,
        "".join(thoughts),
        [(call["name"], call["args"], call["id"]) for call in message.tool_calls],
        message.finish_reason,
        (usage["input_tokens"], usage["output_tokens"])
        if usage
        else found.get("usage"),
    )


@pytest.mark.parametrize(("name", "read"), READ)
def test_the_client_reads_the_stream(name: str, read: Callable[..., Seen]) -> None:
    """An encoded stream says to the official client what its chunks say."""
    subject = DialectSubject.of(name)
    parts = {*subject.carries} - {"refusal"}

    @settings(max_examples=30)
    @given(st.data())
    def streamed(data: st.DataObject) -> None:
        message = data.draw(hst.wire_answers(parts=parts))
        chunks = data.draw(hst.wire_chunks(message))
        encoder = subject.dialect.encoder()
        SERVER.body = b"".join(map(encoder.feed, chunks)) + encoder.close()
        SERVER.kind = subject.dialect.stream_type

        found = read(stream=True)

        assert found == expected(message, found)

    streamed()


@pytest.mark.parametrize(("name", "read"), READ)
def test_the_client_reads_the_reply(name: str, read: Callable[..., Seen]) -> None:
    """A written reply says to the official client what its message says."""
    subject = DialectSubject.of(name)
    parts = {*subject.carries} - {"refusal"}

    @settings(max_examples=30)
    @given(hst.wire_answers(parts=parts))
    def replied(message: AIMessage) -> None:
        SERVER.body = subject.dialect.write_reply(message)
        SERVER.kind = "application/json"

        found = read(stream=False)

        assert found == expected(message, found)

    replied()


@pytest.mark.parametrize(("name", "read"), READ)
def test_the_client_reads_what_another_dialect_said(
    name: str, read: Callable[..., Seen]
) -> None:
    """Chunks that another dialect decoded pass the official client, too."""
    message = AIMessage(
        [{"type": "reasoning", "reasoning": "Hm"}, {"type": "text", "text": "Hi"}],
        tool_calls=[{"name": "f", "args": {"a": 1}, "id": "call_0"}],
        usage_metadata={"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
        response_metadata={"finish_reason": "tool_calls", "model_name": "m-1"},
        id="msg_1",
    )
    for peer in CLIENTS.keys() & DIALECTS.keys() - {name}:
        decoder = DIALECTS[peer].decoder()
        said = DIALECTS[peer].encoder()
        data = said.feed(AIMessageChunk.from_message(message)) + said.close()
        steps = [*decoder.feed(data), *decoder.close()]
        encoder = DIALECTS[name].encoder()
        SERVER.body = b"".join(map(encoder.feed, steps)) + encoder.close()
        SERVER.kind = DIALECTS[name].stream_type

        found = read(stream=True)

        assert found == expected(message, found), peer
