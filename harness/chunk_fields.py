"""The fields of chunks as they are read: checked, copied, and named in errors."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from harness.blocks import TEXT_FIELD, standard
from harness.errors import InputError, shown
from harness.message_fields import (
    read_dict,
    read_invalid_tool_call,
    read_list,
    read_name,
    read_tool_call,
)
from harness.text import whole
from harness.usage import usage_fields
from harness.values import plain

__all__ = [
    "NOTHING_SAID",
    "read_block",
    "read_fragment",
    "read_said",
    "simple_content",
    "simple_fragments",
]

_TEXT = frozenset({str, type(None)})
_NUMBER = frozenset({int, type(None)})


def simple_content(content: Any) -> str | list[Any] | None:
    """*content* as a copy, where it is a text or texts in plain blocks, else None.

    Nearly all pieces of a stream are so; what is not is to be read with care.
    """
    if type(content) is str:
        return whole(content)
    if type(content) is not list:
        return None
    blocks: list[Any] = []
    for block in content:
        if type(block) is not dict or type(kind := block.get("type")) is not str:
            return None
        grows = TEXT_FIELD.get(kind)
        if (
            grows is None
            or not block.keys() <= {"type", "index", grows}
            or type(text := block.get(grows)) is not str
            or type(block.get("index")) not in _NUMBER
        ):
            return None
        blocks.append(block if text.isascii() else {**block, grows: whole(text)})
    return [{k: v for k, v in block.items() if v is not None} for block in blocks]


def simple_fragments(fragments: Any) -> list[dict[str, Any]] | None:
    """*fragments* as copies, where none has more than its four fields, else None."""
    if type(fragments) is not list:
        return None if fragments else []
    read: list[dict[str, Any]] = []
    for given in fragments:
        if type(given) is not dict or not given.keys() <= _HEAD.keys():
            return None
        fragment = {**_HEAD, **given}
        args = fragment["args"]
        if (
            type(args) not in _TEXT
            or type(fragment["name"]) not in _TEXT
            or type(fragment["id"]) not in _TEXT
            or type(fragment["index"]) not in _NUMBER
            or not (args or "").isascii()
            or not (fragment["name"] or "").isascii()
            or not (fragment["id"] or "").isascii()
        ):
            return None
        read.append(fragment)
    return read


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


_HEAD = {"name": None, "args": None, "id": None, "index": None}
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
            return {**_HEAD, **plain(given, "tool_call_chunks")}
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
