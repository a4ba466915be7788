"""The shape of the code, as DESIGN.md draws it: floors, light imports, small parts."""

import ast
import importlib
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

import pytest

import harness

ROOT = Path(__file__).parent.parent
PACKAGE = Path(harness.__file__).parent  # as it is installed

# room -> floor, as in DESIGN.md; "harness" is the facade, harness/__init__.py.
FLOORS = {
    room: floor
    for floor, rooms in {
        0: "errors values text docstrings formats schemas approximation partial_json "
        "unfinished metadata ropes sums blocks usage message_fields pretty messages "
        "finishing chunk_fields chunks coercion tools tool_specs tool_schemas "
        "lazy paths patterns nesting pickles tool_arguments tool_requests tool_results",
        1: "steps requests asked matching http_messages",
        2: "wire",
        3: "models scripts cassettes endpoint services",
        4: "fake record replay providers transports server recording clients "
        "converting transcripts",
        5: "laws strategies harness fake_provider bridges comparison refreshing "
        "statistics checks report",
        6: "pytest_plugin cli",
        7: "__main__",
    }.items()
    for room in rooms.split()
}
SHARED_FLOORS = {0, 1, 5}  # their rooms may import each other
HEAVY = (
    "httpx vcr hypothesis pytest _pytest yaml jsonschema rich regex rstr "
    "langchain_core pydantic_ai"
)

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 50

# Put together here, so that this file does not name them itself.
FORBIDDEN = [
    "/" + "work/",
    "." + "library",
    "shared" + "/seed",
    "shared" + "/reference",
    "models" + "-page",
    "style" + "-models",
    "/" + "tmp/notes",
    "issues" + " show",
]


def named(path: Path) -> str:
    """Give the dotted name of a module file."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {named(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def parsed(module: str) -> ast.Module:
    """Give the syntax tree of a module of ours."""
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def room(module: str) -> str:
    """Give the room a module lies in: the first name below the package."""
    return module.split(".")[1] if "." in module else "harness"


def floor(name: str) -> int:
    """Give the floor of a room, or say that it has none."""
    if name not in FLOORS:
        pytest.fail(f"harness.{name}: draw the room in DESIGN.md, add it to FLOORS")
    return FLOORS[name]


def imported(module: str) -> Iterator[str]:
    """Give each module of ours that a module imports, wherever in it."""
    for node in ast.walk(parsed(module)):
        match node:
            case ast.Import(names=names):
                targets = [alias.name for alias in names]
            case ast.ImportFrom(module=str(source), names=names, level=0):
                below = [f"{source}.{alias.name}" for alias in names]
                targets = [name if name in MODULES else source for name in below]
            case _:
                continue
        yield from (name for name in targets if name in MODULES)


def relative_imports(module: str) -> list[int]:
    """Give the lines of a module that import relatively."""
    tree = ast.walk(parsed(module))
    return [n.lineno for n in tree if isinstance(n, ast.ImportFrom) and n.level]


def may_import(source: str, target: str) -> bool:
    """Tell whether one room may import another."""
    above, below = floor(source), floor(target)
    shares = above == below and above in SHARED_FLOORS
    return source == target or above > below or shares


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_floor(module: str) -> None:
    """A new room is drawn in DESIGN.md and in FLOORS before it is built."""
    assert floor(room(module)) >= 0


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    """A room imports from lower floors, from itself, and on 0, 1 and 5 from its own."""
    wrong = [
        f"{module} (floor {floor(room(module))}) imports "
        f"{target} (floor {floor(room(target))})"
        for target in imported(module)
        if not may_import(room(module), room(target))
    ]

    assert wrong == []


@pytest.mark.parametrize("module", MODULES)
def test_imports_are_absolute(module: str) -> None:
    """An import says where it comes from."""
    assert relative_imports(module) == []


def test_imports_have_no_cycle() -> None:
    """Modules can be read in one order, each after what it imports."""
    graph = {module: {*imported(module)} - {module} for module in MODULES}

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail("imports go round: " + " -> ".join(error.args[1]))


def test_import_is_light() -> None:
    """`import harness` loads no library that only the edges need."""
    probe = "import json, sys, harness; print(json.dumps(sorted(sys.modules)))"

    result = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert {*HEAVY.split()} & {*json.loads(result.stdout)} == set()


def test_a_scripted_answer_is_light() -> None:
    """What takes longest to load waits until a loop, or a tool's schema, needs it."""
    probe = (
        "import json, sys; from harness import FakeChatModel, say, tool; "
        "FakeChatModel(say('Hello!')).invoke('Hi'); "
        "tool(description='Add two.')(max); "
        "print(json.dumps(sorted(sys.modules)))"
    )

    result = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    heavy = {*HEAVY.split(), "asyncio", "pydantic", "pydantic_core"}
    assert heavy & {*json.loads(result.stdout)} == set()


def in_order(name: str) -> tuple[int, str]:
    """Sort as ruff sorts `__all__`: CONSTANTS, Classes, the rest."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return 1 if name[0].isupper() else 2, name


@pytest.mark.parametrize("module", MODULES)
def test_all_is_sorted_and_exists(module: str) -> None:
    """`__all__` is sorted, without doubles, and every name in it is there."""
    loaded = importlib.import_module(module)
    names = list(getattr(loaded, "__all__", ()))

    assert names == sorted(set(names), key=in_order)
    assert [name for name in names if not hasattr(loaded, name)] == []


def test_facade_is_exact() -> None:
    """`harness` gives what its `__all__` says, and shows type checkers the same."""
    facade = importlib.import_module("harness")

    public = {
        name
        for name, value in vars(facade).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    typed = {
        alias.name
        for node in ast.walk(parsed("harness"))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert public - {*facade.__all__} == set()
    assert typed == {*facade.__all__}
    assert {*facade.__all__} <= {*dir(facade)}


def test_facade_gives_what_type_checkers_see() -> None:
    """A name of `harness` is the one of the module that type checkers look into."""
    facade = importlib.import_module("harness")

    for node in ast.walk(parsed("harness")):
        if isinstance(node, ast.ImportFrom):
            home = importlib.import_module(str(node.module))
            for alias in node.names:
                assert getattr(facade, alias.name) is getattr(home, alias.name)


def test_facade_has_every_error() -> None:
    """Whatever harness raises can be caught by a name of `harness`."""
    facade = importlib.import_module("harness")
    errors = importlib.import_module("harness.errors")

    raised = {name for name in errors.__all__ if isinstance(vars(errors)[name], type)}
    assert raised <= {*facade.__all__}


def test_facade_has_no_other_name() -> None:
    """A name that is not there is an AttributeError, as with any module."""
    facade = importlib.import_module("harness")

    with pytest.raises(AttributeError, match=r"^module 'harness' has no .* 'Fake'$"):
        facade.Fake  # noqa: B018 - it is looked for


def test_version_is_that_of_the_distribution() -> None:
    """The version stands in two places, and is the same in both."""
    facade = importlib.import_module("harness")

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert facade.__version__ == project["project"]["version"]


def test_plugin_is_light() -> None:
    """A pytest run that uses nothing of harness loads four small modules of it."""
    probe = (
        "import json, sys, pytest; before = {*sys.modules}; "
        "import harness.pytest_plugin; print(json.dumps([*{*sys.modules} - before]))"
    )

    result = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert {*json.loads(result.stdout)} == {
        "harness",
        "harness.lazy",
        "harness.pytest_plugin",
        "harness.pytest_plugin.settings",
    }


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Give the number of lines of a function, its docstring not counted."""
    match node.body[0]:
        case ast.Expr(value=ast.Constant(value=str())) as docstring:
            told = (docstring.end_lineno or 0) - docstring.lineno + 1
        case _:
            told = 0
    return (node.end_lineno or 0) - node.lineno + 1 - told


@pytest.mark.parametrize("module", MODULES)
def test_modules_and_functions_are_small(module: str) -> None:
    """A module fits into one reading, a function on one screen."""
    lines = len(MODULES[module].read_text(encoding="utf-8").splitlines())
    long = {
        node.name: length(node)
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and length(node) > MAX_FUNCTION_LINES
    }

    assert lines <= MAX_MODULE_LINES
    assert long == {}


def files_of_the_repository() -> list[Path]:
    """Give every file that git tracks or would track."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files are ours cannot be told")
    listing = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    paths = (ROOT / name for name in listing.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def test_no_file_names_the_workplace() -> None:
    """The project speaks of itself alone."""
    found = [
        f"{path.relative_to(ROOT)}: {phrase}"
        for path in files_of_the_repository()
        for phrase in FORBIDDEN
        if phrase.encode() in path.read_bytes()
    ]

    assert found == []
