"""Stock vcrpy, measured in a process of its own: two of its versions race in one run.

Functions for `talking.Peer`. It needs vcrpy and httpx, and nothing of harness.
"""

import shutil
from pathlib import Path
from typing import Any

import httpx
import vcr
from machine import high_water
from measuring import cpu
from talking import listen
from vcr.cassette import Cassette
from vcr.request import Request

RECORDER = vcr.VCR(match_on=["method", "uri", "body"], record_mode="none")
OPEN: dict[str, Any] = {}


def used() -> str:
    """The version."""
    return str(vcr.__version__)


def make(path: str, exchanges: list[dict[str, Any]]) -> None:
    """Record *exchanges* into a new file."""
    Path(path).unlink(missing_ok=True)
    cassette = Cassette.load(path=path, record_mode="all")
    for one in exchanges:
        cassette.append(*recorded(one))
    cassette._save()


def recorded(one: dict[str, Any]) -> tuple[Request, dict[str, Any]]:
    """An exchange as the recorder has it."""
    asked = Request("POST", one["url"], one["request"], dict(one["asked"]))
    headers = {name: [value] for name, value in one["answered"]}
    status = {"code": 200, "message": "OK"}
    body = {"string": one["response"].encode()}
    return asked, {"status": status, "headers": headers, "body": body}


def load(path: str) -> float:
    """Read a file."""
    return cpu(lambda: Cassette.load(path=path, record_mode="none"))


def peak(path: str) -> float:
    """By how many MB reading a file raises the peak of memory; once a process."""
    before = high_water() or 0.0
    _ = Cassette.load(path=path, record_mode="none")
    return (high_water() or 0.0) - before


def around(path: str, times: int) -> float:
    """Open and close a cassette around nothing."""

    def opened() -> None:
        with RECORDER.use_cassette(path):
            pass

    return cpu(opened, times)


def begin(path: str) -> None:
    """Open a cassette for what `replay` asks."""
    end()
    OPEN["context"] = RECORDER.use_cassette(path, allow_playback_repeats=True)
    OPEN["context"].__enter__()
    OPEN["client"] = httpx.Client()


def end() -> None:
    """Close it."""
    if OPEN:
        OPEN.pop("client").close()
        OPEN.pop("context").__exit__(None, None, None)


def replay(asked: list[dict[str, Any]]) -> float:
    """Ask for exchanges that were recorded."""

    def ask() -> None:
        for one in asked:
            answer = OPEN["client"].post(
                one["url"], content=one["request"], headers=one["asked"]
            )
            assert answer.text == one["response"]

    return cpu(ask) / len(asked)


def add(path: str, one: dict[str, Any]) -> list[float]:
    """Record one exchange more: seconds to open, and to keep it and save."""
    copy = Path(path).with_suffix(".copy.yaml")
    shutil.copy(path, copy)
    found: list[Cassette] = []

    def opened() -> None:
        found.append(Cassette.load(path=str(copy), record_mode="new_episodes"))

    def kept() -> None:
        found[0].append(*recorded(one))
        found[0]._save()

    return [cpu(opened), cpu(kept)]


if __name__ == "__main__":
    listen(globals())
