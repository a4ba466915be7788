"""Every recorded file: read with all that it holds, or refused with its name."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr
import vcr.serialize
from vcr.serializers import yamlserializer

from harness.cassettes import (
    Interaction,
    decoded_body,
    load_cassette,
    read_cassette,
    write_cassette,
)
from harness.cassettes.interactions import decoded_request
from harness.errors import CassetteError

READ = frozenset(
    {
        "vcrpy",
        "vcrpy-parsed_body",
        "vcrpy-noversion",
        "vcrpy-httpx-stub",
        "cassetter",
        "langchain-requests-responses",
    }
)
REFUSED = {
    "bare-body": "one answer's body alone",
    "custom:collections_method": "gRPC messages",
    "custom:data,direction,kind": "WebSocket frames",
    "custom:request_sample,response_sample": "gRPC messages",
    "custom:request_stream,response_stream": "gRPC messages",
    "dd-json": "one interaction a file, as dd-trace's",
    "go-vcr-v2": "go-vcr",
    "har(Polly.JS)": "HAR",
    "httpmock-when-then": "httpmock",
    "httprr": "httprr",
    "llama-stack-json": "llama-stack",
    "nock-json": "nock",
    "vcr-r": "VCR for Ruby or R",
    "vcr-ruby": "VCR for Ruby or R",
}

Loaded = dict[str, tuple[Interaction, ...]]


@pytest.fixture(scope="module")
def manifest(recordings: Path) -> list[dict[str, Any]]:
    """Give what is known of each file."""
    lines = (recordings / "manifest.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def loaded(recordings: Path, manifest: list[dict[str, Any]]) -> Loaded:
    """Give the interactions of all files that can be read."""
    files = [row["file"] for row in manifest if row["dialect"] in READ]
    return {file: load_cassette(recordings / file) for file in files}


def same(ours: bytes, theirs: bytes) -> bool:
    """Tell whether bodies are equal, JSON in any spelling."""
    if ours == theirs:
        return True
    try:
        return bool(json.loads(ours) == json.loads(theirs))
    except ValueError:
        return False


def test_all_of_them_are_read(loaded: Loaded, manifest: list[dict[str, Any]]) -> None:
    """Each file of the family has as many interactions as were counted in it."""
    counts = {row["file"]: row["interactions"] for row in manifest}

    found = {file: len(interactions) for file, interactions in loaded.items()}

    assert len(found) == 135
    assert found == {file: counts[file] for file in found}


def test_nothing_is_half_read(loaded: Loaded, exchanges: list[Any]) -> None:
    """URL, status, and the bodies of both sides are what another reader found."""
    known = defaultdict(list)
    for exchange in exchanges:
        known[exchange.file].append(exchange)

    differ = [
        one.place
        for file, found in loaded.items()
        for one, exchange in zip(found, known[file], strict=True)
        if (one.url, one.status) != (exchange.url, exchange.status)
        or not same(decoded_request(one), exchange.request)
        or not same(decoded_body(one), exchange.response)
    ]

    assert differ == []


def test_all_can_be_written(loaded: Loaded) -> None:
    """Written in our form they read back equal, and stock vcrpy loads them."""
    for found in loaded.values():
        text = write_cassette(found)
        _, answers = vcr.serialize.deserialize(text, yamlserializer)

        assert read_cassette(text, seals="error") == found
        for one, answer in zip(found, answers, strict=True):
            assert same(answer["body"]["string"], one.response_body)


def test_stock_vcrpy_replays_what_we_wrote(
    loaded: Loaded, tmp_path: Path, manifest: list[dict[str, Any]]
) -> None:
    """A file that vcrpy replays is replayed from our form too, and more are."""
    theirs = {row["file"] for row in manifest if row["vcrpy_replay"] == "same"}

    replayed = {
        file
        for file, found in loaded.items()
        if replays(write_cassette(found), found, tmp_path / "a.yaml")
    }

    assert theirs <= replayed
    assert len(replayed) == len(loaded) - 1


def replays(text: str, found: tuple[Interaction, ...], path: Path) -> bool:
    """Tell whether stock vcrpy answers every request as it was recorded."""
    path.write_text(text, "utf-8")
    with (
        vcr.use_cassette(str(path), record_mode="none", match_on=["method", "uri"]),
        httpx.Client() as client,
    ):
        for one in found:
            try:
                got = client.request(one.method, one.url, content=one.request_body)
            except Exception:  # noqa: BLE001 - whatever keeps it from replaying
                return False
            if got.status_code != one.status:
                return False
            if not same(got.content, decoded_body(one)):
                return False
    return True


def test_all_others_are_refused_by_name(
    recordings: Path, manifest: list[dict[str, Any]]
) -> None:
    """The error says whose format it is; nothing else is said of any file."""
    refused = Counter()
    for row in manifest:
        if row["dialect"] in READ:
            continue
        with pytest.raises(CassetteError) as said:
            load_cassette(recordings / row["file"])
        form = REFUSED[row["dialect"]]
        assert f"in the format of {form}" in str(said.value)
        refused[form] += 1

    assert refused.total() == 123
