"""What goes wrong at a provider, in all the forms in which servers say it.

In: a status, headers and a body; or what a stream has under "error". Out: a Fault.
And back, for the dialects to put their own words in.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from harness.errors import InputError
from harness.steps import Fault, FaultKind
from harness.wire.json_values import read_json, write_json

__all__ = [
    "ErrorReply",
    "error_reply",
    "error_status",
    "fault_of",
    "is_silent",
    "read_error",
]

_LONGEST = 500
_KINDS: dict[str, FaultKind] = {
    "authentication_error": "authentication",
    "billing_error": "bad_request",
    "engine_overloaded": "overloaded",
    "insufficient_quota": "rate_limit",
    "invalid_api_key": "authentication",
    "invalid_request_error": "bad_request",
    "not_found_error": "bad_request",
    "overloaded_error": "overloaded",
    "permission_error": "authentication",
    "rate_limit_error": "rate_limit",
    "rate_limit_exceeded": "rate_limit",
    "rate_limited": "rate_limit",
    "request_too_large": "bad_request",
    "timeout": "timeout",
    "timeout_error": "timeout",
    "tokens": "rate_limit",
}

#: The status of a fault that says none; the other kinds never become a reply.
_STATUSES: dict[str, int] = {
    "rate_limit": 429,
    "authentication": 401,
    "bad_request": 400,
    "overloaded": 503,
    "server": 500,
}


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """A whole reply that says what went wrong, by *status*, *headers* and *body*.

    Names of headers are in lower case.

    >>> ErrorReply(503, {}, b"busy").status
    503
    """

    status: int
    headers: dict[str, str]
    body: bytes


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """The Fault that a whole reply with *headers* and *body* of *status* 400 on says.

    >>> said = b'{"error": {"message": "Slow down", "code": "rate_limit_exceeded"}}'
    >>> read_error(429, {"Retry-After": "2"}, said).retry_after
    2.0
    """
    said = {name.lower(): value for name, value in headers.items()}
    try:
        value = read_json(body)
    except ValueError:
        value = body.decode("utf-8", "replace").strip()
    message, _ = _told(value)
    message = message or f"the provider answered {status} without a word"
    known = 400 <= status <= 599  # some gateways have numbers of their own
    return Fault(
        message if known else f"{message} (status {status})",
        kind=None if known else "server",
        status=status if known else None,
        retry_after=_retry_after(said),
        headers=said,
    )


def fault_of(value: object) -> Fault:
    """The Fault that an error inside an answer of status 200 says.

    >>> fault_of({"error": {"message": "busy", "code": 503}}).kind
    'overloaded'
    """
    message, error = _told(value)
    for key in ("status_code", "status", "code"):
        status = _status(error.get(key))
        if status is not None:
            return Fault(message, status=status)
    by_type = _KINDS.get(str(error.get("type")), "server")
    return Fault(message, kind=_KINDS.get(str(error.get("code")), by_type))


def is_silent(fault: Fault) -> bool:
    """Whether *fault* has no words: the connection is lost, or nothing comes.

    >>> is_silent(Fault(kind="timeout")), is_silent(Fault(status=504))
    (True, False)
    """
    return fault.status is None and fault.kind not in _STATUSES


def error_status(fault: Fault, **statuses: int) -> int:
    """The status of the reply that says *fault*; *statuses* are a provider's own.

    Raises InputError for a fault that ends in silence instead: a connection that is
    lost, an answer that breaks off or never comes.

    >>> error_status(Fault(kind="overloaded"), overloaded=529)
    529
    """
    status = fault.status or (_STATUSES | statuses).get(str(fault.kind))
    if status is None:
        raise InputError(
            f"a fault of kind {fault.kind!r} without a status is no reply: close the "
            f"connection, or give the fault a status from 400 to 599."
        )
    return status


def error_reply(fault: Fault, status: int, said: object) -> ErrorReply:
    """The reply with which a server says *fault*: *said* is its body, as JSON.

    *status* is the reply's, as `error_status` gives it.

    >>> error_reply(Fault("Slow down", status=429, retry_after=2), 429, {}).headers
    {'content-type': 'application/json', 'retry-after': '2'}
    """
    headers = {name.lower(): value for name, value in fault.headers.items()}
    headers["content-type"] = "application/json"
    # What these say is not what they said of the body that the fault was read from.
    for name in ("content-length", "content-encoding", "transfer-encoding"):
        headers.pop(name, None)
    if fault.retry_after is not None and not headers.keys() & _WAITS:
        headers["retry-after"] = str(math.ceil(fault.retry_after))
        if fault.retry_after % 1:
            headers["retry-after-ms"] = str(round(fault.retry_after * 1000))
    return ErrorReply(status, headers, write_json(said))


_WAITS = frozenset({"retry-after", "retry-after-ms"})


def _told(value: Any) -> tuple[str, Mapping[str, Any]]:
    """The message of an error, and the object that has its codes."""
    match value:
        case [first, *_]:
            return _told(first)
        case {"error": error} if error:
            message, inner = _told(error)
            return message, {**value, **inner}
        case {"message": str(message)} | {"detail": str(message)} if message:
            return message, value
        case dict():
            return _cut(str(value)) if value else "", value
        case None:
            return "", {}
        case _:
            return _cut(str(value)), {}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _status(value: object) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) == 3:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 400 <= value <= 599 else None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds to wait: milliseconds are the finer word, if they say any at all."""
    fine = _seconds(headers.get("retry-after-ms"))
    if fine:
        return fine / 1000
    said = headers.get("retry-after")
    coarse = _seconds(said)
    if coarse is None and said and "date" in headers:
        try:
            until = parsedate_to_datetime(said) - parsedate_to_datetime(headers["date"])
        except (TypeError, ValueError):
            return None
        return max(0.0, until.total_seconds())
    return fine if coarse is None else coarse


def _seconds(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < 1e9 else None
