"""The picture of a terminal: what `harness demo` prints, as an SVG. See `make picture`.

Run as ``python docs/_extensions/picture.py docs/images/demo.svg``.
"""

import html
import io
import os
import re
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parent.parent.parent
WIDTH = 96
COLORS = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
RUN = "import sys; from harness.cli import main; sys.exit(main(['demo']))"
#: rich asks a server for its font; any other of fixed width does as well.
FONT = re.compile(r"\s*@font-face \{.*?\}\n", re.DOTALL)


def demo() -> str:
    """Give what the command prints on a terminal, with its colors."""
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    ended = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", RUN],
        cwd=ROOT,
        env=env | COLORS | {"COLUMNS": str(WIDTH)},
        capture_output=True,
        text=True,
        check=True,
    )
    return ended.stdout


def picture(shown: str) -> str:
    """Give the SVG of a terminal that shows *shown*."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text("$ harness demo", "bold"))
    for line in shown.splitlines():
        console.print(Text.from_ansi(line), overflow="fold")
    svg = console.export_svg(title="harness demo", theme=MONOKAI, unique_id="demo")
    return FONT.sub("", svg).replace("Fira Code, monospace", "monospace") + "\n"


def words(svg: str) -> str:
    """Give the text of a picture, without its looks."""
    found = re.findall(r"<text[^>]*>(.*?)</text>", svg)
    return " ".join(html.unescape("".join(found)).split())


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture(demo()), encoding="utf-8")
