"""The pytest plugin: models and cassettes for a test, and a word at its end.

It loads nothing of harness until a test asks for a fixture or has the marker, so that
runs which use none of it pay nothing. An error of a script or cassette that the
application swallowed, turns that nothing asked for, and attempts to reach the network
fail the test at its end; of a test that failed anyway they are told in a section of its
report.
"""

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness import __version__
from harness.lazy import loading
from harness.pytest_plugin.settings import (
    ENDED,
    ENDS,
    MARKER,
    REPORT,
    TAKERS,
    Ends,
    add_options,
    check,
    folder,
    report_path,
)

if TYPE_CHECKING:
    from harness.bridges.langchain import HarnessChatModel
    from harness.bridges.pydantic_ai import HarnessModel
    from harness.cassettes import CassetteSource
    from harness.cassettes.tape import Tape
    from harness.pytest_plugin.factories import FakeChats, FakeProviders, ReplayChats
    from harness.pytest_plugin.frameworks import BridgedFakes, BridgedReplays
    from harness.pytest_plugin.tapes import Cassettes
    from harness.pytest_plugin.watching import Watch

__all__ = [
    "BridgedFakes",
    "BridgedReplays",
    "Cassettes",
    "FakeChats",
    "FakeProviders",
    "ReplayChats",
    "cassette",
    "cassette_options",
    "cassettes",
    "fake_chat",
    "fake_langchain",
    "fake_provider",
    "fake_pydantic_ai",
    "recorded",
    "replay_chat",
    "replay_langchain",
    "replay_pydantic_ai",
]

if not TYPE_CHECKING:
    __getattr__ = loading(
        __name__,
        {
            "factories": "FakeChats FakeProviders ReplayChats",
            "frameworks": "BridgedFakes BridgedReplays",
            "tapes": "Cassettes",
        },
    )


# ---------------------------------------------------------------------------- hooks


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and ini keys; none of them is called as those of other recorders."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, check the settings, and load what they ask for."""
    config.addinivalue_line("markers", MARKER)
    check(config)
    config.stash[ENDS] = Ends()
    if config.getoption("cassette_block_network") or config.getini(
        "harness_block_network"
    ):
        from harness.pytest_plugin.network import Blocked

        config.pluginmanager.register(Blocked(config), "chat-harness-network")
    if config.getoption("cassette_orphans"):
        from harness.pytest_plugin.orphans import Orphans

        config.pluginmanager.register(Orphans(config), "chat-harness-orphans")
    if (path := report_path(config)) is not None:
        from harness.pytest_plugin.reporting import Reporting

        config.pluginmanager.register(Reporting(config, path), REPORT)


def pytest_report_header(config: pytest.Config) -> str:
    """One line: the version, and where scripts and recordings are looked for."""
    folders = ", ".join(
        f"{what}: {_below(folder(config, what), config.rootpath)}"
        for what in ("fakes", "cassettes")
    )
    return f"chat-harness {__version__} -- {folders}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test with a marker its cassette, unless a fixture takes that."""
    for item in items:
        if isinstance(item, pytest.Function) and (
            "recorded" in item.fixturenames
            or (
                item.get_closest_marker("cassette") is not None
                and not TAKERS.intersection(item.fixturenames)
            )
        ):
            _record_first(item)


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any], request: Any
) -> Generator[None, object, object]:
    """Remember why a fixture failed, for the next test that wants it.

    pytest does so for an Exception, and stumbles over a miss, which is none.
    """
    try:
        return (yield)
    except BaseException as error:
        if fixturedef.cached_result is None:
            why = error, error.__traceback__
            fixturedef.cached_result = None, fixturedef.cache_key(request), why
        raise


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember how the test ended: its fixtures are torn down after that."""
    report = yield
    ends = item.config.stash[ENDS]
    match call.when:
        case "setup":
            if ENDED in item.stash:
                del item.stash[ENDED]
            ends.failed += report.failed
        case "call":
            item.stash[ENDED] = call.excinfo
            ends.ended += 1
            ends.failed += report.failed
        case _:
            pass
    return report


def _record_first(item: pytest.Function) -> None:
    """Open its cassette before its other fixtures; those of more tests come earlier."""
    names = [name for name in item.fixturenames if name != "recorded"]
    found = item._fixtureinfo.name2fixturedefs
    of_the_test = (
        number
        for number, name in enumerate(names)
        if name in found and found[name][-1].scope == "function"
    )
    at = next(of_the_test, len(names))
    item.fixturenames = [*names[:at], "recorded", *names[at:]]


def _below(path: Path, root: Path) -> str:
    below = path.is_relative_to(root)
    return path.relative_to(root).as_posix() if below else str(path)


# ------------------------------------------------------------------------- fixtures


@pytest.fixture
def fake_chat(_harness_watch: "Watch") -> "FakeChats":
    """Make fake chat models: ``fake_chat("Hello!")``, ``fake_chat.load("weather")``."""
    from harness.pytest_plugin.factories import FakeChats

    return FakeChats(_harness_watch)


@pytest.fixture
def fake_provider(_harness_watch: "Watch") -> "FakeProviders":
    """Make providers for SDKs: ``fake_provider("Hello!").openai()``, or `.load`."""
    from harness.pytest_plugin.factories import FakeProviders

    return FakeProviders(_harness_watch)


@pytest.fixture
def replay_chat(_harness_watch: "Watch") -> "ReplayChats":
    """Make chat models that replay: ``replay_chat()``, ``replay_chat("weather")``."""
    from harness.pytest_plugin.factories import ReplayChats

    return ReplayChats(_harness_watch)


@pytest.fixture
def fake_langchain(_harness_watch: "Watch") -> "BridgedFakes[HarnessChatModel]":
    """Make fake chat models of LangChain: ``fake_langchain("Hello!")``."""
    from harness.pytest_plugin.frameworks import BridgedFakes, bridge

    return BridgedFakes(_harness_watch, "fake_langchain", bridge("langchain"))


@pytest.fixture
def replay_langchain(_harness_watch: "Watch") -> "BridgedReplays[HarnessChatModel]":
    """Make chat models of LangChain that replay: ``replay_langchain("weather")``."""
    from harness.pytest_plugin.frameworks import BridgedReplays, bridge

    return BridgedReplays(_harness_watch, bridge("langchain"))


@pytest.fixture
def fake_pydantic_ai(_harness_watch: "Watch") -> "BridgedFakes[HarnessModel]":
    """Make fake models of pydantic-ai: ``Agent(fake_pydantic_ai("Hello!"))``."""
    from harness.pytest_plugin.frameworks import BridgedFakes, bridge

    return BridgedFakes(_harness_watch, "fake_pydantic_ai", bridge("pydantic_ai"))


@pytest.fixture
def replay_pydantic_ai(_harness_watch: "Watch") -> "BridgedReplays[HarnessModel]":
    """Make models of pydantic-ai that replay: ``replay_pydantic_ai("weather")``."""
    from harness.pytest_plugin.frameworks import BridgedReplays, bridge

    return BridgedReplays(_harness_watch, bridge("pydantic_ai"))


@pytest.fixture
def cassette(_harness_watch: "Watch") -> "CassetteSource":
    """The recording of this test: as its marker says, or called after the test."""
    from harness.pytest_plugin.factories import ReplayChats

    return ReplayChats(_harness_watch)().cassette


@pytest.fixture
def recorded(
    _harness_watch: "Watch", cassette_options: dict[str, Any]
) -> Iterator["Tape"]:
    """The cassette that plays what HTTP clients ask in this test, or records it.

    It is open before the other fixtures of the test, and closed after them. A test with
    the marker has it without asking.
    """
    from harness.pytest_plugin.tapes import tape_of

    with tape_of(_harness_watch, cassette_options) as tape:
        yield tape


@pytest.fixture(scope="session")
def cassettes(
    pytestconfig: pytest.Config, cassette_options: dict[str, Any]
) -> "Cassettes":
    """Give what opens cassettes in fixtures of many tests; see `Cassettes`."""
    from harness.pytest_plugin.tapes import Cassettes

    return Cassettes(pytestconfig, cassette_options)


@pytest.fixture(scope="session")
def cassette_options() -> dict[str, Any]:
    """Options of all cassettes of HTTP traffic: override it in a conftest.py."""
    return {}


@pytest.fixture
def _harness_watch(request: pytest.FixtureRequest) -> Iterator["Watch"]:
    from harness.pytest_plugin.watching import Watch

    watch = Watch(request.node)
    yield watch
    if watch.config.pluginmanager.has_plugin(REPORT):
        from harness.pytest_plugin.reporting import keep

        keep(watch)
    watch.report()
