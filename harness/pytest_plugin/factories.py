"""Chat models for a test, scripted and replayed, each with a check at its end."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import pytest

from harness.errors import CassetteError, UnusedTurns
from harness.paths import StrPath
from harness.pytest_plugin.marks import CHAT, called_after, marked
from harness.pytest_plugin.settings import folder
from harness.pytest_plugin.watching import Watch

if TYPE_CHECKING:
    from harness.fake import FakeChatModel
    from harness.fake_provider import FakeProvider
    from harness.models import Clock
    from harness.replay import ReplayChatModel
    from harness.scripts import Script, TurnLike
    from harness.scripts.parts import CutLike

__all__ = ["FakeChats", "FakeProviders", "ReplayChats"]

_OWN = pytest.StashKey["tuple[Watch, ReplayChatModel]"]()


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
    *fixture* is what the test calls this.
    """

    def __init__(self, watch: Watch, fixture: str = "fake_chat") -> None:
        self._watch, self._fixture = watch, fixture

    def __call__(
        self,
        *turns: "TurnLike | Script",
        allow_unused: bool = False,
        **options: Unpack[FakeOptions],
    ) -> "FakeChatModel":
        """Make a model of *turns*, or of one script."""
        from harness.fake import FakeChatModel

        if seed := _seed(self._watch, turns):
            options.setdefault("seed", seed)
        model = FakeChatModel(*turns, **options)  # type: ignore[arg-type]  # it checks
        return self._watched(model, f"{self._fixture}(...)", allow_unused=allow_unused)

    def load(
        self,
        name: StrPath,
        *,
        directory: StrPath | None = None,
        clock: "Clock | None" = None,
        allow_unused: bool = False,
    ) -> "FakeChatModel":
        """Make a model of the script *name* in the folder of fakes."""
        from harness.fake import FakeChatModel

        directory = directory or folder(self._watch.config, "fakes")
        model = FakeChatModel.load(name, directory=directory, clock=clock)
        label = f"{self._fixture}.load({str(name)!r})"
        return self._watched(model, label, allow_unused=allow_unused)

    def _watched(
        self, model: "FakeChatModel", label: str, *, allow_unused: bool
    ) -> "FakeChatModel":
        """Have a look at *model* when the test ends."""

        def problems() -> Iterator[BaseException]:
            yield from model.script.violations
            if not allow_unused:
                yield from _unused(model.script)

        self._watch.check(model.script, label, problems)
        return model


class FakeProviders:
    """Makes the fake providers of one test; they are checked when it ends.

    It takes what `FakeProvider` takes, and *allow_unused* for turns that need not be
    played. A test that provokes an UnscriptedRequest clears `fake.failures`.
    """

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def __call__(
        self, *turns: "TurnLike | Script", allow_unused: bool = False, **options: Any
    ) -> "FakeProvider":
        """Make a provider of *turns*, or of one script."""
        from harness.fake_provider import FakeProvider

        if seed := _seed(self._watch, turns):
            options.setdefault("seed", seed)
        fake = FakeProvider(*turns, **options)  # type: ignore[arg-type]  # it checks
        return self._watched(fake, "fake_provider(...)", allow_unused=allow_unused)

    def load(
        self,
        name: StrPath,
        *,
        directory: StrPath | None = None,
        allow_unused: bool = False,
        **options: Any,
    ) -> "FakeProvider":
        """Make a provider of the script *name* in the folder of fakes."""
        from harness.fake_provider import FakeProvider

        directory = directory or folder(self._watch.config, "fakes")
        fake = FakeProvider.load(name, directory=directory, **options)
        label = f"fake_provider.load({str(name)!r})"
        return self._watched(fake, label, allow_unused=allow_unused)

    def _watched(
        self, fake: "FakeProvider", label: str, *, allow_unused: bool
    ) -> "FakeProvider":
        """Have a look at *fake* when the test ends."""

        def problems() -> Iterator[BaseException]:
            for failure in fake.failures:
                yield getattr(failure, "error", failure)
            if not allow_unused:
                yield from _unused(fake.script)

        self._watch.check(fake, label, problems)
        return fake


def _seed(watch: Watch, turns: Sequence[object]) -> int | None:
    """The seed of the command line; a script has its own."""
    from harness.scripts import Script

    if any(isinstance(turn, Script) for turn in turns):
        return None
    seed: int | None = watch.config.getoption("harness_seed")
    return seed


def _unused(script: "Script") -> Iterator[UnusedTurns]:
    """What there is to say of turns that nothing asked for."""
    try:
        script.check_exhausted()
    except UnusedTurns as error:
        yield error


class ReplayOptions(TypedDict, total=False):
    """The options of a chat model that replays; *allow_unused* is for the test."""

    dialect: str
    clock: "Clock"
    match_on: Sequence[str]
    allow_playback_repeats: bool
    allow_unused: bool


class ReplayChats:
    """Makes the replaying chat models of one test; they are checked when it ends."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def __call__(
        self,
        name: StrPath | None = None,
        **options: Unpack[ReplayOptions],
    ) -> "ReplayChatModel":
        """Make a model that replays the cassette *name*, or that of the test.

        Without any argument it is the same model each time.
        """
        if name is not None or options:
            return self._replaying(name, options)
        stash = self._watch.item.stash
        watch, model = stash.get(_OWN, (None, None))
        if model is None or watch is not self._watch:
            model = self._replaying(None, {})
            stash[_OWN] = self._watch, model
        return model

    def _replaying(
        self, name: StrPath | None, given: Mapping[str, Any]
    ) -> "ReplayChatModel":
        """Make a model that replays, and have a look at it when the test ends."""
        from harness.replay import ReplayChatModel

        item, config = self._watch.item, self._watch.config
        options: dict[str, Any] = dict(given)
        if name is None:
            options = marked(item, CHAT) | options
            name = str(options.pop("name", called_after(item)))
        allowed = config.getini("harness_unused_interactions") != "error"
        allow_unused = options.pop("allow_unused", allowed)
        home = folder(config, "cassettes")
        model = ReplayChatModel(name, directory=home, **options)
        cassette = model.cassette

        def problems() -> Iterator[BaseException]:
            yield from cassette.misses
            if not allow_unused and (unused := cassette.unused()):
                lines = "".join(f"\n  {one}" for one in unused)
                yield CassetteError(
                    f"{len(unused)} of its {len(cassette.recordings)} recordings were "
                    f"never asked for:{lines}"
                )

        self._watch.check(cassette, f"cassette {name}", problems)
        return model
