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
#: Makes a block standard, or gives None where it is not in the form that it reads.
Reader = Callable[[Mapping[str, Any]], ContentBlock | None]

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

    What the standard block has no field for is in its ``extras``.

    >>> standard("hi")
    {'type': 'text', 'text': 'hi'}
    >>> standard({"type": "image_url", "image_url": {"url": "https://a.b/c.png"}})
    {'type': 'image', 'url': 'https://a.b/c.png'}
    """
    if isinstance(block, str):
        return {"type": "text", "text": block}
    kind = block.get("type")
    if isinstance(kind, str):
        for read, said in _FOREIGN.get(kind, ()):
            if (found := read(block)) is not None:
                return _with_rest(found, block, said)
        if kind in BLOCK_TYPES and not block.keys() & _FOREIGN_KEYS:
            return dict(copied(block))
    return {"type": "non_standard", "value": copied(block)}


def _with_rest(
    found: ContentBlock, block: Mapping[str, Any], said: frozenset[str]
) -> ContentBlock:
    rest = {key: copied(block[key]) for key in block.keys() - said - {"type"}}
    kept: ContentBlock = {k: rest.pop(k) for k in ("id", "index") if k in rest}
    own = rest.pop("extras") if isinstance(rest.get("extras"), dict) else {}
    extras = {**own, **found.pop("extras", {})}
    extras |= {key: rest[key] for key in block if key in rest}
    return {**found, **kept, **({"extras": copied(extras)} if extras else {})}


def _image_url(block: Mapping[str, Any]) -> ContentBlock | None:
    match block.get("image_url"):
        case str(url):
            return {"type": "image", **_located(url)}
        case {"url": str(url), **rest}:
            return {"type": "image", **_located(url), "extras": rest}
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
        case dict(file):
            return _input_file(file)
        case _:
            return None


def _input_file(block: Mapping[str, Any]) -> ContentBlock | None:
    extras = {"extras": {"filename": block["filename"]}} if "filename" in block else {}
    match block:
        case {"file_id": str(file_id)}:
            return {"type": "file", "file_id": file_id, **extras}
        case {"file_data": str(data)}:
            return {"type": "file", **_located(data), **extras}
        case {"file_url": str(url)}:
            return {"type": "file", "url": url, **extras}
        case _:
            return None


def _filed(block: Mapping[str, Any]) -> ContentBlock | None:
    match block:
        case {"file_id": str(file_id)}:
            return {"type": "image", "file_id": file_id}
        case _:
            return None


def _text(block: Mapping[str, Any]) -> ContentBlock | None:
    match block:
        case {"text": str(text)}:
            notes = block.get("annotations")
            return {"type": "text", "text": text} | (
                {"annotations": copied(notes)} if notes else {}
            )
        case _:
            return None


def _sourced(kind: str) -> Reader:
    """The reader of Anthropic's form."""

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


def _typed_source(kind: str) -> Reader:
    """The reader of LangChain's older form."""

    def read(block: Mapping[str, Any]) -> ContentBlock | None:
        mime = {"mime_type": block["mime_type"]} if "mime_type" in block else {}
        match block:
            case {"source_type": "base64", "data": str(data)}:
                return {"type": kind, "base64": data, **mime}
            case {"source_type": "url", "url": str(url)}:
                return {"type": kind, "url": url, **mime}
            case {"source_type": "id", "id": str(file_id)}:
                return {"type": kind, "file_id": file_id, **mime}
            case {"source_type": "text", "text": str(text)}:
                return {"type": "text-plain", "text": text, "mime_type": "text/plain"}
            case _:
                return None

    return read


def _thinking(block: Mapping[str, Any]) -> ContentBlock | None:
    match block:
        case {"thinking": str(text)}:
            return {"type": "reasoning", "reasoning": text}
        case _:
            return None


def _tool_use(block: Mapping[str, Any]) -> ContentBlock | None:
    match block:
        case {"name": str(name), "input": dict(args), "id": str(id_)}:
            return {"type": "tool_call", "name": name, "args": copied(args), "id": id_}
        case _:
            return None


_FOREIGN_KEYS = frozenset({"source", "source_type"})
_SOURCE = frozenset({"source"})
_TYPED_SOURCE = frozenset({"source_type", "data", "url", "id", "text", "mime_type"})
_FILE = frozenset({"file_id", "file_data", "file_url", "filename"})
#: By type: readers, in turn, each with the fields that it has read.
_FOREIGN: dict[str, tuple[tuple[Reader, frozenset[str]], ...]] = {
    **{
        kind: ((_sourced(kind), _SOURCE), (_typed_source(kind), _TYPED_SOURCE))
        for kind in ("audio", "image", "video")
    },
    "document": ((_sourced("file"), _SOURCE),),
    "file": (
        (_openai_file, frozenset({"file"})),
        (_sourced("file"), _SOURCE),
        (_typed_source("file"), _TYPED_SOURCE),
    ),
    "image_url": ((_image_url, frozenset({"image_url"})),),
    "input_audio": ((_input_audio, frozenset({"input_audio"})),),
    "input_file": ((_input_file, _FILE),),
    "input_image": (
        (_image_url, frozenset({"image_url"})),
        (_filed, frozenset({"file_id"})),
    ),
    "input_text": ((_text, frozenset({"text", "annotations"})),),
    "output_text": ((_text, frozenset({"text", "annotations"})),),
    "thinking": ((_thinking, frozenset({"thinking"})),),
    "tool_use": ((_tool_use, frozenset({"name", "input", "id"})),),
}
