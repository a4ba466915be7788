"""The script that the arguments of a fake say: turns with options, or one script."""

from collections.abc import Sequence
from typing import Any

from harness.errors import InputError
from harness.scripts.script import Script

__all__ = ["script_of"]

_UNSAID = {"seed": 0, "check": True, "cut": "words"}


def script_of(turns: Sequence[Any], name: str, **options: Any) -> Script:
    """One script of *turns*, or the one Script that they are.

    *options* are those of `Script`; *name* is what was called, for errors.

    >>> len(script_of(["Hello!", "Bye."], "FakeChatModel").turns)
    2
    """
    if not any(isinstance(turn, Script) for turn in turns):
        return Script(list(turns), **options)
    if len(turns) > 1 or any(options[key] != _UNSAID[key] for key in options):
        raise InputError(
            f"{name}(script) takes one Script alone: give turns, seed, check and cut "
            "to that Script."
        )
    script: Script = turns[0]
    return script
