"""The forms in which people say what structure an answer shall have."""

from collections.abc import Mapping
from typing import Any

from harness.errors import SchemaError, shown
from harness.requests import ResponseFormat
from harness.schemas import check_schema
from harness.tool_specs import tool_spec

__all__ = ["read_format"]


def read_format(value: object) -> ResponseFormat:
    """The response format that *value* says.

    Takes a ResponseFormat, OpenAI's ``{"type": "json_schema", "json_schema": {...}}``
    or ``{"type": "json_object"}``, and whatever describes a structure: a pydantic
    class, a TypedDict, a dataclass, a JSON schema with a title.

    >>> read_format({"type": "json_object"}).kind
    'json_object'
    """
    match value:
        case ResponseFormat():
            return value
        case {"type": "text" | "json_object" as kind}:
            return ResponseFormat(kind)
        case {"type": "json_schema", "json_schema": {"schema": dict(schema), **rest}}:
            return _with_schema(schema, rest)
        case {"type": "json_schema", "schema": dict(schema), **rest}:
            return _with_schema(schema, rest)
        case Mapping() | type():
            spec = tool_spec(value)
            if spec.provider is None:
                return ResponseFormat("json_schema", spec.parameters, spec.name)
        case _:
            pass
    raise SchemaError(
        f"{shown(value)} says no response format. Give a pydantic class, a TypedDict, "
        "a JSON schema with a 'title', {'type': 'json_object'} or {'type': "
        "'json_schema', 'json_schema': {'name': ..., 'schema': {...}}}."
    )


def _with_schema(schema: dict[str, Any], rest: dict[Any, Any]) -> ResponseFormat:
    check_schema(schema)
    name, strict = rest.get("name"), rest.get("strict")
    if not isinstance(name, str | None):
        raise SchemaError(f"The response format's name is {shown(name)}, not a str.")
    if not isinstance(strict, bool | None):
        raise SchemaError(
            f"The response format's 'strict' is {shown(strict)}, not a bool."
        )
    return ResponseFormat("json_schema", schema, name, strict=strict)
