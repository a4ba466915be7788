"""The fixture `fake_provider`, from outside: what a user's tests see of it."""

from importlib.metadata import entry_points

import anthropic  # noqa: F401 - else each inner run loads, and drops, its own copy
import httpx2  # noqa: F401 - as above
import jsonschema  # noqa: F401 - as above
import openai  # noqa: F401 - as above
import pytest
import regex  # noqa: F401 - as above
import yaml  # noqa: F401 - as above

from harness import fake_provider, transports  # noqa: F401 - as above
from harness.scripts.files import load_script  # noqa: F401 - as above

IS_INSTALLED = any(
    point.value == "harness.pytest_plugin" for point in entry_points(group="pytest11")
)
LOADED = () if IS_INSTALLED else ("-p", "harness.pytest_plugin")

SWALLOWING = """
    import pytest
    from harness import UnscriptedRequest, call, fail, say

    def ask(fake, text):
        try:
            return fake.openai().responses.create(model="m", input=text).output_text
        except BaseException:
            return "sorry"
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Run a test module in a folder of its own."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def running(body, *args):
        pytester.makepyfile(test_it=f"{SWALLOWING}\n{body}")
        options = ("-p", "no:randomly", "-p", "no:cacheprovider", "--strict-markers")
        return pytester.runpytest_inprocess(*LOADED, *options, *args)

    return running


def test_fake_provider_makes_providers(run):
    """It makes any number for one test, each with its own turns and options."""
    result = run("""
    def test_two(fake_provider):
        first, second = fake_provider("Hello!", "Bye."), fake_provider("Hm", seed=3)
        assert [ask(first, "a"), ask(first, "b")] == ["Hello!", "Bye."]
        assert ask(second, "c") == "Hm"
        assert second.script.seed == 3
    """)

    result.assert_outcomes(passed=1)


def test_unused_turns_fail_the_test_at_its_end(run):
    """Turns that nothing asked for are an error of the teardown, which names them."""
    result = run("""
    def test_half(fake_provider):
        assert ask(fake_provider("Hello!", "Never said."), "Hi") == "Hello!"
    """)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "test_half passed, but not as scripted.",
            "fake_provider(...): UnusedTurns: 1 of 2 turns were never asked for:",
            "  turn 2: 'Never said.'",
            "  0. human: 'Hi' -> turn 1: 'Hello!'",
            "If the test wants it so: allow_unused=True, * fake.failures.clear(), *",
        ]
    )
    result.stdout.no_fnmatch_line("*pytest_plugin*.py*")


def test_unused_turns_may_be_allowed(run, pytester):
    """allow_unused lets turns be left over, whichever way the script is given."""
    (pytester.path / "fakes").mkdir()
    (pytester.path / "fakes" / "greeting.yaml").write_text("turns: [Hello!]")

    result = run("""
    def test_none(fake_provider):
        fake_provider("Hello!", allow_unused=True)
        fake_provider.load("greeting", allow_unused=True)
    """)

    result.assert_outcomes(passed=1)


def test_scripts_are_loaded_by_name_and_checked(run, pytester):
    """An unused turn of a file is told with file and line."""
    (pytester.path / "fakes").mkdir()
    (pytester.path / "fakes" / "greeting.yaml").write_text("turns:\n- Hello!\n- Bye.\n")

    result = run("""
    def test_loads(fake_provider):
        assert ask(fake_provider.load("greeting"), "Hi") == "Hello!"
    """)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["fake_provider.load('greeting'): UnusedTurns: *", "*fakes/greeting.yaml:3*"]
    )


def test_a_swallowed_error_of_the_script_fails_the_test_at_its_end(run):
    """What the application caught is not lost, though it is no Exception."""
    result = run("""
    def test_swallows(fake_provider):
        fake = fake_provider("Hello!", say(call("search")))
        assert [ask(fake, "Hi"), ask(fake, "Go"), ask(fake, "On")] == [
            "Hello!", "sorry", "sorry"
        ]
    """)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "fake_provider(...): ScriptError: The script contradicts the request in *",
            "fake_provider(...): ScriptExhausted: *2 turns*is asked 'On' in call 3.*",
        ]
    )


def test_a_swallowed_wait_without_end_fails_the_test_too(run):
    """A client without a timeout, and an answer that never comes."""
    result = run("""
    def test_waits(fake_provider):
        client = fake_provider(fail("timeout")).openai(timeout=None)
        try:
            client.responses.create(model="m", input="Hi")
        except BaseException:
            pass
    """)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["fake_provider(...): ScriptError: Nothing more comes of the answer to POST *"]
    )


def test_an_error_that_the_test_expects_is_cleared(run):
    """Else it would fail the test, which cannot be told from one that hid it."""
    result = run("""
    def test_expected(fake_provider):
        fake = fake_provider()
        with pytest.raises(UnscriptedRequest):
            fake.openai().responses.create(model="m", input="Hi")
        fake.failures.clear()

    def test_not_cleared(fake_provider):
        fake = fake_provider()
        with pytest.raises(UnscriptedRequest):
            fake.openai().responses.create(model="m", input="Hi")
    """)

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["test_not_cleared passed, but not as scripted."])


def test_a_test_that_failed_for_it_tells_it_once(run):
    """The error is in the traceback, and nothing of it in a section of its own."""
    result = run("""
    def test_fails(fake_provider):
        fake_provider().openai().responses.create(model="m", input="Hi")
    """)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*UnscriptedRequest: The script has no turns*"])
    result.stdout.no_fnmatch_line("*fake_provider(...):*")


def test_the_seed_of_the_command_line_is_taken(run):
    """Unless the script has its own."""
    result = run(
        """
    from harness import Script

    def test_seeds(fake_provider):
        assert fake_provider().script.seed == 7
        assert fake_provider(seed=3).script.seed == 3
        assert fake_provider(Script()).script.seed == 0
    """,
        "--harness-seed=7",
    )

    result.assert_outcomes(passed=1)
