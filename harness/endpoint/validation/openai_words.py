"""What is wrong with a request, in the words of OpenAI's two formats."""

from typing import Any, assert_never

from harness.endpoint.answers import Answer
from harness.endpoint.validation.shapes import (
    At,
    Either,
    Fields,
    Flag,
    Flaw,
    Items,
    Number,
    OneOf,
    Shape,
    Text,
    kind_of,
)

__all__ = ["UNREADABLE", "listed", "no_object", "place", "refused", "told"]


def refused(
    message: str, param: str | None = None, code: str | None = None, status: int = 400
) -> Answer:
    """The answer with which OpenAI turns a request down.

    >>> refused("No.", "n").said["error"]["param"]
    'n'
    """
    error = {
        "message": message,
        "type": "invalid_request_error",
        "param": param,
        "code": code,
    }
    return Answer({"error": error}, status, message)


UNREADABLE = refused(
    "We could not parse the JSON body of your request. (HINT: This likely means you "
    "aren't using your HTTP library correctly. The OpenAI API expects a JSON payload, "
    "but what was sent was not valid JSON.)"
)


def no_object(value: Any) -> Answer:
    """The answer to a body that is JSON, but no object."""
    kind = kind_of(value)
    return refused(
        f"Invalid type: expected an object, but got {_a(kind)} instead.",
        None,
        "invalid_type",
    )


def place(at: At) -> str:
    """Where it is, as OpenAI says it.

    >>> place(("messages", 1, "role"))
    'messages[1].role'
    """
    text = ""
    for step in at:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def told(flaw: Flaw) -> Answer:
    """The answer to a request with *flaw*."""
    where, value = place(flaw.at), flaw.value
    match flaw.rule:
        case "missing":
            message = f"Missing required parameter: '{where}'."
            code = "missing_required_parameter"
        case "kind":
            message = (
                f"Invalid type for '{where}': expected {_expected(flaw.shape)}, but "
                f"got {_got(value)} instead."
            )
            code = "invalid_type"
        case "below" | "above":
            return _out_of_range(flaw, where)
        case "word":
            words = flaw.shape.words if isinstance(flaw.shape, OneOf) else ()
            allowed = listed([f"'{word}'" for word in words])
            message = (
                f"Invalid value: '{_short(value)}'. Supported values are: {allowed}."
            )
            code = "invalid_value"
        case "short" | "long":
            return _wrong_size(flaw, where)
        case "pattern":
            pattern = flaw.shape.pattern if isinstance(flaw.shape, Text) else ""
            message = (
                f"Invalid '{where}': string does not match pattern. Expected a string "
                f"that matches the pattern '^{pattern}$'."
            )
            code = "invalid_value"
        case _ as unreachable:
            assert_never(unreachable)
    return refused(message, where, code)


def _out_of_range(flaw: Flaw, where: str) -> Answer:
    assert isinstance(flaw.shape, Number)  # noqa: S101 - only numbers have a range
    kind = "integer" if flaw.shape.whole else "decimal"
    low = flaw.rule == "below"
    limit, sign = (flaw.shape.low, ">=") if low else (flaw.shape.high, "<=")
    side, short = (
        ("below minimum", "below_min") if low else ("above maximum", "above_max")
    )
    return refused(
        f"Invalid '{where}': {kind} {side} value. Expected a value {sign} "
        f"{limit:g}, but got {flaw.value} instead.",
        where,
        f"{kind}_{short}_value",
    )


def _wrong_size(flaw: Flaw, where: str) -> Answer:
    kind = kind_of(flaw.value)
    assert isinstance(flaw.shape, Text | Items)  # noqa: S101 - only these have a size
    size = len(flaw.value)
    if flaw.rule == "short":
        limit, side, short = flaw.shape.least, "minimum", "below_min"
        words = "too short"
    else:
        limit, side, short = flaw.shape.most or 0, "maximum", "above_max"
        words = "too long"
    if not size:
        return refused(
            f"Invalid '{where}': empty {kind}. Expected {_a(kind)} with {side} "
            f"length {limit}, but got an empty {kind} instead.",
            where,
            f"empty_{kind}",
        )
    return refused(
        f"Invalid '{where}': {kind} {words}. Expected {_a(kind)} with {side} length "
        f"{limit}, but got {_a(kind)} with length {size} instead.",
        where,
        f"{kind}_{short}_length",
    )


def _expected(shape: Shape) -> str:
    if isinstance(shape, Either):
        return f"one of {listed([_expected(one) for one in shape.shapes], 'or')}"
    return _kind_asked(shape)


def _kind_asked(shape: Shape) -> str:
    match shape:
        case Number(whole=True):
            return "an integer"
        case Number():
            return "a decimal"
        case Text() | OneOf():
            return "a string"
        case Flag():
            return "a boolean"
        case Items(item=Fields()):
            return "an array of objects"
        case Items():
            return "an array"
        case Fields():
            return "an object"
        case Either():
            return _expected(shape)
        case _ as unreachable:
            assert_never(unreachable)


def _got(value: Any) -> str:
    return "null" if value is None else _a(kind_of(value))


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}"


def listed(words: list[str], last: str = "and") -> str:
    """The *words* as a sentence lists them.

    >>> listed(["a", "b", "c"], "or")
    'a, b, or c'
    """
    if len(words) < 3:
        return f" {last} ".join(words)
    return f"{', '.join(words[:-1])}, {last} {words[-1]}"


def _short(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}..."
