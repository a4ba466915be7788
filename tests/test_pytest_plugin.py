"""The pytest plugin, from outside: what a user's tests see of it."""

import itertools
import shutil
from importlib.metadata import entry_points
from pathlib import Path

import jsonschema  # noqa: F401 - else each inner run loads, and drops, its own copy
import pytest
import regex  # noqa: F401 - as above
import yaml  # noqa: F401 - as above

import harness
from harness import fake, replay  # noqa: F401 - as above
from harness.scripts.files import load_script  # noqa: F401 - as above

ROOT = Path(__file__).parent.parent
IS_INSTALLED = any(
    point.value == "harness.pytest_plugin" for point in entry_points(group="pytest11")
)
LOADED = () if IS_INSTALLED else ("-p", "harness.pytest_plugin")

SWALLOWING = """
    def ask(model, text):
        try:
            return model.invoke(text).text
        except Exception:
            return "sorry"
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Run a test module in a folder of its own, with our cassette for the weather."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    (pytester.path / "cassettes").mkdir()
    shutil.copy(ROOT / "cassettes" / "weather.yaml", pytester.path / "cassettes")

    def running(body, *args, functions=SWALLOWING):
        pytester.makepyfile(test_it=f"{functions}\n{body}")
        options = ("-p", "no:randomly", "-p", "no:cacheprovider", "--strict-markers")
        return pytester.runpytest_inprocess(*LOADED, *options, *args)

    return running


# ------------------------------------------------------------------------ fake_chat


def test_fake_chat_makes_models(run):
    """The factory makes any number of models for one test, each with its own turns."""
    result = run("""
    from harness import call, say

    def test_two(fake_chat):
        first, second = fake_chat("Hello!", "Bye."), fake_chat(say(call("f")), seed=3)
        assert [first.invoke("a").text, first.invoke("b").text] == ["Hello!", "Bye."]
        assert second.bind_tools([{"name": "f"}]).invoke("c").tool_calls
    """)

    result.assert_outcomes(passed=1)


def test_unused_turns_fail_the_test_at_its_end(run):
    """Turns that nothing asked for are an error of the teardown, which names them."""
    result = run("""
    def test_half(fake_chat):
        assert ask(fake_chat("Hello!", "Never said."), "Hi") == "Hello!"
    """)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ERROR at teardown of test_half*",
            "test_half passed, but not as scripted.",
            "fake_chat(...): UnusedTurns: 1 of 2 turns were never asked for:",
            "  turn 2: 'Never said.'",
            "  0. human: 'Hi' -> turn 1: 'Hello!'",
            "If the test wants it so: allow_unused=True, model.script.violations.*",
        ]
    )
    result.stdout.no_fnmatch_line("*pytest_plugin*.py*")


def test_unused_turns_may_be_allowed(run):
    """allow_unused lets turns be left over, whichever way the script is given."""
    result = run("""
    from pathlib import Path

    def test_none(fake_chat):
        fake_chat("Hello!", allow_unused=True)
        Path("fakes").mkdir()
        Path("fakes/greeting.yaml").write_text("turns: [Hello!]")
        fake_chat.load("greeting", allow_unused=True)
    """)

    result.assert_outcomes(passed=1)


def test_swallowed_script_error_fails_the_test_at_its_end(run):
    """An error of the script that the application caught is not lost."""
    result = run("""
    def test_swallows(fake_chat):
        model = fake_chat("Hello!")
        assert [ask(model, "Hi"), ask(model, "Hi again")] == ["Hello!", "sorry"]
    """)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["fake_chat(...): ScriptExhausted: *1 turn*is asked 'Hi again' in call 2.*"]
    )


def test_each_model_is_reported(run):
    """What is wrong with several models is told at once."""
    result = run("""
    def test_both(fake_chat):
        first, second = fake_chat("One."), fake_chat("Two.")
        ask(first, "1"), ask(first, "2")
    """)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ScriptExhausted*", "*UnusedTurns*", "*'Two.'*"])


def test_a_provoked_error_can_be_cleared(run):
    """A test that wants an error of its script takes it off the record."""
    result = run("""
    import pytest
    from harness import ScriptExhausted

    def test_wants_it(fake_chat):
        model = fake_chat()
        with pytest.raises(ScriptExhausted):
            model.invoke("Hi")
        model.script.violations.clear()
    """)

    result.assert_outcomes(passed=1)


def test_a_shared_script_is_reported_once(run):
    """Models that share a script share what is wrong with it."""
    result = run("""
    from harness import Script

    def test_shares(fake_chat):
        script = Script("Hello!")
        fake_chat(script), fake_chat(script)
    """)

    result.assert_outcomes(passed=1, errors=1)
    told, _, _ = result.stdout.str().partition("short test summary")
    assert told.count("never asked for") == 1


def test_a_failed_test_tells_of_unused_turns_in_a_section(run):
    """A test that failed anyway is no error too: its report has one section more."""
    result = run("""
    def test_fails(fake_chat):
        fake_chat("Never said.")
        assert 1 == 2
    """)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*assert 1 == 2*", "*Captured chat-harness teardown*", "*'Never said.'*"]
    )


@pytest.mark.parametrize(
    "body",
    [
        "model.invoke('Hi')",
        "try: model.invoke('Hi')\n        except Exception as e: raise OSError from e",
        "try: model.invoke('Hi')\n        except Exception as e: raise many(e)",
    ],
)
def test_what_failed_the_test_is_not_told_twice(run, body):
    """An error of the script that came through, in whatever form, has been seen."""
    result = run(f"""
    def many(error): return ExceptionGroup("several", [error])

    def test_fails(fake_chat):
        model = fake_chat()
        {body}
    """)

    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*Captured chat-harness*")


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ("pytest.skip('not now')", {"skipped": 1}),
        ("pytest.xfail('known')", {"xfailed": 1}),
    ],
)
def test_a_test_that_gave_up_leaves_turns_unused(run, body, outcome):
    """Only of a test that passed all turns are expected to be played."""
    result = run(f"""
    import pytest

    def test_gives_up(fake_chat):
        fake_chat("Never said.")
        {body}
    """)

    result.assert_outcomes(**outcome)


def test_a_setup_that_failed_leaves_turns_unused(run):
    """A test whose body never ran is not blamed for its turns."""
    result = run("""
    import pytest

    @pytest.fixture
    def model(fake_chat):
        fake_chat("Never said.")
        raise OSError("no disk")

    def test_never_runs(model): ...
    """)

    result.assert_outcomes(errors=1)
    result.stdout.no_fnmatch_line("*not as scripted*")


def test_a_test_that_is_run_again_is_judged_anew(pytester, run):
    """By plugins that repeat tests: how it ended last time does not count."""
    pytester.makeconftest("""
    from _pytest.runner import runtestprotocol

    def pytest_runtest_protocol(item, nextitem):
        runtestprotocol(item, nextitem=nextitem, log=False)
        item._initrequest()
    """)

    result = run("""
    import pytest

    RUNS = []

    @pytest.fixture
    def model(fake_chat):
        RUNS.append(1)
        model = fake_chat("Hello!")
        if len(RUNS) > 1:
            raise OSError("no disk")
        return model

    def test_twice(model):
        model.invoke("Hi")
    """)

    result.assert_outcomes(errors=1)
    result.stdout.no_fnmatch_line("*not as scripted*")


def test_unittest_classes_are_checked_too(run):
    """The fixtures serve TestCase classes by an autouse fixture of the user's."""
    result = run("""
    import pytest, unittest

    class TestOld(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def _model(self, fake_chat):
            self.model = fake_chat("Hello!")

        def test_fails(self):
            assert 1 == 2

        def test_forgets(self): ...
    """)

    result.assert_outcomes(failed=1, passed=1, errors=1)


# --------------------------------------------------------------- folders, seed, header


@pytest.mark.parametrize(
    ("folder", "ini", "args"),
    [
        ("fakes", "", ()),
        ("data/scripts", "harness_fakes = data/scripts", ()),
        ("here", "harness_fakes = elsewhere", ("--harness-fakes=here",)),
    ],
)
def test_scripts_are_found(pytester, run, folder, ini, args):
    """Scripts lie in fakes/, or where ini or option say; the option wins."""
    pytester.makeini(f"[pytest]\n{ini}\n")
    (pytester.path / folder).mkdir(parents=True)
    (pytester.path / folder / "greeting.yaml").write_text("turns: [Hello!]")

    result = run(
        """
    def test_loads(fake_chat):
        assert fake_chat.load("greeting").invoke("Hi").text == "Hello!"
    """,
        *args,
    )

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [f"chat-harness {harness.__version__} -- fakes: {folder}, cassettes: cassettes"]
    )


def test_loaded_scripts_are_checked(pytester, run):
    """An unused turn of a file is told with file and line."""
    (pytester.path / "fakes").mkdir()
    (pytester.path / "fakes" / "greeting.yaml").write_text("turns:\n- Hello!\n")

    result = run("""
    def test_loads(fake_chat):
        fake_chat.load("greeting")
    """)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["fake_chat.load('greeting'): UnusedTurns: *", "*fakes/greeting.yaml:2*"]
    )


def test_header_shows_folders_outside_the_root_in_full(pytester, run):
    """A folder that does not lie below rootdir is shown by its whole path."""
    outside = pytester.path.parent / "recordings"

    result = run("def test_nothing(): ...", f"--harness-cassettes={outside}")

    result.stdout.fnmatch_lines([f"chat-harness * cassettes: {outside}"])


def test_seed_is_an_option(run):
    """--harness-seed gives all fakes of a run other ids; a seed in the test wins."""
    result = run(
        """
    from harness import Script

    def test_ids(fake_chat):
        assert fake_chat("a").script.seed == 7
        assert fake_chat("a", seed=1).script.seed == 1
        assert fake_chat(Script("a", seed=2)).script.seed == 2
        raise OSError("to leave turns unused")
    """,
        "--harness-seed=7",
    )

    result.stdout.fnmatch_lines(["E * OSError: to leave turns unused"])


# -------------------------------------------------------------- replay_chat, cassette


def test_replay_chat_replays(run):
    """The factory replays a cassette by its name."""
    result = run("""
    def test_replays(replay_chat):
        model = replay_chat("weather")
        assert model.invoke("Hello!").text.startswith("Hello! Ask me")
        assert len(model.cassette.unused()) == 4
    """)

    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("ini", "args"),
    [
        ("harness_cassettes = tapes", ()),
        ("", ("--harness-cassettes=tapes",)),
    ],
)
def test_cassettes_are_found(pytester, run, ini, args):
    """Recordings lie in cassettes/, or where ini or option say."""
    pytester.makeini(f"[pytest]\n{ini}\n")
    (pytester.path / "cassettes").rename(pytester.path / "tapes")

    result = run(
        """
    def test_replays(replay_chat):
        assert replay_chat("weather").invoke("Hello!").text
    """,
        *args,
    )

    result.assert_outcomes(passed=1)


def test_marker_names_the_cassette_of_the_test(run):
    """The fixtures give the cassette that the marker names, and share its state."""
    result = run("""
    import pytest

    @pytest.mark.cassette("weather", allow_playback_repeats=True)
    def test_marked(cassette, replay_chat):
        model = replay_chat()
        assert model is replay_chat() and model.cassette is cassette
        assert model.invoke("Hello!").text == model.invoke("Hello!").text
        assert cassette.play_count == 2
        assert replay_chat(match_on=["messages"]).cassette is not cassette
    """)

    result.assert_outcomes(passed=1)


def test_a_cassette_is_called_after_its_test(pytester, run):
    """Without a name it lies in a folder for the module, with class and parameters."""
    folder = pytester.path / "cassettes" / "test_it"
    folder.mkdir()
    weather = ROOT / "cassettes" / "weather.yaml"
    for name in ("test_plain", "TestX.test_in_class[a]"):
        shutil.copy(weather, folder / f"{name}.yaml")

    result = run("""
    import pytest

    def test_plain(cassette):
        assert cassette.recordings

    class TestX:
        @pytest.mark.cassette(allow_unused=True)
        @pytest.mark.parametrize("x", ["a"])
        def test_in_class(self, x, replay_chat):
            assert replay_chat().invoke("Hello!").text

    def test_missing(cassette): ...
    """)

    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["E * no cassette 'test_it/test_missing' in *"])


def test_no_two_tests_share_a_name(pytester, run):
    """Odd characters, case, and great length do not make two cassettes one."""
    result = run(
        """
    import pytest
    from harness.pytest_plugin.marks import called_after

    ODD = ["a/b", "a:b", "a-b", "a b", "A-b", "a]", "a", "é", "x" * 300, "x" * 301]
    NAMES = []

    @pytest.mark.parametrize("x", ODD)
    def test_x(x, request):
        NAMES.append(called_after(request.node))

    def test_names():
        print("\\n".join(["", *NAMES, "."]))
        assert len({name.lower() for name in NAMES}) == len(ODD)
        assert max(map(len, NAMES)) < 200
    """,
        "-s",
    )

    result.assert_outcomes(passed=11)
    names = [line for line in result.outlines if line.startswith("test_it/")]
    assert "test_it/test_x[a-b]" in names
    for name, bad in itertools.product(names, '<>?%*:|"\\ '):
        assert bad not in name


def test_a_swallowed_miss_fails_the_test_at_its_end(run):
    """A request that was not recorded is told, with what differs."""
    result = run("""
    def test_misses(replay_chat):
        assert ask(replay_chat("weather"), "Hullo!") == "sorry"
    """)

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        ["cassette weather: CassetteMiss: *has no answer to this request:", "*Hullo!*"]
    )


@pytest.mark.parametrize(
    ("ini", "marker", "errors"),
    [
        ("", "", 0),
        ("", ", allow_unused=False", 1),
        ("harness_unused_interactions = error", "", 1),
        ("harness_unused_interactions = error", ", allow_unused=True", 0),
    ],
)
def test_unused_interactions(pytester, run, ini, marker, errors):
    """Several tests may share a cassette, so what one leaves is fine, unless told."""
    pytester.makeini(f"[pytest]\n{ini}\n")

    result = run(f"""
    import pytest

    @pytest.mark.cassette("weather"{marker})
    def test_half(replay_chat):
        replay_chat().invoke("Hello!")
    """)

    result.assert_outcomes(passed=1, errors=errors)
    if errors:
        result.stdout.fnmatch_lines(
            ["cassette weather: CassetteError: 4 of its 5 recordings were never *"]
        )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("'a', 'b'", "it takes one name, not 'a', 'b'."),
        ("'a', name='b'", "it takes one name, not 'a', 'b'."),
        ("'a', record_mode='once'", "it has no 'record_mode'. Known: *"),
        ("'a', match_no=['x']", "it has no 'match_no'. Did you mean 'match_on'? *"),
        ("'a', match_on='messages'", "match_on='messages'; give a list or tuple."),
        ("'a', allow_unused=1", "allow_unused=1; give a bool."),
        ("7", "name=7; give a str."),
    ],
)
def test_a_wrong_marker_says_what_is_wrong(run, arguments, told):
    """What the marker does not take is an error that shows it, and what it takes."""
    result = run(f"""
    import pytest

    @pytest.mark.cassette({arguments})
    def test_marked(cassette): ...
    """)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        [
            f"@pytest.mark.cassette of test_marked: {told}".replace("[", "[[]"),
            "It is cassette(name=None, *",
        ]
    )


def test_a_wrong_setting_stops_the_run(pytester, run):
    """A value that a key does not take is said before any test runs."""
    pytester.makeini("[pytest]\nharness_unused_interactions = fail\n")

    result = run("def test_nothing(): ...")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*harness_unused_interactions = fail: give one of ignore, error."]
    )


# -------------------------------------------------------------------------- neighbors


def test_lives_beside_other_recorders(pytester, run):
    """Plugins that own --record-mode, the marker and the fixture vcr keep them."""
    pytester.makeconftest("""
    import pytest

    def pytest_addoption(parser):
        parser.addoption("--record-mode", default="none")
        parser.addoption("--block-network", action="store_true")
        parser.addini("record_mode", "")

    def pytest_configure(config):
        config.addinivalue_line("markers", "vcr: of another plugin")

    @pytest.fixture(autouse=True)
    def vcr(request):
        return request.config.getoption("--record-mode")

    @pytest.fixture
    def default_cassette_name(): return "theirs"
    """)

    result = run(
        """
    import pytest

    @pytest.mark.vcr
    def test_both(vcr, default_cassette_name, fake_chat, replay_chat):
        assert (vcr, default_cassette_name) == ("all", "theirs")
        assert fake_chat("Hello!").invoke("Hi").text == "Hello!"
        assert replay_chat("weather").invoke("Hello!").text
    """,
        "--record-mode=all",
    )

    result.assert_outcomes(passed=1)


def test_markers_and_options_are_documented(pytester, run):
    """The marker is in --markers, and all that is ours is in --help, by its name."""
    assert "@pytest.mark.cassette(name=None" in run("", "--markers").stdout.str()

    told = run("", "--help").stdout.str()
    ours = "--harness-seed --harness-fakes --harness-cassettes harness_fakes"
    for name in (*ours.split(), "harness_cassettes", "harness_unused_interactions"):
        assert name in told
