"""Values of options: read from words, or an InputError that says what they are."""

from datetime import timedelta

from harness.errors import InputError

__all__ = ["given_age", "given_key", "given_port", "given_quota", "given_speed"]


def given_age(said: str) -> timedelta:
    """How old something may be, such as ``90d``."""
    from harness.refreshing import read_age  # it loads clients of HTTP

    return read_age(said)


def given_key(said: str) -> tuple[str, str]:
    """A host and the variable that has its key, such as ``llm.internal=LAB_KEY``."""
    from harness.refreshing import read_key  # as above

    return read_key(said)


def given_port(said: str) -> int:
    """The number of a port, 0 for any that is free."""
    if not (said.isascii() and said.isdecimal() and int(said) < 65536):
        raise InputError(f"{said!r} is no port; give a number from 0 to 65535.")
    return int(said)


def given_quota(said: str) -> int:
    """How many of something there may be in a minute."""
    if not (said.isascii() and said.isdecimal() and int(said) > 0):
        raise InputError(f"{said!r} is no quota; give a number from 1 up.")
    return int(said)


def given_speed(said: str) -> float:
    """How many times as fast time passes; 0 for at once."""
    try:
        times = float(said)
    except ValueError:
        times = -1.0
    if not 0 <= times < 1e9:
        raise InputError(f"{said!r} is no speed; give a number from 0 up.")
    return times
