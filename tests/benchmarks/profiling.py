"""Where the time of the hot paths goes, by layer and by function.

Run with ``make profile``, or ``make profile ONLY="sdk-call serve"``. Each is run
for its CPU time first, without the profiler; then under cProfile, which makes calls of
functions dearer than they are: look at the order, not at the figures, on a machine that
does nothing else. What C does is counted where it was called from. Nothing here asks a
network.
"""

import asyncio
import cProfile
import gc
import json
import os
import pstats
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import openai

from harness import (
    AIMessageChunk,
    ChatRequest,
    FakeChatModel,
    FakeProvider,
    HumanMessage,
    say,
    use_cassette,
)
from harness.cassettes import Interaction, load_cassette, write_cassette
from harness.models.clocks import RealClock
from harness.report import Hiding, file_entries, page_of
from harness.server import Application, ServedScript
from harness.wire import DIALECTS

TOP = int(os.environ.get("PROFILE_TOP", "15"))
ROUNDS = 5
PATH = "/v1/chat/completions"
URL = f"https://api.openai.com{PATH}"
WORDS = " ".join(f"word{n:03}" for n in range(200))
TEXT = "Hello there, this is a plain answer."
IMPORT = "from harness import AIMessage, FakeChatModel, tool"
HARNESS = Path(__file__).parents[2] / "harness"

Run = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is measured: *opened* gives what runs once, *times* is how often it does."""

    about: str
    opened: Callable[[ExitStack], Run]
    times: int


def body(question: str, *, stream: bool) -> bytes:
    """Give the body of a request."""
    said = [{"role": "user", "content": question}]
    return json.dumps({"model": "m", "messages": said, "stream": stream}).encode()


def sdk_call(_: ExitStack) -> Run:
    """A whole reply to the official SDK."""
    fake = FakeProvider(say(TEXT, times="forever"))
    http = httpx.Client(transport=fake.transport())
    client = openai.OpenAI(api_key="none", http_client=http)
    create: Any = client.chat.completions.create
    asked = [{"role": "user", "content": "plain"}]
    return lambda: create(model="m", messages=asked)


def served(words: str, *, stream: bool) -> Callable[[ExitStack], Run]:
    """A request to the server's application, without a socket."""

    def opened(held: ExitStack) -> Run:
        fake = FakeProvider(say(words, times="forever"))
        script = ServedScript(lambda: fake.endpoint, first=fake.endpoint)
        application = Application({"script": script}, clock=RealClock())
        data = body("plain", stream=stream)
        loop = asyncio.new_event_loop()
        held.callback(loop.close)
        scope = {"type": "http", "method": "POST", "path": PATH, "query_string": b""}
        scope |= {"headers": [(b"host", b"x"), (b"content-type", b"application/json")]}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": data, "more_body": False}

        async def send(message: Any) -> None:
            del message

        return lambda: loop.run_until_complete(
            application({**scope}, receive, send)  # type: ignore[arg-type]  # a dict is one
        )

    return opened


def invoke(_: ExitStack) -> Run:
    """A whole answer of a fake model."""
    model = FakeChatModel(say(TEXT, times="forever"))
    return lambda: model.invoke("Hi")


def stream(_: ExitStack) -> Run:
    """An answer of a fake model in 200 pieces."""
    model = FakeChatModel(say(WORDS, times="forever"))
    return lambda: [*model.stream("Hi")]


def written(words: str, id: str) -> bytes:
    """Give a stream of OpenAI Chat Completions."""
    asked = ChatRequest((HumanMessage("Hi"),), model="m", stream=True)
    encoder = DIALECTS["openai-chat"].encoder(asked)
    said = [AIMessageChunk(f"{word} ", id=id) for word in words.split(" ")]
    return b"".join([*map(encoder.feed, said), encoder.close()])


def decode(_: ExitStack) -> Run:
    """Twenty short streams, each with an id of its own."""
    streams = [written(" ".join(WORDS.split(" ")[:20]), f"c{n}") for n in range(20)]

    def run() -> None:
        for data in streams:
            decoder = DIALECTS["openai-chat"].decoder()
            decoder.feed(data)
            decoder.close()

    return run


def recorded(folder: Path, count: int) -> Path:
    """Give a cassette of so many chats, all of which differ."""
    kind = (("content-type", "application/json"),)
    answer = {"choices": [{"message": {"role": "assistant", "content": TEXT}}]}
    told = [
        Interaction(
            "POST",
            URL,
            200,
            request_headers=kind,
            request_body=body(f"number {n}", stream=False),
            response_headers=kind,
            response_body=json.dumps(answer).encode(),
        )
        for n in range(count)
    ]
    path = folder / "chats.yaml"
    path.write_text(write_cassette(told))
    return path


def replay(held: ExitStack) -> Run:
    """A request answered from a cassette of 1,000."""
    folder = Path(held.enter_context(TemporaryDirectory()))
    held.enter_context(use_cassette(recorded(folder, 1000), on_repeat="last"))
    client = held.enter_context(httpx.Client())
    kind = {"content-type": "application/json"}
    asked = body("number 500", stream=False)
    return lambda: client.post(URL, content=asked, headers=kind)


def load(held: ExitStack) -> Run:
    """Reading a cassette of 1,000."""
    path = recorded(Path(held.enter_context(TemporaryDirectory())), 1000)
    return lambda: load_cassette(path)


def report(held: ExitStack) -> Run:
    """The page of 100 streamed chats."""
    folder = Path(held.enter_context(TemporaryDirectory()))
    kind = (("content-type", "text/event-stream"),)
    told = [
        Interaction(
            "POST",
            URL,
            200,
            request_body=body(f"number {n}", stream=True),
            response_headers=kind,
            response_body=written(WORDS, f"c{n}"),
        )
        for n in range(100)
    ]
    path = folder / "streams.yaml"
    path.write_text(write_cassette(told))
    return lambda: page_of(file_entries(path, hiding := Hiding()), "", hiding.notes)


SUBJECTS: dict[str, Subject] = {
    "sdk-call": Subject("a call of the OpenAI SDK to a FakeProvider", sdk_call, 300),
    "serve": Subject("a request to the server", served(TEXT, stream=False), 1000),
    "serve-stream": Subject("200 pieces of it", served(WORDS, stream=True), 100),
    "invoke": Subject("invoke of a FakeChatModel", invoke, 2000),
    "stream": Subject("a stream of it, 200 pieces", stream, 200),
    "decode": Subject("20 streams of 20 pieces, decoded", decode, 20),
    "replay": Subject("a request, from a cassette of 1,000", replay, 300),
    "load": Subject("a cassette of 1,000, read", load, 3),
    "report": Subject("a page of 100 streams", report, 1),
}


# -------------------------------------------------------------------- profiling


def cost(run: Run, times: int) -> float:
    """Give the seconds of CPU that one run takes: the best of some rounds."""
    run()
    best = float("inf")
    for _ in range(ROUNDS):
        gc.collect()
        start = time.process_time()
        for _ in range(times):
            run()
        best = min(best, (time.process_time() - start) / times)
    return best


def own_times(run: Run, times: int) -> dict[tuple[str, int, str], float]:
    """Give the own time of each function, with that of the C that it calls."""
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(times):
        run()
    profile.disable()
    profile.create_stats()
    found: Counter[tuple[str, int, str]] = Counter()
    stats: dict[Any, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]  # it has them
    for function, (_, _, own, _, callers) in stats.items():
        if function[0] != "~" or not callers:
            found[function] += own
            continue
        for caller, (_, _, share, _) in callers.items():
            found[caller] += share
    return found


def layer(file: str) -> str:
    """Give the layer that a file belongs to: a room of ours, or a package."""
    path = Path(file)
    if path.is_relative_to(HARNESS):
        parts = path.relative_to(HARNESS).with_suffix("").parts
        return ".".join(("harness", *parts[:2]))
    for packages in ("site-packages", "dist-packages"):
        if packages in path.parts:
            return path.parts[path.parts.index(packages) + 1].removesuffix(".py")
    return "Python" if file.startswith(("<", "~")) or "lib" in path.parts else path.name


def table(title: str, found: Counter[str], top: int) -> None:
    """Print the first rows of *found* as shares."""
    whole = sum(found.values()) or 1.0
    print(f"\n| {title} | share |\n|---|---:|")
    for name, own in found.most_common(top):
        print(f"| {name} | {own / whole:.1%} |")


def profiled(name: str) -> None:
    """Print what is known of one subject."""
    subject = SUBJECTS[name]
    with ExitStack() as held:
        run = subject.opened(held)
        print(f"\n## {name}: {subject.about}")
        print(f"\n{1e6 * cost(run, subject.times):,.1f} us of CPU each")
        own = own_times(run, subject.times)
    layers: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for (file, line, function), seconds in own.items():
        layers[layer(file)] += seconds
        functions[f"{layer(file)}:{function} ({Path(file).name}:{line})"] += seconds
    table("by layer", layers, TOP)
    table("by function, own time", functions, TOP)


def imports() -> Iterator[tuple[str, float]]:
    """Give the seconds that each module takes to load by itself, in a new process."""
    command = [sys.executable, "-X", "importtime", "-c", IMPORT]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    for line in told.splitlines():
        own, _, name = line.removeprefix("import time:").partition("|")
        if own.strip().isdigit():
            yield name.rpartition("|")[2].strip(), int(own) / 1e6


def profiled_import() -> None:
    """Print what loading the library costs: the best of some processes."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, own in imports():
            best[name] = min(best.get(name, own), own)
    packages: Counter[str] = Counter()
    for name, own in best.items():
        packages[name.partition(".")[0]] += own
    print(f"\n## import: {IMPORT}\n\n{1e3 * sum(best.values()):,.0f} ms")
    table("by package", packages, TOP)
    table("by module, own time", Counter(best), TOP)


def main() -> None:
    """Print the profiles of the subjects that are named, or of all."""
    known = {name: partial(profiled, name) for name in SUBJECTS}
    known["import"] = partial(profiled_import)
    named = sys.argv[1:] or [*known]
    if unknown := [name for name in named if name not in known]:
        sys.exit(f"No subject is {unknown[0]!r}. There are: {', '.join(known)}.")
    for name in named:
        known[name]()


if __name__ == "__main__":
    main()
