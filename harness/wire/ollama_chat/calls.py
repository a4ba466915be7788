"""Tool calls of the Ollama API, and standard ones.

Older servers give a call no id. It then gets one made from what it says, by which the
answer of its tool can be told; such an id is never sent.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, WireError, shown
from harness.partial_json import JsonError, parse_object
from harness.wire.json_values import expect, write_text
from harness.wire.ownership import own

__all__ = ["is_made", "made_id", "read_call", "standard_call", "write_call"]

_MADE = "made_call_"


def made_id(place: int, name: str | None, args: str) -> str:
    """The id of the call at *place* in its message, where none was given.

    >>> made_id(0, "f", "{}")
    'made_call_0_a8cc9f7c'
    """
    seed = f"{place}/{name}/{args}"
    return f"{_MADE}{place}_{sha256(seed.encode('utf-8', 'replace')).hexdigest()[:8]}"


def is_made(call_id: str | None) -> bool:
    """Whether the id is ours, and not the server's."""
    return not call_id or call_id.startswith(_MADE)


def read_call(said: Any, place: int) -> dict[str, Any]:
    """The call as a whole fragment, its args as text. Raises WireError.

    What it has no field for is in ``extras``, that of its function under "function".
    """
    said = expect(said, dict, "a tool call") or {}
    function = expect(said.get("function"), dict, "'function' of a tool call") or {}
    name = expect(function.get("name"), str, "'name' of a tool call")
    match function.get("arguments"):
        case None:
            args = ""
        case str(text):
            args = text
        case dict(value):
            args = write_text(value)
        case other:
            raise WireError(f"'arguments' of a tool call is {shown(other)}.")
    call_id = expect(said.get("id"), str, "'id' of a tool call")
    extras = {k: v for k, v in said.items() if k not in ("id", "function")}
    rest = {k: v for k, v in function.items() if k not in ("name", "arguments")}
    extras |= {"function": rest} if rest else {}
    call = {"name": name, "args": args, "id": call_id or made_id(place, name, args)}
    return {**call, "extras": extras} if extras else call


def standard_call(call: Mapping[str, Any]) -> ContentBlock:
    """The block that a whole fragment amounts to."""
    try:
        return {"type": "tool_call", **call, "args": parse_object(call["args"])}
    except JsonError as error:
        return {"type": "invalid_tool_call", **call, "error": error.reason}


def write_call(block: ContentBlock) -> dict[str, Any]:
    """What says the call. Raises InputError for arguments that are no object.

    >>> write_call({"type": "tool_call", "name": "f", "args": {}, "id": "call_1"})
    {'id': 'call_1', 'function': {'name': 'f', 'arguments': {}}}
    """
    if block["type"] == "invalid_tool_call":
        raise InputError(
            f"the call {shown(block)} has arguments that are no JSON object, and the "
            "Ollama API has no other form for them: mend them, or leave the call out."
        )
    extras = own(block.get("extras"), "ollama-chat")
    rest = extras.pop("function", None)
    if extras.get("type") != "function":
        extras.pop("type", None)
    function = {"name": block["name"], "arguments": block["args"]}
    function |= rest if isinstance(rest, dict) else {}
    named = {} if is_made(block["id"]) else {"id": block["id"]}
    return {**named, **extras, "function": function}
