"""When two requests ask the same, and what is said where they do not."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.coercion import coerce_messages
from harness.errors import InputError
from harness.matching import difference, distance, match_fields, match_key
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolChoice, ToolSpec

SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}}


def ask(*messages: Any, **fields: Any) -> ChatRequest:
    """Give a request of messages in any form."""
    return ChatRequest(coerce_messages([*messages]) if messages else (), **fields)


def user(text: Any) -> dict[str, Any]:
    """Give what a user says."""
    return {"role": "user", "content": text}


def talk(first: str, second: str, **args: Any) -> list[Any]:
    """Give a talk with two calls of the given ids."""
    calls = [
        {"name": "f", "args": {"x": 1, **args}, "id": first},
        {"name": "f", "args": {"x": 2}, "id": second},
    ]
    return [
        user("Do."),
        {"role": "assistant", "content": "", "tool_calls": calls},
        {"role": "tool", "tool_call_id": first, "content": "1"},
        {"role": "tool", "tool_call_id": second, "content": "2"},
    ]


SAME = {
    "text and its only block": (
        ask(user("Hi")),
        ask(user([{"type": "text", "text": "Hi"}])),
    ),
    "a block of no text": (
        ask(user([{"type": "text", "text": ""}, {"type": "text", "text": "Hi"}])),
        ask(user("Hi")),
    ),
    "ids and metadata of messages": (
        ask({**user("Hi"), "id": "1", "response_metadata": {"a": 1}}),
        ask(user("Hi")),
    ),
    "reasoning that was not sent back": (
        ask({"role": "assistant", "content": "Hi", "reasoning_content": "Hm"}),
        ask({"role": "assistant", "content": "Hi"}),
    ),
    "ids of calls": (ask(*talk("a", "b")), ask(*talk("c", "d"))),
    "calls without ids": (
        ask({"role": "ai", "content": "", "tool_calls": [{"name": "f", "args": {}}]}),
        ask({"role": "ai", "content": [], "tool_calls": [{"name": "f", "args": {}}]}),
    ),
    "whole numbers": (ask(*talk("a", "b", y=1.0)), ask(*talk("a", "b", y=1))),
    "auto is the default": (
        ask(user("Hi"), tool_choice=ToolChoice("auto", provider={"type": "auto"})),
        ask(user("Hi")),
    ),
    "how a provider spells a choice that we know": (
        ask(tool_choice=ToolChoice("any", provider={"type": "required"})),
        ask(tool_choice=ToolChoice("any")),
    ),
    "text is the default": (
        ask(user("Hi"), response_format=ResponseFormat("text")),
        ask(user("Hi")),
    ),
    "titles in the schema of an answer": (
        ask(response_format=ResponseFormat("json_schema", {**SCHEMA, "title": "F"})),
        ask(response_format=ResponseFormat("json_schema", SCHEMA)),
    ),
    "what schemas are decorated with": (
        ask(user("Hi"), tools=(ToolSpec("f", " A\n  b ", SCHEMA, strict=True),)),
        ask(
            user("Hi"),
            tools=(
                ToolSpec(
                    "f",
                    "A b",
                    {
                        **SCHEMA,
                        "title": "F",
                        "$schema": "s",
                        "required": [],
                        "additionalProperties": False,
                    },
                ),
            ),
        ),
    ),
    "the order of tools": (
        ask(user("Hi"), tools=(ToolSpec("f"), ToolSpec("g"))),
        ask(user("Hi"), tools=(ToolSpec("g"), ToolSpec("f"))),
    ),
    "the order of what is required": (
        ask(tools=(ToolSpec("f", parameters={"required": ["a", "b"]}),)),
        ask(tools=(ToolSpec("f", parameters={"required": ["b", "a"]}),)),
    ),
    "titles deep in a schema": (
        ask(tools=(ToolSpec("f", parameters={"anyOf": [{"title": "A"}]}),)),
        ask(tools=(ToolSpec("f", parameters={"anyOf": [{}]}),)),
    ),
    "titles of what is in a list": (
        ask(tools=(ToolSpec("f", parameters={"items": {"title": "A"}}),)),
        ask(tools=(ToolSpec("f", parameters={"items": {}}),)),
    ),
    "whether pieces are wanted": (ask(user("Hi"), stream=True), ask(user("Hi"))),
    "model and parameters": (ask(model="a", params={"n": 1}), ask(model="b")),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_the_same_request(one: ChatRequest, other: ChatRequest) -> None:
    """What no answer hangs on makes no difference."""
    assert match_key(one) == match_key(other)
    assert difference(one, other) == []
    assert distance(one, other) == 0


LONG = "x" * 500
AROUND = f"'...{'x' * 30}%s{'x' * 59}...'"
F = ToolSpec("f", "Does.", SCHEMA)
OTHER = {"type": "object", "properties": {"x": {"type": "string"}}}

DIFFERENT = {
    "a word": (
        ask(user("Hello"), user("Weather in Bostn?")),
        ask(user("Hello"), user("Weather in Boston?")),
        ["message 2 (human): 'Weather in Bostn?' instead of 'Weather in Boston?'"],
    ),
    "a letter that looks the same": (
        ask(user("caf\u00e9")),
        ask(user("cafe\u0301")),
        [r"message 1 (human): 'caf\xe9' instead of 'cafe\u0301'"],
    ),
    "deep in a long text": (
        ask(user(LONG + "a" + LONG)),
        ask(user(LONG + "b" + LONG)),
        [
            f"message 1 (human): {AROUND % 'a'} instead of {AROUND % 'b'}",
        ],
    ),
    "late in a short text": (
        ask(user("x" * 60 + "a")),
        ask(user("x" * 60 + "b")),
        [f"message 1 (human): '{'x' * 60}a' instead of '{'x' * 60}b'"],
    ),
    "a longer text": (
        ask(user("a" * 150)),
        ask(user("a" * 151)),
        [
            f"message 1 (human): '...{'a' * 30}' instead of '...{'a' * 31}'",
        ],
    ),
    "a role": (
        ask({"role": "system", "content": "Hi"}),
        ask(user("Hi")),
        ["message 1: system 'Hi' instead of human 'Hi'"],
    ),
    "a name": (
        ask({**user("Hi"), "name": "Ann"}),
        ask(user("Hi")),
        ["message 1 (human) name: 'Ann' instead of None"],
    ),
    "one message more": (
        ask(user("a"), user("b")),
        ask(user("a")),
        ["message 2 (human) is one too many: 'b'"],
    ),
    "one message less": (
        ask(*talk("a", "b")[:1]),
        ask(*talk("a", "b")[:2]),
        ["""message 2 (ai) is missing: '', f({"x":1}), f({"x":2})"""],
    ),
    "an argument": (
        ask(*talk("a", "b", y=1)),
        ask(*talk("a", "b", y=2)),
        ["message 2 (ai) tool_calls[0].args.y: 1 instead of 2"],
    ),
    "an item of an argument": (
        ask(*talk("a", "b", y=[1, 2])),
        ask(*talk("a", "b", y=[1, 3])),
        ["message 2 (ai) tool_calls[0].args.y[1]: 2 instead of 3"],
    ),
    "results the other way round": (
        ask(*talk("a", "b")[:2], {**talk("a", "b")[2], "tool_call_id": "b"}),
        ask(*talk("a", "b")[:3]),
        ["message 3 (tool) tool_call_id: 2 instead of 1"],
    ),
    "one call that is another": (
        ask(*talk("a", "a")[:2]),
        ask(*talk("a", "b")[:2]),
        ["message 2 (ai) tool_calls[1].id: 1 instead of 2"],
    ),
    "an image": (
        ask(user([{"type": "image", "url": "u1", "extras": {"detail": "low"}}])),
        ask(user([{"type": "image", "url": "u2"}])),
        ["message 1 (human)[0].url: 'u1' instead of 'u2'"],
    ),
    "text for an image": (
        ask(user("Hi")),
        ask(user([{"type": "image", "url": "u"}])),
        ["message 1 (human): 'Hi' instead of [{'type': 'image', 'url': 'u'}]"],
    ),
    "a tool too many and one too few": (
        ask(tools=(F,)),
        ask(tools=(ToolSpec("g"),)),
        ["tool 'f' is bound, and was not", "tool 'g' is not bound"],
    ),
    "a schema": (
        ask(tools=(F,)),
        ask(tools=(ToolSpec("f", "Does.", OTHER),)),
        ["tool 'f'.parameters.properties.x.type: 'integer' instead of 'string'"],
    ),
    "what is required": (
        ask(tools=(ToolSpec("f", "Does.", {"required": ["x"]}),)),
        ask(tools=(ToolSpec("f", "Does.", {"required": ["y"]}),)),
        ["tool 'f'.parameters.required[0]: 'x' instead of 'y'"],
    ),
    "a schema in a list": (
        ask(tools=(ToolSpec("f", "Does.", {"anyOf": [SCHEMA]}),)),
        ask(tools=(ToolSpec("f", "Does.", {"anyOf": [OTHER]}),)),
        [
            (
                "tool 'f'.parameters.anyOf[0].properties.x.type: "
                "'integer' instead of 'string'"
            )
        ],
    ),
    **{
        f"a name that schemas use, in {key}": (
            ask(tools=(ToolSpec("f", "Does.", {key: {"required": {}}}),)),
            ask(tools=(ToolSpec("f", "Does.", {key: {}}),)),
            [f"tool 'f'.parameters.{key}.required: {{}} instead of None"],
        )
        for key in ("properties", "$defs", "definitions")
    },
    "a provider's tool": (
        ask(tools=(ToolSpec("s", provider={"type": "s"}),) * 2),
        ask(tools=(ToolSpec("s", provider={"type": "s"}),)),
        ["tool 's (2)' is bound, and was not"],
    ),
    "a choice": (
        ask(tool_choice=ToolChoice("tool", "f")),
        ask(tool_choice=ToolChoice("any")),
        ["tool_choice: 'f' instead of 'any'"],
    ),
    "a choice that we cannot read": (
        ask(tool_choice=ToolChoice("auto", provider={"odd": 1})),
        ask(),
        ["""tool_choice: '{"odd":1}' instead of 'auto'"""],
    ),
    "a response format": (
        ask(response_format=ResponseFormat("json_object")),
        ask(),
        ["response_format: {'kind': 'json_object', 'schema': None} instead of None"],
    ),
    "another schema of the answer": (
        ask(response_format=ResponseFormat("json_schema", SCHEMA)),
        ask(response_format=ResponseFormat("json_schema", OTHER)),
        ["response_format.schema.properties.x.type: 'integer' instead of 'string'"],
    ),
}


@pytest.mark.parametrize(
    ("asked", "recorded", "lines"), DIFFERENT.values(), ids=DIFFERENT
)
def test_what_differs(
    asked: ChatRequest, recorded: ChatRequest, lines: list[str]
) -> None:
    """Each difference is a line that says where it is."""
    assert difference(asked, recorded) == lines
    assert match_key(asked) != match_key(recorded)
    assert distance(asked, recorded) > 0


def test_what_the_caller_gave_counts() -> None:
    """Model and parameters are compared as far as the caller gave them."""
    fields = ("model", "params", "parallel_tool_calls")
    recorded = ask(model="a", params={"n": 1, "seed": 2})

    assert difference(ask(), recorded, fields) == []
    asked = ask(model="b", params={"n": 2.0, "seed": 2.0}, parallel_tool_calls=False)
    assert difference(asked, recorded, fields) == [
        "model: 'b' instead of 'a'",
        "n: 2.0 instead of 1",
        "parallel_tool_calls: False instead of True",
    ]
    assert distance(asked, recorded, fields) > distance(ask(), recorded, fields) == 0
    assert difference(ask(stop=("\n",)), recorded, fields) == [
        "stop: ['\\n'] instead of None"
    ]


def test_the_nearest_is_the_one_that_says_nearly_the_same() -> None:
    """A misspelt word is nearer than another question."""
    asked = ask(user("What's the weather in Bostn?"))
    near = ask(user("What's the weather in Boston?"), tools=(F,))

    assert distance(asked, near) < distance(asked, ask(user("Hello!")))
    assert distance(asked, near) < distance(
        asked, ask(user("Hi"), user("Hm"), user("?"))
    )


def test_a_message_too_much_counts_as_one_that_differs() -> None:
    """It is not compared with anything, wherever it stands."""
    asked = ask(user("a"), user("b"))

    assert distance(asked, ask(user("a"))) == distance(ask(user("a")), asked) == 1


def test_the_nearest_among_long_texts() -> None:
    """Letters that are frequent count as any others do."""
    again = "the same words again, " * 12
    asked, near = ask(user(f"1 {again}?")), ask(user(f"2 {again}!"))

    assert distance(asked, near) < 0.1
    assert distance(asked, ask(user("Nothing " + "of the kind " * 20))) > 0.5


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["message"], "Did you mean 'messages'?"),
        ("model", r"give a list of names: \['model'\]"),
        (3, "match_on is 3; give a list of names."),
    ],
)
def test_names_of_fields_are_checked(names: Any, told: str) -> None:
    """A field that no request has is an error that names the nearest."""
    with pytest.raises(InputError, match=told):
        match_fields(names)


TEXTS = st.text(max_size=5)
TALKS = st.lists(
    st.one_of(
        st.builds(user, TEXTS),
        st.builds(lambda text: {"role": "assistant", "content": text}, TEXTS),
    ),
    min_size=1,
    max_size=4,
)


@given(TALKS, TALKS)
def test_key_distance_and_difference_agree(one: list[Any], other: list[Any]) -> None:
    """Two requests have equal keys exactly if nothing is said to differ."""
    asked, recorded = ask(*one), ask(*other)

    same = match_key(asked) == match_key(recorded)
    assert (
        same == (difference(asked, recorded) == []) == (distance(asked, recorded) == 0)
    )
