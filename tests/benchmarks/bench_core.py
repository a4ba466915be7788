"""Folding, streaming, invoking and importing, beside langchain-core, in one run.

Run with ``make bench``. Times are CPU time, the least of a few runs; what counts is
the ratio, both sides having been measured a moment apart in one process.
``--quick`` leaves out the peer's slowest folds (minutes).
"""

import asyncio
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any, ClassVar

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage as PeerMessage
from langchain_core.messages import AIMessageChunk as PeerChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from harness import AIMessageChunk, ChatModel, FakeChatModel, say


@dataclass
class Row:
    """One line of the table, seconds of CPU time."""

    what: str
    ours: float
    theirs: float | None
    unit: float = 1e3
    named: str = "ms"

    def __str__(self) -> str:
        ours = f"{self.ours * self.unit:,.2f} {self.named}"
        if self.theirs is None:
            return f"| {self.what} | {ours} | | |"
        theirs = f"{self.theirs * self.unit:,.2f} {self.named}"
        return f"| {self.what} | {ours} | {theirs} | {self.theirs / self.ours:,.0f}x |"


def race(mine: Callable[[], object], theirs: Callable[[], object]) -> list[float]:
    """The least CPU time of each, run in turn: a slow spell hits both."""
    turns = [(cpu(mine, runs=1), cpu(theirs, runs=1)) for _ in range(7)]
    return [min(times) for times in zip(*turns, strict=True)]


def cpu(work: Callable[[], object], *, runs: int = 3) -> float:
    """The least CPU time of *runs* runs of *work*."""
    times = []
    for _ in range(runs):
        gc.collect()
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


# ------------------------------------------------------------------------ folding


def text_pieces(count: int) -> list[dict[str, Any]]:
    """Text of five characters each."""
    return [{"content": f"{n % 1000:04} "} for n in range(count)]


def fragments(arguments: str, count: int) -> list[dict[str, Any]]:
    """*count* fragments of five characters of one call's arguments."""
    pieces = [arguments[n * 5 : n * 5 + 5] for n in range(count)]
    head = {"name": "f", "id": "call_1"}
    rest = {"name": None, "id": None}
    return [
        {
            "content": "",
            "tool_call_chunks": [
                {
                    **(rest if n else head),
                    "args": piece,
                    "index": 0,
                    "type": "tool_call_chunk",
                }
            ],
        }
        for n, piece in enumerate(pieces)
    ]


def one_string(count: int) -> list[dict[str, Any]]:
    """Arguments that are one long string of code."""
    code = "\n".join(f"x{n} = {n}" for n in range(count))
    return fragments(json.dumps({"code": code})[: count * 5], count)


def many_keys(count: int) -> list[dict[str, Any]]:
    """Arguments of very many small keys."""
    text = json.dumps({f"key{n}": n for n in range(count)})
    return fragments(text[: count * 5], count)


def fold(chunks: Iterable[Any], field: str) -> Any:
    """``full = full + chunk``, reading *field* of the sum each turn."""
    full = None
    for chunk in chunks:
        full = chunk if full is None else full + chunk
        getattr(full, field)
    return full


FOLDS = {
    "fold text": (text_pieces, "text", True),
    "fold arguments, one string": (one_string, "tool_calls", False),
    "fold arguments, many keys": (many_keys, "tool_calls", False),
}


def folding(*, quick: bool) -> Iterable[Row | str]:
    """The folds, at 1,000 and 10,000 chunks, and how they grow."""
    for what, (make, field, cheap) in FOLDS.items():
        ours: list[float] = []
        theirs: list[float] = []
        folds: list[Callable[[], object]] = []
        for count in (1_000, 10_000):
            given = make(count)
            mine = partial(fold, [AIMessageChunk(**one) for one in given], field)
            peer = partial(fold, [PeerChunk(**one) for one in given], field)
            folds.append(mine)
            if cheap or count == 1_000:
                for times, time_ in zip((ours, theirs), race(mine, peer), strict=True):
                    times.append(time_)
            else:
                ours.append(cpu(mine, runs=7))
                theirs += [] if quick else [cpu(peer, runs=1)]
            last = theirs[-1] if len(theirs) == len(ours) else None
            yield Row(f"{what}, n = {count:,}", ours[-1], last)
        pairs = [[cpu(one, runs=1) for one in folds] for _ in range(9)]
        grown = statistics.median(large / small for small, large in pairs)
        peers = f"x{theirs[1] / theirs[0]:.1f}" if len(theirs) == len(ours) else ""
        yield f"| {what}, growth | x{grown:.1f} | {peers} | |"


# ------------------------------------------------------------------------- models

COUNT = 5_000


class Ours(ChatModel):
    """Plays ready-made chunks."""

    chunks: ClassVar = [AIMessageChunk("word ", id="m") for _ in range(COUNT)]

    def play(self, request):
        """All of them, or one."""
        return iter(self.chunks if request.stream else self.chunks[:1])


class Theirs(BaseChatModel):
    """Yields ready-made chunks."""

    @property
    def _llm_type(self) -> str:
        return "ready-made"

    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        return ChatResult(generations=[ChatGeneration(message=PeerMessage("word "))])

    def _stream(
        self,
        messages,
        stop=None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs,
    ):
        for _ in range(COUNT):
            yield ChatGenerationChunk(message=PeerChunk(content="word ", id="m"))


async def drain(stream: Any) -> None:
    """Listen to the end."""
    async for _ in stream:
        pass


def modelling() -> Iterable[Row]:
    """Per chunk and per call."""
    mine, theirs = Ours(), Theirs()

    def per_chunk(model: Any, method: str) -> float:
        def work() -> None:
            stream = getattr(model, method)("Hi")
            if method == "stream":
                for _ in stream:
                    pass
            else:
                asyncio.run(drain(stream))

        return cpu(work, runs=5) / COUNT

    for method in ("stream", "astream", "astream_events"):
        yield Row(
            f"{method}, per chunk",
            per_chunk(mine, method),
            per_chunk(theirs, method),
            1e6,
            "us",
        )

    def per_call(model: Any, calls: int = 2_000) -> float:
        def work() -> None:
            for _ in range(calls):
                model.invoke("Hi")

        return cpu(work) / calls

    yield Row(
        "invoke, a model of one's own", per_call(mine), per_call(theirs), 1e6, "us"
    )
    calls = 2_000
    fakes = iter([FakeChatModel(*["word "] * calls) for _ in range(3)])
    yield Row(
        "invoke, FakeChatModel",
        cpu(lambda: [model.invoke("Hi") for model in [next(fakes)] * calls]) / calls,
        None,
        1e6,
        "us",
    )
    fakes = iter([FakeChatModel(say("word " * COUNT)) for _ in range(5)])
    yield Row(
        "stream, FakeChatModel, per chunk",
        cpu(lambda: list(next(fakes).stream("Hi")), runs=5) / COUNT,
        None,
        1e6,
        "us",
    )


# ------------------------------------------------------------------------- import


def importing() -> Iterable[Row]:
    """CPU time of a fresh interpreter that imports, less one that does not."""

    def fresh(statement: str) -> float:
        code = f"import time\n{statement}\nprint(time.process_time())"
        times = []
        for _ in range(7):
            done = subprocess.run(
                [sys.executable, "-c", code],
                capture_output=True,
                check=True,
                text=True,
                # The first run writes bytecode, as any other first import does.
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
            )
            times.append(float(done.stdout))
        return min(times)

    bare = fresh("pass")
    theirs = fresh("import langchain_core.language_models.chat_models")
    pydantic = fresh("import pydantic; pydantic.BaseModel, pydantic.TypeAdapter") - bare
    yield Row("import pydantic", pydantic, None)
    yield Row("import harness", fresh("import harness") - bare, theirs - bare)
    statement = "from harness import AIMessage, FakeChatModel, tool"
    yield Row(f"`{statement}`", fresh(statement) - bare, theirs - bare)


def main(*, quick: bool) -> None:
    """Print the table."""
    where = f"{platform.machine()}, CPython {platform.python_version()}"
    peer = f"langchain-core {version('langchain-core')}"
    print(f"{time.strftime('%Y-%m-%d')}, {where}, {peer}; CPU time\n")
    print("| what | chat-harness | langchain-core | ratio |\n|---|---:|---:|---:|")
    for part in (folding(quick=quick), modelling(), importing()):
        for row in part:
            print(row, flush=True)


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
