"""The pytest plugin: models for a test, and a word at its end if their story is off.

It loads nothing of harness until a test asks for a fixture, so that runs which use
none of it pay nothing. An error of a script or cassette that the application swallowed,
and turns that nothing asked for, fail the test at its end; of a test that failed
anyway they are told in a section of its report.
"""

import hashlib
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import pytest

from harness import __version__

if TYPE_CHECKING:
    from harness.cassettes import CassetteSource
    from harness.fake import FakeChatModel
    from harness.models import Clock
    from harness.replay import ReplayChatModel
    from harness.scripts import Script, TurnLike
    from harness.scripts.parts import CutLike

__all__ = ["FakeChats", "ReplayChats", "cassette", "fake_chat", "replay_chat"]

#: How the body of a test ended: with an error, or with None; absent if it never ran.
_ended = pytest.StashKey["pytest.ExceptionInfo[BaseException] | None"]()

_UNUSED_MODES = ("ignore", "error")
_LONGEST_NAME = 150
_MARKER = (
    "cassette(name=None, *, dialect=None, match_on=None, "
    "allow_playback_repeats=False, allow_unused=None): the recording that the fixtures "
    "cassette and replay_chat give; without a name it is called after the test."
)
_ON_PURPOSE = (
    "If the test wants it so: allow_unused=True, model.script.violations.clear(), "
    "cassette.misses.clear()."
)
_MARKER_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,),
    "dialect": (str,),
    "match_on": (list, tuple),
    "allow_playback_repeats": (bool,),
    "allow_unused": (bool,),
}


# ---------------------------------------------------------------------------- hooks


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and ini keys, all of them called after harness."""
    group = parser.getgroup("chat-harness", "chat models, scripted and replayed")
    group.addoption(
        "--harness-seed",
        type=int,
        default=0,
        metavar="N",
        help="seed of the ids and made-up answers of fake chat models (default: 0)",
    )
    for folder, data in (("fakes", "scripts"), ("cassettes", "recordings")):
        group.addoption(
            f"--harness-{folder}",
            metavar="DIR",
            help=f"folder of the {data} (default: ini harness_{folder})",
        )
        parser.addini(
            f"harness_{folder}",
            f"folder of the {data}, below rootdir (default: {folder})",
            default=folder,
        )
    parser.addini(
        "harness_unused_interactions",
        "error: a test fails if it leaves interactions of its cassette unused "
        "(default: ignore)",
        default="ignore",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known, and check the settings."""
    config.addinivalue_line("markers", _MARKER)
    mode = config.getini("harness_unused_interactions")
    if mode not in _UNUSED_MODES:
        raise pytest.UsageError(
            f"harness_unused_interactions = {mode}: give one of "
            f"{', '.join(_UNUSED_MODES)}."
        )


def pytest_report_header(config: pytest.Config) -> str:
    """One line: the version, and where scripts and recordings are looked for."""
    folders = ", ".join(
        f"{what}: {_below(_folder(config, what), config.rootpath)}"
        for what in ("fakes", "cassettes")
    )
    return f"chat-harness {__version__} -- {folders}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember how the test ended: its fixtures are torn down after that."""
    report = yield
    if call.when == "call":
        item.stash[_ended] = call.excinfo
    return report


# ------------------------------------------------------------------------- fixtures


@pytest.fixture
def fake_chat(_harness_watch: "Watch") -> "FakeChats":
    """Make fake chat models: ``fake_chat("Hello!")``, ``fake_chat.load("weather")``."""
    return FakeChats(_harness_watch)


@pytest.fixture
def replay_chat(_harness_watch: "Watch") -> "ReplayChats":
    """Make chat models that replay: ``replay_chat()``, ``replay_chat("weather")``."""
    return ReplayChats(_harness_watch)


@pytest.fixture
def cassette(_harness_watch: "Watch") -> "CassetteSource":
    """The recording of this test: as its marker says, or called after the test."""
    return _harness_watch.replayed().cassette


@pytest.fixture
def _harness_watch(request: pytest.FixtureRequest) -> Iterator["Watch"]:
    watch = Watch(request.node)
    yield watch
    watch.report()


# ------------------------------------------------------------------------ factories


class FakeOptions(TypedDict, total=False):
    """The options of a fake chat model."""

    seed: int
    clock: "Clock"
    check: bool
    cut: "CutLike"


class FakeChats:
    """Makes the fake chat models of one test; they are checked when it ends.

    It takes what `FakeChatModel` takes, and *allow_unused* for turns that need not be
    played. A test that provokes an error of its script clears `script.violations`.
    """

    def __init__(self, watch: "Watch") -> None:
        self._watch = watch

    def __call__(
        self,
        *turns: "TurnLike | Script",
        allow_unused: bool = False,
        **options: Unpack[FakeOptions],
    ) -> "FakeChatModel":
        """Make a model of *turns*, or of one script."""
        from harness.fake import FakeChatModel
        from harness.scripts import Script

        scripted = any(isinstance(turn, Script) for turn in turns)
        if self._watch.seed and not scripted:
            options.setdefault("seed", self._watch.seed)
        model = FakeChatModel(*turns, **options)  # type: ignore[arg-type]  # it checks
        return self._watch.fake(model, "fake_chat(...)", allow_unused=allow_unused)

    def load(
        self,
        name: str | Path,
        *,
        directory: str | Path | None = None,
        clock: "Clock | None" = None,
        allow_unused: bool = False,
    ) -> "FakeChatModel":
        """Make a model of the script *name* in the folder of fakes."""
        from harness.fake import FakeChatModel

        directory = directory or self._watch.folder("fakes")
        model = FakeChatModel.load(name, directory=directory, clock=clock)
        label = f"fake_chat.load({str(name)!r})"
        return self._watch.fake(model, label, allow_unused=allow_unused)


class ReplayOptions(TypedDict, total=False):
    """The options of a chat model that replays; *allow_unused* is for the test."""

    dialect: str
    clock: "Clock"
    match_on: Sequence[str]
    allow_playback_repeats: bool
    allow_unused: bool


class ReplayChats:
    """Makes the replaying chat models of one test; they are checked when it ends."""

    def __init__(self, watch: "Watch") -> None:
        self._watch = watch

    def __call__(
        self,
        name: str | Path | None = None,
        **options: Unpack[ReplayOptions],
    ) -> "ReplayChatModel":
        """Make a model that replays the cassette *name*, or that of the test."""
        if name is None and not options:
            return self._watch.replayed()
        return self._watch.replaying(name, options)


# ------------------------------------------------------------------------- checking


class Watch:
    """What one test was given, and what is wrong with it in the end."""

    def __init__(self, item: pytest.Item) -> None:
        self.item = item
        self.checks: dict[int, tuple[str, Callable[[], Iterator[Exception]]]] = {}
        self.own: ReplayChatModel | None = None

    @property
    def seed(self) -> int:
        """The seed of this run."""
        seed: int | None = self.item.config.getoption("harness_seed")
        return seed or 0

    def folder(self, what: str) -> Path:
        """The folder of "fakes" or "cassettes"."""
        return _folder(self.item.config, what)

    def fake(
        self, model: "FakeChatModel", label: str, *, allow_unused: bool
    ) -> "FakeChatModel":
        """Have a look at *model* when the test ends."""
        from harness.errors import UnusedTurns

        def problems() -> Iterator[Exception]:
            yield from model.script.violations
            if not allow_unused:
                try:
                    model.check_exhausted()
                except UnusedTurns as error:
                    yield error

        self.checks[id(model.script)] = label, problems
        return model

    def replayed(self) -> "ReplayChatModel":
        """The model that replays the cassette of the test; the same each time."""
        if self.own is None:
            self.own = self.replaying(None, {})
        return self.own

    def replaying(
        self, name: str | Path | None, given: Mapping[str, Any]
    ) -> "ReplayChatModel":
        """Make a model that replays, and have a look at it when the test ends."""
        from harness.errors import CassetteError
        from harness.replay import ReplayChatModel

        options: dict[str, Any] = dict(given)
        if name is None:
            options = _marked(self.item) | options
            name = str(options.pop("name", _called_after(self.item)))
        mode = self.item.config.getini("harness_unused_interactions")
        allow_unused = options.pop("allow_unused", mode == "ignore")
        model = ReplayChatModel(name, directory=self.folder("cassettes"), **options)
        cassette = model.cassette

        def problems() -> Iterator[Exception]:
            yield from cassette.misses
            if not allow_unused and (unused := cassette.unused()):
                lines = "".join(f"\n  {one}" for one in unused)
                yield CassetteError(
                    f"{len(unused)} of its {len(cassette.recordings)} recordings were "
                    f"never asked for:{lines}"
                )

        self.checks[id(cassette)] = f"cassette {name}", problems
        return model

    def report(self) -> None:
        """Fail the test for what is wrong, or tell of it if the test failed anyway."""
        ended = self.item.stash.get(_ended, None)
        known = [] if ended is None else _chain(ended.value)
        found = [
            f"{label}: {type(problem).__name__}: {problem}"
            for label, problems in self.checks.values()
            for problem in problems()
            if not any(problem is one for one in known)
        ]
        if not found:
            return
        text = "\n\n".join(found)
        if ended is None and _ended in self.item.stash:
            name = self.item.name
            told = f"{name} passed, but not as scripted.\n\n{text}\n\n{_ON_PURPOSE}"
            pytest.fail(told, pytrace=False)
        self.item.add_report_section("teardown", "chat-harness", text)


def _marked(item: pytest.Item) -> dict[str, Any]:
    """What ``@pytest.mark.cassette(...)`` says of a test, without what is None."""
    mark = item.get_closest_marker("cassette")
    if mark is None:
        return {}
    given = [*(("name", value) for value in mark.args), *mark.kwargs.items()]
    if wrong := _wrong(given):
        pytest.fail(
            f"@pytest.mark.cassette of {item.name}: {wrong}\nIt is {_MARKER}",
            pytrace=False,
        )
    return {key: value for key, value in given if value is not None}


def _wrong(given: Sequence[tuple[str, object]]) -> str | None:
    """What is wrong with the arguments *given* to a marker."""
    from harness.errors import nearest, shown

    names = [shown(value) for key, value in given if key == "name"]
    if len(names) > 1:
        return f"it takes one name, not {', '.join(names)}."
    for key, value in given:
        if key not in _MARKER_TYPES:
            return f"it has no {key!r}. {nearest(key, _MARKER_TYPES)}"
        if value is not None and type(value) not in _MARKER_TYPES[key]:
            wanted = " or ".join(kind.__name__ for kind in _MARKER_TYPES[key])
            return f"{key}={shown(value)}; give a {wanted}."
    return None


def _called_after(item: pytest.Item) -> str:
    """A name for the cassette of a test, that no other test's cassette has.

    The path of the module, the class and the test, parameters in brackets. A digest
    tells apart what file systems do not: case, odd characters, very long names.
    """
    path, _, name = item.nodeid.partition("::")
    test, bracket, params = name.replace("::", ".").partition("[")
    plain = re.sub(r"[^\w.\-]", "-", params.removesuffix("]"), flags=re.ASCII)
    short = f"{test}{bracket}{plain}"[:_LONGEST_NAME] + ("]" if bracket else "")
    if short != f"{test}{bracket}{params}" or params != params.lower():
        short += f"-{hashlib.sha256(item.nodeid.encode()).hexdigest()[:8]}"
    return f"{path.removesuffix('.py')}/{short}"


def _chain(error: BaseException) -> list[BaseException]:
    """*error*, and all errors that it came of."""
    found = [error]
    for one in found:
        inner = getattr(one, "exceptions", ())
        for cause in (one.__cause__, one.__context__, *inner):
            if cause is not None and not any(cause is other for other in found):
                found.append(cause)
    return found


def _folder(config: pytest.Config, what: str) -> Path:
    given: str | None = config.getoption(f"harness_{what}")
    if given is None:
        return config.rootpath / str(config.getini(f"harness_{what}"))
    return config.invocation_params.dir / given


def _below(folder: Path, root: Path) -> str:
    below = folder.is_relative_to(root)
    return folder.relative_to(root).as_posix() if below else str(folder)
