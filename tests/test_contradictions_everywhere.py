"""What a script may not answer is caught at the wire as it is in a model.

And what a strict schema asks for reaches the `parse` of every client as a value.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent, NativeOutput

from harness import (
    FakeChatModel,
    FakeProvider,
    Script,
    ScriptError,
    UnscriptedRequest,
    call,
    say,
)
from harness.requests import ResponseFormat

ASKED = "What's the weather?"
MESSAGES: Any = [{"role": "user", "content": ASKED}]
SCHEMA: Any = {
    "type": "object",
    "properties": {"location": {"type": "string"}},
    "required": ["location"],
    "additionalProperties": False,
}
FORM: Any = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "integer"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
NAMES = ("get_weather", "search")
BOSTON = call("get_weather", location="Boston")

#: What is asked -> the turn that contradicts it, and a part of what is said of it.
RULES: dict[str, tuple[Any, str]] = {
    "any": ("Sunny.", "tool_choice: 'any' asks for a call, and it makes none."),
    "named": (
        BOSTON,
        "tool_choice: a call of 'search' is asked for; it calls 'get_weather'.",
    ),
    "none": (BOSTON, "tool_choice: 'none' forbids calls, and it calls 'get_weather'."),
    "alone": (
        say(BOSTON, BOSTON),
        "parallel_tool_calls: False allows one call, and it makes 2.",
    ),
    "form": ('{"city": "Boston"}', "response_format: 'degrees' is a required property"),
    "unbound": (
        call("get_wether", location="Boston"),
        "tools: it calls 'get_wether', which is not bound. Did you mean 'get_weather'?",
    ),
    "bad args": (
        call("get_weather", location=72, unit="F"),
        "arguments: get_weather(location=72, unit='F'): ",
    ),
}


def native(fake: Script, rule: str, *, stream: bool) -> None:
    """Ask the model itself."""
    tools = [{"name": name, "parameters": SCHEMA} for name in NAMES]
    bound: dict[str, dict[str, Any]] = {
        "any": {"tool_choice": "any"},
        "named": {"tool_choice": "search"},
        "none": {"tool_choice": "none"},
        "alone": {"parallel_tool_calls": False},
        "form": {
            "response_format": ResponseFormat("json_schema", FORM, "form", strict=True)
        },
    }
    model = FakeChatModel(fake).bind_tools(tools).bind(**bound.get(rule, {}))
    list(model.stream(ASKED)) if stream else model.invoke(ASKED)


def chat(fake: FakeProvider, rule: str, *, stream: bool) -> None:
    """Ask in the words of Chat Completions."""
    options: dict[str, dict[str, Any]] = {
        "any": {"tool_choice": "required"},
        "named": {"tool_choice": {"type": "function", "function": {"name": "search"}}},
        "none": {"tool_choice": "none"},
        "alone": {"parallel_tool_calls": False},
        "form": {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "form", "schema": FORM, "strict": True},
            }
        },
    }
    answer = fake.openai().chat.completions.create(
        model="gpt-5-mini",
        messages=MESSAGES,
        tools=[
            {"type": "function", "function": {"name": name, "parameters": SCHEMA}}
            for name in NAMES
        ],
        stream=stream,
        **options.get(rule, {}),
    )
    _ = [*answer] if stream else answer


def responses(fake: FakeProvider, rule: str, *, stream: bool) -> None:
    """Ask in the words of Responses."""
    form = {"type": "json_schema", "name": "form", "schema": FORM, "strict": True}
    options: dict[str, dict[str, Any]] = {
        "any": {"tool_choice": "required"},
        "named": {"tool_choice": {"type": "function", "name": "search"}},
        "none": {"tool_choice": "none"},
        "alone": {"parallel_tool_calls": False},
        "form": {"text": {"format": form}},
    }
    answer: Any = fake.openai().responses.create(
        model="gpt-5-mini",
        input=ASKED,
        tools=[
            {"type": "function", "name": name, "parameters": SCHEMA, "strict": True}
            for name in NAMES
        ],
        stream=stream,
        **options.get(rule, {}),
    )
    _ = [*answer] if stream else answer


def claude(fake: FakeProvider, rule: str, *, stream: bool) -> None:
    """Ask in the words of Anthropic Messages."""
    options: dict[str, dict[str, Any]] = {
        "any": {"tool_choice": {"type": "any"}},
        "named": {"tool_choice": {"type": "tool", "name": "search"}},
        "none": {"tool_choice": {"type": "none"}},
        "alone": {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        "form": {"output_config": {"format": {"type": "json_schema", "schema": FORM}}},
    }
    answer: Any = fake.anthropic().messages.create(
        model="claude-sonnet-5",
        max_tokens=1000,
        messages=MESSAGES,
        tools=[{"name": name, "input_schema": SCHEMA} for name in NAMES],
        stream=stream,
        **options.get(rule, {}),
    )
    _ = [*answer] if stream else answer


def gemini(fake: FakeProvider, rule: str, *, stream: bool) -> None:
    """Ask in the words of Gemini."""
    modes: dict[str, Any] = {
        "any": {"mode": "ANY"},
        "named": {"mode": "ANY", "allowed_function_names": ["search"]},
        "none": {"mode": "NONE"},
    }
    options: dict[str, Any] = {
        "tools": [
            {
                "function_declarations": [
                    {"name": name, "parameters_json_schema": SCHEMA} for name in NAMES
                ]
            }
        ]
    }
    if rule in modes:
        options["tool_config"] = {"function_calling_config": modes[rule]}
    if rule == "form":
        options["response_mime_type"] = "application/json"
        options["response_json_schema"] = FORM
    models = fake.google_genai().models
    ask = models.generate_content_stream if stream else models.generate_content
    answer: Any = ask(model="gemini-2.5-flash", contents=ASKED, config=options)  # type: ignore[arg-type]  # a dict will do
    _ = [*answer] if stream else answer


WIRES: dict[str, Callable[..., None]] = {
    "openai chat": chat,
    "openai responses": responses,
    "anthropic": claude,
    "google-genai": gemini,
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    "rule, wire",
    [
        (rule, wire)
        for rule in RULES
        for wire in WIRES
        # Gemini has no word for one call at a time.
        if (rule, wire) != ("alone", "google-genai")
    ],
)
def test_each_contradiction_is_caught_in_the_same_words(
    wire: str, rule: str, stream: bool
) -> None:
    """UnscriptedRequest says to the letter what a model raises; nothing is retried."""
    turn, why = RULES[rule]
    fake = FakeProvider(turn)

    with pytest.raises(ScriptError) as raised:
        native(Script(turn), rule, stream=stream)
    with pytest.raises(UnscriptedRequest) as caught:
        WIRES[wire](fake, rule, stream=stream)

    assert why in str(raised.value)
    assert str(caught.value) == str(raised.value)
    assert [len(fake.requests), fake.endpoint.failures] == [1, [caught.value]]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("wire", WIRES)
def test_on_purpose_a_turn_may_contradict(wire: str, stream: bool) -> None:
    """A model that misbehaves is played as it is."""
    fake = FakeProvider(say(BOSTON, misbehaving=True))

    WIRES[wire](fake, "none", stream=stream)

    assert [request.ended for request in fake.requests] == ["complete"]


# ---------------------------------------------------------------- what is parsed


class Weather(BaseModel):
    """The weather at a place."""

    city: str
    degrees: int


def chat_stream(fake: FakeProvider) -> object:
    """Give what the helper of Chat Completions makes of a stream."""
    with fake.openai().chat.completions.stream(
        model="gpt-5-mini", messages=MESSAGES, response_format=Weather
    ) as stream:
        return stream.get_final_completion().choices[0].message.parsed


def responses_stream(fake: FakeProvider) -> object:
    """Give what the helper of Responses makes of a stream."""
    with fake.openai().responses.stream(
        model="gpt-5-mini", input=ASKED, text_format=Weather
    ) as stream:
        return stream.get_final_response().output_parsed


def claude_stream(fake: FakeProvider) -> object:
    """Give what the helper of Anthropic makes of a stream."""
    with fake.anthropic().messages.stream(
        model="claude-sonnet-5",
        max_tokens=1000,
        messages=MESSAGES,
        output_format=Weather,
    ) as stream:
        return stream.get_final_message().parsed_output


GEMINI_FORM: Any = {
    "response_mime_type": "application/json",
    "response_schema": Weather,
}

PARSED: dict[str, Callable[[FakeProvider], object]] = {
    "openai chat.parse": lambda fake: (
        fake.openai()
        .chat.completions.parse(
            model="gpt-5-mini", messages=MESSAGES, response_format=Weather
        )
        .choices[0]
        .message.parsed
    ),
    "openai chat.parse, awaited": lambda fake: (
        asyncio.run(
            fake.async_openai().chat.completions.parse(
                model="gpt-5-mini", messages=MESSAGES, response_format=Weather
            )
        )
        .choices[0]
        .message.parsed
    ),
    "openai chat.stream()": chat_stream,
    "openai responses.parse": lambda fake: (
        fake.openai()
        .responses.parse(model="gpt-5-mini", input=ASKED, text_format=Weather)
        .output_parsed
    ),
    "openai responses.parse, awaited": lambda fake: (
        asyncio.run(
            fake.async_openai().responses.parse(
                model="gpt-5-mini", input=ASKED, text_format=Weather
            )
        ).output_parsed
    ),
    "openai responses.stream()": responses_stream,
    "anthropic messages.parse": lambda fake: (
        fake.anthropic()
        .messages.parse(
            model="claude-sonnet-5",
            max_tokens=1000,
            messages=MESSAGES,
            output_format=Weather,
        )
        .parsed_output
    ),
    "anthropic messages.stream()": claude_stream,
    "google-genai": lambda fake: (
        fake.google_genai()
        .models.generate_content(
            model="gemini-2.5-flash", contents=ASKED, config=GEMINI_FORM
        )
        .parsed
    ),
    "langchain-openai": lambda fake: (
        fake.langchain_openai()
        .with_structured_output(Weather, method="json_schema")
        .invoke(ASKED)
    ),
    "langchain-openai, responses": lambda fake: (
        fake.langchain_openai(use_responses_api=True)
        .with_structured_output(Weather, method="json_schema")
        .invoke(ASKED)
    ),
    "langchain-anthropic": lambda fake: (
        fake.langchain_anthropic()
        .with_structured_output(Weather, method="json_schema")
        .invoke(ASKED)
    ),
    **{
        f"pydantic-ai {name}": lambda fake, name=name: (
            asyncio.run(
                Agent(fake.pydantic_ai(name), output_type=NativeOutput(Weather)).run(
                    ASKED
                )
            ).output
        )
        for name in (
            "openai-chat:gpt-5-mini",
            "openai-responses:gpt-5-mini",
            "anthropic:claude-sonnet-5",
            "google:gemini-2.5-flash",
        )
    },
}


@pytest.mark.parametrize("face", PARSED)
def test_what_a_schema_asks_for_is_parsed(face: str) -> None:
    """Each client gives the value, and its request asked for the very schema."""
    fake = FakeProvider('{"city": "Boston", "degrees": 72}')

    parsed = PARSED[face](fake)

    assert parsed == Weather(city="Boston", degrees=72)
    asked = fake.calls[0].request.response_format
    assert asked is not None
    assert asked.kind == "json_schema"
    assert asked.schema is not None
    assert [*asked.schema["properties"]] == ["city", "degrees"]
