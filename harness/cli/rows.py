"""Rows of a label and a text: wrapped on a terminal, one line a line elsewhere.

What is shown was recorded, or written by others: whatever a terminal would obey is
escaped (`harness.text.visible`), and nothing in it is markup.
"""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.text import visible

__all__ = ["LABEL", "Rows"]

#: How wide labels are.
LABEL = 8
_LINES, _CHARACTERS = 12, 1200
#: Where a table would lose columns, and one that needs no room.
_NARROW, _WIDE = 80, 10_000


class Rows:
    """Rows on *console*; on a terminal long texts are cut short, unless *full*."""

    def __init__(self, console: Console, *, full: bool = False) -> None:
        self.console = console
        self._wraps = not console.soft_wrap
        self._cuts = self._wraps and not full

    def line(self, text: str | Text = "", style: str = "") -> None:
        """A line of its own, whatever its length."""
        text = text if isinstance(text, Text) else Text(visible(text), style)
        self.console.print(text, soft_wrap=True)

    def row(self, label: str, text: str | Text, style: str = "") -> None:
        """*text* behind *label*, each line of it below the one before."""
        if isinstance(text, str):
            text = Text(visible(self._shortened(text)), style)
        head = Text(f"{label:>{LABEL}}  ", f"bold {style or 'cyan'}")
        for line in self._wrapped(text):
            self.console.print(Text.assemble(head, line), soft_wrap=True)
            head = Text(" " * (LABEL + 2))

    def rows(self, label: str, texts: Iterable[str | Text], style: str = "") -> None:
        """Several rows, the label at the first."""
        for text in texts:
            self.row(label, text, style)
            label = ""

    def table(self, table: Table) -> None:
        """A table; on no terminal, or a narrow one, it is as wide as it has to be."""
        if not self._wraps or self.console.width < _NARROW:
            table.box = None
            wide = self.console.options.update(width=_WIDE)
            for line in self.console.render_lines(table, wide, pad=False):
                self.line("".join(piece.text for piece in line).rstrip())
        else:
            self.console.print(table)

    def _wrapped(self, text: Text) -> Iterable[Text]:
        if not self._wraps:
            return text.split("\n", allow_blank=True)
        width = max(20, self.console.width - LABEL - 2)
        return text.wrap(self.console, width)

    def _shortened(self, text: str) -> str:
        if not self._cuts:
            return text
        lines = text.splitlines()
        short = "\n".join(lines[:_LINES])[:_CHARACTERS]
        left = len(text) - len(short)
        return text if left < LABEL else f"{short} ... ({left:,} more; --full)"
