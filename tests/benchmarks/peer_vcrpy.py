"""Stock vcrpy, measured in a process of its own: two of its versions race in one run.

In: a line of JSON for each thing to do, the name of a function here and what it gets.
Out: a line with what that gave. It needs vcrpy and httpx, and nothing of harness.
"""

import gc
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import vcr
from vcr.cassette import Cassette
from vcr.request import Request

RECORDER = vcr.VCR(match_on=["method", "uri", "body"], record_mode="none")
OPEN: dict[str, Any] = {}


def used() -> str:
    """The version."""
    return str(vcr.__version__)


def make(path: str, exchanges: list[dict[str, Any]]) -> None:
    """Record *exchanges* into a file."""
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
    gc.collect()
    start = time.process_time()
    Cassette.load(path=path, record_mode="none")
    return time.process_time() - start


def peak(path: str) -> float:
    """By how many MB reading a file raises the peak of memory; once a process."""
    before = high_water()
    _ = Cassette.load(path=path, record_mode="none")
    return high_water() - before


def high_water() -> float:
    """The most MB that this process has ever had, where Linux tells it."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def around(path: str, times: int) -> float:
    """Open and close a cassette around nothing."""
    gc.collect()
    start = time.process_time()
    for _ in range(times):
        with RECORDER.use_cassette(path):
            pass
    return (time.process_time() - start) / times


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
    client = OPEN["client"]
    gc.collect()
    start = time.process_time()
    for one in asked:
        answer = client.post(one["url"], content=one["request"], headers=one["asked"])
        if answer.text != one["response"]:
            raise AssertionError(answer.text)
    return (time.process_time() - start) / len(asked)


def add(path: str, one: dict[str, Any]) -> list[float]:
    """Record one exchange more: seconds to open, and to keep it and save."""
    copy = Path(path).with_suffix(".copy.yaml")
    shutil.copy(path, copy)
    gc.collect()
    start = time.process_time()
    cassette = Cassette.load(path=str(copy), record_mode="new_episodes")
    opened = time.process_time()
    cassette.append(*recorded(one))
    cassette._save()
    return [opened - start, time.process_time() - opened]


def main() -> None:
    """Do what standard input says."""
    for line in sys.stdin:
        name, given = json.loads(line)
        print(json.dumps(globals()[name](*given)), flush=True)


if __name__ == "__main__":
    main()
