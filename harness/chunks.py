"""Chunks of an answer, and their sum.

``full = full + chunk`` costs in proportion to *chunk*, in any loop, however large
*full* has become and whatever the loop reads of it; ``sum(chunks)`` works. A sum is an
immutable value like any chunk: it holds what was added to what (``harness.ropes``).
``harness.sums`` says what that means; a sum and those made from it share the work.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, Literal, Self, TypeVar

from harness import finishing
from harness.blocks import (
    TEXT_FIELD,
    ContentBlock,
    InvalidToolCall,
    ToolCall,
    ToolCallChunk,
    UsageMetadata,
)
from harness.chunk_fields import (
    NOTHING_SAID,
    read_block,
    read_fragment,
    read_said,
    simple_content,
    simple_fragments,
)
from harness.message_fields import (
    read_content,
    read_invalid_tool_call,
    read_list,
    read_tool_call,
    unclaimed,
)
from harness.messages import AIMessage, Content
from harness.ropes import Node
from harness.sums import Run, Total
from harness.text import shown_text, whole
from harness.unfinished import UnfinishedCall

__all__ = ["AIMessageChunk"]

T = TypeVar("T")
_new = object.__new__


class AIMessageChunk(AIMessage):
    """A piece of an answer, or several pieces added up.

    *usage_metadata* counts on top of what earlier chunks said; *cumulative_usage* is a
    running total that replaces the one before. *conflicts* are the values of a field
    that was said in more than one way (see :attr:`conflicts`).
    ``chunk_position="last"`` says that the stream has ended: from then on calls
    whose arguments are not one complete JSON object are ``invalid_tool_calls``.

    >>> full = AIMessageChunk("The sky") + AIMessageChunk(" is blue")
    >>> full.text, full.content_blocks
    ('The sky is blue', [{'type': 'text', 'text': 'The sky is blue'}])
    """

    # A leaf has its content and what else is said in it; a sum has a rope of leaves,
    # and totals of it or of its beginning that no reader is using.
    __slots__ = ("_idle", "_more", "_rope")
    type: ClassVar[str] = "AIMessageChunk"
    _fields: ClassVar[tuple[str, ...]] = (
        "content",
        "tool_call_chunks",
        "usage_metadata",
        "cumulative_usage",
        "response_metadata",
        "additional_kwargs",
        "id",
        "name",
        "chunk_position",
        "conflicts",
    )

    def __init__(  # noqa: PLR0913 - the fields of a chunk, all optional
        self,
        content: Content = "",
        *,
        tool_call_chunks: Sequence[ToolCallChunk | Mapping[str, Any]] = (),
        tool_calls: Sequence[ToolCall | Mapping[str, Any]] = (),
        invalid_tool_calls: Sequence[InvalidToolCall | Mapping[str, Any]] = (),
        usage_metadata: UsageMetadata | Mapping[str, Any] | None = None,
        cumulative_usage: Mapping[str, Any] | None = None,
        response_metadata: Mapping[str, Any] | None = None,
        additional_kwargs: Mapping[str, Any] | None = None,
        id: str | None = None,
        name: str | None = None,
        chunk_position: Literal["last"] | None = None,
        conflicts: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self._rope: Node | None = None
        self._idle: list[Total]
        self._more: dict[str, Any] | None = None
        whole = bool(tool_calls or invalid_tool_calls)
        if type(content) is str and content.isascii() and not tool_call_chunks:
            self._content = content
            simple = True
        else:
            simple = not whole and self._read_simple(content, tool_call_chunks)
        if whole or not simple:
            self._content = read_content(content)
            self._read_blocks(tool_call_chunks, tool_calls, invalid_tool_calls)
        said = (
            conflicts,
            id,
            name,
            usage_metadata,
            cumulative_usage,
            response_metadata,
            additional_kwargs,
            chunk_position,
        )
        if said != NOTHING_SAID:
            self._more = (self._more or {}) | read_said(said)

    def _read_simple(self, content: object, fragments: object) -> bool:
        """Take the pieces that streams are made of; False where there is more."""
        said, found = simple_content(content), simple_fragments(fragments)
        if said is None or found is None:
            return False
        self._content, self._more = said, {"fragments": found} if found else None
        return True

    def _read_blocks(self, fragments: object, calls: object, invalid: object) -> None:
        said = self._content
        blocks = [read_block(b) for b in ([said] if type(said) is str else said)]
        found = [block for block in blocks if block["type"] == "tool_call_chunk"]
        found = [
            *map(read_fragment, (*found, *read_list(fragments, "tool_call_chunks")))
        ]
        if found:
            self._more = {"fragments": found}
        for kind, given, read in (
            ("tool_call", calls, read_tool_call),
            ("invalid_tool_call", invalid, read_invalid_tool_call),
        ):
            whole = [*map(read, read_list(given, f"{kind}s"))]
            # What is also said in fragments is not another call.
            streamed = {fragment["id"] for fragment in found} - {None, ""}
            whole = [call for call in whole if call["id"] not in streamed]
            blocks += unclaimed(blocks, kind, whole)
        self._content = [b for b in blocks if b["type"] != "tool_call_chunk"]

    @classmethod
    def from_message(cls, message: AIMessage) -> Self:
        """The whole of *message* as one chunk, the last of its stream.

        Its blocks are numbered, so that their order survives any later ``+``.
        """
        blocks = message.content_blocks
        content: Content = ""
        if [set(block) for block in blocks] == [{"type", "text"}]:
            content = message.text
        elif blocks:
            content = [{**block, "index": n} for n, block in enumerate(blocks)]
        return cls(
            content,
            usage_metadata=message.usage_metadata,
            response_metadata=message.response_metadata,
            additional_kwargs=message.additional_kwargs,
            id=message.id,
            name=message.name,
            chunk_position="last",
        )

    def identified(self, name: str) -> Self:
        """This chunk, or where it has no id a copy of it with *name* for one."""
        if self._rope is not None:
            return self if self.id is not None else type(self)(id=name) + self
        more = self._more
        return self if more and "id" in more else self._also({"id": name})

    def _also(self, read: dict[str, Any]) -> Self:
        """This chunk, no sum, saying too what was *read* (as by `read_said`)."""
        copy = _new(type(self))
        copy._rope = None
        copy._content = self._content
        copy._more = {**self._more, **read} if self._more else read
        return copy

    def saying(self, text: str) -> Self:
        """This chunk with *text* for the one text or piece of arguments it has.

        Most chunks of a stream differ in this alone; the rest is not read again.

        >>> AIMessageChunk("Hel", id="a").saying("lo")
        AIMessageChunk('lo', id='a')
        """
        copy = _new(type(self))
        copy._rope = None
        copy._more = more = self._more
        content = self._content
        text = text if text.isascii() else whole(text)
        if more is not None and "fragments" in more:
            (fragment,) = more["fragments"]
            copy._more = {**more, "fragments": [{**fragment, "args": text}]}
            copy._content = content
        elif type(content) is str:
            copy._content = text
        else:
            (block,) = content
            copy._content = [{**block, TEXT_FIELD[block["type"]]: text}]
        return copy

    # ------------------------------------------------------------------ adding

    def __add__(self, other: object) -> Self:
        if not isinstance(other, AIMessageChunk):
            return NotImplemented
        total = _new(self.__class__)
        rope, added = self._rope, other._rope
        if rope is None:
            total._rope = (self, added or other, 2)
            total._idle = []
        else:
            total._rope = (rope, added or other, rope[2] + 1)
            total._idle = self._idle
        return total

    def __radd__(self, other: object) -> Self:
        # The built-in sum() starts from 0.
        if type(other) is int and other == 0:
            return self
        return NotImplemented

    def _read(self, read: Callable[[Total], T]) -> T:
        """What *read* makes of this chunk's total.

        A total is taken out of its place while in use: a second thread then makes
        one of its own.
        """
        rope = self._rope
        if rope is None:
            total = Total()
            total.advance(self)
            return read(total)
        try:
            total = self._idle.pop()
        except IndexError:
            total = Total()
        if not total.advance(rope):
            # It has gone on with what else was added to a beginning of this sum.
            self._idle.append(total)
            self._idle = []
            total = Total()
            total.advance(rope)
        try:
            return read(total)
        finally:
            self._idle.append(total)

    def _first(self, key: str) -> str | None:
        if self._rope is not None:
            first: str | None = self._read(lambda total: total.first(key))
            return first
        return self._more.get(key) if self._more else None

    # ------------------------------------------------------------------ reading

    @property
    def content(self) -> str | list[Any]:
        """The text, or a list of blocks where there is more than plain text."""
        if self._rope is None and type(self._content) is str:
            return shown_text(self._content)
        return self._read(finishing.content)

    @property
    def text(self) -> str:
        """All text so far; half a character at the end waits for its other half."""
        rope = self._rope
        if rope is None:
            if type(self._content) is str:
                return shown_text(self._content)
            return self._read(Total.text)
        try:
            total = self._idle.pop()
        except IndexError:
            return self._read(Total.text)
        # The loop that all programs have: add a chunk, show the text.
        text = total.text_behind(rope)
        self._idle.append(total)
        return self._read(Total.text) if text is None else text

    @property
    def content_blocks(self) -> list[ContentBlock]:
        """Everything said so far, as standard blocks in their order.

        Unfinished calls are ``tool_call_chunk`` blocks; once the stream has ended
        they are ``tool_call`` or ``invalid_tool_call`` blocks.
        """
        return self._read(finishing.said_blocks)

    @property
    def tool_call_chunks(self) -> list[ToolCallChunk]:
        """The fragments of tool calls, each call's joined to one."""
        if self._rope is None and self._more is None:
            return []
        return self._read(finishing.fragments)

    @property
    def tool_calls(self) -> list[ToolCall]:
        """The calls so far, and what is sure of their arguments.

        While the stream runs, arguments grow and never take back what they showed;
        of a finished stream only calls with complete arguments are here.
        """
        return self._read(self._calls)

    @property
    def invalid_tool_calls(self) -> list[InvalidToolCall]:
        """Calls of a finished stream whose arguments are not one JSON object."""
        return self._read(finishing.invalid_calls)

    def _calls(self, total: Total) -> list[Any]:
        if total.last or not total.runs:
            return finishing.whole_calls(total)
        calls: list[Any] = []
        for item in total.ordered():
            if not isinstance(item, Run):
                calls += finishing.whole_call(item)
            elif item.name:
                place = total.runs[item.index].index(item)
                read = partial(self._preview, item.index, place)
                calls.append(UnfinishedCall(item.name, item.id, read))
        return calls

    def _preview(self, index: int | str | None, place: int) -> dict[str, Any]:
        return self._read(lambda total: total.runs[index][place].preview())

    @property
    def usage_metadata(self) -> UsageMetadata | None:
        """Tokens used so far, as far as the provider has said."""
        if self._rope is None and self._more is None:
            return None
        return self._read(lambda total: total.usage.value())  # type: ignore[return-value]  # filled by read_usage

    @property
    def response_metadata(self) -> dict[str, Any]:
        """What the provider said about its answer so far."""
        if self._rope is None and self._more is None:
            return {}
        return self._read(Total.metadata)

    @property
    def additional_kwargs(self) -> dict[str, Any]:
        """What else came with the chunks; the last value of each key."""
        return self._read(Total.additional_kwargs)

    @property
    def id(self) -> str | None:
        """The first id that a chunk had."""
        return self._first("id")

    @property
    def name(self) -> str | None:
        """The first name that a chunk had."""
        return self._first("name")

    @property
    def chunk_position(self) -> Literal["last"] | None:
        """``"last"`` once the stream has ended."""
        if self._rope is None:
            return "last" if self._more and self._more.get("last") else None
        return "last" if self._read(lambda total: total.last) else None

    @property
    def conflicts(self) -> dict[str, list[Any]]:
        """All values of each field that was said in more than one way, by field."""
        return self._read(Total.conflicts)

    def to_message(self) -> AIMessage:
        """The finished message. A stream cut short has no ``finish_reason`` in it.

        >>> fragment = {"name": "f", "args": '{"a": 1', "id": "c", "index": 0}
        >>> chunk = AIMessageChunk(tool_call_chunks=[fragment])
        >>> chunk.tool_calls[0]["args"], chunk.to_message().tool_calls
        ({}, [])
        """
        plain = finishing.plain_message(self) if self._rope is None else None
        return plain or self._read(finishing.message)

    def model_dump(self) -> dict[str, Any]:
        """The chunk as a plain dict that says all that later chunks depend on."""
        dumped = finishing.plain_dump(self) or self._read(finishing.dumped_total)
        return {"type": self.type, **dumped}

    def __hash__(self) -> int:
        return hash((self.id, self.text))

    def _shown(self, fields: Iterable[str]) -> str:
        return super()._shown(
            ("tool_call_chunks",) if "tool_calls" in fields else fields
        )
