"""The files that are counted."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.cassettes.folders import cassettes_below
from harness.errors import HarnessError, InputError
from harness.paths import StrPath
from harness.transcripts import Transcript, read_transcript

__all__ = ["File", "found_files", "read_files"]


@dataclass(frozen=True, slots=True)
class File:
    """A file of *size* bytes, and what it says; *problem* is why it cannot be read."""

    path: Path
    size: int = 0
    transcript: Transcript | None = None
    problem: str = ""


def found_files(paths: Iterable[StrPath]) -> list[Path]:
    """The files that *paths* are, or have below them; each once, in order.

    JSON schemas are left out. Raises InputError for a path that there is not,
    and for a folder that has none.
    """
    found: dict[Path, None] = {}
    for path in map(Path, paths):
        if path.is_dir():
            below = [one for one in cassettes_below(path) if not _aside(one)]
            if not below:
                raise InputError(f"There is no cassette in {str(path)!r}.")
            found |= dict.fromkeys(below)
        elif path.exists():
            found[path] = None
        else:
            raise InputError(f"There is no file or folder {str(path)!r}.")
    return [*found]


def _aside(path: Path) -> bool:
    return path.name.endswith(".schema.json") or not path.is_file()


def read_files(paths: Iterable[StrPath]) -> Iterator[File]:
    """Each of *paths*, read; one that cannot be read says why."""
    for path in map(Path, paths):
        size = 0
        try:
            size = path.stat().st_size
            yield File(path, size, read_transcript(path))
        except HarnessError as error:
            yield File(path, size, problem=str(error))
        except OSError as error:
            yield File(path, size, problem=f"{path}: {error.strerror}.")
