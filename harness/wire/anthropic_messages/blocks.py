"""Content blocks of Anthropic Messages: read into standard ones, and written back.

What a standard block has no field for is in its ``extras`` under the provider's name.
Two names are ours: ``block_type`` says which of several kinds that read alike a block
was, ``citation_type`` which kind of place a citation tells.
"""

from collections.abc import Callable, Mapping
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import WireError, shown
from harness.wire.json_values import says

__all__ = ["NAME", "SERVER_CALLS", "is_result", "read_block", "tidy"]

#: The name of the dialect.
NAME = "anthropic-messages"
#: Calls of tools that the provider runs itself.
SERVER_CALLS = frozenset({"mcp_tool_use", "server_tool_use"})

_Raw = Mapping[str, Any]
#: A standard block, and which keys of the raw one it says.
_Read = tuple[ContentBlock, set[str]]
_EMPTY_AT_START = ("citations", "signature")


def read_block(raw: Any) -> ContentBlock:
    """*raw* as a standard block; what cannot be read is ``non_standard``.

    >>> read_block({"type": "thinking", "thinking": "Hm.", "signature": "Ev4C"})
    {'type': 'reasoning', 'reasoning': 'Hm.', 'extras': {'signature': 'Ev4C'}}
    """
    if not (isinstance(raw, Mapping) and isinstance(raw.get("type"), str)):
        raise WireError(f"a content block is {shown(raw)}, no object with a 'type'.")
    kind = raw["type"]
    read = _read_result if is_result(raw) else _READERS.get(kind)
    found = read(raw) if read else None
    if found is None:
        value = raw.get("value") if set(raw) == {"type", "value"} else raw
        return {"type": "non_standard", "value": value if kind == _OTHER else raw}
    block, known = found
    extras = block.pop("extras", {})
    extras |= {key: raw[key] for key in raw if key not in {"type", *known}}
    return {**block, **({"extras": extras} if extras else {})}


def tidy(raw: Mapping[str, Any]) -> dict[str, Any]:
    """*raw* without what says nothing: nulls, and what a stream fills in later."""
    return {
        key: value
        for key, value in raw.items()
        if value is not None and (says(value) or key not in _EMPTY_AT_START)
    }


def is_result(raw: Any) -> bool:
    """Whether *raw* is what a tool gave that the provider ran."""
    match raw:
        case {"type": str(kind), "tool_use_id": str(), "content": _}:
            return kind.endswith("_tool_result")
        case _:
            return False


_OTHER = "non_standard"


def _read_text(raw: _Raw) -> _Read | None:
    match raw:
        case {"text": str(text), "citations": [_, *_] as cited}:
            notes = [_read_citation(note) for note in cited]
            block = {"type": "text", "text": text, "annotations": notes}
            return block, {"text", "citations"}
        case {"text": str(text)}:
            return {"type": "text", "text": text}, {"text"}
        case _:
            return None


def _read_citation(raw: Any) -> dict[str, Any]:
    match raw:
        case {"type": "non_standard_annotation", "value": value}:
            return {"type": "non_standard_annotation", "value": value}
        case {"type": str(kind), **said} if kind.endswith("_location"):
            note: dict[str, Any] = {"type": "citation"}
            title = "document_title" if "document_index" in said else "title"
            for ours, theirs in (
                ("url", "url"),
                ("title", title),
                ("cited_text", "cited_text"),
            ):
                if isinstance(said.get(theirs), str):
                    note[ours] = said.pop(theirs)
            return {**note, "extras": {"citation_type": kind, **said}}
        case _:
            return {"type": "non_standard_annotation", "value": raw}


def _read_thinking(raw: _Raw) -> _Read | None:
    match raw:
        case {"thinking": str(text)}:
            return {"type": "reasoning", "reasoning": text}, {"thinking"}
        case _:
            return None


def _read_redacted(raw: _Raw) -> _Read | None:
    match raw:
        case {"data": str(data)}:
            extras = {"redacted_thinking": data}
            block = {"type": "reasoning", "reasoning": "", "extras": extras}
            return block, {"data"}
        case _:
            return None


def _read_call(raw: _Raw) -> _Read | None:
    match raw:
        case {"id": str(call_id), "name": str(name), "input": dict(args)}:
            block = {"type": "tool_call", "name": name, "args": args, "id": call_id}
            return block, {"id", "name", "input"}
        case _:
            return None


def _read_server_call(raw: _Raw) -> _Read | None:
    if (read := _read_call(raw)) is None:
        return None
    block, known = read
    block["type"] = "server_tool_call"
    if raw["type"] != "server_tool_use":
        block["extras"] = {"block_type": raw["type"]}
    return block, known


def _read_result(raw: _Raw) -> _Read | None:
    match raw:
        case {"is_error": True} | {"content": {"error_code": _}}:
            status = "error"
        case _:
            status = "success"
    block = {
        "type": "server_tool_result",
        "tool_call_id": raw["tool_use_id"],
        "status": status,
        "output": raw["content"],
        "extras": {"block_type": raw["type"]},
    }
    return block, {"tool_use_id", "content"}


def _read_media(kind: str) -> Callable[[_Raw], _Read | None]:
    def read(raw: _Raw) -> _Read | None:
        match raw.get("source"):
            case {"type": "base64", "data": str(data), "media_type": str(mime), **rest}:
                block = {"type": kind, "base64": data, "mime_type": mime}
            case {"type": "url", "url": str(url), **rest}:
                block = {"type": kind, "url": url}
            case {"type": "file", "file_id": str(file_id), **rest}:
                block = {"type": kind, "file_id": file_id}
            case {"type": "text", "data": str(text), "media_type": str(mime), **rest}:
                block = {"type": "text-plain", "text": text, "mime_type": mime}
            case _:
                return None
        return None if rest else (block, {"source"})

    return read


def _read_upload(raw: _Raw) -> _Read | None:
    match raw:
        case {"file_id": str(file_id)}:
            extras = {"block_type": raw["type"]}
            return {"type": "file", "file_id": file_id, "extras": extras}, {"file_id"}
        case _:
            return None


_READERS: dict[str, Callable[[_Raw], _Read | None]] = {
    "container_upload": _read_upload,
    "document": _read_media("file"),
    "image": _read_media("image"),
    "mcp_tool_use": _read_server_call,
    "redacted_thinking": _read_redacted,
    "server_tool_use": _read_server_call,
    "text": _read_text,
    "thinking": _read_thinking,
    "tool_use": _read_call,
}
