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


@pytest.fixture
def open_page(chromium: Any, tmp_path: Path) -> Iterator[Open]:
    """Give what opens a page: its entries or its file, and where in it.

    What the page loads, and what it complains of, fails the test at its end.
    """
    heard: list[str] = []
    contexts: list[Any] = []

    def opened(
        shown: Path | list[Entry], at: str = "", title: str = "Report", **options: Any
    ) -> Any:
        path = shown
        if not isinstance(path, Path):
            path = tmp_path / "report.html"
            path.write_text(page_of(shown, title), "utf-8")
        options.setdefault("viewport", {"width": 1200, "height": 800})
        options.setdefault("reduced_motion", "reduce")
        context = chromium.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        address = path.as_uri()
        page.on("console", lambda said: heard.append(f"console: {said.text}"))
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        page.on("dialog", lambda dialog: heard.append(f"dialog: {dialog.message}"))
        page.on("popup", lambda _: heard.append("popup"))
        page.on(
            "request",
            lambda asked: (
                asked.url.partition("#")[0] in {address, "data:,"}
                or asked.url.startswith("data:image/")
                or heard.append(f"request: {asked.url[:200]}")
            ),
        )
        page.goto(f"{address}{at}")
        page.wait_for_selector("html[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert heard == []


@pytest.fixture
def dark() -> dict[str, str]:
    """Give the options of a browser that prefers dark."""
    return {"color_scheme": "dark"}
