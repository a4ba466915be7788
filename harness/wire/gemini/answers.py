"""Results of calls: functionResponse parts, and the ToolMessages that they are.

A result has the name of its function, and an id only if the call has one. What is said
beside the name is an object. Where that is one text, this is the message's content;
else the content is the object, as JSON. How it was stays in the message's
``additional_kwargs["functionResponse"]``.
"""

from typing import Any

from harness.errors import InputError, WireError, nearest, shown
from harness.messages import AIMessage, Message, ToolMessage
from harness.wire.gemini.parts import CallIds, read_part, wire_id, write_blocks
from harness.wire.json_values import expect, read_json, write_text

__all__ = ["CallBook"]

_MARK = "functionResponse"
_OUTPUT, _ERROR = "output", "error"
_READ = frozenset({"id", "name", "response", "parts"})
_OURS = frozenset({"key", "id", "part"})


class CallBook:
    """The calls of a conversation so far: who answers which, and what it is called."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._open: list[tuple[str, str]] = []

    def ask(self, calls: list[Any]) -> None:
        """Take note of the *calls* of one answer of the model."""
        self._open = [(call["id"] or "", call["name"]) for call in calls]
        self._names |= dict(self._open)

    def name(self, message: ToolMessage) -> str:
        """The function that *message* answers for. Raises InputError if unknown."""
        name = message.name or self._names.get(message.tool_call_id)
        if name is None:
            raise InputError(
                f"gemini: a result must name its function, and no call before it has "
                f"the id {message.tool_call_id!r}. "
                f"{nearest(message.tool_call_id, self._names)} "
                "Keep the answer that called it, or give the ToolMessage a name."
            )
        return name

    def _match(self, call_id: str | None, name: str) -> str | None:
        """The id of the call that a result of *name* answers."""
        for entry in self._open:
            if entry[1] == name and call_id in (None, entry[0]):
                self._open.remove(entry)
                return entry[0]
        return call_id

    # ------------------------------------------------------------ reading

    def read_answer(self, part: dict[str, Any], ids: CallIds) -> ToolMessage:
        """The message that *part*, with a functionResponse, is. Raises WireError."""
        said: dict[str, Any] = part[_MARK]
        name = expect(said.get("name"), str, "'name' of a functionResponse")
        if not name:
            raise WireError(f"a functionResponse has no name: {shown(said)}.")
        call_id = expect(said.get("id"), str, "'id' of a functionResponse") or None
        match = self._match(call_id, name) or ids.next()
        response = expect(said.get("response"), dict, "'response'")
        text, key = _text_of(response)
        mark = {k: v for k, v in said.items() if k not in _READ and v is not None}
        if key not in (_OUTPUT, _ERROR):
            mark["key"] = key
        if call_id is None and wire_id(match):
            mark["id"] = None
        if rest := {k: v for k, v in part.items() if k != _MARK and v is not None}:
            mark["part"] = rest
        attached = expect(said.get("parts"), list, "'parts' of a functionResponse")
        blocks = [read_part(item) for item in attached or []]
        return ToolMessage(
            [{"type": "text", "text": text}, *blocks] if blocks else text,
            tool_call_id=match,
            name=None if self._names.get(match) == name else name,
            status="error" if _ERROR in (response or {}) else "success",
            additional_kwargs={_MARK: mark} if mark else None,
        )

    # ------------------------------------------------------------ writing

    def write(self, message: Message) -> None:
        """Take note of what *message*, which is being written, calls."""
        if isinstance(message, AIMessage):
            self.ask(message.tool_calls)

    def write_answer(self, message: ToolMessage) -> dict[str, Any]:
        """The part that says *message*. Raises InputError."""
        mark: Any = message.additional_kwargs.get(_MARK)
        mark = mark if isinstance(mark, dict) else {}
        blocks = [b for b in message.content_blocks if b["type"] != "text"]
        said: dict[str, Any] = {"name": self.name(message)}
        if "id" not in mark:
            said |= wire_id(message.tool_call_id)
        said |= _response(message, mark)
        said |= {k: v for k, v in mark.items() if k not in _OURS}
        if attached := write_blocks(blocks):
            said["parts"] = attached
        beside = mark.get("part")
        return {_MARK: said, **(beside if isinstance(beside, dict) else {})}


def _text_of(response: dict[str, Any] | None) -> tuple[str, str | None]:
    """The text of a result, and the key it is under; None where it is all JSON."""
    if response is None:
        return "", None
    if len(response) == 1:
        ((key, value),) = response.items()
        if isinstance(value, str):
            return value, key
    return write_text(response), None


def _response(message: ToolMessage, mark: dict[str, Any]) -> dict[str, Any]:
    default = _ERROR if message.status == "error" else _OUTPUT
    key = mark.get("key", default)
    text = message.text
    if isinstance(key, str):
        return {"response": {key: text}}
    if not text:
        return {}
    try:
        value = read_json(text)
    except ValueError:
        value = None
    return {"response": value if isinstance(value, dict) else {default: text}}
