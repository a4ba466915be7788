"""What an item is besides its text: the fields that no content block has.

An answer of this format is a list of items (a message, a piece of reasoning, a call),
and a message has parts; a message of ours has blocks. The block with which an item
begins has the item's fields in its ``extras``: ``item_id``, ``encrypted_content`` and
``phase`` by these names, others in ``item``, where None says that a field that the
item usually has was not there. Fields that are as they are always are not kept. The
first message of an answer has them in the ``additional_kwargs`` of ours instead, so
that an answer of plain text stays a plain string.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from harness.values import canonical

__all__ = [
    "ITEM_KEYS",
    "begins_item",
    "derived_id",
    "digest",
    "held",
    "item_fields",
    "marked",
    "unmarked",
]

_HELD: dict[str, str] = {
    "id": "item_id",
    "encrypted_content": "encrypted_content",
    "phase": "phase",
}
#: The keys of extras that tell of an item.
ITEM_KEYS = frozenset({*_HELD.values(), "item"})

_PREFIXES: dict[str, str] = {
    "code_interpreter_call": "ci",
    "custom_tool_call": "ctc",
    "file_search_call": "fs",
    "function_call": "fc",
    "image_generation_call": "ig",
    "mcp_call": "mcp",
    "mcp_list_tools": "mcpl",
    "message": "msg",
    "reasoning": "rs",
    "response": "resp",
    "web_search_call": "ws",
}


def held(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The extras that say the *fields* of an item.

    >>> held({"id": "fc_1", "status": "incomplete"})
    {'item_id': 'fc_1', 'item': {'status': 'incomplete'}}
    """
    named = {ours: fields[key] for key, ours in _HELD.items() if fields.get(key)}
    rest = {key: value for key, value in fields.items() if key not in _HELD}
    return {**named, "item": rest} if rest else named


def item_fields(extras: object) -> dict[str, Any]:
    """The fields that *extras* say, as `held` put them there."""
    said: dict[str, Any] = extras if isinstance(extras, dict) else {}
    rest = said.get("item")
    fields: dict[str, Any] = dict(rest) if isinstance(rest, dict) else {}
    return fields | {k: said[ours] for k, ours in _HELD.items() if said.get(ours)}


def begins_item(extras: object) -> bool:
    """Whether a block with *extras* is the first of its item for sure."""
    return isinstance(extras, dict) and not ITEM_KEYS.isdisjoint(extras)


def marked(said: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """What *said* has that is not *usual*, and as None what it lacks.

    >>> marked({"status": "failed"}, {"status": "completed", "role": "assistant"})
    {'status': 'failed', 'role': None}
    """
    news = {k: v for k, v in said.items() if v is not None and usual.get(k) != v}
    return news | {k: None for k in usual if said.get(k) is None}


def unmarked(usual: Mapping[str, Any], marks: Mapping[str, Any]) -> dict[str, Any]:
    """What was said, from what is *usual* and what `marked` told."""
    return {k: v for k, v in {**usual, **marks}.items() if v is not None}


def derived_id(kind: str, answer: str, place: int) -> str:
    """The id of an item that was given none; an answer's other items differ in it.

    >>> derived_id("message", "resp_12ab", 0)
    'msg_12ab0000'
    """
    prefix = _PREFIXES.get(kind, "item")
    return f"{prefix}_{answer.removeprefix('resp_')}{place:04d}"


def digest(value: object) -> str:
    """Forty hex digits that are the same for the same *value*."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()[:40]
