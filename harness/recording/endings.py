"""How an answer ended, where it did not just end; and the words that are kept of it."""

import re
from typing import Literal

from harness.cassettes.interactions import Ending, Headers, Interaction

__all__ = ["BROKEN", "cut_short", "ended_early", "failure_of", "read_failure"]

#: Endings that are a failure of the connection.
BROKEN: tuple[Ending, ...] = ("interrupted", "timeout", "connection")

#: The first line of the event that is the last of a stream.
_LAST_EVENT = re.compile(
    rb"data: ?\[DONE\]|event: ?message_stop|"
    rb"event: ?response\.(?:completed|incomplete|failed)"
)
_EVENT_END = re.compile(rb"\r?\n\r?\n\Z")
_EVENT_STARTS = re.compile(rb"(?:\r?\n){2,}")


def failure_of(error: BaseException) -> str:
    """The type and the words of *error*."""
    said = str(error)
    name = type(error).__name__
    return f"{name}: {said}" if said else name


def read_failure(interaction: Interaction) -> tuple[str, str]:
    """The name of the type that failed as *interaction* did, and its words."""
    name, _, said = interaction.failure.partition(": ")
    return name, said or interaction.failure or f"recorded: {interaction.ended}"


def ended_early(
    method: str, status: int, headers: Headers, body: bytes
) -> Literal["complete", "truncated"]:
    """How an answer ended that was closed before its end was seen.

    Nothing is missing where the announced length has come, or the last event of a
    stream: clients hang up on that.
    """
    if method == "HEAD" or status in {204, 304}:
        return "complete"
    said = {name.lower(): text for name, text in headers}
    if said.get("content-length") == str(len(body)):
        return "complete"
    if not _EVENT_END.search(body):
        return "truncated"
    last = _EVENT_STARTS.split(body.rstrip())[-1]
    return "complete" if _LAST_EVENT.match(last) else "truncated"


def cut_short(interaction: Interaction) -> str:
    """What is said to an application that reads on where the one recorded did not."""
    return (
        f"{interaction.place}: the recording of {interaction.method} {interaction.url} "
        f"ends after {len(interaction.response_body)} bytes, where the application "
        "closed the answer when it was recorded; this time it reads on. Record it "
        "again, read to the end."
    )
