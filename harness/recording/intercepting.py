"""Every request to a provider's host, answered by a fake: under any HTTP client."""

from types import TracebackType
from typing import Any, Self, get_args

from harness.endpoint import Endpoint
from harness.errors import (
    InputError,
    NetworkBlocked,
    UnrecordedRequest,
    UnscriptedRequest,
    nearest,
    shown,
)
from harness.models.clocks import Clock
from harness.recording import routing
from harness.recording.guard import Guard, put_up, take_down, told_again
from harness.recording.hosts import PROVIDER_HOSTS, host_patterns
from harness.recording.opened import OpenCassette, OpenFake, Others
from harness.recording.stubs import PATCHES

__all__ = ["Interception"]


class Interception:
    """A block in which *endpoint* answers the requests to *hosts*, in time of *clock*.

    Without *hosts* those are `PROVIDER_HOSTS`. *others* says what becomes of requests
    to other hosts than these and this machine: "block", or "pass". *transport* answers
    for httpx and httpx2. For use with `with` or `async with`, once at a time.

    What was refused, or could not be answered, is raised once more at the end of a
    block that went well, lest an application has swallowed it; `forget()` says that it
    was expected. Raises InputError for hosts that are none.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        clock: Clock,
        transport: Any,
        *,
        hosts: tuple[str, ...] = (),
        others: Others = "block",
    ) -> None:
        known = get_args(Others)
        if others not in known:
            hint = nearest(str(others), known)
            raise InputError(f"others={shown(others)}. {hint}")
        self._given = OpenFake(
            endpoint=endpoint,
            clock=clock,
            transport=transport,
            hosts=host_patterns(hosts) or PROVIDER_HOSTS,
            others=others,
        )
        self._opened: OpenFake | None = None
        self._guard = _Guard(self._given)
        self._known: list[UnscriptedRequest | UnrecordedRequest] = []

    @property
    def refused(self) -> tuple[NetworkBlocked, ...]:
        """Each request that was not let pass, also those the application swallowed."""
        return tuple(self._given.refused)

    @property
    def unanswered(self) -> tuple[UnscriptedRequest | UnrecordedRequest, ...]:
        """What the fake was asked since the block began, and had no answer to."""
        failures = self._given.endpoint.failures
        return tuple(f for f in failures if not any(f is one for one in self._known))

    def forget(self) -> tuple[BaseException, ...]:
        """Take both, as expected: the end of the block does not tell them."""
        told = (*self.unanswered, *self.refused)
        self._given.refused.clear()
        self._known = [*self._given.endpoint.failures]
        return told

    def __enter__(self) -> Self:
        if self._opened is not None:
            raise InputError(
                "This interception is open already. Open another: fake.intercept()."
            )
        self._known = [*self._given.endpoint.failures]
        self._given.is_open = True
        PATCHES.hold()
        self._opened = routing.put_in(self._given)
        put_up(self._guard)
        routing.enter(self._opened)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        take_down(self._guard)
        routing.put_away(self._given)
        PATCHES.release()
        self._opened = None
        unanswered, refused = self.unanswered, self.refused
        self.forget()
        if error is not None:
            for one in (*unanswered, *refused):
                if one is not error and one is not error.__cause__:
                    error.add_note(f"Meanwhile, without an answer: {one}")
        elif unanswered:
            raise _again(unanswered, refused)
        elif refused:
            raise told_again(refused)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def __repr__(self) -> str:
        return f"<{self._given}>"


class _Guard(Guard):
    """Lets no request past a fake that is made in its context, or in none."""

    _overrules = False

    def __init__(self, opened: OpenFake) -> None:
        super().__init__()
        self._mine = opened

    def lets_pass(self, host: str, port: int | str | None) -> bool:
        """Whether *host* may be reached by what is not intercepted."""
        around = routing.around_here()
        if around is not None and self._mine not in around:
            return True
        return not self._why_not(host, port)

    def _remember(self, error: NetworkBlocked) -> None:
        """Keep it for the end of the block, if it is ours."""
        if not self.lets_pass(error.host, error.port):
            self._mine.refused.append(error)

    def _why(self, host: str, port: int | str | None) -> str:
        """Why *host* is not to be reached, and what to do."""
        around = routing.around_here() or [self._mine]
        if isinstance(around[0], OpenCassette):
            return (
                f"The cassette {around[0]} was opened inside of {self._mine}, and "
                "records: it asks the network and not the fake. Nothing was sent. "
                "Open the cassette outside, or not in a mode that records."
            )
        return self._why_not(host, port)

    def _why_not(self, host: str, port: int | str | None) -> str:
        whys = (self._mine.why_not(n, port, live=True) for n in self._names(host))
        return next((why for why in whys if why), "")


def _again(
    unanswered: tuple[UnscriptedRequest | UnrecordedRequest, ...],
    refused: tuple[NetworkBlocked, ...],
) -> UnscriptedRequest | UnrecordedRequest:
    """The first of them once more, for the case that it was swallowed."""
    first, *others = unanswered
    error = (
        UnrecordedRequest(first.miss)
        if isinstance(first, UnrecordedRequest)
        else UnscriptedRequest(first.error)
    )
    error.__cause__ = first
    error.add_note("It is raised again at the end: it may have been swallowed.")
    for other in (*others, *refused):
        error.add_note(f"Without an answer as well: {other}")
    return error
