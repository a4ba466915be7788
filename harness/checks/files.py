"""A file, whatever it is. In: its bytes. Out: findings."""

import re
from collections.abc import Iterator
from datetime import datetime

from harness.cassettes.reading import text_of
from harness.checks.cassettes import check_cassette, damage
from harness.checks.rules import Finding
from harness.checks.scripts import check_script
from harness.checks.secrets import Secrets
from harness.errors import CassetteError
from harness.scripts.files import holds_script

__all__ = ["check_file"]

_IGNORED = re.compile(r"# harness: ignore ([\w ,-]+)")


def check_file(
    data: bytes, name: str, *, oldest: datetime | None = None, script: bool = False
) -> list[Finding]:
    """What is wrong with the file *name*, whose bytes are *data*.

    Cassettes from before *oldest* are stale. What says that it is a script, or is
    expected to be one (*script*), is read as one. A comment at the head of the file,
    ``# harness: ignore RULE, RULE``, says what is well here.

    >>> [print(one) for one in check_file(b"turns: [{fial: 429}]", "a.yaml")][:0]
    a.yaml:1: error script: turns[0]: {'fial': 429} is neither a text nor one of: ...
    []
    """
    try:
        text = text_of(data, name)
    except CassetteError as error:
        return [damage(str(error), name)]
    found = [*_checked(text, name, oldest, script=script)]
    ignored = _ignored(text)
    return [one for one in found if one.rule not in ignored] if ignored else found


def _checked(
    text: str, name: str, oldest: datetime | None, *, script: bool
) -> Iterator[Finding]:
    if not holds_script(text) and not (script and "interactions" not in text):
        yield from check_cassette(text, name, oldest)
        return
    secrets = Secrets(text, name)
    for one in check_script(text, name):
        yield Finding(name, one.line, one.rule, secrets.masked(one.text))
    yield from secrets.findings()


def _ignored(text: str) -> set[str]:
    """The rules that comments at the head of *text* name."""
    said: set[str] = set()
    for line in text.splitlines() if text.startswith("#") else ():
        if not line.startswith("#"):
            break
        if found := _IGNORED.match(line):
            said |= {*re.split(r"[ ,]+", found[1].strip())}
    return said
