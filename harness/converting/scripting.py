"""Recordings as scripts that people edit: `harness convert --to script`.

In: interactions. Out: the text of a script that answers as they did, and what it leaves
out.
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
from harness.scripts.parts import CutLike, Said, ScriptedBlock, ScriptedCall

__all__ = ["ScriptedTurns", "WrittenScript", "no_chat", "turns_of", "written"]

#: What no turn says, whatever it was made of.
_GENERAL = (
    "Left out: ids, times, names of models, signatures, headers, counts of 0, and what "
    "else providers say beside an answer."
)


@dataclass(frozen=True, slots=True)
class ScriptedTurns:
    """The turns made of what the file *name* has, and why others were not made.

    *general* is what holds of all of them.
    """

    name: str
    turns: tuple[RecordedTurn, ...]
    skipped: tuple[str, ...] = ()
    general: str = _GENERAL


@dataclass(frozen=True, slots=True)
class WrittenScript:
    """The *text* of a script, and a line for all that it leaves out."""

    text: str
    left_out: tuple[str, ...] = ()


def turns_of(
    interactions: Iterable[Interaction],
    name: str,
    *,
    timing: bool = False,
    match: bool = False,
) -> ScriptedTurns:
    """Turns that answer as the chats in *interactions* were answered, in order.

    *name* is where they are from. With *timing* turns pause as the recording did, with
    *match* each waits for what the user had asked. Raises CassetteError where there is
    no chat among them.
    """
    source = CassetteSource(interactions, name=name)
    ids = {id for one in source.recordings for id in _ids(one)}
    turns: list[RecordedTurn] = []
    skipped = [f"{_named(one)}: {why}." for one, why in source.skipped]
    for recording in source.recordings:
        try:
            turns.append(turn_of(recording, ids=ids, timing=timing, match=match))
        except CassetteError as error:
            skipped.append(str(error))
    if not turns:
        raise no_chat(name, skipped)
    return ScriptedTurns(name, tuple(turns), tuple(skipped))


def no_chat(name: str, skipped: Sequence[str]) -> CassetteError:
    """What to say of the file *name*, of which no turn is made: why, of the first."""
    more = f" The same goes for {len(skipped) - 1} more." if len(skipped) > 1 else ""
    why = f": {skipped[0]}{more}" if skipped else ", and nothing else."
    return CassetteError(f"{name} has no chat that a script could play{why}")


def written(found: Sequence[ScriptedTurns]) -> WrittenScript:
    """The script that plays the turns of all that was *found*, one after the other."""
    turns = [turn for one in found for turn in one.turns]
    skipped = [f"No turn for {reason}" for one in found for reason in one.skipped]
    notes = {
        number: [f"Left out: {', '.join(turn.left_out)}."]
        for number, turn in enumerate(turns)
        if turn.left_out
    }
    names = ", ".join(one.name for one in found)
    text = write_script(
        _script([one.turn for one in turns]),
        heading=[
            f"From {names}.",
            *dict.fromkeys(one.general for one in found),
            *skipped,
        ],
        notes=notes,
    )
    told = (f"turn {number + 1}: {note[0]}" for number, note in notes.items())
    return WrittenScript(text, (*told, *skipped))


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
    cut = _shared([one.cut for one in said if _says(one, ScriptedBlock)])
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


def _says(said: Said, kind: type[ScriptedBlock | ScriptedCall]) -> bool:
    return any(isinstance(part, kind) for part in said.parts)


def _shared(cuts: Sequence[CutLike | None]) -> CutLike | None:
    """The cut that all have, if there are several."""
    same = len(cuts) > 1 and all(cut == cuts[0] for cut in cuts)
    return cuts[0] if same else None
