"""What goes wrong at Google: a google.rpc.Status, in the reply or in the stream."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.steps import Fault, FaultKind
from harness.wire import faults
from harness.wire.json_values import read_json

__all__ = ["error_body", "read_error", "read_fault", "write_error"]

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_CODES = {name: status for status, name in _STATUSES.items()}
_CODES["FAILED_PRECONDITION"] = 400
_RETRY = "type.googleapis.com/google.rpc.RetryInfo"


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """The Fault that a whole reply of an error *status* says.

    >>> details = b'[{"@type": "google.rpc.RetryInfo", "retryDelay": "34s"}]'
    >>> read_error(429, {}, b'[{"error": {"details": %b}}]' % details).retry_after
    34.0
    """
    fault = faults.read_error(status, headers, body)
    try:
        return _detailed(fault, read_json(body))
    except ValueError:
        return fault


def read_fault(said: dict[str, Any]) -> Fault:
    """The Fault that an event with an error says.

    >>> read_fault({"error": {"status": "UNAVAILABLE", "message": "busy"}}).status
    503
    """
    fault = faults.fault_of(said)
    error = said.get("error")
    if fault.status is None and isinstance(error, dict):
        status = _CODES.get(str(error.get("status")))
        fault = fault if status is None else Fault(fault.message, status=status)
    return _detailed(fault, said)


def write_error(fault: Fault) -> faults.ErrorReply:
    """The reply with which Google says *fault*. Raises InputError for silence."""
    status = faults.error_status(fault)
    return faults.error_reply(fault, status, error_body(fault, status))


def error_body(fault: Fault, status: int) -> dict[str, Any]:
    """The JSON with which Google says *fault*."""
    nearest = 400 if status < 500 else 500
    error: dict[str, Any] = {
        "code": status,
        "message": fault.message,
        "status": _STATUSES.get(status, _STATUSES[nearest]),
    }
    details: list[dict[str, Any]] = []
    if fault.kind == "authentication" and status == 400:
        kind = "type.googleapis.com/google.rpc.ErrorInfo"
        domain = "googleapis.com"
        details.append({"@type": kind, "reason": "API_KEY_INVALID", "domain": domain})
    if fault.retry_after is not None:
        # As exact as the header: readers take either.
        delay = f"{fault.retry_after:.3f}".rstrip("0").rstrip(".")
        details.append({"@type": _RETRY, "retryDelay": f"{delay}s"})
    return {"error": {**error, "details": details} if details else error}


def _detailed(fault: Fault, said: Any) -> Fault:
    """*fault*, and what the details of *said* tell of it."""
    told = said[0] if isinstance(said, list) and said else said
    error = told.get("error") if isinstance(told, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    kind: FaultKind | None = fault.kind
    after = fault.retry_after
    for detail in details if isinstance(details, list) else ():
        match detail:
            case {"reason": "API_KEY_INVALID"}:
                kind = "authentication"
            case {"retryDelay": str(delay)} if after is None:
                after = _seconds(delay)
            case _:
                pass
    return replace(fault, kind=kind, retry_after=after)


def _seconds(delay: str) -> float | None:
    try:
        seconds = float(delay.removesuffix("s"))
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e9 else None
