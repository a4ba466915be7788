"""The waist: everything a source can play, and every face acts out.

A source answers a request with steps: chunks of the answer, pauses between them, and
faults. It never sleeps and never raises a provider's error; time and failure are data.
"""

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Literal, Protocol

from harness import errors
from harness.chunks import AIMessageChunk
from harness.errors import InputError, ModelError, nearest, shown
from harness.messages import AIMessage
from harness.requests import ChatRequest

__all__ = ["Fault", "FaultKind", "Pause", "Source", "Step", "fault_error"]

FaultKind = Literal[
    "rate_limit",
    "authentication",
    "bad_request",
    "overloaded",
    "server",
    "timeout",
    "connection",
    "interrupted",
]

_ERRORS: dict[str, type[ModelError]] = {
    "rate_limit": errors.RateLimitError,
    "authentication": errors.AuthenticationError,
    "bad_request": errors.BadRequestError,
    "overloaded": errors.OverloadedError,
    "server": errors.ServerError,
    "timeout": errors.ModelTimeoutError,
    "connection": errors.ModelConnectionError,
    "interrupted": errors.InterruptedStreamError,
}
_KINDS: dict[int, FaultKind] = {
    401: "authentication",
    403: "authentication",
    408: "timeout",
    429: "rate_limit",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing comes for *seconds*. Raises InputError for what is no time.

    >>> Pause(0.5).seconds
    0.5
    """

    seconds: float

    def __post_init__(self) -> None:
        if not _is_seconds(self.seconds):
            raise InputError(
                f"A pause of {self.seconds!r} seconds; give a number from 0 up."
            )


@dataclass(frozen=True, slots=True)
class Fault:
    """The provider fails: before the answer begins, or in the middle of it.

    *kind* says how, and *status* (400 to 599) with which HTTP status, if with one; what
    is not said follows from the other. *message* is the provider's text,
    *retry_after* the seconds after which it wants to be asked again, *headers* are
    those of its answer. Raises InputError for what is none of this.

    >>> Fault(status=429, retry_after=2).kind
    'rate_limit'
    """

    message: str = ""
    kind: FaultKind | None = None
    _: KW_ONLY
    status: int | None = None
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        status, after = self.status, self.retry_after
        if not isinstance(self.message, str):
            raise InputError(f"A fault with the message {self.message!r}; give a text.")
        if not _are_headers(self.headers):
            raise InputError(
                f"A fault with the headers {shown(self.headers)}; give a dict of texts."
            )
        object.__setattr__(self, "headers", dict(self.headers))
        if status is not None and (type(status) is not int or not 400 <= status <= 599):
            raise InputError(
                f"A fault of status {self.status!r}; an error's status is 400 to 599."
            )
        if after is not None and not _is_seconds(after):
            raise InputError(
                f"A fault with retry_after {after!r}; give a number of seconds from 0 "
                "up."
            )
        kind = self.kind
        if kind is None:
            kind = "connection" if status is None else _kind(status)
            object.__setattr__(self, "kind", kind)
        elif not isinstance(kind, str) or kind not in _ERRORS:
            known = nearest(str(kind), _ERRORS)
            raise InputError(f"No kind of fault is {kind!r}. {known}")
        if not self.message:
            said = f"{kind.replace('_', ' ')} (scripted)"
            object.__setattr__(self, "message", said)


def _are_headers(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(text, str) for item in value.items() for text in item
    )


def _is_seconds(value: object) -> bool:
    return type(value) in (int, float) and 0 <= value < 1e9  # type: ignore[operator]  # a number


def _kind(status: int) -> FaultKind:
    return _KINDS.get(status, "bad_request" if status < 500 else "server")


#: One thing that a source plays.
Step = AIMessageChunk | Pause | Fault


class Source(Protocol):
    """Whatever answers requests: a script, a cassette, a function.

    ``play`` itself decides which answer a request gets; only the steps come lazily.
    So a caller that plays several requests in order, and then runs them side by side,
    gets the same answers every time.
    """

    def play(self, request: ChatRequest) -> Iterator[Step]:
        """The steps that answer *request*."""
        ...


def fault_error(fault: Fault, partial: AIMessage | None = None) -> ModelError:
    """The error that a Python face raises for *fault*.

    *partial* is what had arrived, where the answer had begun: then a lost connection,
    a timeout and a broken server are all an InterruptedStreamError.
    """
    kind = str(fault.kind)
    if partial is not None and kind in ("connection", "server", "timeout"):
        kind = "interrupted"
    status = "" if fault.status is None else f" [status {fault.status}]"
    return _ERRORS[kind](
        f"{fault.message}{status}",
        status=fault.status,
        retry_after=fault.retry_after,
        partial=partial,
    )
