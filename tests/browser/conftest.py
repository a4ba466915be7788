"""A real browser, in which the page of a report is opened; nothing else is loaded.

The browser is that of a module, and not of the session: while it runs, no other test of
the process could use asyncio.
"""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.report import Entry, page_of

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update"
).split()

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Give a browser that was just started."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("there is no Chromium on this machine: make chromium installs it")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


class Tab:
    """A page of the browser; what it loads and complains of is in *heard*."""

    def __init__(self, chromium: Any, **options: Any) -> None:
        self.heard: list[str] = []
        self.address = ""
        options.setdefault("viewport", {"width": 1200, "height": 800})
        options.setdefault("reduced_motion", "reduce")
        self.context = chromium.new_context(offline=True, **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on("console", lambda said: self.heard.append(f"says: {said.text}"))
        self.page.on("pageerror", lambda error: self.heard.append(f"error: {error}"))
        self.page.on("dialog", lambda one: self.heard.append(f"dialog: {one.message}"))
        self.page.on("popup", lambda _: self.heard.append("popup"))
        self.page.on("request", self.asked)

    def asked(self, request: Any) -> None:
        """Hear of what is no part of the page."""
        own = request.url.partition("#")[0] in {self.address, "data:,"}
        if not own and not request.url.startswith("data:image/"):
            self.heard.append(f"request: {request.url[:200]}")

    def open(self, address: str, at: str) -> Any:
        """Load a page anew, also one that is there already."""
        self.address = "about:blank"
        self.page.goto("about:blank")
        self.address = address
        self.page.goto(f"{address}{at}")
        self.page.wait_for_selector("html[data-ready]")
        return self.page


@pytest.fixture(scope="module")
def tab(chromium: Any) -> Tab:
    """Give the page that tests share which ask for no options."""
    return Tab(chromium)


@pytest.fixture
def open_page(chromium: Any, tab: Tab, tmp_path: Path) -> Iterator[Open]:
    """Give what opens a page: its entries or its file, and where in it.

    What the page loads, and what it complains of, fails the test at its end.
    """
    own: list[Tab] = []

    def opened(
        shown: Path | list[Entry], at: str = "", title: str = "Report", **options: Any
    ) -> Any:
        path = shown
        if not isinstance(path, Path):
            path = tmp_path / "report.html"
            path.write_text(page_of(shown, title), "utf-8")
        if options:
            own.append(Tab(chromium, **options))
        return (own[-1] if options else tab).open(path.as_uri(), at)

    yield opened
    heard = [said for one in (tab, *own) for said in one.heard]
    tab.heard.clear()
    for one in own:
        one.context.close()
    assert heard == []
