"""Standard content blocks in the words of Anthropic Messages.

In: a block, however it came to be. Out: the provider's. What the provider has no field
for, such as ``cache_control``, may stand in the block or in its ``extras``; another
provider's private keys are left out. Of a citation that another provider gave, what
text it marks is left out too: the format has no place for it.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, shown
from harness.partial_json import JsonPrefix
from harness.wire.anthropic_messages.blocks import NAME, read_block
from harness.wire.ownership import own

__all__ = ["call_id", "made_id", "surely", "write_block", "write_extras"]

_Raw = dict[str, Any]
_FRAME = frozenset({"extras", "id", "index", "type"})
#: Keys of extras that tell what a block was, and those of other wire formats' blocks.
_TOLD = frozenset({"block_type", "redacted_thinking", "type"})


def write_block(block: ContentBlock) -> _Raw:
    """*block* as the provider says it. Raises InputError for what it cannot say.

    >>> write_block({"type": "image", "url": "https://a.b/c.png"})
    {'type': 'image', 'source': {'type': 'url', 'url': 'https://a.b/c.png'}}
    """
    write = _WRITERS.get(block["type"])
    if write is None:
        raise InputError(
            f"{NAME} has no {block['type']} block: {shown(block)}. It has text, image "
            "and file blocks: give the same as one of these, or leave it out."
        )
    return write(block)


def write_extras(block: Mapping[str, Any], *said: str) -> _Raw:
    """What *block* says beyond the fields *said*, as far as it is not another's."""
    known = _FRAME.union(said)
    beside = {key: value for key, value in block.items() if key not in known}
    extras = block.get("extras")
    found = own(beside | dict(extras if isinstance(extras, Mapping) else {}), NAME)
    return {key: value for key, value in found.items() if key not in _TOLD}


def made_id(head: str, said: object) -> str:
    """An id as the provider's, the same whenever the same is said.

    >>> made_id("toolu", "Hi")
    'toolu_01hgreooTam7gVsvufnOSit0'
    """
    digest = hashlib.blake2b(repr(said).encode("utf-8", "replace"), digest_size=18)
    text = base64.b64encode(digest.digest(), b"xx").decode()
    return f"{head}_01{text[:22]}"


def call_id(given: object) -> str:
    """*given* in the letters that the provider takes; others become "_".

    >>> call_id("functions.f:0")
    'functions_f_0'
    """
    return re.sub(r"[^a-zA-Z0-9_-]", "_", str(given))


def surely(args: str | None) -> dict[str, Any]:
    """What the text of broken arguments surely says.

    >>> surely('{"a": 1, "b')
    {'a': 1}
    """
    prefix = JsonPrefix()
    prefix.feed(args or "")
    value = prefix.preview()
    return value if isinstance(value, dict) else {}


def _told(block: ContentBlock, kind: str) -> str:
    extras = block.get("extras")
    told = extras.get("block_type") if isinstance(extras, Mapping) else None
    return told if isinstance(told, str) else kind


def _text(block: ContentBlock) -> _Raw:
    said = {"type": "text", "text": block.get("text") or ""}
    notes = block.get("annotations")
    if isinstance(notes, list) and notes:
        cited = [_citation(note) for note in notes if isinstance(note, Mapping)]
        said["citations"] = cited
    return said | write_extras(block, "text", "annotations")


def _citation(note: Mapping[str, Any]) -> Any:
    if note.get("type") == "non_standard_annotation":
        value = note.get("value")
        known = isinstance(value, Mapping) and isinstance(value.get("type"), str)
        return value if known else dict(note)
    extras = note.get("extras")
    rest = dict(extras) if isinstance(extras, Mapping) else {}
    kind = rest.pop("citation_type", None)
    if kind is None:
        head = {"type": "web_search_result_location", "url": "", "title": None}
        rest = {"cited_text": "", "encrypted_index": ""}
    else:
        head = {"type": kind}
    title = "document_title" if "document_index" in rest else "title"
    names = {"url": "url", "title": title, "cited_text": "cited_text"}
    said = {theirs: note[ours] for ours, theirs in names.items() if ours in note}
    return {**head, **rest, **said}


def _reasoning(block: ContentBlock) -> _Raw:
    extras = block.get("extras")
    extras = extras if isinstance(extras, Mapping) else {}
    if "redacted_thinking" in extras:
        data = extras["redacted_thinking"]
        head: _Raw = {"type": "redacted_thinking", "data": data}
    else:
        head = {"type": "thinking", "thinking": block.get("reasoning") or ""}
    return head | write_extras(block, "reasoning")


def _call(block: ContentBlock) -> _Raw:
    args = block.get("args")
    if not isinstance(args, Mapping | str | None):
        raise InputError(
            f"{NAME}: the call {shown(block)} has arguments that are no object: give "
            "an object, or leave the call out."
        )
    raw = args if isinstance(args, Mapping) else surely(args)
    name = block.get("name") or ""
    given = block.get("id") or made_id("toolu", [name, args])
    said = {"id": call_id(given), "name": name, "input": raw}
    extras = write_extras(block, "name", "args", "error")
    return {"type": _told(block, "tool_use"), **said, **extras}


def _server_call(block: ContentBlock) -> _Raw:
    kind = _told(block, "server_tool_use")
    return {**_call(block), "type": kind}


def _result(block: ContentBlock) -> _Raw:
    kind = _told(block, "code_execution_tool_result")
    said = {"tool_use_id": block.get("tool_call_id"), "content": block.get("output")}
    extras = write_extras(block, "tool_call_id", "output", "status")
    return {"type": kind, **said, **extras}


def _media(kind: str, mime: str | None = None) -> Callable[[ContentBlock], _Raw]:
    def write(block: ContentBlock) -> _Raw:
        if _told(block, kind) == "container_upload":
            head = {"type": "container_upload", "file_id": block.get("file_id")}
            return head | write_extras(block, "file_id")
        head = {"type": kind, "source": _source(block, block.get("mime_type") or mime)}
        extras = write_extras(block, *_PLACES)
        if "filename" in extras:
            extras = {"title": extras.pop("filename"), **extras}
        return head | extras

    return write


_PLACES = ("base64", "file_id", "mime_type", "text", "url")


def _source(block: ContentBlock, mime: str | None) -> _Raw:
    match block:
        case {"base64": str(data)} if mime is None:
            raise InputError(
                f"{shown(block)} does not say what it is: add its 'mime_type', such "
                "as 'image/png'."
            )
        case {"base64": str(data)} if str(mime).startswith("text/"):
            return {"type": "text", "media_type": "text/plain", "data": _decoded(data)}
        case {"base64": str(data)}:
            return {"type": "base64", "media_type": mime, "data": data}
        case {"url": str(url)} if found := _DATA_URL.match(url):
            media, data = found.groups()
            return {"type": "base64", "media_type": media, "data": data}
        case {"url": str(url)}:
            return {"type": "url", "url": url}
        case {"file_id": str(file_id)}:
            return {"type": "file", "file_id": file_id}
        case {"text": str(text)} if block["type"] != "image":
            return {"type": "text", "media_type": mime, "data": text}
        case _:
            raise InputError(
                f"{shown(block)} has no data: give it 'base64', 'url' or 'file_id'."
            )


_DATA_URL = re.compile(r"data:([^;,]+);base64,(.*)", re.DOTALL)


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, ValueError):
        raise InputError(
            f"{shown(data)} is not the base64 of a UTF-8 text, as its mime_type says."
        ) from None


def _other(block: ContentBlock) -> _Raw:
    value: Any = block.get("value")
    match value:
        case {"type": str()} if read_block(value)["type"] == "non_standard":
            return dict(value)
        case _:  # bare, it would be read as something else
            return {"type": "non_standard", "value": value}


_WRITERS: dict[str, Callable[[ContentBlock], _Raw]] = {
    "file": _media("document", "application/pdf"),
    "image": _media("image"),
    "invalid_tool_call": _call,
    "non_standard": _other,
    "reasoning": _reasoning,
    "refusal": lambda block: {"type": "text", "text": block.get("refusal") or ""},
    "server_tool_call": _server_call,
    "server_tool_call_chunk": _server_call,
    "server_tool_result": _result,
    "text": _text,
    "text-plain": _media("document", "text/plain"),
    "tool_call": _call,
}
