"""Each provider's model over a real connection: what it sends, what it understands."""

import asyncio
import json
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from harness import HumanMessage, InputError, SystemMessage, ToolMessage, tool
from harness.providers import (
    AnthropicChatModel,
    GeminiChatModel,
    OllamaChatModel,
    OpenAIChatModel,
    OpenAIResponsesModel,
)


@tool
def get_weather(city: str) -> str:
    """Look the weather up."""
    return f"Sunny in {city}"


class Weather(BaseModel):
    """The weather of a city."""

    city: str


@dataclass
class Provider:
    """A provider's way to say three things: a text, a tool call, the text in pieces."""

    model: Any
    path: str
    key: tuple[str, str]
    text: Any
    call: Any
    stream: bytes
    stream_path: str | None = None


def events(*said: dict[str, Any], named: bool = False) -> bytes:
    return b"".join(
        (f"event: {one['type']}\n" if named else "").encode()
        + f"data: {json.dumps(one)}\n\n".encode()
        for one in said
    )


# ------------------------------------------------------- OpenAI Chat Completions


def completion(message: dict[str, Any], reason: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1700000000,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": None, **message},
                "logprobs": None,
                "finish_reason": reason,
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }


def completion_chunk(
    delta: dict[str, Any], reason: str | None = None
) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        "usage": None,
    }


OPENAI_CHAT = Provider(
    OpenAIChatModel,
    "/chat/completions",
    ("authorization", "Bearer k-123456"),
    completion({"content": "Hi there"}, "stop"),
    completion(
        {
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city":"Oslo"}'},
                }
            ]
        },
        "tool_calls",
    ),
    events(
        completion_chunk({"role": "assistant", "content": ""}),
        completion_chunk({"content": "Hi"}),
        completion_chunk({"content": " there"}),
        completion_chunk({}, "stop"),
        {
            **completion_chunk({}),
            "choices": [],
            "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
        },
    )
    + b"data: [DONE]\n\n",
)

# -------------------------------------------------------------- OpenAI Responses


def response(*output: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1700000000,
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "model": "m",
        "output": [*output],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": 7,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 10,
        },
    }


def text_part(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def item(*parts: dict[str, Any], status: str = "completed") -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "status": status,
        "content": [*parts],
    }


def piece(kind: str, number: int, **said: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "sequence_number": number, **said}


AT = {"item_id": "msg_1", "output_index": 0, "content_index": 0}

OPENAI_RESPONSES = Provider(
    OpenAIResponsesModel,
    "/responses",
    ("authorization", "Bearer k-123456"),
    response(item(text_part("Hi there"))),
    response(
        {
            "id": "fc_1",
            "type": "function_call",
            "status": "completed",
            "call_id": "call_1",
            "name": "get_weather",
            "arguments": '{"city":"Oslo"}',
        }
    ),
    events(
        piece("created", 0, response={**response(status="in_progress"), "usage": None}),
        piece("output_item.added", 1, output_index=0, item=item(status="in_progress")),
        piece("content_part.added", 2, **AT, part=text_part("")),
        piece("output_text.delta", 3, **AT, delta="Hi", logprobs=[]),
        piece("output_text.delta", 4, **AT, delta=" there", logprobs=[]),
        piece("output_text.done", 5, **AT, text="Hi there", logprobs=[]),
        piece("content_part.done", 6, **AT, part=text_part("Hi there")),
        piece("output_item.done", 7, output_index=0, item=item(text_part("Hi there"))),
        piece("completed", 8, response=response(item(text_part("Hi there")))),
        named=True,
    ),
)

# ------------------------------------------------------------ Anthropic Messages


def anthropic(*content: dict[str, Any], reason: str = "end_turn") -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [*content],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 7, "output_tokens": 3},
    }


def text_delta(text: str) -> dict[str, Any]:
    delta = {"type": "text_delta", "text": text}
    return {"type": "content_block_delta", "index": 0, "delta": delta}


ANTHROPIC = Provider(
    AnthropicChatModel,
    "/v1/messages",
    ("x-api-key", "k-123456"),
    anthropic({"type": "text", "text": "Hi there"}),
    anthropic(
        {
            "type": "tool_use",
            "id": "call_1",
            "name": "get_weather",
            "input": {"city": "Oslo"},
        },
        reason="tool_use",
    ),
    events(
        {
            "type": "message_start",
            "message": {
                **anthropic(),
                "stop_reason": None,
                "usage": {"input_tokens": 7, "output_tokens": 1},
            },
        },
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        },
        {"type": "ping"},
        text_delta("Hi"),
        text_delta(" there"),
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 3},
        },
        {"type": "message_stop"},
        named=True,
    ),
)

# ------------------------------------------------------------------------ Gemini


def candidate(*parts: dict[str, Any], reason: str | None = "STOP") -> dict[str, Any]:
    said: dict[str, Any] = {
        "content": {"parts": [*parts], "role": "model"},
        "index": 0,
    }
    if reason is not None:
        said["finishReason"] = reason
    return {
        "candidates": [said],
        "usageMetadata": {
            "promptTokenCount": 7,
            "candidatesTokenCount": 3,
            "totalTokenCount": 10,
        },
        "modelVersion": "m",
        "responseId": "resp-1",
    }


GEMINI = Provider(
    GeminiChatModel,
    "/v1beta/models/m:generateContent",
    ("x-goog-api-key", "k-123456"),
    candidate({"text": "Hi there"}),
    candidate({"functionCall": {"name": "get_weather", "args": {"city": "Oslo"}}}),
    events(
        candidate({"text": "Hi"}, reason=None),
        candidate({"text": " there"}),
    ),
    "/v1beta/models/m:streamGenerateContent?alt=sse",
)

# ------------------------------------------------------------------------ Ollama


def ollama(message: dict[str, Any], *, done: bool = True) -> dict[str, Any]:
    end = {
        "done_reason": "stop",
        "total_duration": 9,
        "prompt_eval_count": 7,
        "eval_count": 3,
    }
    return {
        "model": "m",
        "created_at": "2025-01-01T00:00:00.000000Z",
        "message": {"role": "assistant", "content": "", **message},
        "done": done,
        **(end if done else {}),
    }


OLLAMA = Provider(
    OllamaChatModel,
    "/api/chat",
    ("authorization", "Bearer k-123456"),
    ollama({"content": "Hi there"}),
    ollama(
        {
            "tool_calls": [
                {"function": {"name": "get_weather", "arguments": {"city": "Oslo"}}}
            ]
        }
    ),
    b"".join(
        json.dumps(line).encode() + b"\n"
        for line in (
            ollama({"content": "Hi"}, done=False),
            ollama({"content": " there"}, done=False),
            ollama({}),
        )
    ),
)

PROVIDERS = {
    "openai-chat": OPENAI_CHAT,
    "openai-responses": OPENAI_RESPONSES,
    "anthropic": ANTHROPIC,
    "gemini": GEMINI,
    "ollama": OLLAMA,
}


@pytest.fixture(params=PROVIDERS)
def kind(request: pytest.FixtureRequest) -> Provider:
    """Give each provider in turn."""
    return PROVIDERS[request.param]


@pytest.fixture
def asked(kind, provider):
    """Give its model, which asks the server of the test."""
    return kind.model("m", base_url=provider.url, api_key="k-123456")


def test_a_text(kind, provider, asked):
    """A whole answer: path, key, text, usage."""
    provider.replies(kind.text)

    message = asked.invoke([SystemMessage("Be nice."), HumanMessage("Hello")])

    request = provider.asked[0]
    assert message.text == "Hi there"
    assert message.usage_metadata["input_tokens"] == 7
    assert message.usage_metadata["output_tokens"] == 3
    assert message.response_metadata["finish_reason"] == "stop"
    assert request.path == kind.path
    assert request.headers[kind.key[0]] == kind.key[1]
    assert not request.body.get("stream")


@pytest.mark.parametrize("tasks", [False, True])
def test_a_stream(kind, provider, asked, tasks):
    """The same in pieces: its sum is the whole answer."""
    provider.streams(*(kind.stream[n : n + 7] for n in range(0, len(kind.stream), 7)))

    async def listen():
        return [chunk async for chunk in asked.astream("Hello")]

    chunks = asyncio.run(listen()) if tasks else [*asked.stream("Hello")]
    full = sum(chunks)

    assert [chunk.text for chunk in chunks if chunk.text] == ["Hi", " there"]
    assert full.chunk_position == "last"
    assert full.usage_metadata["total_tokens"] == 10
    assert full.response_metadata["finish_reason"] == "stop"
    assert provider.asked[0].path == (kind.stream_path or kind.path)


def test_tools(kind, provider, asked):
    """A tool is bound, called, answered, and the answer understood."""
    provider.replies(kind.call)
    provider.replies(kind.text)
    agent = asked.bind_tools([get_weather])
    history = [HumanMessage("What's the weather in Oslo?")]

    history.append(agent.invoke(history))
    call = history[-1].tool_calls[0]
    history.append(ToolMessage("Sunny", tool_call_id=call["id"], name=call["name"]))
    answer = agent.invoke(history)

    assert (call["name"], call["args"]) == ("get_weather", {"city": "Oslo"})
    assert history[1].response_metadata["finish_reason"] == "tool_calls"
    assert answer.text == "Hi there"
    first, second = (json.dumps(request.body) for request in provider.asked)
    assert "get_weather" in first
    assert "Look the weather up." in first
    assert "Sunny" in second


def test_structured_output(kind, provider, asked):
    """What the provider can be forced to say is read into the value asked for."""
    as_call = json.dumps(kind.call).replace("get_weather", "Weather")
    as_text = json.dumps(kind.text).replace("Hi there", r"{\"city\": \"Oslo\"}")
    provider.replies((as_text if kind is OLLAMA else as_call).encode())

    structured = asked.with_structured_output(Weather)

    assert structured.invoke("Weather in Oslo?") == Weather(city="Oslo")


def test_events(kind, provider, asked):
    """The stream as events, the message last."""
    provider.streams(kind.stream)

    async def listen():
        return [event async for event in asked.astream_events("Hello")]

    heard = asyncio.run(listen())

    assert heard[0]["event"] == "on_chat_model_start"
    assert heard[-1]["event"] == "on_chat_model_end"
    assert heard[-1]["data"]["output"].text == "Hi there"


@pytest.mark.parametrize("tasks", [False, True])
def test_batches(kind, provider, asked, tasks):
    """Many at once."""
    for _ in range(3):
        provider.replies(kind.text)

    inputs = ["1", "2", "3"]
    answers = asyncio.run(asked.abatch(inputs)) if tasks else asked.batch(inputs)

    assert [message.text for message in answers] == ["Hi there"] * 3


def test_parameters(kind, provider):
    """Parameters have the same names everywhere, and arrive."""
    provider.replies(kind.text)
    made = kind.model(
        "m", base_url=provider.url, temperature=0.25, max_tokens=77, top_p=0.5
    )

    made.invoke("Hello")

    sent = json.dumps(provider.asked[0].body)
    assert "0.25" in sent
    assert "77" in sent
    assert "0.5" in sent


# ------------------------------------------------- what one provider alone wants


def test_openai_tells_usage_in_a_stream(provider):
    """Usage is asked for, unless it is said otherwise."""
    for _ in range(3):
        provider.streams(OPENAI_CHAT.stream)
    made = OpenAIChatModel("m", base_url=provider.url)
    quiet = OpenAIChatModel("m", base_url=provider.url, stream_usage=False)

    sum(made.stream("Hi"))
    sum(quiet.stream("Hi"))
    sum(made.stream("Hi", stream_options={"include_obfuscation": False}))

    assert [request.body.get("stream_options") for request in provider.asked] == [
        {"include_usage": True},
        None,
        {"include_obfuscation": False},
    ]


def test_openai_has_another_word_for_max_tokens():
    """The word that all others understand is refused by OpenAI's reasoning models."""
    made = OpenAIChatModel("gpt-5", api_key="x", max_tokens=5)
    other = OpenAIChatModel("gpt-5", base_url="http://gpu/v1", max_tokens=5)

    request = made.binding.request("Hi", stream=False)

    assert made.asked(request).params == {"max_completion_tokens": 5}
    assert other.asked(request).params == {"max_tokens": 5}


def test_anthropic_wants_its_version_and_a_limit(provider):
    """What Anthropic requires is sent unasked; betas are headers."""
    provider.replies(ANTHROPIC.text)
    made = AnthropicChatModel(
        "m",
        base_url=provider.url,
        betas=["one-2025", "two-2025"],
        default_headers={"x-mine": "1"},
    )

    made.invoke("Hi")

    request = provider.asked[0]
    assert request.body["max_tokens"] == 4096
    assert request.headers["anthropic-version"] == "2023-06-01"
    assert request.headers["anthropic-beta"] == "one-2025,two-2025"
    assert request.headers["x-mine"] == "1"


@pytest.mark.parametrize("betas", ["one-2025", [1]])
def test_betas_are_a_list(betas):
    """A single string is not taken for a list of letters."""
    with pytest.raises(InputError, match=r"^betas="):
        AnthropicChatModel("m", api_key="x", betas=betas)


def test_gemini_cannot_be_told_to_call_once(provider):
    """Where a tool is forced, that is left out; where it matters, it is refused."""
    made = GeminiChatModel("m", base_url=provider.url)
    provider.replies(GEMINI.call)

    made.bind_tools([get_weather], tool_choice="get_weather").invoke(
        "Hi", parallel_tool_calls=False
    )

    with pytest.raises(InputError, match="parallel_tool_calls=False cannot be asked"):
        made.bind_tools([get_weather]).invoke("Hi", parallel_tool_calls=False)


def test_ollama_is_asked_for_json(provider):
    """Ollama cannot be made to call a tool, but to answer in JSON of a schema."""
    provider.replies(ollama({"content": '{"city": "Oslo"}'}))

    made = OllamaChatModel("m", base_url=provider.url).with_structured_output(Weather)

    assert made.invoke("Hi") == Weather(city="Oslo")
    assert provider.asked[0].body["format"]["required"] == ["city"]


def test_where_ollama_is(monkeypatch):
    """Ollama is on this machine, or where OLLAMA_HOST says."""
    here = OllamaChatModel("m").base_url
    monkeypatch.setenv("OLLAMA_HOST", "gpu")

    assert (here, OllamaChatModel("m").base_url) == (
        "http://localhost:11434",
        "http://gpu:11434",
    )


def test_gemini_takes_either_key(monkeypatch):
    """Both names of the variable are known; the first wins."""
    monkeypatch.setenv("GEMINI_API_KEY", "k-gemini")
    one = GeminiChatModel("m")._key.headers(GeminiChatModel.service)
    monkeypatch.setenv("GOOGLE_API_KEY", "k-google")
    two = GeminiChatModel("m")._key.headers(GeminiChatModel.service)

    assert (one, two) == (
        {"x-goog-api-key": "k-gemini"},
        {"x-goog-api-key": "k-google"},
    )
