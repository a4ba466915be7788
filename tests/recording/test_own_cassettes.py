"""The repository's own recordings: what they say to us, to vcrpy, and live again."""

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import vcr

from harness import ReplayChatModel
from harness.cassettes import decoded_body, load_cassette
from harness.cassettes.secrets import scan
from harness.recording import block_network, use_cassette
from harness.wire import dialect_of

ROOT = Path(__file__).parents[2]
CASSETTES = ROOT / "cassettes"
SCRIPT = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).parent / "record_cassettes.py"))
)

GREETING = "Hello! Ask me about the weather anywhere."
ANSWER = "It is 72°F and sunny in Boston."
NAMES = sorted(SCRIPT.TALKS)
WEATHER = [name for name in NAMES if name.endswith("-weather")]


def replay(name: str) -> Any:
    """Give what a talk is told by its recording, with nothing that listens."""
    _, ask = SCRIPT.TALKS[name]
    with block_network(), use_cassette(name, directory=CASSETTES) as tape:
        said = ask(f"http://127.0.0.1:{SCRIPT.PORT}")
        assert tape.unused() == []
    return said


@pytest.mark.parametrize("name", NAMES)
def test_recording_says_what_the_server_says(name: str) -> None:
    """Replayed, a talk is what it is live; ids and counts as well."""
    model, ask = SCRIPT.TALKS[name]
    with SCRIPT.serving(model()) as url:
        live = ask(url)

    assert replay(name) == live


@pytest.mark.parametrize("name", NAMES)
def test_recording_is_verified_live(name: str) -> None:
    """Asked again by the recorder itself, no answer drifts; the port is another."""
    model, ask = SCRIPT.TALKS[name]
    how: Any = {"directory": CASSETTES, "match_on": ["method", "path", "body"]}
    before = (CASSETTES / f"{name}.yaml").read_bytes()

    with SCRIPT.serving(model()) as url, use_cassette(name, "verify", **how) as tape:
        ask(url)

    assert tape.drift == []
    assert (CASSETTES / f"{name}.yaml").read_bytes() == before


@pytest.mark.parametrize("name", NAMES)
def test_recording_is_made_by_the_script(name: str, tmp_path: Path) -> None:
    """A new one has the same requests and answers, byte for byte; times differ."""
    model, ask = SCRIPT.TALKS[name]
    with SCRIPT.serving(model()) as url, use_cassette(tmp_path / "a.yaml", "rewrite"):
        ask(url)

    made = load_cassette(tmp_path / "a.yaml", seals="error")
    kept = load_cassette(CASSETTES / f"{name}.yaml", seals="error")
    assert [told(one) for one in made] == [told(one) for one in kept]


def told(one: Any) -> Any:
    """Give what of an interaction is the same each time it is recorded."""
    path = httpx.URL(one.url).path
    asked, said = one.request_body, one.response_body
    return one.method, path, asked, one.status, said, one.ended, one.failure


@pytest.mark.parametrize("name", NAMES)
def test_stock_vcrpy_plays_it(name: str) -> None:
    """Status and body of each, in order, to a client that vcrpy knows."""
    path = CASSETTES / f"{name}.yaml"
    known = load_cassette(path)
    matching = ["method", "uri"]

    with (
        vcr.use_cassette(str(path), record_mode="none", match_on=matching),
        httpx.Client() as client,
    ):
        played = [
            client.request(one.method, one.url, content=one.request_body)
            for one in known
        ]

    assert [one.status_code for one in played] == [one.status for one in known]
    for ours, theirs in zip(known, played, strict=True):
        if ours.response_headers[0][1].startswith("text/event-stream"):
            assert theirs.content == decoded_body(ours)
        else:
            assert (
                theirs.json() == httpx.Response(200, content=decoded_body(ours)).json()
            )


@pytest.mark.parametrize("name", WEATHER)
def test_model_replays_it(name: str) -> None:
    """Whole and streamed; a request on the wire is a request in Python."""
    model = ReplayChatModel(name, directory=CASSETTES)

    whole = model.invoke("Hello!")
    streamed = [chunk.text for chunk in model.stream("Hello!")]

    assert whole.text == GREETING
    assert "".join(streamed) == GREETING
    assert len(streamed) > 5


@pytest.mark.parametrize("name", WEATHER)
def test_recorded_streams_keep_the_rules_of_their_format(name: str) -> None:
    """What the server said is what a provider could have said."""
    streams = [
        one
        for one in load_cassette(CASSETTES / f"{name}.yaml")
        if dict(one.response_headers)["content-type"].startswith("text/event-stream")
    ]

    assert len(streams) == 2
    for one in streams:
        dialect = dialect_of(one.url)
        assert dialect is not None
        assert dialect.check_stream(one.response_body) == []
        assert len(one.response_chunks or ()) > 5


def test_endings_are_recorded() -> None:
    """One was dropped by the server, one left by the application."""
    dropped, left = load_cassette(CASSETTES / "broken-streams.yaml")
    refused, answered = load_cassette(CASSETTES / "refused-once.yaml")

    assert (dropped.ended, left.ended) == ("interrupted", "truncated")
    assert len(left.response_chunks or ()) == 2
    assert (refused.status, answered.status) == (429, 200)
    assert dict(refused.response_headers)["retry-after"] == "1"


def test_readme_has_a_row_for_each() -> None:
    """It tells where each file comes from."""
    rows = (CASSETTES / "README.md").read_text("utf-8").splitlines()
    files = {path.name for path in CASSETTES.iterdir()} - {"README.md"}

    named = {row.split("`")[1] for row in rows if row.startswith("| `")}

    assert named == files
    assert files == {
        *("weather.yaml", "langchain-suites.yaml"),
        *(f"{name}.yaml" for name in NAMES),
    }


@pytest.mark.parametrize("folder", ["cassettes", "docs", "fakes"])
def test_nothing_looks_like_a_secret(folder: str) -> None:
    """The last look of the recorder, at what the repository shows to the world."""
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file()]

    leaks = {
        str(path.relative_to(ROOT)): [str(leak) for leak in found]
        for path in files
        if (found := scan(path.read_text("utf-8", errors="replace")))
    }

    assert files != []
    assert leaks == {}
