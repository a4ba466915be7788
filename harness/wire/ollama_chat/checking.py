"""The grammar of a stream of the Ollama API.

Rules: "line" (each is an object with model, created_at, message and done), "role",
"model" (one for all lines), "text" (content and thinking are texts), "call" (whole,
with a name and an object of arguments), "done" (the last line says it, with the reason,
and no other), "usage" (counts are numbers, and stand in the last line).
"""

from collections.abc import Iterator
from typing import Any

from harness.errors import shown
from harness.wire.sse import Event

__all__ = ["OllamaGrammar"]

Found = Iterator[tuple[str, str]]

_HEAD = {"model": str, "created_at": str, "message": dict, "done": bool}
_COUNTS = (
    *("prompt_eval_count", "eval_count", "total_duration", "load_duration"),
    *("prompt_eval_duration", "eval_duration"),
)


class OllamaGrammar:
    """Checks the lines of one stream. See `harness.wire.grammar.Grammar`."""

    def __init__(self) -> None:
        self._model: str | None = None
        self._ended = False

    def event(self, event: Event, said: Any) -> Found:
        """What is wrong with one line."""
        if event.event or not isinstance(said, dict):
            yield "line", f"{shown(said)} is not a line with an object"
            return
        if self._ended:
            yield "done", "a line stands after the end"
        if "error" in said:
            self._ended = True
            return
        for key, kind in _HEAD.items():
            if not isinstance(said.get(key), kind):
                yield "line", f"{key} is {shown(said.get(key))}"
        model = said.get("model")
        if self._model not in (None, model):
            yield "model", f"the model is {shown(model)}, and was {self._model!r}"
        self._model = model
        message = said.get("message")
        yield from _message(message if isinstance(message, dict) else {})
        yield from self._done(said)

    def end(self) -> Found:
        """What is missing where the stream ends."""
        if not self._ended:
            yield "done", "no line says that it is the last"

    def _done(self, said: dict[str, Any]) -> Found:
        last = said.get("done") is True
        if last:
            self._ended = True
            if not (isinstance(said.get("done_reason"), str) and said["done_reason"]):
                yield "done", f"done_reason is {shown(said.get('done_reason'))}"
        elif "done_reason" in said:
            yield "done", "done_reason stands before the end"
        for key in _COUNTS:
            if key in said and not last:
                yield "usage", f"{key} stands before the end"
            elif key in said and (type(said[key]) is not int or said[key] < 0):
                yield "usage", f"{key} is {shown(said[key])}"


def _message(message: dict[str, Any]) -> Found:
    if message.get("role") != "assistant":
        yield "role", f"the role is {shown(message.get('role'))}"
    for key in ("content", "thinking"):
        if not isinstance(message.get(key, ""), str):
            yield "text", f"{key} is {shown(message[key])}"
    calls = message.get("tool_calls", [])
    for call in calls if isinstance(calls, list) else [calls]:
        match call:
            case {"function": {"name": str(name), "arguments": dict()}} if name:
                pass
            case _:
                yield "call", f"{shown(call)} is no call"
