"""Parts of Gemini's contents, one by one, and the content blocks that they are.

In: a part, camelCase. Out: a standard block; what else the part says is in its
``extras``, what is inside the data but has no field there in ``extras`` under the name
of the data. And back. A call that the wire gives no id gets one (see `CallIds`), which
is never written.
"""

from collections.abc import Callable, Mapping
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, WireError, shown
from harness.wire.json_values import expect
from harness.wire.ownership import own

__all__ = ["DATA", "CallIds", "read_part", "wire_id", "write_block", "write_blocks"]

_MADE = "no_id_"
_KINDS = ("image", "audio", "video")
#: The type of a file by the end of its name, for who did not say it.
_MIME_TYPES = {
    "gif": "image/gif",
    "heic": "image/heic",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "mp3": "audio/mp3",
    "mp4": "video/mp4",
    "pdf": "application/pdf",
    "png": "image/png",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
}


class CallIds:
    """Ids for the calls of one answer that have none; *answer* tells it from others.

    Older models give calls no id, and tell their results by name and order.

    >>> ids = CallIds("r1")
    >>> ids.given({"type": "tool_call", "name": "f", "args": {}})["id"]
    'no_id_r1_0'
    """

    def __init__(self, answer: str = "") -> None:
        self.answer = answer
        self._count = 0
        self._server: str | None = None

    def given(self, block: ContentBlock) -> ContentBlock:
        """*block* with an id, if it is a call or what a call of the server gave."""
        match block["type"]:
            case "tool_call":
                return {**block, "id": block.get("id") or self.next()}
            case "server_tool_call":
                self._server = block.get("id") or self.next()
                return {**block, "id": self._server}
            case "server_tool_result" if "tool_call_id" not in block:
                return {**block, "tool_call_id": self._server or self.next()}
            case _:
                return block

    def next(self) -> str:
        """The next id."""
        number, self._count = self._count, self._count + 1
        answer = f"{self.answer}_" if self.answer else ""
        return f"{_MADE}{answer}{number}"


def wire_id(call_id: object) -> dict[str, Any]:
    """The member that says *call_id*: none for an id that we made.

    >>> wire_id("a"), wire_id("no_id_r1_0"), wire_id(None)
    ({'id': 'a'}, {}, {})
    """
    if not isinstance(call_id, str) or not call_id or call_id.startswith(_MADE):
        return {}
    return {"id": call_id}


# ------------------------------------------------------------------ reading


def read_part(part: Any) -> ContentBlock:
    """The block that *part* is. Raises WireError for data of a wrong type.

    >>> read_part({"text": "Hm", "thought": True})
    {'type': 'reasoning', 'reasoning': 'Hm'}
    """
    said = expect(part, dict, "a part") or {}
    for key, (read, known) in _READERS.items():
        if said.get(key) is None:
            continue
        value: Any = said[key]
        rest = {k: v for k, v in said.items() if k != key and v is not None}
        if key == "text":
            block = _text(expect(value, str, "'text' of a part") or "", rest)
        else:
            data = expect(value, dict, f"{key!r} of a part") or {}
            block = read(data)
            own_extras = block.pop("extras", {})
            inside = {k: v for k, v in data.items() if k not in known}
            rest = {**own_extras, **({key: inside} if inside else {}), **rest}
        return {**block, "extras": rest} if rest else block
    return {"type": "non_standard", "value": said}


def _text(text: str, rest: dict[str, Any]) -> ContentBlock:
    if rest.get("thought") is True:
        del rest["thought"]
        return {"type": "reasoning", "reasoning": text}
    return {"type": "text", "text": text}


def _call(data: dict[str, Any]) -> ContentBlock:
    name = expect(data.get("name"), str, "'name' of a functionCall")
    args = expect(data.get("args"), dict, "'args' of a functionCall")
    call_id = expect(data.get("id"), str, "'id' of a functionCall") or None
    if not name:
        raise WireError(f"a functionCall has no name: {shown(data)}.")
    return {"type": "tool_call", "name": name, "args": args or {}, "id": call_id}


def _inline(data: dict[str, Any]) -> ContentBlock:
    mime = expect(data.get("mimeType"), str, "'mimeType' of inlineData") or ""
    said = {"base64": expect(data.get("data"), str, "'data' of inlineData") or ""}
    return {"type": _kind(mime), **said, **({"mime_type": mime} if mime else {})}


def _file(data: dict[str, Any]) -> ContentBlock:
    mime = expect(data.get("mimeType"), str, "'mimeType' of fileData") or ""
    uri = expect(data.get("fileUri"), str, "'fileUri' of fileData") or ""
    known = _mime_type(uri)
    said = {"type": _kind(mime or known), "url": uri}
    if mime == known:
        return said  # which it will be, when it is written
    if not mime:
        return {**said, "extras": {"fileData": {"mimeType": None}}}
    return {**said, "mime_type": mime}


def _mime_type(uri: str) -> str:
    """The type of what is at *uri*, as far as its name tells."""
    name = uri.partition("?")[0].rpartition("/")[2]
    _, dot, end = name.rpartition(".")
    return _MIME_TYPES.get(end.lower(), "") if dot else ""


def _kind(mime: str) -> str:
    head = mime.partition("/")[0].lower()
    return head if head in _KINDS else "file"


def _code(data: dict[str, Any]) -> ContentBlock:
    code = expect(data.get("code"), str, "'code' of executableCode") or ""
    args = {
        **({"language": data["language"]} if "language" in data else {}),
        "code": code,
    }
    call_id = expect(data.get("id"), str, "'id' of executableCode")
    said = {"type": "server_tool_call", "name": "code_execution", "args": args}
    return {**said, **({"id": call_id} if call_id else {})}


def _code_result(data: dict[str, Any]) -> ContentBlock:
    call_id = expect(data.get("id"), str, "'id' of codeExecutionResult")
    outcome = data.get("outcome")
    return {
        "type": "server_tool_result",
        **({"tool_call_id": call_id} if call_id else {}),
        "status": "success" if outcome in ("OUTCOME_OK", 1) else "error",
        "output": data.get("output"),
        "extras": {"outcome": outcome},
    }


def _tool_call(data: dict[str, Any]) -> ContentBlock:
    kind = data.get("toolType")
    call_id = expect(data.get("id"), str, "'id' of a toolCall")
    return {
        "type": "server_tool_call",
        **({"id": call_id} if call_id else {}),
        "name": str(kind).lower(),
        "args": expect(data.get("args"), dict, "'args' of a toolCall") or {},
        "extras": {"toolType": kind},
    }


def _tool_response(data: dict[str, Any]) -> ContentBlock:
    call_id = expect(data.get("id"), str, "'id' of a toolResponse")
    return {
        "type": "server_tool_result",
        **({"tool_call_id": call_id} if call_id else {}),
        "status": "success",
        "output": data.get("response"),
        "extras": {"toolType": data.get("toolType")},
    }


Reader = Callable[[dict[str, Any]], ContentBlock]
#: By the name of a part's data: its reader, and the members that this one reads.
_READERS: dict[str, tuple[Reader, frozenset[str]]] = {
    "functionCall": (_call, frozenset({"name", "args", "id"})),
    "inlineData": (_inline, frozenset({"mimeType", "data"})),
    "fileData": (_file, frozenset({"mimeType", "fileUri"})),
    "executableCode": (_code, frozenset({"language", "code", "id"})),
    "codeExecutionResult": (_code_result, frozenset({"outcome", "output", "id"})),
    "toolCall": (_tool_call, frozenset({"toolType", "args", "id"})),
    "toolResponse": (_tool_response, frozenset({"toolType", "response", "id"})),
    "text": (lambda _: {}, frozenset()),
}
#: What a part may be: each part is one of these.
DATA = frozenset(_READERS) | {"functionResponse"}


# ------------------------------------------------------------------ writing


def write_blocks(blocks: list[ContentBlock]) -> list[dict[str, Any]]:
    """The parts that say *blocks*; see `write_block`."""
    return [part for part in map(write_block, blocks) if part is not None]


def write_block(block: ContentBlock) -> dict[str, Any] | None:
    """The part that says *block*. None for what is another provider's own.

    A call of another provider's server, its result, and what is not standard have no
    part here. Raises InputError for what should have one, and cannot.

    >>> write_block({"type": "tool_call", "name": "f", "args": {}, "id": "no_id_0"})
    {'functionCall': {'name': 'f', 'args': {}}}
    """
    extras = own(block.get("extras"), "gemini")
    said = _WRITERS.get(block["type"], _unsaid)(block, extras)
    if said is None or not said:
        return said
    extras.pop("type", None)  # parts have none
    for key in said:
        inside = extras.pop(key, None)
        if isinstance(inside, Mapping) and isinstance(said[key], dict):
            said[key] = _without_null({**said[key], **inside})
    return {**said, **extras}


def _without_null(said: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if value is not None}


Extras = dict[str, Any]
Part = dict[str, Any] | None


def _write_text(block: ContentBlock, _: Extras) -> Part:
    return {"text": block.get("text") or block.get("refusal") or ""}


def _write_reasoning(block: ContentBlock, _: Extras) -> Part:
    return {"text": block.get("reasoning") or "", "thought": True}


def _write_plain(block: ContentBlock, extras: Extras) -> Part:
    text = block.get("text")
    return {"text": text} if isinstance(text, str) else _write_media(block, extras)


def _write_media(block: ContentBlock, _: Extras) -> Part:
    mime = block.get("mime_type")
    match block:
        case {"base64": str(data)} if mime:
            return {"inlineData": {"mimeType": mime, "data": data}}
        case {"url": str(uri)} | {"file_id": str(uri)}:
            mime = mime or _mime_type(uri)
            return {
                "fileData": {"fileUri": uri, **({"mimeType": mime} if mime else {})}
            }
        case {"base64": _}:
            lacks = "has no 'mime_type': say what the data is, such as 'image/png'"
        case _:
            lacks = "has no data: give 'base64' and 'mime_type', or 'url'"
    raise InputError(f"gemini: the {block['type']} block {shown(block)} {lacks}.")


def _write_call(block: ContentBlock, _: Extras) -> Part:
    said = {"name": block["name"], "args": block["args"], **wire_id(block.get("id"))}
    return {"functionCall": said}


def _write_server_call(block: ContentBlock, extras: Extras) -> Part:
    args: Any = block.get("args")
    call_id = wire_id(block.get("id"))
    if "toolType" in extras:
        return {
            "toolCall": {"toolType": extras.pop("toolType"), "args": args, **call_id}
        }
    match block.get("name"), args:
        case "code_execution", {"code": str(), **rest} if rest.keys() <= {"language"}:
            return {"executableCode": {"language": "PYTHON", **args, **call_id}}
        case _:
            return None


def _write_server_result(block: ContentBlock, extras: Extras) -> Part:
    output, call_id = block.get("output"), wire_id(block.get("tool_call_id"))
    if "toolType" in extras:
        kind = extras.pop("toolType")
        return {"toolResponse": {"toolType": kind, "response": output, **call_id}}
    if "outcome" in extras:
        said = {"outcome": extras.pop("outcome"), "output": output, **call_id}
        return {"codeExecutionResult": _without_null(said)}
    return None


def _write_other(block: ContentBlock, _: Extras) -> Part:
    value = block.get("value")
    # Those of other providers all have a type, and parts have none.
    return dict(value) if isinstance(value, dict) and "type" not in value else None


def _unsaid(block: ContentBlock, _: Extras) -> Part:
    raise InputError(
        f"gemini: no part of a content says {shown(block)}. Calls have complete "
        "arguments, as an object; leave a call out that has not."
    )


_WRITERS: dict[str, Callable[[ContentBlock, Extras], Part]] = {
    "audio": _write_media,
    "file": _write_media,
    "image": _write_media,
    "non_standard": _write_other,
    "reasoning": _write_reasoning,
    "refusal": _write_text,
    "server_tool_call": _write_server_call,
    "server_tool_result": _write_server_result,
    "text": _write_text,
    "text-plain": _write_plain,
    "tool_call": _write_call,
    "video": _write_media,
}
