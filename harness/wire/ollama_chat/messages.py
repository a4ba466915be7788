"""Messages of the Ollama API as they are written: flat, a text and lists beside it."""

from collections.abc import Iterable
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, shown
from harness.wire.ollama_chat.calls import write_call
from harness.wire.ollama_chat.images import write_image

__all__ = ["write_blocks"]

_TEXTS = {"reasoning": "thinking", "refusal": "content", "text": "content"}
_TEXTS["text-plain"] = "content"


def write_blocks(blocks: Iterable[ContentBlock]) -> dict[str, Any]:
    """The fields of a message that say *blocks*. Raises InputError.

    Several texts become one; citations, signatures and the like have no form.

    >>> write_blocks([{"type": "reasoning", "reasoning": "Hm"}])
    {'content': '', 'thinking': 'Hm'}
    """
    said: dict[str, Any] = {"content": ""}
    for block in blocks:
        kind = block["type"]
        if kind in _TEXTS:
            key = _TEXTS[kind]
            text = block.get("text" if kind == "text-plain" else kind) or ""
            said[key] = said.get(key, "") + text
        elif kind == "image":
            said.setdefault("images", []).append(write_image(block))
        elif kind in ("tool_call", "invalid_tool_call"):
            said.setdefault("tool_calls", []).append(write_call(block))
        else:
            raise InputError(
                f"the Ollama API has no form for {shown(block)}. It knows text, "
                "reasoning, images and tool calls: give it as text, or leave it out."
            )
    return said
