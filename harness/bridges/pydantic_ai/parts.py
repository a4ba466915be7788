"""Parts of a response of pydantic-ai, and our content blocks: the same things.

What only a part has is kept in the block's ``extras["pydantic_ai"]``; what only a block
has, in the part's ``provider_details["harness"]``. So nothing is lost on the way.
"""

import base64
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic_ai.messages import (
    BinaryContent,
    FilePart,
    ModelResponsePart,
    NativeToolCallPart,
    NativeToolReturnPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
)
from pydantic_core import to_jsonable_python

from harness.errors import InputError, shown

__all__ = ["MEDIA", "PROVIDER", "binary", "block_of", "media_kind", "part_of"]

#: How pydantic-ai calls the provider of what comes from here.
PROVIDER = "harness"
#: Types of blocks whose data may be binary.
MEDIA = frozenset({"image", "audio", "video", "file"})
_THEIRS = "pydantic_ai"
_OURS = "harness"
_PARTS: TypeAdapter[Any] = TypeAdapter(ModelResponsePart)
#: Fields of parts that have a place of their own in a block, or say only when it was.
_PLACED = {
    "content",
    "args",
    "tool_name",
    "tool_call_id",
    "signature",
    "timestamp",
    "part_kind",
}


def part_of(
    block: Mapping[str, Any], names: dict[str, str]
) -> ModelResponsePart | None:
    """The part for *block*, or None. *names* are those of server tools, by call.

    >>> part_of({"type": "text", "text": "Hi"}, {})
    TextPart(content='Hi')
    """
    rest = {k: v for k, v in block.items() if k not in ("type", "index")}
    extras = dict(rest.pop("extras", None) or {})
    fields = dict(extras.pop(_THEIRS, {}))
    if (said := _said(block["type"], rest, extras, names)) is None:
        return None
    if "id" in rest:
        said["id"] = rest.pop("id")
    if extras:
        rest["extras"] = extras
    if rest:
        details = fields.get("provider_details") or {}
        fields["provider_details"] = {**details, _OURS: rest}
    if rest or said.get("id"):
        fields.setdefault("provider_name", PROVIDER)
    part: ModelResponsePart = _PARTS.validate_python({**fields, **said})
    return part


def _said(
    kind: str, rest: dict[str, Any], extras: dict[str, Any], names: dict[str, str]
) -> dict[str, Any] | None:
    """The fields of a part that is of this *kind*, taken out of *rest* and *extras*."""
    match kind:
        case "text":
            return {"part_kind": "text", "content": rest.pop("text", "")}
        case "reasoning":
            signed = extras.pop("signature", None)
            text = rest.pop("reasoning", "")
            return {"part_kind": "thinking", "content": text, "signature": signed}
        case "tool_call" | "invalid_tool_call":
            rest.pop("error", None)
            return {"part_kind": "tool-call", **_called(rest)}
        case "server_tool_call" | "server_tool_call_chunk":
            called = _called(rest)
            names[called.get("tool_call_id", "")] = called["tool_name"]
            return {"part_kind": "builtin-tool-call", **called}
        case "server_tool_result":
            call = rest.pop("tool_call_id", "")
            said = {"tool_name": names.get(call, ""), "content": rest.pop("output", "")}
            return {"part_kind": "builtin-tool-return", "tool_call_id": call, **said}
        case _ if kind in MEDIA and isinstance(rest.get("base64"), str):
            file = binary(rest.pop("base64"), rest.pop("mime_type", None))
            return {"part_kind": "file", "content": file}
        case "non_standard" if "part_kind" in (rest.get("value") or ()):
            part: dict[str, Any] = rest.pop("value")  # one that has no block
            return part
        case _:
            return None


def _called(rest: dict[str, Any]) -> dict[str, Any]:
    called = {"tool_name": rest.pop("name", None) or "", "args": rest.pop("args", None)}
    if (call := rest.pop("id", None)) is not None:
        called["tool_call_id"] = call
    return called


def block_of(part: ModelResponsePart) -> dict[str, Any]:
    """The block for *part*.

    >>> block_of(ThinkingPart("Hm.", signature="Ev4C"))
    {'type': 'reasoning', 'reasoning': 'Hm.', 'extras': {'signature': 'Ev4C'}}
    """
    kept: dict[str, Any] = _PARTS.dump_python(
        part, mode="json", exclude=_PLACED, exclude_none=True
    )
    if kept.get("outcome") == "success":
        del kept["outcome"]
    details = kept.pop("provider_details", None) or {}
    own: dict[str, Any] = details.pop(_OURS, {})
    if details:
        kept["provider_details"] = details
    if kept.get("provider_name") == PROVIDER:
        del kept["provider_name"]
    block = _block(part, kept)
    extras = {**block.pop("extras", {}), **own.pop("extras", {})}
    if kept:
        extras[_THEIRS] = kept
    return {**block, **own, **({"extras": extras} if extras else {})}


def _block(part: ModelResponsePart, kept: dict[str, Any]) -> dict[str, Any]:
    """The block without what is *kept* aside; ids have their place in most."""
    match part:
        case TextPart(content=text):
            return {"type": "text", "text": text, **_id(kept)}
        case ThinkingPart(content=text, signature=signed):
            signature = {"extras": {"signature": signed}} if signed else {}
            return {"type": "reasoning", "reasoning": text, **_id(kept), **signature}
        case ToolCallPart(tool_name=name, tool_call_id=call):
            return _call("tool_call", part, {"name": name or None, "id": call})
        case NativeToolCallPart(tool_name=name, tool_call_id=call):
            return _call("server_tool_call", part, {"name": name, "id": call})
        case NativeToolReturnPart(content=output, tool_call_id=call):
            said = {"tool_call_id": call, "output": to_jsonable_python(output)}
            return {"type": "server_tool_result", **said}
        case FilePart(content=file):
            data = {"base64": file.base64, "mime_type": file.media_type}
            return {"type": media_kind(file.media_type), **data, **_id(kept)}
        case _:
            value = _PARTS.dump_python(part, mode="json", exclude={"timestamp"})
            kept.clear()
            return {"type": "non_standard", "value": value}


def _id(kept: dict[str, Any]) -> dict[str, Any]:
    return {"id": kept.pop("id")} if "id" in kept else {}


def _call(
    kind: str, part: ToolCallPart | NativeToolCallPart, said: dict[str, Any]
) -> dict[str, Any]:
    try:
        args = part.args_as_dict(raise_if_invalid=True)
    except (ValueError, AssertionError) as error:
        if kind == "server_tool_call":  # there is no block for a wrong one
            return {"type": "server_tool_call_chunk", **said, "args": part.args}
        return {"type": "invalid_tool_call", **said, "args": part.args} | {
            "error": str(error)
        }
    return {"type": kind, **said, "args": args}


def binary(text: str, mime: str | None) -> BinaryContent:
    """The data that *text* is in base 64, of the type *mime*. Raises InputError."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as error:
        raise InputError(f"{shown(text)} is no base 64: {error}.") from None
    return BinaryContent(data, media_type=mime or "application/octet-stream")


def media_kind(mime: str) -> str:
    """The type of the block that data of this kind is in.

    >>> media_kind("image/png"), media_kind("application/pdf")
    ('image', 'file')
    """
    head = mime.partition("/")[0]
    return head if head in MEDIA else "file"
