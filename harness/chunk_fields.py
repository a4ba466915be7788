"""The fields of chunks as they are read: checked, copied, and named in errors."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from harness.blocks import standard
from harness.errors import InputError, shown
from harness.message_fields import (
    read_dict,
    read_invalid_tool_call,
    read_list,
    read_name,
    read_tool_call,
)
from harness.usage import usage_fields
from harness.values import plain

__all__ = ["NOTHING_SAID", "read_block", "read_fragment", "read_said"]


def read_block(block: Any) -> dict[str, Any]:
    """A block of a chunk, made standard."""
    read = standard(block)
    index = read.get("index")
    if isinstance(index, bool) or not isinstance(index, int | str | None):
        raise InputError(
            f"content contains the index {shown(index)}; give a number, a string or "
            "None."
        )
    match read["type"]:
        case "tool_call":
            return read_tool_call(read)
        case "invalid_tool_call":
            return read_invalid_tool_call(read)
        case _:
            return {key: value for key, value in read.items() if value is not None}


_FRAGMENT_KEYS = {"type", "name", "args", "id", "index", "extras", "other_names"}


def read_fragment(fragment: Any) -> dict[str, Any]:
    """A fragment of a tool call, all its keys there."""
    match fragment:
        case {**given} if (
            isinstance(given.get("name"), str | None)
            and isinstance(given.get("args"), str | None)
            and isinstance(given.get("id"), str | None)
            and isinstance(given.get("index"), int | str | None)
            and not isinstance(given.get("index"), bool)
            and isinstance(given.get("extras"), Mapping | None)
            and _are_strings(given.get("other_names", ()))
            and given.keys() <= _FRAGMENT_KEYS
        ):
            head = {"name": None, "args": None, "id": None, "index": None}
            return {**head, **plain(given, "tool_call_chunks")}
        case _:
            raise InputError(
                f"tool_call_chunks contains {shown(fragment)}. Give {{'name': "
                "'get_weather', 'args': '{\"lo', 'id': 'call_1', 'index': 0}, args as "
                "a piece of JSON text and index as a number, a string or None."
            )


def _are_strings(names: Any) -> bool:
    return all(isinstance(name, str) for name in names)


def _read_conflicts(conflicts: object, where: str) -> dict[str, list[Any]] | None:
    read = read_dict(conflicts, where) or {}
    return {key: read_list(values, f"{where}[{key!r}]") for key, values in read.items()}


def _read_position(position: object, where: str) -> bool:
    if position == "last":
        return True
    raise InputError(f"{where} is {shown(position)}; give 'last' or None.")


_SAID: dict[str, tuple[str, Callable[[Any, str], Any]]] = {
    "conflicts": ("conflicts", _read_conflicts),
    "id": ("id", read_name),
    "name": ("name", read_name),
    "usage_metadata": ("usage", partial(usage_fields, total=True)),
    "cumulative_usage": ("reported", usage_fields),
    "response_metadata": ("response_metadata", read_dict),
    "additional_kwargs": ("additional_kwargs", read_dict),
    "chunk_position": ("last", _read_position),
}
_READERS = tuple((field, key, read) for field, (key, read) in _SAID.items())
#: The fields of `_SAID` in a chunk that says none of them.
NOTHING_SAID = (None,) * len(_SAID)


def read_said(said: tuple[Any, ...]) -> dict[str, Any]:
    """The fields of `_SAID`, read, by the names under which totals take them."""
    return {
        key: read(value, field)
        for (field, key, read), value in zip(_READERS, said, strict=True)
        if value is not None and value != {}
    }
