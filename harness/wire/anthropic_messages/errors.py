"""What goes wrong, in the words of Anthropic Messages."""

from typing import Any

from harness.steps import Fault
from harness.wire.faults import ErrorReply, error_reply, error_status

__all__ = ["said_error", "write_error"]

_BY_STATUS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_BY_KIND = {
    "rate_limit": "rate_limit_error",
    "authentication": "authentication_error",
    "bad_request": "invalid_request_error",
    "overloaded": "overloaded_error",
    "timeout": "timeout_error",
}


def write_error(fault: Fault) -> ErrorReply:
    """The reply that says *fault*. Raises InputError for one that ends in silence.

    >>> write_error(Fault("Busy", kind="overloaded")).status
    529
    """
    return error_reply(fault, error_status(fault, overloaded=529), said_error(fault))


def said_error(fault: Fault) -> dict[str, Any]:
    """The object that says *fault*, as a body or in a stream."""
    kind = _BY_KIND.get(str(fault.kind), "api_error")
    kind = _BY_STATUS.get(fault.status or 0, kind)
    return {"type": "error", "error": {"type": kind, "message": fault.message}}
