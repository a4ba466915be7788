"""The exceptions of the Converse API, as replies and as frames of a stream."""

from collections.abc import Mapping
from typing import Any

from harness.steps import Fault, FaultKind
from harness.wire.aws_frames import encode_frame
from harness.wire.faults import (
    ErrorReply,
    error_reply,
    error_status,
    is_silent,
    read_error,
)
from harness.wire.json_values import write_json

__all__ = [
    "fault_frame",
    "is_exception",
    "read_exception",
    "read_reply_error",
    "told",
    "write_exception",
]

_TYPE = "x-amzn-errortype"
#: By name: their status, and the kind where it is not that of the status.
_EXCEPTIONS: dict[str, tuple[int, FaultKind | None]] = {
    "AccessDeniedException": (403, None),
    "ConflictException": (400, None),
    "ExpiredTokenException": (403, None),
    "InternalServerException": (500, None),
    "ModelErrorException": (424, "server"),
    "ModelNotReadyException": (429, "overloaded"),
    "ModelStreamErrorException": (424, "server"),
    "ModelTimeoutException": (408, None),
    "ResourceNotFoundException": (404, None),
    "ServiceQuotaExceededException": (400, "rate_limit"),
    "ServiceUnavailableException": (503, None),
    "ThrottlingException": (429, None),
    "UnrecognizedClientException": (403, None),
    "ValidationException": (400, None),
}
#: The name with which a reply says a status, where several have it, or a kind.
_BY_STATUS = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    424: "ModelErrorException",
}
_BY_KIND: dict[str, str] = {
    "authentication": "AccessDeniedException",
    "bad_request": "ValidationException",
    "overloaded": "ServiceUnavailableException",
    "rate_limit": "ThrottlingException",
    "server": "InternalServerException",
    "timeout": "ModelTimeoutException",
}
#: Those that a stream has no exception for.
_IN_STREAMS = {
    "AccessDeniedException": "ValidationException",
    "ModelErrorException": "ModelStreamErrorException",
    "ResourceNotFoundException": "ValidationException",
}


def is_exception(name: str) -> bool:
    """Whether an event of that *name* tells an error."""
    return name.endswith(("Exception", "Error", "Failure", "Fault"))


def told(said: Mapping[str, Any]) -> str | None:
    """The message of an error."""
    found = (said.get(key) for key in ("message", "Message", "originalMessage"))
    return next((text for text in found if isinstance(text, str)), None)


def read_exception(name: str, said: Mapping[str, Any]) -> Fault:
    """The Fault that an exception in a stream tells.

    >>> read_exception("throttlingException", {"message": "Slow down"}).status
    429
    """
    status, kind = _EXCEPTIONS.get(name[:1].upper() + name[1:], (500, None))
    return Fault(told(said) or name, status=status, kind=kind)


def read_reply_error(status: int, headers: Mapping[str, str], body: bytes) -> Fault:
    """The Fault that a reply of an error *status* says."""
    fault = read_error(status, headers, body.replace(b'"Message":', b'"message":', 1))
    name = fault.headers.get(_TYPE, "").partition(":")[0]
    kind = _EXCEPTIONS.get(name, (0, None))[1]
    if kind is None:
        return fault
    return Fault(
        fault.message,
        kind=kind,
        status=fault.status,
        retry_after=fault.retry_after,
        headers=fault.headers,
    )


def write_exception(fault: Fault) -> ErrorReply:
    """The reply that says *fault*."""
    status = error_status(fault, authentication=403)
    reply = error_reply(fault, status, {"message": fault.message})
    reply.headers.setdefault(_TYPE, _name(fault))
    return reply


def fault_frame(fault: Fault) -> bytes:
    """The frame that tells *fault* in a stream; none for one that is silence."""
    if is_silent(fault):
        return b""
    name = _name(fault)
    name = _IN_STREAMS.get(name, name)
    headers = {
        ":exception-type": name[0].lower() + name[1:],
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return encode_frame(headers, write_json({"message": fault.message}))


def _name(fault: Fault) -> str:
    for name, (status, kind) in _EXCEPTIONS.items():
        if kind is not None and (status, kind) == (fault.status, fault.kind):
            return name
    by_kind = _BY_KIND.get(str(fault.kind), "InternalServerException")
    if fault.status is None:
        return by_kind
    named = _BY_STATUS.get(fault.status)
    usual = named and _EXCEPTIONS[named][1] in (None, fault.kind)
    return named if named and usual else by_kind
