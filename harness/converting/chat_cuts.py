"""How a recorded answer came in pieces, as a script says it: by the simplest cut.

In: the chunks of an answer. Out: cuts. Sizes are preferred to the very pieces: they
still fit when a person edits the text.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from harness.blocks import TEXT_FIELD
from harness.chunks import AIMessageChunk
from harness.scripts import characters, cutting
from harness.scripts.cutting import Cut
from harness.scripts.parts import Part, ScriptedBlock, ScriptedCall

__all__ = ["argument_cut", "grown", "text_cut"]

#: More pieces than that are cut by words: nobody reads so many sizes.
MOST_PIECES = 64

_SIMPLE = ("words", "whole", "characters", "graphemes")


def grown(chunk: AIMessageChunk) -> Iterator[tuple[str, str]]:
    """What *chunk* adds to texts and reasoning: the kind of block, and the piece.

    >>> [*grown(AIMessageChunk("Hi"))]
    [('text', 'Hi')]
    """
    for block in chunk.content_blocks:
        kind = block["type"]
        if kind in ("text", "reasoning") and (piece := block.get(TEXT_FIELD[kind])):
            yield kind, piece


def text_cut(
    chunks: Sequence[AIMessageChunk], parts: Sequence[Part]
) -> Cut | str | int | None:
    """The cut that makes of the texts in *parts* what *chunks* brought.

    Where texts came in many pieces, or each in its own way, it is None: by words.
    """
    pieces = [*chain.from_iterable(map(grown, chunks))]
    texts = {"text": _texts(parts, "text"), "reasoning": _texts(parts, "reasoning")}
    found: list[tuple[str, list[str]]] = []
    for kind, said in texts.items():
        split = _split([piece for one, piece in pieces if one == kind], said)
        if split is None:
            return None
        found += zip(said, split, strict=True)
    if not found:
        return None
    sizes = [len(piece) for piece in found[0][1]]
    for how in (*_SIMPLE, sizes[0]):
        if all(cutting.cut(text, how) == came for text, came in found):
            return None if how == "words" else how
    # Reasoning beside a text is cut by the sizes of the text.
    alone = len(texts["text"]) == 1 or len(found) == 1
    return characters(*sizes) if alone and len(sizes) <= MOST_PIECES else None


def argument_cut(
    chunks: Iterable[AIMessageChunk], parts: Sequence[Part]
) -> Cut | str | None:
    """The same of the arguments of calls, as far as they are spelled as scripts do."""
    calls = [part for part in parts if isinstance(part, ScriptedCall)]
    fragments: dict[Any, list[str]] = {}
    for chunk in chunks:
        for one in chunk.tool_call_chunks:
            fragments.setdefault(one["index"], []).append(one["args"] or "")
    came = [[piece for piece in one if piece] for one in fragments.values()]
    if not calls or len(came) != len(calls):
        return None
    if all(len(one) <= 1 for one in came):
        return "whole"
    raw = json.dumps(calls[0].args, ensure_ascii=False)
    if calls[0].raw is not None:
        raw = calls[0].raw
    if len(calls) == 1 and "".join(came[0]) == raw and len(came[0]) <= MOST_PIECES:
        return characters(*map(len, came[0]))
    return None


def _texts(parts: Iterable[Part], kind: str) -> list[str]:
    """The texts of a kind, whole; those that continue are one."""
    found: list[str] = []
    for part in parts:
        if isinstance(part, ScriptedBlock) and part.block["type"] == kind:
            text = part.block[TEXT_FIELD[kind]]
            if part.continues:
                found[-1] += text
            else:
                found.append(text)
    return found


def _split(pieces: list[str], texts: list[str]) -> list[list[str]] | None:
    """*pieces* by the text that each is of; None where they do not fit."""
    found: list[list[str]] = []
    left = iter(pieces)
    for text in texts:
        mine: list[str] = []
        while sum(map(len, mine)) < len(text) and (piece := next(left, "")):
            mine.append(piece)
        if "".join(mine) != text:
            return None
        found.append(mine)
    return found
