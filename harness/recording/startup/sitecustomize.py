"""What Python imports when it starts below `harness record`: it opens the cassette.

Python finds it because the folder stands first in PYTHONPATH. It may be an older Python
than harness needs, in which harness is not installed: so this wants nothing but the
standard library, and tells what goes wrong to who waits, and not to the program.
"""

from __future__ import annotations  # no annotation is evaluated by an older Python

import json
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import module_from_spec
from typing import Any

__all__: list[str] = []

_CLIENTS = frozenset(("httpx", "httpx2", "requests", "urllib3", "aiohttp"))


class _Waiting:
    """Opens the cassette when a client of HTTP is first imported: loading takes time.

    It finds no module itself.
    """

    def __init__(self, told: dict[str, str]) -> None:
        self._told = told

    def find_spec(
        self, name: str, path: Any = None, target: Any = None
    ) -> ModuleSpec | None:
        if name not in _CLIENTS or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        _begin(self._told)
        for finder in list(sys.meta_path):
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
        return None


def _start(told: dict[str, str]) -> None:
    _report(told, "started")
    if told["mode"] == "none":
        _begin(told)  # and nothing gets past it
    else:
        sys.meta_path.insert(0, _Waiting(told))


def _begin(told: dict[str, str]) -> None:
    try:
        from harness.recording.launched import begin
    except Exception as error:  # noqa: BLE001  # whatever it is, the program shall run
        _report(told, "missing", repr(error))
    else:
        begin(told)


def _report(told: dict[str, str], state: str, why: str = "") -> None:
    report = {"program": sys.executable, "state": state, "why": why}
    try:
        path = os.path.join(told["reports"], f"{os.getpid()}.json")  # noqa: PTH118
        with open(path, "w", encoding="utf-8", newline="\n") as file:  # noqa: PTH123
            json.dump(report, file)
    except OSError:  # nobody waits any more
        pass


def _shadowed(folder: str) -> None:
    """Run the module of this name that is there without us; leave no other trace."""
    sys.path[:] = [one for one in sys.path if os.path.abspath(one) != folder]  # noqa: PTH100
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        sys.modules["sitecustomize"] = module = module_from_spec(spec)
        spec.loader.exec_module(module)


if "CHAT_HARNESS_RECORD" in os.environ and __name__ == "sitecustomize":
    _start(json.loads(os.environ["CHAT_HARNESS_RECORD"]))
    _shadowed(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
