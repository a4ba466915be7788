"""When a recorded answer came, as pauses between the parts of a turn.

In: parts, and the steps that they were made of. Out: the parts with pauses. All time
counts; inside a text there is a pause only where a reader would notice one.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from harness.blocks import TEXT_FIELD
from harness.chunks import AIMessageChunk
from harness.converting.chat_cuts import grown
from harness.scripts.parts import Part, ScriptedBlock, ScriptedCall
from harness.steps import Pause, Step

__all__ = ["with_pauses"]

#: The least pause, in seconds, that parts a text.
NOTICED = 0.25

_Place = tuple[str, int]  # kind of part; the character, or the number of the call


def with_pauses(parts: Sequence[Part], steps: Sequence[Step]) -> tuple[Part, ...]:
    """*parts*, with a pause before what had to be waited for in *steps*.

    >>> steps = [Pause(1), AIMessageChunk("Hi"), Pause(0.1), AIMessageChunk("!")]
    >>> with_pauses([ScriptedBlock({"type": "text", "text": "Hi!"})], steps)[0]
    Pause(seconds=1.0)
    """
    waits, rest = _waits(steps, _borders(parts))
    found: list[Part] = []
    counts = {"text": 0, "reasoning": 0, "call": 0}
    for part in parts:
        match part:
            case ScriptedBlock(block={"type": "text" | "reasoning" as kind} as block):
                start = counts[kind]
                counts[kind] += len(block[TEXT_FIELD[kind]])
                found += _parted(block, start, kind, waits)
            case ScriptedCall():
                found += _before(waits, ("call", counts["call"]))
                found.append(part)
                counts["call"] += 1
            case _:
                found.append(part)
    return (*found, *([Pause(_round(rest))] if _round(rest) else []))


def _parted(
    block: dict[str, Any], start: int, kind: str, waits: dict[_Place, float]
) -> Iterator[Part]:
    """*block*, which begins at the character *start*, parted where it stopped."""
    text = block[TEXT_FIELD[kind]]
    yield from _before(waits, (kind, start))
    inside = sorted(at - start for name, at in waits if name == kind)
    places = [at for at in inside if 0 < at < len(text)] if kind == "text" else []
    for place, end in zip([0, *places], [*places, len(text)], strict=True):
        if place:
            yield from _before(waits, (kind, start + place))
            yield ScriptedBlock(
                {"type": "text", "text": text[place:end]}, continues=True
            )
        else:
            yield ScriptedBlock({**block, TEXT_FIELD[kind]: text[:end]})


def _before(waits: dict[_Place, float], place: _Place) -> Iterator[Pause]:
    if seconds := _round(waits.get(place, 0)):
        yield Pause(seconds)


def _borders(parts: Sequence[Part]) -> set[_Place]:
    """Where parts begin."""
    found: set[_Place] = set()
    counts = {"text": 0, "reasoning": 0, "call": 0}
    for part in parts:
        match part:
            case ScriptedBlock(block={"type": "text" | "reasoning" as kind} as block):
                found.add((kind, counts[kind]))
                counts[kind] += len(block[TEXT_FIELD[kind]])
            case ScriptedCall():
                found.add(("call", counts["call"]))
                counts["call"] += 1
            case _:
                pass
    return found


def _waits(
    steps: Sequence[Step], borders: set[_Place]
) -> tuple[dict[_Place, float], float]:
    """How long was waited for each place, and for the end.

    What passes where no pause can be said is waited for at the next place.
    """
    waits: dict[_Place, float] = {}
    counts = {"text": 0, "reasoning": 0}
    calls: list[Any] = []
    owed = gap = 0.0
    for step in steps:
        match step:
            case Pause(seconds=seconds):
                owed, gap = owed + seconds, gap + seconds
            case AIMessageChunk():
                places: list[_Place] = []
                for kind, piece in grown(step):
                    places.append((kind, counts[kind]))
                    counts[kind] += len(piece)
                for one in step.tool_call_chunks:
                    if one["index"] not in calls:
                        places.append(("call", len(calls)))
                        calls.append(one["index"])
                for place in places:
                    parts_text = place[0] == "text" and gap >= NOTICED
                    if owed and (place in borders or parts_text):
                        waits[place] = waits.get(place, 0) + owed
                        owed = 0.0
                gap = 0.0
            case _:
                pass
    return waits, owed


def _round(seconds: float) -> float:
    return round(seconds, 3)
