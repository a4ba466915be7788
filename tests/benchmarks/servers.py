"""Servers on loopback, each in a process of its own, asked by 8 connections at once.

A server has the first core where cores can be chosen, and who asks the last. They
answer one chat request with a text, and one with a stream of 200 pieces.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
from load import TOOL, core, load
from machine import named
from measuring import Side, rounds
from tables import OURS, Line, Subject
from traffic import PATH, STREAM, TEXT, WORDS, body

PEERS = ("starlette", "uvicorn", "httptools", "uvloop")
HERE = Path(__file__).parent
AIMOCK = HERE / "node" / "node_modules" / "@copilotkit" / "aimock"
STARLETTE = named("starlette")


@dataclass(frozen=True)
class Server:
    """A server in a process of its own."""

    name: str
    process: "subprocess.Popen[bytes]"
    port: int

    def cpu(self) -> float:
        """Give the seconds of CPU that it took so far."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return 0.0
        said = stat.read_text("utf-8").rpartition(")")[2].split()
        return (int(said[11]) + int(said[12])) / os.sysconf("SC_CLK_TCK")

    def answer(self, asked: bytes) -> bytes:
        """Ask once."""
        url = f"http://127.0.0.1:{self.port}{PATH}"
        headers = {"content-type": "application/json"}
        with httpx2.Client(trust_env=False) as client:
            return client.post(url, content=asked, headers=headers).content


@contextmanager
def running(name: str, command: list[str], port: int) -> Iterator[Server]:
    """Run a server; it is ready when this gives it."""
    pinned = [*core(0), *command]
    with subprocess.Popen(pinned, stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(300):
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    time.sleep(0.05)
            yield Server(name, process, port)
        finally:
            process.kill()


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
    return port


def servers(folder: Path) -> Iterator[tuple[str, list[str], int]]:
    """Give the name, the command and the port of each server."""
    port = free_port()
    script = folder / "said.yaml"
    turns = [{"say": WORDS, "when": {"text": STREAM}}, {"say": TEXT}]
    script.write_text(json.dumps({"turns": [t | {"times": "forever"} for t in turns]}))
    run = "from harness.cli import main; main()"
    command = [sys.executable, "-c", run, "serve", str(script), "--port", str(port)]
    yield OURS, command, port
    port = free_port()
    command = [sys.executable, str(HERE / "peer_starlette.py"), str(port)]
    yield STARLETTE, command, port
    node = shutil.which("node")
    if node and AIMOCK.is_dir():
        said = [{"match": {"userMessage": STREAM}, "response": {"content": WORDS}}]
        said.append({"match": {"userMessage": "plain"}, "response": {"content": TEXT}})
        (folder / "said.json").write_text(json.dumps({"fixtures": said}))
        port = free_port()
        command = [node, str(AIMOCK / "dist" / "cli.js"), "-p", str(port)]
        command += ["-f", str(folder / "said.json"), "-c", "8"]
        yield aimock(), [*command, "--log-level", "silent"], port


def aimock() -> str:
    """Give its name and version."""
    said = json.loads((AIMOCK / "package.json").read_text("utf-8"))
    return f"aimock {said['version']}"


def rows(*, quick: bool) -> Iterator[Line]:
    """Answers and chunks in a second, and what each answer costs the server."""
    seconds, count = (1, 3) if quick else (2, 5)
    print(f"\nLoad by {TOOL}.")
    if not AIMOCK.is_dir():
        print(f"aimock is left out: npm ci in {HERE / 'node'}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        running_ = [stack.enter_context(running(*one)) for one in servers(folder)]
        for what, unit, asked in (
            ("a text", "requests/s", body("plain", stream=False)),
            ("a stream of 200 pieces", "chunks/s", body(STREAM, stream=True)),
        ):
            chunks = {
                one.name: max(1, one.answer(asked).count(b"data:")) for one in running_
            }
            costs: dict[str, list[float]] = {one.name: [] for one in running_}

            def side(one: Server, asked: bytes = asked, costs=costs) -> Side:
                def run() -> float:
                    before = one.cpu()
                    rate = load(one.port, asked, folder, seconds)
                    cost = one.cpu() - before
                    costs[one.name].append(cost / max(1.0, rate * seconds))
                    return rate

                return run

            found = rounds({one.name: side(one) for one in running_}, count)
            rates = {
                name: [rate * chunks[name] for rate in each]
                for name, each in found.items()
            }
            aims = {name: ">= 1x" for name in rates if name.startswith("aimock")}
            yield from Subject("servers", what, unit).rows(rates, aims=aims)
            subject = Subject("servers", f"{what}, CPU time of the server", "us")
            yield from subject.rows(costs)
