"""Answers of the Ollama API, streamed or whole, as chunks.

In: JSON lines, or one reply, which is a last line that says it all. Out: a chunk for
each; what no field of a chunk has room for is in ``response_metadata`` under its own
name. The date is that of the first line until the last one says its own.
"""

from collections.abc import Iterator
from typing import Any

from harness.blocks import ContentBlock
from harness.chunks import AIMessageChunk
from harness.errors import WireError
from harness.wire.faults import fault_of
from harness.wire.json_values import expect, says
from harness.wire.numbering import Numbering
from harness.wire.ollama_chat.calls import read_call
from harness.wire.ollama_chat.finishing import finish, read_usage
from harness.wire.ollama_chat.images import read_image
from harness.wire.sse import Event
from harness.wire.streams import Played
from harness.wire.templates import Repeat

__all__ = ["OllamaReader"]

_OF_LINE = frozenset({"done", "done_reason", "message", "model"})
_OF_MESSAGE = frozenset({"content", "images", "role", "thinking", "tool_calls"})
#: Fields of a message, and the text blocks that they are.
_TEXTS = {"thinking": "reasoning", "content": "text"}
_PADDING = frozenset({"created_at"})


class OllamaReader:
    """Reads the lines of one answer. See `harness.wire.streams.Reader`."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.ended = False
        self.repeat: Repeat | None = None
        self._numbering = Numbering()
        self._begun: set[str] = set()
        self._calls = 0
        self._said: dict[str, Any] = {}

    def read(
        self,
        event: Event,  # noqa: ARG002 - the protocol's; lines have no names
        said: Any,
    ) -> Iterator[Played]:
        """The chunk of one line, or of a whole reply."""
        said = expect(said, dict, "a line")
        if said is not None and says(said.get("error")):
            yield fault_of(said)
            return
        if said is None or not said.keys() & {"done", "message"}:
            raise WireError("it has neither 'message' nor 'error'.")
        message = expect(said.get("message"), dict, "'message'") or {}
        self.ended = expect(said.get("done"), bool, "'done'") or False
        texts = self._texts(message)
        blocks = texts + self._images(message)
        calls = self._called(message)
        plain = [set(block) for block in blocks] == [{"type", "text"}]
        metadata = self._about(said)
        chunk = AIMessageChunk(
            blocks[0]["text"] if plain else blocks or "",
            tool_call_chunks=calls,
            cumulative_usage=read_usage(said) if self.ended else None,
            response_metadata=metadata,
            additional_kwargs=_others(message),
            chunk_position="last" if self.ended else None,
        )
        alike = len(blocks) == len(texts) == 1 and not (metadata or calls or self.ended)
        self._repeat(message, chunk if alike else None)
        yield chunk

    def missing(self) -> str | None:
        """What an answer that ends here lacks."""
        return None if self.ended else 'a line that says "done"'

    def rest(self) -> None:
        """Nothing: each line is given out whole."""

    def _texts(self, message: dict[str, Any]) -> list[ContentBlock]:
        blocks: list[ContentBlock] = []
        for key, kind in _TEXTS.items():
            if text := expect(message.get(key), str, f"'{key}'"):
                # There is one text, and one reasoning, however they alternate.
                if kind not in self._begun:
                    self._numbering.next(kind)
                    self._begun.add(kind)
                blocks.append({"type": kind, kind: text})
        return blocks

    def _images(self, message: dict[str, Any]) -> list[ContentBlock]:
        images = expect(message.get("images"), list, "'images'") or []
        return [
            {**read_image(image), "index": self._numbering.next("image")}
            for image in images
        ]

    def _called(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []
        for said in expect(message.get("tool_calls"), list, "'tool_calls'") or []:
            call = read_call(said, self._calls)
            # That it is a function, and its place, need not be said.
            extras = dict(call.pop("extras", {}))
            if extras.get("type") == "function":
                del extras["type"]
            if extras.get("function") == {"index": self._calls}:
                del extras["function"]
            self._calls += 1
            call["index"] = self._numbering.next("tool_call")
            calls.append({**call, "extras": extras} if extras else call)
        return calls

    def _about(self, said: dict[str, Any]) -> dict[str, Any]:
        """What is said of the answer, where it is new."""
        about = {k: v for k, v in said.items() if k not in _OF_LINE}
        if said.get("model"):
            about["model_name"] = said["model"]
        about["model_provider"] = "ollama"
        if self._said and not self.ended:
            about.pop("created_at", None)
        news = {
            key: value
            for key, value in about.items()
            if key == "logprobs" or self._said.get(key) != value
        }
        self._said |= news
        if self.ended:
            reason = expect(said.get("done_reason"), str, "'done_reason'")
            news |= finish(reason or "stop", calls=bool(self._calls))
        return news

    def _repeat(self, message: dict[str, Any], chunk: AIMessageChunk | None) -> None:
        """Tell what lines like this one say: most go on with one text."""
        if chunk is None:
            self.repeat = None
            return
        key = "content" if message.get("content") else "thinking"
        place = ("message", key)
        if self.repeat is None or self.repeat.place != place:
            self.repeat = Repeat(place, chunk, _PADDING)


def _others(message: dict[str, Any]) -> dict[str, Any]:
    others = {k: v for k, v in message.items() if k not in _OF_MESSAGE and says(v)}
    if message.get("role") not in (None, "", "assistant"):
        others["role"] = message["role"]
    return others
