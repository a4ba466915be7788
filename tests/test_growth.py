"""Nothing costs more than its size: counted in steps, so that no clock is asked.

A step is an instruction of Python, or a letter of a text that is searched. Twice the
size may take a little more than twice the steps.
"""

import gc
import sys
import tracemalloc
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, SupportsIndex

import pytest

from harness import AIMessage, FakeProvider, HumanMessage, say
from harness.cassettes import (
    CassetteSource,
    Interaction,
    read_cassette,
    write_cassette,
)
from harness.cassettes.secrets import scan
from harness.errors import UnscriptedRequest
from harness.http_messages import HttpRequest
from harness.requests import ChatRequest
from harness.wire import DIALECTS

MOST = 2.1


class Searched(str):
    """A text that counts the letters that are looked at in it, lowered or not."""

    __slots__ = ("counts",)

    def __init__(self, _: str) -> None:
        self.counts: list[int] = []

    @property
    def letters(self) -> int:
        """How many it was."""
        return sum(self.counts)

    def lower(self) -> "Searched":
        """Give it in small letters; what is looked at there counts here."""
        made = Searched(super().lower())
        made.counts = self.counts
        return made

    def count(self, part: str, *bounds: Any) -> int:
        """Count as a text does."""
        start, end, _ = slice(*_bounds(bounds)).indices(len(self))
        self.counts.append(max(end - start, 0))
        return super().count(part, *bounds)

    def find(self, part: str, *bounds: Any) -> int:
        """Find as a text does."""
        at = super().find(part, *bounds)
        start, end, _ = slice(*_bounds(bounds)).indices(len(self))
        self.counts.append(max((at if at >= 0 else end) - start, 0))
        return at

    def rfind(self, part: str, *bounds: Any) -> int:
        """Find as a text does, from its end."""
        at = super().rfind(part, *bounds)
        start, end, _ = slice(*_bounds(bounds)).indices(len(self))
        self.counts.append(max(end - (at if at >= 0 else start), 0))
        return at

    def __contains__(self, part: object) -> bool:
        """Whether it has a part, as a text says it."""
        return self.find(str(part)) >= 0


def _bounds(given: tuple[Any, ...]) -> tuple[SupportsIndex | None, ...]:
    return (*given, None, None)[:2]


def steps(work: Callable[[], object]) -> int:
    """Give how many instructions of Python are done until *work* is."""
    count = 0

    def counting(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        count += event == "opcode"
        return counting

    before = sys.gettrace()
    gc.disable()  # what is told when it runs is no step of ours
    sys.settrace(counting)
    try:
        work()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


def test_a_searched_text_counts() -> None:
    """What is searched is counted, from where it begins to where it is found."""
    text = Searched("ab\ncd\n")

    assert (text.count("\n", 0, 3), text.letters) == (1, 3)
    assert (text.find("c", 1), text.letters) == (3, 5)
    assert (text.rfind("a"), text.letters) == (0, 11)
    assert ("x" in text, text.letters) == (False, 17)
    assert steps(lambda: [len("") for _ in range(10)]) >= 10


# --------------------------------------------------------------------------- secrets


def keys(count: int) -> list[str]:
    """Give keys of nobody, each other than the others."""
    return [f"gsk_{number:032x}" for number in range(count)]


#: Texts with so many secrets, or with what looks like the place of one.
TEXTS: dict[str, Callable[[int], str]] = {
    "headers": lambda n: "".join(
        f"- request:\n    headers:\n      authorization:\n      - Bearer {key}\n"
        for key in keys(n)
    ),
    "one line": lambda n: str([{"headers": {"x-api-key": key}} for key in keys(n)]),
    "fields": lambda n: "".join(f'{{"api_key": "{key}"}}\n' for key in keys(n)),
    "fields of one line": lambda n: "".join(f'"api_key": "{key}", ' for key in keys(n)),
    "names without quotes": lambda n: "the token of a secret key, and a cookie " * n,
    "escaped quotes": lambda n: '"api_key": "' + '\\\\"' * n,
    "streams": lambda n: "".join(
        f'data: {{"index": 0, "delta": "{key}"}}\n' for key in keys(n)
    ),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_looking_for_secrets_is_linear(kind: str) -> None:
    """However many secrets a text has, and wherever: each costs the same."""
    texts = [Searched(TEXTS[kind](size)) for size in (200, 400)]

    few, many = (steps(lambda text=text: scan(text)) + text.letters for text in texts)

    assert many < MOST * few


# --------------------------------------------------------------- many requests, one run


URL = "https://api.openai.com/v1/chat/completions"


def replayed(count: int, *, differ: bool, match_on: tuple[str, ...]) -> None:
    """Play a cassette of so many recordings to its end, the last recording first."""
    texts = [f"Q{n}" if differ else "Q" for n in range(count)]
    dialect = DIALECTS["openai-chat"]
    requests = [ChatRequest((HumanMessage(text),), model="m") for text in texts]
    source = CassetteSource(
        [
            Interaction(
                *("POST", URL, 200),
                request_body=dialect.write_request(request),
                response_body=dialect.write_reply(AIMessage("A")),
            )
            for request in requests
        ],
        match_on=match_on,
    )
    for request in reversed(requests):
        assert [*source.play(request)]
    assert source.unused() == []


def refused(count: int) -> None:
    """Ask a provider so many times what its script has no answer to."""
    endpoint = FakeProvider().endpoint
    for number in range(count):
        with pytest.raises(UnscriptedRequest):
            endpoint.answer(asking(f"Q{number}"))
    assert len(endpoint.calls) == len(endpoint.failures) == count


def answered(count: int) -> None:
    """Ask a provider so many times the same."""
    endpoint = FakeProvider(say("Hello!", times="forever")).endpoint
    for _ in range(count):
        assert [*endpoint.answer(asking("Q")).pieces]


def asking(text: str) -> HttpRequest:
    """Give the request that asks *text*."""
    dialect = DIALECTS["openai-chat"]
    body = dialect.write_request(ChatRequest((HumanMessage(text),), model="m"))
    return HttpRequest("POST", URL, (("content-type", "application/json"),), body)


#: Work on so many requests.
RUNS: dict[str, Callable[[int], object]] = {
    "other requests": partial(replayed, differ=True, match_on=("messages",)),
    "equal requests": partial(replayed, differ=False, match_on=("messages",)),
    "equal models": partial(replayed, differ=False, match_on=("messages", "model")),
    "refused": refused,
    "answered": answered,
}


@pytest.mark.parametrize("run", RUNS)
def test_what_came_before_makes_no_request_dearer(run: str) -> None:
    """The hundredth request takes the steps of the first, whatever came in between."""
    RUNS[run](1)  # what is loaded and kept for the next time is no growth

    few, many = (steps(partial(RUNS[run], size)) for size in (100, 200))

    assert many < MOST * few


# ------------------------------------------------------------------------------ memory


def long_stream(count: int) -> str:
    """Give a cassette of one stream of so many chunks."""
    pieces = tuple(
        b'data: {"choices": [{"index": 0, "delta": {"content": "%06d"}}]}\n\n' % n
        for n in range(count)
    )
    one = Interaction(
        *("POST", URL, 200),
        response_headers=(("content-type", "text/event-stream"),),
        response_body=b"".join(pieces),
        response_chunks=pieces,
        chunk_times=tuple(range(count)),
    )
    return write_cassette([one])


def test_reading_a_long_stream_takes_a_few_copies_of_it() -> None:
    """Its chunks are a list of numbers; no letter of it leaves a trace in memory."""
    text = long_stream(5_000)
    read_cassette(long_stream(1))

    tracemalloc.start()
    (one,) = read_cassette(text)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert one.response_chunks is not None
    assert len(one.response_chunks) == 5_000
    assert most < 8 * len(text)
