"""Arguments of a tool call, checked by a JSON schema, which is shown to people too.

In: arguments as a model sends them, and a JSON schema. Out: values for the function,
and a line of text for each thing that is wrong.
"""

import json
from collections.abc import Mapping
from typing import Any

from harness.errors import shown
from harness.schemas import problems

__all__ = ["Checked", "check_by_schema", "is_open", "signature_text", "type_text"]

_OPENING = ("$ref", "allOf", "anyOf", "oneOf", "patternProperties")
Checked = tuple[dict[str, Any], list[str]]


def signature_text(name: str, schema: Mapping[str, Any]) -> str:
    """Write a JSON schema of arguments like a function's signature.

    >>> properties = {"city": {"type": "string"}, "days": {"type": "integer"}}
    >>> signature_text("forecast", {"properties": properties, "required": ["city"]})
    'forecast(city: string, days?: integer)'
    """
    required = schema.get("required", ())
    parts = []
    for key, one in schema.get("properties", {}).items():
        default = f" = {one['default']!r}" if "default" in _dict(one) else ""
        mark = "" if key in required or default else "?"
        parts.append(f"{key}{mark}: {type_text(one)}{default}")
    return f"{name}({', '.join(parts)})"


def is_open(schema: Mapping[str, Any]) -> bool:
    """Tell whether *schema* may know more parameters than its "properties".

    >>> is_open({"additionalProperties": {"type": "string"}})
    True
    """
    more = schema.get("additionalProperties", False) is not False
    return more or not schema.keys().isdisjoint(_OPENING)


def check_by_schema(schema: Mapping[str, Any], args: Mapping[str, Any]) -> Checked:
    """Check *args* by a JSON schema; they are given back as they are.

    Raises SchemaError where the schema itself is not one. An argument that it does
    not know is a problem, unless it is open for more.

    >>> check_by_schema({"properties": {"n": {"type": "integer"}}}, {"n": "x"})[1]
    ["n: 'x' is not of type 'integer' (at properties.n.type)"]
    """
    closing = {} if is_open(schema) else {"additionalProperties": False}
    return dict(args), problems({**args}, {**schema, **closing})


def type_text(schema: object) -> str:
    """Name what *schema* allows in a word or two.

    >>> type_text({"type": "array", "items": {"enum": ["C", "F"]}})
    "array of 'C' | 'F'"
    """
    match schema:
        case {"const": value}:
            return repr(value)
        case {"enum": list(values)}:
            return " | ".join(map(repr, values))
        case {"anyOf": list(options)} | {"oneOf": list(options)}:
            return " | ".join(map(type_text, options))
        case {"$ref": str(target)}:
            return target.rpartition("/")[2]
        case {"type": "array", "items": items}:
            return f"array of {type_text(items)}"
        case {"type": str(kind)}:
            return kind
        case {"type": list(kinds)}:
            return " | ".join(map(str, kinds))
        case {**rest} if rest:
            return shown(json.dumps(rest, sort_keys=True, default=str), limit=80)
        case _:
            return "any"


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
