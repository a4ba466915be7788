"""Content blocks of the Converse API, and the standard ones.

The text of a block that was generated with citations is one text block with
annotations. What has no standard form is kept whole, as ``non_standard``.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, WireError, shown
from harness.wire.bedrock_converse.media import MEDIA, read_media, write_media
from harness.wire.json_values import expect, write_text
from harness.wire.ownership import own

__all__ = [
    "SERVER_TOOL",
    "call_extras",
    "call_id",
    "read_block",
    "read_citation",
    "write_block",
    "write_citation",
]

_NAME = "bedrock-converse"
#: The type of a call that runs at the provider.
SERVER_TOOL = "server_tool_use"
_LONGEST_ID = 64
_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_-]")
_OF_CALL = frozenset({"input", "name", "toolUseId"})
_OF_RESULT = {"toolUseId": "tool_call_id", "status": "status", "content": "output"}


def read_block(said: Any) -> ContentBlock:
    """The standard block. Raises WireError for a wrong type.

    >>> read_block({"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}})
    {'type': 'tool_call', 'name': 'f', 'args': {'a': 1}, 'id': 't'}
    """
    if not isinstance(said, dict):
        raise WireError(f"a content block is {shown(said)}, not an object.")
    block: ContentBlock | None = None
    if len(said) == 1:
        (kind, value), *_ = said.items()
        if kind in MEDIA:
            block = read_media(kind, expect(value, dict, f"'{kind}'") or {})
        elif kind in _READERS:
            block = _READERS[kind](value)
    return block or {"type": "non_standard", "value": said}


def _text(said: Any) -> ContentBlock:
    return {"type": "text", "text": expect(said, str, "'text'") or ""}


def _tool_use(said: Any) -> ContentBlock:
    said = expect(said, dict, "'toolUse'") or {}
    call_id = expect(said.get("toolUseId"), str, "'toolUseId'")
    name = expect(said.get("name"), str, "'name' of a toolUse")
    args = said.get("input")
    args = {} if args is None else args
    extras = call_extras(said)
    block: ContentBlock
    if said.get("type") == SERVER_TOOL:
        block = {"type": "server_tool_call", "name": name, "args": args, "id": call_id}
    elif isinstance(args, dict) and name:
        block = {"type": "tool_call", "name": name, "args": args, "id": call_id}
    else:
        text = args if isinstance(args, str) else write_text(args)
        wrong = {"name": name, "args": text, "id": call_id}
        block = {"type": "invalid_tool_call", **wrong, "error": "is no JSON object"}
    return {**block, "extras": extras} if extras else block


def call_id(given: object) -> str:
    """*given* in the letters that the API takes, and no more than it takes.

    >>> call_id("functions.f:0")
    'functions_f_0'
    """
    text = _NOT_IN_IDS.sub("_", given if isinstance(given, str) else "")
    return text[-_LONGEST_ID:] or "no_id"


def call_extras(said: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of a toolUse and has no field."""
    usual = said.get("type") in ("tool_use", SERVER_TOOL, None)
    known = _OF_CALL | {"type"} if usual else _OF_CALL
    return {k: v for k, v in said.items() if k not in known}


def _tool_result(said: Any) -> ContentBlock:
    said = expect(said, dict, "'toolResult'") or {}
    block = {"type": "server_tool_result"}
    block |= {ours: said[key] for key, ours in _OF_RESULT.items() if key in said}
    extras = {k: v for k, v in said.items() if k not in _OF_RESULT}
    return {**block, "extras": extras} if extras else block


def _reasoning(said: Any) -> ContentBlock | None:
    match said:
        case {"reasoningText": {"text": str(text)} as thought, **more} if not more:
            extras = {
                f"reasoning{key[:1].upper()}{key[1:]}": value
                for key, value in thought.items()
                if key != "text"
            }
            block: ContentBlock = {"type": "reasoning", "reasoning": text}
            return {**block, "extras": extras} if extras else block
        case {"redactedContent": str(data), **more} if not more:
            extras = {"redactedContent": data}
            return {"type": "reasoning", "reasoning": "", "extras": extras}
        case _:
            return None


def _cited(said: Any) -> ContentBlock | None:
    match said:
        case {"content": list(content), "citations": list(cited), **rest} if not rest:
            items = (item for item in content if isinstance(item, dict))
            said_texts = (item.get("text") for item in items)
            texts = [text for text in said_texts if isinstance(text, str)]
        case _:
            return None
    if len(texts) < len(content):
        return None
    block: ContentBlock = {"type": "text", "text": "".join(texts)}
    extras: dict[str, Any] = {}
    if content != [{"text": block["text"]}]:
        extras["content"] = content
    if cited:
        block["annotations"] = [read_citation(citation) for citation in cited]
    else:
        extras["citations"] = []
    return {**block, "extras": extras} if extras else block


def read_citation(said: Any) -> dict[str, Any]:
    """The standard annotation.

    Where the source says it (`location`) is in its extras: the standard's indexes are
    those of the answer.

    >>> read_citation({"title": "Law", "sourceContent": [{"text": "20 days"}]})
    {'type': 'citation', 'title': 'Law', 'cited_text': '20 days'}
    """
    note: dict[str, Any] = {"type": "citation"}
    extras: dict[str, Any] = {}
    for key, value in (expect(said, dict, "a citation") or {}).items():
        match key, value:
            case "title", str():
                note["title"] = value
            case "sourceContent", [{"text": str(text), **rest}] if not rest:
                note["cited_text"] = text
            case "location", {"web": {"url": str(url), **rest}}:
                note["url"] = url
                if rest:
                    extras["web"] = rest
            case _:
                extras[key] = value
    return {**note, "extras": extras} if extras else note


def write_citation(note: Mapping[str, Any]) -> dict[str, Any] | None:
    """What `read_citation` made *note* of; None for what is no citation."""
    if note.get("type") != "citation":
        return None
    rest = own(note.get("extras"), _NAME)
    web = rest.pop("web", {})
    said: dict[str, Any] = {}
    if note.get("title"):
        said["title"] = note["title"]
    if note.get("cited_text") is not None:
        said["sourceContent"] = [{"text": note["cited_text"]}]
    if note.get("url"):
        said["location"] = {"web": {"url": note["url"], **web}}
    return said | rest


# ------------------------------------------------------------------- writing


def write_block(block: ContentBlock) -> dict[str, Any]:
    """The content block that says *block*. Raises InputError where there is none.

    >>> write_block({"type": "refusal", "refusal": "No."})
    {'text': 'No.'}
    """
    kind = block["type"]
    if kind in _WRITERS:
        return _WRITERS[kind](block)
    value = block.get("value")
    if kind == "non_standard" and isinstance(value, dict) and "type" not in value:
        return value
    raise InputError(
        f"the Converse API has no form for {shown(block)}. It knows text, reasoning, "
        "tool calls and results, images, documents, videos and sound; leave it out, or "
        "give the API's own block as {'type': 'non_standard', 'value': {...}}."
    )


def _write_text(block: ContentBlock) -> dict[str, Any]:
    extras = own(block.get("extras"), _NAME)
    notes = map(write_citation, block.get("annotations") or ())
    cited = [note for note in notes if note is not None]
    if not cited and "citations" not in extras:
        return {"text": block["text"]}
    content = extras.get("content") or [{"text": block["text"]}]
    return {"citationsContent": {"content": content, "citations": cited}}


def _write_reasoning(block: ContentBlock) -> dict[str, Any]:
    extras = own(block.get("extras"), _NAME)
    if "redactedContent" in extras:
        return {"reasoningContent": {"redactedContent": extras["redactedContent"]}}
    rest = {
        key[9:10].lower() + key[10:]: value
        for key, value in extras.items()
        if key.startswith("reasoning")
    }
    return {"reasoningContent": {"reasoningText": {"text": block["reasoning"], **rest}}}


def _write_call(block: ContentBlock) -> dict[str, Any]:
    args = block.get("args")
    if block["type"] == "invalid_tool_call" and args:
        args = _value(args)
    named = {"toolUseId": call_id(block.get("id")), "name": block.get("name")}
    said = {**named, "input": args}
    rest = own(block.get("extras"), _NAME)
    rest.pop("type", None)
    return {"toolUse": {**said, **rest}}


def _value(text: str) -> Any:
    """Arguments that are no object: a value if they are one, and else their text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return text if isinstance(value, str) or write_text(value) != text else value


def _write_server_call(block: ContentBlock) -> dict[str, Any]:
    return {"toolUse": {**_write_call(block)["toolUse"], "type": SERVER_TOOL}}


def _write_result(block: ContentBlock) -> dict[str, Any]:
    said = {key: block[ours] for key, ours in _OF_RESULT.items() if ours in block}
    match said.get("content"):
        case None:
            said["content"] = []
        case list():
            pass
        case str(text):
            said["content"] = [{"text": text}]
        case other:
            said["content"] = [{"json": other}]
    return {"toolResult": {**said, **own(block.get("extras"), _NAME)}}


_READERS: dict[str, Callable[[Any], ContentBlock | None]] = {
    "citationsContent": _cited,
    "reasoningContent": _reasoning,
    "text": _text,
    "toolResult": _tool_result,
    "toolUse": _tool_use,
}
_WRITERS: dict[str, Callable[[ContentBlock], dict[str, Any]]] = {
    **dict.fromkeys(("audio", "file", "image", "text-plain", "video"), write_media),
    "invalid_tool_call": _write_call,
    "reasoning": _write_reasoning,
    "refusal": lambda block: {"text": block["refusal"]},
    "server_tool_call": _write_server_call,
    "server_tool_result": _write_result,
    "text": _write_text,
    "tool_call": _write_call,
}
