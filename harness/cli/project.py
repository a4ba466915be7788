"""The project that a command runs in: its folders, as the pytest plugin finds them."""

import configparser
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["Project", "shown_path"]

#: Files that pytest reads, in its order, and where in each its own part is.
_CONFIGS = {
    "pytest.toml": "pytest",
    ".pytest.toml": "pytest",
    "pytest.ini": "pytest",
    ".pytest.ini": "pytest",
    "pyproject.toml": "tool.pytest",
    "tox.ini": "pytest",
    "setup.cfg": "tool:pytest",
}
#: What counts even if it says nothing.
_ALWAYS = frozenset({"pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini"})


@dataclass(frozen=True, slots=True)
class Project:
    """The *root* of a project, and its folders of scripts and of recordings."""

    root: Path
    fakes: Path
    cassettes: Path

    @classmethod
    def find(cls, start: Path) -> "Project":
        """The project around the folder *start*, or *start* itself.

        The folders are those that `harness_fakes` and `harness_cassettes` name.
        """
        start = start.absolute()
        for folder in (start, *start.parents):
            for name in _CONFIGS:
                if (said := _said(folder / name)) is not None:
                    return cls._of(folder, said)
        return cls._of(start, {})

    @classmethod
    def _of(cls, root: Path, said: Mapping[str, Any]) -> "Project":
        fakes, cassettes = (
            root / str(said.get(f"harness_{name}", name))
            for name in ("fakes", "cassettes")
        )
        return cls(root, fakes, cassettes)


def _said(path: Path) -> Mapping[str, Any] | None:
    """What the file at *path* says to pytest; None if there is no such word."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    found = _toml(text) if path.suffix == ".toml" else _ini(text, _CONFIGS[path.name])
    if found is None and path.name in _ALWAYS:
        return {}
    return found


def _toml(text: str) -> Mapping[str, Any] | None:
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    said = value.get("tool", value).get("pytest")
    return said.get("ini_options", said) if isinstance(said, dict) else None


def _ini(text: str, section: str) -> Mapping[str, Any] | None:
    reader = configparser.RawConfigParser()
    try:
        reader.read_string(text)
    except configparser.Error:
        return None
    return dict(reader[section]) if reader.has_section(section) else None


def shown_path(path: Path, folder: Path | None = None) -> str:
    """*path* as seen from *folder* (the working directory), if it lies below.

    >>> shown_path(Path("cassettes/../cassettes/a.yaml"))
    'cassettes/a.yaml'
    """
    here = Path.cwd() if folder is None else folder
    full = Path(os.path.abspath(path))  # noqa: PTH100  # links are not followed
    return (full.relative_to(here) if full.is_relative_to(here) else full).as_posix()
