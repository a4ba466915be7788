"""What OpenAI asks of schemas: of all, and of those that are to be kept strictly.

In: a schema. Out: what is wrong with it, in OpenAI's words, or nothing.
"""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["schema_problem"]

_NAMED = ("properties", "$defs", "definitions")
_LISTED = ("anyOf", "allOf", "oneOf", "prefixItems")


def schema_problem(schema: Any, *, strict: bool) -> str | None:
    r"""What is wrong with *schema*, which describes an object.

    >>> schema_problem({"type": "string"}, strict=False)
    'schema must be a JSON Schema of \'type: "object"\', got \'type: "string"\'.'
    """
    if not isinstance(schema, Mapping):
        return f"{schema!r} is not of type 'object', 'boolean'."
    kind = schema.get("type", "None")
    if kind != "object" and ("type" in schema or strict) and "$ref" not in schema:
        return (
            "schema must be a JSON Schema of 'type: \"object\"', got "
            f"'type: \"{kind}\"'."
        )
    return next(_lax(schema, ()), None) if strict else None


def _lax(schema: Any, at: tuple[str, ...]) -> Iterator[str]:
    """Where *schema* leaves open what strictness wants said."""
    if not isinstance(schema, Mapping):
        return
    context = f"In context={at!r}, "
    properties = schema.get("properties")
    if schema.get("type") == "object" or properties is not None:
        if schema.get("additionalProperties") is not False:
            yield (
                f"{context}'additionalProperties' is required to be supplied and to "
                "be false."
            )
        said = schema.get("required")
        required = said if isinstance(said, list) else []
        for name in properties if isinstance(properties, Mapping) else ():
            if name not in required:
                yield (
                    f"{context}'required' is required to be supplied and to be an "
                    "array including every key in properties. Missing "
                    f"'{name}'."
                )
    for step, inner in _inside(schema):
        yield from _lax(inner, (*at, *step))


def _inside(schema: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The schemas in *schema*, and the way to each."""
    for key in _NAMED:
        inner = schema.get(key)
        for name, one in inner.items() if isinstance(inner, Mapping) else ():
            yield (key, str(name)), one
    for key in _LISTED:
        inner = schema.get(key)
        for number, one in enumerate(inner) if isinstance(inner, list) else ():
            yield (key, str(number)), one
    yield ("items",), schema.get("items")
