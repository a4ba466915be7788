"""Which cassettes are stale, and which of these can be asked again at all."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from harness.cassettes.conversations import is_conversation
from harness.cassettes.interactions import NO_ANSWER, Interaction, decoded_body
from harness.cassettes.placeholders import PLACEHOLDER
from harness.cassettes.redaction import Redaction
from harness.cassettes.rules import OWN
from harness.cassettes.secret_names import SECRET
from harness.errors import CassetteError, InputError, shown
from harness.recording.hosts import PROVIDER_HOSTS, host_of, is_local, is_one_of
from harness.wire import dialect_of

__all__ = ["is_stale", "obstacle", "oldest", "read_age"]

_UNITS = {"h": "hours", "d": "days", "w": "weeks"}
_AGE = re.compile(r"(\d{1,5})([hdw]?)")
_PASSING = frozenset({408, 409, 425, 429})
_OF_BODIES = frozenset({"content-encoding", "content-length"})
#: Begins what a secret is thought to have been.
_TOLD = "Zq8Kx2Lm9Pv4Wt7R"


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
    for number, one in enumerate(interactions, 1):
        try:
            host_of(one.url)
        except ValueError:
            return f"interaction {number} has a URL whose host or port is none"
    models = {host_of(one.url) for one in interactions if dialect_of(one.url)}
    for number, one in enumerate(interactions, 1):
        if why := _obstacle(one, models):
            return f"interaction {number} {why}"
    return None


def _obstacle(one: Interaction, models: set[tuple[str, int | None]]) -> str | None:
    if is_conversation(one):
        return "was recorded by a RecordingChatModel, which alone can ask it again"
    if one.status == NO_ANSWER or one.ended != "complete":
        return f"ended in a failure ({one.ended}), which asking again does not bring"
    if one.status in _PASSING or one.status >= 500:
        return f"was refused ({one.status}), which asking again does not bring"
    host, port = host_of(one.url)
    of_a_model = (host, port) in models or is_one_of(PROVIDER_HOSTS, host, port)
    if not (of_a_model or is_local(host) or one.method in {"GET", "HEAD"}):
        return f"is {one.method} to {host}, which is no model: it might do something"
    if PLACEHOLDER.search(one.request_body.decode("utf-8", "replace")):
        return "has a redacted secret in the body of its request"
    if _needs_more_rules(one):
        return "was redacted by rules of your own, which are not known here"
    return None


def _needs_more_rules(one: Interaction) -> bool:
    """Whether something is hidden in *one* that the default rules would show.

    Each secret is thought to be there again, and looked for behind these rules.
    """
    names = [name for name, _ in one.response_headers]
    values = [value for _, value in one.response_headers]
    said = one.url, *values, _text(one)
    if any(found[1] == OWN for text in said for found in PLACEHOLDER.finditer(text)):
        return True
    url, *values, body = map(_told_again, said)
    if (url, *values, body) == said:
        return False
    headers = tuple(zip(names, values, strict=True))
    asked = tuple((name, _told_again(value)) for name, value in one.request_headers)
    again = replace(
        one,
        url=url,
        request_headers=asked,
        response_headers=tuple(h for h in headers if h[0].lower() not in _OF_BODIES),
        response_body=body.encode("utf-8", "surrogateescape"),
        response_chunks=None,
        chunk_times=None,
    )
    clean = Redaction.default().redact(again)
    shown_still = clean.url, *(value for _, value in clean.response_headers)
    return any(_TOLD in text for text in (*shown_still, _text(clean)))


def _text(one: Interaction) -> str:
    try:
        body = decoded_body(one)
    except CassetteError:  # damaged: what stands in it as it is
        body = one.response_body
    return body.decode("utf-8", "surrogateescape")


def _told_again(text: str) -> str:
    return PLACEHOLDER.sub(
        lambda found: f"{_TOLD}{found[0][-8:]}" if found[1] == SECRET else found[0],
        text,
    )
