"""Where cassettes lie: one file each in a folder, found by name."""

from collections.abc import Callable
from pathlib import Path

from harness.errors import CassetteError, nearest

__all__ = [
    "DEFAULT_FOLDER",
    "ENDINGS",
    "LISTENERS",
    "cassettes_below",
    "find_cassette",
    "present",
    "used",
]

#: Below the folder that the tests run in.
DEFAULT_FOLDER = Path("cassettes")

#: What the files are called.
ENDINGS = (".yaml", ".yml", ".json", ".yaml.gz")

#: Each is told the path of every cassette that is used, be it there yet or not.
LISTENERS: list[Callable[[Path], object]] = []


def used(path: Path) -> Path:
    """Tell that the cassette at *path* is used."""
    for listener in LISTENERS:
        listener(path)
    return path


def cassettes_below(folder: Path) -> list[Path]:
    """The files in *folder*, and in those below, that are cassettes."""
    return sorted({path for ending in ENDINGS for path in folder.rglob(f"*{ending}")})


def present(name: str | Path, folder: Path) -> Path | None:
    """The file that `find_cassette` finds; None if there is none."""
    if str(name).endswith(ENDINGS):
        paths = [folder / name, Path(name)]
    else:
        paths = [folder / f"{name}{ending}" for ending in ENDINGS]
    return next((used(path) for path in paths if path.is_file()), None)


def find_cassette(name: str | Path, folder: Path | None = None) -> Path:
    """The file of the cassette *name* in *folder*, or the file that *name* is.

    A name has no ending; a path has one. Raises CassetteError, which lists the names
    that there are.
    """
    home = DEFAULT_FOLDER if folder is None else folder
    if (path := present(name, home)) is not None:
        return path
    if not home.is_dir():
        raise CassetteError(
            f"There is no cassette {str(name)!r}, and no folder {home.absolute()} to "
            "look in. Give directory=..., or the path of the file."
        )
    found = {
        path.relative_to(home).as_posix().removesuffix(ending)
        for ending in ENDINGS
        for path in home.rglob(f"*{ending}")
    }
    raise CassetteError(
        f"There is no cassette {str(name)!r} in {home.absolute()}. "
        f"{nearest(str(name), found)}"
    )
