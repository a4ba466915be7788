"""What a fuzzer found, on the disk: a file for each thing that is wrong, made short."""

import traceback
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path

__all__ = ["FOLDER", "Crashes", "told", "which"]

_ROOT = Path(__file__).parents[2]
#: Where corpora, logs and crashes lie.
FOLDER = _ROOT / "build" / "fuzz"
_TRIES = 3_000

Check = Callable[[bytes], None]


def which(error: BaseException) -> str:
    """Tell errors apart: by their kind, and by where they were raised.

    What a check found to be wrong is told by the line of the check that says so.
    """
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(one.filename).name}:{one.lineno}" for one in frames]
    return f"{type(error).__name__} at {' < '.join(reversed(places[-3:]))}"


def told(check: Check, data: bytes) -> str | None:
    """Tell which error a check raises; None: it holds."""
    try:
        check(data)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        return which(error)
    return None


class Crashes:
    """The files in which crashes of one target are kept: the first of each sort."""

    def __init__(self, target: str, folder: Path = FOLDER) -> None:
        self._target = target
        self._folder = folder / "crashes"
        self._known: set[str] = set()

    def keep(self, error: BaseException, data: bytes) -> Path | None:
        """Keep *data* if its error is new; give the file."""
        sort = which(error)
        if sort in self._known:
            return None
        self._known.add(sort)
        self._folder.mkdir(parents=True, exist_ok=True)
        name = blake2b(sort.encode(), digest_size=4).hexdigest()
        path = self._folder / f"{self._target}-{name}"
        path.write_bytes(data)
        return path

    def files(self) -> list[Path]:
        """Give the files of the target."""
        found = self._folder.glob(f"{self._target}-*")
        return sorted(
            one for one in found if one.name[len(self._target) + 1 :].isalnum()
        )


def shortened(check: Check, data: bytes) -> bytes:
    """Make *data* as short as it can be with the same error, by leaving parts out."""
    sort, tries, size = told(check, data), 0, max(1, len(data) // 2)
    while sort is not None and size and tries < _TRIES:
        for at in _backwards(len(data), size):
            tries += 1
            shorter = data[:at] + data[at + size :]
            if told(check, shorter) == sort:
                data = shorter
                break
        else:
            size //= 2
    return data


def _backwards(length: int, size: int) -> Iterator[int]:
    return iter(range(length - size, -1, -size))
