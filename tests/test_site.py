"""The site that `make docs` builds: whole, and without a warning."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import harness

DOCS = Path(__file__).parent.parent / "docs"
sys.path.insert(0, str(DOCS / "_extensions"))

from navigation import with_navigation, without_outside  # noqa: E402
from picture import demo, picture, words  # noqa: E402
from told_by_code import BLOCK, told  # noqa: E402

MODULES = """
    harness harness.bridges.langchain harness.bridges.pydantic_ai harness.cassettes
    harness.endpoint harness.laws harness.models harness.providers harness.recording
    harness.requests harness.scripts harness.server harness.strategies harness.wire
""".split()


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Links lead somewhere, docstrings are well-formed, each page is in the menu."""
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-j", "auto"]
    folders = ["-d", tmp_path / "doctrees", DOCS, tmp_path / "site"]
    env = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}

    ended = subprocess.run(
        [*sphinx, *folders], env=env, capture_output=True, text=True, check=False
    )

    assert ended.stdout + ended.stderr == ""
    assert ended.returncode == 0
    page = (tmp_path / "site" / "reference" / "scripts.html").read_text("utf-8")
    assert 'id="harness.FakeChatModel.assert_asked"' in page


def documented() -> Iterator[tuple[str, str]]:
    """Give module and name of all that the reference documents."""
    for page in (DOCS / "reference").glob("*.md"):
        for block in BLOCK.finditer(page.read_text("utf-8")):
            if block[1] == "public":
                module = block[2].strip()
                names = block[3].split() or import_module(module).__all__
                yield from ((module, name) for name in names)


@pytest.mark.parametrize("module", MODULES)
def test_the_reference_has_every_public_name(module: str) -> None:
    """Each name stands on a page of the reference, once, by its shortest path."""
    found = [name for home, name in documented() if home == module]
    shorter = {*harness.__all__} if module != "harness" else set()

    assert sorted(found) == sorted({*import_module(module).__all__} - shorter)


def test_a_section_that_lists_pages_becomes_a_menu() -> None:
    """A new page is a line in index.md, and nothing else."""
    index = "# Top\n\n## How to\n\n* [A](a.md): it.\n* [B](b/c.md): that.\n\n## About\n"

    assert with_navigation(index) == (
        f"{index}\n```{{toctree}}\n:hidden:\n:caption: How to\n\na\nb/c\n```\n"
    )


def test_links_out_of_the_site_are_words() -> None:
    """What only a checkout has is named, not linked."""
    assert without_outside("[D.md](../D.md), [a](a.md)") == "`D.md`, [a](a.md)"


def test_commands_and_settings_are_told_by_the_code() -> None:
    """Options, defaults in their help and fixtures are on the pages."""
    page = told("```{command-line}\n```\n\n```{settings}\n```\n\n```{fixtures}\n```")

    assert "## `harness serve`" in page
    assert "`--port PORT`\n: its port; 0: any that is free\n" in page
    assert "`--cassette-mode none|once|" in page
    assert "`ini harness_allowed_hosts`\n: hosts that pass" in page
    assert "`fake_chat`\n: Make fake chat models:" in page


def test_the_picture_of_the_demo_is_not_stale() -> None:
    """What README.md shows is what the command prints: else `make picture`."""
    stored = (DOCS / "images" / "demo.svg").read_text("utf-8")

    assert words(stored) == words(picture(demo()))
    assert "http" not in stored.replace("http://www.w3.org/2000/svg", "").replace(
        "https://www.textualize.io", ""
    )
