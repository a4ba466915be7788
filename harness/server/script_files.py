"""A script in a file that is served: read again when the file has changed."""

from collections.abc import Callable

from harness.endpoint import Endpoint
from harness.errors import HarnessError
from harness.paths import StrPath
from harness.scripts import Script
from harness.scripts.files import find_script, load_script

__all__ = ["ScriptFile"]


class ScriptFile:
    """The script *name*, or at a path, and the endpoints that *made* makes to play it.

    *tell* hears that the file was read again, or cannot be. Raises ScriptError if
    there is no such file, and InputError if it is no script.
    """

    def __init__(
        self,
        name: StrPath,
        *,
        made: Callable[[Script], Endpoint],
        tell: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.path = find_script(name).absolute()
        self._made = made
        self._tell = tell
        self._stamp = self._stamped()
        self._broken: HarnessError | None = None
        self._script = load_script(self.path)

    def endpoint(self) -> Endpoint:
        """One that plays the script from its beginning."""
        return self._made(self._script.fresh())

    @property
    def script(self) -> Script:
        """The script as it is now."""
        return self._script

    def changed(self) -> bool:
        """Whether the file is another than when this was asked last; it is read then.

        While what stands in it is no script, this raises what is wrong with it: an old
        script that goes on playing would hide that.
        """
        stamp = self._stamped()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._script = load_script(self.path)
            except HarnessError as error:
                self._broken = error
                self._tell(f"{self.path.name} cannot be played:\n{error}")
            else:
                self._broken = None
                self._tell(f"{self.path.name} is read again: all sessions begin anew")
                return True
        if self._broken is not None:
            raise self._broken
        return False

    def _stamped(self) -> tuple[int, int, int] | None:
        try:
            said = self.path.stat()
        except OSError:
            return None
        return said.st_mtime_ns, said.st_size, said.st_ino
