"""How a tape is used: its mode and options, checked before anything is asked."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Protocol, TypedDict, get_args

from harness.cassettes.http_requests import DEFAULT_MATCH_ON, Matching
from harness.cassettes.interactions import Headers, Interaction
from harness.cassettes.lookup import Repeats, checked_repeats
from harness.errors import InputError, nearest, shown

__all__ = ["Mode", "Redactor", "Settings", "TapeOptions", "chosen_mode"]

#: What a tape does with a request:
#: none -- replays what was recorded, and refuses the rest;
#: once -- records if there is no cassette yet, else as none;
#: new_episodes -- replays what was recorded, and records the rest;
#: all -- records everything again; what is not asked again stays as it was;
#: rewrite -- records everything again; what is not asked again goes;
#: verify -- asks everything again, says where answers drift, and writes nothing.
Mode = Literal["none", "once", "new_episodes", "all", "rewrite", "verify"]

_ALWAYS = 1e6
_OFF = frozenset({"", "0", "false", "no"})


class Redactor(Protocol):
    """What takes the secrets out of an interaction; done twice is done once.

    A `Redaction` is one; write another where rules of names and patterns do not do.

    >>> from harness import Redaction
    >>> rules: Redactor = Redaction(fields=["ssn"])
    >>> rules.scan("Hello!")
    ()
    """

    def redact(self, interaction: Interaction) -> Interaction:
        """*interaction* without secrets."""
        ...

    def redact_request(
        self, method: str, url: str, headers: Headers, body: bytes
    ) -> tuple[str, str, Headers, bytes]:
        """*method*, *url*, *headers* and *body* of a request without secrets."""
        ...

    def scan(self, text: str) -> Iterable[object]:
        """What in *text* still looks like a secret."""
        ...


class TapeOptions(TypedDict, total=False):
    """The options of a tape.

    *match_on* and *ignore* say when requests are the same, *on_repeat* what an equal
    request gets when its recordings were all played. *redaction* takes secrets out of
    what is stored; None takes the default one. Recordings older than *max_age* (days,
    or a timedelta) warn or fail, as *expired* says; so do, by *seals*, those that are
    not as they were recorded. Where CI is set the mode is "none", unless *forced*.
    *clock* gives seconds, *now* the time of day.
    """

    match_on: Iterable[str]
    ignore: Iterable[str]
    on_repeat: Repeats
    redaction: Redactor | None
    max_age: timedelta | float | None
    expired: Literal["warn", "fail"]
    seals: Literal["warn", "error", "ignore"]
    forced: bool
    clock: Callable[[], float]
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Settings:
    """The `TapeOptions`, each with what it is where nothing is said."""

    match_on: Iterable[str] = DEFAULT_MATCH_ON
    ignore: Iterable[str] = ()
    on_repeat: Repeats = "error"
    redaction: Redactor | None = None
    max_age: timedelta | float | None = None
    expired: Literal["warn", "fail"] = "warn"
    seals: Literal["warn", "error", "ignore"] = "warn"
    forced: bool = False
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @classmethod
    def read(cls, options: Mapping[str, Any]) -> "Settings":
        """Read *options*. Raises InputError for what is none."""
        known = [one.name for one in fields(cls)]
        for name in options:
            if name not in known:
                raise InputError(f"A tape has no {name!r}. {nearest(name, known)}")
        read = cls(**options)
        checked_repeats(read.on_repeat)
        _one_of("expired", read.expired, ("warn", "fail"))
        _one_of("seals", read.seals, ("warn", "error", "ignore"))
        if read.redaction is not None and not hasattr(read.redaction, "redact"):
            raise InputError(
                f"redaction={shown(read.redaction)} cannot redact: give a Redaction."
            )
        read.oldest()
        return read

    def matching(self) -> Matching:
        """What makes two requests the same."""
        return Matching.read(self.match_on, self.ignore)

    def oldest(self) -> datetime | None:
        """When the oldest recording may have been made, if there is a limit."""
        age: timedelta | None = None
        match self.max_age:
            case None:
                return None
            case timedelta():
                age = self.max_age
            case int() | float() if type(self.max_age) is not bool:
                days = self.max_age
                age = timedelta(days=days) if 0 < days < _ALWAYS else None
            case _:
                pass
        if age is None or age <= timedelta():
            raise InputError(
                f"max_age={shown(self.max_age)}; give a number of days, or a timedelta."
            )
        return self.now() - age


def chosen_mode(given: str, *, forced: bool) -> Mode:
    """The mode to use: *given*, or "none" where CI is set and nobody *forced* it."""
    mode = _one_of("mode", given, get_args(Mode))
    if not forced and os.environ.get("CI", "").strip().lower() not in _OFF:
        return "none"
    return mode  # type: ignore[no-any-return]  # it is one of them


def _one_of(name: str, given: Any, known: tuple[str, ...]) -> Any:
    if given not in known:
        raise InputError(f"{name}={shown(given)}. {nearest(str(given), known)}")
    return given
