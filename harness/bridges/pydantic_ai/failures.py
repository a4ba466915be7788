"""What a provider's failure is called there, and here."""

from typing import Any

from pydantic_ai import exceptions as theirs

from harness import errors as ours
from harness.errors import ModelError
from harness.steps import Fault, FaultKind

__all__ = ["fault_of", "their_error"]

#: What an error with a status is besides; the first that fits.
_CATEGORIES: tuple[tuple[type[ModelError], Any], ...] = (
    (ours.RateLimitError, theirs.ModelRateLimitError),
    (ours.AuthenticationError, theirs.ModelAuthenticationError),
    (ours.OverloadedError, theirs.ModelOverloadedError),
    (ours.BadRequestError, theirs.ModelRequestRejectedError),
    (ours.ServerError, theirs.ModelServerError),
    (ours.ModelTimeoutError, theirs.ModelServerError),
)
#: Faults by what an error without a status is; the first that fits.
_FAULTS: tuple[tuple[type[theirs.ModelAPIError], FaultKind], ...] = (
    (theirs.ModelTimeoutError, "timeout"),
    (theirs.ModelConnectionError, "connection"),
    (theirs.ModelRateLimitError, "rate_limit"),
    (theirs.ModelQuotaExceededError, "rate_limit"),
    (theirs.ModelAuthenticationError, "authentication"),
    (theirs.ModelRequestRejectedError, "bad_request"),
    (theirs.ModelUnavailableError, "overloaded"),
    (theirs.ModelAPIError, "server"),
)


def their_error(error: ModelError, model_name: str) -> theirs.ModelAPIError:
    """*error* of the model *model_name* as pydantic-ai's models raise it.

    With a status it is a `ModelHTTPError`, and of the category that the status says.

    >>> their_error(ours.RateLimitError("Slow down", status=429), "m").status_code
    429
    """
    status, after = error.status, error.retry_after
    cut, text = error.partial is not None, str(error)
    if status is None:
        late = isinstance(error, ours.ModelTimeoutError)
        kind = theirs.ModelTimeoutError if late else theirs.ModelConnectionError
        return kind(model_name, text, retry_after=after, in_stream=cut)
    found = (to for kind, to in _CATEGORIES if isinstance(error, kind))
    return theirs.ModelHTTPError.for_category(
        next(found, None),
        status_code=status,
        model_name=model_name,
        body=text.removesuffix(f" [status {status}]"),
        retry_after=after,
        in_stream=cut,
    )


def fault_of(error: theirs.ModelAPIError) -> Fault:
    """What *error* says, as a fault."""
    if isinstance(error, theirs.ModelHTTPError) and 400 <= error.status_code <= 599:
        return Fault(
            _text(error),
            status=error.status_code,
            retry_after=error.retry_after,
            headers=error.headers or {},
        )
    return next(
        Fault(error.message, kind, retry_after=error.retry_after)
        for their, kind in _FAULTS
        if isinstance(error, their)
    )


def _text(error: theirs.ModelHTTPError) -> str:
    match error.body:
        case str(text) if text:
            return text
        case {"error": {"message": str(text)}} | {"message": str(text)}:
            return text
        case _:
            return error.message
