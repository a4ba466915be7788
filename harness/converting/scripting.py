"""Recordings as scripts that people edit: `harness convert --to script`.

In: interactions. Out: the text of a script that answers as they did, and what it omits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harness.cassettes import CassetteSource, Interaction, Recording
from harness.converting.chat_turns import RecordedTurn, turn_of
from harness.errors import CassetteError
from harness.messages import AIMessage, ToolMessage
from harness.scripts import Script, Turn
from harness.scripts.cutting import ARGUMENTS
from harness.scripts.file_writing import write_script
from harness.scripts.parts import Block, CutLike, Said, ScriptedCall

__all__ = ["WrittenScript", "as_script"]

_GENERAL = (
    "Edit it freely. Left out everywhere: ids, times, names of models, signatures, "
    "headers, and what else providers say beside an answer."
)


@dataclass(frozen=True, slots=True)
class WrittenScript:
    """The *text* of a script of so many *turns*, and a line for all that it omits."""

    text: str
    turns: int
    left_out: tuple[str, ...] = ()


def as_script(
    interactions: Iterable[Interaction],
    name: str,
    *,
    timing: bool = False,
    match: bool = False,
) -> WrittenScript:
    """The script that answers as the chats in *interactions* were answered, in order.

    *name* is where they are from. With *timing* it pauses as they did, with *match*
    each turn waits for what the user had asked. Raises CassetteError where there is no
    chat among them.
    """
    source = CassetteSource(interactions, name=name)
    ids = {id for one in source.recordings for id in _ids(one)}
    turns: list[RecordedTurn] = []
    skipped = [f"{_named(one)}: {why}" for one, why in source.skipped]
    for recording in source.recordings:
        try:
            turns.append(turn_of(recording, ids=ids, timing=timing, match=match))
        except CassetteError as error:
            skipped.append(str(error))
    if not turns:
        raise CassetteError(
            "\n".join([f"{name} has no chat that a script could play.", *skipped])
        )
    notes = {
        number: [f"Left out: {', '.join(turn.left_out)}."]
        for number, turn in enumerate(turns)
        if turn.left_out
    }
    count = f"{len(turns)} chat" + ("s" if len(turns) > 1 else "")
    left_out = [
        *(f"turn {n + 1}: {note[0]}" for n, note in notes.items()),
        *(f"No turn for {reason}" for reason in skipped),
    ]
    heading = [f"From {name}: {count}. {_GENERAL}"]
    heading += [f"No turn for {reason}" for reason in skipped]
    text = write_script(
        _script([one.turn for one in turns]), heading=heading, notes=notes
    )
    return WrittenScript(text, len(turns), tuple(left_out))


def _named(one: Interaction) -> str:
    return f"{one.place} ({one.method} {one.url})"


def _ids(recording: Recording) -> Iterable[str]:
    """The ids of calls that a request names."""
    for message in recording.request.messages:
        if isinstance(message, ToolMessage):
            yield message.tool_call_id
        elif isinstance(message, AIMessage):
            yield from (call["id"] for call in message.tool_calls if call["id"])


def _script(turns: Sequence[Turn]) -> Script:
    """A script of *turns*; a cut that all of them have is said once."""
    said = [turn.answer for turn in turns if isinstance(turn.answer, Said)]
    cut = _shared([one.cut for one in said if _says(one, Block)])
    arguments = [one.arguments_cut for one in said if _says(one, ScriptedCall)]
    arguments_cut = _shared(arguments)
    plain = [
        replace(
            turn,
            answer=replace(
                one,
                cut=None if cut else one.cut,
                arguments_cut=None if arguments_cut else one.arguments_cut,
            ),
        )
        for turn, one in zip(turns, said, strict=True)
    ]
    return Script(plain, cut=cut or "words", arguments_cut=arguments_cut or ARGUMENTS)


def _says(said: Said, kind: type[Block | ScriptedCall]) -> bool:
    return any(isinstance(part, kind) for part in said.parts)


def _shared(cuts: Sequence[CutLike | None]) -> CutLike | None:
    """The cut that all have, if there are several."""
    same = len(cuts) > 1 and all(cut == cuts[0] for cut in cuts)
    return cuts[0] if same else None
