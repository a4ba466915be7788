"""Tools with arguments that fit them, and requests that offer such tools."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from harness.requests import ChatRequest, ResponseFormat
from harness.strategies.messages import conversations
from harness.strategies.sizes import check_sizes
from harness.strategies.texts import texts
from harness.tool_specs import ToolChoice, ToolSpec

__all__ = ["OfferedTool", "offered_tools", "requests"]


@dataclass(frozen=True, slots=True)
class OfferedTool:
    """A tool as a request offers it (*spec*), and *args* that its schema accepts.

    >>> OfferedTool(ToolSpec("search"), {"query": "sky"}).spec.name
    'search'
    """

    spec: ToolSpec
    args: dict[str, Any]


#: A schema, and a value that it accepts.
Typed = tuple[dict[str, Any], Any]


@st.composite
def _strings(draw: st.DrawFn) -> Typed:
    value = draw(texts(max_size=6, half_characters=False))
    rules = {"minLength": draw(st.integers(0, len(value))), "maxLength": len(value) + 2}
    return {"type": "string", **draw(st.sampled_from([{}, rules]))}, value


@st.composite
def _integers(draw: st.DrawFn) -> Typed:
    value = draw(st.integers(-1000, 1000))
    rules = {"minimum": value - draw(st.integers(0, 5)), "maximum": value}
    return {"type": "integer", **draw(st.sampled_from([{}, rules]))}, value


@st.composite
def _choices(draw: st.DrawFn) -> Typed:
    choices = draw(st.lists(st.sampled_from("abcde"), min_size=1, unique=True))
    return {"enum": choices}, draw(st.sampled_from(choices))


@st.composite
def _lists(draw: st.DrawFn, inner: st.SearchStrategy[Typed]) -> Typed:
    schema, value = draw(inner)
    value = [value] * draw(st.integers(0, 3))
    return {"type": "array", "items": schema, "maxItems": len(value)}, value


@st.composite
def _optional(draw: st.DrawFn, inner: st.SearchStrategy[Typed]) -> Typed:
    schema, value = draw(inner)
    value = draw(st.sampled_from([value, None]))
    return {"anyOf": [schema, {"type": "null"}]}, value


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Typed]) -> Typed:
    names = draw(st.lists(st.sampled_from(["a", "b", "city", "é"]), unique=True))
    fields = {name: draw(inner) for name in names}
    required = [name for name in names if draw(st.booleans())]
    given = [name for name in names if name in required or draw(st.booleans())]
    schema = {
        "type": "object",
        "properties": {name: schema for name, (schema, _) in fields.items()},
        "required": required,
        "additionalProperties": False,
    }
    return schema, {name: fields[name][1] for name in given}


_ATOMS = st.one_of(
    _strings(),
    _integers(),
    _choices(),
    st.tuples(st.just({"type": "boolean"}), st.booleans()),
)
_WRAPPED: tuple[Callable[[Any], st.SearchStrategy[Typed]], ...] = (
    _lists,
    _optional,
    _objects,
)
_ANY: st.SearchStrategy[Typed] = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(*(wrap(inner) for wrap in _WRAPPED)),
    max_leaves=4,
)


@st.composite
def offered_tools(draw: st.DrawFn, *, name: str | None = None) -> OfferedTool:
    """Draw a tool called *name*, or any, with arguments that are valid for it.

    >>> from hypothesis import find
    >>> tool = find(offered_tools(name="f"), lambda tool: tool.args)
    >>> tool.spec.name, [*tool.args]
    ('f', ['a'])
    """
    schema, args = draw(_objects(_ANY))
    names = st.sampled_from(["get_weather", "search", "f"])
    spec = ToolSpec(draw(names) if name is None else name, "A tool.", schema)
    return OfferedTool(spec, args)


@st.composite
def requests(
    draw: st.DrawFn, *, min_size: int = 0, max_size: int = 3, stream: bool | None = None
) -> ChatRequest:
    """Draw a request that offers *min_size* to *max_size* tools; the choice is lawful.

    *stream* says whether it asks for pieces; None, that both may be.

    >>> from hypothesis import find
    >>> request = find(requests(), lambda request: request.tool_choice is not None)
    >>> request.tool_choice.mode
    'auto'
    """
    check_sizes(min_size, max_size)
    count = draw(st.integers(min_size, max_size))
    tools = tuple(draw(offered_tools(name=f"tool_{n}")).spec for n in range(count))
    choices: list[ToolChoice | None] = [None]
    if tools:
        choices += [ToolChoice("auto"), ToolChoice("none"), ToolChoice("any")]
        choices += [ToolChoice("tool", tool.name) for tool in tools]
    formats = [None, ResponseFormat("text"), ResponseFormat("json_object")]
    return ChatRequest(
        messages=tuple(draw(conversations(max_size=3))),
        tools=tools,
        tool_choice=draw(st.sampled_from(choices)),
        parallel_tool_calls=draw(st.sampled_from([None, True, False]))
        if tools
        else None,
        response_format=draw(st.sampled_from(formats)) if not tools else None,
        stop=draw(st.sampled_from([None, ("END",)])),
        model=draw(st.sampled_from([None, "gpt-5-mini"])),
        params=draw(st.sampled_from([{}, {"temperature": 0.5}])),
        stream=draw(st.booleans()) if stream is None else stream,
    )
