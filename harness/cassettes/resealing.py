"""A wanted edit of a cassette, sealed: its checksums and lengths made right again."""

import os
import tempfile
from itertools import takewhile
from pathlib import Path

from harness.cassettes.interactions import Interaction
from harness.cassettes.reading import load_cassette
from harness.cassettes.writing import write_cassette
from harness.errors import CassetteError

__all__ = ["reseal"]


def reseal(path: str | Path) -> tuple[Interaction, ...]:
    """Seal the cassette at *path* as it is now; give the interactions that changed.

    Comments at the start of the file stay. Raises CassetteError for what cannot be
    read or written; the file is then as it was.
    """
    path = Path(path)
    found = load_cassette(path, seals="ignore")
    try:
        lines = path.read_text("utf-8-sig").splitlines(keepends=True)
        head = "".join(takewhile(lambda line: line.startswith("#"), lines))
        _replace(path, head + write_cassette(found))
    except (OSError, UnicodeDecodeError) as error:
        raise CassetteError(f"{path}: cannot be sealed: {error}.") from None
    return tuple(one for one in found if not one.sealed)


def _replace(path: Path, text: str) -> None:
    """Write *text* at *path*, whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(path.stat().st_mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
