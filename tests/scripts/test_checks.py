"""Checks: an answer that contradicts its request is an error that says how."""

from typing import Any

import pytest

from harness.chunks import AIMessageChunk
from harness.errors import ScriptError
from harness.messages import AIMessage, HumanMessage
from harness.requests import ChatRequest, ResponseFormat
from harness.scripts import Script, call, fail, pause, say
from harness.scripts.checks import RULES
from harness.tool_specs import ToolChoice, ToolSpec

PLACE = {
    "type": "object",
    "properties": {"place": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["place"],
    "additionalProperties": False,
}
WEATHER = ToolSpec("get_weather", parameters=PLACE)
SEARCH = ToolSpec("search", provider={"type": "search"})
GOOD = call("get_weather", place="Boston")
BOUND: dict[str, Any] = {"tools": (WEATHER, SEARCH)}


def asked(**fields: Any) -> ChatRequest:
    """Build a request."""
    return ChatRequest((HumanMessage("Hi"),), **fields)


def chosen(mode: Any, name: str | None = None) -> dict[str, Any]:
    """Build the fields of a request that chooses a tool."""
    return {**BOUND, "tool_choice": ToolChoice(mode, name)}


def shaped(kind: Any, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """Build the fields of a request that asks for JSON."""
    return {"response_format": ResponseFormat(kind, schema)}


BROKEN = [
    (GOOD, {}, "tools: it calls 'get_weather', but no tools are bound."),
    (
        call("get_wether"),
        BOUND,
        "tools: it calls 'get_wether', which is not bound. Did you mean 'get_weather'?",
    ),
    (
        call("get_weather", days="2"),
        BOUND,
        "arguments: get_weather(days='2'): days: '2' is not of type 'integer' (at ",
    ),
    (
        call("get_weather", days="2"),
        BOUND,
        "arguments: get_weather(days='2'): 'place' is a required property (at ",
    ),
    (call("get_weather", raw="["), BOUND, "arguments: those of 'get_weather', '[': "),
    (GOOD, chosen("none"), "'none' forbids calls, and it calls 'get_weather'."),
    ("Hi", chosen("any"), "tool_choice: 'any' asks for a call, and it makes none."),
    (
        "Hi",
        chosen("tool", "get_weather"),
        "tool_choice: a call of 'get_weather' is asked for, and it makes none.",
    ),
    (
        say(GOOD, call("search")),
        chosen("tool", "get_weather"),
        "tool_choice: a call of 'get_weather' is asked for; it calls 'search'.",
    ),
    (
        say(GOOD, GOOD),
        {**BOUND, "parallel_tool_calls": False},
        "parallel_tool_calls: False allows one call, and it makes 2.",
    ),
    (
        say(GOOD, GOOD),
        {
            **BOUND,
            "tool_choice": ToolChoice(
                "auto", provider={"type": "auto", "disable_parallel_tool_use": True}
            ),
        },
        "parallel_tool_calls: False allows one call, and it makes 2.",
    ),
    ("Hi", shaped("json_object"), "response_format: 'Hi' is not JSON: "),
    ("NaN", shaped("json_object"), "response_format: 'NaN' is not JSON: NaN is no"),
    ("[]", shaped("json_object"), "response_format: '[]' is no JSON object."),
    ("{}", shaped("json_schema", PLACE), "'place' is a required property"),
    (
        [AIMessageChunk(tool_call_chunks=[{"name": "f", "args": "{", "index": 0}])],
        BOUND,
        "it calls 'f', which is not bound.",
    ),
    (lambda _: "Hi", chosen("any"), "'any' asks for a call"),
]


@pytest.mark.parametrize(("turn", "fields", "text"), BROKEN)
def test_contradictions(turn: Any, fields: dict[str, Any], text: str) -> None:
    """Each broken rule is named, with what would have been right."""
    script = Script([turn])

    with pytest.raises(ScriptError) as caught:
        script.play(asked(**fields))

    assert text in str(caught.value)
    assert script.violations == [caught.value]


@pytest.mark.parametrize(("turn", "fields", "text"), BROKEN)
def test_misbehaving_on_purpose(turn: Any, fields: dict[str, Any], text: str) -> None:
    """A turn that is marked, or a script without checks, may break every rule."""
    unchecked = Script([turn], check=False)
    marked = Script([say(lambda _: turn, misbehaving=True)])

    assert list(unchecked.play(asked(**fields)))
    if not callable(turn):
        assert list(marked.play(asked(**fields)))


@pytest.mark.parametrize(
    ("turn", "fields"),
    [
        ("Hi", {}),
        ("Hi", BOUND),
        (GOOD, BOUND),
        (call("search", q=1), BOUND),
        (GOOD, chosen("any")),
        (GOOD, chosen("auto")),
        ("Hi", chosen("none")),
        (GOOD, chosen("tool", "get_weather")),
        (GOOD, {**BOUND, "parallel_tool_calls": False}),
        (say(GOOD, GOOD), {**BOUND, "parallel_tool_calls": True}),
        ('{"place": "Boston"}', shaped("json_schema", PLACE)),
        ("{}", shaped("json_object")),
        ("Hi", shaped("text")),
        (GOOD, {**BOUND, **shaped("json_object")}),
        (say("Hi", fail(500)), chosen("any")),
        ([pause(1), fail(500)], chosen("any")),
        (say('{"pla', finish="length"), shaped("json_object")),
        ({"type": "refusal", "refusal": "No."}, shaped("json_object")),
        (AIMessage(tool_calls=[{"name": "search", "args": {}, "id": "c"}]), BOUND),
    ],
)
def test_lawful_answers(turn: Any, fields: dict[str, Any]) -> None:
    """What the request allows is played; one that breaks off owes nothing."""
    script = Script([turn])

    assert list(script.play(asked(**fields)))
    assert script.violations == []


def test_the_whole_error() -> None:
    """An error names the turn, each rule, and what to do."""
    script = Script("Hello.", say("Let me look.", GOOD))
    script.play(asked())

    with pytest.raises(ScriptError) as caught:
        script.play(asked(tools=(ToolSpec("search"),), tool_choice=ToolChoice("none")))

    assert str(caught.value) == (
        "The script contradicts the request in turn 2: 'Let me look.', call of "
        "get_weather.\n"
        "  tools: it calls 'get_weather', which is not bound. Known: 'search'.\n"
        "  tool_choice: 'none' forbids calls, and it calls 'get_weather'.\n"
        "Mend the turn, or what the application asks; a model that misbehaves on "
        "purpose is say(..., misbehaving=True)."
    )


def test_every_rule_is_seen_to_fail() -> None:
    """There is an example above for each rule."""
    seen = "".join(text for _, _, text in BROKEN)

    assert [name for name in RULES if f"{name}:" not in seen] == []
