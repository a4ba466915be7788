"""The list of pages in index.md is the navigation of the site, section by section.

So a page is added in one place: a line with its link, below the heading that it
belongs to.
"""

import re
from typing import Any

from sphinx.application import Sphinx

LINK = re.compile(r"^\* \[[^\]]+\]\(([^)#:]+)\.md\)", re.MULTILINE)
OUTSIDE = re.compile(r"\[([^\]]+)\]\(\.\./[^)]+\)")
HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def with_navigation(text: str) -> str:
    """Give *text* with a hidden table of contents for each section that lists pages."""
    _, *parts = HEADING.split(text)
    for title, section in zip(parts[::2], parts[1::2], strict=True):
        if pages := "\n".join(LINK.findall(section)):
            text += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{pages}\n```\n"
    return text


def without_outside(text: str) -> str:
    """Give *text* without the links that only a checkout has: to files above docs/."""
    return OUTSIDE.sub(r"`\1`", text)


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    if "/" not in page:
        source[0] = without_outside(source[0])
    if page == app.config.root_doc:
        source[0] = with_navigation(source[0])


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx of it."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
