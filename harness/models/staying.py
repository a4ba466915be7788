"""Runs that may not leave this process: a cassette is open over it, or a guard."""

from collections.abc import Callable

__all__ = ["stay_while", "stays"]

#: What can keep runs in this process: a cassette that is open, a guard of the network.
_reasons: list[Callable[[], bool]] = []


def stay_while(reason: Callable[[], bool]) -> None:
    """Let no run leave this process while *reason* says so."""
    _reasons.append(reason)


def stays() -> bool:
    """Whether runs may not leave this process now."""
    return any(reason() for reason in _reasons)
