"""What must hold of what reads files, whatever stands in them."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from checking import Wrong, agree, said_or_refused, text_of

from harness.cassettes import Interaction, journals, read_cassette, write_cassette
from harness.cassettes import parsing as parsing_room
from harness.cassettes.layout import read_layout
from harness.cassettes.reading import _read
from harness.cassettes.reading import text_of as decoded_text
from harness.checks.cassettes import check_cassette as findings_of_cassette
from harness.checks.scripts import check_script as findings_of_script
from harness.chunks import AIMessageChunk
from harness.converting import FORMATS, read_recording
from harness.converting.aimock import aimock_turns, holds_aimock
from harness.converting.scripting import turns_of, written
from harness.errors import CassetteError, HarnessError, InputError, ScriptError
from harness.messages import HumanMessage
from harness.requests import ChatRequest
from harness.scripts import Script
from harness.scripts.file_writing import write_script
from harness.scripts.files import read_script
from harness.transcripts.json_form import transcript_value
from harness.transcripts.reading import transcript_of

__all__ = [
    "check_cassette",
    "check_conversion",
    "check_journal",
    "check_packed",
    "check_script",
]

_NAME = "cassette.yaml"
_FORMS = [None, *FORMATS]
_ASKED = ChatRequest((HumanMessage("Hi"),))
_MOST_STEPS = 2_000
Read = Callable[..., Any]


def check_cassette(data: bytes, *, read: Read = read_cassette) -> None:
    """A cassette is read or refused; each way to read it says the same."""
    text = text_of(data)
    for finding in findings_of_cassette(text, _NAME):
        str(finding)
    kept = said_or_refused(partial(read, text, _NAME, seals="ignore"), CassetteError)
    _ways_agree(text)
    if kept[0] == "said":
        _kept(kept[1], read)
        _shown(kept[1])


def check_packed(data: bytes, *, text_of: Read = decoded_text) -> None:
    """Any bytes are text, packed or not, or refused by the name of the file."""
    kept = said_or_refused(partial(text_of, data, _NAME), CassetteError)
    if kept[0] == "refused" and _NAME not in str(kept[1]):
        raise Wrong(f"an error without the name of the file: {kept[1]}")


def _ways_agree(text: str) -> None:
    """What a fast way reads, the slow way reads as the same."""
    plain = parsing_room._plain(text)
    if plain is not None:
        agree(parsing_room._any(text, _NAME), plain, "values of any YAML, and of plain")
    laid = read_layout(text, _NAME)
    if laid is not None:
        slow, counted = _read(text, _NAME)
        agree(slow, laid[0], "interactions of YAML, and of our own layout")
        agree(counted.get("count"), laid[1], "the counts")


def _kept(found: Sequence[Interaction], read: Read) -> None:
    """What was read is written, and then is the same; nobody is told of a change."""
    text = said_or_refused(partial(write_cassette, found), InputError)
    if text[0] == "refused":
        return
    agree(_meant(read(text[1], _NAME, seals="error")), _meant(found), "kept in a file")
    agree(write_cassette(read(text[1], _NAME)), text[1], "written again")


def _meant(found: Iterable[Interaction]) -> list[Interaction]:
    """Give interactions with headers in the order of their names."""
    by_name = partial(sorted, key=itemgetter(0))
    return [
        replace(
            one,
            request_headers=tuple(by_name(one.request_headers)),
            response_headers=tuple(by_name(one.response_headers)),
        )
        for one in found
    ]


def _shown(found: Sequence[Interaction]) -> None:
    """What was read can be looked at, and made a script of."""
    shown = transcript_of(found, Path(_NAME))
    json.dumps(transcript_value(shown, raw=True))
    turns = said_or_refused(partial(turns_of, found, _NAME), CassetteError, InputError)
    if turns[0] == "said":
        made = said_or_refused(partial(written, [turns[1]]), InputError)
        if made[0] == "said":
            read_script(made[1].text)


def check_conversion(data: bytes, *, read: Read = read_recording) -> None:
    """A recording of another program becomes interactions that a cassette can keep."""
    if not data:
        return
    form, data = _FORMS[data[0] % len(_FORMS)], data[1:]
    text = text_of(data)
    if holds_aimock(text):
        said_or_refused(partial(aimock_turns, text, _NAME), HarnessError)
    kept = said_or_refused(
        partial(read, data, _NAME, form=form), CassetteError, InputError
    )
    if kept[0] == "said":
        _kept(kept[1].interactions, read_cassette)


def check_journal(data: bytes, *, read: Read = journals._read) -> None:
    """Lines are read, or counted as damaged; what was read is told the same again.

    Each line gets its checksum, as nothing else gets by.
    """
    lines = [b"%s %s\n" % (journals._sum(one), one) for one in data.split(b"\n")]
    path = Path(".cassette.yaml.1.journal")
    found = read(path, b"".join(lines))
    agree(len(found.interactions) + found.damaged, len(lines), "lines, and entries")
    for number, one in enumerate(found.interactions):
        again = read(path, journals.line_of(number, one))
        agree(again.interactions, (one,), "a line written and read")
    cut_short = read(path, b"".join(lines)[:-1])
    if cut_short.damaged > found.damaged:
        raise Wrong("a last line that was cut short is told as damaged")


def check_script(data: bytes, *, read: Read = read_script) -> None:
    """A script is read or refused with its place, plays, and is written as it is."""
    text = text_of(data)
    for finding in findings_of_script(text, _NAME):
        str(finding)
    kept = said_or_refused(partial(read, text, _NAME), InputError, ScriptError)
    if kept[0] == "refused":
        if _NAME not in str(kept[1]):
            raise Wrong(f"an error without the name of the file: {kept[1]}")
        return
    script: Script = kept[1]
    text_again = said_or_refused(partial(write_script, script), InputError)
    if text_again[0] == "said":
        again = read(text_again[1])
        agree(_placeless(again), _placeless(script), "turns written and read")
    said_or_refused(partial(_play, script), HarnessError)


def _placeless(script: Script) -> list[Any]:
    return [replace(turn, place="") for turn in script.turns]


def _play(script: Script) -> None:
    for _ in script.turns:
        total = AIMessageChunk()
        for count, step in enumerate(script.play(_ASKED)):
            if isinstance(step, AIMessageChunk):
                total += step
            if count > _MOST_STEPS:
                break
        total.to_message().model_dump_json()
