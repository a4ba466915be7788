"""A campaign against files: whatever is damaged, no answer changes without a word.

What is asked of a damaged file: an error, or a warning, that names it and the place;
or the very same interactions as before. (But for the order of headers of different
names, which means nothing, and which vcrpy does not keep.) Files are those that we
write: others have no seals, and nobody can tell a wrong answer there.
"""

import gzip
import random
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from harness.cassettes import Interaction, load_cassette, write_cassette
from harness.cassettes import entries as entries_room
from harness.cassettes import message_format as message_room
from harness.cassettes import reading as reading_room
from harness.cassettes.conversations import conversation
from harness.chunks import AIMessageChunk
from harness.errors import CassetteError, CassetteWarning
from harness.messages import HumanMessage
from harness.requests import ChatRequest
from harness.steps import Fault

OURS = Path(__file__).parents[2] / "cassettes"
FLIPS = 10_000

#: Where in the file; where it is the file as a whole, what of it.
PLACE = re.compile(
    r"line \d+|byte \d+|interaction \d+|conversation \d+|is empty|damaged gzip|is no "
    r"cassette|'interactions' is |'conversations' is |says that it has|has the format|"
    r"has '.*'\. Did you mean|is a recording in the format of"
)


def odd() -> list[Interaction]:
    """Give interactions whose bodies are laid out in the rarer ways."""
    sse = b'data: {"a": 1}\r\n\r\n data: x \r\n\r\n'
    one = Interaction(
        *("POST", "https://a.b/v1?x=\u00e9", 200),
        request_headers=(("content-type", "application/json"), ("x", "1"), ("x", "2")),
        request_body='{"content": "\u00e9 1", "t": 1.0}'.encode(),
        response_headers=(("Content-Type", "text/event-stream"),),
        response_body=sse,
        response_chunks=(sse[:5], sse[5:]),
        chunk_times=(3, 9),
        reason="OK",
        http_version="HTTP/1.1",
        recorded_at="2026-11-24T10:00:00Z",
    )
    binary = b"\x1f\x8b\x08binary\xff" * 9
    return [
        one,
        replace(one, response_body=binary, response_chunks=(binary,), chunk_times=None),
        replace(
            one,
            response_body=b'{"ok": true, "n": [1, 2]}\n',
            response_headers=(("content-type", "application/json"),),
            response_chunks=None,
            chunk_times=None,
            ended="truncated",
            failure="ReadTimeout: slow",
        ),
    ]


def chats() -> list[Interaction]:
    """Give two conversations, one of which was interrupted."""
    asked = ChatRequest((HumanMessage("Boston?"),), model="m", stream=True)
    call = {"name": "get_weather", "args": "{}", "id": "call_1", "index": 0}
    steps = (
        AIMessageChunk("Let", id="msg_1"),
        AIMessageChunk(" me look.", id="msg_1"),
        AIMessageChunk(tool_call_chunks=[call]),
        Fault("gone", "interrupted"),
    )
    at = "2026-11-24T10:00:00Z"
    again = replace(asked, messages=(HumanMessage("Tokyo?\nAnd Rome?"),))
    return [
        conversation(asked, steps, (120, 135, 150, 160), recorded_at=at),
        conversation(again, steps[:2], (8, 9), recorded_at=at),
    ]


#: Files of each kind that we write, a few kB each, and how many flips are theirs.
FILES: dict[str, tuple[bytes, int]] = {
    "refused-once.yaml": ((OURS / "refused-once.yaml").read_bytes(), 2_000),
    "broken-streams.yaml": ((OURS / "broken-streams.yaml").read_bytes(), 2_000),
    "odd.yaml": (write_cassette(odd()).encode(), 3_000),
    "chats.yaml": (write_cassette(chats()).encode(), 2_000),
    "odd.yaml.gz": (gzip.compress(write_cassette(odd()).encode(), mtime=0), 1_000),
}


def meant(found: tuple[Interaction, ...]) -> list[Interaction]:
    """Give *found* with headers sorted by name; those of one name stay in order."""
    return [
        replace(
            one,
            request_headers=tuple(sorted(one.request_headers, key=itemgetter(0))),
            response_headers=tuple(sorted(one.response_headers, key=itemgetter(0))),
        )
        for one in found
    ]


class Reader:
    """Reads a file that is damaged, again and again, and counts what comes of it."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.data = data
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._path = path
        path.write_bytes(data)
        self._whole = meant(load_cassette(path, seals="error"))

    def read(self, damaged: bytes, how: str) -> None:
        """Read *damaged*; *how* it came about is told where that is not heard."""
        self._path.write_bytes(damaged)
        told = "?"
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                found = load_cassette(self._path)
            except CassetteError as error:
                outcome, told = "error", str(error)
            else:
                outcome = "same" if meant(found) == self._whole else "silent"
        if said:
            outcome, told = "warning", str(said[0].message)
            assert {one.category for one in said} == {CassetteWarning}
        self.counts[outcome] += 1
        if outcome == "silent":
            self.wrong.append(f"{how}: another answer, and not a word")
        elif outcome != "same" and not self._is_placed(told):
            self.wrong.append(f"{how}: where? {told}")

    def _is_placed(self, told: str) -> bool:
        name = str(self._path)
        return name in told and PLACE.search(told.replace(name, "")) is not None


@pytest.fixture
def reader(request: pytest.FixtureRequest, tmp_path: Path) -> Reader:
    """Give one for the file that the test names."""
    name: str = request.param
    return Reader(tmp_path / name, FILES[name][0])


every_file = pytest.mark.parametrize("reader", FILES, indirect=True)
every_kind = pytest.mark.parametrize(
    "reader", ["odd.yaml", "chats.yaml", "odd.yaml.gz"], indirect=True
)
a_file = pytest.mark.parametrize("reader", ["odd.yaml"], indirect=True)
chats_file = pytest.mark.parametrize("reader", ["chats.yaml"], indirect=True)


# --------------------------------------------------------------------- what is done


def cut(reader: Reader) -> None:
    """Cut it off before every byte."""
    for end in range(len(reader.data)):
        reader.read(reader.data[:end], f"cut before byte {end}")


def any_seal(_: Interaction) -> Any:
    """Give a checksum that any other equals."""
    return ANY


def flip(reader: Reader, count: int) -> None:
    """Turn one bit of one byte, *count* times, each time another by chance."""
    draw = random.Random(len(reader.data))  # noqa: S311  # a seed: the same each time
    for _ in range(count):
        at, bit = draw.randrange(len(reader.data)), draw.randrange(8)
        damaged = bytearray(reader.data)
        damaged[at] ^= 1 << bit
        reader.read(bytes(damaged), f"bit {bit} of byte {at}")


def sectors(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Give what is left where a disk has lost, or mixed up, a part of a file."""
    for size in (16, 64, 512):
        for at in range(0, len(data) - size, size):
            before, part, after = data[:at], data[at : at + size], data[at + size :]
            yield f"zeros at {at}", before + b"\0" * size + after
            yield f"blanks at {at}", before + b" " * size + after
            yield f"{size} bytes lost at {at}", before + after
            yield f"{size} bytes twice at {at}", before + part + part + after


def lines(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Give what an unlucky merge, or editor, has made of the lines."""
    all_lines = data.splitlines(keepends=True)
    for n, line in enumerate(all_lines):
        before, after = all_lines[:n], all_lines[n + 1 :]
        yield f"line {n} lost", b"".join([*before, *after])
        yield f"line {n} twice", b"".join([*before, line, line, *after])
        yield f"line {n} ends it", b"".join([*before, line])
        for next_line in after[:1]:
            swapped = [*before, next_line, line, *after[1:]]
            yield f"lines {n} and {n + 1} swapped", b"".join(swapped)


# ---------------------------------------------------------------------------- tests


@every_kind
def test_every_truncation_is_told(reader: Reader) -> None:
    """Only an end without its line break, or without our count, may be the same."""
    cut(reader)

    assert reader.wrong == []
    assert reader.counts.total() == len(reader.data)
    assert reader.counts["same"] <= len("count: 3\n")
    assert reader.counts["error"] >= len(reader.data) - len("count: 3\n") - 1


@every_file
def test_every_flip_is_told(reader: Reader, request: pytest.FixtureRequest) -> None:
    """A bit that turns over makes an error, a warning, or no difference."""
    count = FILES[request.node.callspec.params["reader"]][1]

    flip(reader, count)

    assert reader.wrong == []
    assert reader.counts.total() == count
    assert reader.counts["same"] < count / 20


def test_that_was_ten_thousand_flips() -> None:
    """As many as were promised."""
    assert sum(flips for _, flips in FILES.values()) == FLIPS


@every_file
def test_lost_and_doubled_parts_are_told(reader: Reader) -> None:
    """Of whatever size, on a disk or among the lines."""
    for how, damaged in (*sectors(reader.data), *lines(reader.data)):
        if damaged != reader.data:
            reader.read(damaged, how)

    assert reader.wrong == []
    assert reader.counts["error"] > 0


# ---------------------------------------------------- that the campaign would find it


@a_file
def test_without_seals_flips_are_silent(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The campaign hears a reader that takes any seal for right."""
    monkeypatch.setattr(entries_room, "seal_of", any_seal)

    flip(reader, 100)

    assert reader.counts["silent"] > 10
    assert len(reader.wrong) >= reader.counts["silent"]


@chats_file
def test_without_seals_flips_in_chats_are_silent(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So it does where conversations are read."""
    monkeypatch.setattr(message_room, "seal_of", any_seal)

    flip(reader, 100)

    assert reader.counts["silent"] > 10


@a_file
def test_without_an_ending_cuts_are_silent(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one that needs no ending: whole interactions are missing then."""

    def never(_: object) -> bool:
        return False

    monkeypatch.setattr(reading_room, "is_sealed", never)

    cut(reader)

    assert reader.counts["silent"] > 0


@a_file
def test_errors_without_a_place_are_found(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And errors that say nothing of where."""

    def refuse(*_: Any) -> None:
        raise CassetteError("It is damaged.")

    monkeypatch.setattr(reading_room, "parse", refuse)

    cut(reader)

    assert len(reader.wrong) > len(reader.data) / 2
