"""Messages out of the many forms in which people write them.

In: a text; one message or role dict; a list of messages, role dicts and (role, text)
pairs. Out: messages. Anything else is one clear error.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from harness.errors import InputError, nearest, shown
from harness.message_fields import read_list
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)
from harness.partial_json import JsonError, parse_object

__all__ = ["coerce_messages"]

_FORMS = (
    "Give a string, or a list of messages such as HumanMessage('Hi'), "
    "{'role': 'user', 'content': 'Hi'} or ('user', 'Hi')."
)


def coerce_messages(value: object) -> tuple[Message, ...]:
    """The messages that *value* says. Raises InputError.

    >>> coerce_messages([("system", "Be brief."), {"role": "user", "content": "Hi"}])
    (SystemMessage('Be brief.'), HumanMessage('Hi'))
    """
    if isinstance(value, str):
        return (HumanMessage(value),)
    if isinstance(value, Message | Mapping):
        return (_message(value, ""),)
    if not _is_history(value):
        pair = isinstance(value, tuple) and len(value) == 2 and value[0] in _READERS
        hint = f"Put the pair into a list: [{shown(value)}]" if pair else _FORMS
        raise InputError(f"A model cannot be asked {_named(value)}. {hint}")
    if not value:
        raise InputError(f"A model cannot be asked nothing: no messages. {_FORMS}")
    return tuple(_message(item, f"Message {n}: ") for n, item in enumerate(value))


def _is_history(value: object) -> TypeGuard[list[Any] | tuple[Any, ...]]:
    # A bare ("user", "Hi") would otherwise pass for two messages.
    pair = isinstance(value, tuple) and all(isinstance(v, str) for v in value)
    return isinstance(value, list | tuple) and not pair


def _named(value: object) -> str:
    return f"{shown(value)} ({type(value).__name__})"


def _message(item: object, where: str) -> Message:
    match item:
        case AIMessage():
            return item.to_message()
        case Message():
            return item
        case Mapping():
            return _from_dict(item, where)
        case (str(role), (str() | list()) as content):
            return _from_dict({"role": role, "content": content}, where)
        case str():
            raise InputError(
                f"{where}{shown(item)} is a bare string among messages. {_FORMS} "
                "To ask several things at once, use batch()."
            )
        case _:
            raise InputError(f"{where}{_named(item)} is not a message. {_FORMS}")


def _from_dict(given: Mapping[str, Any], where: str) -> Message:
    item = dict(given)
    role = item.pop("role", None)
    if role is None and isinstance(item.get("type"), str):
        if item["type"] not in _READERS:
            return _dumped(item, where)
        role = item.pop("type")
    if role is None:
        raise InputError(f"{where}{shown(given)} has no 'role'. {_FORMS}")
    if not isinstance(role, str) or role not in _READERS:
        known = nearest(str(role), _READERS)
        raise InputError(f"{where}no message has the role {shown(role)}. {known}")
    if "content" not in item and not item.get("tool_calls"):
        raise InputError(f"{where}the message {shown(given)} has no 'content'.")
    content = item.pop("content", None)
    try:
        return _READERS[role]("" if content is None else content, item, where)
    except InputError as error:
        if where and not str(error).startswith(where):
            raise InputError(f"{where}{error}") from error
        raise


def _dumped(item: dict[str, Any], where: str) -> Message:
    try:
        return _message(Message.model_validate(item), where)
    except InputError as error:
        raise InputError(f"{where}{error}") from error


_COMMON = ("name", "id", "additional_kwargs", "response_metadata")


def _fields(item: dict[str, Any], *known: str) -> dict[str, Any]:
    """The fields that a message has; what it has no field for is kept beside them."""
    fields = {k: item[k] for k in (*_COMMON, *known) if item.get(k) is not None}
    rest = {
        k: v
        for k, v in item.items()
        if k not in (*_COMMON, *known, "type") and v is not None
    }
    if rest:
        fields["additional_kwargs"] = {**rest, **fields.get("additional_kwargs", {})}
    return fields


def _system(content: Any, item: dict[str, Any], _: str) -> Message:
    return SystemMessage(content, **_fields(item))


def _developer(content: Any, item: dict[str, Any], _: str) -> Message:
    fields = _fields(item)
    kept = fields.pop("additional_kwargs", {})
    return SystemMessage(
        content, additional_kwargs={**kept, "role": "developer"}, **fields
    )


def _human(content: Any, item: dict[str, Any], _: str) -> Message:
    return HumanMessage(content, **_fields(item))


def _tool(content: Any, item: dict[str, Any], where: str) -> Message:
    if not isinstance(item.get("tool_call_id"), str):
        raise InputError(
            f"{where}the tool message {shown(content)} has no 'tool_call_id' to say "
            "which call it answers."
        )
    return ToolMessage(content, **_fields(item, "tool_call_id", "status", "artifact"))


def _assistant(content: Any, item: dict[str, Any], _: str) -> Message:
    blocks = [] if content == "" else content
    for key, kind in (("reasoning_content", "reasoning"), ("refusal", "refusal")):
        said = item.pop(key, None)
        if isinstance(said, str) and said:
            blocks = (
                [{"type": "text", "text": blocks}]
                if blocks and isinstance(blocks, str)
                else list(blocks)
            )
            blocks.insert(
                0 if kind == "reasoning" else len(blocks), {"type": kind, kind: said}
            )
    calls: list[Any] = []
    invalid = read_list(
        item.pop("invalid_tool_calls", None) or (), "invalid_tool_calls"
    )
    for call in read_list(item.pop("tool_calls", None) or (), "tool_calls"):
        read, reason = _openai_call(call)
        (calls if reason is None else invalid).append(read)
    if item.get("annotations") == []:
        del item["annotations"]
    fields = _fields(item, "usage_metadata")
    return AIMessage(
        blocks or "", tool_calls=calls, invalid_tool_calls=invalid, **fields
    )


def _openai_call(call: Any) -> tuple[Any, str | None]:
    """A call in our own form, out of OpenAI's; and why its arguments are unreadable."""
    match call:
        case {"function": {"name": str(name), **rest}}:
            said = {"name": name, "args": rest.get("arguments"), "id": call.get("id")}
        case _:
            return call, None
    if isinstance(said["args"], str | None):
        try:
            said["args"] = parse_object(said["args"] or "")
        except JsonError as error:
            return {**said, "error": error.reason}, error.reason
    return said, None


_READERS: dict[str, Callable[[Any, dict[str, Any], str], Message]] = {
    "ai": _assistant,
    "assistant": _assistant,
    "developer": _developer,
    "human": _human,
    "system": _system,
    "tool": _tool,
    "user": _human,
}
