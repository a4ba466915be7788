"""The grammar of OpenAI's streams of chat completions: OpenAI's own, nobody else's."""

from collections.abc import Iterator
from typing import Any

from harness.errors import shown
from harness.partial_json import JsonError, parse_object
from harness.wire.json_values import says
from harness.wire.sse import Event

__all__ = ["ChatGrammar"]

Found = Iterator[tuple[str, str]]

_FRAME = ("id", "created", "model")
_ENDS = frozenset({"content_filter", "function_call", "length", "stop", "tool_calls"})


class ChatGrammar:
    """The rules, by their names. See `harness.wire.grammar.Grammar`.

    "object", "id", "created", "model": on each event, the same on all. "choice": an
    index, a delta. "role": "assistant", in the first delta of a choice alone.
    "content": texts. "call": index, id, type and name of calls. "arguments": they are
    JSON. "finish": one reason a choice, which fits. "usage": in an event of its own,
    the last. "done": [DONE], and nothing after it. "error": an error ends the stream.
    """

    def __init__(self) -> None:
        self._frame: dict[str, Any] = {}
        self._choices: dict[int, _Choice] = {}
        self._over: str | None = None
        self._failed = False
        self._usage = False

    def event(self, event: Event, said: Any) -> Found:
        """What is wrong with one event."""
        if self._over:
            yield "done", f"it comes after {self._over}"
        if said is None:
            self._over = "[DONE]"
        elif not isinstance(said, dict):
            yield "object", f"{shown(said)} is no object"
        elif says(said.get("error")):
            self._over, self._failed = "an error", True
        else:
            if event.event != "message":
                yield "object", f"the event is called {shown(event.event)}"
            yield from self._framed(said)
            yield from self._read(said)

    def _read(self, said: dict[str, Any]) -> Found:
        choices = said.get("choices")
        if not isinstance(choices, list):
            yield "choice", f"'choices' is {shown(choices)}, not a list"
            return
        if self._usage:
            yield "usage", "it comes after the usage"
        if says(said.get("usage")):
            self._usage = True
            if choices:
                yield "usage", "usage stands beside choices"
        elif not choices and "moderation" not in said:
            yield "choice", "there are neither choices nor usage"
        for choice in choices:
            yield from self._chosen(choice)

    def _framed(self, said: dict[str, Any]) -> Found:
        if said.get("object") != "chat.completion.chunk":
            yield "object", f"'object' is {shown(said.get('object'))}"
        for name in _FRAME:
            value = said.get(name)
            if not isinstance(value, int if name == "created" else str) or value == "":
                yield name, f"{name!r} is {shown(value)}"
            elif value != self._frame.setdefault(name, value):
                yield name, f"{shown(value)} follows {shown(self._frame[name])}"

    def _chosen(self, choice: Any) -> Found:
        if not (isinstance(choice, dict) and type(choice.get("index")) is int):
            yield "choice", f"{shown(choice)} has no index"
            return
        state = self._choices.setdefault(choice["index"], _Choice())
        yield from state.read(choice)

    def end(self) -> Found:
        """What is missing where the stream ends."""
        if self._over is None:
            yield "done", "[DONE] is missing"
        if self._failed:
            return
        if not self._choices:
            yield "choice", "there is no choice"
        for index, choice in sorted(self._choices.items()):
            for rule, text in choice.end():
                yield rule, f"{text} (choice {index})"


class _Choice:
    """One of the answers that were asked for."""

    def __init__(self) -> None:
        self._begun = False
        self._ended: Any = None
        self._calls: list[_Call] = []
        self._old: _Call | None = None

    def read(self, choice: dict[str, Any]) -> Found:
        delta, reason = choice.get("delta"), choice.get("finish_reason")
        if not isinstance(delta, dict):
            yield "choice", f"'delta' is {shown(delta)}, not an object"
            return
        if "finish_reason" not in choice:
            yield "finish", "'finish_reason' is missing"
        if self._ended is not None:
            yield "finish", f"it comes after the finish reason {self._ended!r}"
        yield from self._role(delta)
        for name in ("content", "refusal", "reasoning", "reasoning_content"):
            if not isinstance(delta.get(name), str | None):
                yield "content", f"{name!r} is {shown(delta[name])}, not a text"
        yield from self._called(delta)
        if reason is not None:
            if self._ended is None:
                self._ended = reason
            if not isinstance(reason, str) or reason not in _ENDS:
                yield "finish", f"{shown(reason)} is no finish reason"

    def _role(self, delta: dict[str, Any]) -> Found:
        role = delta.get("role")
        if not self._begun and role != "assistant":
            yield "role", f"the first delta has the role {shown(role)}"
        elif self._begun and "role" in delta:
            yield "role", f"the role {shown(role)} is said again"
        self._begun = True

    def _called(self, delta: dict[str, Any]) -> Found:
        calls = delta.get("tool_calls")
        if not isinstance(calls, list | None):
            yield "call", f"'tool_calls' is {shown(calls)}, not a list"
            return
        for call in calls or ():
            index = call.get("index") if isinstance(call, dict) else None
            if type(index) is not int or not 0 <= index <= len(self._calls):
                yield "call", f"{shown(call)} follows {len(self._calls)} calls"
                continue
            first = index == len(self._calls)
            if first:
                self._calls.append(_Call())
            yield from self._calls[index].read(call, first=first)
        old = delta.get("function_call")
        if isinstance(old, dict):
            self._old = self._old or _Call()
            self._old.args.append(str(old.get("arguments") or ""))

    def end(self) -> Found:
        reason = self._ended
        if reason is None:
            yield "finish", "there is no finish reason"
            return
        calls = [*self._calls, *([self._old] if self._old else [])]
        # A call that was asked for by name ends in "stop".
        if reason == "tool_calls" and not self._calls:
            yield "finish", "it ends in 'tool_calls', and calls nothing"
        if reason == "function_call" and not self._old:
            yield "finish", "it ends in 'function_call', and calls nothing"
        if reason not in ("length", "content_filter"):
            for call in calls:
                yield from call.end()


class _Call:
    """One call."""

    def __init__(self) -> None:
        self.args: list[str] = []
        self._kind = "function"

    def read(self, call: dict[str, Any], *, first: bool) -> Found:
        if first:
            self._kind = "custom" if call.get("type") == "custom" else "function"
        body = call.get(self._kind)
        if not isinstance(body, dict):
            yield "call", f"{self._kind!r} is {shown(body)}, not an object"
            return
        named = {
            "id": call.get("id"),
            "type": call.get("type"),
            "name": body.get("name"),
        }
        for name, value in named.items():
            if first and not (isinstance(value, str) and value):
                yield "call", f"{name!r} is {shown(value)} where the call begins"
            holder = body if name == "name" else call
            if not first and name in holder:
                yield "call", f"{name!r} is said again: {shown(value)}"
        args = body.get("input" if self._kind == "custom" else "arguments")
        if isinstance(args, str):
            self.args.append(args)
        else:
            yield "arguments", f"arguments are {shown(args)}, not a text"

    def end(self) -> Found:
        if self._kind == "custom":
            return
        text = "".join(self.args)
        try:
            parse_object(text)
        except JsonError as error:
            yield "arguments", f"{shown(text)}: {error.reason}"
