"""The Python examples of README.md and docs/ are run, so they work as they stand.

The blocks of one page share their names, from top to bottom. A block with prompts
(`>>>`) is a doctest; one that defines tests is run by pytest. A comment
`<!-- not run: reason -->` right before a block leaves it out.
"""

import doctest
import re
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_work(page: Path, pytester: pytest.Pytester) -> None:
    """Each example of the page runs, and prints what the page says it prints."""
    names: dict[str, Any] = {"__name__": "__main__"}
    pytester.path.joinpath("fakes").symlink_to(ROOT / "fakes")
    pytester.path.joinpath("cassettes").symlink_to(ROOT / "cassettes")
    for line, code in examples(page):
        if ">>>" in code:
            run_prompts(code, names, page, line)
        elif re.search(r"^(async )?def test_", code, re.MULTILINE):
            pytester.makepyfile(code)
            assert pytester.runpytest_subprocess("-q").ret == pytest.ExitCode.OK
        else:
            exec(compile("\n" * line + code, str(page), "exec"), names)  # noqa: S102  (the page's own code)
