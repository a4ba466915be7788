"""Peers that run in processes of their own: two versions of vcrpy, and pytest-httpx.

The older vcrpy runs with the interpreter that ``VCRPY85_PYTHON`` names; `make bench`
sets one up.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from talking import Peer

HERE = Path(__file__).parent
OLD = os.environ.get("VCRPY85_PYTHON")
PYTHONS = [sys.executable, *([OLD] if OLD else [])]


def vcrpy(python: str) -> Peer:
    """Start the vcrpy of an interpreter."""
    return Peer([python, str(HERE / "peer_vcrpy.py")])


@contextmanager
def vcrpys() -> Iterator[list[tuple[str, Peer]]]:
    """Start each version, and give it under its name."""
    if not OLD:
        print("vcrpy 8.5 is left out: VCRPY85_PYTHON names no interpreter with it")
    with ExitStack() as stack:
        found = [stack.enter_context(vcrpy(python)) for python in PYTHONS]
        yield [(f"vcrpy {peer.used()}", peer) for peer in found]


@contextmanager
def pytest_httpx() -> Iterator[Peer]:
    """Start a pytest whose one test listens."""
    options = ["--noconftest", "--capture=no", "-c", os.devnull]
    options += ["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:chat-harness"]
    script = str(HERE / "peer_pytest_httpx.py")
    command = [sys.executable, "-m", "pytest", *options, script]
    with Peer(command) as peer:
        yield peer
