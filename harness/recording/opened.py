"""What can be open: a cassette, which answers all, or a fake, which has its hosts."""

from dataclasses import dataclass, field
from typing import Any, Literal

from harness.cassettes.tape import Tape
from harness.endpoint import Endpoint
from harness.errors import NetworkBlocked
from harness.models.clocks import Clock
from harness.recording.hosts import PROVIDER_HOSTS, is_local, is_one_of
from harness.recording.playback import Playback

__all__ = ["OpenCassette", "OpenFake", "Opened", "Others"]

#: What becomes of requests that a fake does not take.
Others = Literal["block", "pass"]


@dataclass(eq=False, kw_only=True, slots=True)
class OpenCassette:
    """A cassette that is open: its tape, and how its answers are played.

    *outer* is what it was opened in, *thread* where that was.
    """

    tape: Tape
    playback: Playback
    outer: "Opened | None" = None
    thread: int = 0
    is_open: bool = True

    def __str__(self) -> str:
        return str(self.tape.path)


@dataclass(eq=False, kw_only=True, slots=True)
class OpenFake:
    """A provider that takes each request to one of *hosts*; *outer* as above.

    *transport* answers clients of httpx and httpx2, the *endpoint* all others, in the
    time of *clock*. *refused* is what was not let pass.
    """

    endpoint: Endpoint
    clock: Clock
    transport: Any
    hosts: tuple[str, ...]
    others: Others
    refused: list[NetworkBlocked] = field(default_factory=list)
    outer: "Opened | None" = None
    thread: int = 0
    is_open: bool = True

    def __str__(self) -> str:
        hosts = () if self.hosts == PROVIDER_HOSTS else self.hosts
        return f"fake.intercept({', '.join(map(repr, hosts))})"

    def takes(self, host: str, port: int | str | None) -> bool:
        """Whether the fake answers for *host*."""
        return is_one_of(self.hosts, host, port)

    def why_not(self, host: str, port: int | str | None, *, live: bool) -> str:
        """Why a request to *host* that nothing took may not go on; "" if it may.

        *live* tells that it would go to the network, and not to a cassette.
        """
        hosts = "" if self.hosts == PROVIDER_HOSTS else f"{str(self)[15:-1]}, "
        takes_it = f"have the fake answer it: fake.intercept({hosts}{host!r})."
        if live and self.takes(host, port):
            return (
                "It is a host of the fake, and the call was not intercepted, so "
                "nothing was sent. What is intercepted are httpx, httpx2, requests, "
                "urllib3 and aiohttp: let the application use one of them."
            )
        if live and is_one_of(PROVIDER_HOSTS, host, port):
            return (
                f"It is the host of a provider, but none of {self}, and nothing was "
                f"sent. Put it there as well, to {takes_it}"
            )
        if self.others == "block" and not is_local(host):
            return (
                f"Other hosts are blocked while {self} is open, and nothing was sent. "
                f"Let them pass: fake.intercept({hosts}others='pass'); or {takes_it}"
            )
        return ""


Opened = OpenCassette | OpenFake
