"""What stands in a project's code: its words."""

import os
from pathlib import Path

from harness.checks import words_of

__all__ = ["words_below"]

_ENDINGS = tuple(
    ".py .pyi .ts .js .mjs .cjs .tsx .go .rb .rs .java .kt .cs .php .R .sh .ps1 .toml "
    ".cfg .ini .ipynb .mk Makefile Dockerfile justfile".split()
)
_SKIPPED = frozenset(
    "node_modules build dist site-packages __pycache__ venv env".split()
)


def words_below(root: Path) -> set[str]:
    """All words of the code below *root*, and of the names of its files."""
    words: set[str] = set()
    for folder, folders, names in os.walk(root):
        folders[:] = [one for one in folders if _is_ours(Path(folder, one))]
        for name in names:
            if name.endswith(_ENDINGS):
                path = Path(folder, name)
                words |= words_of(path.stem)
                words |= words_of(path.read_text("utf-8", "replace"))
    return words


def _is_ours(folder: Path) -> bool:
    name = folder.name
    if name in _SKIPPED or name.startswith("."):
        return False
    return not (folder / "pyvenv.cfg").is_file()
