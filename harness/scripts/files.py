"""Scripts in files. In: a name or a path. Out: a script; errors name file and line."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from harness.errors import HarnessError, InputError, ScriptError, nearest, shown
from harness.paths import StrPath, given_name
from harness.scripts import file_forms
from harness.scripts.cutting import ARGUMENTS
from harness.scripts.file_forms import ScriptFile
from harness.scripts.parts import Turn
from harness.scripts.script import Script
from harness.scripts.turns import as_turn
from harness.scripts.yaml_source import YamlSource, read_yaml

__all__ = [
    "fakes_folder",
    "find_script",
    "holds_script",
    "load_script",
    "read_script",
    "script_schema",
]

ENDINGS = (".yaml", ".yml")
#: What marks the folder where a search for `fakes` ends.
ROOTS = ("pyproject.toml", "pytest.ini", "setup.cfg", "tox.ini", ".git")
#: What no cassette has, and every script.
_TURNS = re.compile(r"^(?:\{\s*)?[\"']?turns[\"']?\s*:", re.MULTILINE)


def load_script(name: StrPath, directory: StrPath | None = None) -> Script:
    """Load a script by the name of its file in *directory*, or by its path.

    Without *directory* it is the nearest folder `fakes`, from the working directory up
    to the root of the project. Raises ScriptError if there is no such file, and
    InputError, which names file, line and field, if it is no script.
    """
    path = find_script(name, directory)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScriptError(f"{path} cannot be read: {error}") from None
    return read_script(text, _short(path))


def find_script(name: StrPath, directory: StrPath | None = None) -> Path:
    """Find the file of a script; see `load_script`."""
    name = given_name(name, "script")
    given = Path(name)
    if isinstance(name, Path) or given.suffix in ENDINGS:
        folder = Path.cwd() if directory is None else Path(directory)
        if (folder / given).is_file():
            return folder / given
        there = nearest(given.name, _names((folder / given).parent, full=True))
        raise ScriptError(f"There is no script {str(folder / given)!r}. {there}")
    folder = fakes_folder() if directory is None else Path(directory)
    for ending in ENDINGS:
        if (path := folder / f"{name}{ending}").is_file():
            return path
    raise ScriptError(
        f"There is no script {name!r} in {str(folder)!r}. "
        f"{nearest(str(name), _names(folder))} "
        f"A script is a file such as {name}.yaml in that folder."
    )


def holds_script(text: str) -> bool:
    """Whether *text* is that of a script, be it right or wrong, and of no cassette."""
    return _TURNS.search(text) is not None


def read_script(text: str, name: str = "script.yaml") -> Script:
    """Read a script from the *text* of a file called *name*.

    >>> read_script("turns: [Hello!, {fail: 429}]").turns[0].place
    'script.yaml:1'
    """
    source = read_yaml(text, name)
    try:
        form = ScriptFile.model_validate(source.value)
    except ValidationError as error:
        raise InputError(_explained(error, source, name)) from None
    turns: list[Turn] = []
    for number, one in enumerate(form.turns):
        place = f"{name}:{source.place(('turns', number))[1]}"
        try:
            turn = as_turn(one if isinstance(one, str) else one.turn())
        except HarnessError as error:
            raise InputError(f"turn {number + 1} ({place}): {error}") from None
        turns.append(replace(turn, place=place))
    return Script(
        turns,
        seed=form.seed,
        cut=file_forms.cut_of(form.cut) or "words",
        arguments_cut=file_forms.cut_of(form.arguments_cut) or ARGUMENTS,
        check=form.check,
    )


def script_schema() -> dict[str, Any]:
    """The JSON schema of script files, for editors.

    >>> script_schema()["required"]
    ['turns']
    """
    schema = ScriptFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def fakes_folder() -> Path:
    """The nearest folder `fakes`, from the working directory up, or where to make one.

    >>> fakes_folder().name
    'fakes'
    """
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "fakes").is_dir():
            return folder / "fakes"
        if any((folder / mark).exists() for mark in ROOTS):
            break
    return here / "fakes"


def _names(folder: Path, *, full: bool = False) -> list[str]:
    if not folder.is_dir():
        return []
    files = (path for path in folder.iterdir() if path.suffix in ENDINGS)
    return [path.name if full else path.stem for path in files]


def _short(path: Path) -> str:
    """The path as seen from the working directory, if it lies below."""
    try:
        return path.absolute().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(path)


def _explained(error: ValidationError, source: YamlSource, name: str) -> str:
    """A line for each place that is wrong, with file, line and field."""
    found: dict[tuple[str | int, ...], list[str]] = {}
    problems = error.errors()
    # Of the forms that a value may have, the one is meant whose values were looked at.
    meant = {p["loc"][:-1]: p["loc"] for p in problems if p["type"] == "value_error"}
    for problem in problems:
        path, _ = source.place(problem["loc"])
        if meant.get(problem["loc"][:-1], problem["loc"]) == problem["loc"]:
            found.setdefault(path, []).append(_problem(problem))
    # Of a part that may be one of several kinds, the inmost problem is the one.
    inmost = [
        path
        for path in found
        if not any(len(other) > len(path) == _common(path, other) for other in found)
        or "is missing" in found[path][0]
    ]
    return "\n".join(
        f"{name}:{source.place(path)[1]}: {_field(path)}: "
        + " ".join(dict.fromkeys(found[path]))
        for path in sorted(inmost, key=lambda path: source.place(path)[1])
    )


def _common(left: tuple[str | int, ...], right: tuple[str | int, ...]) -> int:
    pairs = zip(left, right, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _field(path: Iterable[str | int]) -> str:
    steps = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return "".join(steps).removeprefix(".") or "the script"


def _problem(problem: Mapping[str, Any]) -> str:
    given = shown(problem["input"], limit=60)
    match problem["type"]:
        case "extra_forbidden":
            return f"there is no such field. {nearest(*_siblings(problem))}"
        case "missing":
            return f"the field {problem['loc'][-1]!r} is missing."
        case "union_tag_not_found" | "union_tag_invalid":
            known = _tags(problem)
            return f"{given} is neither a text nor one of: {known}.{_meant(problem)}"
        case "model_type" | "model_attributes_type":
            hint = "" if problem["loc"] else " A script is: {turns: [Hello!, ...]}."
            return f"{given} is no set of fields.{hint}"
        case "value_error":
            return str(problem["ctx"]["error"])
        case _:
            said = str(problem["msg"]).removeprefix("Input should be ")
            return f"{given} is not {said}."


def _tags(problem: Mapping[str, Any]) -> str:
    keys = [key for key in file_forms._KEYS if _fits(key, problem["loc"])]
    return ", ".join(f"{{{key}: ...}}" for key in keys)


def _meant(problem: Mapping[str, Any]) -> str:
    given = problem["input"]
    if not isinstance(given, dict):
        return ""
    if inner := [key for key in given if key in file_forms._KEYS]:
        return f" {inner[0]!r} goes among the parts of {{say: [...]}}."
    close = [
        f" Did you mean {match[0]!r}?"
        for key in given
        if (match := get_close_matches(str(key), file_forms._KEYS, n=1))
    ]
    return "".join(close[:1])


def _fits(key: str, path: tuple[str | int, ...]) -> bool:
    within = "say" in path
    return key not in ("say", "auto") if within else key not in ("pause", "block")


def _siblings(problem: Mapping[str, Any]) -> tuple[str, list[str]]:
    """The wrong name, and those that may stand in its place."""
    *path, name = problem["loc"]
    forms: list[type[BaseModel]] = [ScriptFile]
    tag = next((str(key) for key in reversed(path) if str(key).startswith("<")), "")
    if "when" in path:
        forms = [file_forms.Condition]
    elif {"cut", "arguments_cut"} & {*path}:
        forms = [file_forms.CutForm]
    elif tag:
        kind = tag.strip("<>").title()
        inside = "say" in path
        forms = [vars(file_forms)[f"{kind}{'Form' if inside else 'Turn'}"]]
    return str(name), [field for form in forms for field in form.model_fields]
