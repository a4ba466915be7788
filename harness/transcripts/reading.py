"""Reading cassettes and scripts into transcripts."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from harness.cassettes import CassetteSource, Interaction, load_cassette
from harness.cassettes.source import Recording
from harness.chunks import AIMessageChunk
from harness.errors import CassetteError
from harness.finishing import plain_text
from harness.paths import StrPath
from harness.requests import ChatRequest
from harness.scripts import Script
from harness.scripts.files import holds_script, read_script
from harness.scripts.parts import Auto, Compute, Said, Steps, Turn
from harness.steps import Fault, Pause, Step
from harness.transcripts.exchanges import Exchange, Piece, Transcript
from harness.wire import Dialect

__all__ = ["answered", "read_transcript", "transcript_of", "turn_exchange"]


def read_transcript(
    path: StrPath,
    change: Callable[[Interaction], Interaction] | None = None,
    *,
    dialect: Dialect | None = None,
) -> Transcript:
    """Read the cassette or the script at *path*, whichever it is.

    *dialect* is the wire format of a cassette whose URLs do not tell it. What *change*
    makes of each interaction of a cassette is read in its place, such as
    ``Redaction().redact``.

    Seals are not looked at. Raises CassetteError for a file that is neither or damaged,
    and InputError, which names line and field, for a wrong script.

    >>> [one.answer.text for one in read_transcript("cassettes/weather.yaml").chats][0]
    'Hello! Ask me about the weather anywhere.'
    """
    path = Path(path)
    text = _text(path)
    if text is not None and holds_script(text):
        return _script(read_script(text, str(path)), path)
    interactions: Iterable[Interaction] = load_cassette(path, seals="ignore")
    if change is not None:
        interactions = map(change, interactions)
    return transcript_of(interactions, path, dialect=dialect)


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8-sig") if path.is_file() else None
    except (OSError, UnicodeDecodeError):
        return None  # `load_cassette` reads packed files, and says what is wrong


def transcript_of(
    interactions: Iterable[Interaction],
    path: StrPath,
    *,
    dialect: Dialect | None = None,
) -> Transcript:
    """The transcript of *interactions*, which stand in the file at *path*."""
    listed = tuple(interactions)
    source = CassetteSource(listed, dialect)
    chats = {one.number: one for one in source.recordings}
    aside = {id(one): reason for one, reason in source.skipped}
    return Transcript(
        Path(path),
        "cassette",
        tuple(
            _chat(chats[number])
            if number in chats
            else Exchange(
                number, one.place, problem=aside.get(id(one), ""), interaction=one
            )
            for number, one in enumerate(listed, 1)
        ),
    )


def _chat(recording: Recording) -> Exchange:
    interaction = recording.interaction
    asked = Exchange(
        recording.number,
        interaction.place,
        recording.dialect.name if recording.dialect else "chat-harness",
        recording.request,
        interaction=interaction,
    )
    timed = interaction.chunk_times is not None
    return answered(asked, recording.steps(speed=1.0), timed=timed)


def _script(script: Script, path: Path) -> Transcript:
    return Transcript(
        path,
        "script",
        tuple(
            turn_exchange(number, turn, script)
            for number, turn in enumerate(script.turns, 1)
        ),
    )


def turn_exchange(number: int, turn: Turn, script: Script) -> Exchange:
    """*turn* of *script*, as far as its answer is known before it is asked."""
    times = "forever" if turn.times is None else f"{turn.times} times"
    about = [
        f"when {turn.when}" if turn.when else "",
        times if turn.times != 1 else "",
        "misbehaving" if turn.misbehaving else "",
    ]
    told = ", ".join(filter(None, about))
    one = Exchange(number, turn.place, "script", about=told)
    match turn.answer:
        case Said() | Steps():
            alone = replace(turn, when=None, times=1, misbehaving=True)
            steps = script.fresh([alone]).play(ChatRequest((), stream=True))
            return answered(one, steps, timed=True)
        case Auto():
            return replace(
                one,
                about=", ".join(["made up from the request", *filter(None, [told])]),
            )
        case Compute():
            return replace(one, about="a function of the request")


def answered(asked: Exchange, steps: Iterator[Step], *, timed: bool) -> Exchange:
    """*asked*, with the answer that *steps* are."""
    full: AIMessageChunk | None = None
    fault: Fault | None = None
    problem = ""
    pieces: list[Piece] = []
    now = 0.0
    try:
        for step in steps:
            match step:
                case Pause(seconds=seconds):
                    now += seconds * 1000
                case Fault():
                    fault = step
                case AIMessageChunk():
                    full = step if full is None else full + step
                    pieces += _pieces(step, now if timed else None)
    except CassetteError as error:
        problem = str(error)
    return replace(
        asked,
        answer=None if full is None else full.to_message(),
        fault=fault,
        pieces=tuple(pieces),
        problem=problem,
    )


def _pieces(chunk: AIMessageChunk, at: float | None) -> Iterator[Piece]:
    text = plain_text(chunk)
    if text:  # as nearly all are
        yield Piece("text", text, at)
        return
    blocks = chunk.content_blocks
    for block in blocks:
        kind = block["type"]
        match block:
            case {"text": str(text)} | {"reasoning": str(text)}:
                yield Piece(kind, text, at)
            case {"args": str(text)}:
                name = str(block.get("name") or "")
                yield Piece(kind, f"{name} {text}" if name else text, at)
            case _:
                yield Piece(kind, "", at)
    if not blocks:
        yield Piece("", "", at)
