"""The grammar of a stream of Anthropic Messages.

One message_start; blocks one after the other, numbered from 0, each with a start, its
own kind of deltas and a stop; one message_delta with the reason and the usage; one
message_stop. Pings may stand anywhere behind the start; an error ends everything.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.errors import shown
from harness.partial_json import JsonError, parse_object
from harness.wire.anthropic_messages.blocks import SERVER_CALLS
from harness.wire.anthropic_messages.endings import STOP_REASONS
from harness.wire.sse import Event

__all__ = ["MessagesGrammar"]

_Found = tuple[str, str]
_CALLS = SERVER_CALLS | {"tool_use"}
#: Which deltas a block may have; one of a type that is not here may have any.
_DELTAS: dict[str, frozenset[str]] = {
    "text": frozenset({"citations_delta", "text_delta"}),
    "thinking": frozenset({"signature_delta", "thinking_delta"}),
    "redacted_thinking": frozenset(),
    "compaction": frozenset({"compaction_delta"}),
    **{kind: frozenset({"input_json_delta"}) for kind in _CALLS},
}
#: What a delta adds to; the other types of deltas have objects or anything.
_ADDED = {
    "input_json_delta": "partial_json",
    "signature_delta": "signature",
    "text_delta": "text",
    "thinking_delta": "thinking",
}
#: What a block has at its start, before any delta.
_AT_START: dict[str, dict[str, Any]] = {
    "text": {"text": ""},
    "thinking": {"thinking": "", "signature": ""},
    **{kind: {"input": {}} for kind in _CALLS},
}
_CUT = frozenset({"max_tokens", "model_context_window_exceeded", "refusal"})


@dataclass(slots=True)
class _Open:
    kind: str
    index: int
    input: list[str] = field(default_factory=list)
    signed: bool = False


class MessagesGrammar:
    """The rules of one stream. See `harness.wire.grammar.Grammar`."""

    def __init__(self) -> None:
        self._started = False
        self._block: _Open | None = None
        self._count = 0
        self._calls = False
        self._unread = ""
        self._reason: str | None = None
        self._over = ""

    def event(self, event: Event, said: Any) -> Iterator[_Found]:
        """What is wrong with one event."""
        if said is None:
            yield "done", "the format has no [DONE]"
            return
        if not (isinstance(said, dict) and isinstance(said.get("type"), str)):
            yield "type", f"{shown(said)} is no object with a 'type'"
            return
        kind = said["type"]
        if event.event and event.event != kind:
            yield "name", f"the event is called {event.event!r}, its type is {kind!r}"
        if self._over:
            yield "done", f"{kind} follows {self._over}"
        check = _CHECKS.get(kind)
        if check is None:
            yield "type", f"no event has the type {kind!r}"
        elif kind not in ("error", "message_start") and not self._started:
            yield "first", f"{kind} stands before message_start"
        if check is not None:
            yield from check(self, said)

    def end(self) -> Iterator[_Found]:
        """What is missing where the stream ends."""
        if not self._over:
            yield "end", "the stream ends without message_stop"

    # ---------------------------------------------------------------- the message

    def _message_start(self, said: Any) -> Iterator[_Found]:
        if self._started:
            yield "first", "message_start comes again"
        self._started = True
        message = said.get("message")
        message = message if isinstance(message, dict) else {}
        for key, right in (("type", "message"), ("role", "assistant"), ("content", [])):
            if message.get(key) != right:
                yield "start", f"{key!r} is {shown(message.get(key))}, not {right!r}"
        for key in ("id", "model"):
            if not (isinstance(message.get(key), str) and message[key]):
                yield "start", f"{key!r} is {shown(message.get(key))}, not a name"
        for key in ("stop_reason", "stop_sequence"):
            if message.get(key) is not None:
                yield "start", f"{key!r} is {shown(message[key])} at the start"
        yield from _usage(message.get("usage"), "input_tokens", "output_tokens")

    def _message_delta(self, said: Any) -> Iterator[_Found]:
        if self._block is not None:
            yield "index", f"message_delta inside block {self._block.index}"
        if self._reason is not None:
            yield "finish", "message_delta comes again"
        delta = said.get("delta")
        given = delta.get("stop_reason") if isinstance(delta, dict) else None
        self._reason = reason = str(given)
        if reason not in STOP_REASONS:
            yield "finish", f"no answer stops for the reason {shown(given)}"
        elif (reason == "tool_use") is not self._calls and reason not in _CUT:
            called = "calls a tool" if self._calls else "calls no tool"
            yield "finish", f"the reason is {reason!r}, and the answer {called}"
        if self._unread and reason not in _CUT:
            yield "input", self._unread
        yield from _usage(said.get("usage"), "output_tokens")

    def _message_stop(self, _: Any) -> Iterator[_Found]:
        if self._reason is None:
            yield "finish", "message_stop without message_delta"
        self._over = "message_stop"
        yield from ()

    def _ping(self, _: Any) -> Iterator[_Found]:
        yield from ()

    def _error(self, said: Any) -> Iterator[_Found]:
        self._over = "an error"
        match said.get("error"):
            case {"type": str(), "message": str()}:
                pass
            case error:
                yield "error", f"{shown(error)} has no 'type' and 'message'"

    # ----------------------------------------------------------------- the blocks

    def _block_start(self, said: Any) -> Iterator[_Found]:
        if self._block is not None:
            yield "index", f"block {self._block.index} has not ended"
        if self._reason is not None:
            yield "finish", "a block begins behind message_delta"
        if said.get("index") != self._count:
            yield (
                "index",
                f"block {self._count} has the index {shown(said.get('index'))}",
            )
        block = said.get("content_block")
        kind = block.get("type") if isinstance(block, dict) else None
        self._block = _Open(str(kind), self._count)
        self._count += 1
        self._calls = self._calls or kind == "tool_use"
        if not isinstance(kind, str):
            yield "block", f"{shown(block)} is no content block"
            return
        for key, right in _AT_START.get(kind, {}).items():
            if block.get(key, "" if key == "signature" else None) != right:
                yield "block", f"{key!r} is {shown(block.get(key))} at the start"
        for key in ("id", "name") if kind in _CALLS else ():
            if not isinstance(block.get(key), str):
                yield "block", f"{key!r} of a call is {shown(block.get(key))}"

    def _block_delta(self, said: Any) -> Iterator[_Found]:
        block, delta = self._block, said.get("delta")
        if block is None or said.get("index") != block.index:
            yield "index", f"no block {shown(said.get('index'))} is open"
            return
        kind = delta.get("type") if isinstance(delta, dict) else None
        if not isinstance(kind, str):
            yield "delta", f"{shown(delta)} is no delta"
            return
        if kind not in _DELTAS.get(block.kind, {kind}):
            yield "delta", f"{kind} in a block of the type {block.kind!r}"
        key = _ADDED.get(kind)
        if key and not isinstance(delta.get(key), str):
            yield "delta", f"{key!r} of {kind} is {shown(delta.get(key))}"
        elif kind == "input_json_delta":
            block.input.append(delta["partial_json"])
        if block.signed:
            yield "signature", f"{kind} follows the signature"
        block.signed = block.signed or kind == "signature_delta"

    def _block_stop(self, said: Any) -> Iterator[_Found]:
        block, self._block = self._block, None
        if block is None or said.get("index") != block.index:
            yield "index", f"no block {shown(said.get('index'))} is open"
        if block is not None and block.kind in _CALLS:
            text = "".join(block.input)
            try:
                parse_object(text)
            except JsonError as error:
                self._unread = f"the input {shown(text)} {error}"


def _usage(usage: Any, *counts: str) -> Iterator[_Found]:
    for key in counts:
        count = usage.get(key) if isinstance(usage, dict) else None
        if type(count) is not int or count < 0:
            yield "usage", f"{key!r} is {shown(count)}, no number of tokens"


_CHECKS: dict[str, Callable[[MessagesGrammar, Any], Iterator[_Found]]] = {
    "content_block_delta": MessagesGrammar._block_delta,
    "content_block_start": MessagesGrammar._block_start,
    "content_block_stop": MessagesGrammar._block_stop,
    "error": MessagesGrammar._error,
    "message_delta": MessagesGrammar._message_delta,
    "message_start": MessagesGrammar._message_start,
    "message_stop": MessagesGrammar._message_stop,
    "ping": MessagesGrammar._ping,
}
