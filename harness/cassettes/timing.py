"""How fast what was recorded is played."""

from typing import Literal

from harness.errors import InputError, shown

__all__ = ["Timing", "read_speed"]

#: At once, in recorded time, or so many times as fast.
Timing = Literal["instant", "recorded"] | float


def read_speed(timing: object) -> float:
    """The speed that *timing* says. Raises InputError."""
    match timing:
        case "instant":
            return 0.0
        case "recorded":
            return 1.0
        case int() | float() if not isinstance(timing, bool) and 0 < timing < 1e9:
            return float(timing)
        case _:
            raise InputError(
                f"timing={shown(timing)}; give 'instant', 'recorded' or a number above "
                "0: with 10 it is ten times as fast as it was."
            )
