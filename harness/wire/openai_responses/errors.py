"""Errors of OpenAI Responses: the body of an error reply, the words of a stream."""

from typing import Any

from harness.steps import Fault
from harness.wire.faults import ErrorReply, error_reply, error_status

__all__ = ["error_words", "write_error"]

#: By kind of fault: the type and the code that OpenAI says.
_WORDS: dict[str, tuple[str, str | None]] = {
    "authentication": ("invalid_request_error", "invalid_api_key"),
    "bad_request": ("invalid_request_error", None),
    "overloaded": ("overloaded_error", "engine_overloaded"),
    "rate_limit": ("requests", "rate_limit_exceeded"),
    "server": ("server_error", "server_error"),
    "timeout": ("timeout", "timeout"),
}


def error_words(fault: Fault) -> dict[str, Any]:
    """The error object that says *fault*."""
    kind, code = _WORDS.get(str(fault.kind), _WORDS["server"])
    return {"type": kind, "code": code, "message": fault.message, "param": None}


def write_error(fault: Fault) -> ErrorReply:
    """The reply with which the provider says *fault*. InputError: it says none."""
    return error_reply(fault, error_status(fault), {"error": error_words(fault)})
