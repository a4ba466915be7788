"""What a server serves: a script, a cassette. The protocol, and how it fails."""

from typing import Any, Protocol, TypeAlias

from harness.errors import UnrecordedRequest, UnscriptedRequest
from harness.http_messages import HttpRequest
from harness.server.acting import Stage

__all__ = ["Failure", "Served"]

Failure: TypeAlias = UnscriptedRequest | UnrecordedRequest


class Served(Protocol):
    """Something that answers requests: a script, a cassette, or what you write."""

    async def respond(self, request: HttpRequest, stage: Stage) -> None:
        """Answer *request* on *stage*."""
        ...

    @property
    def session_header(self) -> str | None:
        """Which header tells sessions apart, where answers are those of a script.

        None where they are recorded: what they are like then, no description tells.
        """
        ...

    def state(self) -> dict[str, Any]:
        """What was asked, and what is left, as JSON."""
        ...

    def calls(self, session: str | None) -> list[dict[str, Any]]:
        """What came over HTTP, of one session or of all."""
        ...

    def reset(self, session: str | None) -> None:
        """Begin again: that session, or all."""
        ...

    def failures(self) -> list[Failure]:
        """What had no lawful answer."""
        ...

    async def close(self) -> None:
        """Nothing more is asked."""
        ...
