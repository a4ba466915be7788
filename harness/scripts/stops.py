"""Stop sequences. In: an answer, the sequences. Out: the answer up to the first."""

from collections.abc import Sequence
from dataclasses import replace

from harness.scripts.parts import Part, Said, ScriptedBlock

__all__ = ["stopped"]


def stopped(said: Said, stops: Sequence[str]) -> Said:
    """Cut *said* off before the first stop sequence in its text.

    >>> stopped(Said((ScriptedBlock({"type": "text", "text": "a. b"}),)), ["."]).parts
    (ScriptedBlock(block={'type': 'text', 'text': 'a'}, continues=False),)
    """
    for first, last, text in _texts(said.parts):
        ends = [(end, stop) for stop in stops if stop and (end := text.find(stop)) >= 0]
        if ends:
            end, stop = min(ends)
            parts = [*said.parts[:first], *_upto(said.parts[first:last], end)]
            return replace(
                said,
                parts=tuple(parts),
                finish="stop",
                cut=said.cut if isinstance(said.cut, str | int) else None,
                metadata={**(said.metadata or {}), "stop_sequence": stop},
            )
    return said


def _texts(parts: Sequence[Part]) -> list[tuple[int, int, str]]:
    """Each text, with where it begins and ends among the parts."""
    found: list[tuple[int, int, str]] = []
    for place, part in enumerate(parts):
        if isinstance(part, ScriptedBlock) and part.block["type"] == "text":
            text = part.block["text"]
            if part.continues:
                first, _, before = found.pop()
                found.append((first, place + 1, before + text))
            else:
                found.append((place, place + 1, text))
    return found


def _upto(parts: Sequence[Part], end: int) -> list[Part]:
    """The *parts* of one text, up to its character *end*."""
    kept: list[Part] = []
    for part in parts:
        if isinstance(part, ScriptedBlock):
            text = part.block["text"]
            kept.append(replace(part, block={**part.block, "text": text[:end]}))
            if (end := end - len(text)) <= 0:
                break
        else:
            kept.append(part)
    return kept
