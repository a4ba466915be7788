"""Chat models for a test, put under a framework, and checked as any are.

In: what makes harness models for the test. Out: the same, made the framework's own.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar, Unpack

import pytest

from harness.paths import StrPath
from harness.pytest_plugin.factories import (
    FakeChats,
    FakeOptions,
    ReplayChats,
    ReplayOptions,
)
from harness.pytest_plugin.watching import Watch

if TYPE_CHECKING:
    from harness.models import Clock
    from harness.scripts import Script, TurnLike

__all__ = ["BridgedFakes", "BridgedReplays", "bridge"]

M_co = TypeVar("M_co", covariant=True)


def bridge(framework: str) -> Callable[[Any], Any]:
    """What puts a model under *framework*, such as ``as_langchain``.

    Fails the test, in one line, where the extra for it is not installed.
    """
    try:
        module = import_module(f"harness.bridges.{framework}")
    except ImportError as error:
        if not isinstance(error.__cause__, ModuleNotFoundError):
            raise  # it is there, and broken
        pytest.fail(str(error), pytrace=False)
    bridged: Callable[[Any], Any] = getattr(module, f"as_{framework}")
    return bridged


class BridgedFakes(Generic[M_co]):
    """Makes the scripted models of one test; ``model.chat`` is what plays the script.

    It takes what `fake_chat` takes. *bridge* puts a model under the framework, and
    *fixture* is what the test calls this.
    """

    def __init__(
        self, watch: Watch, fixture: str, bridge: Callable[[Any], M_co]
    ) -> None:
        self._chats, self._bridge = FakeChats(watch, fixture), bridge

    def __call__(
        self,
        *turns: "TurnLike | Script",
        allow_unused: bool = False,
        **options: Unpack[FakeOptions],
    ) -> M_co:
        """Make a model of *turns*, or of one script."""
        chat = self._chats(*turns, allow_unused=allow_unused, **options)
        return self._bridge(chat)

    def load(
        self,
        name: StrPath,
        *,
        directory: StrPath | None = None,
        clock: "Clock | None" = None,
        allow_unused: bool = False,
    ) -> M_co:
        """Make a model of the script *name* in the folder of fakes."""
        chat = self._chats.load(
            name, directory=directory, clock=clock, allow_unused=allow_unused
        )
        return self._bridge(chat)


class BridgedReplays(Generic[M_co]):
    """Makes the replaying models of one test; ``model.chat`` is what replays.

    It takes what `replay_chat` takes. *bridge* puts a model under the framework.
    """

    def __init__(self, watch: Watch, bridge: Callable[[Any], M_co]) -> None:
        self._chats, self._bridge = ReplayChats(watch), bridge

    def __call__(
        self, name: StrPath | None = None, **options: Unpack[ReplayOptions]
    ) -> M_co:
        """Make a model that replays the cassette *name*, or that of the test."""
        return self._bridge(self._chats(name, **options))
