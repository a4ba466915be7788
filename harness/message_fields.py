"""The fields of messages as they are read: checked, copied, and named in errors."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from harness.blocks import TEXT_FIELD, ContentBlock
from harness.errors import InputError, shown
from harness.text import whole
from harness.values import canonical, plain

__all__ = [
    "finish_reason",
    "read_content",
    "read_dict",
    "read_invalid_tool_call",
    "read_list",
    "read_name",
    "read_tool_call",
    "unclaimed",
    "united",
]


def finish_reason(metadata: Mapping[str, Any]) -> str | None:
    """The finish reason in *metadata*, by either of the names it goes under."""
    reason = metadata.get("finish_reason") or metadata.get("stop_reason")
    return reason if isinstance(reason, str) else None


def read_content(content: object) -> str | list[Any]:
    """*content*, checked and copied."""
    if isinstance(content, str):
        return whole(str.__str__(content))
    if isinstance(content, list | tuple):
        for n, block in enumerate(content):
            if not isinstance(block, str):
                _check_block(block, f"content[{n}]")
        return list(plain(content, "content"))
    raise InputError(
        f"content is {shown(content)}. Give a string, or a list of strings and blocks "
        "such as {'type': 'text', 'text': '...'}."
    )


def _check_block(block: object, where: str) -> None:
    kind = block.get("type") if isinstance(block, Mapping) else None
    if not (isinstance(block, Mapping) and isinstance(kind, str)):
        raise InputError(
            f"{where} is {shown(block)}. Give a string or a block such as "
            "{'type': 'text', 'text': '...'}."
        )
    field = TEXT_FIELD.get(kind)
    if field and not isinstance(block.get(field), str | None):
        raise InputError(
            f"{where}[{field!r}] is {shown(block[field])}; in a {kind} block it is a "
            "string."
        )


def read_list(value: object, where: str) -> list[Any]:
    """*value* as a list; a text or a dict in place of one is a mistake."""
    if isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        return list(value)
    raise InputError(f"{where} is {shown(value)}; give a list.")


def read_name(value: object, where: str) -> str | None:
    """*value*, checked to be a string or None."""
    if value is None:
        return None
    if isinstance(value, str):
        return whole(str.__str__(value))
    raise InputError(f"{where} is {shown(value)}; it is a string or None.")


def read_dict(value: object, where: str) -> dict[str, Any] | None:
    """*value*, checked and copied; None stays None, as does an empty dict."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise InputError(f"{where} is {shown(value)}; give a dict or None.")
    return plain(value, where) or None


def read_tool_call(call: object) -> dict[str, Any]:
    """A tool call, checked and copied, its keys in their usual order."""
    match call:
        case {"name": str(), "args": dict()}:
            return _call(call, "tool_call", "tool_calls")
        case _:
            raise InputError(
                f"tool_calls contains {shown(call)}. Give {{'name': 'get_weather', "
                "'args': {'location': 'Boston'}, 'id': 'call_1'}, args as a dict."
            )


def read_invalid_tool_call(call: object) -> dict[str, Any]:
    """An invalid tool call, checked and copied."""
    head = {"name": None, "args": None, "id": None, "error": None}
    match call:
        case {**given} if all(isinstance(given.get(key), str | None) for key in head):
            return _call({**head, **given}, "invalid_tool_call", "invalid_tool_calls")
        case _:
            raise InputError(
                f"invalid_tool_calls contains {shown(call)}. Give {{'name': 'f', "
                "'args': '{\"a\": 1', 'id': 'call_1', 'error': 'cut short'}, args as "
                "the raw text."
            )


def _call(call: Any, kind: str, where: str) -> dict[str, Any]:
    if call.get("type", kind) != kind:
        raise InputError(f"{where} contains a block of type {call['type']!r}.")
    if not isinstance(call.get("id"), str | None):
        raise InputError(f"{where} contains the id {call['id']!r}; ids are strings.")
    read: dict[str, Any] = plain({"id": None, **call, "type": kind}, where)
    first = [k for k in ("name", "args", "id", "error", "type") if k in read]
    return {k: read[k] for k in (*first, *(k for k in read if k not in first))}


def united(
    blocks: Sequence[ContentBlock], kind: str, calls: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The calls among *blocks*, then those of *calls* that are not among them."""
    read = {"tool_call": read_tool_call, "invalid_tool_call": read_invalid_tool_call}
    inside = [
        read[kind]({key: value for key, value in block.items() if key != "index"})
        for block in blocks
        if block["type"] == kind
    ]
    return [*inside, *unclaimed(inside, kind, calls)]


def unclaimed(
    blocks: Sequence[ContentBlock], kind: str, calls: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Those of *calls* that are not among the *blocks* of *kind*."""
    claims = [_identity(block) for block in blocks if block["type"] == kind]
    rest = []
    for call in calls:
        if (identity := _identity(call)) in claims:
            claims.remove(identity)
        else:
            rest.append(call)
    return rest


def _identity(call: Mapping[str, Any]) -> str:
    # Calls without an id are the same when they say the same.
    return call.get("id") or canonical([call.get("name"), call.get("args")])
