"""Puts what was measured between the marks of ``benchmarks.md``, with its pictures.

``python pages.py build/bench docs``, as `make bench-docs` does. Only what the last run
measured is changed.
"""

import json
import re
import shutil
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from tables import Report, picture, table, unmet

MARKED = re.compile(
    r"(?P<begin><!-- measured: (?P<name>[^>]+?) -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)
PICTURES = "images/benchmarks"
MACHINE, UNMET = "the machine", "aims not met"


def filled(page: str, blocks: Mapping[str, str]) -> str:
    """Give *page* with the blocks that it has marks for; other marks keep theirs."""

    def block(found: re.Match[str]) -> str:
        text = blocks.get(found["name"])
        return (
            found[0] if text is None else f"{found['begin']}\n{text}\n\n{found['end']}"
        )

    return MARKED.sub(block, page)


def blocks(report: Report, pictures: Collection[str], page: str) -> dict[str, str]:
    """Give the text of each block: of groups, of the machine, and of what is not met.

    The last two are of whole runs, so a run of some groups leaves them as they are.
    """
    found = {}
    for group in report.groups:
        parts = [f"Measured on {report.date}.", table(report.of(group))]
        name = picture(group)
        if name in pictures:
            parts.append(f"![{group}: cost against size]({PICTURES}/{name})")
        found[group] = "\n\n".join(parts)
    names = {one["name"] for one in MARKED.finditer(page)} - {MACHINE, UNMET}
    if names <= {*report.groups}:
        found[MACHINE] = report.where() + "."
        found[UNMET] = unmet(report.missed)
    return found


def main(measured: Path, docs: Path) -> None:
    """Fill the page, and copy the pictures."""
    page = docs / "benchmarks.md"
    text = page.read_text("utf-8")
    report = Report.read(json.loads((measured / "benchmarks.json").read_text("utf-8")))
    pictures = {
        name for name in map(picture, report.groups) if (measured / name).exists()
    }
    (docs / PICTURES).mkdir(parents=True, exist_ok=True)
    for name in pictures:
        shutil.copy(measured / name, docs / PICTURES / name)
    page.write_text(filled(text, blocks(report, pictures, text)), "utf-8")
    print(f"{page}: {', '.join(report.groups)}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
