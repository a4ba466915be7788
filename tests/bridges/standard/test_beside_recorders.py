"""The fixtures work in one environment with pytest-recording and langchain-tests."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

TESTS = """
    from pathlib import Path

    import httpx
    import pytest
    from langchain_tests.unit_tests import ChatModelUnitTests

    from harness.bridges.langchain import HarnessChatModel


    class TestStandard(ChatModelUnitTests):
        @property
        def chat_model_class(self):
            return HarnessChatModel

        @property
        def chat_model_params(self):
            return {"model": "auto"}


    def test_scripted(fake_langchain):
        model = fake_langchain("Hello!")
        assert model.invoke("Hi").text == "Hello!"
        model.chat.assert_asked("Hi")


    @pytest.mark.cassette("weather")
    def test_replayed(replay_langchain):
        said = replay_langchain().invoke("Hello!").text
        assert said == "Hello! Ask me about the weather anywhere."


    @pytest.mark.vcr("theirs.yaml")
    def test_replayed_by_the_other(fake_langchain, vcr):
        model = fake_langchain("Hello!")
        assert httpx.get("http://weather.test/").text == "sunny"
        assert model.invoke("Hi").text == "Hello!"
        assert vcr.play_count == 1


    @pytest.mark.block_network
    def test_without_a_network(fake_langchain):
        assert fake_langchain("Hello!").invoke("Hi").text == "Hello!"


    def test_unused(fake_langchain):
        fake_langchain("Never asked for.")
"""

THEIRS = """
interactions:
- request:
    body: ''
    headers: {}
    method: GET
    uri: http://weather.test/
  response:
    body:
      string: sunny
    headers: {}
    status:
      code: 200
      message: OK
version: 1
"""

INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
"""


def test_one_environment(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each replays its own, the standard suite passes, and unused turns are told."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    cassettes = pytester.path / "cassettes"
    (cassettes / "test_it").mkdir(parents=True)
    shutil.copy(ROOT / "cassettes" / "weather.yaml", cassettes)
    (cassettes / "test_it" / "theirs.yaml").write_text(THEIRS, encoding="utf-8")
    pytester.makepyfile(test_it=TESTS)
    pytester.makeini(INI)

    result = pytester.runpytest_subprocess(
        "-p", "no:randomly", "-p", "no:cacheprovider", "--benchmark-disable", "-q"
    )

    outcomes = result.parseoutcomes()
    assert outcomes.get("errors", outcomes.get("error")) == 1
    assert "failed" not in outcomes
    assert outcomes["passed"] > 10
    result.stdout.fnmatch_lines(["*'Never asked for.'*"])
