"""Tools, the choice among them, and the form of answers, in OpenAI's spelling.

In: "tools", "functions", "tool_choice" and "response_format" of a request. Out: specs,
a choice, a format; and back.
"""

import re
from typing import Any

from harness.errors import InputError, SchemaError, WireError, shown
from harness.requests import ResponseFormat
from harness.tool_specs import (
    ToolChoice,
    ToolSpec,
    tool_choice,
    tool_name,
)
from harness.wire.free_text import flat_custom, framed_custom
from harness.wire.json_values import expect
from harness.wire.openai_chat.parts import DIALECT
from harness.wire.ownership import beside, marks, own

__all__ = [
    "is_old",
    "read_choice",
    "read_format",
    "read_tool",
    "write_choice",
    "write_format",
    "write_function",
    "write_tool",
]

#: Marks of a function without its frame: under "functions", the older name, or not.
_OLD, _BARE = "old", "bare"
#: Anthropic's tools have the date of their version in their type.
#: Types of tools that only OpenAI Responses has.
_THEIRS = frozenset(
    "apply_patch computer computer_use_preview file_search local_shell namespace shell "
    "tool_search".split()
)
_DATED = re.compile(r"_\d{8}$")


def read_tool(tool: Any, *, old: bool = False) -> ToolSpec:
    """The spec that *tool* says; *old* is a function without a frame.

    >>> read_tool({"type": "function", "function": {"name": "f"}}).name
    'f'
    """
    match tool:
        case {"type": "function", "function": dict(function)} if not old:
            rest = {k: v for k, v in tool.items() if k not in ("function", "type")}
            return _function(function, rest, {})
        case {"type": "custom", "custom": {"name": str(name)}} if not old:
            return ToolSpec(name, provider=tool)
        case {"type": str(kind)} if not old and kind != "function":
            return ToolSpec(kind, provider=tool)
        case {"function": dict()} if not old:
            raise SchemaError(
                f"'type' of a tool is {shown(tool.get('type'))}. Give 'function'."
            )
        case dict():
            # Some send a function without its frame.
            return _function(tool, {}, {_OLD if old else _BARE: True})
        case _:
            raise SchemaError(f"{shown(tool)} is not a tool.")


def _function(
    function: dict[str, Any], rest: dict[str, Any], mark: dict[str, Any]
) -> ToolSpec:
    name = tool_name(function.get("name"))
    said = {k: v for k, v in function.items() if k not in ("name", "strict")}
    description = expect(function.get("description"), str, "'description' of a tool")
    parameters = expect(function.get("parameters"), dict, "'parameters' of a tool")
    for key, value in (("description", description), ("parameters", parameters)):
        if value:
            del said[key]
    more = {key: value for key, value in said.items() if value is not None}
    mark = {**mark, **({"function": more} if more else {})}
    return ToolSpec(
        name,
        description or "",
        parameters or {},
        strict=expect(function.get("strict"), bool, "'strict' of a tool"),
        extras=rest | ({DIALECT: mark} if mark else {}),
    )


def is_old(spec: ToolSpec) -> bool:
    """Whether a tool goes under "functions"."""
    return marks(spec.extras, DIALECT).get(_OLD) is True


def write_tool(spec: ToolSpec) -> dict[str, Any]:
    """What OpenAI is told of a tool."""
    if (text := flat_custom(spec)) is not None:
        return framed_custom(text)
    if spec.provider is not None:
        return _provided(spec.provider)
    if marks(spec.extras, DIALECT).get(_BARE):
        return write_function(spec)
    extras = own(spec.extras, DIALECT)
    extras.pop(DIALECT, None)
    return beside({"type": "function", "function": write_function(spec)}, extras)


def _provided(tool: dict[str, Any]) -> dict[str, Any]:
    kind = tool.get("type")
    if isinstance(kind, str) and not (kind in _THEIRS or _DATED.search(kind)):
        return tool
    raise InputError(
        f"{DIALECT}: {shown(tool)} is a tool of another provider's. Bind a function in "
        "its place."
    )


def write_function(spec: ToolSpec) -> dict[str, Any]:
    """A function without its frame."""
    said: dict[str, Any] = {"name": spec.name}
    if spec.description:
        said["description"] = spec.description
    if spec.parameters:
        said["parameters"] = spec.parameters
    if spec.strict is not None:
        said["strict"] = spec.strict
    return {**marks(marks(spec.extras, DIALECT), "function"), **said}


# ------------------------------------------------------------------------- choice


def read_choice(given: Any, tools: tuple[ToolSpec, ...]) -> ToolChoice | None:
    """The choice that *given* says; what is not understood is kept, as "auto"."""
    try:
        if isinstance(given, dict) and given.keys() == {"name"}:
            given = given["name"]
        return tool_choice(given, tools)
    except InputError:
        # The provider judges whether it will do; we only tell one from another.
        kept = given if isinstance(given, dict) else {"tool_choice": given}
        return ToolChoice("auto", provider=kept)


def write_choice(choice: ToolChoice, tools: tuple[ToolSpec, ...]) -> Any:
    """What OpenAI is told of a choice."""
    match choice.provider:
        case {"tool_choice": given, **rest} if not rest:
            return given
        case {"type": "function", "function": _} | {"type": "custom", "custom": _}:
            return choice.provider
        case {"type": "allowed_tools", "allowed_tools": _}:
            return choice.provider
        case dict() as raw if choice.mode == "auto" and "type" not in raw:
            return raw
        case _:
            pass
    if choice.mode != "tool":
        return "required" if choice.mode == "any" else choice.mode
    named = {"name": choice.name}
    chosen = next((spec for spec in tools if spec.name == choice.name), None)
    if chosen is not None and flat_custom(chosen) is not None:
        return {"type": "custom", "custom": named}
    if chosen is not None and chosen.provider is not None:
        return {"type": _provided(chosen.provider)["type"]}
    return {"type": "function", "function": named}


# ------------------------------------------------------------------------- format


def read_format(given: Any) -> ResponseFormat | None:
    """The form that answers must have. Raises WireError for one that is not known."""
    match given:
        case None:
            return None
        case {"type": "json_schema", "json_schema": dict(said)}:
            return ResponseFormat(
                "json_schema",
                expect(said.get("schema"), dict, "'schema'"),
                expect(said.get("name"), str, "'name'"),
                strict=expect(said.get("strict"), bool, "'strict'"),
            )
        case {"type": "json_object" | "json_schema", "schema": dict(schema)}:
            return ResponseFormat("json_schema", schema)
        case {"type": "json_object" | "text" as kind}:
            return ResponseFormat(kind)
        case _:
            raise WireError(f"'response_format' is {shown(given)}.")


def write_format(form: ResponseFormat) -> dict[str, Any]:
    """What OpenAI is told of the form."""
    if form.kind != "json_schema":
        return {"type": form.kind}
    schema = form.schema or {}
    said: dict[str, Any] = {"name": form.name or schema.get("title") or "response"}
    if form.schema is not None:
        said["schema"] = form.schema
    if form.strict is not None:
        said["strict"] = form.strict
    return {"type": "json_schema", "json_schema": said}
