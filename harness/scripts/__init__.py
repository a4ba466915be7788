"""Scripts: what a fake model plays, turn by turn, checked against what is asked."""

from harness.scripts.cutting import at, characters, graphemes, pieces, whole, words
from harness.scripts.journal import Call, Journal
from harness.scripts.parts import CutLike, Failure, ScriptedBlock, ScriptedCall, Turn
from harness.scripts.script import Script
from harness.scripts.turns import (
    TurnLike,
    as_turn,
    auto,
    call,
    fail,
    pause,
    say,
    think,
)
from harness.scripts.when import When

__all__ = [
    "Call",
    "CutLike",
    "Failure",
    "Journal",
    "Script",
    "ScriptedBlock",
    "ScriptedCall",
    "Turn",
    "TurnLike",
    "When",
    "as_turn",
    "at",
    "auto",
    "call",
    "characters",
    "fail",
    "graphemes",
    "pause",
    "pieces",
    "say",
    "think",
    "whole",
    "words",
]
