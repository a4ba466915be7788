"""The examples of README.md and docs/ are run, so they work as they stand.

The blocks of one page share their names and a folder, from top to bottom.

* A Python block with prompts (`>>>`) is a doctest; one that defines tests is run by
  pytest; any other is run.
* A block whose first line is a comment with the name of a file (`# test_agent.py`) is
  that file. Tests in it are run by the page's own commands, or else at its end.
* In a `console` block each `$ command` is run, and must print what stands below it
  (`...` is any text), or end well where nothing does.
* Other YAML that is a cassette or a script fits its schema.

A comment `<!-- not run: reason -->` right before a block leaves it out.
"""

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from harness.cassettes.file_schemas import cassette_schema, conversation_schema
from harness.schemas import problems
from harness.scripts.files import script_schema

ROOT = Path(__file__).parent.parent
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if page.is_file()
]
BLOCK = re.compile(
    r"(?P<skip><!-- not run: .+? -->\s*)?"
    r"^```(?P<kind>python|pycon|console|yaml|toml|ini)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
WITH_BLOCKS = [page for page in PAGES if BLOCK.search(page.read_text("utf-8"))]
SCHEMAS = {
    "interactions": cassette_schema,
    "conversations": conversation_schema,
    "turns": script_schema,
}
FILE = re.compile(r"# ([\w./-]+\.\w+)\n")
COMMAND = re.compile(r"^\$ (.+(?:\\\n.+)*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
#: A plugin for the pytest of pages: what is drawn is little, and always the same.
FEW = """
import sys


def pytest_collection_finish():
    if "hypothesis" in sys.modules:
        from hypothesis import settings

        settings.register_profile("few", max_examples=3, derandomize=True)
        settings.load_profile("few")
"""
#: What changes the output, or makes each pytest start a second later.
LEFT_OUT = ("-p no:randomly", "-p no:cacheprovider", "-p no:langsmith_plugin")
TESTS = re.compile(r"^(async )?def test_|^class Test", re.MULTILINE)


@dataclass
class Page:
    """A page that is being run, and what its blocks share."""

    path: Path
    folder: Path
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__main__"})
    waiting: list[Path] = field(default_factory=list)

    def run(self) -> None:
        """Run all blocks, and then the tests that none of them ran."""
        for line, kind, code in examples(self.path):
            if kind == "console":
                self.run_commands(code, line)
            elif named := FILE.match(code):
                self.write(self.folder / named[1], code)
            elif kind in ("python", "pycon"):
                self.run_python(code, line)
            elif kind == "yaml":
                assert misfits(code) == [], f"{self.path.name}:{line}"
        for path in self.waiting:
            self.run_tests(path)

    def write(self, path: Path, code: str) -> None:
        """Make the file that a block is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
        if path.name.startswith("test_"):
            self.waiting.append(path)

    def run_python(self, code: str, line: int) -> None:
        """Run a block of Python, whatever it is."""
        if ">>>" in code:
            self.run_prompts(code, line)
        elif TESTS.search(code):
            path = self.folder / f"test_line_{line}.py"
            path.write_text(code, encoding="utf-8")
            self.run_tests(path)
            path.unlink()
        else:
            exec(compile("\n" * line + code, str(self.path), "exec"), self.names)  # noqa: S102  (the page's own code)

    def run_prompts(self, code: str, line: int) -> None:
        """Run a block with prompts as a doctest that keeps its names."""
        name = self.path.name
        parser = doctest.DocTestParser()
        test = parser.get_doctest(code, self.names, name, str(self.path), line)
        runner = doctest.DebugRunner(optionflags=doctest.ELLIPSIS)
        try:
            runner.run(test, clear_globs=False)
        except doctest.DocTestFailure as failure:
            at = line + failure.example.lineno + 1
            told(f"{name}:{at}", failure.example.want, failure.got)
        self.names.update(test.globs)

    def run_tests(self, path: Path) -> None:
        """Run a file of tests, in a pytest of its own."""
        ended = self.command(f"pytest -q {path.name}")

        assert ended.returncode == pytest.ExitCode.OK, ended.stdout

    def run_commands(self, code: str, line: int) -> None:
        """Run each command, and compare what it prints."""
        for found in COMMAND.finditer(code):
            command, want = found.groups()
            place = f"{self.path.name}:{line + code.count(chr(10), 0, found.start())}"
            ended = self.command(command)
            if "pytest " in command:
                self.waiting.clear()
            if not want:
                assert ended.returncode == 0, f"{place}: {ended.stdout}"
            elif not printed(want, ended.stdout):
                told(place, want, ended.stdout)

    def command(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the folder of the page; give all that it printed."""
        return subprocess.run(  # noqa: S602 - the page's own command
            command,
            shell=True,
            cwd=self.folder,
            env=environment(self.folder.parent),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def misfits(code: str) -> list[str]:
    """Give what is wrong with a cassette or a script, by the schema of its kind."""
    value = yaml.safe_load(code)
    for key, schema in SCHEMAS.items():
        if key in value:
            return problems(value, schema())
    return []


def examples(page: Path) -> Iterator[tuple[int, str, str]]:
    """Give line, kind and text of each block of a page that is to be run."""
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        if not block["skip"]:
            line = text.count("\n", 0, block.start("code"))
            yield line, block["kind"], block["code"]


def environment(plugins: Path) -> dict[str, str]:
    """Give the environment of commands: the same on every machine."""
    left = ("PYTEST_", "COVERAGE_")  # to be measured takes twice the time
    kept = {key: v for key, v in os.environ.items() if not key.startswith(left)}
    here = Path(sys.executable).parent
    paths = [str(plugins), os.environ.get("PYTHONPATH", "")]
    return kept | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "NO_COLOR": "1",
        "PYTEST_ADDOPTS": f"-p few_examples {' '.join(LEFT_OUT)}",
    }


def printed(want: str, got: str) -> bool:
    """Whether what was printed is what the page shows, but for spaces at ends."""
    plain = "".join(f"{line.rstrip()}\n" for line in got.strip("\n").splitlines())
    shown = "".join(f"{line.rstrip()}\n" for line in want.strip("\n").splitlines())
    return doctest.OutputChecker().check_output(shown, plain, doctest.ELLIPSIS)


def told(place: str, want: str, got: str) -> None:
    """Fail: the page shows something else than what came."""
    pytest.fail(f"{place} printed\n{got}\nThe page says\n{want}", pytrace=False)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with our scripts and recordings, where pages are run."""
    (tmp_path / "few_examples.py").write_text(FEW, encoding="utf-8")
    page = tmp_path / "page"
    for name in ("fakes", "cassettes"):
        shutil.copytree(ROOT / name, page / name)
    monkeypatch.chdir(page)
    monkeypatch.delenv("CI", raising=False)  # where it is set, nothing is recorded
    return page


@pytest.mark.parametrize("page", WITH_BLOCKS, ids=lambda page: page.name)
def test_examples_work(page: Path, folder: Path) -> None:
    """Each example of the page runs, and prints what the page says it prints."""
    Page(page, folder).run()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```pycon\n>>> 1 + 1\n3\n\n```\n", "page.md:2 printed\n2\n"),
        ("```console\n$ echo no\nyes\n```\n", "page.md:1 printed\nno\n"),
        ("```console\n$ echo so\n$ false\n```\n", "page.md:2: "),
        ("```python\n# test_a.py\ndef test_a():\n    assert 0\n```\n", "1 failed"),
        ("```python\ndef test_a():\n    assert 0\n```\n", "1 failed"),
        ("```yaml\nturns: [{sya: Hi}]\n```\n", "page.md:1"),
    ],
)
def test_a_page_that_is_wrong_fails(folder: Path, text: str, complaint: str) -> None:
    """The check of pages hears what is wrong in each kind of block."""
    path = folder / "page.md"
    path.write_text(text, encoding="utf-8")

    with pytest.raises((AssertionError, pytest.fail.Exception)) as failure:
        Page(path, folder).run()
    assert complaint in str(failure.value)


def test_a_page_that_is_right_passes(folder: Path) -> None:
    """Files, commands and their output, and what is not run."""
    path = folder / "page.md"
    path.write_text(
        "```yaml\n# fakes/hello.yaml\nturns: [Hello!]\n```\n"
        "```python\n# test_a.py\ndef test_a(fake_chat):\n"
        '    assert fake_chat.load("hello").invoke("Hi").text == "Hello!"\n```\n'
        "```console\n$ pytest -q test_a.py\n...\n1 passed in ...s\n```\n"
        "<!-- not run: why -->\n```console\n$ false\n```\n",
        encoding="utf-8",
    )

    Page(path, folder).run()
