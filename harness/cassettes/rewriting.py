"""A cassette that is there, to be written anew in its own form: packed or not."""

import gzip
from dataclasses import dataclass
from pathlib import Path

from harness.cassettes.reading import bytes_of, text_of
from harness.cassettes.saving import locked, replace_file
from harness.errors import CassetteError

__all__ = ["CassetteFile"]

_GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class CassetteFile:
    """The file at *path*: its bytes, and the *text* that they say."""

    path: Path
    data: bytes
    text: str

    @classmethod
    def read(cls, path: Path) -> "CassetteFile":
        """The file as it is now. Raises CassetteError for what cannot be read."""
        data = bytes_of(path)
        return cls(path, data, text_of(data, str(path)))

    def replace(self, text: str) -> None:
        """Let *text* stand there instead, packed if it was; nothing if it does already.

        Raises CassetteError for JSON, for a file that changed since it was read, and
        for one that cannot be written; it is then as it was.
        """
        if text == self.text:
            return
        path = self.path
        if self.text.lstrip().startswith(("{", "[")):
            raise CassetteError(
                f"{path} is JSON, and cassettes are written as YAML: it is as it was. "
                f"Make one of it first, with harness convert {path}; or record it "
                "again."
            )
        data = text.encode()
        if self.data.startswith(_GZIP):
            data = gzip.compress(data, mtime=0)
        with locked(path.parent):
            if path.read_bytes() != self.data:
                raise CassetteError(
                    f"{path} was changed meanwhile; it is as it is now."
                )
            replace_file(path, data)
