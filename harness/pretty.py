"""Messages as people read them: under a title line, calls before the text."""

from collections.abc import Iterator
from typing import Any

from harness.errors import shown

__all__ = ["pretty"]

_SHOWN = {"invalid_tool_call", "text", "tool_call", "tool_call_chunk"}


def pretty(message: Any) -> str:
    """*message* as text of several lines, the first its title."""
    return "\n".join(_lines(message))


def _lines(message: Any) -> Iterator[str]:
    title = "ai" if message.type == "AIMessageChunk" else message.type
    yield f" {title.capitalize()} Message ".center(80, "=")
    if message.name:
        yield f"Name: {message.name}"
    if (status := getattr(message, "status", "success")) != "success":
        yield f"Status: {status}"
    for call in getattr(message, "tool_calls", ()):
        yield f"Tool call: {call['name']} ({call['id']})"
        yield from (f"  {name}: {value}" for name, value in call["args"].items())
    for wrong in getattr(message, "invalid_tool_calls", ()):
        yield f"Invalid tool call: {wrong['name']} ({wrong['id']})"
        yield f"  {wrong['error']}: {wrong['args']}"
    for block in message.content_blocks:
        if block["type"] not in _SHOWN:
            rest = {k: v for k, v in block.items() if k not in ("type", "index")}
            yield f"{block['type'].capitalize()}: {shown(rest)}"
    if message.text:
        yield ""
        yield message.text
