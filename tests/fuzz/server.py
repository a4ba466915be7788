"""A server of scripts, asked by schemathesis whatever its description lets one ask.

    python tests/fuzz/server.py [--for SECONDS] [--seed SEED]

In: the description that ``harness serve`` tells, and a script that answers for ever.
Out: how many operations and requests there were; the exit status is 1 if an answer is
not as described, if none comes, or if the server wrote a traceback.
"""

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_FOLDER = _ROOT / "build" / "fuzz" / "server"
_SCRIPT = "turns:\n  - say: Hello!\n    times: forever\n"
_STARTS = 60.0
#: Rules that no schema tells refuse requests that are valid: that is no failure here.
_NOT_HELD = "positive_data_acceptance"
_TRACE = re.compile(r"Traceback|Exception in ASGI|the script raised")
_COUNT = re.compile(r"^\s+(\d+) generated, .*$", re.MULTILINE)


def main() -> int:
    """Run the campaign that the command line asks for."""
    parser = argparse.ArgumentParser(description="Fuzz the server.")
    parser.add_argument("--for", dest="seconds", type=int, default=120)
    parser.add_argument("--seed", type=int)
    said = parser.parse_args()
    _FOLDER.mkdir(parents=True, exist_ok=True)
    errors = _FOLDER / "stderr.log"
    with errors.open("wb") as log, _served(log) as (url, server):
        began = time.monotonic()
        status, told = _asked(url, _described(url), said.seconds, said.seed)
        taken = time.monotonic() - began
        alive = server.poll() is None and _health(url)
    traces = len(_TRACE.findall(errors.read_text(encoding="utf-8", errors="replace")))
    count = next(iter(_COUNT.findall(told)), "0")
    print(f"{count} requests in {taken:.0f} s; tracebacks: {traces}; alive: {alive}")
    if status or traces or not alive or count == "0":
        print(told)
        print(f"What the server wrote is in {errors}.")
        return 1
    return 0


@contextmanager
def _served(log: object) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Serve for a block; give where, and the process."""
    script = _FOLDER / "forever.yaml"
    script.write_text(_SCRIPT, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "harness", "serve", str(script)]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--speed", "0"],
        stdout=subprocess.DEVNULL,
        stderr=log,  # type: ignore[arg-type]  # a file
    )
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + _STARTS
        while not _health(url):
            if server.poll() is not None or time.monotonic() > end:
                sys.exit("The server did not start.")
            time.sleep(0.1)
        yield url, server
    finally:
        server.terminate()
        server.wait()


def _health(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/harness/health", timeout=20) as answer:  # noqa: S310 - ours
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _described(url: str) -> Path:
    """Where the description is, without the failures that only a script has."""
    with urllib.request.urlopen(f"{url}/harness/openapi.json", timeout=20) as answer:  # noqa: S310 - ours
        told = json.load(answer)
    operations = [one for path in told["paths"].values() for one in path.values()]
    for one in operations:
        for scripted in ("4XX", "5XX"):
            one["responses"].pop(scripted, None)
    print(f"{len(operations)} operations")
    path = _FOLDER / "openapi.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def _asked(url: str, path: Path, seconds: int, seed: int | None) -> tuple[int, str]:
    """Run schemathesis; give its status and what it printed."""
    options = ["--url", url, "--max-time", str(seconds), "--request-timeout", "20"]
    options += ["--phases", "coverage,fuzzing,stateful", "--continue-on-failure"]
    options += ["--exclude-checks", _NOT_HELD, "--no-color", "--warnings", "off"]
    options += [] if seed is None else ["--seed", str(seed)]
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(path), *options]
    hooks = {"SCHEMATHESIS_HOOKS": "server_checks", "PYTHONPATH": _python_path()}
    done = subprocess.run(
        command,
        check=False,
        cwd=_FOLDER,
        env=os.environ | hooks,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    return done.returncode, done.stdout


def _python_path() -> str:
    said = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    return os.pathsep.join(filter(None, said))


if __name__ == "__main__":
    sys.exit(main())
