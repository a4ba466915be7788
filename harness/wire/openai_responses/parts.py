"""Parts of messages, and the citations in them, as content blocks and back.

In: what "content" of a message, or "output" of a tool's answer, lists. Out: standard
blocks, in whose ``extras`` is what they have no field for.
"""

from collections.abc import Callable, Mapping
from typing import Any

from harness.blocks import ContentBlock, standard
from harness.errors import InputError, WireError, shown
from harness.wire.json_values import expect, says
from harness.wire.openai_responses.items import ITEM_KEYS, marked, unmarked
from harness.wire.ownership import own

__all__ = [
    "read_citation",
    "read_part",
    "write_citation",
    "write_part",
    "write_said",
]

_NAME = "openai-responses"
_CITED = ("url", "title", "start_index", "end_index", "cited_text")
#: Citations of files: the file's name is the title.
_FILES = frozenset({"container_file_citation", "file_citation"})


def read_citation(note: Any) -> dict[str, Any]:
    """One annotation of a text, as a citation where it is one."""
    match note:
        case {"type": "url_citation"}:
            said = {k: v for k, v in note.items() if k != "type" and says(v)}
        case {"type": str(kind)} if kind in _FILES:
            said = {k: v for k, v in note.items() if says(v)}
            if "filename" in said:
                said["title"] = said.pop("filename")
        case _:
            return {"type": "non_standard_annotation", "value": note}
    cited = {key: said.pop(key) for key in _CITED if key in said}
    return {"type": "citation", **cited, **({"extras": said} if said else {})}


def write_citation(note: Mapping[str, Any]) -> dict[str, Any] | None:
    """What `read_citation` reads as *note*; None for what no annotation says."""
    match note:
        case {"type": "non_standard_annotation", "value": dict(value)}:
            return dict(value)
        case {"type": "citation"}:
            pass
        case _:
            return None
    extras = note.get("extras") or {}
    cited = {key: note[key] for key in _CITED if key in note}
    kind = extras.get("type") if isinstance(extras, dict) else None
    if kind in _FILES:
        title = {"filename": cited.pop("title")} if "title" in cited else {}
        return {**extras, **title, **cited}
    usual = {"start_index": 0, "end_index": 0, "title": "", "url": ""}
    return {"type": "url_citation", **usual, **cited, **own(extras, _NAME)}


# ------------------------------------------------------------ what was asked


def read_part(part: Any) -> ContentBlock:
    """The block that a part of a request's message says."""
    match part:
        case {"type": "input_text", "text": str(text)}:
            return {"type": "text", "text": text, **_more(part, "text")}
        case {"type": "output_text", "text": str(text)}:
            return _output_text(text, part)
        case {"type": "refusal", "refusal": str(text)}:
            return {"type": "refusal", "refusal": text, **_more(part, "refusal")}
        case {"type": "input_file", "file_data": str(data)} if data[:5] != "data:":
            return {"type": "file", "base64": data, **_more(part, "file_data")}
        case {"type": "input_image" | "input_file" | "input_audio"}:
            return standard({k: v for k, v in part.items() if v is not None})
        case dict():
            return {"type": "non_standard", "value": part}
        case _:
            raise WireError(f"a part of a message is {shown(part)}, not an object.")


def _more(part: Mapping[str, Any], *known: str) -> dict[str, Any]:
    kept = {k: v for k, v in part.items() if k not in ("type", *known)}
    kept = {k: v for k, v in kept.items() if v is not None}
    return {"extras": kept} if kept else {}


def _output_text(text: str, part: Mapping[str, Any]) -> ContentBlock:
    notes = expect(part.get("annotations"), list, "'annotations'")
    marks = marked(
        {k: part.get(k) for k in ("annotations", "logprobs")},
        {"annotations": notes or []},
    )
    block: ContentBlock = {"type": "text", "text": text}
    if notes:
        block["annotations"] = [read_citation(note) for note in notes]
    more = _more(part, "text", "annotations", "logprobs").get("extras", {})
    extras = {**more, **({"part": marks} if marks else {})}
    return {**block, "extras": extras} if extras else block


def write_said(block: ContentBlock) -> dict[str, Any]:
    """The part of an assistant's message that says *block*, a text or refusal."""
    extras = own(block.get("extras"), _NAME)
    marks = extras.pop("part", {})
    rest = {key: value for key, value in extras.items() if key not in ITEM_KEYS}
    match block["type"]:
        case "refusal":
            return {"type": "refusal", "refusal": block.get("refusal") or "", **rest}
        case "non_standard":
            return dict(block["value"])
        case _:
            notes = [*map(write_citation, block.get("annotations") or ())]
            usual = {"annotations": [note for note in notes if note is not None]}
            text = {"type": "output_text", "text": block.get("text") or ""}
            return {**text, **unmarked(usual, marks), **rest}


def write_part(block: ContentBlock) -> dict[str, Any]:
    """The part of a user's message that says *block*. Raises InputError."""
    write = _WRITERS.get(block["type"])
    if write is None:
        raise InputError(
            f"openai-responses: {shown(block)} cannot be said to a model in a block of "
            f"type {block['type']!r}. Known: {', '.join(sorted(_WRITERS))}."
        )
    part = write(block)
    return {**part, **own(block.get("extras"), _NAME)}


def _write_text(block: ContentBlock) -> dict[str, Any]:
    return {"type": "input_text", "text": block.get("text") or ""}


def _write_image(block: ContentBlock) -> dict[str, Any]:
    if isinstance(block.get("file_id"), str):
        return {"type": "input_image", "file_id": block["file_id"]}
    return {"type": "input_image", "image_url": _located(block, "image/png")}


def _write_file(block: ContentBlock) -> dict[str, Any]:
    for ours, theirs in (("file_id", "file_id"), ("url", "file_url")):
        if isinstance(block.get(ours), str):
            return {"type": "input_file", theirs: block[ours]}
    if "mime_type" not in block and isinstance(block.get("base64"), str):
        return {"type": "input_file", "file_data": block["base64"]}
    return {"type": "input_file", "file_data": _located(block, "")}


def _write_audio(block: ContentBlock) -> dict[str, Any]:
    if not isinstance(block.get("base64"), str):
        raise InputError(
            f"openai-responses: {shown(block)} is audio without 'base64'; this format "
            "takes no other."
        )
    form = str(block.get("mime_type") or "audio/wav").rpartition("/")[2]
    form = {"mpeg": "mp3", "x-wav": "wav"}.get(form, form)
    audio = {"data": block["base64"], "format": form}
    return {"type": "input_audio", "input_audio": audio}


def _write_raw(block: ContentBlock) -> dict[str, Any]:
    value = block.get("value")
    if isinstance(value, dict):
        return dict(value)
    raise InputError(
        f"openai-responses: {shown(block)} is a block without a 'value' to send."
    )


def _located(block: ContentBlock, mime: str) -> str:
    match block:
        case {"url": str(url)}:
            return url
        case {"base64": str(data)}:
            return f"data:{block.get('mime_type') or mime};base64,{data}"
        case _:
            raise InputError(
                f"openai-responses: {shown(block)} says not where its data is. Give "
                "'url', 'file_id', or 'base64' and 'mime_type'."
            )


_WRITERS: dict[str, Callable[[ContentBlock], dict[str, Any]]] = {
    "audio": _write_audio,
    "file": _write_file,
    "image": _write_image,
    "non_standard": _write_raw,
    "text": _write_text,
    "text-plain": _write_text,
}
