"""A wanted edit of a cassette, sealed: its checksums and lengths made right again."""

from itertools import takewhile
from pathlib import Path

from harness.cassettes.interactions import Interaction
from harness.cassettes.reading import load_cassette
from harness.cassettes.saving import locked, replace_file
from harness.cassettes.writing import write_cassette
from harness.errors import CassetteError

__all__ = ["reseal"]


def reseal(path: str | Path) -> tuple[Interaction, ...]:
    """Seal the cassette at *path* as it is now; give the interactions that changed.

    Comments at the start of the file stay. Raises CassetteError for what cannot be
    read or written; the file is then as it was.
    """
    path = Path(path)
    load_cassette(path, seals="ignore")  # it is told without making a folder
    with locked(path.parent):
        found = load_cassette(path, seals="ignore")
        try:
            lines = path.read_text("utf-8-sig").splitlines(keepends=True)
        except (OSError, UnicodeDecodeError) as error:
            raise CassetteError(f"{path}: cannot be sealed: {error}.") from None
        head = "".join(takewhile(lambda line: line.startswith("#"), lines))
        replace_file(path, (head + write_cassette(found)).encode())
    return tuple(one for one in found if not one.sealed)
