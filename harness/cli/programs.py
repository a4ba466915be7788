"""Programs that a command runs: with its input, output and signals, as if alone."""

import os
import signal
import subprocess
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from harness.errors import HarnessError

__all__ = ["CannotRun", "run_program"]

_CANNOT, _NOT_FOUND, _BY_SIGNAL = 126, 127, 128
_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_OF_TERMINALS = {signal.SIGINT, getattr(signal, "SIGQUIT", signal.SIGINT)}


class CannotRun(HarnessError):
    """A program cannot be started; *status* is what a shell would end with."""

    def __init__(self, program: str, error: Exception) -> None:
        reason = getattr(error, "strerror", None) or error
        super().__init__(f"{program!r} cannot be run: {reason}.")
        self.status = _NOT_FOUND if isinstance(error, FileNotFoundError) else _CANNOT


def run_program(command: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run *command* and give its exit status, as a shell would. Raises CannotRun."""
    try:
        process = subprocess.Popen(command, env=dict(environ))  # noqa: S603  # what the user says
    except (OSError, ValueError) as error:
        raise CannotRun(command[0], error) from None
    with _passed_on(process):
        status = process.wait()
    return status if status >= 0 else _BY_SIGNAL - status


@contextmanager
def _passed_on(process: "subprocess.Popen[bytes]") -> Generator[None]:
    """A time in which signals are those of *process*."""

    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        if number not in _OF_TERMINALS or not _in_foreground():
            process.send_signal(number)

    numbers = [getattr(signal, name) for name in _PASSED_ON if hasattr(signal, name)]
    heard = [one for one in numbers if signal.getsignal(one) is not signal.SIG_IGN]
    before = [signal.signal(one, pass_on) for one in heard]
    try:
        yield
    finally:
        for one, old in zip(heard, before, strict=True):
            signal.signal(one, old)


def _in_foreground() -> bool:
    """Whether a terminal sends its signals to us, and so to what we run as well."""
    for handle in range(3):
        try:
            return os.tcgetpgrp(handle) == os.getpgrp()
        except (OSError, AttributeError):
            continue
    return False
