"""When a provider is asked again, and how long to wait before.

Waits are pauses, so a virtual clock makes them take no time. Only what fails before
the first chunk is tried again.
"""

import random
from dataclasses import replace

from harness.errors import InputError, shown
from harness.models.retrying import Attempt, Player, Retry, RetryPolicy
from harness.requests import ChatRequest
from harness.steps import Fault, Pause

__all__ = ["LONGEST_WAIT", "Retries", "retry_count"]

#: Who asks for a longer wait than these seconds is not asked again.
LONGEST_WAIT = 60.0

_STATUSES = frozenset({408, 409, 429})
_KINDS = frozenset(
    {"rate_limit", "overloaded", "server", "timeout", "connection", "interrupted"}
)


class Retries(Retry):
    """A player that is asked up to *count* more times while trying again may help."""

    def __init__(self, inner: Player, count: int) -> None:
        super().__init__(inner, RetryPolicy(attempts=count + 1))

    def further(
        self, failed: list[Attempt], request: ChatRequest
    ) -> tuple[Player, ChatRequest, Pause] | None:
        """The same again, after a pause; None where that will not help."""
        fault = failed[-1].fault
        if fault is None or not _may_pass(fault):
            return None
        if len(failed) >= self.policy.attempts or _patience_ends(fault):
            return None
        return self.inner, request, Pause(_wait(fault, len(failed)))

    def final(self, failed: list[Attempt]) -> Attempt:
        """The last failure, with why there was no further attempt."""
        attempt = failed[-1]
        fault = attempt.fault
        if fault is None:
            return attempt
        said = []
        if len(failed) > 1:
            said.append(f"at attempt {len(failed)}")
        if _may_pass(fault) and _patience_ends(fault):
            said.append(
                f"not tried again: it asks to wait {fault.retry_after:g} seconds, and "
                f"we wait {LONGEST_WAIT:g} at most"
            )
        if said:
            message = f"{fault.message}, {', '.join(said)}"
            attempt.fault = replace(fault, message=message)
        return attempt


def retry_count(given: object) -> int:
    """*given* as the number of retries. Raises InputError."""
    if type(given) is int and 0 <= given <= 100:
        return given
    raise InputError(f"max_retries={shown(given)}; give a whole number from 0 to 100.")


def _may_pass(fault: Fault) -> bool:
    """Whether *fault* may be gone the next time; the provider knows best."""
    match fault.headers.get("x-should-retry"):
        case "true":
            return True
        case "false":
            return False
        case _:
            return fault.status in _STATUSES or fault.kind in _KINDS


def _patience_ends(fault: Fault) -> bool:
    return fault.retry_after is not None and fault.retry_after > LONGEST_WAIT


def _wait(fault: Fault, attempt: int) -> float:
    """As long as the provider asks, else about 0.5, 1, 2, 4, 8, 8 ... seconds."""
    if fault.retry_after is not None:
        return fault.retry_after
    # Not the same for everybody, or all that were refused at once come back at once.
    part = random.uniform(0.75, 1)  # noqa: S311 - no secret
    return min(8.0, 0.5 * 2.0 ** (attempt - 1)) * part
