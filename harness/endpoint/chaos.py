"""Faults by chance, the same ones each time. In: a seed and a request's number."""

from dataclasses import KW_ONLY, dataclass, fields
from random import Random
from typing import Any

from harness.endpoint.glitch import Glitch
from harness.errors import InputError, shown

__all__ = ["Chaos"]

#: How far into an answer a fault may come, in frames.
_FAR = 8
#: The kinds that are statuses.
_STATUSES = {"rate_limit": 429, "server": 500}
_OVERLOADED = {"anthropic-messages": 529}


@dataclass(frozen=True, slots=True)
class Chaos:
    """How often each kind of `Glitch` comes: rates from 0 to 1, by request.

    At most one comes to a request. Which, and where in the answer, hangs on *seed* and
    the number of the request alone, not on what else goes on at the time. *rate_limit*
    is a 429 that asks to wait for 1 to 5 seconds, *server* a 500, *overloaded* a 503 (a
    529 of Anthropic), *slow* 1 to 20 seconds of silence; the others are named like the
    glitches. Raises InputError for a rate that is none, and for rates above 1 in sum.

    >>> chaos = Chaos(seed=7, rate_limit=0.2, reset=0.1)
    >>> [index for index in range(20) if chaos.drawn(index)]
    [...]
    """

    seed: int = 0
    _: KW_ONLY
    rate_limit: float = 0.0
    server: float = 0.0
    overloaded: float = 0.0
    refused: float = 0.0
    hangup: float = 0.0
    slow: float = 0.0
    stall: float = 0.0
    early_end: float = 0.0
    half_frame: float = 0.0
    reset: float = 0.0
    error: float = 0.0
    malformed: float = 0.0
    invalid_utf8: float = 0.0
    duplicated: float = 0.0
    dropped: float = 0.0
    reordered: float = 0.0
    oversized: float = 0.0
    html: float = 0.0
    wrong_length: float = 0.0

    def __post_init__(self) -> None:
        if type(self.seed) is not int:
            raise InputError(f"Chaos(seed={shown(self.seed)}): give a whole number.")
        for name, rate in self._rates():
            if type(rate) not in (int, float) or not 0 <= rate <= 1:
                raise InputError(
                    f"Chaos({name}={shown(rate)}): give a rate from 0 (never) to 1."
                )
        total = sum(rate for _, rate in self._rates())
        if total > 1 + 1e-9:
            raise InputError(
                f"The rates of Chaos are {total:g} in sum: one fault at most comes to "
                "a request, so they may be 1."
            )

    def drawn(self, index: int, dialect: str = "") -> Glitch | None:
        """The glitch of request *index*, which asks in *dialect*; None: it has none."""
        chance = Random(f"{self.seed} {index}")  # noqa: S311 - no secret
        left = chance.random()
        for name, rate in self._rates():
            if left < rate:
                return _glitch(name, index, dialect, chance)
            left -= rate
        return None

    def _rates(self) -> list[tuple[str, float]]:
        return [(one.name, getattr(self, one.name)) for one in fields(self)[1:]]


def _glitch(name: str, index: int, dialect: str, chance: Random) -> Glitch:
    kind: Any = _STATUSES.get(name, name)
    match name:
        case "rate_limit":
            return Glitch(kind, call=index, retry_after=chance.randint(1, 5))
        case "overloaded":
            return Glitch(_OVERLOADED.get(dialect, 503), call=index)
        case "slow":
            return Glitch(kind, call=index, seconds=chance.randint(1, 20))
        case "server" | "refused" | "hangup" | "html" | "wrong_length":
            return Glitch(kind, call=index)
        case _:
            return Glitch(kind, call=index, after=chance.randrange(_FAR))
