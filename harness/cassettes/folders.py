"""Where cassettes lie: one file each in a folder, found by name."""

from pathlib import Path

from harness.errors import CassetteError, nearest

__all__ = ["DEFAULT_FOLDER", "find_cassette"]

#: Below the folder that the tests run in.
DEFAULT_FOLDER = Path("cassettes")

_ENDINGS = (".yaml", ".yml", ".json")


def find_cassette(name: str | Path, folder: Path | None = None) -> Path:
    """The file of the cassette *name* in *folder*, or the file that *name* is.

    A name has no ending; a path has one. Raises CassetteError, which lists the names
    that there are.
    """
    home = DEFAULT_FOLDER if folder is None else folder
    if Path(name).suffix in _ENDINGS:
        for path in (home / name, Path(name)):
            if path.is_file():
                return path
    else:
        for ending in _ENDINGS:
            path = home / f"{name}{ending}"
            if path.is_file():
                return path
    if not home.is_dir():
        raise CassetteError(
            f"There is no cassette {str(name)!r}, and no folder {home.absolute()} to "
            "look in. Give directory=..., or the path of the file."
        )
    found = sorted(
        path.relative_to(home).with_suffix("").as_posix()
        for path in home.rglob("*")
        if path.suffix in _ENDINGS
    )
    raise CassetteError(
        f"There is no cassette {str(name)!r} in {home.absolute()}. "
        f"{nearest(str(name), found)}"
    )
