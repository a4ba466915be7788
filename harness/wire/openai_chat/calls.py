"""Tool calls of OpenAI Chat Completions, put right while they stream.

In: the "tool_calls" of each delta, as any provider spells them. Out: fragments in
which each call has an index of its own, the provider's where that is possible. What
providers leave out or get wrong: an index missing, or the same for every call; several
whole calls in one delta; ids empty, late, or given anew with every fragment; arguments
null, or an object.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from harness.errors import WireError, shown
from harness.partial_json import JsonError, parse_object
from harness.wire.json_values import expect, says

__all__ = ["CUSTOM", "OLD", "CallReader"]

#: Types of calls, as their extras say them: free text; the older "function_call".
CUSTOM, OLD = "custom", "function_call"

_KNOWN = ("custom", "function", "id", "index", "type")
#: The free text of a custom tool becomes an argument of this name.
_OPEN, _SHUT = '{"input": "', '"}'


@dataclass(slots=True)
class _Call:
    index: int
    id: str | None = None
    name: str | None = None
    args: list[str] = field(default_factory=list)
    extras: dict[str, Any] = field(default_factory=dict)
    #: Fragments of a call without id wait for the id, but not longer than they must.
    held: bool = True
    #: The text of a custom call goes on.
    custom: bool = False

    def whole(self) -> bool:
        if not (self.args and self.args[-1].rstrip().endswith("}")):
            return False
        try:
            parse_object("".join(self.args))
        except JsonError:
            return False
        return True


class CallReader:
    """The tool calls of one answer so far."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}

    def read(self, deltas: list[Any]) -> list[dict[str, Any]]:
        """The fragments that the tool calls of one delta amount to."""
        return [fragment for delta in deltas for fragment in self._read(delta)]

    def release(self) -> list[dict[str, Any]]:
        """Fragments that waited for an id in vain."""
        return [_opening(call) for call in self._calls if call.held]

    def finish(self) -> list[dict[str, Any]]:
        """What ends the arguments of custom calls, once the answer is whole."""
        ready: list[dict[str, Any]] = []
        for call in self._calls:
            if call.custom:
                call.custom = False
                ready += self._say(call, _SHUT, {})
        return ready

    def _read(self, delta: Any) -> list[dict[str, Any]]:
        said = expect(delta, dict, "a tool call") or {}
        function, custom = _called(said)
        call_id = expect(said.get("id"), str, "'id' of a tool call") or None
        name = expect(function.get("name"), str, "'name' of a tool call") or None
        wire = said.get("index")
        wire = wire if type(wire) is int else None
        args = _text(function.get("arguments"))
        extras = {k: v for k, v in said.items() if k not in _KNOWN and says(v)}
        call = self._find(wire, call_id, name)
        ready: list[dict[str, Any]] = []
        if call is None:
            ready = self.release()
            call = _Call(self._place(wire), custom=custom)
            self._calls.append(call)
            if custom or said.get("type") == OLD:
                extras["type"] = CUSTOM if custom else OLD
            if custom:
                call.args.append(_OPEN)
        if wire is not None:
            self._by_index[wire] = call
        if call.custom:
            args = json.dumps(args)[1:-1]
        elif args == "null" and not call.args:
            args = ""  # Groq's word for a call without arguments
        call.id = call.id or call_id
        call.name = call.name or name
        return ready + self._say(call, args, extras)

    def _say(self, call: _Call, args: str, extras: Any) -> list[dict[str, Any]]:
        """What is to be given out of *call* now that it goes on."""
        if not call.held:
            return [_fragment(call, None, None, args, extras)] if args or extras else []
        call.args.append(args)
        call.extras |= extras
        return [_opening(call)] if call.id or call.whole() else []

    def _place(self, wire: int | None) -> int:
        """The index of a new call: the provider's, unless another call has it."""
        taken = {call.index for call in self._calls}
        if wire is not None and wire not in taken:
            return wire
        return max(taken, default=-1) + 1

    def _find(
        self, wire: int | None, call_id: str | None, name: str | None
    ) -> _Call | None:
        """The call that a fragment goes on with; None if it opens one."""
        if wire is None:
            same = [c for c in self._calls if call_id and c.id == call_id]
            call = (same or self._calls)[-1] if self._calls else None
        else:
            call = self._by_index.get(wire)
        if call is None or not name:
            # What opens a call has a name; an id alone is the old call's, said anew.
            return call
        if call_id and call.id:
            return call if call_id == call.id else None
        if call.name and (name != call.name or call.whole()):
            return None
        return call


def _called(said: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The function that is called, and whether it takes a free text."""
    custom = expect(said.get("custom"), dict, "a custom tool call")
    if custom is None and (said.get("type") != CUSTOM or "function" in said):
        return expect(
            said.get("function"), dict, "'function' of a tool call"
        ) or {}, False
    text = expect((custom or {}).get("input"), str, "'input' of a tool call")
    return {"name": (custom or {}).get("name"), "arguments": text}, True


def _opening(call: _Call) -> dict[str, Any]:
    call.held = False
    return _fragment(call, call.id, call.name, "".join(call.args), call.extras)


def _fragment(
    call: _Call, call_id: str | None, name: str | None, args: str, extras: Any
) -> dict[str, Any]:
    said = {"name": name, "args": args, "id": call_id, "index": call.index}
    return {**said, "extras": extras} if extras else said


def _text(args: Any) -> str:
    match args:
        case None:
            return ""
        case str():
            return args
        case dict():
            return json.dumps(args, ensure_ascii=False)
        case _:
            raise WireError(f"'arguments' of a tool call is {shown(args)}, not a str.")
