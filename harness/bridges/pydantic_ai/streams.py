"""A stream of our chunks as pydantic-ai has it: events of parts that grow."""

import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic_ai.messages import ModelResponseStreamEvent
from pydantic_ai.models import StreamedResponse

from harness.bridges.calls import Calls
from harness.bridges.pydantic_ai.answers import described, usage_to
from harness.bridges.pydantic_ai.failures import their_error
from harness.bridges.pydantic_ai.parts import PROVIDER, part_of
from harness.chunks import AIMessageChunk
from harness.errors import ModelError
from harness.text import whole

__all__ = ["HarnessStream"]

_Events = Iterator[ModelResponseStreamEvent]


@dataclass
class HarnessStream(StreamedResponse):
    """The answer in *chunks*, of which the *first* came already."""

    first: AIMessageChunk
    chunks: AsyncGenerator[AIMessageChunk]
    asked: str
    _said: AIMessageChunk = field(default_factory=AIMessageChunk, init=False)
    _model: str = field(default="", init=False)
    _began: dt.datetime = field(
        default_factory=lambda: dt.datetime.now(dt.UTC), init=False
    )
    _calls: Calls = field(default_factory=Calls, init=False)
    _named: set[int] = field(default_factory=set, init=False)
    _identified: set[int] = field(default_factory=set, init=False)
    _servers: dict[str, str] = field(default_factory=dict, init=False)
    _halves: dict[Any, str] = field(default_factory=dict, init=False)

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        try:
            for event in self._fed(self.first):
                yield event
            async for chunk in self.chunks:
                if self.cancelled:
                    break
                for event in self._fed(chunk):
                    yield event
        except ModelError as error:
            raise their_error(error, self.model_name) from error
        if not self.cancelled:
            self._end()

    def _fed(self, chunk: AIMessageChunk) -> _Events:
        self._said += chunk
        self.provider_response_id = self._said.id
        said = chunk.model_dump()
        content = said["content"]
        if isinstance(content, str):
            content = [{"type": "text", "text": content}] if content else []
        for block in content:
            yield from self._block(
                {"type": "text", "text": block} if isinstance(block, str) else block
            )
        for fragment in said["tool_call_chunks"]:
            yield from self._fragment(fragment)
        if chunk.usage_metadata:
            self._usage = usage_to(self._said.usage_metadata)
        if chunk.response_metadata:
            self._describe()

    def _block(self, block: dict[str, Any]) -> _Events:
        kind, key = block["type"], (block["type"], block.get("index"))
        parts = self._parts_manager
        if kind == "server_tool_call_chunk" and parts.get_part_by_vendor_id(key):
            yield from parts.handle_tool_call_delta_events(
                vendor_part_id=key, args=block.get("args")
            )
            return
        if kind not in ("text", "reasoning"):
            part = part_of(block, self._servers)
            if part is not None:
                growing = key if kind == "server_tool_call_chunk" else None
                yield parts.handle_part(vendor_part_id=growing, part=part)
            return
        text = self._joined(key, block.get(kind, ""))
        part = part_of({**block, kind: text}, self._servers)
        said: dict[str, Any] = {
            name: getattr(part, name)
            for name in ("content", "id", "provider_name", "provider_details")
        }
        if kind == "text":
            yield from parts.handle_text_delta(vendor_part_id=key, **said)
            return
        said["signature"] = getattr(part, "signature", None)
        if any(said.values()):
            yield from parts.handle_thinking_delta(vendor_part_id=key, **said)

    def _fragment(self, fragment: dict[str, Any]) -> _Events:
        call = self._calls.number(fragment["index"], fragment["id"])
        name = fragment["name"] if call not in self._named else None
        id_ = fragment["id"] if call not in self._identified else None
        self._named |= {call} if name else set()
        self._identified |= {call} if id_ else set()
        args = self._joined(("call", call), fragment["args"] or "")
        yield from self._parts_manager.handle_tool_call_delta_events(
            vendor_part_id=("call", call),
            tool_name=name or None,
            args=args or None,
            tool_call_id=id_ or None,
        )

    def _joined(self, key: Any, text: str) -> str:
        """*text* behind the half of a character with which the last piece ended."""
        text = whole(self._halves.pop(key, "") + text)
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._halves[key] = text[-1]
            return text[:-1]
        return text

    def _end(self) -> None:
        self._usage = usage_to(self._said.usage_metadata)
        self._describe()

    def _describe(self) -> None:
        said = described(self._said.to_message(), self.asked)
        self._model = said["model_name"]
        self.provider_details = said["provider_details"]
        self.provider_response_id = said["provider_response_id"]
        self.finish_reason = said["finish_reason"]

    async def close_stream(self) -> None:
        """Take no more of it; the chunks are closed by who opened them."""

    @property
    def model_name(self) -> str:
        """Who answers."""
        return self._model or self.asked

    @property
    def provider_name(self) -> str:
        """That it comes from here."""
        return PROVIDER

    @property
    def provider_url(self) -> None:
        """There is none."""
        return

    @property
    def timestamp(self) -> dt.datetime:
        """When the answer began."""
        return self._began
