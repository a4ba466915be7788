"""Arguments of a tool call, checked.

In: arguments as a model sends them, and a pydantic class or JSON schema. Out: values
for the function, and a line of text for each thing that is wrong.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import AliasChoices, AliasPath, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from harness.errors import nearest, shown
from harness.schemas import problems
from harness.tool_schemas import signature_base

__all__ = ["check_by_model", "check_by_schema", "is_open", "signature_text"]

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
        parts.append(f"{key}{mark}: {_type_text(one)}{default}")
    return f"{name}({', '.join(parts)})"


def is_open(schema: Mapping[str, Any]) -> bool:
    """Tell whether *schema* may know more parameters than its "properties".

    >>> is_open({"additionalProperties": {"type": "string"}})
    True
    """
    more = schema.get("additionalProperties", False) is not False
    return more or not schema.keys().isdisjoint(_OPENING)


def check_by_model(
    model: type[BaseModel], schema: Mapping[str, Any], args: Mapping[str, Any]
) -> Checked:
    """Check and coerce *args* by a pydantic class, whose JSON schema is *schema*.

    Gives the value of each field, and the problems. What the class does not know is
    a problem too, unless the class says what to do with it.

    >>> class Area(BaseModel):
    ...     width: int
    >>> check_by_model(Area, Area.model_json_schema(), {"width": "3"})
    ({'width': 3}, [])
    """
    known = {name for item in model.model_fields.items() for name in _names(*item)}
    strict = "extra" not in model.model_config
    wrong = _unknown(args, known, schema) if strict else []
    try:
        checked = model.model_validate(dict(args))
    except ValidationError as error:
        for one in error.errors(include_url=False):
            missing = one["type"] == "missing"
            reason = None if missing else f"{shown(one['input'])}: {one['msg']}"
            wrong.append(_problem(one["loc"], reason, schema))
        return {}, wrong
    values = {
        _keyword(model, name): getattr(checked, name) for name in model.model_fields
    }
    return {**values, **(checked.model_extra or {})}, wrong


def check_by_schema(schema: Mapping[str, Any], args: Mapping[str, Any]) -> Checked:
    """Check *args* by a JSON schema; they are given back as they are.

    Raises SchemaError where the schema itself is not one. An argument that it does
    not know is a problem, unless it is open for more.

    >>> check_by_schema({"properties": {"n": {"type": "integer"}}}, {"n": "x"})[1]
    ["n: 'x' is not of type 'integer' (at properties.n.type)"]
    """
    closing = {} if is_open(schema) else {"additionalProperties": False}
    return dict(args), problems({**args}, {**schema, **closing})


def _names(name: str, info: FieldInfo) -> Iterable[str]:
    """Every key under which the field called *name* may be given."""
    yield name
    yield from filter(None, [info.alias])
    alias = info.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
    for choice in choices:
        head = choice.path[0] if isinstance(choice, AliasPath) else choice
        if isinstance(head, str):
            yield head


def _keyword(model: type[BaseModel], name: str) -> str:
    alias = model.model_fields[name].alias
    return alias if alias and issubclass(model, signature_base()) else name


def _unknown(
    args: Mapping[str, Any], known: Iterable[str], schema: Mapping[str, Any]
) -> list[str]:
    known = {*known}
    listed = schema.get("properties", {})
    return [
        f"{key} is not a parameter. {nearest(str(key), listed)}"
        for key in args
        if key not in known
    ]


def _problem(
    path: Sequence[str | int], reason: str | None, schema: Mapping[str, Any]
) -> str:
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path)[1:]
    told = "is missing" if reason is None else f"is {reason}"
    properties = schema.get("properties", {})
    one = properties.get(path[0]) if len(path) == 1 else None
    expected = f" (expected {_type_text(one)})" if one is not None else ""
    return f"{where or 'the whole of the arguments'} {told}{expected}"


def _type_text(schema: object) -> str:
    """Name what *schema* allows in a word or two.

    >>> _type_text({"type": "array", "items": {"enum": ["C", "F"]}})
    "array of 'C' | 'F'"
    """
    match schema:
        case {"const": value}:
            return repr(value)
        case {"enum": list(values)}:
            return " | ".join(map(repr, values))
        case {"anyOf": list(options)} | {"oneOf": list(options)}:
            return " | ".join(map(_type_text, options))
        case {"$ref": str(target)}:
            return target.rpartition("/")[2]
        case {"type": "array", "items": items}:
            return f"array of {_type_text(items)}"
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
