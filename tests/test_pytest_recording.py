"""Cassettes of HTTP traffic in users' tests, from outside: what their runs show."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import entry_points
from pathlib import Path
from typing import get_args

import httpx  # noqa: F401 - else each inner run loads, and drops, its own copy
import httpx2  # noqa: F401 - as above
import pytest
import yaml  # noqa: F401 - as above

from harness import pytest_plugin
from harness.cassettes import load_cassette
from harness.cassettes.settings import Mode, TapeOptions
from harness.pytest_plugin import factories, marks, orphans, settings, tapes  # noqa: F401 - as above
from harness.recording import use_cassette  # noqa: F401 - as above

IS_INSTALLED = any(
    point.value == "harness.pytest_plugin" for point in entry_points(group="pytest11")
)
LOADED = () if IS_INSTALLED else ("-p", "harness.pytest_plugin")
OPTIONS = (
    *("-p", "no:randomly", "-p", "no:cacheprovider", "--strict-markers"),
    *("-W", "default"),
)

ASKING = """
    import httpx
    import pytest

    def ask(words, url={url!r}):
        return httpx.post(url, content=words).text

    def swallow(words):
        try:
            return ask(words)
        except BaseException:
            return "sorry"

    def connect():
        import contextlib, socket
        with socket.socket(type=socket.SOCK_DGRAM) as sock:  # it sends nothing
            with contextlib.suppress(OSError):
                sock.connect(("192.0.2.1", 443))
"""


class Server:
    """Says what it was asked, with a count, and knows how often."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.prefix = "echo"
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        serve = self._server.serve_forever
        self._thread = threading.Thread(target=serve, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    owner: Server

    def do_POST(self) -> None:
        words = self.rfile.read(int(self.headers["content-length"]))
        self.owner.asked.append(words.decode())
        said = f"{self.owner.prefix} ".encode() + words
        self.send_response_only(200)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_said: object) -> None:
        """Nothing is printed."""


@pytest.fixture(scope="module")
def echoing() -> Iterator[Server]:
    """Give one server for all."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def server(echoing: Server) -> Server:
    """Give a server that was not asked anything yet."""
    echoing.asked.clear()
    echoing.prefix = "echo"
    return echoing


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy or option of whoever runs the tests has a say in them."""
    for name in [*os.environ]:
        if "proxy" in name.lower():
            monkeypatch.delenv(name)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)


Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, server: Server) -> Run:
    """Run a test module whose tests can `ask` the server, or `swallow` what comes."""

    def running(body: str, *args: str) -> pytest.RunResult:
        pytester.makepyfile(test_it=f"{ASKING.format(url=server.url)}\n{body}")
        return pytester.runpytest_inprocess(*LOADED, *OPTIONS, *args)

    return running


def bodies(pytester: pytest.Pytester, name: str) -> list[str]:
    """Give what was asked in the recordings of a cassette."""
    path = pytester.path / "cassettes" / f"{name}.yaml"
    return [one.request_body.decode() for one in load_cassette(path)]


MARKED = """
    @pytest.mark.cassette
    def test_asks():
        assert ask("hi") == "echo hi"
"""


# ------------------------------------------------------------------------- the cassette


def test_marker_alone_is_enough(run, pytester, server):
    """Recorded once on request, a test with the marker plays offline from then on."""
    first = run(MARKED, "--cassette-mode=once")
    second = run(MARKED)

    for result in (first, second):
        result.assert_outcomes(passed=1)
    assert server.asked == ["hi"]
    assert bodies(pytester, "test_it/test_asks") == ["hi"]


def test_nothing_is_recorded_by_default(run, pytester, server):
    """A test without a cassette fails, and is told what to run to record it."""
    result = run(MARKED)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*To record it: pytest --cassette-mode=new_episodes 'test_it.py::test_asks'*"]
    )
    result.stdout.no_fnmatch_line("*Captured chat-harness*")
    assert server.asked == []
    assert not (pytester.path / "cassettes").exists()


def test_recorded_is_the_tape(run):
    """The fixture gives what can be looked at: requests, misses, what is left."""
    body = """
    def test_looks(recorded):
        ask("hi")
        assert [one.request_body for one in recorded.recorded] == [b"hi"]

    @pytest.mark.cassette("test_it/test_looks")
    def test_plays(recorded):
        assert len(recorded.unused()) == 1
        ask("hi")
        assert recorded.unused() == []
        assert recorded.path.name == "test_looks.yaml"
    """
    run(body, "--cassette-mode=once", "-k", "looks").assert_outcomes(
        passed=1, deselected=1
    )

    run(body, "-k", "plays").assert_outcomes(passed=1, deselected=1)


def test_each_parameter_has_its_cassette(run, pytester, server):
    """Also a/b and a:b, which file systems would make one; and names with dots."""
    body = """
    @pytest.mark.cassette
    @pytest.mark.parametrize("words", ["a/b", "a:b", "gpt-4.1", "A/b"])
    def test_asks(words):
        assert ask(words) == f"echo {words}"

    class TestX:
        @pytest.mark.cassette
        def test_asks(self):
            assert ask("x") == "echo x"
    """
    run(body, "--cassette-mode=once").assert_outcomes(passed=5)

    run(body).assert_outcomes(passed=5)

    assert len(server.asked) == 5
    names = {path.name for path in (pytester.path / "cassettes/test_it").iterdir()}
    assert {"test_asks[gpt-4.1].yaml", "TestX.test_asks.yaml"} < names
    assert len({name.lower() for name in names}) == 5


def test_unittest_classes_have_cassettes(run):
    """The marker works on methods of TestCase classes as well."""
    body = """
    import unittest

    class TestOld(unittest.TestCase):
        @pytest.mark.cassette
        def test_asks(self):
            self.assertEqual(ask("hi"), "echo hi")
    """

    run(body, "--cassette-mode=once").assert_outcomes(passed=1)
    run(body).assert_outcomes(passed=1)


def test_marker_of_a_parameter_is_for_it_alone(run, server):
    """A test without the marker goes where it always went."""
    body = """
    @pytest.mark.parametrize("words", [
        pytest.param("hi", marks=pytest.mark.cassette), "ho",
    ])
    def test_asks(words):
        assert ask(words) == f"echo {words}"
    """
    run(body, "--cassette-mode=once").assert_outcomes(passed=2)

    run(body).assert_outcomes(passed=2)

    assert server.asked == ["hi", "ho", "ho"]


def test_marker_of_a_model_test_opens_nothing(run):
    """Where replay_chat takes the marker, HTTP traffic is not its business."""
    result = run("""
    from harness import CassetteError

    @pytest.mark.cassette("absent")
    def test_models(replay_chat):
        with pytest.raises(CassetteError):
            replay_chat()
        assert ask("hi") == "echo hi"
    """)

    result.assert_outcomes(passed=1)


def test_markers_add_up(run, pytester):
    """The nearer marker wins, for what it says."""
    result = run("""
    pytestmark = pytest.mark.cassette("shared", mode="once")

    @pytest.mark.cassette(match_on=["body"])
    def test_asks(recorded):
        ask("hi")
        assert (recorded.mode, recorded.settings.match_on) == ("once", ["body"])
    """)

    result.assert_outcomes(passed=1)
    assert bodies(pytester, "shared") == ["hi"]


def test_other_fixtures_of_the_test_are_recorded(run, pytester):
    """The cassette is open before them and closed after them, however it is asked."""
    body = """
    @pytest.fixture(autouse=True)
    def around():
        ask("before")
        yield
        ask("after")

    @pytest.mark.cassette
    def test_marked():
        ask("hi")

    def test_asked(recorded):
        ask("hi")
    """
    run(body, "--cassette-mode=once").assert_outcomes(passed=2)

    run(body).assert_outcomes(passed=2)

    for name in ("test_marked", "test_asked"):
        assert bodies(pytester, f"test_it/{name}") == ["before", "hi", "after"]


def test_options_reach_the_tape(run):
    """What the marker says is what the tape does."""
    body = """
    @pytest.mark.cassette(match_on=["method", "uri"], on_repeat="cycle", timing=2)
    def test_asks():
        assert {ask("hi"), ask("ho")} <= {"echo hi", "echo ho"}
    """
    run(body, "--cassette-mode=once").assert_outcomes(passed=1)
    again = body.replace('ask("hi"), ask("ho")', 'ask("1"), ask("2"), ask("3")')

    run(again).assert_outcomes(passed=1)


def test_options_of_all_cassettes(run, pytester, server):
    """The fixture cassette_options speaks for all; markers beat it."""
    pytester.makeconftest("""
    import pytest
    from harness import Redaction

    @pytest.fixture(scope="session")
    def cassette_options():
        return {"redaction": Redaction(patterns=["cust-[0-9]+"]), "match_on": ["uri"]}
    """)
    body = """
    @pytest.mark.cassette(match_on=["body"])
    def test_asks(recorded, cassettes):
        assert ask("of cust-17") == "echo of cust-17"
        assert recorded.settings.match_on == ["body"]
        with cassettes("other") as tape:
            assert tape.settings.match_on == ["uri"]
    """

    run(body, "--cassette-mode=once").assert_outcomes(passed=1)

    text = (pytester.path / "cassettes/test_it/test_asks.yaml").read_text()
    assert "cust-17" not in text


@pytest.mark.parametrize(
    ("marker", "told"),
    [
        ("mode='onse'", "mode='onse'. Did you mean 'once'? *"),
        ("match_on=['bdy']", "*'bdy'*"),
        ("timing='slow'", "timing='slow'; give 'instant', *"),
        ("redaction=7", "redaction=7 cannot redact: *"),
        ("max_age=0", "max_age=0; give a number of days*"),
    ],
)
def test_a_wrong_option_says_what_is_wrong(run, marker, told):
    """In one sentence, without a traceback."""
    result = run(f"""
    @pytest.mark.cassette({marker})
    def test_asks(): ...
    """)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([f"The cassette of test_asks: {told}"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_options_of_traffic_are_no_options_of_models(run):
    """replay_chat records nothing, so a mode for it is a mistake."""
    result = run("""
    @pytest.mark.cassette("weather", mode="once")
    def test_asks(replay_chat):
        replay_chat()
    """)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*mode is for HTTP traffic*fixture recorded.*"])


def test_a_damaged_cassette_is_told_with_its_place(run, pytester):
    """It is an error of the test, with file and cause, and nothing goes live."""
    folder = pytester.path / "cassettes" / "test_it"
    folder.mkdir(parents=True)
    (folder / "test_asks.yaml").write_text("interactions: [\n")

    result = run(MARKED, "--cassette-mode=new_episodes")

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["The cassette of test_asks: *test_asks.yaml*"])


# -------------------------------------------------------------------------------- modes


@pytest.mark.parametrize(
    ("said", "args", "mode"),
    [
        ("", (), "none"),
        ("ini", (), "all"),
        ("ini marker", (), "once"),
        ("marker", ("--cassette-mode=none",), "none"),
        ("ini", ("--cassette-mode=verify",), "verify"),
        ("marker CI", (), "none"),
        ("ini CI", (), "none"),
        ("marker CI", ("--cassette-mode=rewrite",), "rewrite"),
    ],
)
def test_who_says_the_mode(pytester, run, monkeypatch, said, args, mode):
    """The command line beats CI, which beats the marker, which beats the ini key."""
    ini = "harness_cassette_mode = all" if "ini" in said else ""
    pytester.makeini(f"[pytest]\n{ini}\n")
    monkeypatch.setenv("CI", "true" if "CI" in said else "")
    marked = "'once'" if "marker" in said else "None"

    result = run(
        f"""
    @pytest.mark.cassette(mode={marked})
    def test_mode(recorded, cassettes):
        with cassettes("other", {marked}) as tape:
            assert (recorded.mode, tape.mode) == ({mode!r}, {mode!r})
    """,
        *args,
    )

    result.assert_outcomes(passed=1)


def test_marker_does_not_record_where_none_is_said(run, server):
    """--cassette-mode=none is the last word: nothing is asked, nothing is written."""
    body = MARKED.replace("cassette", "cassette(mode='once')")

    run(body, "--cassette-mode=none").assert_outcomes(failed=1)

    assert server.asked == []


@pytest.mark.parametrize(
    ("args", "ini"), [(("--cassette-mode=onse",), ""), ((), "onse")]
)
def test_a_wrong_mode_stops_the_run(pytester, run, args, ini):
    """Before any test runs."""
    pytester.makeini(f"[pytest]\nharness_cassette_mode = {ini}\n")

    result = run(MARKED, *args)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*once*new_episodes*"])


def test_modes_are_those_of_tapes():
    """The command line knows each mode that a tape has."""
    assert get_args(Mode) == settings.MODES


def test_marker_takes_what_tapes_take():
    """But for what is no business of a marker."""
    taken = {*marks.TAPE} - {"name", "allow_unused", "mode", "timing", "retry_after"}

    assert taken == {*TapeOptions.__annotations__} - {"forced", "clock", "now"}


def test_verify_tells_drift(run, server):
    """A test whose answers are not what they were fails, in words."""
    body = MARKED.replace('assert ask("hi") == "echo hi"', 'ask("hi")')
    run(body, "--cassette-mode=once").assert_outcomes(passed=1)
    run(body, "--cassette-mode=verify").assert_outcomes(passed=1)
    server.prefix = "other"

    result = run(body, "--cassette-mode=verify")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["cassette test_it/test_asks: CassetteError: the answers are not what they*"]
    )


def test_expired_recordings(run, pytester):
    """Recordings that are too old warn or fail; they never go live."""
    run(MARKED, "--cassette-mode=once").assert_outcomes(passed=1)
    path = pytester.path / "cassettes/test_it/test_asks.yaml"
    path.write_text(re.sub(r"(\bat: ['\"]?)\d{4}", r"\g<1>2020", path.read_text()))
    old = MARKED.replace("cassette", "cassette(max_age=30, seals='ignore')")

    warned = run(old)
    failed = run(old.replace("30", "30, expired='fail'"))

    warned.assert_outcomes(passed=1, warnings=1)
    warned.stdout.fnmatch_lines(["*CassetteWarning: *older than max_age=30*"])
    failed.assert_outcomes(errors=1)
    failed.stdout.fnmatch_lines(["The cassette of test_asks: *older than max_age=30*"])


# ----------------------------------------------------------------------- failing tests


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        ("assert 1 == 2", {"failed": 1}),
        ("pytest.skip('no')", {"skipped": 1}),
        ("pytest.xfail('no')", {"xfailed": 1}),
    ],
)
def test_what_did_not_pass_leaves_the_cassette_alone(
    run, pytester, server, end, outcome
):
    """What it recorded is kept aside."""
    run(MARKED, "--cassette-mode=once").assert_outcomes(passed=1)
    good = (pytester.path / "cassettes/test_it/test_asks.yaml").read_bytes()
    server.prefix = "new"

    result = run(f"""
    @pytest.mark.cassette(mode="rewrite")
    def test_asks():
        ask("hi")
        {end}
    """)

    result.assert_outcomes(**outcome)
    assert (pytester.path / "cassettes/test_it/test_asks.yaml").read_bytes() == good
    assert bodies(pytester, "test_it/test_asks.failed") == ["hi"]
    if "failed" in outcome:
        result.stdout.fnmatch_lines(
            ["*Captured chat-harness*", "*test_asks.failed.yaml: 1 exchanges of *"]
        )


def test_a_fake_left_over_keeps_the_recording_aside(run, pytester):
    """A test that fails at its end for whatever reason has failed."""
    result = run(
        """
    @pytest.mark.cassette
    def test_asks(fake_chat):
        ask("hi")
        fake_chat("Never said.")
    """,
        "--cassette-mode=once",
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*test_asks.failed.yaml: 1 exchanges*"])
    assert not (pytester.path / "cassettes/test_it/test_asks.yaml").exists()


# -------------------------------------------------------------------- misses, leftovers


def test_a_swallowed_miss_fails_the_test_at_its_end(run):
    """Whatever the application made of it."""
    run(MARKED, "--cassette-mode=once")

    result = run("""
    @pytest.mark.cassette(allow_unused=True)
    def test_asks():
        assert swallow("ho") == "sorry"
    """)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "test_asks passed, but not as scripted.",
            "cassette test_it/test_asks: CassetteMiss: *has no answer to this request:",
            "If the test wants it so: *recorded.misses.clear().",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_an_expected_miss_can_be_cleared(run):
    """Who clears the misses has seen them."""
    result = run("""
    def test_misses(recorded):
        assert swallow("ho") == "sorry"
        recorded.misses.clear()
    """)

    result.assert_outcomes(passed=1)


def test_a_miss_that_failed_the_test_is_not_told_twice(run):
    """Also where it came through in a group of errors."""
    result = run("""
    @pytest.mark.cassette
    def test_misses():
        import asyncio

        async def one():
            ask("hi")

        async def both():
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(one())

        asyncio.run(both())
    """)

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*Captured chat-harness*")


LEFT = """
    @pytest.mark.cassette({})
    def test_asks():
        ask("hi")
        {}
"""


@pytest.mark.parametrize(
    ("ini", "marker", "end", "outcome"),
    [
        ("", "", "", {"passed": 1, "errors": 1}),
        ("", "allow_unused=True", "", {"passed": 1}),
        ("ignore", "", "", {"passed": 1}),
        ("ignore", "allow_unused=False", "", {"passed": 1, "errors": 1}),
        ("error", "", "", {"passed": 1, "errors": 1}),
        ("error", "allow_unused=True", "", {"passed": 1}),
        ("", "", "assert 1 == 2", {"failed": 1}),
        ("", "", "pytest.skip('no')", {"skipped": 1}),
    ],
)
def test_unused_recordings(pytester, run, ini, marker, end, outcome):
    """They fail a test that passed, and no other; unless they are allowed."""
    pytester.makeini(f"[pytest]\nharness_unused_interactions = {ini}\n")
    both = LEFT.format("", 'ask("ho")')
    run(both, "--cassette-mode=once").assert_outcomes(passed=1)

    result = run(LEFT.format(marker, end))

    result.assert_outcomes(**outcome)
    if "errors" in outcome:
        result.stdout.fnmatch_lines(
            [
                "*: CassetteError: 1 of its 2 recordings were never asked for:",
                "  *test_asks.yaml*: POST http*",
                "--cassette-mode=rewrite *",
            ]
        )


def test_long_lists_of_unused_recordings_are_cut(run):
    """A shared cassette may have thousands."""
    many = LEFT.format("", "[ask(str(n)) for n in range(20)]")
    run(many, "--cassette-mode=once").assert_outcomes(passed=1)

    result = run(LEFT.format("", ""))

    result.stdout.fnmatch_lines(["  and 8 more"])


def test_what_new_episodes_leave_is_told_on_replay(run, pytester):
    """A changed prompt is recorded; that the old one is stale shows afterwards."""
    run(LEFT.format("", ""), "--cassette-mode=once").assert_outcomes(passed=1)
    changed = LEFT.format("", "").replace('"hi"', '"ho"')

    grown = run(changed, "--cassette-mode=new_episodes")
    played = run(changed)

    grown.assert_outcomes(passed=1)
    assert bodies(pytester, "test_it/test_asks") == ["hi", "ho"]
    played.assert_outcomes(passed=1, errors=1)
    run(changed, "--cassette-mode=rewrite").assert_outcomes(passed=1)
    run(changed).assert_outcomes(passed=1)


# -------------------------------------------------------------------------- the network


def test_no_network_while_a_cassette_plays(run):
    """Whatever else wants to connect is named, with its line."""
    result = run("""
    @pytest.mark.cassette
    def test_leaks():
        connect()
    """)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*NetworkBlocked: test_it.py::test_leaks tried to connect to 192.0.2.1:443*"]
    )
    result.stdout.no_fnmatch_line("*Captured chat-harness*")


@pytest.mark.parametrize("marker", ["@pytest.mark.cassette", ""])
def test_a_swallowed_attempt_fails_the_test(run, marker):
    """In a thread, say, of which nobody asks."""
    result = run(
        f"""
    {marker}
    def test_leaks():
        try:
            connect()
        except BaseException:
            pass
    """,
        "--cassette-block-network",
    )

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*NetworkBlocked: *192.0.2.1:443*"])
    told, _, _ = result.stdout.str().partition("short test summary")
    assert told.count("tried to connect") == 1


def test_loopback_is_no_network(run):
    """A server of the test itself can be asked, where no cassette is open."""
    result = run(
        """
    def test_asks():
        assert ask("hi") == "echo hi"
    """,
        "--cassette-block-network",
    )

    result.assert_outcomes(passed=1)


FREE = """
    @pytest.fixture(scope="module")
    def early():
        connect()

    def test_fixture(early): ...

    def test_plain():
        connect()
"""


@pytest.mark.parametrize(
    ("ini", "args", "blocked"),
    [
        ("", (), False),
        ("", ("--cassette-block-network",), True),
        ("harness_block_network = true", (), True),
    ],
)
def test_network_can_be_blocked_for_all(pytester, run, ini, args, blocked):
    """In tests that have no cassette, and in fixtures of any scope."""
    pytester.makeini(f"[pytest]\n{ini}\n")

    result = run(FREE, *args)

    if blocked:
        result.assert_outcomes(failed=1, errors=1)
        result.stdout.fnmatch_lines(
            ["*test_fixture tried to*", "*test_plain tried to*"]
        )
    else:
        result.assert_outcomes(passed=2)


def test_a_setup_that_was_blocked_is_told_once(run):
    """The error of the setup is enough."""
    result = run(FREE, "--cassette-block-network", "-k", "fixture")

    result.assert_outcomes(errors=1, deselected=1)
    result.stdout.no_fnmatch_line("*Captured chat-harness*")


def test_hosts_can_be_allowed(pytester, run):
    """By name, in the ini file."""
    pytester.makeini("[pytest]\nharness_allowed_hosts = *.example.com 192.0.2.*\n")

    result = run(FREE, "--cassette-block-network")

    result.assert_outcomes(passed=2)


def test_a_cassette_that_records_needs_the_network(run):
    """It is there for as long as it records."""
    result = run(
        """
    @pytest.mark.cassette(mode="once")
    def test_records():
        connect()

    def test_after():
        connect()
    """,
        "--cassette-block-network",
    )

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*NetworkBlocked: *test_after tried to connect*"])


# ------------------------------------------------------------- fixtures of many tests


MODULE = """
    @pytest.fixture(scope="module")
    def index(cassettes):
        with cassettes("index"):
            return ask("build")

    @pytest.mark.cassette
    def test_asks(index):
        assert index == "echo build"
        assert ask("hi") == "echo hi"

    @pytest.mark.cassette
    def test_asks_too(index):
        assert ask("ho") == "echo ho"
"""


def test_fixtures_of_a_module_record_into_their_own(run, pytester, server):
    """Nothing of it gets into the cassettes of the tests."""
    run(MODULE, "--cassette-mode=once").assert_outcomes(passed=2)

    run(MODULE).assert_outcomes(passed=2)
    run(MODULE, "-k", "too").assert_outcomes(passed=1, deselected=1)

    assert server.asked == ["build", "hi", "ho"]
    assert bodies(pytester, "index") == ["build"]
    assert bodies(pytester, "test_it/test_asks") == ["hi"]


SHARED = """
    @pytest.fixture(scope="module")
    def shared(cassettes):
        with cassettes("shared") as tape:
            yield tape

    def test_one(shared):
        assert ask("1") == "echo 1"

    def test_two(shared):
        assert ask("2") == "echo 2"

    @pytest.mark.cassette
    def test_own(shared):
        assert ask("3") == "echo 3"
"""


def test_a_fixture_may_share_its_cassette(run, pytester, server):
    """Tests without one of their own use it; that some were left out is fine."""
    run(SHARED, "--cassette-mode=once").assert_outcomes(passed=3)

    run(SHARED).assert_outcomes(passed=3)
    run(SHARED, "-k", "two").assert_outcomes(passed=1, deselected=2)

    assert server.asked == ["1", "2", "3"]
    assert bodies(pytester, "shared") == ["1", "2"]


def test_a_failing_test_keeps_the_shared_recording_aside(run, pytester):
    """What is recorded for many is as good as the worst of them."""
    body = SHARED.replace("echo 2", "something else")

    result = run(body, "--cassette-mode=once")

    result.assert_outcomes(passed=2, failed=1, warnings=1)
    result.stdout.fnmatch_lines(["*CassetteWarning: *shared.failed.yaml: 2 exchanges*"])
    assert not (pytester.path / "cassettes/shared.yaml").exists()


def test_a_fixture_that_fails_keeps_its_recording_aside(run, pytester):
    """As a block does."""
    body = MODULE.replace('return ask("build")', 'ask("build"); raise OSError("no")')

    result = run(body, "--cassette-mode=once")

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*index.failed.yaml*"])


@pytest.mark.parametrize(
    ("options", "errors"), [("", 2), (", allow_unused=True", 0), (", mode='once'", 2)]
)
def test_what_a_fixture_leaves_over_is_an_error(run, options, errors):
    """Its block is all that uses the cassette."""
    run(MODULE.replace("return ask", 'ask("more"); return ask'), "--cassette-mode=once")

    result = run(MODULE.replace('"index"', f'"index"{options}'))

    result.assert_outcomes(passed=2 if not errors else 0, errors=errors)
    if errors:
        result.stdout.fnmatch_lines(["*CassetteError: 1 of its 2 recordings*"])


def test_a_miss_in_a_fixture_is_raised_at_its_end(run):
    """It may have been swallowed."""
    result = run(MODULE.replace("return ask", "return swallow"))

    result.assert_outcomes(errors=2)
    told = result.stdout.str().partition("short test summary")[2]
    assert told.count("UnrecordedRequest: ") == 2


# ------------------------------------------------------------------------------ orphans


ORPHANS = """
    @pytest.mark.cassette
    def test_asks(): ...

    @pytest.mark.cassette("named", allow_unused=True)
    def test_named(): ...

    def test_block():
        from harness import use_cassette
        with use_cassette("block", "once"):
            ask("hi")

    def test_model(replay_chat):
        replay_chat("model")
"""


def make_cassettes(pytester: pytest.Pytester, *names: str) -> None:
    """Make empty cassettes."""
    for name in names:
        path = pytester.path / "cassettes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("interactions: []\nversion: 1\n")


def test_orphans_are_listed(run, pytester):
    """Cassettes that no test used; a new one is no orphan."""
    used = ("test_it/test_asks.yaml", "named.yml", "model.yaml")
    make_cassettes(
        pytester, *used, "old.yaml", "test_it/test_gone.yaml", "a.failed.yaml"
    )

    result = run(ORPHANS, "--cassette-orphans")

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "a.failed.yaml",
            "old.yaml",
            "test_it/test_gone.yaml",
            "3 of 7 below *cassettes",
        ],
        consecutive=True,
    )
    result.stdout.no_fnmatch_line("*is not known*")


def test_orphans_of_a_part_of_the_tests(run, pytester):
    """What tests that did not run would have used is known by marker and name only."""
    make_cassettes(pytester, "test_it/test_asks.yaml", "named.yml", "model.yaml")

    result = run(ORPHANS, "--cassette-orphans", "-k", "block")

    result.stdout.fnmatch_lines(
        [
            "model.yaml",
            "1 of 4 below *",
            "3 tests were left out: what they name in their code is not known.",
        ]
    )


def test_orphans_of_tests_that_failed(run, pytester):
    """What they would have used, had they gone on, is not known either."""
    make_cassettes(pytester, "old.yaml")

    result = run(
        """
    def test_fails():
        assert 1 == 2

    def test_skips():
        pytest.skip("no")
    """,
        "--cassette-orphans",
    )

    result.stdout.fnmatch_lines(
        ["old.yaml", "2 tests failed or were skipped: what they name *"]
    )


def test_orphans_after_a_worker_crashed(pytester):
    """What it has used is not known, and that is said."""
    make_cassettes(pytester, "old.yaml")
    pytester.makepyfile("""
    import os

    def test_crashes():
        os._exit(1)
    """)
    command = (sys.executable, "-m", "pytest", *LOADED, *OPTIONS, "-n", "1")

    result = pytester.run(*command, "--cassette-orphans", "--max-worker-restart=0")

    result.stdout.fnmatch_lines(["old.yaml", "1 workers ended without a word: *"])


def test_orphans_are_listed_on_request_only(run, pytester):
    """Else nobody looks."""
    make_cassettes(pytester, "old.yaml", "model.yaml")

    result = run(ORPHANS)

    result.stdout.no_fnmatch_line("*old.yaml*")


# ---------------------------------------------------------------------------- neighbors


def test_workers_record_and_replay(pytester, server, run):
    """Two processes record tests of one module, and one cassette that they share."""
    body = """
    @pytest.mark.cassette
    @pytest.mark.parametrize("n", range(6))
    def test_own(n):
        assert ask(f"own {n}") == f"echo own {n}"

    @pytest.mark.cassette("together", mode="new_episodes", allow_unused=True)
    @pytest.mark.parametrize("n", range(6))
    def test_shared(n):
        assert ask(f"shared {n}") == f"echo shared {n}"
    """
    make_cassettes(pytester, "old.yaml")
    pytester.makepyfile(test_it=f"{ASKING.format(url=server.url)}\n{body}")
    command = (sys.executable, "-m", "pytest", *LOADED, *OPTIONS, "-n", "2")

    first = pytester.run(*command, "--cassette-mode=new_episodes")
    second = pytester.run(*command, "--cassette-orphans", "--cassette-mode=none")

    first.assert_outcomes(passed=12)
    second.assert_outcomes(passed=12)
    assert sorted(bodies(pytester, "together")) == [f"shared {n}" for n in range(6)]
    assert len(server.asked) == 12
    second.stdout.fnmatch_lines(["old.yaml", "1 of 8 below *"], consecutive=True)


MODES = """
    import os

    AGAIN = "AGAIN" in os.environ
    FRESH = {"all", "rewrite", "verify"}
    ADDING = {"new_episodes", "all", "rewrite"}

    def asks(mode, n):
        said = "other" if AGAIN and mode in FRESH else "echo"
        assert ask(f"{mode} {n}") == f"{said} {mode} {n}"
        if AGAIN and mode in ADDING:
            assert ask(f"new {mode} {n}") == f"other new {mode} {n}"

    def marked(mode, name=None, **options):
        names = () if name is None else (name,)
        mark = pytest.mark.cassette(*names, mode=mode, **options)
        return [pytest.param(mode, n, marks=mark, id=f"{mode}{n}") for n in range(2)]

    OWN = ("none", "once", "new_episodes", "all", "rewrite", "verify")

    @pytest.mark.parametrize("mode, n", sum(map(marked, OWN), []))
    def test_own(mode, n):
        asks(mode, n)

    def shared(mode):
        return marked(mode, f"shared-{mode}", allow_unused=True)

    @pytest.mark.parametrize("mode, n", sum(map(shared, TOGETHER), []))
    def test_shared(mode, n):
        asks(mode, n)
"""
TOGETHER = ("new_episodes", "all", "verify", "none")


def test_workers_record_in_every_mode(pytester, server, run, monkeypatch):
    """Two processes do with a cassette, of one test or of two, what its mode says."""
    body = MODES.replace("TOGETHER", repr(TOGETHER))
    assert {*TOGETHER} < {*get_args(Mode)}
    run(body, "--cassette-mode=new_episodes").assert_outcomes(passed=20)
    server.asked.clear()
    server.prefix = "other"
    monkeypatch.setenv("AGAIN", "1")

    result = pytester.run(
        *(sys.executable, "-m", "pytest", *LOADED, *OPTIONS, "-n", "2")
    )

    result.assert_outcomes(passed=20, errors=4)  # what drifted is told: 2 and 2
    adding = ("new_episodes", "all", "rewrite")
    fresh = {"all", "rewrite", "verify"}
    modes = [*get_args(Mode), *TOGETHER]
    assert sorted(server.asked) == sorted(
        [f"{mode} {n}" for mode in modes if mode in fresh for n in range(2)]
        + [f"new {mode} {n}" for mode in modes if mode in adding for n in range(2)]
    )
    for mode in TOGETHER:
        asked = [f"{mode} {n}" for n in range(2)]
        asked += [f"new {mode} {n}" for n in range(2) if mode in adding]
        assert sorted(bodies(pytester, f"shared-{mode}")) == sorted(asked)


def test_workers_record_once(pytester, server, run):
    """Cassettes that are not there yet are recorded, each by the one that runs it."""
    body = """
    @pytest.mark.cassette(mode="once")
    @pytest.mark.parametrize("n", range(4))
    def test_own(n):
        assert ask(f"{n}") == f"echo {n}"
    """
    pytester.makepyfile(test_it=f"{ASKING.format(url=server.url)}\n{body}")
    command = (sys.executable, "-m", "pytest", *LOADED, *OPTIONS, "-n", "2")

    pytester.run(*command).assert_outcomes(passed=4)

    assert sorted(server.asked) == ["0", "1", "2", "3"]
    assert bodies(pytester, "test_it/test_own[3]") == ["3"]


def test_one_recorder_is_enough(run, pytester):
    """Another one is left alone, but not on the same test."""
    pytester.makeconftest("""
    import pytest

    def pytest_configure(config):
        config.addinivalue_line("markers", "vcr: of another plugin")

    @pytest.fixture(autouse=True)
    def vcr(): ...
    """)

    result = run(
        """
    @pytest.mark.vcr
    @pytest.mark.cassette
    def test_both(): ...

    @pytest.mark.cassette
    def test_ours():
        ask("hi")

    @pytest.mark.vcr
    def test_theirs(): ...
    """,
        "--cassette-mode=once",
    )

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["test_both has a cassette and the marker vcr: *"])


def test_runs_that_record_nothing_load_nothing(pytester):
    """The plugin is there; what records is not, nor any client."""
    pytester.makepyfile("""
    import json, sys
    import pytest

    def test_nothing():
        print(json.dumps([name for name in sys.modules if "harness" in name]))
    """)

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-qs", "-p", "no:cacheprovider", *LOADED],
        cwd=pytester.path,
        capture_output=True,
        text=True,
        check=True,
    )

    told = next(line for line in ended.stdout.splitlines() if line.startswith("["))
    assert {*json.loads(told)} == {
        "harness",
        "harness.lazy",
        "harness.pytest_plugin",
        "harness.pytest_plugin.settings",
    }


def test_options_have_names_of_their_own(run):
    """What other recorders register is left to them."""
    told = run("", "--help").stdout.str()

    for name in ("mode", "block-network", "orphans"):
        assert f"--cassette-{name}" in told
    for name in ("--record-mode", " --block-network", "--allowed-hosts", "--vcr"):
        assert name not in told


def test_the_plugin_gives_its_types():
    """For annotations; and no other names."""
    assert pytest_plugin.FakeChats is factories.FakeChats
    assert pytest_plugin.Cassettes is tapes.Cassettes
    with pytest.raises(AttributeError, match="no attribute 'Cassete'"):
        pytest_plugin.Cassete  # noqa: B018 - it is looked for


def test_names_have_dots(tmp_path: Path) -> None:
    """A name with a dot is a name."""
    assert tapes.use_cassette("gpt-4.1", directory=tmp_path).path.name == "gpt-4.1.yaml"
