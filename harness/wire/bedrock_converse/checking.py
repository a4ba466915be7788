"""The grammar of a stream of the Converse API.

Rules: "event" (which there are), "first" (messageStart begins), "role", "index" (blocks
come one after the other, counted from 0), "start" (calls, results and images have one,
with name and id), "kind" (one block says one thing), "args" (pieces join to one JSON
object), "stop" (each block ends before the message does), "finish" (one messageStop,
and its reason), "usage" (the metadata counts), "end" (the metadata, and nothing after).
"""

from collections.abc import Callable, Iterator
from typing import Any

from harness.errors import shown
from harness.partial_json import JsonError, parse_object
from harness.wire.bedrock_converse.exceptions import is_exception
from harness.wire.bedrock_converse.finishing import FINISHES
from harness.wire.sse import Event

__all__ = ["ConverseGrammar"]

Found = Iterator[tuple[str, str]]

_COUNTS = ("inputTokens", "outputTokens", "totalTokens")
_STARTED = frozenset({"image", "toolResult", "toolUse"})
#: What stands together in one block.
_KINDS = {"citation": "text"}


class ConverseGrammar:
    """Checks the events of one stream. See `harness.wire.grammar.Grammar`."""

    def __init__(self) -> None:
        self._begun = self._failed = False
        self._block: int | None = None
        self._next = 0
        self._kind: str | None = None
        self._args: str | None = None
        self._called = False
        self._reason: str | None = None
        self._wrong_args: str | None = None
        self._counted = False

    def event(self, event: Event, said: Any) -> Found:
        """What is wrong with one event."""
        name = event.event
        if is_exception(name):
            self._failed = True
            return
        if name not in _EVENTS:
            yield "event", f"no event of the format is called {shown(name)}"
            return
        if not isinstance(said, dict):
            yield "event", f"{shown(said)} is not an object"
            return
        if self._failed or self._counted:
            yield "end", f"{name} stands after the end"
        if not self._begun and name != "messageStart":
            yield "first", f"{name} stands before messageStart"
        if self._reason is not None and name != "metadata":
            yield "finish", f"{name} stands after messageStop"
        yield from _EVENTS[name](self, said)
        self._begun = True

    def end(self) -> Found:
        """What is missing where the stream ends."""
        if self._failed:
            return
        if self._reason is None:
            yield "finish", "there is no messageStop"
        if not self._counted:
            yield "end", "there is no metadata"

    def _message_start(self, said: dict[str, Any]) -> Found:
        if self._begun:
            yield "first", "messageStart comes again"
        if said.get("role") != "assistant":
            yield "role", f"the role is {shown(said.get('role'))}"

    def _block_start(self, said: dict[str, Any]) -> Found:
        yield from self._begin(said)
        start = said.get("start")
        if not isinstance(start, dict) or len(start) != 1:
            yield "start", f"{shown(start)} starts nothing"
            return
        ((self._kind, about),) = start.items()
        if self._kind not in _STARTED or not isinstance(about, dict):
            yield "start", f"{shown(start)} starts nothing that has a start"
            return
        for key in ("toolUseId", "name") if self._kind == "toolUse" else ():
            if not (isinstance(about.get(key), str) and about[key]):
                yield "start", f"{key} of a call is {shown(about.get(key))}"
        if self._kind == "toolUse":
            self._args = ""
            self._called = self._called or about.get("type") != "server_tool_use"

    def _begin(self, said: dict[str, Any]) -> Found:
        index = said.get("contentBlockIndex")
        if self._block is not None:
            yield "stop", f"block {self._block} is not over where {shown(index)} begins"
        if index != self._next:
            yield "index", f"block {shown(index)} begins, and {self._next} is next"
        self._block = index if type(index) is int else self._next
        self._next = self._block + 1
        self._kind = self._args = None

    def _delta(self, said: dict[str, Any]) -> Found:
        fresh = said.get("contentBlockIndex") != self._block or self._block is None
        if fresh:
            yield from self._begin(said)
        delta = said.get("delta")
        if not isinstance(delta, dict) or len(delta) != 1:
            yield "kind", f"{shown(delta)} is no delta"
            return
        ((key, value),) = delta.items()
        kind = _KINDS.get(key, key)
        if kind in _STARTED and fresh:
            yield "start", f"a {kind} begins without contentBlockStart"
        elif self._kind not in (None, kind):
            yield "kind", f"{key} stands in a block of {self._kind}"
        self._kind = kind
        if kind == "toolUse" and isinstance(value, dict):
            self._args = f"{self._args or ''}{value.get('input')}"

    def _block_stop(self, said: dict[str, Any]) -> Found:
        index = said.get("contentBlockIndex")
        if index != self._block or self._block is None:
            yield "index", f"block {shown(index)} ends, which is not open"
        self._block = None
        args, self._args = self._args, None
        try:
            parse_object(args or "{}")
        except JsonError as error:
            # Where there was no room for more, that may be.
            self._wrong_args = f"{shown(args)} are no arguments: {error.reason}"

    def _message_stop(self, said: dict[str, Any]) -> Found:
        if self._block is not None:
            yield "stop", f"block {self._block} is not over"
        reason = said.get("stopReason")
        self._reason = str(reason)
        if not isinstance(reason, str) or reason not in FINISHES:
            yield "finish", f"stopReason is {shown(reason)}"
        if (reason == "tool_use") > self._called:
            yield "finish", "stopReason is 'tool_use', and there is no call"
        if self._wrong_args and reason != "max_tokens":
            yield "args", self._wrong_args

    def _metadata(self, said: dict[str, Any]) -> Found:
        if self._reason is None:
            yield "end", "metadata stands before messageStop"
        self._counted = True
        usage = said.get("usage")
        usage = usage if isinstance(usage, dict) else {}
        for key in _COUNTS:
            if type(usage.get(key)) is not int or usage[key] < 0:
                yield "usage", f"{key} is {shown(usage.get(key))}"
        if not isinstance(said.get("metrics"), dict):
            yield "usage", "there are no metrics"


_EVENTS: dict[str, Callable[[ConverseGrammar, dict[str, Any]], Found]] = {
    "contentBlockDelta": ConverseGrammar._delta,
    "contentBlockStart": ConverseGrammar._block_start,
    "contentBlockStop": ConverseGrammar._block_stop,
    "messageStart": ConverseGrammar._message_start,
    "messageStop": ConverseGrammar._message_stop,
    "metadata": ConverseGrammar._metadata,
}
