"""Which file a name on the command line means: a cassette, a script, or a path."""

from pathlib import Path

from harness.cassettes.folders import DEFAULT_FOLDER, ENDINGS, present
from harness.errors import InputError, ScriptError, nearest
from harness.scripts.files import find_script
from harness.text import visible

__all__ = ["found_file"]


def found_file(name: str) -> Path:
    """The file at the path *name*, or the cassette or script that is called so.

    Raises InputError where there is none, or both.
    """
    path = Path(name)
    if path.is_file():
        return path
    if path.is_dir():
        raise InputError(f"{name} is a folder. Give one file of it.")
    if path.exists():
        raise InputError(f"{name} is no file that can be read twice. Store it first.")
    cassette, script = present(name, DEFAULT_FOLDER), _script(name)
    if cassette is not None and script is not None:
        raise InputError(
            f"{name!r} is a cassette and a script. Give the path of the one you mean: "
            f"{cassette.as_posix()} or {script.as_posix()}."
        )
    if (found := cassette or script) is None:
        raise InputError(
            f"There is no file {name!r}, and neither a cassette nor a script of this "
            f"name. {nearest(name, _names())}"
        )
    return found


def _script(name: str) -> Path | None:
    try:
        path = find_script(name)
    except ScriptError:
        return None
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _names() -> set[str]:
    folders = [DEFAULT_FOLDER, Path("fakes")]
    return {
        visible(path.relative_to(folder).as_posix().removesuffix(ending))
        for folder in folders
        for ending in ENDINGS
        for path in folder.rglob(f"*{ending}")
        if not path.name.endswith(".schema.json")
    }
