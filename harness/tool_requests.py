"""What a tool is asked to do. In: anything that `invoke` is given. Out: arguments."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import ToolInputError, shown
from harness.tool_arguments import signature_text
from harness.tool_specs import ToolSpec

__all__ = ["ToolRequest", "read_request"]


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """Arguments, and the id of the call if there was one ("" if it has no id)."""

    args: dict[str, Any]
    call_id: str | None = None


def read_request(given: object, spec: ToolSpec) -> ToolRequest:
    """Read what the tool of *spec* was given: a text, a dict of arguments, or a call.

    A dict of type "tool_call" is a call, and so is one of name and args, and perhaps
    an id, unless all of these are parameters of the tool itself. Raises
    ToolInputError for another tool's call, and for anything else.

    >>> read_request({"name": "add", "args": {"a": 1}, "id": "c"}, ToolSpec("add"))
    ToolRequest(args={'a': 1}, call_id='c')
    """
    own: dict[str, Any] = spec.parameters.get("properties", {})
    match given:
        case str():
            return ToolRequest({_only_parameter(given, spec): given})
        case {"type": "invalid_tool_call", "error": error, "args": args}:
            raise ToolInputError(
                f"this call of {spec.name!r} is invalid and cannot be run: {error}. "
                f"Its arguments are {shown(args)}."
            )
        case {"name": str(name), "args": Mapping() as args, **rest} if rest.get(
            "type"
        ) == "tool_call" or (
            rest.keys() <= {"id"} and not own.keys() >= {"name", "args", *rest}
        ):
            return _read_call(name, args, rest.get("id"), spec)
        case {"type": "tool_call"} if "type" not in own:
            problem = "is not a tool call"
        case Mapping():
            return ToolRequest(dict(given))
        case _:
            problem = f"cannot be given to tool {spec.name!r}"
    raise ToolInputError(
        f"{shown(given)} {problem}. Give a dict of arguments, or a tool call "
        "{'name': ..., 'args': {...}, 'id': ..., 'type': 'tool_call'}. "
        f"The tool is {signature_text(spec.name, spec.parameters)}."
    )


def _read_call(
    name: str, args: Mapping[str, Any], call_id: object, spec: ToolSpec
) -> ToolRequest:
    if name != spec.name:
        raise ToolInputError(
            f"this call is for tool {name!r}, but it was given to {spec.name!r}. "
            f"Look up the tool by the name in the call. Arguments: {shown(args)}"
        )
    if not isinstance(call_id, str | None):
        raise ToolInputError(
            f"the call of {name!r} has the id {shown(call_id)}, which is not a str."
        )
    return ToolRequest(dict(args), call_id or "")


def _only_parameter(text: str, spec: ToolSpec) -> str:
    names: list[str] = [*spec.parameters["properties"]]
    for candidates in (names, spec.parameters.get("required", [])):
        if len(candidates) == 1:
            return str(candidates[0])
    raise ToolInputError(
        f"{shown(text)} cannot be given to "
        f"{signature_text(spec.name, spec.parameters)}: only a tool with one "
        "(required) parameter takes a bare text. Give a dict of arguments."
    )
