"""README.md and docs/ mention all that a user can name: nothing is undocumented."""

import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import harness
from harness import pytest_plugin

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
REFERENCE = ROOT / "docs" / "reference"
WORDS = frozenset(
    word
    for page in PAGES
    if page.parent != REFERENCE  # it lists names: a user finds there no word on why
    for word in re.findall(r"(?:--)?\w+(?:-\w+)*", page.read_text(encoding="utf-8"))
)


class Settings:
    """What a plugin registers, noted down."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def getgroup(self, *_about: str) -> "Settings":
        return self

    def addoption(self, name: str, **_options: object) -> None:
        self.names.append(name)

    def addini(self, name: str, *_about: object, **_options: object) -> None:
        self.names.append(name)


def settings() -> list[str]:
    """Give the options and ini keys of the plugin."""
    parser: Any = Settings()
    pytest_plugin.pytest_addoption(parser)
    return parser.names


FIXTURES = [
    name
    for name, value in vars(pytest_plugin).items()
    if type(value) is type(pytest_plugin.fake_chat) and not name.startswith("_")
]


#: Modules that give what signatures name: each name is in the table of typing.md.
MODULES = "endpoint models providers requests scripts".split()
NAMES = {
    name: None
    for module in (harness, *(import_module(f"harness.{m}") for m in MODULES))
    for name in module.__all__
}


@pytest.mark.parametrize("name", [*NAMES, *settings(), *FIXTURES])
def test_all_that_has_a_name_is_mentioned(name: str) -> None:
    """Each public name, option, ini key and fixture stands on some page."""
    assert name in WORDS


def test_the_names_are_really_collected() -> None:
    """Options and fixtures are found where the plugin makes them."""
    assert {"fake_chat", "replay_chat", "cassette"} <= {*FIXTURES}
    assert {"--harness-seed", "harness_fakes"} <= {*settings()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link to a page of ours names a file that is there."""
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_index_lists_every_page() -> None:
    """A page that nothing leads to is not found."""
    docs = ROOT / "docs"
    index = (docs / "index.md").read_text(encoding="utf-8")
    pages = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}

    assert {page for page in pages if f"({page})" not in index} == {"index.md"}
