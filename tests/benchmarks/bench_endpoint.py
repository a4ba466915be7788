"""A fake provider, beside a bare MockTransport in process and other servers.

Run with ``make bench``. In process the official SDK asks; its answers are the same
bytes on both sides, which MockTransport has ready. On loopback each server runs in a
process of its own, on the first core where cores can be chosen, and wrk (or, where
there is none, a client of sockets) on the last: 8 connections, each asking again when
it has its answer. All sides take their turn in each round. Servers answer one chat
request with a text, and one with a stream of 200 pieces of 8 characters.
"""

import gc
import json
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import openai

from harness import FakeProvider, say
from harness.http_messages import HttpRequest

HERE = Path(__file__).parent
AIMOCK = HERE / "node" / "node_modules" / "@copilotkit" / "aimock"
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
SECONDS = 2
CONNECTIONS = 8
PATH = "/v1/chat/completions"
WORDS = " ".join(f"word{n:03}" for n in range(200))
TEXT = "Hello there, this is a plain answer."
STREAM = "stream please"


def body(question: str, *, stream: bool) -> bytes:
    """Give the body of a request."""
    said = [{"role": "system", "content": "You are terse."}]
    said.append({"role": "user", "content": question})
    asked = {"model": "gpt-4o-mini", "messages": said, "stream": stream}
    return json.dumps(asked).encode()


def fake_provider() -> FakeProvider:
    """Give a fake that answers both requests, for as long as it is asked."""
    return FakeProvider(
        say(WORDS, when=STREAM, times="forever"), say(TEXT, times="forever")
    )


# ------------------------------------------------------------------- in process


def ready_transport() -> httpx2.MockTransport:
    """Give the transport that has both answers ready."""
    endpoint = fake_provider().endpoint

    def answered(question: str, *, stream: bool) -> tuple[Any, bytes]:
        asked = HttpRequest("POST", PATH, (), body(question, stream=stream))
        reply = endpoint.answer(asked)
        return list(reply.headers), b"".join(reply.pieces)  # type: ignore[arg-type]  # no pauses

    whole, streamed = answered("plain", stream=False), answered(STREAM, stream=True)

    def answer(request: httpx2.Request) -> httpx2.Response:
        headers, data = streamed if b'"stream":true' in request.content else whole
        return httpx2.Response(200, headers=headers, content=data)

    return httpx2.MockTransport(answer)


def sdk(transport: Any) -> tuple[Callable[[], object], Callable[[], object]]:
    """Give a call, and a stream, of the official SDK."""
    client = openai.OpenAI(
        api_key="none", http_client=httpx2.Client(transport=transport)
    )
    create: Any = client.chat.completions.create
    plain = [{"role": "user", "content": "plain"}]
    long = [{"role": "user", "content": STREAM}]
    return (
        lambda: create(model="m", messages=plain),
        lambda: [*create(model="m", messages=long, stream=True)],
    )


def in_process() -> None:
    """Race the transports, and print the table."""
    print(
        "| in process, CPU time | harness | MockTransport | ratio |\n|---|---|---|---|"
    )
    for place, (what, times) in enumerate((("SDK call", 60), ("200 chunks", 6))):
        best = [float("inf")] * 2
        for _ in range(2 * ROUNDS + 1):
            ours = sdk(fake_provider().transport())[place]
            theirs = sdk(ready_transport())[place]
            for side, run in enumerate((ours, theirs)):
                run()
                gc.collect()
                start = time.process_time()
                for _ in range(times):
                    run()
                best[side] = min(best[side], (time.process_time() - start) / times)
        told = " | ".join(f"{1000 * one:.2f} ms" for one in best)
        print(f"| {what} | {told} | {best[0] / best[1]:.2f} |", flush=True)


# --------------------------------------------------------------------- servers


def serve_starlette(port: int) -> None:
    """Serve the same by hand, event by event, as its documentation does."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, StreamingResponse
    from starlette.routing import Route

    frame = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m"}

    def event(delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return f"data: {json.dumps({**frame, 'choices': [choice]})}\n\n"

    async def events() -> Any:
        yield event({"role": "assistant", "content": ""})
        for word in WORDS.split(" "):
            yield event({"content": f"{word} "})
        yield event({}, "stop")
        yield "data: [DONE]\n\n"

    async def chat(request: Any) -> Any:
        asked = await request.json()
        if asked.get("stream"):
            return StreamingResponse(events(), media_type="text/event-stream")
        message = {"role": "assistant", "content": TEXT}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return JSONResponse({**frame, "choices": [choice]})

    app = Starlette(routes=[Route(PATH, chat, methods=["POST"])])
    uvicorn.run(app, port=port, log_level="error", access_log=False)


@dataclass
class Peer:
    """A server in a process of its own, and what came of its rounds."""

    name: str
    process: "subprocess.Popen[bytes]"
    port: int
    rates: dict[str, list[float]] = field(default_factory=dict)
    costs: dict[str, list[float]] = field(default_factory=dict)

    def cpu(self) -> float:
        """Give the seconds of CPU that it took so far."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return 0.0
        said = stat.read_text().rpartition(")")[2].split()
        return (int(said[11]) + int(said[12])) / os.sysconf("SC_CLK_TCK")

    def answer(self, asked: bytes) -> bytes:
        """Ask once."""
        url = f"http://127.0.0.1:{self.port}{PATH}"
        headers = {"content-type": "application/json"}
        with httpx2.Client(trust_env=False) as client:
            return client.post(url, content=asked, headers=headers).content


@contextmanager
def running(name: str, command: list[str], port: int) -> Iterator[Peer]:
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
            yield Peer(name, process, port)
        finally:
            process.kill()


def core(number: int) -> list[str]:
    """Give what puts a command on one core, where there are two."""
    if shutil.which("taskset") and (os.cpu_count() or 1) > 1:
        return ["taskset", "-c", str(number if number >= 0 else os.cpu_count() - 1)]  # type: ignore[operator]  # it is known
    return []


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
    yield "harness serve", command, port
    port = free_port()
    yield "starlette", [sys.executable, __file__, "starlette", str(port)], port
    node = shutil.which("node")
    if node and AIMOCK.is_dir():
        said = [{"match": {"userMessage": STREAM}, "response": {"content": WORDS}}]
        said.append({"match": {"userMessage": "plain"}, "response": {"content": TEXT}})
        (folder / "said.json").write_text(json.dumps({"fixtures": said}))
        port = free_port()
        command = [node, str(AIMOCK / "dist" / "cli.js"), "-p", str(port)]
        command += ["-f", str(folder / "said.json"), "-c", "8"]
        yield "aimock", [*command, "--log-level", "silent"], port


# ------------------------------------------------------------------------- load


def load(port: int, asked: bytes, folder: Path) -> float:
    """Ask for a while; give the number of answers in a second."""
    wrk = shutil.which("wrk")
    if wrk is None:
        return load_by_sockets(port, asked)
    script = folder / "ask.lua"
    script.write_text(
        'wrk.method = "POST"\nwrk.headers["content-type"] = "application/json"\n'
        f"wrk.body = [[{asked.decode()}]]\n"
    )
    options = ["-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script)]
    url = f"http://127.0.0.1:{port}{PATH}"
    ran = subprocess.run(
        [*core(-1), wrk, *options, url], capture_output=True, text=True, check=True
    )
    if "Non-2xx" in ran.stdout or "Socket errors" in ran.stdout:
        raise RuntimeError(ran.stdout)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", ran.stdout)[1])  # type: ignore[index]  # it says so


def load_by_sockets(port: int, asked: bytes) -> float:
    """The same, by a client that knows no more of HTTP than where an answer ends."""
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(asked)}\r\n\r\n"
    counts = [0] * CONNECTIONS
    until = time.monotonic() + SECONDS

    def run(place: int) -> None:
        with socket.create_connection(("127.0.0.1", port)) as own:
            while time.monotonic() < until:
                own.sendall(head.encode() + asked)
                data = own.recv(1 << 20)
                found = re.search(rb"content-length: (\d+)", data, re.IGNORECASE)
                start = data.index(b"\r\n\r\n") + 4
                while (
                    len(data) < start + int(found[1])
                    if found
                    else not data.endswith(b"0\r\n\r\n")
                ):
                    data += own.recv(1 << 20)
                counts[place] += 1

    threads = [threading.Thread(target=run, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


def on_loopback() -> None:
    """Race the servers, and print the table."""
    kinds = {
        "requests": body("plain", stream=False),
        "streams": body(STREAM, stream=True),
    }
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        peers = [stack.enter_context(running(*one)) for one in servers(folder)]
        chunks = {p.name: p.answer(kinds["streams"]).count(b"data:") for p in peers}
        for _ in range(ROUNDS):
            for kind, asked in kinds.items():
                for peer in peers:
                    before = peer.cpu()
                    rate = load(peer.port, asked, folder)
                    cost = (peer.cpu() - before) / max(1.0, rate * SECONDS)
                    peer.rates.setdefault(kind, []).append(rate)
                    peer.costs.setdefault(kind, []).append(1e6 * cost)
    print(
        "| server | requests/s | CPU each | streams/s | chunks/s | CPU each |\n"
        "|---|---|---|---|---|---|"
    )
    for peer in peers:
        plain, streams = (statistics.median(peer.rates[kind]) for kind in kinds)
        costs = [statistics.median(peer.costs[kind]) for kind in kinds]
        print(
            f"| {peer.name} | {plain:,.0f} | {costs[0]:.0f} us | {streams:,.0f} "
            f"| {streams * chunks[peer.name]:,.0f} | {costs[1]:.0f} us |"
        )


def main() -> None:
    """Print both tables."""
    peers = f"openai {version('openai')}, starlette {version('starlette')}"
    tool = "wrk" if shutil.which("wrk") else "sockets"
    print(f"Python {platform.python_version()}, {peers}; load by {tool}")
    in_process()
    print()
    on_loopback()
    if not AIMOCK.is_dir():
        print(f"\naimock is not installed: npm ci in {HERE / 'node'}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["starlette", port]:
            serve_starlette(int(port))
        case _:
            main()
