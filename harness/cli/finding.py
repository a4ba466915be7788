"""Which file a name on the command line means: a cassette, a script, or a path."""

from pathlib import Path

from harness.cassettes.folders import ENDINGS, present
from harness.cli.project import Project, shown_path
from harness.errors import InputError, ScriptError, nearest
from harness.scripts.files import find_script

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
    project = Project.find(Path.cwd())
    found = [
        Path(shown_path(file))
        for file in (present(name, project.cassettes), _script(name, project))
        if file is not None
    ]
    if len(found) > 1:
        raise InputError(
            f"{name!r} is a cassette and a script. Give the path of the one you mean: "
            f"{found[0].as_posix()} or {found[1].as_posix()}."
        )
    if not found:
        raise InputError(
            f"There is no file {name!r}, and neither a cassette nor a script of this "
            f"name. {nearest(name, _names(project))}"
        )
    return found[0]


def _script(name: str, project: Project) -> Path | None:
    try:
        return find_script(name, project.fakes)
    except ScriptError:
        return None


def _names(project: Project) -> set[str]:
    return {
        path.relative_to(folder).as_posix().removesuffix(ending)
        for folder in (project.cassettes, project.fakes)
        for ending in ENDINGS
        for path in folder.rglob(f"*{ending}")
        if not path.name.endswith(".schema.json")
    }
