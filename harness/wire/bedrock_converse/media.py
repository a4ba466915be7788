"""Images, documents, videos and sound of the Converse API, and standard blocks."""

import re
from collections.abc import Mapping
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, shown
from harness.wire.ownership import own

__all__ = ["MEDIA", "mime_type", "read_media", "write_media"]

#: Their names in a content block, and the types of the standard blocks.
MEDIA = {"audio": "audio", "document": "file", "image": "image", "video": "video"}

_OFFICE = "application/vnd.openxmlformats-officedocument"
_FORMATS: dict[str, dict[str, str]] = {
    "document": {
        "csv": "text/csv",
        "doc": "application/msword",
        "docx": f"{_OFFICE}.wordprocessingml.document",
        "html": "text/html",
        "md": "text/markdown",
        "txt": "text/plain",
        "xls": "application/vnd.ms-excel",
        "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    },
    "video": {
        "flv": "video/x-flv",
        "mkv": "video/x-matroska",
        "mov": "video/quicktime",
        "three_gp": "video/3gpp",
        "wmv": "video/x-ms-wmv",
    },
}
_FAMILIES = {"document": "application"}
_OTHER_NAMES = {"image/jpg": "image/jpeg"}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9\s\-()\[\]]+")


def mime_type(kind: str, form: str) -> str:
    """The MIME type of a *form* of the Converse API.

    >>> mime_type("image", "png"), mime_type("document", "md")
    ('image/png', 'text/markdown')
    """
    return _FORMATS.get(kind, {}).get(form) or f"{_FAMILIES.get(kind, kind)}/{form}"


def _form(kind: str, mime: str) -> str:
    known = {mime: form for form, mime in _FORMATS.get(kind, {}).items()}
    mime = _OTHER_NAMES.get(mime, mime)
    return known.get(mime) or mime.partition("/")[2]


def read_media(kind: str, said: Mapping[str, Any]) -> ContentBlock | None:
    """The standard block, or None where *said* is in no form that is known.

    >>> read_media("image", {"format": "png", "source": {"bytes": "iVBO"}})
    {'type': 'image', 'base64': 'iVBO', 'mime_type': 'image/png'}
    """
    rest = {k: v for k, v in said.items() if k not in ("format", "source")}
    block: ContentBlock
    match said.get("source"):
        case {"bytes": str(data), **more} if not more:
            block = {"type": MEDIA[kind], "base64": data}
        case {"s3Location": dict(place), **more} if not more and _is_url(place):
            block = {"type": MEDIA[kind], "url": place["uri"]}
            rest |= {k: v for k, v in place.items() if k != "uri"}
        case {"text": str(text), **more} if not more:
            block = {"type": "text-plain", "text": text}
        case _:
            return None
    match said.get("format"):
        case None:
            pass
        case str(form):
            block["mime_type"] = mime_type(kind, form)
        case _:
            return None
    return {**block, "extras": rest} if rest else block


def _is_url(place: Mapping[str, Any]) -> bool:
    return isinstance(place.get("uri"), str)


def write_media(block: ContentBlock) -> dict[str, Any]:
    """What `read_media` made *block* of. Raises InputError for what has no form.

    >>> write_media({"type": "image", "base64": "iVBO", "mime_type": "image/jpg"})
    {'image': {'format': 'jpeg', 'source': {'bytes': 'iVBO'}}}
    """
    kind = next((k for k, v in MEDIA.items() if v == block["type"]), "document")
    rest = own(block.get("extras"), "bedrock-converse")
    filename = rest.pop("filename", None)
    said: dict[str, Any] = {"source": _source(block, rest), **rest}
    if mime := block.get("mime_type"):
        said = {"format": _form(kind, mime), **said}
    elif kind != "document":
        raise InputError(
            f"a block of type {block['type']!r} has no mime_type; the Converse API "
            f"must be told: give mime_type, such as 'image/png'."
        )
    if kind == "document":
        name = _NOT_IN_NAMES.sub("-", str(filename or "document"))
        said.setdefault("name", name)
    return {kind: said}


def _source(block: ContentBlock, rest: dict[str, Any]) -> dict[str, Any]:
    match block:
        case {"base64": str(data)}:
            return {"bytes": data}
        case {"url": str(uri)} if uri.startswith("s3://"):
            owner = {k: rest.pop(k) for k in ("bucketOwner",) if k in rest}
            return {"s3Location": {"uri": uri, **owner}}
        case {"type": "text-plain", "text": str(text)}:
            return {"text": text}
        case _:
            raise InputError(
                f"the Converse API cannot take {shown(block)}: it loads nothing from "
                "the web. Give base64 and mime_type, or an s3:// url."
            )
