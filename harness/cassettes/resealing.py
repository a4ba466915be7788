"""A wanted edit of a cassette, sealed: its checksums and lengths made right again."""

from itertools import takewhile
from pathlib import Path

from harness.cassettes.interactions import Interaction
from harness.cassettes.reading import read_cassette
from harness.cassettes.rewriting import CassetteFile
from harness.cassettes.writing import write_cassette
from harness.paths import StrPath

__all__ = ["reseal"]


def reseal(path: StrPath) -> tuple[Interaction, ...]:
    """Seal the cassette at *path* as it is now; give the interactions that changed.

    Comments at the start of the file stay. Raises CassetteError for what cannot be
    read or written; the file is then as it was.
    """
    file = CassetteFile.read(Path(path))
    found = read_cassette(file.text, str(path), seals="ignore")
    lines = file.text.splitlines(keepends=True)
    head = "".join(takewhile(lambda line: line.startswith("#"), lines))
    file.replace(head + write_cassette(found))
    return tuple(one for one in found if not one.sealed)
