"""Who does it: the line of the application that led here, and the libraries between."""

import linecache
import os
import sys
import sysconfig
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType

__all__ = ["client_here", "code_line"]

#: Where this package lies.
_OURS = str(Path(__file__).parent.parent) + os.sep

#: Where installed code and Python's own lies, and this package.
_LIBRARIES = tuple(
    {
        str(Path(path).resolve()) + os.sep
        for path in (
            *sysconfig.get_paths().values(),
            str(Path(os.__file__).parent),
            _OURS,
        )
        if path.rstrip(os.sep) not in {sys.prefix, sys.base_prefix}
    }
)

#: Modules that lie between others and open no connection.
_BETWEEN = frozenset(
    "_pytest asyncio.base_events asyncio.events asyncio.runners asyncio.tasks "
    "concurrent.futures.thread contextlib functools threading".split()
)


def code_line() -> str:
    """The line that led here: the first that belongs to no installed library."""
    thread = threading.current_thread()
    frame = _own_frame(sys._getframe(1))
    if frame is not None:
        return _line(frame)
    main = sys._current_frames().get(threading.main_thread().ident or 0)
    waiting = _own_frame(main)
    if waiting is None:
        return f"a line of a library, in the thread {thread.name!r}"
    return f"{_line(waiting)} (where the main thread stands, not {thread.name!r})"


def client_here() -> str:
    """The libraries between the application and here, as it called them.

    "openai > httpx2"; a module of Python's own has its whole name, as "http.client".
    """
    names: dict[str, None] = {}
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not _is_own(frame.f_code.co_filename):
        module = str(frame.f_globals.get("__name__", ""))
        if module == "__main__":  # typed in, or of a notebook: it has no file
            break
        top = module.partition(".")[0]
        name = module if top in sys.stdlib_module_names else top
        if name not in _BETWEEN and not frame.f_code.co_filename.startswith(_OURS):
            names[name] = None
        frame = frame.f_back
    return " > ".join(reversed(names)) or "socket"


def _own_frame(frame: FrameType | None) -> FrameType | None:
    while frame is not None and not _is_own(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def _is_own(file: str) -> bool:
    if file.startswith("<") and file != "<stdin>":
        return False
    path = str(Path(file).resolve())
    return not path.startswith(_LIBRARIES) and "site-packages" not in path


def _line(frame: FrameType) -> str:
    file = frame.f_code.co_filename
    text = linecache.getline(file, frame.f_lineno).strip()
    with suppress(ValueError):
        file = str(Path(file).relative_to(Path.cwd()))
    return f"{file}:{frame.f_lineno}" + (f" ({text})" if text else "")
