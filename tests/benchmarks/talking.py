"""Functions of another process, called by lines of JSON: peers that need their own.

`Peer` is this side, `listen` the other. It needs nothing but Python.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self


class Peer:
    """A process that listens; its functions are methods here."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*given: object) -> Any:
            process = self._process
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([name, given]) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        return call

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def listen(functions: Mapping[str, Callable[..., object]]) -> None:
    """Do what each line of standard input says, and print what that gave."""
    for line in sys.stdin:
        name, given = json.loads(line)
        print(json.dumps(functions[name](*given)), flush=True)
