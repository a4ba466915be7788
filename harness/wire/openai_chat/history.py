"""Messages in a request of OpenAI Chat Completions. In: objects. Out: messages.

Whatever can be spelled in several ways keeps a small mark of how it was, so that it is
written as it came; see `harness.wire.openai_chat.assistant`.
"""

from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, shown
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)
from harness.partial_json import JsonError, parse_object
from harness.wire.json_values import expect, write_text
from harness.wire.openai_chat.assistant import write_assistant
from harness.wire.openai_chat.calls import CUSTOM, OLD
from harness.wire.openai_chat.parts import (
    DIALECT,
    read_citation,
    read_content,
    write_citation,
)

__all__ = ["read_message"]

_SYSTEM = ("developer", "system")
_TOOL = ("function", "tool")


def read_message(item: Any) -> Message:
    """The message that *item* says. Raises InputError or WireError.

    >>> read_message({"role": "user", "content": "Hi"})
    HumanMessage('Hi')
    """
    said = dict(item) if isinstance(item, dict) else {}
    role = said.pop("role", None)
    content = said.pop("content", None)
    if not isinstance(content, str | list | None):
        raise InputError(
            f"content is {shown(content)}; it is a text or a list of parts."
        )
    if role == "assistant":
        return _assistant(content, said)
    fields: dict[str, Any] = {"name": expect(said.pop("name", None), str, "'name'")}
    if content is None:
        content = ""
        fields["response_metadata"] = {"content_as": "null"}
    if isinstance(content, list):
        content = read_content(content, written=role not in _TOOL)
    kwargs = {} if role in ("system", "tool", "user") else {"role": role}
    fields["additional_kwargs"] = kwargs | said
    if role in _SYSTEM:
        return SystemMessage(content, **fields)
    if role == "user":
        return HumanMessage(content, **fields)
    if role in _TOOL:
        return _tool(item, content, fields)
    raise InputError(
        f"{shown(item)} is no message: its role is {shown(role)}. Known: 'assistant', "
        "'developer', 'function', 'system', 'tool', 'user'."
    )


def _tool(item: dict[str, Any], content: Any, fields: dict[str, Any]) -> Message:
    kwargs = fields["additional_kwargs"]
    call_id = kwargs.pop("tool_call_id", None)
    if item["role"] == "function" and call_id is None:
        call_id = fields["name"]  # the older spelling of a tool's answer has no id
    if not isinstance(call_id, str):
        raise InputError(f"{shown(item)} has no 'tool_call_id' to say what it answers.")
    return ToolMessage(content, tool_call_id=call_id, **fields)


# ---------------------------------------------------------------------- assistant


def _assistant(content: Any, said: dict[str, Any]) -> Message:
    metadata: dict[str, Any] = {}
    blocks = read_content(content) if isinstance(content, list) else []
    if isinstance(content, str) and content:
        blocks = [{"type": "text", "text": content}]
    if any(block["type"] == "reasoning" for block in blocks):
        metadata["reasoning_field"] = "thinking"
    blocks = _reasoning(said, metadata) + blocks
    listed = isinstance(content, list)  # then all that is known stands in the list
    if not listed and isinstance(said.get("refusal"), str) and said["refusal"]:
        blocks.append({"type": "refusal", "refusal": said.pop("refusal")})
    _cite(blocks, said, listed=listed)
    if not listed and isinstance(said.get("images"), list):
        images = read_content(said["images"])
        if all(block.get("type") == "image" for block in images):
            blocks += images
            del said["images"]
    match said.get("audio"):
        case {"id": str(audio_id), **rest} if not rest:
            blocks.append({"type": "audio", "id": audio_id})
            del said["audio"]
        case _:
            pass
    calls = _calls(said)
    fields: dict[str, Any] = {
        "name": expect(said.pop("name", None), str, "'name'"),
        "additional_kwargs": {k: v for k, v in said.items() if v is not None},
    }
    plain = [set(block) for block in blocks] == [{"type", "text"}]
    body = blocks[0]["text"] if plain and not listed else blocks or ""
    kinds = [call["type"] for call in calls]
    if kinds == sorted(kinds, reverse=True):
        fields["tool_calls"] = [c for c in calls if c["type"] == "tool_call"]
        fields["invalid_tool_calls"] = [c for c in calls if c["type"] != "tool_call"]
    else:
        body = [*blocks, *calls]  # only there can both kinds be in any order
    message = AIMessage(body, response_metadata=metadata, **fields)
    style = _style(content)
    if not _is_said(message, content):
        metadata["content_as"] = style
        message = AIMessage(body, response_metadata=metadata, **fields)
    return message


def _is_said(message: AIMessage, content: Any) -> bool:
    """Whether *message* is written with this *content* as it is."""
    try:
        return bool(write_assistant(message)["content"] == content)
    except InputError:
        return False


def _style(content: Any) -> str:
    if content is None:
        return "null"
    return "list" if isinstance(content, list) else "text"


def _reasoning(said: dict[str, Any], metadata: dict[str, Any]) -> list[ContentBlock]:
    for name in ("reasoning_content", "reasoning"):
        if isinstance(text := said.get(name), str) and text:
            del said[name]
            if name != "reasoning_content":
                metadata["reasoning_field"] = name
            return [{"type": "reasoning", "reasoning": text}]
    details = said.get("reasoning_details")
    told = ""
    for detail in details if isinstance(details, list) else ():
        match detail:
            case {"text": str(piece)} | {"summary": str(piece)}:
                told += piece
            case _:
                pass
    if not told:
        return []
    metadata["reasoning_field"] = "reasoning_details"
    return [{"type": "reasoning", "reasoning": told}]


def _cite(blocks: list[Any], said: dict[str, Any], *, listed: bool) -> None:
    """Put annotations to the first text."""
    notes = said.get("annotations")
    if not (isinstance(notes, list) and notes):
        return
    raw = "non_standard_annotation"
    cited = [read_citation(note) for note in notes]
    kept = [
        one if write_citation(one) == note else {"type": raw, "value": note}
        for one, note in zip(cited, notes, strict=True)
    ]
    texts = [n for n, block in enumerate(blocks) if block["type"] == "text"]
    if not texts and listed:
        return
    if not texts:
        blocks.append({"type": "text", "text": ""})
        texts = [len(blocks) - 1]
    blocks[texts[0]] = {**blocks[texts[0]], "annotations": kept}
    del said["annotations"]


# -------------------------------------------------------------------------- calls


def _calls(said: dict[str, Any]) -> list[dict[str, Any]]:
    given = expect(said.get("tool_calls"), list, "'tool_calls'")
    if given:
        del said["tool_calls"]
    old = said.get("function_call")
    if isinstance(old, dict):
        del said["function_call"]
        given = [*(given or ()), {"id": old.get("name"), "type": OLD, "function": old}]
    calls: list[dict[str, Any]] = []
    for call in given or ():
        read, wrong = _call(call)
        if wrong is None:
            calls.append({"type": "tool_call", **read})
        else:
            calls.append({"type": "invalid_tool_call", **read, "error": wrong})
    return calls


def _call(call: Any) -> tuple[dict[str, Any], str | None]:
    """A call, and why its arguments are no JSON object, if so."""
    if not isinstance(call, dict):
        raise InputError(f"'tool_calls' contains {shown(call)}, which is no object.")
    rest = dict(call)
    call_id = expect(rest.pop("id", None), str, "'id' of a tool call")
    kind = expect(rest.pop("type", None), str, "'type' of a tool call")
    mark: dict[str, Any] = {}
    if kind == CUSTOM:
        custom = expect(rest.pop("custom", None), dict, "a custom tool call") or {}
        name = expect(custom.get("name"), str, "'name' of a tool call") or ""
        free = expect(custom.get("input"), str, "'input' of a tool call") or ""
        extras = {"type": CUSTOM, **rest}
        return {
            "name": name,
            "args": {"input": free},
            "id": call_id,
            "extras": extras,
        }, None
    function = (
        expect(rest.pop("function", None), dict, "'function' of a tool call") or {}
    )
    name = expect(function.get("name"), str, "'name' of a tool call") or ""
    text = function.get("arguments")
    args, wrong = _arguments(text)
    if wrong is None and text != write_text(args):
        mark["arguments"] = text
    unusual = {k: v for k, v in function.items() if k not in ("name", "arguments")}
    if not name and "name" in function:
        unusual["name"] = function["name"]
    if unusual:
        mark["function"] = unusual
    if kind not in ("function", OLD):
        mark["type"] = kind
    if not call_id:
        mark["id"] = call_id
    read = {"name": name, "args": args, "id": call_id}
    extras = {**rest, **({DIALECT: mark} if mark else {})}
    if kind == OLD:
        extras = {"type": OLD, **extras}
    return {**read, **({"extras": extras} if extras else {})}, wrong


def _arguments(given: Any) -> tuple[Any, str | None]:
    if isinstance(given, dict):
        return given, None
    text = expect(given, str, "'arguments' of a tool call") or ""
    try:
        return parse_object(text), None
    except JsonError as error:
        return text, error.reason
