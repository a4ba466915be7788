"""Schemas in Google's subset of OpenAPI, whose types are words in capitals.

In: a schema as a request has it. Out: the same as JSON schema, which all other formats
and the scripts of answers understand; and back.
"""

from collections.abc import Callable
from typing import Any

__all__ = ["capitalised", "lowered"]


def lowered(schema: dict[str, Any]) -> dict[str, Any] | None:
    """The JSON schema that *schema* is; None where its types are not all in capitals.

    >>> lowered({"type": "ARRAY", "items": {"type": "STRING"}})
    {'type': 'array', 'items': {'type': 'string'}}
    """
    read: dict[str, Any] = _spelled(schema, str.lower)
    return read if read != schema and capitalised(read) == schema else None


def capitalised(schema: dict[str, Any]) -> dict[str, Any]:
    """What `lowered` read as *schema*."""
    said: dict[str, Any] = _spelled(schema, str.upper)
    return said


def _spelled(value: Any, spell: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_spelled(item, spell) for item in value]
    if not isinstance(value, dict):
        return value
    said = {key: _spelled(item, spell) for key, item in value.items()}
    kind = said.get("type")
    return {**said, "type": spell(kind)} if isinstance(kind, str) else said
