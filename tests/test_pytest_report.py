"""`--harness-report`, from outside: the page that a run of users' tests leaves."""

import base64
import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx  # noqa: F401 - else each inner run loads, and drops, its own copy
import pytest
import yaml  # noqa: F401 - as above

from harness.pytest_plugin import reporting, shown  # noqa: F401 - as above
from harness.recording import use_cassette  # noqa: F401 - as above

IS_INSTALLED = any(
    point.value == "harness.pytest_plugin" for point in entry_points(group="pytest11")
)
LOADED = () if IS_INSTALLED else ("-p", "harness.pytest_plugin")
OPTIONS = ("-p", "no:randomly", "-p", "no:cacheprovider", "--strict-markers")
COMMAND = (sys.executable, "-m", "pytest", *LOADED, *OPTIONS)
ASKED = {"model": "m", "messages": [{"role": "user", "content": "Weather in Oslo?"}]}
URL = "https://api.openai.com/v1/chat/completions"
TESTS = f"""
    import httpx
    import pytest

    from harness import call, say

    URL, ASKED = {URL!r}, {ASKED!r}

    def test_nothing():
        pass

    def test_fake(fake_chat):
        model = fake_chat("Hello!", "Bye!")
        assert model.invoke("Hi").text == "Hello!"
        assert [chunk.text for chunk in model.stream("Bye")]

    def test_provider(fake_provider):
        client = httpx.Client(transport=fake_provider("Sunny.").transport())
        assert client.post(URL, json=ASKED).status_code == 200

    def test_other_words(fake_chat):
        assert fake_chat("Hello!").invoke("Hi").text == "Goodbye!"

    def test_contradiction(fake_chat):
        fake_chat(say(call("get_wether", city="Oslo"))).invoke("Hi")

    @pytest.mark.cassette("oslo")
    def test_tape():
        assert httpx.post(URL, json=ASKED).json()["choices"]

    @pytest.mark.cassette("oslo")
    def test_miss():
        said = {{"role": "user", "content": "Weather in Rome?"}}
        httpx.post(URL, json={{**ASKED, "messages": [said]}})

    @pytest.mark.cassette("oslo")
    def test_replay(replay_chat):
        assert replay_chat().invoke("Weather in Oslo?").text == "Rain."

    @pytest.mark.cassette("oslo")
    def test_replay_misses(replay_chat):
        replay_chat().invoke("Weather in Lima?")

    @pytest.mark.skip
    def test_skipped(fake_chat):
        pass
"""
CASSETTE = f"""\
interactions:
- request:
    method: POST
    uri: {URL}
    headers: {{content-type: [application/json]}}
    body: '{json.dumps(ASKED)}'
  response:
    status: {{code: 200, message: OK}}
    headers: {{}}
    body:
      string: '{{"choices": [{{"index": 0, "finish_reason": "stop",
        "message": {{"role": "assistant", "content": "Rain."}}}}]}}'
version: 1
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run these tests, or others, with a cassette to play."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.mkdir("cassettes").joinpath("oslo.yaml").write_text(CASSETTE, "utf-8")

    def running(*args: str, tests: str = TESTS) -> pytest.RunResult:
        pytester.makepyfile(test_it=tests)
        return pytester.runpytest_inprocess(*LOADED, *OPTIONS, *args)

    return running


def read(path: Path) -> dict[str, dict[str, Any]]:
    """Give what the page at *path* holds of each test, by name, in its order."""
    page = path.read_text("utf-8")
    packs = re.findall(r'<script type="application/gzip" id="(.*?)">(.*?)<', page)
    index, *details = (
        json.loads(gzip.decompress(base64.b64decode(text))) for _, text in packs
    )
    found = [
        {**entry, "shared": one["shared"]}
        for one in details
        for entry in one["entries"]
    ]
    return {
        row["title"]: {**row, **detail}
        for row, detail in zip(index["rows"], found, strict=True)
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    """Give what a run of all these tests prints, and what its page holds."""
    home = tmp_path_factory.mktemp("whole")
    (home / "cassettes").mkdir()
    (home / "cassettes" / "oslo.yaml").write_text(CASSETTE, "utf-8")
    (home / "test_it.py").write_text(dedent(TESTS), "utf-8")
    hidden = {"PYTEST_ADDOPTS"}
    done = subprocess.run(
        [*COMMAND, "--harness-report", "out/report.html"],
        cwd=home,
        env={name: value for name, value in os.environ.items() if name not in hidden},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout, read(home / "out" / "report.html")


def test_each_test_with_a_model_is_there(whole):
    """Those that failed come first; a test without a model is left out."""
    printed, tests = whole

    assert "4 failed, 5 passed, 1 skipped" in printed
    assert "chat-harness report" in printed
    assert "report.html: 8 tests\n" in printed
    assert [(name, one["outcome"]) for name, one in tests.items()] == [
        ("test_other_words", "failed"),
        ("test_contradiction", "failed"),
        ("test_miss", "failed"),
        ("test_replay_misses", "failed"),
        ("test_fake", "passed"),
        ("test_provider", "passed"),
        ("test_tape", "passed"),
        ("test_replay", "passed"),
    ]
    assert "assert 'Hello!' == 'Goodbye!'" in tests["test_other_words"]["problem"]
    assert tests["test_fake"]["id"] == "test_it.py::test_fake"


@pytest.mark.parametrize(
    ("name", "labels", "answers"),
    [
        ("test_fake", ["fake_chat(...)"], ["Hello!", "Bye!"]),
        ("test_provider", ["fake_provider(...)"], ["Sunny."]),
        ("test_tape", ["cassette oslo"], ["Rain."]),
        ("test_replay", ["cassette oslo"], ["Rain."]),
        ("test_other_words", ["fake_chat(...)"], ["Hello!"]),
    ],
)
def test_conversations_are_shown(whole, name, labels, answers):
    """Journals, requests over HTTP and recordings that played, each numbered."""
    test = whole[1][name]

    said = [one for part in test["parts"] for one in part["exchanges"]]
    assert [part["label"] for part in test["parts"]] == labels
    assert [one["answer"]["content"] for one in said] == answers
    assert [one["number"] for one in said] == [n + 1 for n in range(len(answers))]
    assert test["misses"] == []


@pytest.mark.parametrize(
    ("name", "asked"),
    [("test_miss", "Weather in Rome?"), ("test_replay_misses", "Weather in Lima?")],
)
def test_a_miss_stands_beside_the_nearest_recording(whole, name, asked):
    """What was asked and what was recorded are both there, and how they differ."""
    test = whole[1][name]

    (miss,) = test["misses"]
    texts = [
        test["shared"][miss[side]["request"]["messages"][0]]["content"]
        for side in ("asked", "nearest")
    ]
    assert texts == [asked, "Weather in Oslo?"]
    assert "has no answer to this request" in miss["told"]
    assert miss["asked"]["answer"] is None
    assert miss["nearest"]["answer"]["content"] == "Rain."


def test_a_contradiction_stands_beside_its_turn(whole):
    """What a script could not say to a request is shown beside that request."""
    test = whole[1]["test_contradiction"]

    (miss,) = test["misses"]
    assert "get_wether" in miss["told"]
    assert test["shared"][miss["asked"]["request"]["messages"][0]]["content"] == "Hi"
    assert miss["nearest"]["answer"]["tool_calls"][0]["args"] == {"city": "Oslo"}


def test_what_fails_at_the_end_is_shown_as_failed(run, pytester):
    """Turns that nothing asked for fail the test when it is over: that is told too."""
    unused = """
        def test_unused(fake_chat):
            fake_chat("Hello!", "Bye!").invoke("Hi")

        def test_both(fake_chat):
            fake_chat("Hello!").invoke("Hi")
            assert False
    """
    run("--harness-report=report.html", tests=unused)

    tests = read(pytester.path / "report.html")
    assert [one["outcome"] for one in tests.values()] == ["error", "failed"]
    assert "1 of 2 turns were never asked for" in tests["test_unused"]["problem"]


def test_no_secret_is_written(run, pytester):
    """What a test says and asks is redacted, and so is its failure; a note tells."""
    key = "sk-proj-Zq3vY8tR5wN2mK7pL4jH9gF6dS1aXcVbEuTiOyPw"
    tests = f"""
        import httpx

        def test_key(fake_chat, fake_provider):
            model = fake_chat("The key is {key}.")
            assert model.invoke("Is it {key}?").text == "{key}"
    """
    run("--harness-report=report.html", tests=tests)

    path = pytester.path / "report.html"
    held = json.dumps(read(path))
    assert key not in held + path.read_text("utf-8")
    assert held.count("REDACTED-") > 3


def test_it_can_be_set_for_each_run(run, pytester):
    """The ini key is below rootdir; the option beats it; without both there is none."""
    run("-k", "test_fake")
    assert list(pytester.path.glob("*.html")) == []

    pytester.makeini("[pytest]\nharness_report = all.html")
    run("-k", "test_fake")
    run("-k", "test_fake", "--harness-report", "one.html")

    assert sorted(path.name for path in pytester.path.glob("*.html")) == [
        "all.html",
        "one.html",
    ]


def test_a_run_without_tests_has_a_page(run, pytester):
    """The page is there, whoever looks for it."""
    run("--harness-report=report.html", "-k", "no_such_test")

    assert "Tests of" in (pytester.path / "report.html").read_text("utf-8")


def test_a_folder_is_refused(run, pytester):
    """It is said before any test runs."""
    result = run("--harness-report=cassettes")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --harness-report: *cassettes is a folder; name the file: *.html."]
    )


def test_workers_send_their_part(run, pytester):
    """Under pytest-xdist it is one page, the failed tests first."""
    pytest.importorskip("xdist")
    pytester.makepyfile(test_it=TESTS)
    done = pytester.run(
        *COMMAND, "-n", "1", "--harness-report=report.html", "-k", "fake or words"
    )

    tests = read(pytester.path / "report.html")
    outcomes = [one["outcome"] for one in tests.values()]
    done.assert_outcomes(passed=1, failed=1)
    assert outcomes == ["failed", "passed"]
    done.stdout.fnmatch_lines(["*report.html: 2 tests"])
