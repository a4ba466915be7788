"""Scripts and cassettes as somebody to talk to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from harness.cassettes import CassetteSource
from harness.cli.screen import counted
from harness.errors import shown
from harness.fake import FakeChatModel
from harness.messages import HumanMessage, Message, SystemMessage
from harness.models import ChatModel
from harness.replay import ReplayChatModel
from harness.scripts import Script
from harness.scripts.files import load_script
from harness.server.speeds import clock_at
from harness.transcripts import Transcript, conversations, read_transcript

__all__ = ["Player", "opened"]

_KNOWN = 5


@dataclass(frozen=True, slots=True)
class Player:
    """A *model* that plays a file, at its beginning.

    *opening* is what is always said first, *size* what there is to be played, and
    *greeting* what a person should know. *calls* tells what was asked, *left* what was
    not yet played, a line each.
    """

    model: ChatModel
    opening: tuple[Message, ...]
    size: str
    greeting: str
    calls: Callable[[], list[str]]
    left: Callable[[], list[str]]


def opened(path: Path, speed: float) -> Player:
    """What is at *path*, played *speed* times as fast as it says; at 0, at once.

    Raises InputError for a wrong script or speed, CassetteError for a damaged file.
    """
    clock = clock_at(speed)
    transcript = read_transcript(path)
    if transcript.kind == "script":
        return _script(FakeChatModel(load_script(path), clock=clock), transcript)
    model = ReplayChatModel(
        path, match_on=["messages"], timing=speed or "instant", clock=clock
    )
    return _cassette(model, transcript)


def _script(model: FakeChatModel, transcript: Transcript) -> Player:
    """A script; the tools that it calls or waits for are bound."""
    tools = sorted({*_tools(model.script, transcript)})
    schema = {"type": "object"}
    told = f"; tools: {', '.join(tools)}" if tools else ""
    size = counted(len(model.script.turns), "turn")
    return Player(
        model.bind_tools([{"name": name, "parameters": schema} for name in tools]),
        (),
        size,
        f"{transcript.path}: a script of {size}{told}.",
        lambda: [repr(call) for call in model.calls],
        model.script.left,
    )


def _tools(script: Script, transcript: Transcript) -> Iterator[str]:
    for turn, one in zip(script.turns, transcript.exchanges, strict=True):
        if turn.when is not None:
            yield from turn.when.tools
        if one.answer is not None:
            yield from (call["name"] for call in one.answer.tool_calls)


def _cassette(model: ReplayChatModel, transcript: Transcript) -> Player:
    """A cassette: asked by messages alone, the first recorded system prompt first."""
    cassette = model.cassette
    first = cassette.recordings[0].request.messages if cassette.recordings else ()
    opening = takewhile(lambda message: isinstance(message, SystemMessage), first)
    size = counted(len(cassette.recordings), "recording")
    known = list(dict.fromkeys(_asked(transcript)))
    questions = ", ".join(known[:_KNOWN]) + ", ..." * (len(known) > _KNOWN)
    return Player(
        model,
        tuple(opening),
        size,
        f"{transcript.path}: a cassette of {size}, which begin with: {questions}.",
        lambda: _played(cassette),
        lambda: [str(one) for one in cassette.unused()],
    )


def _played(cassette: CassetteSource) -> list[str]:
    left = {one.number for one in cassette.unused()}
    return [str(one) for one in cassette.recordings if one.number not in left]


def _asked(transcript: Transcript) -> Iterator[str]:
    """What people said first in each conversation."""
    for one in conversations(transcript.chats):
        said = [m.text for m in one.fresh[0] if isinstance(m, HumanMessage)]
        yield from (shown(text, limit=60) for text in said[:1])
