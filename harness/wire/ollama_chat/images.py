"""Images of the Ollama API, which are base64 and nothing else."""

from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, shown
from harness.wire.json_values import expect

__all__ = ["read_image", "write_image"]

#: How the base64 of an image begins.
_BEGINNINGS = {
    "/9j/": "image/jpeg",
    "R0lGOD": "image/gif",
    "UklGR": "image/webp",
    "iVBORw": "image/png",
}


def read_image(said: Any) -> ContentBlock:
    """The block of an image. Raises WireError.

    >>> read_image("iVBORw0KGgo=")
    {'type': 'image', 'base64': 'iVBORw0KGgo=', 'mime_type': 'image/png'}
    """
    data = expect(said, str, "an image") or ""
    block = {"type": "image", "base64": data}
    found = (mime for head, mime in _BEGINNINGS.items() if data.startswith(head))
    mime = next(found, None)
    return {**block, "mime_type": mime} if mime else block


def write_image(block: ContentBlock) -> str:
    """The base64 of an image. Raises InputError where it is elsewhere."""
    data = block.get("base64")
    if not isinstance(data, str):
        raise InputError(
            f"the Ollama API cannot take the image {shown(block)}: it loads nothing. "
            "Give base64."
        )
    return data
