"""What `harness convert` makes of files: cassettes, or scripts that people edit."""

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.cassettes import Interaction
from harness.cassettes.conversations import ConversationRedaction, is_conversation
from harness.cassettes.merging import save
from harness.cassettes.reading import bytes_of
from harness.cassettes.redaction import Redaction
from harness.cassettes.saving import replace_file
from harness.cli.screen import counted
from harness.cli.skeletons import SCHEMA, SCHEMA_LINE
from harness.converting import ForeignRecording, read_recording
from harness.converting.aimock import aimock_turns, holds_aimock
from harness.converting.scripting import ScriptedTurns, turns_of, written
from harness.errors import CassetteError, CassetteWarning
from harness.scripts.files import fakes_folder

__all__ = ["Cassettes", "Made", "Scripts"]


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a file: its *kind*, and what is said of it."""

    kind: str
    about: str
    row: dict[str, Any]
    interactions: tuple[Interaction, ...] = field(default=(), repr=False)
    turns: ScriptedTurns | None = field(default=None, repr=False)


class Cassettes:
    """Makes cassettes, sealed and without secrets."""

    #: Where they go if nothing is said: each lies beside its file.
    folder: Path | None = None

    def made(self, file: Path, form: str | None, host: str | None) -> Made:
        """What *file* holds. Raises CassetteError."""
        found = _recording(file, form, host)
        count = len(found.interactions)
        at = f" at {', '.join(found.added_hosts)}" if found.added_hosts else ""
        row = {
            "from": found.format,
            "interactions": count,
            "added_hosts": [*found.added_hosts],
        }
        about = f"{found.format}, {counted(count, 'interaction')}{at}"
        return Made("cassette", about, row, found.interactions)

    def write(self, target: Path, made: Sequence[Made]) -> tuple[str, ...]:
        """Write all of it to *target*; give what was left out. Raises CassetteError."""
        interactions = [one for each in made for one in each.interactions]
        rules = Redaction.default()
        chats = any(map(is_conversation, interactions))
        save(target, interactions, ConversationRedaction(rules) if chats else rules)
        return ()


@dataclass(frozen=True, slots=True)
class Scripts:
    """Makes scripts, with the pauses of the recording, or conditions, if that is said.

    Secrets are hidden before anything is read.
    """

    timing: bool
    match: bool

    @property
    def folder(self) -> Path | None:
        """Where they go if nothing is said: where scripts are looked for."""
        folder, here = fakes_folder(), Path.cwd()
        return folder.relative_to(here) if folder.is_relative_to(here) else folder

    def made(self, file: Path, form: str | None, host: str | None) -> Made:
        """The turns that *file* has. Raises CassetteError."""
        text = bytes_of(file).decode("utf-8-sig", "replace")
        if form is None and holds_aimock(text):
            return self._made("aimock", aimock_turns(text, str(file)))
        found = _recording(file, form, host)
        clean = [_redacted(one) for one in found.interactions]
        turns = turns_of(clean, str(file), timing=self.timing, match=self.match)
        # A script goes where others work: it names the file, not where it lay.
        short = [reason.replace(str(file), file.name) for reason in turns.skipped]
        return self._made(
            found.format, replace(turns, name=file.name, skipped=tuple(short))
        )

    def _made(self, form: str, turns: ScriptedTurns) -> Made:
        count = len(turns.turns)
        about = f"{form}, {counted(count, 'turn')}"
        return Made("script", about, {"from": form, "turns": count}, turns=turns)

    def write(self, target: Path, made: Sequence[Made]) -> tuple[str, ...]:
        """Write all of it to *target*; give what was left out. Raises CassetteError."""
        script = written([one.turns for one in made if one.turns is not None])
        if leaks := [*map(str, Redaction.default().scan(script.text))]:
            raise CassetteError(
                f"{target}: not written, since it would hold what looks like a secret:"
                + "".join(f"\n  {leak}" for leak in leaks)
            )
        text = script.text
        if (target.parent / SCHEMA).is_file():
            text = f"{SCHEMA_LINE}\n#\n{text}"
        replace_file(target, text.encode())
        return script.left_out


def _recording(file: Path, form: str | None, host: str | None) -> ForeignRecording:
    data = bytes_of(file)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", CassetteWarning)
        found = read_recording(data, str(file), form=form, host=host)
    for warning in told:
        print(f"harness: {warning.message}", file=sys.stderr)
    return found


def _redacted(one: Interaction) -> Interaction:
    if one.sealed:
        return one
    rules = Redaction.default()
    hidden = ConversationRedaction(rules) if is_conversation(one) else rules
    return replace(hidden.redact(one), place=one.place)
