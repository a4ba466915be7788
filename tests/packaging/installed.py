"""Run tests against the package that is installed: python installed.py PYTEST-ARGS.

In: what pytest takes. What needs a library that is not installed is left out and told;
everything else must pass. A package that is not installed, but lies beside the tests,
is refused.
"""

import ast
import sys
import sysconfig
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

#: The libraries that chat-harness does not bring, by the name of their import.
OPTIONAL = frozenset(
    "aiohttp anthropic axe_playwright_python botocore dask distributed docutils "
    "genai_prices google.genai httptools httpx2 langchain langchain_anthropic "
    "langchain_core langchain_openai langgraph myst_parser openai "
    "openapi_spec_validator playwright pydantic_ai requests sphinx trio urllib3 "
    "uvicorn uvloop websockets xdist zstandard".split()
)

#: What needs libraries that it does not import itself: a part of the ids of tests.
NEEDS = {"::harness.clients.Clients": "openai"}


class Lacking:
    """Leaves out what cannot run here: as the imports of its file say, or `NEEDS`."""

    def __init__(self) -> None:
        self.left = set[str]()

    def pytest_report_header(self) -> str:
        """Say what is tested."""
        return f"the package in {package()}"

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out a file or a folder; None is for "as ever"."""
        return self.leaves_out(collection_path) or None

    def leaves_out(self, path: Path) -> bool:
        """Tell whether a file lacks what it imports; of a folder its first ones."""
        first = ("__init__.py", "conftest.py") if path.is_dir() else ("",)
        for file in (path / name for name in first):
            if file.suffix != ".py" or not file.is_file():
                continue
            if lacks := next(lacking(imported(file)), ""):
                self.left.add(f"{lacks}: {'/'.join(path.absolute().parts[-3:])}")
                return True
        return False

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out the tests that `NEEDS` tells of."""
        gone = []
        for item in items:
            about = (
                (name, lacks)
                for name, libraries in NEEDS.items()
                if name in item.nodeid
                for lacks in lacking(libraries.split())
            )
            if (found := next(about, None)) is not None:
                self.left.add(f"{found[1]}: {found[0]}")
                gone.append(item)
        if gone:
            left = {*map(id, gone)}
            items[:] = [item for item in items if id(item) not in left]
            config.hook.pytest_deselected(items=gone)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Tell what was left out, by the library that it lacks."""
        terminalreporter.section("left out: the library is not installed")
        for about in sorted(self.left):
            terminalreporter.write_line(about)


def imported(file: Path) -> Iterator[str]:
    """Give what a file imports when it is loaded."""
    body = ast.parse(file.read_bytes()).body
    guarded = [n for one in body if isinstance(one, ast.With) for n in one.body]
    for node in body + guarded:
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(source), names=names):
                yield from (f"{source}.{alias.name}" for alias in names)


def lacking(names: Iterator[str] | list[str]) -> Iterator[str]:
    """Give each of the optional libraries in *names* that is not installed."""
    bridges = {
        "harness.bridges.langchain": "langchain_core",
        "harness.bridges.pydantic_ai": "pydantic_ai",
    }
    for name in names:
        needed = [one for one in OPTIONAL if f"{name}.".startswith(f"{one}.")]
        needed += [
            library
            for bridge, library in bridges.items()
            if f"{name}.".startswith(f"{bridge}.")
        ]
        yield from (one for one in needed if not there(one))


def there(library: str) -> bool:
    """Tell whether a library is installed."""
    try:
        return find_spec(library) is not None
    except ModuleNotFoundError:  # not even the package that it is in
        return False


def package() -> Path:
    """Give where the package lies, without loading it: pytest rewrites its asserts."""
    spec = find_spec("harness")
    return Path(spec.origin if spec and spec.origin else "nowhere").resolve().parent


def main(args: list[str]) -> int:
    """Run pytest with *args*; refuse a package that is not an installed one."""
    installed = Path(sysconfig.get_path("purelib")).resolve()
    if not package().is_relative_to(installed):
        sys.stderr.write(f"harness is {package()}, not below {installed}\n")
        return 2
    chosen = Lacking()
    taken = [one for one in args if not chosen.leaves_out(Path(one))]
    return int(pytest.main(taken, plugins=[chosen]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
