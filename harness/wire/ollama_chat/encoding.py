"""Streams of the Ollama API. In: chunks, as they come. Out: JSON lines.

A line has a whole call, so fragments wait for the end of their call. There is one text
and one reasoning, in no order; and no id of an answer.
"""

from typing import Any

from harness.blocks import ContentBlock
from harness.chunks import AIMessageChunk
from harness.errors import InputError, shown
from harness.steps import Fault
from harness.wire.faults import is_silent
from harness.wire.json_values import write_json
from harness.wire.ollama_chat.finishing import about, last_line
from harness.wire.ollama_chat.messages import write_blocks
from harness.wire.ownership import beside

__all__ = ["OllamaEncoder"]

_CALLS = ("tool_call", "invalid_tool_call")
_GOING_ON = {"done": False}
_FIELDS = ("usage_metadata", "cumulative_usage", "response_metadata")


class OllamaEncoder:
    """Encodes one answer. See `harness.wire.StreamEncoder`."""

    def __init__(self, model: str | None = None) -> None:
        self._model = model
        self._told = AIMessageChunk()
        self._held = AIMessageChunk()
        self._given: list[ContentBlock] = []
        self._head: dict[str, str] | None = None
        self._ended = False

    def feed(self, step: AIMessageChunk | Fault) -> bytes:
        """The lines that *step* amounts to. Raises InputError for what has none."""
        if self._ended:
            return b""
        if isinstance(step, Fault):
            self._ended = True
            told = {"error": step.message}
            return b"" if is_silent(step) else write_json(told) + b"\n"
        said = step.model_dump()
        self._told += AIMessageChunk(**{field: said[field] for field in _FIELDS})
        content, fragments = said["content"], said["tool_call_chunks"]
        if isinstance(content, str):
            content = [{"type": "text", "text": content}] if content else []
        calls = [block for block in content if block["type"] in _CALLS]
        others = [block for block in content if block["type"] not in _CALLS]
        lines = b""
        message = write_blocks(others)
        if message != {"content": ""}:
            lines += self._line(message, _GOING_ON)
        if message_kwargs := said["additional_kwargs"]:
            self._told += AIMessageChunk(additional_kwargs=message_kwargs)
        if calls or fragments:
            self._held += AIMessageChunk(calls, tool_call_chunks=fragments)
            # What begins a call has a name or an id: then others are over.
            if calls or any(part["name"] or part["id"] for part in fragments):
                lines += self._release()
        return lines

    def close(self) -> bytes:
        """The lines that end the stream. Raises InputError for a call cut short."""
        if self._ended:
            return b""
        self._ended = True
        lines = self._release(last=True)
        told = self._told.to_message()
        message = beside({"content": ""}, told.additional_kwargs)
        return lines + self._line(message, last_line(told))

    def _line(self, message: dict[str, Any], said: dict[str, Any]) -> bytes:
        # All lines name one model: the first that was known.
        self._head = self._head or about(self._told.to_message(), self._model)
        dated = {**about(self._told.to_message()), "model": self._head["model"]}
        line = {**dated, "message": {"role": "assistant", **message}}
        return write_json(beside(line, said)) + b"\n"

    def _release(self, *, last: bool = False) -> bytes:
        """A line for the calls that are over: all but the last one, until the end."""
        ended = self._held + AIMessageChunk(chunk_position="last")
        calls = ended.to_message().content_blocks
        sent = len(self._given)
        if calls[:sent] != self._given:
            raise InputError(
                "the calls of a stream of the Ollama API are whole, and "
                f"{shown(calls)} goes on with one that was sent: order the chunks "
                "first."
            )
        over = calls[sent:] if last else calls[sent:-1]
        if not last:
            # One that has no sound arguments yet may go on.
            sound = [call["type"] == "tool_call" for call in over]
            over = over[: sound.index(False)] if False in sound else over
        self._given += over
        return self._line(write_blocks(over), _GOING_ON) if over else b""
