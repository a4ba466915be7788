"""`harness new`: scripts and tests to begin with."""

import json
import re
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.cassettes.naming import portable
from harness.cli.project import Project, shown_path
from harness.cli.skeletons import CASSETTE_TEST, SCHEMA, SCHEMA_LINE, SCRIPT, TEST
from harness.errors import InputError, shown
from harness.scripts.files import script_schema

__all__ = ["new", "new_arguments"]

_NAME = re.compile(r"[A-Za-z0-9][\w-]*")


@dataclass(frozen=True, slots=True)
class _New:
    """A file that is to be made, and what to do with it then."""

    path: Path
    text: str
    then: str


def new_arguments(parser: ArgumentParser) -> None:
    """What `new` takes."""
    parser.add_argument(
        "kind",
        choices=_KINDS,
        help="a script in fakes/, a test with scripted answers, or one that records "
        "a provider and replays it",
    )
    parser.add_argument(
        "names", nargs="+", metavar="NAME", help="what it is to be called"
    )


def new(kind: str, names: Sequence[str]) -> None:
    """Make the files; nothing that is there is changed."""
    project = Project.find(Path.cwd())
    made = [one for name in names for one in _KINDS[kind](_checked(name), project)]
    files = {one.path: one for one in made}.values()
    for one in files:
        if one.path.exists() or one.path.is_symlink():
            raise InputError(
                f"{shown_path(one.path)} is there already, and nothing was made. Give "
                "another name, or remove it."
            )
    for one in files:
        one.path.parent.mkdir(parents=True, exist_ok=True)
        with one.path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(one.text)
        print(f"made {shown_path(one.path)}: {one.then}")
    if kind == "script":
        _add_schema(project.fakes / SCHEMA)


def _checked(name: str) -> str:
    """*name*, without the ending that the file gets anyway."""
    bare = name.removesuffix(".yaml").removesuffix(".py").removeprefix("test_")
    if not _NAME.fullmatch(bare):
        raise InputError(
            f"{shown(name)} is no name for a file: give letters, digits, - and _, such "
            "as 'weather'."
        )
    if portable(bare) != bare:
        raise InputError(
            f"{shown(name)} is the name of a device on Windows: give another one, such "
            f"as '{bare}-chat'."
        )
    return bare


def _script(name: str, project: Project) -> Iterator[_New]:
    path = project.fakes / f"{name}.yaml"
    text = SCRIPT.substitute(name=name, schema=SCHEMA_LINE)
    yield _New(path, text, f"talk with it, harness play {name}")


def _test(name: str, project: Project) -> Iterator[_New]:
    path = _test_file(name, project)
    text = TEST.substitute(name=name, identifier=_identifier(name))
    yield _New(path, text, f"run it, pytest {shown_path(path)}")


def _cassette_test(name: str, project: Project) -> Iterator[_New]:
    path = _test_file(name, project)
    cassette = shown_path(project.cassettes / f"{name}.yaml", project.root)
    text = CASSETTE_TEST.substitute(
        name=name,
        identifier=_identifier(name),
        file=shown_path(path, project.root),
        cassette=cassette,
    )
    record = f"pytest --cassette-mode=once {shown_path(path)}"
    yield _New(path, text, f"record it, OPENAI_API_KEY=... {record}")


def _test_file(name: str, project: Project) -> Path:
    return project.root / "tests" / f"test_{_identifier(name)}.py"


def _identifier(name: str) -> str:
    return name.replace("-", "_")


def _add_schema(path: Path) -> None:
    """What editors check scripts by, unless it is there."""
    if not path.exists():
        text = json.dumps(script_schema(), indent=2, ensure_ascii=False)
        path.write_text(f"{text}\n", "utf-8", newline="\n")
        print(f"made {shown_path(path)}: editors check scripts by it")


_KINDS: dict[str, Callable[[str, Project], Iterator[_New]]] = {
    "script": _script,
    "test": _test,
    "cassette-test": _cassette_test,
}
