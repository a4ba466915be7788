"""Where cassettes lie: one file each in a folder, found by name."""

from collections.abc import Callable, Iterable
from pathlib import Path

from harness.errors import CassetteError, nearest
from harness.paths import StrPath, given_name, given_path

__all__ = [
    "DEFAULT_FOLDER",
    "ENDINGS",
    "LISTENERS",
    "cassette_path",
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


def present(name: StrPath, folder: Path) -> Path | None:
    """The file that `find_cassette` finds; None if there is none."""
    if str(name).endswith(ENDINGS):
        paths: Iterable[Path] = (folder / name, Path(name))
    else:
        paths = (folder / f"{name}{ending}" for ending in ENDINGS)
    return next((used(path) for path in paths if path.is_file()), None)


def cassette_path(name: StrPath, directory: StrPath | None = None) -> Path:
    """The file of the cassette *name*: the one that is there, or is to be made.

    It lies in *directory*, or where *name* says. Raises InputError for what is no name.

    >>> cassette_path("trip", "recorded").as_posix()
    'recorded/trip.yaml'
    """
    name = given_name(name, "cassette")
    home = DEFAULT_FOLDER if directory is None else given_path(directory)
    if (found := present(name, home)) is not None:
        return found
    path = Path(name)
    if not path.name.endswith(ENDINGS):  # "gpt-4.1" is a name as well
        return home / f"{path}.yaml"
    named = directory is None and (isinstance(name, Path) or len(path.parts) > 1)
    return path if named else home / path


def find_cassette(name: StrPath, directory: StrPath | None = None) -> Path:
    """The file of the cassette *name* in *directory*, or the file that *name* is.

    A name has no ending; a path has one. Raises CassetteError, which lists the names
    that there are, and InputError for what is no name.

    >>> find_cassette("weather").as_posix()
    'cassettes/weather.yaml'
    """
    name = given_name(name, "cassette")
    home = DEFAULT_FOLDER if directory is None else given_path(directory)
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
