"""Files that are whole or untouched: replaced in one step, under a lock.

Whoever is killed, or finds the disk full, leaves the file as it was.
"""

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Generator
from pathlib import Path
from uuid import uuid4

from harness.errors import CassetteError

__all__ = ["FRESH", "Data", "hold", "locked", "replace_file", "to_disk"]

#: The ending of a file that is not whole yet; who finds one under the lock removes it.
FRESH = ".tmp"

#: What can be written as it is.
Data = bytes | memoryview

_LOCK = ".lock"
_PATIENCE, _STALE, _PAUSE = 60.0, 30.0, 0.02


def replace_file(path: Path, *data: Data) -> None:
    """Make *data* the content of *path*, one behind the other, in one step.

    Whatever happens, *path* has either its old content or the new one. A link stays a
    link: the file that it leads to is replaced. Raises CassetteError where it cannot
    be written; what was there is there still.
    """
    path = path.resolve() if path.is_symlink() else path
    fresh = path.with_name(f".{path.name}.{uuid4().hex[:8]}{FRESH}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with fresh.open("wb") as file:
            file.writelines(data)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, fresh)
        fresh.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            fresh.unlink()
        if not isinstance(error, OSError):
            raise
        raise CassetteError(
            f"{path}: cannot be saved: {error.strerror or error}. It is as it was."
        ) from error
    to_disk(path.parent)


def to_disk(folder: Path) -> None:
    """Have the names in *folder* on the disk, where the system can promise that."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def locked(folder: Path) -> Generator[None, None, None]:
    """Hold off other processes and threads that write into *folder*; they wait.

    Raises CassetteError where there can be no such folder, or nobody lets go of it.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or error
        raise CassetteError(f"{folder}: cannot be made: {why}.") from error
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            if _flocked(handle):
                yield
                return
        finally:
            os.close(handle)  # which lets go of the lock
    with _lock_file(folder / _LOCK):
        yield


def hold(handle: int) -> bool:
    """Take the lock of an open file, which ends with it, if nobody else has it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _flocked(handle: int) -> bool:
    """Take the lock of a folder, waiting for it; False if the system has none there."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _lock_file(path: Path) -> Generator[None, None, None]:
    """The lock of systems that have no other: a file that only one can make."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            break
        except (FileExistsError, PermissionError) as error:
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime > _STALE:
                    path.unlink()  # left by a process that died
                    continue
            if time.monotonic() > deadline:
                raise CassetteError(
                    f"{path}: another process has held this lock for {_PATIENCE:.0f} "
                    "seconds. If there is none, remove the file."
                ) from error
            time.sleep(_PAUSE)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
