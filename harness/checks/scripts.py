"""Scripts in files: what is wrong with them, line by line."""

import re
from collections.abc import Iterator

from harness.checks.rules import Finding
from harness.errors import HarnessError
from harness.scripts import Script
from harness.scripts.files import read_script
from harness.scripts.parts import Turn
from harness.scripts.when import When

__all__ = ["check_script"]

_NEVER = "can never be played"


def check_script(text: str, name: str) -> Iterator[Finding]:
    """What is wrong with the script *name*, which says *text*."""
    try:
        script = read_script(text, name)
    except HarnessError as error:
        yield from _errors(str(error), name)
        return
    yield from _unplayable(script, name)


def _errors(text: str, name: str) -> Iterator[Finding]:
    """A finding for each line of an error that names one of the file."""
    place = re.compile(rf"{re.escape(name)}:(\d+)(?:: )?")
    said: list[tuple[int, str]] = []
    for line in text.splitlines():
        found = place.search(line)
        if found is not None and found.start() == 0:
            said.append((int(found[1]), line[found.end() :]))
        elif found is not None or not said:
            said.append((int(found[1]) if found else 1, line.removeprefix(f"{name}: ")))
        else:
            said[-1] = said[-1][0], f"{said[-1][1]} {line.strip()}"
    for number, line in said:
        yield Finding(name, number, "unplayable" if _NEVER in line else "script", line)


def _unplayable(script: Script, name: str) -> Iterator[Finding]:
    """Turns behind one that takes all that they would answer."""
    for number, turn in enumerate(script.turns):
        for before, other in enumerate(script.turns[:number]):
            if other.times is None and _covers(other.when, turn.when):
                text = (
                    f"turn {number + 1} {_NEVER}: turn {before + 1}, when "
                    f"{other.when}, answers all that it would, forever."
                )
                yield Finding(name, _line(turn), "unplayable", text)
                break


def _line(turn: Turn) -> int:
    return int(turn.place.rpartition(":")[2] or 1)


def _covers(wide: When | None, narrow: When | None) -> bool:
    """Whether *wide* surely applies wherever *narrow* does."""
    if wide is None or narrow is None:
        return wide is None
    return (
        wide.test is None
        and (
            wide.text is None or (narrow.text is not None and wide.text in narrow.text)
        )
        and (wide.pattern is None or wide.pattern == narrow.pattern)
        and {*wide.tools} <= {*narrow.tools}
        and wide.result_of in (None, narrow.result_of)
        and wide.params.items() <= narrow.params.items()
    )
