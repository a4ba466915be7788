"""One script, and every face that plays it: each client hears the same.

The faces stand in one table, which `face` fills: the model itself, the official SDKs,
frameworks on them, and bare HTTP clients, whole and streamed. What a format or a client
cannot carry stands in its row, as `lacks`, and is checked to be missing.
"""

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import httpx
import httpx2
import openai
import pytest
import requests
from pydantic_ai import ToolDefinition, direct
from pydantic_ai.messages import ModelRequest, TextPart, ThinkingPart, ToolCallPart
from pydantic_ai.models import ModelRequestParameters

from harness import (
    AIMessage,
    ChatRequest,
    FakeChatModel,
    FakeProvider,
    HumanMessage,
    Script,
    call,
    say,
    think,
)
from harness.tool_specs import tool_spec
from harness.wire import DIALECTS

ASKED = "What's the weather in Boston and Tokyo?"
MESSAGES: Any = [{"role": "user", "content": ASKED}]
SCHEMA = {
    "type": "object",
    "properties": {"location": {"type": "string"}},
    "required": ["location"],
    "additionalProperties": False,
}
WEATHER = {"name": "get_weather", "description": "Look.", "parameters": SCHEMA}
USAGE = {"input_tokens": 12, "output_tokens": 34, "total_tokens": 46}


@dataclass(frozen=True)
class Heard:
    """What a client has heard, in the words of no provider."""

    text: str = ""
    reasoning: str = ""
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = ()
    usage: tuple[int, int] | None = None
    finish: str | None = None


CALLS = (
    ("call_1", "get_weather", {"location": "Boston"}),
    ("call_2", "get_weather", {"location": "Tōkyō \N{UMBRELLA WITH RAIN DROPS}"}),
)
#: Name -> the turn, and what is heard of it.
TURNS: dict[str, tuple[Any, Heard]] = {
    "calls": (
        say(
            think("Two places,\nso two calls."),
            "Let me look. 🌦️",
            *(call(name, args) for _, name, args in CALLS),
            usage=USAGE,
        ),
        Heard(
            "Let me look. 🌦️",
            "Two places,\nso two calls.",
            CALLS,
            (12, 34),
            "tool_calls",
        ),
    ),
    "text": (
        say("It is sunny in Boston, and\n\nrains in Tōkyō.", usage=USAGE),
        Heard(
            "It is sunny in Boston, and\n\nrains in Tōkyō.",
            usage=(12, 34),
            finish="stop",
        ),
    ),
    "cut off": (
        say("It is su", usage=USAGE, finish="length"),
        Heard("It is su", usage=(12, 34), finish="length"),
    ),
}

#: What ends an answer, in the words of those who say it otherwise than the script.
WORDS: dict[str, dict[str | None, str]] = {
    "anthropic": {
        "stop": "end_turn",
        "tool_calls": "tool_use",
        "length": "max_tokens",
    },
    # Gemini stops, whatever it has said before.
    "gemini": {"stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS"},
    # A response is complete, or says why it is not.
    "responses": {
        "stop": "completed",
        "tool_calls": "completed",
        "length": "max_output_tokens",
    },
    "pydantic-ai": {"stop": "stop", "tool_calls": "tool_call", "length": "length"},
    # Pydantic AI takes the word of Gemini and of a response as it is.
    "pydantic-ai, stopped": {"stop": "stop", "tool_calls": "stop", "length": "length"},
}


@dataclass(frozen=True)
class Face:
    """One way to hear a script: *ask* it.

    *words* are those in which it says why an answer ended, *lacks* the fields of Heard
    that it cannot carry, *raises* is what it makes of an answer that is cut off.
    """

    name: str
    ask: Callable[[Script], Heard]
    words: str = ""
    lacks: tuple[str, ...] = ()
    raises: str = ""


FACES: list[Face] = []


def face(name: str, words: str = "", **rest: Any) -> Any:
    """Enter what follows in the table of faces."""

    def entered(ask: Any) -> Any:
        FACES.append(Face(name, ask, words, **rest))
        return ask

    return entered


# ------------------------------------------------------------------ the model itself


def of_message(message: AIMessage) -> Heard:
    """Read a message of ours."""
    usage = message.usage_metadata
    return Heard(
        message.text,
        "".join(
            str(block.get("reasoning"))
            for block in message.content_blocks
            if block["type"] == "reasoning"
        ),
        tuple((str(c["id"]), c["name"], c["args"]) for c in message.tool_calls),
        usage and (usage["input_tokens"], usage["output_tokens"]),
        message.response_metadata.get("finish_reason"),
    )


def native(script: Script) -> Any:
    """Give the model itself, with its tool."""
    return FakeChatModel(script).bind_tools([WEATHER])


@face("model")
def _(script: Script) -> Heard:
    return of_message(native(script).invoke(ASKED))


@face("model, awaited")
def _(script: Script) -> Heard:
    return of_message(asyncio.run(native(script).ainvoke(ASKED)))


@face("model, streamed")
def _(script: Script) -> Heard:
    return of_message(sum(native(script).stream(ASKED)))


@face("model, streamed, awaited")
def _(script: Script) -> Heard:
    async def asking() -> Any:
        return sum([chunk async for chunk in native(script).astream(ASKED)])

    return of_message(asyncio.run(asking()))


# ------------------------------------------------------- openai, Chat Completions

STRICT = {"type": "function", "function": {**WEATHER, "strict": True}}
CHAT: Any = {"model": "gpt-5-mini", "messages": MESSAGES, "tools": [STRICT]}
#: The `.stream()` of this SDK gives no final answer that was cut off.
CUT_CHAT = "LengthFinishReasonError: Could not parse response content"
CUT_RESPONSE = "RuntimeError: Didn't receive a `response.completed` event."
CHAT_STREAM: Any = {**CHAT, "stream_options": {"include_usage": True}}


def of_chat(completion: Any) -> Heard:
    """Read a chat completion, or what a stream of them came to."""
    [choice] = completion.choices
    said, usage = choice.message, completion.usage
    return Heard(
        said.content or "",
        getattr(said, "reasoning_content", ""),  # no field of the SDK: one of gateways
        tuple(
            (c.id, c.function.name, json.loads(c.function.arguments))
            for c in said.tool_calls or ()
        ),
        (usage.prompt_tokens, usage.completion_tokens),
        choice.finish_reason,
    )


def of_chat_chunks(chunks: Iterable[Any]) -> Heard:
    """Read a stream as an application does: field by field."""
    heard, calls = Heard(), {}
    for chunk in chunks:
        if chunk.usage:
            counts = chunk.usage.prompt_tokens, chunk.usage.completion_tokens
            heard = replace(heard, usage=counts)
        for choice in chunk.choices:
            delta = choice.delta
            heard = replace(
                heard,
                text=heard.text + (delta.content or ""),
                reasoning=heard.reasoning + getattr(delta, "reasoning_content", ""),
                finish=choice.finish_reason or heard.finish,
            )
            for piece in delta.tool_calls or ():
                told = calls.setdefault(piece.index, [piece.id, "", ""])
                told[1] += piece.function.name or ""
                told[2] += piece.function.arguments or ""
    made = ((id, name, json.loads(args)) for id, name, args in calls.values())
    return replace(heard, calls=tuple(made))


@face("openai chat.create")
def _(script: Script) -> Heard:
    client = FakeProvider(script).openai()
    return of_chat(client.chat.completions.create(**CHAT))


@face("openai chat.create, awaited")
def _(script: Script) -> Heard:
    client = FakeProvider(script).async_openai()
    return of_chat(asyncio.run(client.chat.completions.create(**CHAT)))


@face("openai chat.create, streamed")
def _(script: Script) -> Heard:
    client = FakeProvider(script).openai()
    return of_chat_chunks(client.chat.completions.create(**CHAT_STREAM, stream=True))


@face("openai chat.create, streamed, awaited")
def _(script: Script) -> Heard:
    async def asking() -> Any:
        client = FakeProvider(script).async_openai()
        stream = await client.chat.completions.create(**CHAT_STREAM, stream=True)
        return [chunk async for chunk in stream]

    return of_chat_chunks(asyncio.run(asking()))


@face("openai chat.stream()", raises=CUT_CHAT)
def _(script: Script) -> Heard:
    client = FakeProvider(script).openai()
    with client.chat.completions.stream(**CHAT_STREAM) as stream:
        return of_chat(stream.get_final_completion())


@face("openai chat.stream(), awaited", raises=CUT_CHAT)
def _(script: Script) -> Heard:
    async def asking() -> Any:
        client = FakeProvider(script).async_openai()
        async with client.chat.completions.stream(**CHAT_STREAM) as stream:
            return await stream.get_final_completion()

    return of_chat(asyncio.run(asking()))


# ------------------------------------------------------------- openai, Responses

RESPONSES: Any = {
    "model": "gpt-5-mini",
    "input": ASKED,
    "tools": [{"type": "function", **WEATHER, "strict": True}],
}


def of_response(response: Any) -> Heard:
    """Read a response."""
    items = response.output
    why = response.incomplete_details
    return Heard(
        response.output_text,
        "".join(s.text for i in items if i.type == "reasoning" for s in i.summary),
        tuple(
            (i.call_id, i.name, json.loads(i.arguments))
            for i in items
            if i.type == "function_call"
        ),
        (response.usage.input_tokens, response.usage.output_tokens),
        why.reason if why else response.status,
    )


def of_events(events: Iterable[Any]) -> Heard:
    """Read a stream of a response: what its deltas say, then how it ends."""
    deltas: dict[str, str] = {}
    for event in events:
        if event.type.endswith(".delta"):
            deltas[event.type] = deltas.get(event.type, "") + event.delta
        end = getattr(event, "response", None)
    heard = of_response(end)
    assert deltas.get("response.output_text.delta", "") == heard.text
    assert deltas.get("response.reasoning_summary_text.delta", "") == heard.reasoning
    return heard


@face("openai responses.create", "responses")
def _(script: Script) -> Heard:
    return of_response(FakeProvider(script).openai().responses.create(**RESPONSES))


@face("openai responses.create, awaited", "responses")
def _(script: Script) -> Heard:
    client = FakeProvider(script).async_openai()
    return of_response(asyncio.run(client.responses.create(**RESPONSES)))


@face("openai responses.create, streamed", "responses")
def _(script: Script) -> Heard:
    client = FakeProvider(script).openai()
    return of_events(client.responses.create(**RESPONSES, stream=True))


@face("openai responses.create, streamed, awaited", "responses")
def _(script: Script) -> Heard:
    async def asking() -> Any:
        client = FakeProvider(script).async_openai()
        stream = await client.responses.create(**RESPONSES, stream=True)
        return [event async for event in stream]

    return of_events(asyncio.run(asking()))


@face("openai responses.stream()", "responses", raises=CUT_RESPONSE)
def _(script: Script) -> Heard:
    client = FakeProvider(script).openai()
    with client.responses.stream(**RESPONSES) as stream:
        return of_response(stream.get_final_response())


@face("openai responses.stream(), awaited", "responses", raises=CUT_RESPONSE)
def _(script: Script) -> Heard:
    async def asking() -> Any:
        client = FakeProvider(script).async_openai()
        async with client.responses.stream(**RESPONSES) as stream:
            return await stream.get_final_response()

    return of_response(asyncio.run(asking()))


# -------------------------------------------------------------------- anthropic

CLAUDE: Any = {
    "model": "claude-sonnet-5",
    "max_tokens": 1000,
    "messages": MESSAGES,
    "tools": [{"name": "get_weather", "description": "Look.", "input_schema": SCHEMA}],
}


def of_claude(message: Any) -> Heard:
    """Read a message of Anthropic's."""
    blocks = message.content
    return Heard(
        "".join(b.text for b in blocks if b.type == "text"),
        "".join(b.thinking for b in blocks if b.type == "thinking"),
        tuple((b.id, b.name, b.input) for b in blocks if b.type == "tool_use"),
        (message.usage.input_tokens, message.usage.output_tokens),
        message.stop_reason,
    )


def of_claude_events(events: Iterable[Any]) -> Heard:
    """Read a stream as an application does: event by event."""
    heard = Heard()
    calls: dict[int, list[str]] = {}
    for event in events:
        match event.type:
            case "message_start":
                asked = event.message.usage.input_tokens
            case "content_block_start" if event.content_block.type == "tool_use":
                block = event.content_block
                calls[event.index] = [block.id, block.name, ""]
            case "content_block_delta":
                delta = event.delta
                heard = replace(
                    heard,
                    text=heard.text + getattr(delta, "text", ""),
                    reasoning=heard.reasoning + getattr(delta, "thinking", ""),
                )
                if delta.type == "input_json_delta":
                    calls[event.index][2] += delta.partial_json
            case "message_delta":
                usage = (event.usage.input_tokens or asked, event.usage.output_tokens)
                heard = replace(heard, usage=usage, finish=event.delta.stop_reason)
    made = ((id, name, json.loads(args)) for id, name, args in calls.values())
    return replace(heard, calls=tuple(made))


@face("anthropic messages.create", "anthropic")
def _(script: Script) -> Heard:
    return of_claude(FakeProvider(script).anthropic().messages.create(**CLAUDE))


@face("anthropic messages.create, awaited", "anthropic")
def _(script: Script) -> Heard:
    client = FakeProvider(script).async_anthropic()
    return of_claude(asyncio.run(client.messages.create(**CLAUDE)))


@face("anthropic messages.create, streamed", "anthropic")
def _(script: Script) -> Heard:
    client = FakeProvider(script).anthropic()
    return of_claude_events(client.messages.create(**CLAUDE, stream=True))


@face("anthropic messages.create, streamed, awaited", "anthropic")
def _(script: Script) -> Heard:
    async def asking() -> Any:
        client = FakeProvider(script).async_anthropic()
        stream = await client.messages.create(**CLAUDE, stream=True)
        return [event async for event in stream]

    return of_claude_events(asyncio.run(asking()))


@face("anthropic messages.stream()", "anthropic")
def _(script: Script) -> Heard:
    with FakeProvider(script).anthropic().messages.stream(**CLAUDE) as stream:
        return of_claude(stream.get_final_message())


@face("anthropic messages.stream(), awaited", "anthropic")
def _(script: Script) -> Heard:
    async def asking() -> Any:
        client = FakeProvider(script).async_anthropic()
        async with client.messages.stream(**CLAUDE) as stream:
            return await stream.get_final_message()

    return of_claude(asyncio.run(asking()))


# ----------------------------------------------------------------- google-genai

GEMINI: Any = {
    "model": "gemini-2.5-flash",
    "contents": ASKED,
    "config": {
        "tools": [
            {
                "function_declarations": [
                    {"name": "get_weather", "parameters_json_schema": SCHEMA}
                ]
            }
        ]
    },
}


def of_gemini(*responses: Any) -> Heard:
    """Read a response of Gemini's, or all that a stream of them says."""
    parts = [
        part
        for response in responses
        for candidate in response.candidates or ()
        for part in (candidate.content and candidate.content.parts) or ()
    ]
    usage = responses[-1].usage_metadata
    return Heard(
        "".join(p.text for p in parts if p.text and not p.thought),
        "".join(p.text for p in parts if p.text and p.thought),
        tuple(
            (c.id, c.name, c.args) for p in parts if (c := p.function_call) is not None
        ),
        (usage.prompt_token_count, usage.candidates_token_count),
        responses[-1].candidates[0].finish_reason.value,
    )


@face("google-genai generate_content", "gemini")
def _(script: Script) -> Heard:
    client = FakeProvider(script).google_genai()
    return of_gemini(client.models.generate_content(**GEMINI))


@face("google-genai generate_content, awaited", "gemini")
def _(script: Script) -> Heard:
    client = FakeProvider(script).google_genai()
    return of_gemini(asyncio.run(client.aio.models.generate_content(**GEMINI)))


@face("google-genai generate_content_stream", "gemini")
def _(script: Script) -> Heard:
    client = FakeProvider(script).google_genai()
    return of_gemini(*client.models.generate_content_stream(**GEMINI))


@face("google-genai generate_content_stream, awaited", "gemini")
def _(script: Script) -> Heard:
    async def asking() -> Any:
        client = FakeProvider(script).google_genai()
        stream = await client.aio.models.generate_content_stream(**GEMINI)
        return [response async for response in stream]

    return of_gemini(*asyncio.run(asking()))


# -------------------------------------------------------------------- LangChain


def of_langchain(message: Any) -> Heard:
    """Read a message of LangChain's."""
    said, usage = message.response_metadata, message.usage_metadata
    why = said.get("incomplete_details")
    return Heard(
        message.text,
        "".join(
            block.get("reasoning", "")
            for block in message.content_blocks
            if block["type"] == "reasoning"
        ),
        tuple((c["id"], c["name"], c["args"]) for c in message.tool_calls),
        (usage["input_tokens"], usage["output_tokens"]),
        said.get("finish_reason")
        or said.get("stop_reason")
        or (why["reason"] if why else said.get("status")),
    )


def langchain(words: str, made: Callable[[FakeProvider], Any]) -> dict[str, Any]:
    """Give the four ways to ask a model of LangChain."""

    def model(script: Script) -> Any:
        return made(FakeProvider(script)).bind_tools([STRICT])

    def streamed(script: Script) -> Any:
        first, *rest = model(script).stream(ASKED)
        return sum(rest, first)

    async def astreamed(script: Script) -> Any:
        first, *rest = [chunk async for chunk in model(script).astream(ASKED)]
        return sum(rest, first)

    return {
        "invoke": lambda script: model(script).invoke(ASKED),
        "ainvoke": lambda script: asyncio.run(model(script).ainvoke(ASKED)),
        "stream": streamed,
        "astream": lambda script: asyncio.run(astreamed(script)),
    }


LANGCHAIN: dict[str, tuple[str, tuple[str, ...], Callable[[FakeProvider], Any]]] = {
    # The reasoning of Chat Completions is a word of gateways, which it does not read.
    "langchain-openai": (
        "",
        ("reasoning",),
        lambda fake: fake.langchain_openai(stream_usage=True),
    ),
    "langchain-openai, responses": (
        "responses",
        (),
        lambda fake: fake.langchain_openai(use_responses_api=True),
    ),
    "langchain-anthropic": (
        "anthropic",
        (),
        lambda fake: fake.langchain_anthropic(),
    ),
}
for title, (words, lacks, made) in LANGCHAIN.items():
    for way, ask in langchain(words, made).items():
        face(f"{title} {way}", words, lacks=lacks)(
            lambda script, ask=ask: of_langchain(ask(script))
        )


# ------------------------------------------------------------------ Pydantic AI


def of_pydantic_ai(response: Any) -> Heard:
    """Read a response of Pydantic AI's."""
    parts = response.parts
    return Heard(
        "".join(p.content for p in parts if isinstance(p, TextPart)),
        "".join(p.content for p in parts if isinstance(p, ThinkingPart)),
        tuple(
            (p.tool_call_id, p.tool_name, p.args_as_dict())
            for p in parts
            if isinstance(p, ToolCallPart)
        ),
        (response.usage.input_tokens, response.usage.output_tokens),
        response.finish_reason,
    )


PARAMETERS = ModelRequestParameters(
    function_tools=[ToolDefinition(name="get_weather", parameters_json_schema=SCHEMA)],
    allow_text_output=True,
)
PYDANTIC_AI = {
    "openai-chat:gpt-5-mini": "pydantic-ai",
    "openai-responses:gpt-5-mini": "pydantic-ai, stopped",
    "anthropic:claude-sonnet-5": "pydantic-ai",
    "google:gemini-2.5-flash": "pydantic-ai, stopped",
}


async def pydantic_ai_asked(script: Script, name: str) -> Any:
    """Ask a model of Pydantic AI."""
    model = FakeProvider(script).pydantic_ai(name)
    asked = [ModelRequest.user_text_prompt(ASKED)]
    return await direct.model_request(model, asked, model_request_parameters=PARAMETERS)


async def pydantic_ai_streamed(script: Script, name: str) -> Any:
    """Ask it for a stream."""
    model = FakeProvider(script).pydantic_ai(name)
    asked = [ModelRequest.user_text_prompt(ASKED)]
    streaming = direct.model_request_stream(
        model, asked, model_request_parameters=PARAMETERS
    )
    async with streaming as stream:
        async for _ in stream:
            pass
        return stream.get()


for name, words in PYDANTIC_AI.items():
    for way, run in {"": pydantic_ai_asked, ", streamed": pydantic_ai_streamed}.items():
        face(f"pydantic-ai {name}{way}", words)(
            lambda script, name=name, run=run: of_pydantic_ai(
                asyncio.run(run(script, name))
            )
        )


# ------------------------------------------------------------ bare HTTP clients
# What asks through no transport of httpx is intercepted.


Posted = Callable[[FakeProvider, str, bytes], list[bytes]]


def by_transport(library: Any) -> Posted:
    """Give what asks with a client of *library*, by the provider's transport."""

    def post(fake: FakeProvider, url: str, body: bytes) -> list[bytes]:
        client = library.Client(transport=fake.transport())
        with client.stream("POST", url, content=body) as answer:
            return [*answer.iter_raw()]

    return post


def by_requests(fake: FakeProvider, url: str, body: bytes) -> list[bytes]:
    """Ask with requests, which knows of no fake."""
    with (
        fake.intercept("provider.example"),
        requests.post(url, data=body, stream=True, timeout=9) as answer,
    ):
        return [*answer.iter_content(None)]


def by_aiohttp(fake: FakeProvider, url: str, body: bytes) -> list[bytes]:
    """Ask with aiohttp, which knows of none either."""

    async def post() -> list[bytes]:
        async with (
            fake.intercept("provider.example"),
            aiohttp.ClientSession() as session,
            session.post(url, data=body) as answer,
        ):
            return [data async for data in answer.content.iter_any()]

    return asyncio.run(post())


def bare(post: Posted, dialect: Any, *, stream: bool) -> Callable[[Script], Heard]:
    """Give what asks by *post*, in the words of *dialect*."""
    request = ChatRequest(
        (HumanMessage(ASKED),),
        tools=(tool_spec(WEATHER),),
        model="some-model",
        params={"stream_options": {"include_usage": True}}
        if stream and dialect.name == "openai-chat"
        else {},
        stream=stream,
    )

    def ask(script: Script) -> Heard:
        url = f"https://provider.example/v1/{dialect.path(request).lstrip('/')}"
        pieces = post(FakeProvider(script), url, dialect.write_request(request))
        if not stream:
            return of_message(dialect.read_reply(b"".join(pieces)))
        decoder = dialect.decoder()
        chunks = [chunk for data in pieces for chunk in decoder.feed(data)]
        return of_message(sum([*chunks, *decoder.close()]))

    return ask


CLIENTS: dict[str, Posted] = {
    "httpx": by_transport(httpx),
    "httpx2": by_transport(httpx2),
    "requests": by_requests,
    "aiohttp": by_aiohttp,
}
for client, post in CLIENTS.items():
    for dialect in DIALECTS.values():
        for stream in (False, True):
            title = f"{client} {dialect.name}{', streamed' * stream}"
            face(title)(bare(post, dialect, stream=stream))


# ------------------------------------------------------------------------ tests


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("face", FACES, ids=lambda face: face.name)
def test_every_client_hears_the_same(face: Face, turn: str) -> None:
    """Text, reasoning, calls with their ids, usage, and why the answer ended."""
    said, expected = TURNS[turn]
    words = WORDS.get(face.words)
    if words is not None:
        expected = replace(expected, finish=words[expected.finish])
    for field in face.lacks:
        expected = replace(expected, **{field: getattr(Heard(), field)})
    script = Script(said)

    try:
        heard: object = face.ask(script)
    except (openai.LengthFinishReasonError, RuntimeError) as error:
        heard = f"{type(error).__name__}: {error}"

    if turn == "cut off" and face.raises:
        assert str(heard).startswith(face.raises)
    else:
        assert heard == expected
    script.check_exhausted()


#: Code points that belong together: a family, a flag, accents that combine, a key cap.
TRICKY = "e\u0301👨\u200d👩\u200d👧🇯🇵का1\ufe0f\u20e3 \u202eא"
STREAMED = [
    face
    for face in FACES
    if "stream" in face.name and not face.name.startswith("httpx2")
    if "awaited" not in face.name and "astream" not in face.name
]


@pytest.mark.parametrize("face", STREAMED, ids=lambda face: face.name)
def test_no_cut_breaks_a_character(face: Face) -> None:
    """Text, reasoning and arguments survive every size of chunks, from 1 to whole."""
    expected = Heard(TRICKY, TRICKY, (("call_1", "get_weather", {"location": TRICKY}),))
    for field in face.lacks:
        expected = replace(expected, **{field: ""})

    for size in range(1, len(TRICKY) + 1):
        said = think(TRICKY), TRICKY, call("get_weather", location=TRICKY)
        script = Script(say(*said, usage=USAGE), cut=size, arguments_cut=size)
        heard = face.ask(script)

        assert replace(heard, usage=None, finish=None) == expected
