"""No network: while a cassette of a test plays, or, on request, in every test.

There is one guard for all who want it, as there is one network. It steps aside while a
cassette records.
"""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager

import pytest

from harness.errors import NetworkBlocked
from harness.pytest_plugin.watching import Watch, causes, reported
from harness.recording import Guard, block_network

__all__ = ["Blocked", "Network"]


class Network:
    """The guard of a run: up while somebody wants it and nobody records."""

    def __init__(self, allowed: list[str]) -> None:
        self._allowed = allowed
        self._wanted = 0
        self._recording = 0
        self._guard: Guard | None = None
        self._up = ExitStack()
        self._attempts: list[NetworkBlocked] = []

    @classmethod
    def of(cls, config: pytest.Config) -> "Network":
        """That of this run."""
        if _NETWORK not in config.stash:
            hosts: list[str] = config.getini("harness_allowed_hosts")
            config.stash[_NETWORK] = cls(hosts)
        return config.stash[_NETWORK]

    @contextmanager
    def away(self) -> Generator[None]:
        """A time without network."""
        self._change(wanted=1)
        try:
            yield
        finally:
            self._change(wanted=-1)

    @contextmanager
    def there(self) -> Generator[None]:
        """A time in which something is recorded."""
        self._change(recording=1)
        try:
            yield
        finally:
            self._change(recording=-1)

    def _change(self, *, wanted: int = 0, recording: int = 0) -> None:
        self._wanted += wanted
        self._recording += recording
        up = self._wanted > 0 and not self._recording
        if up and self._guard is None:
            self._guard = self._up.enter_context(block_network(self._allowed))
        elif not up and self._guard is not None:
            self._attempts += self._guard.forget()
            self._guard = None
            self._up.close()

    def take(self) -> list[NetworkBlocked]:
        """What was refused since it was last asked."""
        taken, self._attempts = self._attempts, []
        if self._guard is not None:
            taken += self._guard.forget()
        return taken


_NETWORK = pytest.StashKey[Network]()


class Blocked:
    """Hooks that keep every test from the network, its fixtures included."""

    def __init__(self, config: pytest.Config) -> None:
        self._network = Network.of(config)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, bool | None, bool | None]:
        """Be without network from setup to teardown."""
        with self._network.away():
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Tell what the application swallowed."""
        yield
        watch = Watch(item)
        known = causes(watch.error)
        swallowed = [
            reported(attempt)
            for attempt in self._network.take()
            if not any(attempt is one for one in known)
        ]
        if swallowed:
            watch.tell(swallowed)
