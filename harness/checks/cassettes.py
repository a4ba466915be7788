"""Cassettes: whole, as they were recorded, without secrets, lawful, fresh."""

import warnings
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from harness.cassettes import Interaction, read_cassette
from harness.checks.places import line_of, told
from harness.checks.rules import Finding
from harness.checks.secrets import Secrets
from harness.checks.streams import check_chats
from harness.errors import CassetteError, CassetteWarning
from harness.recording.hosts import host_of

__all__ = ["check_cassette", "damage"]

#: What errors say, and the rule that it is; all else is damage.
_SAID = (
    ("a merge conflict is not resolved", "conflict"),
    ("is a recording in the format of", "foreign"),
)


def check_cassette(
    text: str, name: str, oldest: datetime | None = None
) -> Iterator[Finding]:
    """What is wrong with the cassette *name*, which says *text*.

    Recordings before *oldest* are stale; None: none is.
    """
    secrets = Secrets(text, name)
    try:
        with warnings.catch_warnings(record=True) as changes:
            warnings.simplefilter("always")
            found = read_cassette(text, name)
    except CassetteError as error:
        yield damage(secrets.masked(str(error)), name)
        yield from secrets.findings()
        return
    yield from secrets.findings(found)
    for change in changes:
        if issubclass(change.category, CassetteWarning):
            said = str(change.message)
            yield Finding(name, line_of(said), "seal", told(said, name))
    yield from _astray(found, name)
    for one in check_chats(found, name):
        yield Finding(name, one.line, one.rule, secrets.masked(one.text))
    if oldest is not None:
        yield from _stale(found, name, oldest)


def damage(said: str, name: str) -> Finding:
    """What an error *said* of a file that cannot be read."""
    rule = next((rule for part, rule in _SAID if part in said), "damaged")
    return Finding(name, line_of(said.removeprefix(name)), rule, told(said, name))


def _astray(interactions: Iterable[Interaction], name: str) -> Iterator[Finding]:
    """Those that no request can find, as what they have is no URL."""
    for one in interactions:
        try:
            host_of(one.url)
        except ValueError:
            text = "the host or the port of a recorded URL can be none."
            yield Finding(name, line_of(one.place), "damaged", text)


def _stale(
    interactions: Iterable[Interaction], name: str, oldest: datetime
) -> Iterator[Finding]:
    made = [(_made(one), one) for one in interactions]
    old = [(at, one) for at, one in made if at is not None and at < oldest]
    if old:
        first, _ = min(old, key=lambda pair: pair[0])
        text = (
            f"{len(old)} of {len(made)} recordings are from before "
            f"{oldest:%Y-%m-%d}, the oldest from {first:%Y-%m-%d}."
        )
        yield Finding(name, line_of(old[0][1].place), "stale", text)


def _made(one: Interaction) -> datetime | None:
    """When *one* was recorded: as the cassette says, else as the answer does."""
    try:
        if one.recorded_at:
            at = datetime.fromisoformat(one.recorded_at)
        else:
            dates = [said for name, said in one.response_headers if _is_date(name)]
            at = parsedate_to_datetime(dates[0])
    except (ValueError, IndexError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _is_date(name: str) -> bool:
    return name.lower() == "date"
