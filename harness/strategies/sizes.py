"""The check of sizes that all strategies share."""

from harness.errors import InputError

__all__ = ["check_sizes"]


def check_sizes(min_size: int, max_size: int | None) -> None:
    """Raise InputError unless 0 <= *min_size* <= *max_size* (None: no end).

    >>> check_sizes(3, 2)
    Traceback (most recent call last):
    harness.errors.InputError: min_size=3 is above max_size=2; lower the one or...
    """
    for name, size in (("min_size", min_size), ("max_size", max_size)):
        missing = size is None and name == "max_size"
        if not missing and (type(size) is not int or size < 0):
            raise InputError(f"{name}={size!r}; give a whole number from 0 up.")
    if max_size is not None and min_size > max_size:
        raise InputError(
            f"min_size={min_size} is above max_size={max_size}; lower the one or "
            "raise the other."
        )
