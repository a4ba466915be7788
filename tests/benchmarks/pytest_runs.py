"""Runs of pytest with tiny tests: what a recording adds to a test that has none.

CPU time of whole processes, in which no other plugin is loaded. Runs of few and of many
tests tell what each test costs, and what the first one does, which imports.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from exchanges import URL, chats, exchange, plain, write_ours
from machine import named
from measuring import Side, child_cpu, rounds
from peers import PYTHONS, vcrpy
from tables import OURS, Line, Subject

PEERS = ("pytest", "pytest-recording", "vcrpy", "httpx")
PEER = named("pytest-recording")
ALONE = f"{named('pytest')} alone"
PLUGINS = {OURS: "harness.pytest_plugin", PEER: "pytest_recording.plugin"}
FEW, MANY = 20, 220

EMPTY = """
import pytest

{marker}
@pytest.mark.parametrize("n", range({count}))
def test_tiny(n):
    pass
"""
ASKING = """
import httpx
import pytest

URL = {url!r}
ASKED = {asked!r}
ANSWERED = {answered!r}
CLIENT = httpx.Client(transport={transport})

{marker}
@pytest.mark.parametrize("n", range({count}))
def test_asking(n):
    assert CLIENT.post(URL, content=ASKED).content == ANSWERED
"""
MOCK = "httpx.MockTransport(lambda _: httpx.Response(200, content=ANSWERED))"
MARKERS = {OURS: "@pytest.mark.cassette", PEER: "@pytest.mark.vcr"}
NAMED = {
    OURS: '@pytest.mark.cassette("one")',
    PEER: (
        '@pytest.mark.default_cassette("one.yaml")\n'
        '@pytest.mark.vcr(match_on=["method", "uri", "body"])'
    ),
}
#: What a run has: the name of its tests, and whose plugin.
Key = tuple[str, str]
BARE: Key = ("tiny", "")
MOCKED: Key = ("mocked", "")


def rows(*, quick: bool) -> Iterator[Line]:
    """A run that uses nothing, marked tests without a file, and with one."""
    with TemporaryDirectory() as name:
        taken = rounds(runs(Path(name)), 2 if quick else 5, warm=1)

    def over(key: Key, base: Key, count: int) -> list[float]:
        pairs = zip(taken[key, count], taken[base, count], strict=True)
        return [one - other for one, other in pairs]

    def each(key: Key, base: Key) -> list[float]:
        pairs = zip(over(key, base, MANY), over(key, base, FEW), strict=True)
        return [(many - few) / (MANY - FEW) for many, few in pairs]

    subject = Subject("pytest runs", f"a run of {FEW} tests that use no plugin", "ms")
    idle = {name: taken[("tiny", name), FEW] for name in PLUGINS}
    yield from subject.rows({**idle, ALONE: taken[BARE, FEW]})
    subject = Subject("pytest runs", "the same, over pytest alone", "ms")
    mine = over(("tiny", OURS), BARE, FEW)
    yield from subject.rows({OURS: mine}, aims={OURS: "<= 30 ms"})
    for what, kind, base in (
        ("a marked test without a file", "marked", BARE),
        ("a test that replays a request", "replayed", MOCKED),
    ):
        subject = Subject("pytest runs", what, "ms")
        found = {name: each((kind, name), base) for name in PLUGINS}
        yield from subject.rows(found, aims={OURS: "<= 1 ms"})
        subject = Subject("pytest runs", f"{what}, {FEW} in one run", "ms")
        few = {name: over((kind, name), base, FEW) for name in PLUGINS}
        yield from subject.rows(few)


def runs(folder: Path) -> dict[tuple[Key, int], Side]:
    """Write tests and recordings; give the sides, by what they run and how often."""
    (folder / "cassettes").mkdir()
    write_ours(folder / "cassettes" / "one.yaml", chats(1))
    with vcrpy(PYTHONS[0]) as peer:
        for count in (FEW, MANY):
            theirs = (
                folder / "cassettes" / path_of(folder, ("replayed", PEER), count).stem
            )
            theirs.mkdir()
            peer.make(str(theirs / "one.yaml"), [plain(exchange(0))])
    said = {"url": URL, "asked": exchange(0).request_body}
    said["answered"] = exchange(0).response_body
    asking = partial(ASKING.format, **said)
    texts = {BARE: partial(EMPTY.format, marker="")}
    texts[MOCKED] = partial(asking, marker="", transport=MOCK)
    for name in PLUGINS:
        texts["tiny", name] = texts[BARE]
        texts["marked", name] = partial(EMPTY.format, marker=MARKERS[name])
        texts["replayed", name] = partial(asking, marker=NAMED[name], transport="None")
    sides = {}
    for count in (FEW, MANY):
        for key, text in texts.items():
            path = path_of(folder, key, count)
            path.write_text(text(count=count), "utf-8")
            sides[key, count] = partial(child_cpu, command(path, key[1]), environment())
    return sides


def path_of(folder: Path, key: Key, count: int) -> Path:
    """Give the file of a run."""
    kind, name = key
    return folder / f"test_{kind}_{[*PLUGINS, ''].index(name)}_{count}.py"


def command(file: Path, name: str) -> list[str]:
    """Give the command of a run, with one plugin or none."""
    loaded = ["-p", PLUGINS[name]] if name else []
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(file.parent)]
    return [sys.executable, "-m", "pytest", *options, *loaded, str(file)]


def environment() -> Mapping[str, str]:
    """Without plugins that happen to be installed; the first run writes bytecode."""
    more = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": ""}
    return {**os.environ, **more}
