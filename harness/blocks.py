"""The standard content blocks, and how other spellings of them become standard.

In: a block as some provider's API spells it. Out: the same block in the vocabulary
below; what is not known is kept whole, as ``non_standard``.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NotRequired

# On Python 3.11 pydantic reads no other TypedDict; it brings this package with it.
from typing_extensions import TypedDict

from harness.values import copied

__all__ = [
    "BLOCK_TYPES",
    "TEXT_FIELD",
    "ContentBlock",
    "InvalidToolCall",
    "ToolCall",
    "ToolCallChunk",
    "UsageMetadata",
    "standard",
]


class ToolCall(TypedDict):
    """A finished request to run the tool *name* with *args*."""

    name: str
    args: dict[str, Any]
    id: str | None
    type: NotRequired[Literal["tool_call"]]


class ToolCallChunk(TypedDict):
    """A fragment of a tool call; *args* is a piece of JSON text."""

    name: str | None
    args: str | None
    id: str | None
    index: int | str | None
    type: NotRequired[Literal["tool_call_chunk"]]


class InvalidToolCall(TypedDict):
    """A tool call whose arguments are no JSON object; *args* is the raw text."""

    name: str | None
    args: str | None
    id: str | None
    error: str | None
    type: NotRequired[Literal["invalid_tool_call"]]


class UsageMetadata(TypedDict):
    """Tokens that a call used; the details add up to no more than their total."""

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_token_details: NotRequired[dict[str, int]]
    output_token_details: NotRequired[dict[str, int]]


#: One content block: a dict whose ``type`` is one of :data:`BLOCK_TYPES`.
ContentBlock = dict[str, Any]

#: The standard types, in no order.
BLOCK_TYPES = frozenset(
    {
        "audio",
        "file",
        "image",
        "invalid_tool_call",
        "non_standard",
        "reasoning",
        "refusal",
        "server_tool_call",
        "server_tool_call_chunk",
        "server_tool_result",
        "text",
        "text-plain",
        "tool_call",
        "tool_call_chunk",
        "video",
    }
)

#: Which field of a block is text that grows over a stream.
TEXT_FIELD = {
    "text": "text",
    "text-plain": "text",
    "reasoning": "reasoning",
    "refusal": "refusal",
    "server_tool_call_chunk": "args",
}


def standard(block: Mapping[str, Any] | str) -> ContentBlock:
    """*block* in the standard vocabulary, as a fresh dict.

    >>> standard("hi")
    {'type': 'text', 'text': 'hi'}
    >>> standard({"type": "image_url", "image_url": {"url": "https://a.b/c.png"}})
    {'type': 'image', 'url': 'https://a.b/c.png'}
    """
    if isinstance(block, str):
        return {"type": "text", "text": block}
    kind = block.get("type")
    read = _FOREIGN.get(kind) if isinstance(kind, str) else None
    found = read(block) if read else None
    if found is not None:
        return found
    if isinstance(kind, str) and kind in BLOCK_TYPES and "source" not in block:
        return dict(copied(block))
    return {"type": "non_standard", "value": copied(block)}


def _image_url(block: Mapping[str, Any]) -> ContentBlock | None:
    image = block.get("image_url")
    match image:
        case str():
            return {"type": "image", **_located(image)}
        case {"url": str(url), **rest}:
            extras = {"extras": copied(rest)} if rest else {}
            return {"type": "image", **_located(url), **extras}
        case _:
            return None


def _located(url: str) -> dict[str, str]:
    head, comma, data = url.partition(",")
    if comma and head.startswith("data:") and head.endswith(";base64"):
        return {"base64": data, "mime_type": head[5:-7]}
    return {"url": url}


def _input_audio(block: Mapping[str, Any]) -> ContentBlock | None:
    match block.get("input_audio"):
        case {"data": str(data), "format": str(form)}:
            return {"type": "audio", "base64": data, "mime_type": f"audio/{form}"}
        case _:
            return None


def _openai_file(block: Mapping[str, Any]) -> ContentBlock | None:
    match block.get("file"):
        case {"file_id": str(file_id)}:
            return {"type": "file", "file_id": file_id}
        case {"file_data": str(data), **rest}:
            name = rest.get("filename")
            extras = {"extras": {"filename": name}} if name else {}
            return {"type": "file", **_located(data), **extras}
        case _:
            return None


def _sourced(kind: str) -> Callable[[Mapping[str, Any]], ContentBlock | None]:
    def read(block: Mapping[str, Any]) -> ContentBlock | None:
        match block.get("source"):
            case {"type": "base64", "data": str(data), "media_type": str(mime)}:
                return {"type": kind, "base64": data, "mime_type": mime}
            case {"type": "url", "url": str(url)}:
                return {"type": kind, "url": url}
            case {"type": "file", "file_id": str(file_id)}:
                return {"type": kind, "file_id": file_id}
            case {"type": "text", "data": str(text)}:
                return {"type": "text-plain", "text": text, "mime_type": "text/plain"}
            case _:
                return None

    return read


def _thinking(block: Mapping[str, Any]) -> ContentBlock | None:
    if not isinstance(block.get("thinking"), str):
        return None
    extras = {k: v for k, v in block.items() if k not in ("type", "thinking", "index")}
    found: ContentBlock = {"type": "reasoning", "reasoning": block["thinking"]}
    if extras:
        found["extras"] = copied(extras)
    if "index" in block:
        found["index"] = block["index"]
    return found


def _tool_use(block: Mapping[str, Any]) -> ContentBlock | None:
    match block:
        case {"name": str(name), "input": dict(args), "id": str(id_)}:
            return {"type": "tool_call", "name": name, "args": copied(args), "id": id_}
        case _:
            return None


_FOREIGN: dict[str, Callable[[Mapping[str, Any]], ContentBlock | None]] = {
    "document": _sourced("file"),
    "file": _openai_file,
    "image": _sourced("image"),
    "image_url": _image_url,
    "input_audio": _input_audio,
    "thinking": _thinking,
    "tool_use": _tool_use,
}
