"""Parts of a message's content, and citations: OpenAI's spelling to ours, and back.

In: a part as it stands in a request or an answer. Out: a standard block; and a part
for each block that has one.
"""

from collections.abc import Mapping
from typing import Any

from harness.blocks import BLOCK_TYPES, TEXT_FIELD, ContentBlock, standard
from harness.errors import InputError, shown
from harness.wire.json_values import says
from harness.wire.ownership import own

__all__ = [
    "DIALECT",
    "read_citation",
    "read_content",
    "read_part",
    "write_citation",
    "write_part",
]

DIALECT = "openai-chat"

_FORMATS = {"mpeg": "mp3", "x-wav": "wav", "wave": "wav", "vnd.wave": "wav"}
_OF_IMAGE = frozenset({"detail", "format"})
_OF_FILE = frozenset({"filename", "format"})
_CITED = frozenset("cited_text end_index start_index title url".split())
#: What of a text block is no business of a part.
_ASIDE = frozenset({"annotations", "extras", "index", "text", "type"})


# ------------------------------------------------------------------------ reading


def read_part(part: Any) -> ContentBlock:
    """The standard block that says *part*, whoever's it is.

    >>> read_part({"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]})
    {'type': 'reasoning', 'reasoning': 'Hm'}
    """
    match part:
        case {"type": "thinking", "thinking": list(parts)}:
            # Mistral's way to think; "closed" says nothing that is not seen.
            text = "".join(p["text"] for p in parts if _is_text(p))
            rest = [p for p in parts if not _is_text(p)]
            extras = {"extras": {"thinking": rest}} if rest else {}
            return {"type": "reasoning", "reasoning": text, **extras}
        case {"type": str(kind)} if _says_wrongly(kind, part):
            return {"type": "non_standard", "value": part}
        case str() | {"type": str()}:
            return standard(part)
        case _:
            return {"type": "non_standard", "value": part}


def _says_wrongly(kind: str, part: Mapping[str, Any]) -> bool:
    field = TEXT_FIELD.get(kind)
    return field is not None and not isinstance(part.get(field), str)


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("text"), str)


def read_content(content: list[Any], *, written: bool = True) -> list[Any]:
    """The blocks of a message in a request: each is written again as it was.

    What a standard block would not say in full stays in OpenAI's own spelling. Not
    *written* are parts that will go another way, as images of tools do.
    """
    return [_kept(part, written=written) for part in content]


def _kept(part: Any, *, written: bool) -> Any:
    block = read_part(part)
    if block["type"] == "reasoning" and "thinking" in part:
        beside = {k: v for k, v in part.items() if k not in ("thinking", "type")}
        extras = {**block.get("extras", {}), **beside}
        block = {**block, **({"extras": extras} if extras else {})}
    standard_says = written or block["type"] == "text"
    if standard_says and block["type"] != "non_standard" and _is_said(block, part):
        return block
    if _is_block(part) and _is_said(part, part):
        return part
    return {"type": "non_standard", "value": part}


def _is_said(block: Any, part: Any) -> bool:
    try:
        return bool(write_part(block) == part)
    except InputError:
        return False


def _is_block(part: Any) -> bool:
    kind = part.get("type") if isinstance(part, dict) else None
    return isinstance(kind, str) and not _says_wrongly(kind, part)


def read_citation(note: Any) -> dict[str, Any]:
    """The annotation of a text block that says *note*."""
    match note:
        case {"type": "url_citation", "url_citation": dict(said)}:
            read = {k: v for k, v in said.items() if says(v)}
            if "content" in read:
                read["cited_text"] = read.pop("content")
            rest = {key: read.pop(key) for key in read.keys() - _CITED}
            extras = {"extras": rest} if rest else {}
            return {"type": "citation", **read, **extras}
        case _:
            return {"type": "non_standard_annotation", "value": note}


# ------------------------------------------------------------------------ writing


def write_citation(note: Any, start: int = 0) -> Any:
    """What OpenAI says for the annotation *note* of a text that begins at *start*.

    >>> write_citation({"type": "citation", "url": "u", "cited_text": "page"})
    {'type': 'url_citation', 'url_citation': {'url': 'u', 'content': 'page'}}
    """
    match note:
        case {"type": "citation"}:
            said = {k: v for k, v in note.items() if k not in ("extras", "type")}
            if "cited_text" in said:
                said["content"] = said.pop("cited_text")
            for key in ("start_index", "end_index"):
                if type(said.get(key)) is int:
                    said[key] += start
            said |= own(note.get("extras"), DIALECT)
            return {"type": "url_citation", "url_citation": said}
        case {"type": "non_standard_annotation", "value": value}:
            return value
        case _:
            return note


def write_part(block: Any) -> Any:
    """The part that says *block*. Raises InputError for a block that has none.

    >>> write_part({"type": "image", "url": "https://a.b/c.png"})
    {'type': 'image_url', 'image_url': {'url': 'https://a.b/c.png'}}
    """
    match block:
        case str():
            return {"type": "text", "text": block}
        case {"type": "non_standard", "value": value}:
            return value
        case {"type": "text", **rest}:
            beside = {k: v for k, v in rest.items() if k not in _ASIDE}
            text = {"type": "text", "text": rest.get("text") or "", **beside}
            return {**text, **own(block.get("extras"), DIALECT)}
        case {"type": "text-plain", "text": str(text)}:
            return {"type": "text", "text": text}
        case {"type": "reasoning", "reasoning": str(text)}:
            extras = own(block.get("extras"), DIALECT)
            said = [{"type": "text", "text": text}] if text else []
            thinking = [*said, *extras.pop("thinking", [])]
            return {"type": "thinking", "thinking": thinking, **extras}
        case {"type": "file", "file": dict()}:
            return block
        case {"type": "image" | "audio" | "file" as kind} if "source" not in block:
            if "source_type" in block:
                return write_part(standard(block))
            return _WRITERS[kind](block)
        case {"type": kind} if kind not in BLOCK_TYPES or "source" in block:
            return _foreign(block)
        case _:
            raise _no_part(block)


def _foreign(block: Mapping[str, Any]) -> Any:
    """A part in some provider's spelling: what is OpenAI's own stays as it is."""
    match block:
        case {"type": "image_url", "image_url": str(url)}:
            return {**block, "image_url": {"url": url}}
        case {"type": "image_url" | "input_audio"}:
            return block
        case _:
            pass
    read = standard(block)
    return read["value"] if read["type"] == "non_standard" else write_part(read)


def _image(block: Mapping[str, Any]) -> dict[str, Any]:
    inside, beside = _split(block, _OF_IMAGE)
    url = block.get("url") or _data_url(block, "image/png")
    if url is None:
        raise _no_part(block)
    said = {"url": url, **inside}
    return {"type": "image_url", "image_url": said, **beside}


def _audio(block: Mapping[str, Any]) -> dict[str, Any]:
    _, beside = _split(block, frozenset())
    if not isinstance(block.get("base64"), str):
        raise _no_part(block)
    form = str(block.get("mime_type") or "audio/wav").rpartition("/")[2]
    said = {"data": block["base64"], "format": _FORMATS.get(form, form)}
    return {"type": "input_audio", "input_audio": said, **beside}


def _file(block: Mapping[str, Any]) -> dict[str, Any]:
    inside, beside = _split(block, _OF_FILE)
    if isinstance(block.get("file_id"), str):
        said = {"file_id": block["file_id"]}
    elif (data := _data_url(block, "application/pdf")) is not None:
        kind = data.partition(";")[0].rpartition("/")[2]
        name = block.get("filename") or block.get("name") or f"file.{kind}"
        said = {"filename": name, "file_data": data}
    else:
        raise _no_part(block)
    return {"type": "file", "file": {**said, **inside}, **beside}


_WRITERS = {"audio": _audio, "file": _file, "image": _image}


def _split(
    block: Mapping[str, Any], inner: frozenset[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    extras = own(block.get("extras"), DIALECT)
    inside = {key: extras.pop(key) for key in inner & extras.keys()}
    return inside, extras


def _data_url(block: Mapping[str, Any], mime: str) -> str | None:
    if not isinstance(block.get("base64"), str):
        return None
    return f"data:{block.get('mime_type') or mime};base64,{block['base64']}"


_PARTS = {
    "audio": "'base64' and 'mime_type'",
    "file": "'base64' and 'mime_type', or the 'file_id' of an uploaded file",
    "image": "'url', or 'base64' and 'mime_type'",
}


def _no_part(block: Any) -> InputError:
    kind = block.get("type") if isinstance(block, Mapping) else None
    hint = (
        f"Give {_PARTS[kind]}."
        if kind in _PARTS
        else "Leave it out, or say it in a text, image, audio or file block."
    )
    return InputError(f"{DIALECT} has no part for the block {shown(block)}. {hint}")
