"""Real recordings as scripts: a fake that plays them says what the provider said."""

import json
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from harness import FakeChatModel
from harness.cassettes import CassetteSource, Recording
from harness.chunks import AIMessageChunk
from harness.converting import ForeignRecording, read_recording
from harness.converting.scripting import ScriptedTurns, turns_of, written
from harness.errors import CassetteError
from harness.schemas import problems
from harness.scripts.files import read_script, script_schema
from harness.scripts.yaml_source import read_yaml
from harness.steps import Step

#: How many chats there are in the recordings that can be read.
CHATS = 469

Found = dict[str, tuple[ForeignRecording, ScriptedTurns]]


@pytest.fixture(scope="module")
def found(recordings: Path) -> Found:
    """Give what each file with chats holds, and the turns made of it, with pauses."""
    lines = (recordings / "manifest.jsonl").read_text().splitlines()
    made: Found = {}
    for line in lines:
        file = json.loads(line)["file"]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                data = (recordings / file).read_bytes()
                read = read_recording(data, file, host="https://api.openai.com")
            made[file] = read, turns_of(read.interactions, file, timing=True)
        except CassetteError:
            continue
    return made


def pieces(steps: Iterable[Step]) -> list[str]:
    """Give the texts of chunks that have some."""
    return [
        step.text for step in steps if isinstance(step, AIMessageChunk) and step.text
    ]


def chats(file: ForeignRecording) -> list[Recording]:
    """Give the chats in a file."""
    return CassetteSource(file.interactions).recordings


def test_scripts_play_what_was_recorded(
    found: Found, kept: Callable[..., dict[str, Any]]
) -> None:
    """All chats of all files are equal in what scripts keep; most come as they did."""
    wrong, counts = [], Counter[str]()
    for file, (read, turns) in found.items():
        model = FakeChatModel(read_script(written([turns]).text, file))
        for recording, turn in zip(chats(read), turns.turns, strict=True):
            ids = {part.id for part in turn.turn.answer.parts if hasattr(part, "id")}  # type: ignore[union-attr]  # it says parts
            known = {one for one in ids if one}
            recorded = [*recording.steps(1.0)]
            # Of a body alone nobody knows what was asked.
            model.script.check = bool(recording.request.messages)
            played = [*model.play(recording.request)]
            counts["chats"] += 1
            if kept(played, known) != kept(recorded, known):
                wrong.append(str(recording))
            if recording.request.stream:
                counts["streams"] += 1
                counts["in the same pieces"] += pieces(played) == pieces(recorded)

    assert wrong == []
    assert counts["chats"] == CHATS
    assert counts["in the same pieces"] >= 0.95 * counts["streams"]


def test_scripts_fit_the_schema(found: Found) -> None:
    """What is written is what editors complete, without secrets in the way."""
    schema = script_schema()
    wrong = [
        file
        for file, (_, turns) in found.items()
        if problems(read_yaml(written([turns]).text, file).value, schema)
    ]

    assert wrong == []


def test_scripts_can_be_read_by_people(found: Found) -> None:
    """No line is longer than a paragraph of the answer, and no list of sizes long."""
    for _, turns in found.values():
        script = written([turns])
        longest = max(
            (len(line) for one in turns.turns for line in str(one.turn).split("\\n")),
            default=0,
        )
        assert max(map(len, script.text.splitlines())) <= max(longest + 40, 100)
