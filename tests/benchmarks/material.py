"""What the study of scale reads: streams, exchanges, cassettes and trees of them.

Each file is made once, in a process of its own, so that who reads it has not had it
in memory before.
"""

import json
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import exchanges

from harness import FakeChatModel, Script, say
from harness.cassettes import Interaction, write_cassette
from harness.wire import DIALECTS

URL = "https://api.openai.com/v1/chat/completions"
JSON = (("content-type", "application/json"),)
EVENTS = (("content-type", "text/event-stream"),)
#: So many exchanges of `exchange` take a megabyte.
PER_MB = 380


def script(count: int) -> Script:
    """Give a script of one answer, in *count* chunks of five letters."""
    return Script([say("".join(f"{n % 1000:04} " for n in range(count)), cut=5)])


def wire(dialect: str, count: int) -> list[bytes]:
    """Give a stream of *count* chunks as a provider sends it, event by event."""
    model = FakeChatModel(script(count))
    chunks = [*model.stream("Hi")]
    encoder = DIALECTS[dialect].encoder(model.calls[0].request)
    return [piece for piece in (*map(encoder.feed, chunks), encoder.close()) if piece]


def question(number: int, *, stream: bool = False) -> bytes:
    """Give the body of the request *number*."""
    more = {"stream": True} if stream else {}
    return json.dumps({**exchanges.question(number), **more}).encode()


def exchange(number: int, *, key: bool = False) -> Interaction:
    """Give the chat *number*; with a *key*, its own, that nobody has hidden."""
    hidden = (("authorization", f"Bearer gsk_{number:032x}"),) if key else ()
    return replace(
        exchanges.exchange(number, sentences=20),
        url=URL,
        request_headers=(*JSON, *hidden),
        response_headers=(("openai-processing-ms", "412"), *JSON),
    )


def streamed(count: int, number: int = 0) -> Interaction:
    """Give a chat that was answered in a stream of *count* chunks."""
    pieces = wire("openai-chat", count)
    return replace(
        exchange(number),
        request_body=question(number, stream=True),
        response_headers=EVENTS,
        response_body=b"".join(pieces),
        response_chunks=tuple(pieces),
        chunk_times=tuple(5 * n for n in range(len(pieces))),
    )


# ------------------------------------------------------------------------------- files


def cassette(count: int) -> str:
    """Give the text of a cassette of *count* chats."""
    return write_cassette(map(exchange, range(count)))


def keyed(count: int) -> str:
    """Give the same, each with a key in it."""
    return write_cassette(map(partial(exchange, key=True), range(count)))


def equal(count: int) -> str:
    """Give one of *count* recordings of the same request."""
    return write_cassette([exchange(0)] * count)


def long(count: int) -> str:
    """Give one of a stream of *count* chunks."""
    return write_cassette([streamed(count)])


KINDS = {"cassette": cassette, "keyed": keyed, "equal": equal, "long": long}


def file(kind: str, count: int, folder: Path) -> Path:
    """Give the file of a *kind* and size, made if it is not there."""
    path = folder / f"{kind}-{count}.yaml"
    if not path.exists():
        made_apart(kind, count, path)
    return path


def tree(count: int, folder: Path) -> Path:
    """Give a project of *count* cassettes, 100 in a folder, and a test of some."""
    root = folder / f"tree-{count}"
    if not root.exists():
        made_apart("tree", count, root)
    return root


def made_apart(kind: str, count: int, path: Path) -> None:
    """Make it in a process of its own."""
    command = [sys.executable, __file__, kind, str(count), str(path)]
    subprocess.run(command, check=True)


def make_tree(count: int, root: Path) -> None:
    """Make a project: cassettes/000/0000.yaml and so on, and what names them."""
    for number in range(count):
        path = root / "cassettes" / f"area{number // 100:03}" / f"case{number:05}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(write_cassette([exchange(number)]), "utf-8")
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", "utf-8")
    names = "\n".join(
        f'    "area{n // 100:03}/case{n:05}",' for n in range(0, count, 10)
    )
    (root / "test_cases.py").write_text(TESTS.format(names=names), "utf-8")


TESTS = '''"""Every tenth cassette is replayed."""

import httpx
import pytest
from harness import use_cassette

NAMES = [
{names}
]
URL = "{url}"


@pytest.mark.parametrize("name", NAMES)
def test_case(name: str) -> None:
    with use_cassette(name) as tape:
        one = tape.interactions[0]
        said = httpx.post(URL, content=one.request_body, headers=dict(JSON))
    assert said.status_code == 200
'''.replace("{url}", URL).replace("dict(JSON)", "{{}}")


def main() -> None:
    """Make what the command line names."""
    kind, count, path = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if kind == "tree":
        make_tree(count, path)
    else:
        path.write_text(KINDS[kind](count), "utf-8")


if __name__ == "__main__":
    main()
