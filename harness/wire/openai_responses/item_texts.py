"""Items that are texts, while they stream: messages and reasoning.

Their texts grow by pieces. A text that comes whole after its pieces adds what they
lack, and nothing where they already differ.
"""

# ruff: noqa: ARG002 - a reader takes of what all are told what it needs

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from harness.blocks import TEXT_FIELD
from harness.chunks import AIMessageChunk
from harness.wire.json_values import expect, says
from harness.wire.numbering import Numbering
from harness.wire.openai_responses.items import derived_id, held, marked
from harness.wire.openai_responses.parts import read_citation
from harness.wire.templates import Repeat

__all__ = [
    "Answer",
    "Chunks",
    "ItemReader",
    "Key",
    "MessageReader",
    "ReasoningReader",
    "Said",
    "Text",
]

Chunks = Iterator[AIMessageChunk]
Said = dict[str, Any]
#: Which text of an item: ("content", 0), ("summary", 1).
Key = tuple[str, int]

_PADDING = frozenset({"obfuscation", "sequence_number"})


@dataclass(slots=True)
class Answer:
    """What the items of one answer share."""

    id: str = ""
    numbering: Numbering = field(default_factory=Numbering)
    messages: int = 0

    def extras(self, item: Said, place: int, usual: Said, own: frozenset[str]) -> Said:
        """The extras of *item*: what is neither *usual*, nor in its *own* blocks."""
        said = {k: v for k, v in item.items() if k not in own and k != "id"}
        given = item.get("id")
        if given == derived_id(str(item.get("type")), self.id, place):
            given = None
        return held({**marked(said, usual), "id": given})


class ItemReader:
    """One item of an answer; whatever comes of it, it says what is new."""

    #: What events like the last one say; see `harness.wire.templates`.
    repeat: Repeat | None = None

    def begin(self, item: Said) -> Chunks:
        """What its beginning says."""
        yield from ()

    def part(self, key: Key, part: Said) -> None:
        """A part begins."""

    def piece(self, key: Key, kind: str, text: str, said: Said) -> Chunks:
        """A piece of a text in a block of *kind*; *said* is all of the event."""
        yield from ()

    def whole(self, key: Key, kind: str, text: str, said: Said) -> Chunks:
        """All of a text, after its pieces."""
        yield from ()

    def image(self, said: Said) -> Chunks:
        """An image that is not finished."""
        yield from ()

    def end(self, item: Said) -> Chunks:
        """All of the item; it may come again."""
        yield from ()


class Text:
    """A text that comes in pieces, and then whole."""

    __slots__ = ("_pieces", "add")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self.add = self._pieces.append

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def told(self) -> str:
        """The pieces so far."""
        return "".join(self._pieces)

    def rest(self, whole: str) -> str:
        """What *whole* has beyond the pieces; it counts as told."""
        told = self.told()
        rest = whole[len(told) :] if whole.startswith(told) else ""
        self._pieces[:] = [told + rest] if told + rest else []
        return rest


@dataclass(slots=True)
class _Part:
    kind: str
    index: int | None
    text: Text = field(default_factory=Text)
    cited: int = 0
    logged: bool = False
    opened: bool = False
    repeat: Repeat | None = None


class _TextsReader(ItemReader):
    usual: ClassVar[Said]
    own: ClassVar[frozenset[str]]

    def __init__(self, answer: Answer, place: int) -> None:
        self._answer = answer
        self._place = place
        self._parts: dict[Key, _Part] = {}
        self._told: Said = {}
        self._extras: Said = {}

    def begin(self, item: Said) -> Chunks:
        # It is in progress now, and that will not be true for long.
        said = {**item, "status": self.usual.get("status")}
        self._extras = self._answer.extras(said, self._place, self.usual, self.own)
        yield from ()

    def piece(self, key: Key, kind: str, text: str, said: Said) -> Chunks:
        part = self._part(key, kind)
        part.text.add(text)
        logprobs = said.get("logprobs")
        part.logged = part.logged or bool(logprobs)
        chunk = self._chunk(key, part, text, logprobs=logprobs)
        self.repeat = None
        if part.opened and not logprobs and (part.kind != "text" or text):
            if part.repeat is None and _says_only_text(chunk):
                part.repeat = Repeat(("delta",), chunk, _PADDING, part.text.add)
            self.repeat = part.repeat
        part.opened = part.opened or bool(text)
        yield chunk

    def whole(self, key: Key, kind: str, text: str, said: Said) -> Chunks:
        part = self._part(key, kind)
        rest = part.text.rest(text)
        logprobs = None if part.logged else said.get("logprobs")
        part.logged = part.logged or bool(logprobs)
        notes = expect(said.get("annotations"), list, "'annotations'") or []
        cited, part.cited = notes[part.cited :], max(part.cited, len(notes))
        if rest or logprobs or cited:
            yield self._chunk(key, part, rest, notes=cited, logprobs=logprobs)

    def _part(self, key: Key, kind: str) -> _Part:
        part = self._parts.get(key)
        if part is None:
            part = self._parts[key] = _Part(kind, self._answer.numbering.next(kind))
        return part

    def _key(self, group: str, place: int) -> Key:
        """The key of the part at *place* among those of *group*."""
        # Bedrock counts the parts of all items in one.
        keys = sorted(key for key in self._parts if key[0] == group)
        return keys[place] if place < len(keys) else (group, place)

    def _chunk(
        self,
        key: Key,
        part: _Part,
        text: str,
        *,
        notes: list[Any] | None = None,
        logprobs: Any = None,
    ) -> AIMessageChunk:
        extras, kwargs = self._about(key, part, text)
        metadata = {"logprobs": logprobs} if says(logprobs) else None
        block: Said = {"type": part.kind, TEXT_FIELD[part.kind]: text}
        if part.index is not None:
            block["index"] = part.index
        if notes:
            block["annotations"] = [read_citation(note) for note in notes]
        if extras:
            block["extras"] = extras
        return AIMessageChunk(
            text if block.keys() == {"type", "text"} else [block],
            response_metadata=metadata,
            additional_kwargs=kwargs,
        )

    def _about(self, key: Key, part: _Part, text: str) -> tuple[Said, Said | None]:
        """What to say of the item now: in extras, and in additional_kwargs."""
        return (self._news() if next(iter(self._parts), key) == key else {}), None

    def _unsaid(self) -> bool:
        return any(self._told.get(key) != said for key, said in self._extras.items())

    def _news(self) -> Said:
        told = self._told
        news = {k: v for k, v in self._extras.items() if told.get(k) != v}
        told.update(news)
        return news


def _says_only_text(chunk: AIMessageChunk) -> bool:
    blocks = chunk.content_blocks
    return not (chunk.additional_kwargs or any("extras" in block for block in blocks))


class MessageReader(_TextsReader):
    """A message of the assistant."""

    usual: ClassVar[Said] = {
        "type": "message",
        "role": "assistant",
        "status": "completed",
    }
    own: ClassVar[frozenset[str]] = frozenset({"content"})

    def __init__(self, answer: Answer, place: int) -> None:
        super().__init__(answer, place)
        self._number = answer.messages
        answer.messages += 1
        self._aside: bool | None = None
        self._raw: dict[int, int | None] = {}

    def part(self, key: Key, part: Said) -> None:
        """A part begins, of a type that the reader knows or not."""
        kinds = {"output_text": "text", "refusal": "refusal"}
        if kind := kinds.get(str(part.get("type"))):
            self._part(key, kind)

    def note(self, key: Key, note: Any) -> Chunks:
        """A citation in the text."""
        part = self._part(key, "text")
        part.cited += 1
        yield self._chunk(key, part, "", notes=[note])

    def _about(self, key: Key, part: _Part, text: str) -> tuple[Said, Said | None]:
        if next(iter(self._parts), key) != key:
            return {}, None
        if self._aside is None and (text or self._unsaid()):
            self._aside = not self._number and part.kind == "text" and bool(text)
            if self._number and not self._extras:
                # Nothing else would tell it from the message before.
                self._extras = {"item": {}}
        news = self._news()
        return ({}, news) if self._aside else (news, None)

    def end(self, item: Said) -> Chunks:
        """All of the message."""
        content = expect(item.get("content"), list, "'content' of a message") or []
        self._extras = self._answer.extras(item, self._place, self.usual, self.own)
        for n, said in enumerate(content):
            part = expect(said, dict, "a part of a message") or {}
            key = self._key("content", n - sum(raw < n for raw in self._raw))
            match part:
                case {"type": "output_text", "text": str(text)}:
                    yield from self.whole(key, "text", text, part)
                case {"type": "refusal", "refusal": str(text)}:
                    yield from self.whole(key, "refusal", text, part)
                case _:
                    yield self._unknown(n, part)
        if self._unsaid():
            key = self._key("content", 0)
            yield self._chunk(key, self._part(key, "text"), "")

    def _unknown(self, place: int, part: Said) -> AIMessageChunk:
        if place not in self._raw:
            self._raw[place] = self._answer.numbering.next("non_standard")
        block = {"type": "non_standard", "value": part, "index": self._raw[place]}
        return AIMessageChunk([{**block, "extras": {"part": {}}}])


class ReasoningReader(_TextsReader):
    """Reasoning: a summary in parts, or the very text."""

    usual: ClassVar[Said] = {"type": "reasoning"}
    own: ClassVar[frozenset[str]] = frozenset({"summary", "content"})

    def __init__(self, answer: Answer, place: int) -> None:
        super().__init__(answer, place)
        self._slot = answer.numbering.next("reasoning")

    def part(self, key: Key, part: Said) -> None:
        """A part begins."""
        self._part(key, "reasoning")

    def _part(self, key: Key, kind: str) -> _Part:
        if not self._parts:
            self._parts[key] = _Part("reasoning", self._slot)
        return super()._part(key, "reasoning")

    def _about(self, key: Key, part: _Part, text: str) -> tuple[Said, Said | None]:
        extras, kwargs = super()._about(key, part, text)
        if key[0] == "content" and not part.cited:
            # A text that is no summary says so.
            part.cited = 1
            extras = {**extras, "content_index": key[1]}
        return extras, kwargs

    def end(self, item: Said) -> Chunks:
        """All of the reasoning."""
        self._extras = self._answer.extras(item, self._place, self.usual, self.own)
        for group in ("summary", "content"):
            parts = expect(item.get(group), list, f"{group!r} of reasoning") or []
            for n, said in enumerate(parts):
                part = expect(said, dict, "a part of reasoning") or {}
                text = expect(part.get("text"), str, "'text' of reasoning") or ""
                yield from self.whole(self._key(group, n), "reasoning", text, {})
        if self._unsaid():
            key = next(iter(self._parts), ("summary", 0))
            yield self._chunk(key, self._part(key, "reasoning"), "")
