"""What a tool's function returned, as the content of a message."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from harness.blocks import BLOCK_TYPES

__all__ = ["result_content"]

_BLOCKS = BLOCK_TYPES | {"document", "image_url", "input_audio", "search_result"}
_JSON_LIKE = (dict, list, tuple, set, frozenset, int, float, type(None))


def result_content(value: object) -> str | list[Any]:
    """Write what a tool returned as text: str as it is, JSON-like values as JSON.

    A list of content blocks stays one. What JSON cannot say is written by `str`.

    >>> result_content({"temperature": "72°F"})
    '{"temperature": "72°F"}'
    """
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, list) and value and all(map(_is_block, value)):
        return value
    if not (isinstance(value, _JSON_LIKE) or _is_dataclass(value) or _is_model(value)):
        return str(value)
    try:
        return json.dumps(value, ensure_ascii=False, default=_json_like)
    except (TypeError, ValueError, RecursionError):  # odd keys, or a cycle
        return str(value)


def _is_block(item: object) -> bool:
    return isinstance(item, Mapping) and item.get("type") in _BLOCKS


def _is_model(value: object) -> bool:
    from pydantic import BaseModel  # it takes long to load

    return isinstance(value, BaseModel)


def _is_dataclass(value: object) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def _json_like(value: Any) -> object:
    if _is_model(value):
        return value.model_dump(mode="json")
    if _is_dataclass(value):
        return dataclasses.asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)  # the order of a set differs between runs
    return str(value)
