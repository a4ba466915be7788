"""Streams of OpenAI Chat Completions. In: chunks of an answer. Out: events.

Each event is a whole "chat.completion.chunk", with the id, the time and the model of
the first. What the format cannot say is left out: ids and names that change in
mid-stream, signatures of reasoning, the order of text and calls, and blocks that
OpenAI has no word for (tools that ran at a provider), unless they were read from a
stream of this format.
"""

from collections.abc import Callable
from typing import Any

from harness.chunks import AIMessageChunk
from harness.errors import InputError, shown
from harness.finishing import plain_text
from harness.messages import AIMessage
from harness.metadata import gravest
from harness.requests import ChatRequest
from harness.steps import Fault
from harness.wire.faults import is_silent
from harness.wire.json_values import says, write_text
from harness.wire.openai_chat.delta_writing import CallWriter, DeltaWriter
from harness.wire.openai_chat.failures import error_said
from harness.wire.openai_chat.replies import (
    OF_CHOICE,
    OF_EITHER,
    choices_of,
    ending,
    made_id,
)
from harness.wire.openai_chat.usage import write_usage
from harness.wire.ownership import beside
from harness.wire.sse import Event, encode
from harness.wire.text_frames import TextFrame

__all__ = ["ChatEncoder"]

_EVERYWHERE = ("service_tier", "system_fingerprint")


class ChatEncoder:
    """Writes one answer. See `harness.wire.StreamEncoder`."""

    def __init__(self, request: ChatRequest | None = None) -> None:
        self._request = request
        self._ended = False
        self._id: str | None = None
        self._frame: dict[str, Any] = {}  # what each event says; empty before the first
        self._deltas = DeltaWriter()
        self._calls = CallWriter()
        self._called: dict[str, Any] = {}
        self._metadata: dict[str, Any] = {}
        self._usage = AIMessageChunk()
        self._reasons: list[Any] = []
        # What is to be said beside the choices, and in the choice, with the next event.
        self._beside: dict[str, Any] = {}
        self._within: dict[str, Any] = {}
        # Writes the event of a chunk that is nothing but text, as most chunks are.
        self._plain: Callable[[str], bytes] | None = None

    def feed(self, step: AIMessageChunk | Fault) -> bytes:
        """The events that *step* amounts to."""
        if self._plain is not None and type(step) is AIMessageChunk:
            text = plain_text(step)
            if text and not (self._beside or self._within):
                self._deltas.length += len(text)
                return self._plain(text)
        if self._ended:
            return b""
        if isinstance(step, Fault):
            return self._fail(step)
        if not isinstance(step, AIMessageChunk):
            raise InputError(
                f"{shown(step)} cannot be encoded; give chunks and Faults."
            )
        said = step.model_dump()
        self._hear(said)
        delta = self._delta(said)
        if not self._frame:
            self._id = self._id or said["id"]
            if delta or self._reasons or (self._id and "model_name" in self._metadata):
                return self._begin(delta)
            return b""  # Azure's first event says no names: what it does say waits
        if delta or ((self._beside or self._within) and not self._reasons):
            return self._event(delta)
        return b""

    def close(self) -> bytes:
        """The events that end the stream."""
        if self._ended:
            return b""
        data = b"" if self._frame else self._begin({})
        if left := self._calls.release():
            self._called |= left
            data += self._event(left)
        self._ended, self._plain = True, None
        data += b"".join(self._others())
        reason = gravest(self._reasons) if self._reasons else None
        usual = "tool_calls" if "tool_calls" in self._called else "stop"
        if "function_call" in self._called:
            usual = "function_call"
        read = self._metadata.get("model_provider") == "openai"
        self._within |= ending(reason, usual, read=read)
        data += self._event({})
        usage = self._report()
        if usage is not None:
            data += self._framed({"choices": [], "usage": usage})
        return data + encode(Event("[DONE]"))

    def _fail(self, fault: Fault) -> bytes:
        self._ended, self._plain = True, None
        if is_silent(fault):
            return b""
        return encode(Event(write_text(error_said(fault))))

    # ------------------------------------------------------------------- chunks

    def _hear(self, said: dict[str, Any]) -> None:
        metadata = said["response_metadata"]
        self._metadata |= metadata
        self._deltas.parts = self._metadata.get("model_provider") == "openai"
        self._deltas.field = self._metadata.get("reasoning_field", "reasoning_content")
        self._usage += AIMessageChunk(
            usage_metadata=said["usage_metadata"],
            cumulative_usage=said["cumulative_usage"],
        )
        if says(reason := metadata.get("finish_reason")):
            self._reasons.append(reason)
        for key, value in metadata.items():
            if key in OF_CHOICE and key != "finish_reason":
                self._within[key] = value
            elif key not in OF_EITHER:
                self._beside[key] = value

    def _delta(self, said: dict[str, Any]) -> dict[str, Any]:
        delta = self._deltas.write(said["content"])
        called = self._calls.write(said["tool_call_chunks"], said["content"])
        self._called |= called
        return beside({**delta, **called}, said["additional_kwargs"])

    # ------------------------------------------------------------------- events

    def _begin(self, delta: dict[str, Any]) -> bytes:
        """The first event, which says who speaks, and what goes with it."""
        request, metadata = self._request, self._metadata
        model = metadata.get("model_name") or (request.model if request else None)
        self._frame = {
            "id": self._id or made_id(_asked(request)),
            "object": "chat.completion.chunk",
            "created": metadata.get("created") or 0,
            "model": model or "harness",
        }
        for key in _EVERYWHERE:
            if key in self._beside:
                self._frame[key] = self._beside.pop(key)
        role = delta.pop("role", "assistant")
        within, self._within = self._within, {}
        data = self._event({"role": role, "content": ""})
        self._plain = TextFrame(lambda text: self._event({"content": text})).saying
        self._within = within
        return data + (self._event(delta) if delta else b"")

    def _event(self, delta: dict[str, Any]) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
        choice |= self._within
        beside, self._beside, self._within = self._beside, {}, {}
        return self._framed({"choices": [choice], **beside})

    def _framed(self, said: dict[str, Any]) -> bytes:
        return encode(Event(write_text({**self._frame, **said})))

    def _others(self) -> list[bytes]:
        """The other choices, where several were asked for."""
        others = self._metadata.get("other_choices")
        if not others:
            return []
        message = AIMessage(response_metadata={"other_choices": others})
        data: list[bytes] = []
        for choice in choices_of(message)[1:]:
            delta = {k: v for k, v in choice.pop("message").items() if v is not None}
            calls = delta.get("tool_calls", ())
            if calls:
                delta["tool_calls"] = [{"index": n, **c} for n, c in enumerate(calls)]
            ends = {**choice, "delta": {}}
            said = {**choice, "delta": delta, "logprobs": None, "finish_reason": None}
            data += [self._framed({"choices": [one]}) for one in (said, ends)]
        return data

    def _report(self) -> dict[str, Any] | None:
        """The usage, if it is known and was asked for."""
        if self._request is not None:
            options = self._request.params.get("stream_options")
            if not (isinstance(options, dict) and options.get("include_usage")):
                return None
        told = self._metadata.get("token_usage")
        return write_usage(self._usage.usage_metadata, told)


def _asked(request: ChatRequest | None) -> list[dict[str, Any]]:
    return [m.model_dump() for m in request.messages] if request else []
