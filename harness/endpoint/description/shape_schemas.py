"""The shapes of requests and replies as JSON schemas, of draft 2020-12.

In: a shape. Out: the schema that accepts the values in which `flaws` finds none.
"""

from typing import Any, assert_never

from harness.endpoint.validation.shapes import (
    Either,
    Fields,
    Flag,
    Items,
    Number,
    OneOf,
    Shape,
    Text,
)

__all__ = ["Schema", "schema_of"]

Schema = dict[str, Any]


def schema_of(shape: Shape) -> Schema:
    """The JSON schema of *shape*. Members that it does not name may be anything.

    >>> schema_of(Fields({"n": Number(1, 8, whole=True)}))["properties"]
    {'n': {'type': ['integer', 'null'], 'minimum': 1, 'maximum': 8}}
    """
    match shape:
        case Number(low=low, high=high, whole=whole):
            kind = {"type": "integer" if whole else "number"}
            return kind | _said(minimum=low, maximum=high)
        case Text(least=least, most=most, pattern=pattern):
            whole_of = f"^(?:{pattern})$" if pattern else None
            limits = _said(minLength=least or None, maxLength=most, pattern=whole_of)
            return {"type": "string"} | limits
        case OneOf(words=words):
            return {"type": "string", "enum": [*words]}
        case Flag():
            return {"type": "boolean"}
        case Items(item=item, least=least, most=most):
            inner = None if item is None else schema_of(item)
            limits = _said(minItems=least or None, maxItems=most, items=inner)
            return {"type": "array"} | limits
        case Fields():
            return _object(shape)
        case Either(shapes=shapes):
            return {"anyOf": [schema_of(one) for one in shapes]}
        case _ as unreachable:
            assert_never(unreachable)


def _said(**limits: Any) -> Schema:
    return {name: limit for name, limit in limits.items() if limit is not None}


def _object(shape: Fields) -> Schema:
    properties = {
        name: schema_of(one) if name in shape.required else _or_null(schema_of(one))
        for name, one in shape.members.items()
    }
    said: Schema = {"type": "object"}
    if properties:
        said["properties"] = properties
    if shape.required:
        said["required"] = [*shape.required]
    return said


def _or_null(schema: Schema) -> Schema:
    """*schema*, and null: a member that is null is one that is not there."""
    if "anyOf" in schema:
        return {"anyOf": [*schema["anyOf"], {"type": "null"}]}
    either = schema | {"type": [schema["type"], "null"]}
    if "enum" in schema:
        either["enum"] = [*schema["enum"], None]
    return either
