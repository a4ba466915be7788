"""What a user or a tool says: content of pydantic-ai, and our content blocks."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from pydantic_ai.messages import (
    AudioUrl,
    BinaryContent,
    CachePoint,
    DocumentUrl,
    ImageUrl,
    TextContent,
    UploadedFile,
    UserContent,
    VideoUrl,
)

from harness.bridges.pydantic_ai.parts import MEDIA, binary, media_kind
from harness.errors import InputError, shown
from harness.messages import Message

__all__ = ["content_from", "content_to"]

_URLS: dict[type[Any], str] = {
    ImageUrl: "image",
    AudioUrl: "audio",
    VideoUrl: "video",
    DocumentUrl: "file",
}
_URL_OF = {kind: url for url, kind in _URLS.items()}


def content_from(content: str | Iterable[Any]) -> str | list[Any]:
    """*content* as we have it: a text, or blocks. A `CachePoint` says nothing here.

    >>> content_from(["Look: ", ImageUrl("https://a.b/c.png")])[1]
    {'type': 'image', 'url': 'https://a.b/c.png'}
    """
    if isinstance(content, str):
        return content
    items = [item for item in content if not isinstance(item, CachePoint)]
    match items:
        case [str(text)]:
            return text
        case _:
            return [_block(item) for item in items]


def _block(item: Any) -> dict[str, Any]:
    match item:
        case str(text) | TextContent(content=text):
            return {"type": "text", "text": text}
        case BinaryContent(media_type=mime):
            data = {"base64": item.base64, "mime_type": mime}
            return {"type": media_kind(mime), **data, **_extras(item)}
        case UploadedFile(file_id=name, media_type=mime):
            said = {"file_id": name, "mime_type": mime}
            return {"type": media_kind(mime), **said, **_extras(item)}
        case ImageUrl() | AudioUrl() | VideoUrl() | DocumentUrl():
            return {"type": _URLS[type(item)], "url": item.url, **_extras(item)}
        case _:
            raise InputError(
                f"{shown(item)} is a {type(item).__name__}, which is not said to a "
                "chat model. Give texts, URLs and files."
            )


def _extras(item: Any) -> dict[str, Any]:
    return {"extras": item.vendor_metadata} if item.vendor_metadata else {}


def content_to(message: Message, *, provider: str) -> str | Sequence[UserContent]:
    """The content of *message* as pydantic-ai has it.

    Files that were uploaded are those of *provider*. Raises InputError for blocks that
    a user or a tool cannot say there.
    """
    if isinstance(message.content, str):
        return message.content
    return [_item(block, provider) for block in message.content_blocks]


def _item(block: dict[str, Any], provider: str) -> UserContent:
    kind, extras = block["type"], block.get("extras")
    mime = block.get("mime_type")
    match block:
        case {"type": "text" | "text-plain", "text": str(text)}:
            return text
        case {"base64": str(data)} if kind in MEDIA:
            file = binary(data, mime)
            file.vendor_metadata = extras
            return file
        case {"url": str(url)} if kind in MEDIA:
            made: UserContent = _URL_OF[kind](
                url, vendor_metadata=extras, media_type=mime
            )
            return made
        case {"file_id": str(name)} if kind in MEDIA:
            theirs = cast("Any", provider)  # they name the providers that they know
            return UploadedFile(name, theirs, vendor_metadata=extras, media_type=mime)
        case _:
            raise InputError(
                f"{shown(block)} has no form in pydantic-ai where a user or a tool "
                "speaks. Give texts, images, audio, video and files."
            )
