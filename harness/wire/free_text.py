"""Tools of OpenAI's that take free text, in the two spellings that its formats have.

In: a spec, from wherever it was read or bound. Out: what was said of the tool, flat, as
OpenAI Responses has it; Chat Completions has it under "custom".
"""

from collections.abc import Mapping
from typing import Any

from harness.errors import InputError
from harness.tool_specs import ToolSpec

__all__ = ["flat_custom", "framed_custom", "refuse_custom"]

_CUSTOM = "custom"


def flat_custom(spec: ToolSpec) -> dict[str, Any] | None:
    """What is said of a tool that takes free text; None for any other tool.

    >>> flat_custom(ToolSpec("f", provider={"type": "custom", "custom": {"name": "f"}}))
    {'name': 'f'}
    """
    match spec.provider:
        case None if spec.extras.get("type") == _CUSTOM and not spec.parameters:
            said = {"name": spec.name, "description": spec.description, **spec.extras}
            del said["type"]
            said.pop("namespace", None)
            return {key: value for key, value in said.items() if value}
        case {"type": "custom", "custom": dict(inner)}:
            return {**inner, **_format(inner, flat=True)}
        case {"type": "custom", "name": str(), **rest} if "input_schema" not in rest:
            return {"name": spec.name} | {str(key): rest[key] for key in rest}
        case _:
            return None


def framed_custom(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The tool of Chat Completions that `flat_custom` said."""
    return {"type": _CUSTOM, _CUSTOM: {**flat, **_format(flat, flat=False)}}


def _format(said: Mapping[str, Any], *, flat: bool) -> dict[str, Any]:
    """The grammar of the text, which is framed in Chat Completions."""
    match said.get("format"):
        case {"type": "grammar", "grammar": dict(inner)} if flat:
            return {"format": {"type": "grammar", **inner}}
        case {"type": "grammar", **rest} if not flat and "grammar" not in rest:
            return {"format": {"type": "grammar", "grammar": rest}}
        case _:
            return {}


def refuse_custom(spec: ToolSpec, dialect: str) -> None:
    """Raise InputError if the tool takes free text, where all take an object."""
    if flat_custom(spec) is not None:
        raise InputError(
            f"{dialect} has no tools that take free text, as {spec.name!r} does: bind "
            "a function with one text, such as 'input', in its place."
        )
