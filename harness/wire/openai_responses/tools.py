"""Tools of OpenAI Responses, and the choice among them, both ways.

A tool that the application runs is a function, or takes free text ("custom"); functions
may stand in a "namespace", which is then a tool of the provider's that has no functions
in it, followed by them. All other tools are the provider's own, and kept as they are.
"""

import re
from collections.abc import Iterable
from typing import Any

from harness.errors import InputError, WireError, shown
from harness.tool_specs import ToolChoice, ToolSpec, tool_choice
from harness.wire.free_text import flat_custom
from harness.wire.json_values import expect
from harness.wire.ownership import own

__all__ = ["read_choice", "read_tools", "write_choice", "write_tools"]

Said = dict[str, Any]

_NAME = "openai-responses"
_DECLARED = frozenset({"description", "name", "parameters", "strict", "type"})
#: Anthropic's tools have the date of their version in their type.
_DATED = re.compile(r"_\d{8}$")
_PLAIN = frozenset({"any", "auto", "none", "required", "tool"})
_MODES = {"any": "required", "auto": "auto", "none": "none"}


def read_tools(given: list[Any]) -> tuple[ToolSpec, ...]:
    """The tools that a request lists. Raises WireError."""
    return tuple(spec for tool in given for spec in _read(tool))


def _read(given: Any) -> Iterable[ToolSpec]:
    tool = expect(given, dict, "a tool") or {}
    match tool:
        case {"type": "function" | "custom", "name": str(name)}:
            yield _declared(tool, name)
        case {"type": "namespace", "name": str(name), "tools": list(tools)}:
            yield ToolSpec(
                name, provider={k: v for k, v in tool.items() if k != "tools"}
            )
            for inner in tools:
                said = expect(inner, dict, "a tool") or {}
                kept = {"namespace": name}
                inside = expect(said.get("name"), str, "'name' of a tool") or ""
                yield _declared(said, inside, kept)
        case {"type": str(kind)}:
            named = tool.get("name")
            yield ToolSpec(named if isinstance(named, str) else kind, provider=tool)
        case _:
            raise WireError(f"a tool is {shown(tool)}, without a 'type'.")


def _declared(tool: Said, name: str, kept: Said | None = None) -> ToolSpec:
    extras = {k: v for k, v in tool.items() if k not in _DECLARED and v is not None}
    if tool.get("type", "function") != "function":
        extras["type"] = tool["type"]
    for key in ("description", "parameters"):
        if tool.get(key) in ("", {}):
            extras[key] = tool[key]
    return ToolSpec(
        name,
        expect(tool.get("description"), str, "'description' of a tool") or "",
        expect(tool.get("parameters"), dict, "'parameters' of a tool") or {},
        strict=expect(tool.get("strict"), bool, "'strict' of a tool"),
        extras={**extras, **(kept or {})},
    )


def write_tools(specs: Iterable[ToolSpec]) -> list[Said]:
    """What `read_tools` reads as *specs*. Raises InputError for another's tools."""
    tools: list[Said] = []
    for spec in specs:
        extras = own(spec.extras, _NAME)
        space = extras.pop("namespace", None)
        tool = _hosted(spec) if spec.provider is not None else _write(spec, extras)
        if space is None:
            tools.append(tool)
            continue
        spaces = [t for t in tools if _is_space(t) and t.get("name") == space]
        if not spaces:
            made: Said = {"type": "namespace", "name": space, "description": space}
            spaces = [made]
            tools += spaces
        spaces[-1].setdefault("tools", []).append(tool)
    return [{**t, "tools": t.get("tools", [])} if _is_space(t) else t for t in tools]


def _is_space(tool: Said) -> bool:
    return tool.get("type") == "namespace"


def _write(spec: ToolSpec, extras: Said) -> Said:
    said: Said = {"type": "function", "name": spec.name}
    if spec.description:
        said["description"] = spec.description
    if spec.parameters and extras.get("type") != "custom":
        said["parameters"] = spec.parameters
    if spec.strict is not None:
        said["strict"] = spec.strict
    return said | extras


def _hosted(spec: ToolSpec) -> Said:
    tool = dict(spec.provider or {})
    kind = tool.get("type")
    if (text := flat_custom(spec)) is not None:
        return {"type": "custom", **text}
    if isinstance(kind, str) and not _DATED.search(kind):
        return tool
    raise InputError(
        f"openai-responses: {shown(tool)} is a tool of another provider's. The tools "
        "that run here are such as {'type': 'web_search'} or "
        "{'type': 'code_interpreter', 'container': {'type': 'auto'}}; bind one of them."
    )


# ------------------------------------------------------------------ the choice


def read_choice(given: Any, tools: tuple[ToolSpec, ...]) -> ToolChoice | None:
    """The choice that a request makes; the provider judges whether it will do."""
    try:
        return tool_choice(given, tools)
    except InputError:
        if given == "required":
            return ToolChoice("any")
        kept = given if isinstance(given, dict) else {"tool_choice": given}
        return ToolChoice("auto", provider=kept)


def write_choice(choice: ToolChoice, tools: Iterable[ToolSpec]) -> Any:
    """What `read_choice` reads as *choice*."""
    given = choice.provider or {}
    match given:
        case {"tool_choice": kept} if len(given) == 1:
            return kept
        case {"type": "allowed_tools", "allowed_tools": dict(allowed)}:
            flat = [_flat(tool) for tool in allowed.get("tools") or ()]
            return {"type": "allowed_tools", **allowed, "tools": flat}
        case {"type": "function" | "custom" as kind} if "name" not in given:
            return {"type": kind, "name": choice.name}
        case {"type": str(kind)} if kind not in _PLAIN:
            return given
        case _ if choice.mode != "tool":
            return _MODES[choice.mode]
        case _:
            return _chosen(str(choice.name), tools)


def _flat(tool: Any) -> Any:
    match tool:
        case {"type": "function" | "custom" as kind} if isinstance(
            tool.get(kind), dict
        ):
            return {"type": kind, **tool[kind]}
        case _:
            return tool


def _chosen(name: str, tools: Iterable[ToolSpec]) -> Said:
    for spec in tools:
        if spec.name == name and spec.provider is not None:
            if flat_custom(spec) is not None:
                return {"type": "custom", "name": name}
            return {"type": spec.provider.get("type", name)}
        if spec.name == name and spec.extras.get("type") == "custom":
            return {"type": "custom", "name": name}
    return {"type": "function", "name": name}
