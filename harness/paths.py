"""What names a file: a text, or whatever knows its path."""

import os
from pathlib import Path

from harness.errors import InputError, shown

__all__ = ["StrPath", "given_name", "given_path"]

#: What names a file or a folder.
StrPath = str | os.PathLike[str]


def given_path(path: object) -> Path:
    """*path*, a text or an `os.PathLike`, as a Path. Raises InputError for others.

    >>> given_path("cassettes").name
    'cassettes'
    """
    if isinstance(path, Path):
        return path
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str) or not text:
        raise InputError(f"{shown(path)} is no path: give a text, or a pathlib.Path.")
    return Path(text)


def given_name(name: object, what: str) -> str | Path:
    """*name* of a *what*: a text, or a path as a Path. Raises InputError for others.

    >>> given_name("weather", "cassette")
    'weather'
    """
    if isinstance(name, str) and name:
        return name
    try:
        return given_path(name)
    except InputError:
        raise InputError(
            f"{shown(name)} is no name of a {what}: give one such as 'weather', or the "
            "path of a file."
        ) from None
