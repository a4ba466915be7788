"""Recordings of many projects, converted: the same exchanges, and they play.

What is not as a second reader found it, and why:

| how many | what | why |
|---|---|---|
| 3 bodies | are JSON that is spelled otherwise | nock keeps JSON bodies as values |
| 1 URL | has a query more | the second reader left it out |
| 58 URLs | have another host | it was a placeholder, or not there; a port is left out |
"""

import json
import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import pytest
import vcr.serialize
from vcr.serializers import yamlserializer

from harness.cassettes import CassetteSource, Interaction, decoded_body, load_cassette
from harness.cassettes.interactions import decoded_request
from harness.cassettes.redaction import Redaction
from harness.chunks import AIMessageChunk
from harness.cli import main
from harness.converting import FORMATS, ForeignRecording, read_recording
from harness.recording import block_network, use_cassette
from harness.steps import Fault

#: What the manifest calls each form, the name of its format, and the files of it.
FORMS = {
    "httpmock-when-then": ("httpmock", 22),
    "vcr-ruby": ("vcr", 38),
    "vcr-r": ("vcr", 3),
    "go-vcr-v2": ("go-vcr", 24),
    "httprr": ("httprr", 4),
    "har(Polly.JS)": ("har", 8),
    "nock-json": ("nock", 2),
    "dd-json": ("datadog", 1),
    "vcrpy-httpx-stub": ("vcrpy", 5),
    "cassetter": ("vcrpy", 7),
    "langchain-requests-responses": ("vcrpy", 4),
}
#: Some recordings have a placeholder where the host is, and get this one.
PLACEHOLDER = re.compile(rb'uri: "?(https?://)?[^/\s]*<')
PLACEHOLDERS = re.compile("^<[^/]*")
HOST = "https://api.example"
#: Headers that a decoded body makes untrue.
UNTRUE = {"content-encoding", "content-length"}

Row = dict[str, Any]
Read = dict[str, ForeignRecording]


@pytest.fixture(scope="module")
def rows(recordings: Path) -> list[Row]:
    """Give what is known of each file of these forms."""
    lines = (recordings / "manifest.jsonl").read_text("utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["dialect"] in FORMS]


@pytest.fixture(scope="module")
def read(recordings: Path, rows: list[Row]) -> Read:
    """Give what is read of each file."""
    names = [row["file"] for row in rows]
    return {name: read_file(recordings / name, name) for name in names}


def read_file(path: Path, name: str) -> ForeignRecording:
    """Read a file as the command does in `converted`."""
    return read_recording(path.read_bytes(), name, host=host_of(path))


def host_of(path: Path) -> str | None:
    """Give a host where a placeholder stands for it."""
    return HOST if PLACEHOLDER.search(path.read_bytes()) else None


@pytest.fixture(scope="module")
def known(exchanges: list[Any]) -> dict[str, list[Any]]:
    """Give what another reader found in each file."""
    found = defaultdict(list)
    for exchange in exchanges:
        found[exchange.file].append(exchange)
    return found


@pytest.fixture(scope="module")
def converted(
    recordings: Path, rows: list[Row], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Give the cassette of each file, as the command makes it."""
    folder = tmp_path_factory.mktemp("converted")
    paths = {}
    for n, row in enumerate(rows):
        path = folder / f"{n}.yaml"
        file = recordings / row["file"]
        host = host_of(file)
        asked = ["convert", str(file), "-o", str(path)]
        assert main([*asked, "--host", host] if host else asked) == 0
        paths[row["file"]] = path
    return paths


def test_every_form_is_told(read: Read, rows: list[Row]) -> None:
    """Each file has the format that its project's recorder has."""
    found = Counter((row["dialect"], read[row["file"]].format) for row in rows)

    assert found == {(form, name): count for form, (name, count) in FORMS.items()}
    assert {name for name, _ in FORMS.values()} <= {*FORMATS}


def test_nothing_is_half_read(read: Read, known: dict[str, list[Any]]) -> None:
    """Each exchange is what the second reader found, but for what is told above."""
    differ: Counter[str] = Counter()
    count = 0
    for name, found in read.items():
        for one, exchange in zip(found.interactions, known[name], strict=True):
            count += 1
            differ.update(differences(one, exchange))

    assert count == 195
    assert differ == {"spelling": 3, "host": 58, "query": 1}


def differences(one: Interaction, exchange: Any) -> Iterator[str]:
    """Say what of an interaction is not as it was found."""
    ours, theirs = map(urlsplit, (one.url, exchange.url))
    sent = theirs._replace(path=PLACEHOLDERS.sub("", theirs.path))
    if ours.netloc != sent.netloc:
        yield "host"
    if unquote(ours.path) != unquote(sent.path):
        yield "path"
    if unquote(ours.query) != unquote(sent.query):
        yield "query"
    if one.status != exchange.status:
        yield "status"
    bodies = (
        (decoded_request(one), exchange.request),
        (decoded_body(one), exchange.response),
    )
    for ours, theirs in bodies:
        if ours != theirs:
            yield "spelling" if json.loads(ours) == json.loads(theirs) else "body"
    said = {name.lower(): text for name, text in one.response_headers}
    for name in {*said, *exchange.headers} - UNTRUE:
        if said.get(name) != exchange.headers.get(name):
            yield f"{name}: {said.get(name)!r}"


def test_what_is_written_has_no_secret(converted: dict[str, Path], read: Read) -> None:
    """The cassette is sealed, and is what was read, redacted."""
    rules = Redaction.default()
    for name, path in converted.items():
        found = load_cassette(path, seals="error")

        assert found == tuple(map(rules.redact, read[name].interactions))
        assert all(one.sealed for one in found)
        assert [*rules.scan(path.read_text("utf-8"))] == []


def test_they_play(converted: dict[str, Path], read: Read) -> None:
    """An HTTP client gets each answer for the request as it was recorded."""
    count = 0
    with block_network(), httpx.Client() as client:
        for name, path in converted.items():
            with use_cassette(path) as tape:
                for one, kept in zip(
                    read[name].interactions, tape.interactions, strict=True
                ):
                    said = client.request(
                        one.method,
                        one.url,
                        headers=[*one.request_headers],
                        content=one.request_body,
                    )

                    assert said.status_code == one.status
                    assert said.content == decoded_body(kept)
                    count += 1
                assert tape.unused() == []

    assert count == 195


def test_models_play_them(converted: dict[str, Path]) -> None:
    """Each chat in them is answered, to its own request, without an error of ours."""
    counts: Counter[str] = Counter()
    for path in converted.values():
        source = CassetteSource(load_cassette(path))
        for recording in source.recordings:
            steps = [*source.play(recording.request)]
            counts["chats"] += 1
            counts["answers"] += any(isinstance(one, AIMessageChunk) for one in steps)
            counts["errors"] += any(isinstance(one, Fault) for one in steps)
        assert source.unused() == []

    assert counts == {"chats": 169, "answers": 141, "errors": 28}


def test_stock_vcrpy_loads_them(converted: dict[str, Path]) -> None:
    """Its loader finds the same requests, and answers of the same status."""
    for path in converted.values():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            requests, answers = vcr.serialize.deserialize(
                path.read_text("utf-8"), yamlserializer
            )

        assert [
            (asked.method, asked.uri, answer["status"]["code"])
            for asked, answer in zip(requests, answers, strict=True)
        ] == [(one.method, one.url, one.status) for one in load_cassette(path)]
