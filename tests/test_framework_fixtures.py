"""The plugin's fixtures for frameworks, from outside: what a user's tests see."""

import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema  # noqa: F401 - else each inner run loads, and drops, its own copy
import pytest
import regex  # noqa: F401 - as above
import yaml  # noqa: F401 - as above

from harness import fake, replay  # noqa: F401 - as above
from harness.bridges import langchain, pydantic_ai  # noqa: F401 - as above
from harness.scripts.files import load_script  # noqa: F401 - as above

ROOT = Path(__file__).parent.parent
FRAMEWORKS = ("langchain", "pydantic_ai")

ASKING = """
    import asyncio
    from pydantic_ai import Agent
    from pydantic_ai.models import Model

    def ask(model, text):
        if isinstance(model, Model):
            return asyncio.run(Agent(model).run(text)).output
        return model.invoke(text).text

    def swallow(model, text):
        try:
            return ask(model, text)
        except Exception:
            return "sorry"
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Run a test module in a folder of its own, with our scripts and cassettes."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    for folder in ("cassettes", "fakes"):
        shutil.copytree(ROOT / folder, pytester.path / folder)

    def running(body, *args):
        pytester.makepyfile(test_it=f"{ASKING}\n{body}")
        options = ("-p", "no:randomly", "-p", "no:cacheprovider", "--strict-markers")
        return pytester.runpytest_inprocess(*options, *args)

    return running


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_fakes_play_scripts(run, name):
    """Any number in one test; the journal is the script's."""
    result = run(f"""
    def test_two(fake_{name}):
        first, second = fake_{name}("Hello!", "Bye."), fake_{name}("Hi.", seed=3)
        assert [ask(first, "a"), ask(first, "b")] == ["Hello!", "Bye."]
        assert ask(second, "c") == "Hi."
        first.chat.assert_called(2)
        first.chat.assert_asked("b")
    """)

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_what_was_not_asked_for_fails_the_test(run, name):
    """As with fake_chat, and allowed as there."""
    result = run(f"""
    def test_left(fake_{name}):
        assert ask(fake_{name}("Hello!", "Bye."), "a") == "Hello!"

    def test_allowed(fake_{name}):
        fake_{name}("Hello!", allow_unused=True)
    """)

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines([f"*fake_{name}(...)*", "*'Bye.'*"])


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_what_the_application_swallowed_fails_the_test(run, name):
    """An exhausted script is heard of at the end."""
    result = run(f"""
    def test_swallowed(fake_{name}):
        assert swallow(fake_{name}(), "a") == "sorry"
    """)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*The script has no turns, and is asked 'a'*"])


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_scripts_are_loaded_by_name(run, name):
    """From the folder of fakes."""
    result = run(f"""
    def test_loaded(fake_{name}):
        model = fake_{name}.load("weather", allow_unused=True)
        assert len(model.chat.script.unused()) > 0
    """)

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_cassettes_are_replayed(run, name):
    """By name, and as the marker says; what is left over fails where that is asked."""
    result = run(
        f"""
    import pytest

    def test_named(replay_{name}):
        said = ask(replay_{name}("weather"), "Hello!")
        assert said == "Hello! Ask me about the weather anywhere."

    @pytest.mark.cassette("weather")
    def test_marked(replay_{name}):
        assert ask(replay_{name}(), "Hello!").startswith("Hello!")

    def test_missed(replay_{name}):
        model = replay_{name}("weather")
        with pytest.raises(BaseException, match="Goodbye"):
            ask(model, "Goodbye!")
        model.chat.cassette.misses.clear()

    def test_left(replay_{name}):
        replay_{name}("weather", allow_unused=False)
    """
    )

    result.assert_outcomes(passed=4, errors=1)
    result.stdout.fnmatch_lines(["*recordings were never asked for*"])


def test_both_frameworks_in_one_test(run):
    """Beside models of our own."""
    result = run("""
    def test_all(fake_chat, fake_langchain, fake_pydantic_ai):
        models = fake_chat("1"), fake_langchain("2"), fake_pydantic_ai("3")
        assert [ask(model, "Hi") for model in models] == ["1", "2", "3"]
    """)

    result.assert_outcomes(passed=1)


def test_a_framework_is_loaded_where_it_is_used(tmp_path):
    """A run that uses neither fixture loads neither framework."""
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_none(fake_chat, replay_chat):\n"
        "    fake_chat('Hi').invoke('Hi')\n"
        "    assert {'langchain_core', 'pydantic_ai'} & {*sys.modules} == set()\n"
        "def test_one(fake_pydantic_ai):\n"
        "    assert 'langchain_core' not in sys.modules\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", tmp_path]

    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path
    )

    assert "2 passed" in ended.stdout, ended.stdout
