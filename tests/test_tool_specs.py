"""What a model is told of tools, in every form in which they may be bound."""

import functools
import typing
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NotRequired, Required

import pytest
import typing_extensions
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field, RootModel

from harness.errors import InputError, SchemaError
from harness.models.binding import merge_tools
from harness.tool_specs import (
    ToolChoice,
    ToolSpec,
    tool_choice,
    tool_name,
    tool_spec,
    tool_specs,
)
from harness.tools import tool

CITY = {"type": "object", "properties": {"city": {"type": "string"}}}


class Search(BaseModel):
    """Search the web."""

    title: str = Field(title="Shown", description="What to look for.")
    limit: int = 3


class Box(BaseModel):
    """A box in boxes."""

    title: str
    inner: "Box | None" = None


class Part(typing.TypedDict, total=False):
    """A part with parts."""

    title: Required[str]
    parts: "list[Part]"


class Movie(typing.TypedDict):
    """A movie."""

    title: Annotated[str, ..., "What it is called"]
    year: Annotated[int, 1999, "When it came out"]
    rating: NotRequired[Annotated[float, Field(ge=0), "How good it is"]]
    parts: list[Part] | None


class Song(typing_extensions.TypedDict):
    """A song."""

    title: Annotated[str, "What it is called"]


@dataclass
class Point:
    """A point."""

    x: Annotated[int, "across"]
    tags: list[str] = field(default_factory=list)


@dataclass
class Plain:
    x: int


def weather(
    city: str,
    days: Annotated[int, "how many"] = 1,
    *,
    unit: Literal["C", "F"] = "C",
    anything=None,  # unannotated on purpose
) -> "NotImportable":  # noqa: F821 - the return type need not resolve
    """Get the weather.

    Args:
        city: Where.
    """


def test_a_function() -> None:
    """Signature and docstring of a function describe it."""
    spec = tool_spec(weather)

    assert spec == ToolSpec(
        "weather",
        "Get the weather.",
        {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Where."},
                "days": {"type": "integer", "description": "how many", "default": 1},
                "unit": {"type": "string", "enum": ["C", "F"], "default": "C"},
                "anything": {"default": None},
            },
            "required": ["city"],
        },
    )


def test_a_function_without_docstring() -> None:
    """A function needs no docstring to be bound."""

    def add(a: int, b: int) -> int:
        return a + b

    assert tool_spec(add).description == ""
    assert tool_spec(add).parameters["required"] == ["a", "b"]


def test_annotations_as_text() -> None:
    """Annotations may be text that names what the function can see."""

    class Local(BaseModel):
        n: int

    def use(one: "Local", many: "list[Search]") -> type:
        return Local

    properties = tool_spec(use).parameters["properties"]
    assert properties["one"] == {"$ref": "#/$defs/Local"}
    assert properties["many"]["items"] == {"$ref": "#/$defs/Search"}


def test_a_name_that_is_bound_too_late() -> None:
    """A name of the enclosing function that has no value yet is not resolved."""

    def use(one: "Later") -> object:
        return Later

    with pytest.raises(SchemaError, match="one: 'Later'"):
        tool_spec(use)
    Later = int  # noqa: N806 - a class


def test_awkward_parameter_names() -> None:
    """A parameter may be called as no pydantic field may."""

    def make(_private: int, copy: str, model_config: bool, schema: int) -> None: ...

    properties = tool_spec(make).parameters["properties"]
    assert [*properties] == ["_private", "copy", "model_config", "schema"]


def test_a_default_that_json_cannot_say() -> None:
    """A default that is no JSON makes the parameter optional, and is not shown."""

    def make(x: int = object()) -> None: ...  # type: ignore[assignment]  # on purpose

    assert tool_spec(make).parameters["properties"] == {"x": {"type": "integer"}}
    assert "required" not in tool_spec(make).parameters


def test_partial_and_callable_objects() -> None:
    """What is fixed by `partial` is no parameter that a model must give."""

    class Adder:
        def __call__(self, a: int) -> int:
            return a

    assert tool_spec(functools.partial(weather, "Bonn")).name == "weather"
    assert tool("add", description="Add.")(Adder()).args == {"a": {"type": "integer"}}


def test_a_pydantic_class() -> None:
    """Titles are left out where they are keywords; a property may be called title."""
    spec = tool_spec(Search)

    assert (spec.name, spec.description) == ("Search", "Search the web.")
    assert spec.parameters == {
        "type": "object",
        "properties": {
            "title": {"type": "string", "description": "What to look for."},
            "limit": {"type": "integer", "default": 3},
        },
        "required": ["title"],
    }


def test_a_class_that_contains_itself() -> None:
    """The top of a recursive schema is an object; its definitions are kept."""
    parameters = tool_spec(Box).parameters

    assert parameters["type"] == "object"
    assert [*parameters["properties"]] == ["title", "inner"]
    assert [*parameters["$defs"]["Box"]["properties"]] == ["title", "inner"]
    assert "title" not in parameters["$defs"]["Box"]


def test_a_typed_dict() -> None:
    """Annotated gives descriptions and defaults; Required and NotRequired hold."""
    spec = tool_spec(Movie)
    properties = spec.parameters["properties"]

    assert (spec.name, spec.description) == ("Movie", "A movie.")
    assert spec.parameters["required"] == ["title", "parts"]
    assert properties["title"] == {
        "type": "string",
        "description": "What it is called",
    }
    assert properties["year"]["default"] == 1999
    assert properties["rating"]["minimum"] == 0
    assert properties["rating"]["description"] == "How good it is"
    part = spec.parameters["$defs"]["Part"]
    assert part["required"] == ["title"]
    assert part["properties"]["parts"]["items"] == {"$ref": "#/$defs/Part"}


def test_a_typed_dict_of_typing_extensions() -> None:
    """Both kinds of TypedDict are read."""
    assert tool_spec(Song).parameters["properties"] == {
        "title": {"type": "string", "description": "What it is called"}
    }


def test_dataclasses() -> None:
    """A dataclass is described by its docstring, if it has one of its own."""
    assert tool_spec(Point).description == "A point."
    assert tool_spec(Point).parameters["required"] == ["x"]
    assert tool_spec(Plain).description == ""


@pytest.mark.parametrize(
    "form",
    [
        {"title": "find", "description": "Find.", **CITY},
        {"name": "find", "description": "Find.", "parameters": CITY},
        {
            "type": "function",
            "name": "find",
            "description": "Find.",
            "parameters": CITY,
        },
        {
            "type": "function",
            "function": {"name": "find", "description": "Find.", "parameters": CITY},
        },
        {"name": "find", "description": "Find.", "input_schema": CITY},
        {
            "type": "custom",
            "name": "find",
            "description": "Find.",
            "input_schema": CITY,
            "cache_control": {"type": "ephemeral"},
        },
        {
            "toolSpec": {
                "name": "find",
                "description": "Find.",
                "inputSchema": {"json": CITY},
            }
        },
        ToolSpec("find", "Find.", CITY),
    ],
)
def test_every_dict_says_the_same(form: object) -> None:
    """JSON schema and the dicts of all providers are ways to say one thing."""
    assert tool_spec(form) == ToolSpec("find", "Find.", CITY)


def test_gemini_declares_several_tools_in_one_dict() -> None:
    """Each is a tool of its own, and types in capitals are those of JSON Schema."""
    place = {"type": "STRING", "enum": ["A", "B"]}
    schema = {"type": "OBJECT", "properties": {"type": place, "in": {"items": [place]}}}
    find = {"name": "find", "description": "Find.", "parameters": schema}
    add = {"name": "add", "parametersJsonSchema": CITY}

    specs = tool_specs({"function_declarations": [find, add, {"name": "now"}]})

    lower = {"type": "string", "enum": ["A", "B"]}
    assert [spec.name for spec in specs] == ["find", "add", "now"]
    assert specs[0].parameters == {
        "type": "object",
        "properties": {"type": lower, "in": {"items": [lower]}},
    }
    assert specs[1].parameters == CITY
    with pytest.raises(SchemaError, match="3 is not a tool"):
        tool_specs({"functionDeclarations": [3]})


def test_what_else_is_said_of_a_tool_is_kept() -> None:
    """What the call does not need is in the extras, and makes no other tool of it."""
    cached = {"cache_control": {"type": "ephemeral"}}
    plain = {"name": "find", "input_schema": CITY}

    spec = tool_spec({**plain, **cached, "type": "custom"})

    assert spec.extras == cached
    assert merge_tools([tool_spec(plain)], [spec]) == (tool_spec(plain),)


@pytest.mark.parametrize(
    "form",
    [
        {"type": "custom", "name": "find", "format": {"type": "text"}},
        {"type": "custom", "custom": {"name": "find"}},
    ],
)
def test_tools_that_take_free_text(form: dict[str, Any]) -> None:
    """OpenAI's custom tools have no schema, and are kept as they are."""
    assert tool_spec(form) == ToolSpec("find", provider=form)


def test_strict_and_no_parameters() -> None:
    """A function dict may be strict, and may leave its parameters out."""
    spec = tool_spec({"name": "now", "strict": True})

    assert spec.strict is True
    assert spec.parameters == {"type": "object", "properties": {}}
    assert tool_spec({"type": "function", "function": {"name": "now"}}).name == "now"


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ({"type": "web_search"}, "web_search"),
        ({"type": "web_search_20250305", "name": "web_search"}, "web_search"),
        (
            {"type": "code_interpreter", "container": {"type": "auto"}},
            "code_interpreter",
        ),
        ({"google_search": {}}, "google_search"),
    ],
)
def test_provider_side_tools(form: dict[str, Any], name: str) -> None:
    """A tool that runs at the provider is kept as it is."""
    assert tool_spec(form) == ToolSpec(name, provider=form)


def test_a_spec_is_a_value_of_its_own() -> None:
    """A spec hashes by name, and does not change with what it was read from."""
    form: dict[str, Any] = {"name": "find", "parameters": deepcopy(CITY)}
    spec = tool_spec(form)

    form["parameters"]["properties"].clear()

    assert spec == tool_spec({"name": "find", "parameters": CITY})
    assert hash(spec) == hash(ToolSpec("find"))
    assert hash(ToolChoice("any", provider={})) == hash(ToolChoice("any"))


def many(*args: int) -> None: ...
def keyed(**options: int) -> None: ...
def opaque(x: "threading") -> None: ...  # type: ignore[name-defined]  # noqa: F821
def foreign(x: pytest.Item) -> None: ...
def calls(x: Callable[[int], str]) -> None: ...


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (many, r"many takes \*args, which no schema can describe"),
        (keyed, r"keyed takes \*\*options"),
        (opaque, r"opaque has annotations that cannot be resolved: x: 'threading'"),
        (foreign, r"foreign cannot be described by a JSON schema: .*Item"),
        (calls, r"calls cannot be described by a JSON schema: .*Callable"),
        (lambda x: x, r"'<lambda>' cannot be the name of a tool. Define the function"),
        (max, r"max has no signature that Python can read"),
        (3, r"^3 is not a tool. A tool is a @tool object, a function"),
        (int, r"<class 'int'> is not a tool"),
        (Search(title="x"), r"is not a tool. It is an instance: give the class Search"),
        (RootModel[list[int]], r"cannot be the name of a tool. Use 1 to 128"),
        (CITY, r"As a JSON schema it lacks a 'title'"),
        ({}, r"^{} is not a tool"),
        ({1: 2}, r"has the key 1.*Given: {1: 2}. A tool is"),
        ({"type": "function"}, r"^{'type': 'function'} is not a tool"),
        ({"title": "T", "type": "array"}, r"of tool 'T' has type 'array'; arguments"),
        ({"name": "a", "input_schema": 3}, r"JSON schema of tool 'a' is 3, not a dict"),
        (
            {"name": "a", "parameters": {"properties": []}},
            r"has 'properties' \[\], which is not a dict",
        ),
        (
            {"name": "a", "parameters": {"required": "x"}},
            r"has 'required' 'x', which is not a list of names",
        ),
        ({"name": "a", "description": 3}, r"description of tool 'a' is 3, not a str"),
        ({"name": "a", "strict": "yes"}, r"'strict' of tool 'a' is 'yes', not a bool"),
    ],
)
def test_what_is_not_a_tool(bad: object, reason: str) -> None:
    """Anything else is an error that shows it and says what a tool is."""
    with pytest.raises(SchemaError, match=reason):
        tool_spec(bad)


@settings(max_examples=50)
@given(st.recursive(st.none() | st.integers() | st.text(), st.lists).flatmap(st.just))
def test_any_value_is_a_tool_or_an_error_of_ours(value: object) -> None:
    """No value that is bound gives a foreign error."""
    with pytest.raises(SchemaError, match="is not a tool"):
        tool_spec(value)


@settings(max_examples=100)
@given(
    st.dictionaries(
        st.sampled_from(
            ["type", "name", "title", "function", "parameters", "required"]
        ),
        st.sampled_from(["function", "a", "object", "", None, 1, CITY, {"name": "b"}]),
    )
)
def test_any_dict_is_a_tool_or_an_error_of_ours(form: dict[str, object]) -> None:
    """Every dict is read the same twice, or refused."""
    try:
        spec = tool_spec(form)
    except SchemaError:
        return

    assert tool_spec(form) == spec
    assert tool_name(spec.name) == spec.name


TOOLS = [
    ToolSpec("find", "", CITY),
    ToolSpec("any", "", CITY),
    ToolSpec("web_search", provider={"type": "web_search"}),
]


@pytest.mark.parametrize(
    ("value", "mode", "name"),
    [
        (True, "any", None),
        ("any", "any", None),
        ("required", "any", None),
        ("auto", "auto", None),
        ("none", "none", None),
        ("find", "tool", "find"),
        (ToolChoice("tool", "find"), "tool", "find"),
        ({"type": "function", "function": {"name": "find"}}, "tool", "find"),
        ({"type": "function", "name": "find"}, "tool", "find"),
        ({"type": "custom", "custom": {"name": "find"}}, "tool", "find"),
        ({"type": "tool", "name": "any"}, "tool", "any"),
        ({"type": "any"}, "any", None),
        ({"type": "auto", "disable_parallel_tool_use": True}, "auto", None),
        ({"type": "none"}, "none", None),
        ({"type": "web_search"}, "tool", "web_search"),
        ({"type": "allowed_tools", "mode": "required", "tools": []}, "any", None),
        ({"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}, "auto", None),
        ({"function_calling_config": {"mode": "ANY"}}, "any", None),
        ({"functionCallingConfig": {"mode": "VALIDATED"}}, "auto", None),
        ({"function_calling_config": {}}, "auto", None),
    ],
)
def test_choices(value: object, mode: str, name: str | None) -> None:
    """Every way to choose has one meaning; a provider's dict is kept as well."""
    choice = tool_choice(value, TOOLS)

    assert choice is not None
    assert (choice.mode, choice.name) == (mode, name)
    assert choice.provider == (value if isinstance(value, dict) else None)


@pytest.mark.parametrize("value", [None, False])
def test_no_choice(value: object) -> None:
    """None and False choose nothing."""
    assert tool_choice(value, []) is None


@pytest.mark.parametrize("value", ["auto", "none"])
def test_a_choice_that_needs_no_tools(value: str) -> None:
    """Without tools, a model may still be left free, or forbidden to call."""
    assert tool_choice(value, []) == ToolChoice(value)  # type: ignore[arg-type]  # both are modes


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("fin", r"tool_choice 'fin' is not bound. Did you mean 'find'\? Known: 'any'"),
        ({"type": "tool", "name": "x"}, r"tool_choice 'x' is not bound. Known:"),
        ({"type": "anny"}, r"tool_choice {'type': 'anny'} is not understood. Give"),
        ({"typ": "any"}, r"tool_choice {'typ': 'any'} is not understood"),
        (3, r"tool_choice 3 is not understood"),
        (1, r"tool_choice 1 is not understood"),
        ({"x": object()}, r"tool_choice\['x'\] is not a JSON value"),
    ],
)
def test_bad_choices(value: object, reason: str) -> None:
    """A choice that cannot be meant is an error at bind time."""
    with pytest.raises(InputError, match=reason):
        tool_choice(value, TOOLS)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("any", "tool_choice 'any' asks for a call, but no tool is bound"),
        ("find", "tool_choice 'find' is not bound. There is none."),
    ],
)
def test_choices_without_tools(value: str, reason: str) -> None:
    """Nothing can be forced when nothing is bound."""
    with pytest.raises(InputError, match=reason):
        tool_choice(value, [])
