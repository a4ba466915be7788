"""How an answer is played. In: an answer of parts. Out: its beats, whole and in pieces.

The pieces, summed, are the whole: both are made from the same blocks under the same
indices. Text alone, then calls, needs no indices but those of the calls; any other
order of blocks is numbered, so that it survives the sum.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Any

from harness.blocks import TEXT_FIELD
from harness.chunks import AIMessageChunk
from harness.errors import InputError
from harness.partial_json import JsonError, parse_object
from harness.scripts.cutting import Pieces, cut, cut_arguments
from harness.scripts.parts import (
    CutLike,
    Failure,
    Part,
    Said,
    ScriptedBlock,
    ScriptedCall,
)
from harness.steps import Fault, Pause, Step

__all__ = ["Asked", "Facts", "Plan", "facts_of", "planned", "size_of"]


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as checks see it; *args* is None where *raw* is no JSON object."""

    name: str
    args: dict[str, Any] | None = field(hash=False)
    raw: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an answer amounts to, for the checks of it."""

    calls: tuple[Asked, ...] = ()
    text: str = ""
    complete: bool = True  # nothing breaks it off: no fault, limit or refusal


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of call number *call* of the answer; the first has its id."""

    call: int
    fields: dict[str, Any] = field(hash=False)
    id: str | None = None
    first: bool = False

    def chunk(self, ids: Sequence[str]) -> dict[str, Any]:
        """The fragment as a chunk holds it; *ids* are those of all calls."""
        return {**self.fields, "id": ids[self.call] if self.first else None}


Piece = str | dict[str, Any]  # of a text, or of any other block
Beat = str | AIMessageChunk | Fragment | Pause | Fault
_EMPTY = AIMessageChunk()


@dataclass(frozen=True, slots=True)
class Plan:
    """An answer, ready to be played any number of times."""

    beats: tuple[Beat, ...] = field(hash=False)
    content: str | list[dict[str, Any]] = field(hash=False)
    answer: AIMessageChunk  # where it makes no calls
    fragments: tuple[Fragment, ...]
    waits: tuple[Pause | Fault, ...]
    ids: tuple[str | None, ...]
    facts: Facts
    finish: str | None
    size: int  # how many characters the model wrote

    def streamed(self, end: dict[str, Any], ids: Sequence[str]) -> Iterator[Step]:
        """Play the answer in pieces; *end* is what the last, empty chunk says."""
        said, id = AIMessageChunk(id=end["id"]), end["id"]
        for beat in self.beats:
            match beat:
                case str():
                    yield said.saying(beat)
                case AIMessageChunk():
                    yield beat.identified(id)
                case Fragment():
                    yield AIMessageChunk(tool_call_chunks=[beat.chunk(ids)], id=id)
                case Pause():
                    yield beat
                case Fault():
                    yield beat
                    return
        yield _EMPTY._also(end)

    def whole(self, end: dict[str, Any], ids: Sequence[str]) -> Iterator[Step]:
        """Play the answer as one chunk, once all its pauses are over."""
        if self.waits and isinstance(self.waits[-1], Fault):
            return iter(self.waits)
        if not self.fragments:
            return iter((*self.waits, self.answer._also(end)))
        calls = [fragment.chunk(ids) for fragment in self.fragments]
        said = AIMessageChunk(self.content, tool_call_chunks=calls)
        return iter((*self.waits, said._also(end)))


def planned(said: Said, text_cut: CutLike, arguments_cut: CutLike) -> Plan:
    """Plan how *said* is played; the cuts are those that it does not name itself.

    Raises InputError where a cut does not fit, or a failure can never come.
    """
    _check_order(said.parts)
    simple = _is_simple(said.parts)
    texts = _pieces(said, text_cut)
    beats: list[Beat] = []
    content: list[dict[str, Any]] = []
    fragments: list[Fragment] = []
    number = calls = 0
    for place, part in enumerate(said.parts):
        match part:
            case ScriptedBlock(block=block, continues=continues):
                number -= continues
                index = None if simple else number
                grown = _grown(block, texts[place], index)
                beats += [
                    piece if isinstance(piece, str) else AIMessageChunk([piece])
                    for piece in grown
                ]
                content += _joined(grown)
                number += 1
            case ScriptedCall():
                raw = _raw(part)
                how = said.arguments_cut or arguments_cut
                fragment = _fragment(calls, calls if simple else number, part, raw)
                fragments.append(fragment)
                beats += _fragmented(fragment, cut_arguments(raw, how))
                number, calls = number + 1, calls + 1
            case Failure(after=None):
                beats.append(part.fault)
            case Pause():
                beats.append(part)
            case _:
                pass
    beats = _broken_off(beats, said.parts)
    whole = _plain_text(content)
    return Plan(
        tuple(beats),
        whole,
        AIMessageChunk(whole),
        tuple(fragments),
        tuple(beat for beat in beats if isinstance(beat, Pause | Fault)),
        tuple(part.id for part in said.parts if isinstance(part, ScriptedCall)),
        _facts(said, beats),
        _finish(said),
        size_of(said.parts),
    )


def _finish(said: Said) -> str | None:
    if said.finish != "auto":
        return said.finish
    calls = any(isinstance(part, ScriptedCall) for part in said.parts)
    return "tool_calls" if calls else "stop"


def size_of(parts: Sequence[Part]) -> int:
    """How many characters a model writes to say *parts*."""
    size = 0
    for part in parts:
        if isinstance(part, ScriptedBlock):
            size += len(str(part.block.get(TEXT_FIELD.get(part.block["type"], ""), "")))
        elif isinstance(part, ScriptedCall):
            size += len(part.name) + len(_raw(part))
    return size


def _check_order(parts: Sequence[Part]) -> None:
    for place, part in enumerate(parts[:-1]):
        if isinstance(part, Failure) and part.after is None:
            raise InputError(
                f"part {place + 2} of say(...) can never be said: the answer fails "
                "before it. Put fail(...) last, or say fail(..., after=chunks)."
            )


def _is_simple(parts: Sequence[Part]) -> bool:
    """Whether the sum keeps the order by itself: reasoning, text, calls."""
    ranks = [rank for part in parts if (rank := _rank(part)) is not None]
    blocks = [rank for rank in ranks if rank != 2]
    return 3 not in ranks and ranks == sorted(ranks) and len(blocks) == len({*blocks})


def _rank(part: Part) -> int | None:
    match part:
        case ScriptedBlock(continues=True) | Pause() | Failure():
            return None
        case ScriptedBlock(block={"type": "reasoning"}):
            return 0
        case ScriptedBlock(block=block) if block.keys() == {"type", "text"}:
            return 1
        case ScriptedBlock():
            return 3
        case ScriptedCall():
            return 2


def _pieces(said: Said, otherwise: CutLike) -> dict[int, list[str]]:
    """The pieces of each block that grows, by its place among the parts."""
    groups: list[list[int]] = []
    texts: dict[int, str] = {}
    for place, part in enumerate(said.parts):
        if isinstance(part, ScriptedBlock):
            key = TEXT_FIELD.get(part.block["type"])
            texts[place] = str(part.block.get(key) or "") if key else ""
            if part.continues:
                groups[-1].append(place)
            else:
                groups.append([place])
    found: dict[int, list[str]] = {}
    for group in groups:
        kind = getattr(said.parts[group[0]], "block", {})["type"]
        how = otherwise if said.cut is None else said.cut
        if isinstance(how, Pieces) and kind != "text":
            how = otherwise  # explicit pieces are those of the text
        found |= _split(group, [texts[place] for place in group], how)
    return found


def _split(group: list[int], texts: list[str], how: CutLike) -> dict[int, list[str]]:
    """Cut the joined *texts*, and at the seams between them too."""
    if len(group) == 1:
        return {group[0]: cut(texts[0], how)}
    found: dict[int, list[str]] = {place: [] for place in group}
    ends = list(accumulate(map(len, texts)))
    joined = "".join(texts)
    start = part = 0
    for piece in cut(joined, how):
        end = start + len(piece)
        while start < end:
            while ends[part] <= start:
                part += 1
            seam = min(ends[part], end)
            found[group[part]].append(joined[start:seam])
            start = seam
    return found


def _grown(block: dict[str, Any], texts: list[str], index: int | None) -> list[Piece]:
    """The pieces of one block; what does not grow comes with the last."""
    key = TEXT_FIELD.get(block["type"])
    at = {} if index is None else {"index": index}
    if key is None:
        return [{**block, **at}]
    if index is None and block["type"] == "text":
        return list(texts)
    rest = {name: value for name, value in block.items() if name != key}
    grown: list[Piece] = [
        {"type": rest["type"], key: text, **at} for text in texts[:-1]
    ]
    if texts or len(rest) > 1:
        grown.append({**rest, key: "".join(texts[-1:]), **at})
    return grown


def _joined(grown: list[Piece]) -> list[dict[str, Any]]:
    """The whole block that *grown* are the pieces of."""
    blocks = [
        {"type": "text", "text": piece} if isinstance(piece, str) else piece
        for piece in grown
    ]
    if not blocks:
        return []
    key = TEXT_FIELD.get(blocks[0]["type"], "")
    if key:
        return [{**blocks[-1], key: "".join(block[key] for block in blocks)}]
    return blocks


def _plain_text(content: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
    if all(block.keys() == {"type", "text"} for block in content):
        return "".join(block["text"] for block in content)
    return content


def _raw(call: ScriptedCall) -> str:
    if call.raw is not None:
        return call.raw
    return json.dumps(call.args, ensure_ascii=False)


def _fragment(call: int, index: int, part: ScriptedCall, raw: str) -> Fragment:
    fields = {"name": part.name, "args": raw, "index": index, "type": "tool_call_chunk"}
    return Fragment(call, fields, part.id, first=True)


def _fragmented(whole: Fragment, texts: list[str]) -> Iterator[Fragment]:
    """Name and id come first and alone, as providers send them."""
    yield replace(whole, fields={**whole.fields, "args": ""})
    for text in texts:
        fields = {**whole.fields, "name": None, "args": text}
        yield Fragment(whole.call, fields)


def _broken_off(beats: list[Beat], parts: Sequence[Part]) -> list[Beat]:
    """Put the failure that counts chunks in its place, and drop what comes after."""
    for part in parts:
        if not isinstance(part, Failure) or part.after is None:
            continue
        chunks = [
            n for n, beat in enumerate(beats) if not isinstance(beat, Pause | Fault)
        ]
        if part.after > len(chunks):
            raise InputError(
                f"fail(after={part.after}) never comes: the answer has "
                f"{_chunks(len(chunks))}. Give it more text, a finer cut, or fail "
                "earlier."
            )
        ends = [*chunks, len(beats)]
        beats = [*beats[: ends[part.after]], part.fault]
    return beats


def _chunks(number: int) -> str:
    return "1 chunk" if number == 1 else f"{number} chunks"


def _facts(said: Said, beats: Sequence[Beat]) -> Facts:
    calls = [part for part in said.parts if isinstance(part, ScriptedCall)]
    blocks = [part.block for part in said.parts if isinstance(part, ScriptedBlock)]
    return Facts(
        tuple(_asked(call.name, _raw(call)) for call in calls),
        "".join(block["text"] for block in blocks if block["type"] == "text"),
        _is_complete(said.finish, blocks)
        and not any(isinstance(beat, Fault) for beat in beats),
    )


def _is_complete(finish: str | None, blocks: Sequence[dict[str, Any]]) -> bool:
    refused = any(block["type"] == "refusal" for block in blocks)
    return not refused and finish in (
        "auto",
        "stop",
        "tool_calls",
        "end_turn",
        "tool_use",
    )


def _asked(name: str, raw: str) -> Asked:
    try:
        return Asked(name, parse_object(raw), raw)
    except JsonError as error:
        return Asked(name, None, raw, error.reason)


def facts_of(steps: Sequence[Step]) -> Facts:
    """What an answer that is given as steps amounts to."""
    chunks = [step for step in steps if isinstance(step, AIMessageChunk)]
    if not chunks:
        return Facts(complete=False)
    message = sum(chunks[1:], chunks[0]).to_message()
    calls = [
        _asked(call["name"], json.dumps(call["args"])) for call in message.tool_calls
    ]
    wrong = [
        Asked(call["name"] or "", None, call["args"] or "", call["error"] or "")
        for call in message.invalid_tool_calls
    ]
    faults = any(isinstance(step, Fault) for step in steps)
    finish = message.finish_reason or "stop"
    return Facts(
        (*calls, *wrong),
        message.text,
        _is_complete(finish, message.content_blocks) and not faults,
    )
