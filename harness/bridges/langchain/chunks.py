"""Chunks of LangChain, and ours. In: one stream's chunks, in order. Out: the others.

LangChain adds chunks by rules of its own: blocks and calls without a number are never
joined, texts in metadata are, and two kinds of blocks with one number become one. So
what goes there is numbered anew, and all that is not content comes in the last chunk.
"""

import json
from typing import Any

from langchain_core import messages as lc

from harness.blocks import TEXT_FIELD
from harness.bridges.calls import Calls
from harness.chunks import AIMessageChunk
from harness.errors import InputError, shown
from harness.text import whole

__all__ = ["ChunkWriter", "chunk_from_langchain"]

#: Blocks of content that say what the fragments of calls say as well.
_CALLS = frozenset({"tool_call", "tool_call_chunk", "tool_use", "input_json_delta"})


class ChunkWriter:
    """Writes the chunks of one stream for LangChain.

    With *blocks* also plain text is content blocks, and calls are numbered behind them:
    that is what its output version "v1" needs.

    >>> writer = ChunkWriter()
    >>> writer.feed(AIMessageChunk("Hello")).content, writer.close().chunk_position
    ('Hello', 'last')
    """

    def __init__(self, *, blocks: bool = False) -> None:
        self._all = AIMessageChunk()
        self._numbered = blocks
        self._numbers: dict[tuple[str, Any], int] = {}
        self._calls = Calls()
        self._taken: set[int] = set()
        self._halves: dict[Any, str] = {}

    def feed(self, chunk: AIMessageChunk) -> lc.AIMessageChunk | None:
        """What *chunk* adds to the content; None where it adds nothing.

        Raises InputError once the stream has ended.
        """
        if not isinstance(chunk, AIMessageChunk):
            raise InputError(f"{shown(chunk)} is no chunk of harness.")
        self._all += chunk
        said = chunk.model_dump()
        fragments = list(said["tool_call_chunks"])
        content = self._content(said["content"], fragments)
        calls = [self._fragment(fragment) for fragment in fragments]
        if not content and not calls:
            return None
        return lc.AIMessageChunk(
            content=content, tool_call_chunks=calls, id=self._all.id
        )

    def close(self) -> lc.AIMessageChunk:
        """The last chunk: usage, and all else that was said of the answer."""
        message = self._all.to_message()
        return lc.AIMessageChunk(
            content=[] if self._numbered else "",
            usage_metadata=message.usage_metadata,  # type: ignore[arg-type]  # the same keys
            response_metadata=message.response_metadata,
            additional_kwargs=message.additional_kwargs,
            id=message.id,
            name=message.name,
            chunk_position="last",
        )

    # ------------------------------------------------------------------ content

    def _content(self, content: Any, fragments: list[Any]) -> str | list[Any]:
        if isinstance(content, str) and not self._numbered:
            return self._joined("text", content)
        blocks = [{"type": "text", "text": content}] if content else []
        if not isinstance(content, str):
            blocks = [b if isinstance(b, dict) else _text(b) for b in content]
            self._numbered = self._numbered or bool(blocks)
        written = []
        for block in blocks:
            if block["type"] in _CALLS | {"invalid_tool_call"}:
                fragments.append(_as_fragment(block))
            else:
                written.append(self._block(block))
        return written

    def _block(self, block: dict[str, Any]) -> dict[str, Any]:
        kind = block["type"]
        key = kind, block.get("index")
        if key not in self._numbers:
            self._numbers[key] = _free(block.get("index"), self._taken)
        grows = TEXT_FIELD.get(kind)
        text = {grows: self._joined(key, block[grows])} if grows in block else {}
        return {**block, **text, "index": self._numbers[key]}

    def _joined(self, key: Any, text: str) -> str:
        """*text* behind the half of a character with which the last piece ended."""
        text = whole(self._halves.pop(key, "") + text)
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._halves[key] = text[-1]
            return text[:-1]
        return text

    # -------------------------------------------------------------------- calls

    def _fragment(self, fragment: dict[str, Any]) -> lc.ToolCallChunk:
        index, id_ = fragment["index"], fragment["id"]
        call = "call", self._calls.number(index, id_)
        if call not in self._numbers:
            self._numbers[call] = _free(index, self._taken)
        number = self._numbers[call]
        return {
            "name": fragment["name"],
            "args": self._joined(("args", number), fragment["args"] or ""),
            "id": id_,
            "index": number,
            "type": "tool_call_chunk",
        }


def _free(wanted: Any, taken: set[int]) -> int:
    """A number that is not *taken*, and is now: the one *wanted*, if it can be."""
    free = type(wanted) is int and wanted not in taken
    number: int = wanted if free else max(taken, default=-1) + 1
    taken.add(number)
    return number


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _as_fragment(block: dict[str, Any]) -> dict[str, Any]:
    """A whole call as its one fragment."""
    args = block.get("args")
    raw = args if isinstance(args, str | None) else json.dumps(args, ensure_ascii=False)
    index = block.get("index", ("whole", block.get("id")))
    return {"name": block["name"], "args": raw, "id": block.get("id"), "index": index}


def chunk_from_langchain(chunk: lc.AIMessageChunk) -> AIMessageChunk:
    """*chunk* as we have it. Raises InputError for what has no form here.

    >>> chunk_from_langchain(lc.AIMessageChunk(content="Hello", id="a"))
    AIMessageChunk('Hello', id='a')
    """
    if not isinstance(chunk, lc.AIMessageChunk):
        raise InputError(f"{shown(chunk)} is no chunk of LangChain.")
    content: Any = chunk.content
    if isinstance(content, list) and chunk.tool_call_chunks:
        content = [
            block
            for block in content
            if not (isinstance(block, dict) and block.get("type") in _CALLS)
        ]
    return AIMessageChunk(
        content,
        tool_call_chunks=[dict(fragment) for fragment in chunk.tool_call_chunks],
        usage_metadata=chunk.usage_metadata,
        response_metadata=chunk.response_metadata,
        additional_kwargs=chunk.additional_kwargs,
        id=chunk.id,
        name=chunk.name,
        chunk_position=chunk.chunk_position,
    )
