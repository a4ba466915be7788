"""Tools: made by @tool, run on arguments and on calls."""

import asyncio
import contextvars
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field

from harness.errors import InputError, SchemaError, ToolInputError
from harness.messages import ToolMessage
from harness.tool_results import result_content
from harness.tool_specs import tool_spec
from harness.tools import Tool, tool


@tool
def get_weather(location: str, days: int = 1) -> str:
    """Get the weather at a location."""
    return f"{days} days of sun in {location}."


@tool
async def later(text: str) -> str:
    """Echo, asynchronously."""
    await asyncio.sleep(0)
    return text


def call(name: str, **args: object) -> dict[str, Any]:
    return {"name": name, "args": args, "id": "call_1", "type": "tool_call"}


def test_a_plain_tool() -> None:
    """A tool is named and described by its function, and still callable."""
    assert get_weather.name == "get_weather"
    assert get_weather.description == "Get the weather at a location."
    assert get_weather.args["location"] == {"type": "string"}
    assert get_weather("Bonn", days=2) == "2 days of sun in Bonn."
    assert repr(get_weather) == (
        "Tool(name='get_weather', description='Get the weather at a location.')"
    )


def test_a_tool_is_its_own_spec() -> None:
    """What is bound for a tool is its spec."""
    assert tool_spec(get_weather) is get_weather.spec


def test_args_are_a_copy() -> None:
    """Whoever changes what they read changes nothing."""
    get_weather.args.clear()

    assert [*get_weather.args] == ["location", "days"]


def test_a_tool_is_immutable() -> None:
    """A tool cannot be renamed after it was made."""
    with pytest.raises(AttributeError):
        get_weather.name = "other"  # type: ignore[misc]  # on purpose


def test_named_and_described() -> None:
    """Name and description may be given; the name may come from a lambda's user."""
    named = tool("double", description="Double it.")(lambda x: 2 * x)

    assert (named.name, named.description) == ("double", "Double it.")
    assert named.invoke({"x": 4}) == 8


def test_tool_with_options_on_a_function() -> None:
    """`tool(function, option=...)` works without an at sign."""

    def add(a: int) -> int:
        return a

    assert tool(add, description="Add.").description == "Add."
    assert tool(description="Add.")(add).name == "add"


def test_the_docstring_is_kept_whole() -> None:
    """Without parse_docstring, the model is told the docstring as it is."""

    @tool
    def add(a: int) -> int:
        """Add.

        Args:
            a: One.
        """
        return a

    assert add.description == "Add.\n\nArgs:\n    a: One."
    assert add.args == {"a": {"type": "integer"}}


def test_parse_docstring() -> None:
    """With parse_docstring, each parameter gets its own description."""

    @tool(parse_docstring=True)
    def add(a: int, copy: int = 2) -> int:
        """Add.

        Args:
            a: One.
            copy: Two.
        """
        return a + copy

    assert add.description == "Add."
    assert add.args["a"] == {"type": "integer", "description": "One."}
    assert add.args["copy"]["description"] == "Two."
    assert add.invoke({"a": 1, "copy": "3"}) == 4


def test_parse_docstring_knows_the_parameters() -> None:
    """An argument that is described but does not exist is an error."""

    def add(first: int) -> int:
        """Add.

        Args:
            frist: One.
        """
        return first

    with pytest.raises(SchemaError, match=r"describes 'frist'.* Did you mean 'first'"):
        tool(parse_docstring=True)(add)


class Query(BaseModel):
    """Look something up."""

    text: str = Field(description="What.", alias="q")
    limit: int = Field(default=3, validation_alias=AliasChoices("max", "most"))
    deep: int = Field(default=0, validation_alias=AliasPath("deeper", 0))


def test_args_schema_as_a_model() -> None:
    """A pydantic class checks and coerces; it describes if the function does not."""

    @tool("look_up", args_schema=Query)
    def look(text: str, limit: int, deep: int) -> list[object]:
        return [text, limit, deep]

    assert look.description == "Look something up."
    assert look.args["q"] == {"type": "string", "description": "What."}
    assert look.args_schema is Query
    assert look.invoke({"q": "x", "most": "5", "deeper": [7]}) == ["x", 5, 7]
    with pytest.raises(ToolInputError, match="mist is not a parameter"):
        look.invoke({"q": "x", "mist": 5})


def test_args_schema_that_takes_more() -> None:
    """A class that allows extra values passes them on; one that ignores, drops them."""

    class Open(BaseModel):
        model_config = ConfigDict(extra="allow")

    class Closed(BaseModel):
        model_config = ConfigDict(extra="ignore")

    def collect(**rest: object) -> object:
        return rest

    describe = "Collect."
    opened = tool(description=describe, args_schema=Open)(collect)
    closed = tool(description=describe, args_schema=Closed)(collect)
    assert opened.invoke({"a": 1}) == {"a": 1}
    assert closed.invoke({"a": 1}) == {}


def test_nested_models_stay_models() -> None:
    """The function gets the instances that its signature asks for."""

    @tool
    def read(query: Query) -> str:
        """Read."""
        return query.text

    assert read.invoke({"query": {"q": "x"}}) == "x"


SCHEMA: dict[str, Any] = {
    "title": "ignored",
    "description": "Look up a city.",
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "required": ["city"],
}


def look_up(city: str, days: int = 1) -> str:
    return f"{city} {days}"


def test_args_schema_as_json_schema() -> None:
    """A JSON schema checks, without coercion."""
    look = tool("look_up", args_schema=SCHEMA)(look_up)

    assert look.description == "Look up a city."
    assert look.args_schema == SCHEMA
    assert "title" not in look.spec.parameters
    assert look.invoke({"city": "Bonn"}) == "Bonn 1"
    with pytest.raises(ToolInputError) as caught:
        look.invoke({"days": "2", "town": "Bonn"})
    assert str(caught.value) == (
        "look_up(city: string, days?: integer) does not take these arguments:\n"
        "- days: '2' is not of type 'integer' (at properties.days.type)\n"
        "- 'city' is a required property (at required)\n"
        "- 'town' is not a property here. Known: 'city', 'days' "
        "(at additionalProperties)\n"
        "Given: {'days': '2', 'town': 'Bonn'}"
    )


def test_a_json_schema_that_is_closed() -> None:
    """An unknown argument is told once, with the nearest name."""
    closed = tool(args_schema={**SCHEMA, "additionalProperties": False})(look_up)

    with pytest.raises(ToolInputError) as caught:
        closed.invoke({"city": "Bonn", "dais": 1})
    assert str(caught.value).count("dais") == 2  # the problem, and what was given


def test_json_schema_made_of_parts() -> None:
    """Parameters may come from a reference; the function may have more, or any."""

    def count(city: str, times: int = 2, **rest: object) -> object:
        return city, times, rest

    schema = {"$ref": "#/$defs/City", "$defs": {"City": SCHEMA}}
    by_parts = tool(description="Count.", args_schema=schema)(count)
    whole = tool("whole", args_schema=SCHEMA)(count)

    assert by_parts.invoke({"city": "Bonn"}) == ("Bonn", 2, {})
    assert whole.invoke({"city": "Bonn", "days": 3}) == ("Bonn", 2, {"days": 3})


def test_json_schema_patterns() -> None:
    """Arguments by pattern go through; those that match none are refused."""

    def collect(**rest: object) -> object:
        return rest

    schema = {"patternProperties": {"^x": {}}, "additionalProperties": False}
    collector = tool(description="Collect.", args_schema=schema)(collect)

    assert collector.invoke({"x1": 1}) == {"x1": 1}
    with pytest.raises(ToolInputError, match="'y' is not a property here"):
        collector.invoke({"y": 1})


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"city": {"type": "strin"}}, "not a JSON schema: at properties.city.type"),
        (
            {"city": {"$ref": "#/$defs/C"}},
            r"'#/\$defs/C' at properties.city leads nowhere",
        ),
        (
            {"city": {"$ref": "http://x.invalid/c"}},
            r"'http://x.invalid/c' at properties.city points outside",
        ),
    ],
)
def test_json_schemas_that_are_wrong(part: dict[str, Any], reason: str) -> None:
    """A schema that is none, or points outside, is an error of the schema."""
    schema = {"description": "Look.", "properties": part}
    wrong = tool("look", args_schema=schema, handle_error=True)(lambda city: city)

    with pytest.raises(SchemaError, match=reason):
        wrong.invoke(call("look", city="x"))


def takes_town(town: str) -> str:
    return town


def needs_x(city: str, days: int, x: int) -> object:
    return city, days, x


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (
            takes_town,
            "has 'city', which its function does not take. Known: 'town'",
        ),
        (needs_x, "needs 'x', which is not in args_schema. Known:"),
    ],
)
def test_schema_and_function_must_fit(
    function: Callable[..., object], reason: str
) -> None:
    """What the schema lets through, the function must take."""
    with pytest.raises(SchemaError, match=reason):
        _ = tool("look", args_schema=SCHEMA)(function).spec


def test_args_schema_of_another_kind() -> None:
    """Only a pydantic class or a JSON schema can be an args_schema."""
    wrong = tool(args_schema=int, description="x")(look_up)  # type: ignore[arg-type]  # on purpose

    with pytest.raises(SchemaError, match="args_schema of tool 'look_up' is <class"):
        _ = wrong.spec


def nameless(x: int) -> int:
    return x


def stream() -> Iterator[int]:
    """Yield."""
    yield 1


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: tool(nameless), "tool 'nameless' has no docstring to describe it"),
        (lambda: tool(lambda x: x), "'<lambda>' cannot be the name of a tool"),
        (lambda: tool("a b")(nameless), "'a b' cannot be the name of a tool"),
        (lambda: tool("")(nameless), "'' cannot be the name of a tool"),
        (lambda: tool(stream), "yields; the function of a tool returns one value"),
        (lambda: tool(Query), "is not a function. @tool decorates one"),
        (lambda: tool(get_weather), "is not a function. @tool decorates one"),
        (lambda: tool()(3), "3 is not a function. @tool decorates one"),
        (
            lambda: tool(description="x", response_format="contents")(nameless),
            "response_format of tool 'nameless' is 'contents'. Did you mean 'content'",
        ),
    ],
)
def test_what_cannot_be_a_tool(make: Callable[[], object], reason: str) -> None:
    """What cannot be a tool is refused where it is made."""
    with pytest.raises(SchemaError, match=reason):
        make()


def test_a_bad_signature_is_told_on_first_use() -> None:
    """The schema is made when it is first needed, not at import."""

    @tool
    def many(*args: int) -> None:
        """Take many."""

    with pytest.raises(SchemaError, match=r"many takes \*args"):
        many.invoke({})


def test_arguments_give_what_the_function_returns() -> None:
    """A dict of arguments is checked and coerced; the plain result comes out."""
    assert get_weather.invoke({"location": "Bonn", "days": "3"}) == (
        "3 days of sun in Bonn."
    )


@pytest.mark.parametrize(
    "given_call",
    [
        call("get_weather", location="Bonn"),
        {"name": "get_weather", "args": {"location": "Bonn"}, "id": "call_1"},
    ],
)
def test_a_call_gives_a_message(given_call: dict[str, Any]) -> None:
    """A tool call, with or without its type, is answered by a ToolMessage."""
    message = get_weather.invoke(given_call, config={"tags": ["x"]})

    assert message == ToolMessage(
        "1 days of sun in Bonn.", tool_call_id="call_1", name="get_weather"
    )


@pytest.mark.parametrize("ending", [{}, {"id": None}])
def test_a_call_without_id(ending: dict[str, None]) -> None:
    """A call without an id is answered under the empty id."""
    message = get_weather.invoke(
        {"name": "get_weather", "args": {"location": "Bonn"}, **ending}
    )

    assert message.tool_call_id == ""


def test_a_tool_whose_parameters_look_like_a_call() -> None:
    """Its own parameters win over an untagged call; the tag decides for the call."""

    @tool
    def run(name: str, args: dict[str, Any]) -> str:
        """Run something."""
        return f"{name} {args}"

    inner = {"name": "x", "args": {}}
    assert run.invoke(inner) == "x {}"
    assert run.invoke({"name": "run", "args": inner, "id": "c"}).content == "x {}"
    assert run.invoke({"name": "run", "args": inner, "type": "tool_call"}).name == "run"


def test_a_text_for_a_tool_with_one_parameter() -> None:
    """A bare text is the one parameter, or the only required one."""

    @tool
    def upper(text: str) -> str:
        """Upper."""
        return text.upper()

    assert upper.invoke("x") == "X"
    assert get_weather.invoke("Bonn") == "1 days of sun in Bonn."


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (3, "^3 cannot be given to tool 'get_weather'. Give a dict of arguments"),
        ({"type": "tool_call", "name": "x"}, "is not a tool call. Give a dict"),
        (call("get_wether"), "this call is for tool 'get_wether', but it was given to"),
        (
            {**call("get_weather"), "id": 3},
            "of 'get_weather' has the id 3, which is not",
        ),
        (
            {"type": "invalid_tool_call", "name": "x", "args": "{", "error": "cut off"},
            "this call of 'get_weather' is invalid and cannot be run: cut off",
        ),
        ({1: 2}, "1 is not a parameter"),
    ],
)
def test_what_a_tool_cannot_be_given(value: Any, reason: str) -> None:
    """Anything else is an error that shows it and the tool's signature."""
    with pytest.raises(ToolInputError, match=reason):
        get_weather.invoke(value)


def test_a_text_for_a_tool_with_more_parameters() -> None:
    """A bare text does not say which parameter it is."""

    @tool
    def pair(a: str, b: str) -> str:
        """Pair."""
        return a + b

    with pytest.raises(ToolInputError, match=r"given to pair\(a: string, b: string\)"):
        pair.invoke("x")


def test_bad_arguments() -> None:
    """Each problem is told: which parameter, which value, what was expected."""
    with pytest.raises(ToolInputError) as caught:
        get_weather.invoke({"locatoin": "Bonn", "days": "many"})

    assert str(caught.value) == (
        "get_weather(location: string, days: integer = 1) does not take these "
        "arguments:\n"
        "- locatoin is not a parameter. Did you mean 'location'? "
        "Known: 'days', 'location'.\n"
        "- location is missing (expected string)\n"
        "- days is 'many': Input should be a valid integer, unable to parse string as "
        "an integer (expected integer)\n"
        "Given: {'locatoin': 'Bonn', 'days': 'many'}"
    )


def test_positional_only_parameters() -> None:
    """A parameter that has no keyword is passed by position."""

    @tool
    def power(base: int, exponent: int = 2, /, *, plus: int = 0) -> int:
        """Raise."""
        return int(base**exponent) + plus

    assert power.invoke({"base": 3, "plus": 1}) == 10


def test_content_and_artifact() -> None:
    """The artifact travels with the message; arguments alone give the content."""

    @tool(response_format="content_and_artifact")
    def plot(n: int) -> tuple[str, list[int]]:
        """Plot."""
        return "a plot", [n]

    message = plot.invoke(call("plot", n=1))
    assert (message.content, message.artifact) == ("a plot", [1])
    assert plot.invoke({"n": 1}) == "a plot"


@pytest.mark.parametrize("result", ["x", ("x",), ["x", "y"]])
def test_content_without_artifact(result: object) -> None:
    """A function that promised both has to return both."""
    half = tool("half", description="x", response_format="content_and_artifact")(
        lambda: result
    )

    with pytest.raises(
        InputError, match=r"has to return a tuple \(content, artifact\)"
    ):
        half.invoke(call("half"))


def test_a_message_of_the_functions_own() -> None:
    """A ToolMessage that the function makes is passed through."""
    own = ToolMessage("mine", tool_call_id="other", status="error")
    pass_on = tool("pass_on", description="x")(lambda: own)

    assert pass_on.invoke(call("pass_on")) is own


def fail() -> None:
    """Fail."""
    raise KeyError("lost")


def test_errors_go_through() -> None:
    """What the function raises is what the test sees."""
    with pytest.raises(KeyError, match="lost"):
        tool(fail).invoke(call("fail"))


@pytest.mark.parametrize(
    ("handle", "content"),
    [
        (True, "'lost'"),
        ("Try again.", "Try again."),
        (lambda error: type(error).__name__, "KeyError"),
    ],
)
def test_handled_errors(handle: Any, content: str) -> None:
    """With handle_error, a call is answered by a message of status "error"."""
    failing = tool(handle_error=handle)(fail)

    message = failing.invoke(call("fail"))
    assert message == ToolMessage(
        content, tool_call_id="call_1", name="fail", status="error"
    )
    assert asyncio.run(failing.ainvoke(call("fail"))) == message
    with pytest.raises(KeyError):
        failing.invoke({})


def test_handled_wrong_arguments() -> None:
    """Wrong arguments are the model's error: the model is told."""
    message = tool(handle_error=True)(fail).invoke(call("fail", x=1))

    assert message.status == "error"
    assert "x is not a parameter. There is none." in message.text


def test_an_async_tool() -> None:
    """An async function runs in both worlds, and calling it gives its coroutine."""

    async def both() -> list[object]:
        return [await later("a"), await later.ainvoke({"text": "b"})]

    assert later.invoke({"text": "x"}) == "x"
    assert asyncio.run(both()) == ["a", "b"]


def test_an_async_tool_inside_a_loop() -> None:
    """Inside a loop `invoke` cannot wait: the error names `ainvoke`."""

    async def wrong() -> object:
        return later.invoke({"text": "x"})

    with pytest.raises(InputError, match=r"await later.ainvoke\(...\) instead"):
        asyncio.run(wrong())


def test_an_awaitable_that_is_no_coroutine() -> None:
    """Any awaitable is awaited; inside a loop it is refused like a coroutine."""

    class Ready:
        def __await__(self) -> Iterator[None]:
            yield from ()
            return 7  # what `await` gives

    @tool
    def ready() -> Ready:
        """Be ready."""
        return Ready()

    async def wrong() -> object:
        return ready.invoke({})

    assert ready.invoke({}) == 7
    assert asyncio.run(ready.ainvoke({})) == 7
    with pytest.raises(InputError, match="an event loop is running"):
        asyncio.run(wrong())


def test_a_sync_tool_awaited() -> None:
    """A function that is not async runs in a thread, with the caller's context."""
    variable: contextvars.ContextVar[str] = contextvars.ContextVar("variable")
    main = threading.get_ident()

    @tool
    def where() -> tuple[str, bool]:
        """Where am I."""
        return variable.get(), threading.get_ident() != main

    variable.set("kept")

    assert asyncio.run(where.ainvoke({})) == ("kept", True)
    with pytest.raises(ToolInputError, match="x is not a parameter"):
        asyncio.run(where.ainvoke({"x": 1}))


class Colour(StrEnum):
    """A str that is more than one."""

    RED = "red"


@dataclass
class Day:
    """Something that holds what JSON cannot say."""

    day: date


LOOP: list[object] = []
LOOP.append(LOOP)


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("text", "text"),
        (Colour.RED, "red"),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ({"at": "Köln"}, '{"at": "Köln"}'),
        ((1, 2), "[1, 2]"),
        ({"b", "a"}, '["a", "b"]'),
        (Query(q="x"), '{"text": "x", "limit": 3, "deep": 0}'),
        ([Day(date(2024, 1, 2))], '[{"day": "2024-01-02"}]'),
        (date(2024, 1, 2), "2024-01-02"),
        (Day, str(Day)),
        ({(1, 2): 3}, "{(1, 2): 3}"),
        (LOOP, "[[...]]"),
        ([{"type": "apple"}], '[{"type": "apple"}]'),
        ([], "[]"),
    ],
)
def test_results_as_content(value: object, content: str) -> None:
    """A text stays, JSON-like values become JSON, all else is written by str."""
    assert result_content(value) == content


def test_content_blocks_stay() -> None:
    """A list of content blocks is the content."""
    blocks = [{"type": "text", "text": "hi"}, {"type": "image", "url": "https://a.b/c"}]
    show = tool("show", description="x")(lambda: blocks)

    assert show.invoke(call("show")).content == blocks


json_types: dict[type, st.SearchStrategy[Any]] = {
    int: st.integers(),
    str: st.text(),
    bool: st.booleans(),
    list: st.lists(st.integers()),
}


@settings(max_examples=50)
@given(st.data())
def test_valid_arguments_arrive(data: st.DataObject) -> None:
    """Arguments of the right types reach the function as they are, either way."""
    kind = data.draw(st.sampled_from([*json_types]))
    value = data.draw(json_types[kind])

    def echo(x: Annotated[Any, "typed below"]) -> object:
        """Echo."""
        return x

    echo.__annotations__["x"] = kind
    made: Tool[..., object] = tool(echo)

    assert made.invoke({"x": value}) == value
    assert made.invoke(call("echo", x=value)).content == result_content(value)
