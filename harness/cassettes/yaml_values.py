r"""Plain values as YAML that loads as exactly themselves, and that a person can read.

Short ones stand on one line, texts of several lines as they are. A text with half a
character, which YAML cannot say, is JSON in quotes under the tag `!json`.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from harness.cassettes.scalars import block_scalar, key, quoted, word

__all__ = ["HALVES", "entries", "flow", "piece"]

#: The tag of a text that is written as JSON.
HALVES = "!json"

_WIDTH = 88
_SURROGATE = re.compile("[\ud800-\udfff]")


def entries(value: Mapping[str, Any], indent: str, *, first: str | None = None) -> str:
    r"""*value* as a mapping at *indent*, a line an entry; *first* begins the first one.

    >>> print(entries({"a": "x\ny", "b": {"c": [1, 2.5]}}, "", first="- "), end="")
    - a: |-
        x
        y
      b: {c: [1, 2.5]}
    """
    inner = indent if first is None else indent + " " * len(first)
    lines = [
        f"{inner}{_key(name, inner)}{_node(item, inner)}\n"
        for name, item in value.items()
    ]
    if first is not None and lines:
        lines[0] = f"{indent}{first}{lines[0][len(inner) :]}"
    return "".join(lines)


def piece(value: list[Any], indent: str) -> str:
    """*value* as one item of a list, on one line, each text of it in quotes."""
    return f"{indent}- {flow(value, plain=quoted)}\n"


def flow(value: Any, *, plain: Callable[[str], str] = word) -> str:
    r"""*value* on one line; *plain* writes its texts.

    >>> flow({"on": 1e22, "text": "it's"})
    '{"on": 1.0e+22, text: "it\'s"}'
    """
    match value:
        case dict():
            inside = (f"{_flow_key(k)}: {flow(item)}" for k, item in value.items())
            return f"{{{', '.join(inside)}}}"
        case list():
            return f"[{', '.join(flow(item, plain=plain) for item in value)}]"
        case str():
            return _halves(value) or plain(value)
        case float():
            return _float(value)
        case _:
            return json.dumps(value)


def _node(value: Any, indent: str) -> str:
    """*value* behind its key, which stands at *indent*."""
    match value:
        case str() if "\n" in value and not _SURROGATE.search(value):
            return f" {block_scalar(value.encode(), indent)}"
        case dict() | list() if value and not _is_short(value, indent):
            return f"\n{_block(value, indent)}"
        case _:
            return f" {flow(value)}"


def _block(value: Any, indent: str) -> str:
    if isinstance(value, dict):
        return entries(value, f"{indent}  ").removesuffix("\n")
    return "\n".join(_item(item, indent) for item in value)


def _item(value: Any, indent: str) -> str:
    if isinstance(value, dict) and value and not _is_short(value, indent):
        return entries(value, indent, first="- ").removesuffix("\n")
    deeper = indent if isinstance(value, str) else f"{indent}  "
    return f"{indent}-{_node(value, deeper)}"


def _is_short(value: Any, indent: str) -> bool:
    """Whether *value* fits on one line, and is easy to read there."""
    inside = value.values() if isinstance(value, dict) else value
    if any(isinstance(item, str) and "\n" in item for item in inside):
        return False
    return len(indent) + len(flow(value)) <= _WIDTH - 20


def _key(name: str, indent: str) -> str:
    if (halves := _halves(name)) is not None:
        return f"? {halves}\n{indent}:"
    return key(name, indent)


def _flow_key(name: str) -> str:
    return _halves(name) or word(name)


def _halves(text: str) -> str | None:
    if not _SURROGATE.search(text):
        return None
    said = json.dumps(text).replace("'", "''")
    return f"{HALVES} '{said}'"


def _float(value: float) -> str:
    """*value* with the point that YAML wants to see."""
    said = repr(value)
    return said if "." in said else said.replace("e", ".0e")
