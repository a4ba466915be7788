"""The Python examples of README.md and docs/ are run, so they work as they stand.

The blocks of one page share their names, from top to bottom. A block with prompts
(`>>>`) is a doctest; one that defines tests is run by pytest. A comment
`<!-- not run: reason -->` right before a block leaves it out.
"""

import doctest
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    if page.is_file()
]

BLOCK = re.compile(
    r"(?P<skip><!-- not run: .+? -->\s*)?"
    r"^```(?:python|pycon)\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


def examples(page: Path) -> Iterator[tuple[int, str]]:
    """Give line and code of each Python block of a page that is to be run."""
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        if not block["skip"]:
            yield text.count("\n", 0, block.start("code")), block["code"]


def run_prompts(code: str, names: dict[str, Any], page: Path, line: int) -> None:
    """Run a block with prompts as a doctest that keeps its names."""
    parser = doctest.DocTestParser()
    test = parser.get_doctest(code, names, page.name, str(page), line)
    runner = doctest.DebugRunner(optionflags=doctest.ELLIPSIS)
    try:
        runner.run(test, clear_globs=False)
    except doctest.DocTestFailure as failure:
        pytest.fail(
            f"{page.name}:{line + failure.example.lineno + 1} printed {failure.got!r}, "
            f"the page says {failure.example.want!r}"
        )
    names.update(test.globs)


def run_tests(code: str, path: Path) -> None:
    """Run a block that defines tests, in a pytest of its own."""
    path.write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert ended.returncode == pytest.ExitCode.OK, ended.stdout + ended.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_work(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each example of the page runs, and prints what the page says it prints."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for folder in ("fakes", "cassettes"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)  # where it is set, nothing is recorded
    for line, code in examples(page):
        if ">>>" in code:
            run_prompts(code, names, page, line)
        elif re.search(r"^(async )?def test_", code, re.MULTILINE):
            run_tests(code, tmp_path / f"test_line_{line}.py")
        else:
            exec(compile("\n" * line + code, str(page), "exec"), names)  # noqa: S102  (the page's own code)
