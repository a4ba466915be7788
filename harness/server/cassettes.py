"""A cassette that is served; what it does not know may be asked of a provider."""

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from harness.cassettes.exchanges import Exchange
from harness.cassettes.interactions import Interaction
from harness.cassettes.tape import Tape
from harness.errors import CassetteMiss, HarnessError, UnrecordedRequest
from harness.http_messages import HttpRequest
from harness.server.acting import Stage
from harness.server.application import refusal
from harness.server.replaying import replayed
from harness.server.served import Failure
from harness.server.sessions import SESSION_HEADER, Sessions

__all__ = ["MATCH_ON", "ServedCassette", "Upstream"]

#: What of a request must be as it was recorded: all but the host, which is ours now.
MATCH_ON = ("method", "path", "query", "body")


class Upstream(Protocol):
    """Who is asked what the cassette does not know."""

    def asked(self, request: HttpRequest) -> HttpRequest:
        """*request* as it is sent there."""
        ...

    async def forward(
        self, request: HttpRequest, stage: Stage, exchange: Exchange
    ) -> None:
        """Ask *request*; act the answer out on *stage*, and tell *exchange* of it."""
        ...

    async def close(self) -> None:
        """Nothing more is asked."""
        ...


class ServedCassette:
    """Answers with what *tape* opens: one tape for each value of *session_header*.

    What a tape lets go live is asked of *upstream*: then there is one tape for all, as
    it is the one that writes the file. *speed* 0 replays at once, 1 as fast as it was
    recorded.
    """

    def __init__(
        self,
        tape: Callable[[], Tape],
        *,
        upstream: Upstream | None = None,
        session_header: str = SESSION_HEADER,
        speed: float = 0.0,
    ) -> None:
        first = tape()
        self._sessions = Sessions(tape, header=session_header, first=first)
        self._only = None if upstream is None else first
        self._make = tape
        self._upstream = upstream
        self._speed = speed
        self._failures: list[Failure] = []
        self._calls: list[dict[str, Any]] = []
        #: What the user should know of the recording.
        self.notes: list[str] = []

    async def respond(self, request: HttpRequest, stage: Stage) -> None:
        """Answer *request* on *stage* as it was answered when it was recorded."""
        tape = self._only or self._sessions.of(request)
        asked = self._sessions.without(request)
        if self._upstream is not None:
            asked = self._upstream.asked(asked)
        path = urlsplit(asked.url).path
        name = self._sessions.name(request)
        call = {"session": name, "method": asked.method, "path": path}
        self._calls.append(call)
        try:
            known = tape.answer(asked)
            call["answer"] = "live" if known is None else known.place
            if known is None:
                await self._live(asked, stage, tape)
            else:
                await stage.play(replayed(known, self._speed))
        except UnrecordedRequest as failure:
            call["answer"] = "none"
            self._failures.append(failure)
            if stage.started:
                await stage.cut("connection")
            else:
                await stage.play(refusal(str(failure), request.url))

    async def _live(self, asked: HttpRequest, stage: Stage, tape: Tape) -> None:
        assert self._upstream is not None  # noqa: S101 - only its tapes go live
        exchange = tape.recording(asked)
        await self._upstream.forward(asked, stage, exchange)

    # --------------------------------------------------------------------- state

    @property
    def session_header(self) -> None:
        """None: its answers are those of whatever was recorded."""
        return

    def _tapes(self) -> list[tuple[str, Tape]]:
        return [("", self._only)] if self._only else [*self._sessions.items()]

    def state(self) -> dict[str, Any]:
        """The sessions, and what each has left to play."""
        return {
            "sessions": {
                name: {
                    "known": len(tape.interactions),
                    "recorded": len(tape.recorded),
                    "unused": [_named(one) for one in tape.unused()],
                    "notes": list(tape.notes),
                }
                for name, tape in self._tapes()
            },
            "failures": [str(failure) for failure in self._failures],
        }

    def calls(self, session: str | None) -> list[dict[str, Any]]:
        """What came over HTTP, and what answered it: of *session*, or of all."""
        return [c for c in self._calls if session in (None, c["session"])]

    def reset(self, session: str | None) -> None:
        """Play *session*, or all, from the beginning; what was recorded is saved."""
        if self._only is not None:
            self._close(self._only)
            self._only = self._make()
            return
        for tape in self._sessions.end(session):
            self._close(tape)

    def failures(self) -> list[Failure]:
        """What was not recorded, and what could not be saved."""
        return list(self._failures)

    async def close(self) -> None:
        """Save what was recorded."""
        for _, tape in self._tapes():
            self._close(tape)
        if self._upstream is not None:
            await self._upstream.close()

    def _close(self, tape: Tape) -> None:
        try:
            tape.close()
        except HarnessError as error:
            self._failures.append(UnrecordedRequest(CassetteMiss(str(error))))
        self.notes += tape.notes


def _named(one: Interaction) -> str:
    return f"{one.place}: {one.method} {one.url.partition('?')[0]}"
