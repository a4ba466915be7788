"""Which cassettes are stale, and which of these can be asked again at all."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from harness.cassettes.conversations import is_conversation
from harness.cassettes.interactions import Interaction
from harness.cassettes.placeholders import PLACEHOLDER
from harness.cassettes.rules import OWN
from harness.errors import InputError, shown
from harness.recording.hosts import PROVIDER_HOSTS, host_of, is_local, is_one_of
from harness.wire import dialect_of

__all__ = ["is_stale", "obstacle", "oldest", "read_age"]

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d{1,5})([hdw]?)")
_PASSING = frozenset({408, 409, 425, 429})
_NO_ANSWER = 599


def read_age(text: str) -> timedelta:
    """An age such as "90d", "12h" or "2w"; days where no unit is said.

    Raises InputError.

    >>> read_age("2w").days
    14
    """
    found = _AGE.fullmatch(text.strip().lower())
    if found is None:
        raise InputError(f"{shown(text)} is no age; give one such as 90d, 12h or 2w.")
    return timedelta(**{_UNITS[found[2] or "d"]: int(found[1])})


def oldest(interactions: Iterable[Interaction]) -> datetime | None:
    """When the oldest of *interactions* was recorded; None where none says it.

    >>> oldest([Interaction("GET", "/", 200, recorded_at="2026-01-02T03:04:05Z")])
    datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    """
    return min(filter(None, map(_recorded, interactions)), default=None)


def _recorded(one: Interaction) -> datetime | None:
    try:
        said = datetime.fromisoformat(one.recorded_at)
    except ValueError:
        return None
    return said if said.tzinfo else said.replace(tzinfo=UTC)


def is_stale(
    interactions: Iterable[Interaction], age: timedelta, now: datetime
) -> bool:
    """Whether one of *interactions* is older than *age*.

    What does not say when it was recorded is stale only where everything is: at age 0.
    """
    first = oldest(interactions)
    return not age if first is None else not age or now - first > age


def obstacle(interactions: Sequence[Interaction]) -> str | None:
    """Why *interactions* cannot be asked again; None if they can."""
    models = {host_of(one.url) for one in interactions if dialect_of(one.url)}
    for number, one in enumerate(interactions, 1):
        if why := _obstacle(one, models):
            return f"interaction {number} {why}"
    return None


def _obstacle(one: Interaction, models: set[tuple[str, int | None]]) -> str | None:
    if is_conversation(one):
        return "was recorded by a RecordingChatModel, which alone can ask it again"
    if one.status == _NO_ANSWER or one.ended != "complete":
        return f"ended in a failure ({one.ended}), which asking again does not bring"
    if one.status in _PASSING or one.status >= 500:
        return f"was refused ({one.status}), which asking again does not bring"
    host, port = host_of(one.url)
    of_a_model = (host, port) in models or is_one_of(PROVIDER_HOSTS, host, port)
    if not (of_a_model or is_local(host) or one.method in {"GET", "HEAD"}):
        return f"is {one.method} to {host}, which is no model: it might do something"
    if PLACEHOLDER.search(one.request_body.decode("utf-8", "replace")):
        return "has a redacted secret in the body of its request"
    said = one.response_body.decode("utf-8", "replace")
    if any(found[1] == OWN for found in PLACEHOLDER.finditer(said)):
        return "was redacted by rules of your own, which are not known here"
    return None
