"""One cassette of up to 100 MB: read, replay, miss, check, show, redact, add to.

Its exchanges take 2.7 KB each, so that 38,000 are 100 MB.
"""

import io
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import partial
from pathlib import Path

import httpx
from growing import Subject
from material import JSON, PER_MB, URL, exchange, file, question

from harness import ReplayChatModel, use_cassette
from harness.cassettes import load_cassette
from harness.cassettes.http_requests import HttpRequest
from harness.cassettes.tape import Tape
from harness.cli import main
from harness.errors import UnrecordedRequest
from harness.wire import DIALECTS

SIZES = tuple(PER_MB * mb for mb in (1, 3, 10, 30, 100))
#: What has a secret in each exchange is no cassette of ours: a smaller one will do.
SMALLER = SIZES[:4]
MISSES = 20
NEW = 10_000_000


def loaded(count: int, folder: Path) -> Callable[[], object]:
    path = file("cassette", count, folder)
    return lambda: load_cassette(path)


def replayed(numbers: Callable[[int], range], kind: str, count: int, folder: Path):
    """Open it, and ask through httpx what *numbers* say; -1 asks the first again."""
    path = file(kind, count, folder)
    bodies = [question(max(number, 0)) for number in numbers(count)]

    def work() -> None:
        with use_cassette(path), httpx.Client() as client:
            for body in bodies:
                client.post(URL, content=body, headers=dict(JSON))

    return work


def first_and_last(count: int) -> range:
    return range(0, count, count - 1)


def the_first(count: int) -> range:
    return range(-count, 0)


def as_model(kind: str, count: int, folder: Path) -> Callable[[], object]:
    """Ask a model all that was recorded."""
    path, dialect = file(kind, count, folder), DIALECTS["openai-chat"]
    numbers = [0] * count if kind == "equal" else range(count)
    asked = [dialect.read_request(question(n), URL).messages for n in numbers]

    def work() -> None:
        model = ReplayChatModel(path)
        for messages in asked:
            model.invoke(messages)

    return work


def missed(count: int, folder: Path) -> Callable[[], object]:
    """Open it, and ask what was not recorded, 20 times."""
    path = file("cassette", count, folder)

    def work() -> None:
        with use_cassette(path) as tape, httpx.Client() as client:
            for number in range(MISSES):
                with suppress(UnrecordedRequest):
                    client.post(URL, content=question(NEW + number))
            tape.misses.clear()

    return work


def added(mode: str, count: int, folder: Path) -> Callable[[], object]:
    """Open it, record one exchange more, and save it."""
    path = copied(file("cassette", count, folder))
    one = exchange(NEW)

    def work() -> None:
        with Tape(path, mode) as tape:
            asked = HttpRequest(one.method, one.url, JSON, one.request_body)
            live = tape.recording(asked)
            live.response(200, one.response_headers)
            live.chunk(one.response_body)
            live.end()

    return work


def recorded(count: int, folder: Path) -> Callable[[], object]:
    """Record all of it anew."""
    path = folder / "new.yaml"

    def work() -> None:
        with Tape(path, "rewrite") as tape:
            for number in range(count):
                one = exchange(number, key=True)
                asked = HttpRequest(
                    one.method, one.url, one.request_headers, one.request_body
                )
                live = tape.recording(asked)
                live.response(200, one.response_headers)
                live.chunk(one.response_body)
                live.end()

    return work


def command(*words: str, kind: str = "cassette", numbers: tuple[str, ...] = ()):
    """Run a command of ours over it."""

    def ready(count: int, folder: Path) -> Callable[[], object]:
        path = file(kind, count, folder)
        if words[0] == "redact":
            path = copied(path)
        page = ["--output", str(folder / "report.html")] if "report" in words else []

        def work() -> None:
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                main([*words, str(path), *numbers, *page])

        return work

    return ready


def copied(path: Path) -> Path:
    """Give a copy that may be written."""
    copy = path.with_name(f"copy-{path.name}")
    shutil.copyfile(path, copy)
    return copy


SUBJECTS = (
    *(
        Subject(name, ready, SIZES, "exchanges")
        for name, ready in {
            "load": loaded,
            "replay two": partial(replayed, first_and_last, "cassette"),
            "replay all": partial(replayed, range, "cassette"),
            "replay all, as a model": partial(as_model, "cassette"),
            "miss 20 times": missed,
            "add one, new_episodes": partial(added, "new_episodes"),
            "add one, all": partial(added, "all"),
            "record all": recorded,
            "harness check": command("check"),
            "harness stats": command("stats"),
            "harness show": command("show"),
            "harness show FILE 3": command("show", numbers=("3",)),
            "harness report": command("report"),
            "harness redact": command("redact"),
        }.items()
    ),
    *(
        Subject(name, ready, SMALLER, "exchanges")
        for name, ready in {
            "replay equal requests": partial(replayed, the_first, "equal"),
            "replay equal requests, as a model": partial(as_model, "equal"),
            "harness check, a key in each": command("check", kind="keyed"),
            "harness redact, a key in each": command("redact", kind="keyed"),
        }.items()
    ),
)
