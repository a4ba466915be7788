"""Cassettes, beside vcrpy, respx and a bare MockTransport, in one run.

Run with ``make bench``. Exchanges are chats of half a kilobyte, each other than the
others. CPU time, the least of a few turns in which all sides take their turn; waiting
for the disk is not counted. vcrpy compares method, URI and body, as we do, and runs in
processes of its own: the version that is installed, and 8.5 with the interpreter that
``VCRPY85_PYTHON`` names, which ``make bench`` sets up.
"""

import gc
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import httpx
import respx

from harness.cassettes.http_requests import HttpRequest, request_of
from harness.cassettes.interactions import Interaction
from harness.cassettes.reading import load_cassette
from harness.cassettes.redaction import Redaction
from harness.cassettes.tape import Tape
from harness.cassettes.writing import write_cassette
from harness.recording import use_cassette

HERE = Path(__file__).parent
SIZES = (10, 100, 1000, 3000)
TURNS = 7
ASKED = 40
#: Of what takes longer the more there is.
ASKED_SLOWLY = 3
URL = "http://localhost/v1/chat/completions"
KEYED = f"{URL}?key=AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"
OLD = os.environ.get("VCRPY85_PYTHON")


# -------------------------------------------------------------------- exchanges


def exchange(number: int) -> Interaction:
    """The chat *number*, as a client of a provider has it."""
    said = "Answer in one short sentence, and name the city. " * 6
    asked = {
        "model": "gpt-4.1-mini",
        "temperature": 0.2,
        "messages": [
            {"role": "system", "content": said},
            {"role": "user", "content": f"What is the weather in town {number}?"},
        ],
        "user": f"user-{number}",
    }
    words = f"It is sunny in town {number}, with some clouds. " * 12
    answered = {
        "id": f"chatcmpl-{number:08}",
        "object": "chat.completion",
        "created": 1700000000 + number,
        "model": "gpt-4.1-mini-2025-04-14",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": words, "refusal": None},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 70, "completion_tokens": 120, "total_tokens": 190},
        "system_fingerprint": "fp_44709d6fcb",
    }
    request, response = json.dumps(asked).encode(), json.dumps(answered).encode()
    return Interaction(
        "POST",
        URL,
        200,
        request_headers=(
            ("host", "localhost"),
            ("accept", "application/json"),
            ("accept-encoding", "gzip, deflate"),
            ("connection", "keep-alive"),
            ("user-agent", "OpenAI/Python 3.54.0"),
            ("authorization", "Bearer sk-proj-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"),
            ("content-type", "application/json"),
            ("content-length", str(len(request))),
        ),
        request_body=request,
        response_headers=(
            ("date", "Mon, 23 Nov 2026 09:00:00 GMT"),
            ("content-type", "application/json"),
            ("content-length", str(len(response))),
            ("openai-processing-ms", "412"),
            ("x-ratelimit-remaining-requests", "4999"),
            ("x-request-id", f"req_{number:032x}"),
            ("server", "cloudflare"),
        ),
        response_body=response,
        response_chunks=(response,),
        chunk_times=(412,),
        reason="OK",
        http_version="HTTP/1.1",
        recorded_at="2026-11-23T09:00:00Z",
    )


EXCHANGES = [exchange(number) for number in range(max(SIZES) + 1)]
NEW = EXCHANGES[-1]


def plain(one: Interaction) -> dict[str, Any]:
    """*one* as JSON."""
    return {
        "url": one.url,
        "asked": [pair for pair in one.request_headers if pair[0] != "content-length"],
        "request": one.request_body.decode(),
        "answered": one.response_headers,
        "response": one.response_body.decode(),
    }


def chats(size: int, url: str = URL) -> list[Interaction]:
    """The first ones."""
    return [replace(one, url=url) for one in EXCHANGES[:size]]


def write_ours(path: Path, given: list[Interaction]) -> Path:
    """Write a cassette as we do."""
    path.write_text(write_cassette(map(Redaction.default().redact, given)), "utf-8")
    return path


# ----------------------------------------------------------------------- vcrpy


class Peer:
    """vcrpy in another process; its methods are the functions of `peer_vcrpy`."""

    def __init__(self, python: str) -> None:
        self._process = subprocess.Popen(
            [python, str(HERE / "peer_vcrpy.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
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


# ------------------------------------------------------------------------ races

Side = Callable[[], float]


def race(sides: Iterable[Side], turns: int = TURNS) -> list[float]:
    """The least that each side took, in turn: a slow spell hits all of them."""
    taken = [[side() for side in sides] for _ in range(turns)]
    return [min(times) for times in zip(*taken, strict=True)]


def cpu(work: Callable[[], object], times: int = 1) -> float:
    """The CPU time of *work*."""
    gc.collect()
    start = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - start) / times


def row(what: str, taken: list[float], unit: float, named: str, base: int = 0) -> str:
    """A line of a table; ratios are to the side *base*."""
    cells = []
    for side, value in enumerate(taken):
        ratio = f" ({value / taken[base]:,.1f}x)" if side != base else ""
        cells.append(f"{value * unit:,.2f} {named}{ratio}")
    return f"| {what} | {' | '.join(cells)} |"


def table(title: str, names: list[str], rows: Iterator[str]) -> None:
    """Print one."""
    print(f"\n| {title} | {' | '.join(names)} |\n|---|{'---:|' * len(names)}")
    for line in rows:
        print(line, flush=True)


# ----------------------------------------------------------------------- replay


def replaying(folder: Path, peers: list[Peer]) -> Iterator[str]:
    """A request, answered with the one recording of many that is its own."""
    yield from (replayed(folder, peers, chats(size), f"N = {size}") for size in SIZES)
    keyed = chats(1000, KEYED)
    yield replayed(folder, peers, keyed, "N = 1000, a key in the URL")


def replayed(
    folder: Path, peers: list[Peer], given: list[Interaction], what: str
) -> str:
    """One line of it; what is asked lies evenly in the cassette."""
    asked = [given[(2 * n + 1) * len(given) // (2 * ASKED)] for n in range(ASKED)]
    few = asked[ASKED // (2 * ASKED_SLOWLY) :: ASKED // ASKED_SLOWLY][:ASKED_SLOWLY]
    path = write_ours(folder / "replayed.yaml", given)
    theirs = folder / "vcrpy-replayed.yaml"
    with ExitStack() as stack:
        stack.enter_context(use_cassette(path, on_repeat="cycle"))
        client = stack.enter_context(httpx.Client())
        floor = stack.enter_context(httpx.Client(transport=dictionary(given)))
        routed = stack.enter_context(httpx.Client(transport=routes(given)))
        sides = [
            lambda: ask(client, asked),
            lambda: ask(floor, asked),
            lambda: ask(routed, few),
        ]
        for peer in peers:
            theirs.unlink(missing_ok=True)
            peer.make(str(theirs), [plain(one) for one in given])
            peer.begin(str(theirs))
            sides.append(lambda peer=peer: peer.replay([plain(one) for one in few]))
        line = row(what, race(sides), 1e6, "us", base=1)
        for peer in peers:
            peer.end()
    return line


def ask(client: httpx.Client, given: list[Interaction]) -> float:
    """Ask for what was recorded, and read the answer."""
    headers = [list(one.request_headers) for one in given]
    gc.collect()
    start = time.process_time()
    for one, said in zip(given, headers, strict=True):
        answer = client.post(one.url, content=one.request_body, headers=said)
        assert answer.content == one.response_body
    return (time.process_time() - start) / len(given)


def dictionary(given: list[Interaction]) -> httpx.MockTransport:
    """The least that can be done: answers by the bytes of the body."""
    answers = {one.request_body: one for one in given}

    def answered(request: httpx.Request) -> httpx.Response:
        one = answers[request.read()]
        return httpx.Response(
            one.status, headers=list(one.response_headers), content=one.response_body
        )

    return httpx.MockTransport(answered)


def routes(given: list[Interaction]) -> httpx.MockTransport:
    """A router of respx with a route for each body."""
    router = respx.Router(assert_all_called=False)
    for one in given:
        router.post(one.url, content=one.request_body).mock(
            return_value=httpx.Response(
                one.status,
                headers=list(one.response_headers),
                content=one.response_body,
            )
        )
    return httpx.MockTransport(router.handler)


# ---------------------------------------------------------------------- loading


def loading(folder: Path, peers: list[Peer]) -> Iterator[str]:
    """Reading a whole file."""
    for size in SIZES:
        ours, theirs = folder / f"{size}.yaml", folder / f"vcrpy-{size}.yaml"
        sides: list[Side] = [
            lambda path=ours: cpu(lambda: load_cassette(path)),
            lambda path=theirs: cpu(lambda: load_cassette(path)),
        ]
        sides += [lambda peer=peer, path=theirs: peer.load(str(path)) for peer in peers]
        yield row(f"N = {size}", race(sides, turns=5), 1e3, "ms")


PEAK = """
import sys
from pathlib import Path
from harness.cassettes.reading import load_cassette
import yaml
sys.path.insert(0, sys.argv[1])
from peer_vcrpy import high_water
before = high_water()
found = load_cassette(Path(sys.argv[2]))
print(high_water() - before)
"""


def remembering(folder: Path, pythons: list[str]) -> Iterator[str]:
    """By how much reading a file raises the peak of the memory of a new process."""
    for size in SIZES:
        taken = []
        for name in (f"{size}.yaml", f"vcrpy-{size}.yaml"):
            done = subprocess.run(
                [sys.executable, "-c", PEAK, str(HERE), str(folder / name)],
                capture_output=True,
                check=True,
                text=True,
            )
            taken.append(float(done.stdout))
        for python in pythons:
            with Peer(python) as peer:
                taken.append(peer.peak(str(folder / f"vcrpy-{size}.yaml")))
        size_of = (folder / f"{size}.yaml").stat().st_size / 1e6
        cells = " | ".join(f"{value:,.1f} MB" for value in taken)
        yield f"| N = {size} ({size_of:,.1f} MB) | {cells} |"


# ------------------------------------------------------------------- fixed costs


def opening(folder: Path, peers: list[Peer]) -> Iterator[str]:
    """Opening and closing a cassette, as each test does."""
    for what, name in (("nothing", "none"), ("N = 1", "1"), ("N = 10", "10")):
        ours, theirs = folder / f"{name}.yaml", str(folder / f"vcrpy-{name}.yaml")
        sides: list[Side] = [lambda path=ours: cpu(lambda: opened(path), 50)]
        sides += [
            lambda peer=peer, path=theirs: peer.around(path, 20) for peer in peers
        ]
        yield row(what, race(sides), 1e3, "ms")


def opened(path: Path) -> None:
    """Open and close."""
    with use_cassette(path):
        pass


# ------------------------------------------------------------------------ adding


def adding(folder: Path, peers: list[Peer]) -> Iterator[str]:
    """One exchange more in a file: opening it, then keeping the exchange and saving."""
    for size in (10, 1000, 3000):
        ours, theirs = folder / f"{size}.yaml", str(folder / f"vcrpy-{size}.yaml")
        found = [
            [
                add(ours),
                *(peer.add(theirs, plain(NEW)) for peer in peers),
            ]
            for _ in range(5)
        ]
        parts = zip(*found, strict=True)
        best = [[min(part) for part in zip(*side, strict=True)] for side in parts]
        yield row(f"N = {size}, open", [one[0] for one in best], 1e3, "ms")
        yield row(f"N = {size}, add and save", [one[1] for one in best], 1e3, "ms")


def add(path: Path) -> tuple[float, float]:
    """Record one exchange more: seconds to open, and to keep it and save."""
    copy = path.with_suffix(".copy.yaml")
    shutil.copy(path, copy)
    gc.collect()
    start = time.process_time()
    tape = Tape(copy, "new_episodes", forced=True)
    opened = time.process_time()
    asked: HttpRequest = request_of(NEW)
    exchange = tape.recording(asked)
    exchange.response(NEW.status, NEW.response_headers, reason=NEW.reason)
    exchange.chunk(NEW.response_body)
    exchange.end()
    tape.close()
    return opened - start, time.process_time() - opened


def main() -> None:
    """Print the tables."""
    warnings.simplefilter("ignore")
    pythons = [sys.executable, *([OLD] if OLD else [])]
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        peers = [stack.enter_context(Peer(python)) for python in pythons]
        named = [f"vcrpy {peer.used()}" for peer in peers]
        print(
            f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, CPython "
            f"{platform.python_version()}, {', '.join(named)}, respx "
            f"{version('respx')}, httpx {version('httpx')}; CPU time"
        )
        if not OLD:
            print("vcrpy 8.5 is left out: VCRPY85_PYTHON names no interpreter with it")
        for size in (1, *SIZES):
            write_ours(folder / f"{size}.yaml", chats(size))
            theirs = str(folder / f"vcrpy-{size}.yaml")
            peers[0].make(theirs, [plain(one) for one in chats(size)])
        floor = ["harness", "MockTransport, dict", "respx, a route each", *named]
        table("replay, per request", floor, replaying(folder, peers))
        files = ["harness, its file", "harness, vcrpy's file", *named]
        table("load", files, loading(folder, peers))
        if Path("/proc/self/status").exists():
            table("load, peak memory", files, remembering(folder, pythons))
        table("around", ["harness", *named], opening(folder, peers))
        table("one more", ["harness", *named], adding(folder, peers))


if __name__ == "__main__":
    main()
