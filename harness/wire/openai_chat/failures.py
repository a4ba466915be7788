"""Errors as OpenAI says them. In: a Fault. Out: a reply, or the event of a stream."""

from typing import Any

from harness.steps import Fault
from harness.wire.faults import ErrorReply, error_reply, error_status

__all__ = ["error_said", "write_error"]

#: The type and the code of each kind.
_WORDS: dict[str, tuple[str, str | None]] = {
    "authentication": ("invalid_request_error", "invalid_api_key"),
    "bad_request": ("invalid_request_error", None),
    "overloaded": ("server_error", "engine_overloaded"),
    "rate_limit": ("requests", "rate_limit_exceeded"),
    "server": ("server_error", None),
    "timeout": ("timeout", "timeout"),
}


def error_said(fault: Fault) -> dict[str, Any]:
    """What OpenAI says of *fault*."""
    kind, code = _WORDS.get(str(fault.kind), ("server_error", None))
    error = {"message": fault.message, "type": kind, "param": None, "code": code}
    return {"error": error}


def write_error(fault: Fault) -> ErrorReply:
    """The reply with which OpenAI says *fault*. Raises InputError for a silent one."""
    return error_reply(fault, error_status(fault), error_said(fault))
