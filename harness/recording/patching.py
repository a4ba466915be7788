"""Methods of other libraries, replaced for as long as somebody needs it."""

import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["Patch", "Patches"]


@dataclass(eq=False, slots=True)
class Patch:
    """The attribute *name* of *owner*, which *wrap* makes anew of what it was.

    An owner that only inherits it gets one of its own for the time.
    """

    owner: Any
    name: str
    wrap: Callable[[Any], Any]
    _was: Any = field(default=None, init=False)
    _ours: Any = field(default=None, init=False)

    def install(self) -> None:
        """Put our method in the place of the one that is there.

        Where somebody had put theirs over ours, ours is still below it.
        """
        found = vars(self.owner).get(self.name)
        if self._ours is None or found is self._was:
            self._was = found
            self._ours = self.wrap(found or getattr(self.owner, self.name))
            setattr(self.owner, self.name, self._ours)

    def remove(self) -> None:
        """Put it back, unless somebody else has put theirs in the place of ours."""
        if vars(self.owner).get(self.name) is not self._ours:
            return
        if self._was is None:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self._was)
        self._was = self._ours = None


class Patches:
    """All that is replaced, by what *libraries* name.

    They are asked when it is first held, and again when one of the modules *awaited*
    is imported meanwhile. What is replaced has to pass calls on also when nobody holds
    it: somebody else may have kept our method, or put theirs over it.
    """

    def __init__(
        self,
        *libraries: Callable[[], Iterable[Patch]],
        awaited: Iterable[str] = (),
    ) -> None:
        self._libraries = libraries
        self._lock = threading.RLock()
        self._found: dict[tuple[int, str], Patch] = {}
        self._waiting = _Waiting(frozenset(awaited), self._install)
        self._holders = 0

    def hold(self) -> None:
        """Install them, for the first who asks."""
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                sys.meta_path.insert(0, self._waiting)
                for patch in self._found.values():
                    patch.install()
                self._install()

    def release(self) -> None:
        """Remove them, for the last who asked."""
        with self._lock:
            self._holders -= 1
            if not self._holders:
                sys.meta_path.remove(self._waiting)
                for patch in reversed(self._found.values()):
                    patch.remove()

    def _install(self) -> None:
        """Install what was not there before."""
        with self._lock:
            if not self._holders:
                return
            for library in self._libraries:
                for patch in library():
                    key = id(patch.owner), patch.name
                    if key not in self._found:
                        self._found[key] = patch
                        patch.install()


class _Waiting(MetaPathFinder):
    """Finds no module itself, and tells when one of *names* was imported."""

    def __init__(self, names: frozenset[str], imported: Callable[[], None]) -> None:
        self._names = names
        self._imported = imported

    def find_spec(
        self, name: str, path: Any, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._names:
            return None
        others = (finder for finder in [*sys.meta_path] if finder is not self)
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next((found for found in specs if found is not None), None)
        if spec is not None and spec.loader is not None:
            self._tell_after(spec.loader)
        return spec

    def _tell_after(self, loader: Loader) -> None:
        load = loader.exec_module

        def loaded(module: ModuleType) -> None:
            load(module)
            self._imported()

        loader.exec_module = loaded  # type: ignore[method-assign]
