"""The command that checks cassettes and scripts, for people, pre-commit and CI."""

import os
import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from harness import __version__
from harness.cassettes.reading import bytes_of
from harness.checks import (
    RULES,
    Finding,
    check_file,
    check_leftover,
    check_names,
    check_orphans,
    chosen,
)
from harness.checks.printing import as_github, as_json, as_sarif, summed
from harness.cli.options import given_age
from harness.cli.project import Project, shown_path
from harness.cli.screen import counted, output, print_json, tracked
from harness.cli.sources import words_below
from harness.errors import CassetteError, InputError, nearest
from harness.text import visible

__all__ = ["check", "check_arguments"]

FORMATS = ("text", "json", "github", "sarif")
ENDINGS = (".yaml", ".yml", ".json", ".yaml.gz")
_LEFT = (".journal", ".tmp", ".damaged")
_COLORS = {"error": "red", "warning": "yellow", "note": "dim"}
#: From so many files on, more than one process is worth its start.
_MANY = 200


def check_arguments(parser: ArgumentParser) -> None:
    """What `check` takes."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="files or folders (default: the project's fakes/ and cassettes/)",
    )
    parser.add_argument(
        "--max-age",
        type=given_age,
        metavar="AGE",
        help="recordings that are older are stale: 90d, 12w, 36h",
    )
    parser.add_argument(
        "--orphans",
        action="store_true",
        help="look for cassettes that no code seems to name",
    )
    for name, what in (
        ("select", "only these (default: all, but for notes)"),
        ("ignore", "all but these"),
    ):
        parser.add_argument(
            f"--{name}",
            type=_rules,
            action="extend",
            default=[],
            metavar="RULE,...",
            help=f"{what}; may be given several times",
        )
    parser.add_argument(
        "--strict", action="store_true", help="warnings fail the command, too"
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help="how findings are printed (default: text; github in a workflow of GitHub)",
    )
    parser.add_argument(
        "--rules", action="store_true", help="print the rules, and check nothing"
    )


def _rules(said: str) -> list[str]:
    names = [name for name in re.split(r"[ ,]+", said) if name]
    for name in names:
        if name not in RULES:
            raise InputError(f"no rule is {name!r}. {nearest(name, RULES)}")
    return names


def check(  # noqa: PLR0913 - the options of the command
    paths: Sequence[str],
    *,
    max_age: timedelta | None,
    orphans: bool,
    select: Sequence[str],
    ignore: Sequence[str],
    strict: bool,
    format: str | None,
    rules: bool,
) -> int:
    """Print what is wrong with the files at *paths*; 1 if something is an error.

    Raises InputError for paths that there are not.
    """
    if rules:
        _print_rules(as_value=format == "json")
        return 0
    project = Project.find(Path.cwd())
    files = [*_files(paths, project)]
    oldest = None if max_age is None else datetime.now(UTC) - max_age
    found = [*_checked(files, project, oldest), *_names(files)]
    if orphans:
        found += _orphans(files, project)
    wanted = chosen(found, select, ignore)
    _print(wanted, len(files), format or _usual_format())
    hidden = [] if select else [one for one in found if one.severity == "note"]
    print(_summary(wanted, len(files), len(hidden)), file=sys.stderr)
    counts = summed(wanted)
    return 1 if counts["error"] or (strict and counts["warning"]) else 0


# ----------------------------------------------------------------------- files


def _files(paths: Sequence[str], project: Project) -> Iterator[Path]:
    """The files to check, each once. Raises InputError."""
    folders = [one for one in (project.fakes, project.cassettes) if one.is_dir()]
    if not paths and not folders:
        raise InputError(
            f"there is nothing to check: neither {project.fakes} nor "
            f"{project.cassettes} is a folder. Name some: harness check PATH."
        )
    seen: set[Path] = set()
    for path in map(Path, paths) if paths else folders:
        if not path.exists():
            raise InputError(f"there is no {str(path)!r} to check.")
        for file in _below(path) if path.is_dir() else (path,):
            aside = file.suffix == ".json" and project.fakes in file.absolute().parents
            if not aside and file.absolute() not in seen:
                seen.add(file.absolute())
                yield file


def _below(folder: Path) -> Iterator[Path]:
    """What lies below *folder*, behind links as well; what is reached twice, once."""

    def refused(error: OSError) -> None:
        raise error  # what cannot be looked into is not well

    known = {os.path.realpath(folder)}

    def is_new(path: Path) -> bool:
        before = len(known)
        known.add(os.path.realpath(path))
        return len(known) > before

    for root, folders, names in os.walk(folder, onerror=refused, followlinks=True):
        folders[:] = [
            one
            for one in sorted(folders)
            if one not in {".git", ".venv"} and is_new(Path(root, one))
        ]
        for name in sorted(names):
            left = name.startswith(".") and name.endswith(_LEFT)
            if left or name.endswith(ENDINGS):
                yield Path(root, name)


# --------------------------------------------------------------------- checking


@dataclass(frozen=True, slots=True)
class _Task:
    """A file, what it is called, and whether it lies where scripts do."""

    path: Path
    name: str
    script: bool


def _checked(
    files: Sequence[Path], project: Project, oldest: datetime | None
) -> Iterator[Finding]:
    tasks = [
        _Task(full, shown_path(full), project.fakes in full.parents)
        for full in map(Path.absolute, files)
    ]
    work = partial(_check_one, oldest=oldest)
    workers = min(len(tasks) // (_MANY // 2), os.cpu_count() or 1, 8)
    if workers < 2:
        for found in tracked(map(work, tasks), "checking", len(tasks)):
            yield from found
        return
    from multiprocessing import get_context

    with get_context("spawn").Pool(workers) as pool:
        results = pool.imap(work, tasks, chunksize=16)
        for found in tracked(results, "checking", len(tasks)):
            yield from found


def _check_one(task: _Task, oldest: datetime | None) -> list[Finding]:
    name, left = task.name, [*check_leftover(task.name)]
    if left and not name.endswith(ENDINGS):
        return [] if _is_held(task.path) else left
    try:
        data = bytes_of(task.path)
    except CassetteError as error:
        why = f"it {str(error).removeprefix(f'{task.path}: ')}"
        return [Finding(name, 1, "damaged", why)]
    return [*left, *check_file(data, name, oldest=oldest, script=task.script)]


def _is_held(journal: Path) -> bool:
    """Whether a process that lives writes this journal."""
    from harness.cassettes.saving import hold

    try:
        with journal.open("rb") as file:
            return not hold(file.fileno())
    except OSError:
        return True


def _names(files: Sequence[Path]) -> list[Finding]:
    """What is wrong with the names of *files*, also beside what lies there already."""
    own = {shown_path(file): None for file in files}
    folders = dict.fromkeys(file.absolute().parent for file in files)
    beside = {shown_path(one): None for folder in folders for one in folder.iterdir()}
    names = [*(one for one in beside if one not in own), *own]
    return [one for one in check_names(names) if one.path in own]


def _orphans(files: Iterable[Path], project: Project) -> list[Finding]:
    named: list[tuple[str, str]] = []
    for file in files:
        full = file.absolute()
        ending = next((one for one in ENDINGS if file.name.endswith(one)), "")
        if ending and full.is_relative_to(project.cassettes):
            name = full.relative_to(project.cassettes).as_posix()
            named.append((shown_path(file), name.removesuffix(ending)))
    return [*check_orphans(named, words_below(project.root))]


# --------------------------------------------------------------------- printing


def _usual_format() -> str:
    return "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text"


def _print(findings: Sequence[Finding], files: int, format: str) -> None:
    match format:
        case "json":
            print_json(as_json(findings, files))
        case "sarif":
            print_json(as_sarif(findings, __version__))
        case "github":
            for one in findings:
                print(as_github(one))
        case _:
            _print_text(findings)


def _print_text(findings: Sequence[Finding]) -> None:
    from rich.text import Text

    console = output()
    if not console.is_terminal:
        for one in findings:
            print(visible(str(one)))
        return
    for one in findings:
        console.print(
            Text.assemble(
                (visible(f"{one.path}:{one.line}: "), "bold"),
                (f"{one.severity} {one.rule}: ", _COLORS[one.severity]),
                visible(one.text),
            )
        )


def _summary(findings: Sequence[Finding], files: int, hidden: int) -> str:
    counts = [counted(n, name) for name, n in summed(findings).items() if n]
    if hidden:
        counts.append(f"{counted(hidden, 'note')} not shown (--select quirk)")
    well = "all is well" if files else "there is no cassette, and no script"
    return f"{counted(files, 'file')} checked: {', '.join(counts) or well}"


def _print_rules(*, as_value: bool) -> None:
    if as_value:
        print_json(
            [
                {
                    "name": rule.name,
                    "severity": rule.severity,
                    "means": rule.means,
                    "todo": rule.todo,
                }
                for rule in RULES.values()
            ]
        )
        return
    console = output()
    for rule in RULES.values():
        console.print(f"[bold]{rule.name}[/bold] ({rule.severity})")
        console.print(f"  {rule.means}\n  {rule.todo}")
