"""What Gemini refuses. In: a request. Out: the answer that says so."""

import re
from collections import Counter
from collections.abc import Iterator
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
    flaws,
)
from harness.http_messages import HttpRequest
from harness.wire.gemini.spelling import CamelReader
from harness.wire.json_values import write_text

__all__ = ["REQUEST", "UNREADABLE", "no_object", "refusals", "refused"]

_PART = Fields(
    {
        "text": Text(),
        "functionCall": Fields({"name": Text(), "args": Fields()}),
        "functionResponse": Fields({"name": Text(), "response": Fields()}),
        "inlineData": Fields({"mimeType": Text(), "data": Text()}),
        "fileData": Fields({"mimeType": Text(), "fileUri": Text()}),
    }
)
_CONTENT = Fields({"role": Text(), "parts": Either((Items(_PART), _PART))})
_DECLARATION = Fields(
    {
        "name": Text(1, 64, r"[a-zA-Z_][a-zA-Z0-9_.:\-]*"),
        "description": Text(),
        "parameters": Fields(),
        "parametersJsonSchema": Fields(),
    },
    required=("name",),
)
_TOOL = Fields({"functionDeclarations": Items(_DECLARATION)})
_CALLING = Fields(
    {
        "mode": OneOf(("MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED")),
        "allowedFunctionNames": Items(Text()),
    }
)
#: Every parameter that has a rule, in the order in which it is looked at.
REQUEST = Fields(
    {
        "contents": Either((Items(_CONTENT), _CONTENT)),
        "systemInstruction": Either((_CONTENT, Text())),
        "generationConfig": Fields(
            {
                "temperature": Number(0, 2),
                "topP": Number(0, 1),
                "topK": Number(1),
                "candidateCount": Number(1, 8, whole=True),
                "maxOutputTokens": Number(1, whole=True),
                "presencePenalty": Number(-2, 2),
                "frequencyPenalty": Number(-2, 2),
                "seed": Number(whole=True),
                "stopSequences": Items(Text(), most=5),
                "responseLogprobs": Flag(),
                "logprobs": Number(0, 20, whole=True),
                "responseSchema": Fields(),
                "responseMimeType": Text(),
                "thinkingConfig": Fields(
                    {
                        "thinkingBudget": Number(-1, whole=True),
                        "includeThoughts": Flag(),
                    }
                ),
            }
        ),
        "tools": Either((Items(_TOOL), _TOOL)),
        "toolConfig": Fields({"functionCallingConfig": _CALLING}),
        "safetySettings": Items(Fields()),
    }
)
_ROLES = ("user", "model", "function", "tool")
_CAPITAL = re.compile(r"[A-Z]")


def refused(message: str, code: int = 400, status: str = "INVALID_ARGUMENT") -> Answer:
    """The answer with which Google turns a request down."""
    error = {"code": code, "message": message, "status": status}
    return Answer({"error": error}, code, message)


UNREADABLE = refused("Invalid JSON payload received. Unexpected end of string.")


def no_object(value: Any) -> Answer:
    """The answer to a body that is JSON, but no object."""
    return refused(
        "Invalid JSON payload received. Expected an object, got: "
        f"{write_text(value)[:60]}"
    )


def refusals(given: dict[str, Any], request: HttpRequest) -> Iterator[Answer]:
    """Why *request*, whose body is *given*, is refused."""
    del request
    said: dict[str, Any] = CamelReader().read(given)
    if not said.get("contents"):
        yield _said(("contents",), "contents is not specified")
    yield from map(_told, flaws(said, REQUEST))
    contents = said["contents"]
    contents = contents if isinstance(contents, list) else [contents]
    yield from _contents(contents)
    yield from _history(contents)
    yield from _tools(said)


def _said(at: At, words: str) -> Answer:
    return refused(f"* GenerateContentRequest.{_place(at)}: {words}\n")


def _told(flaw: Flaw) -> Answer:
    name = _snake(str(flaw.at[-1]))
    match flaw.rule:
        case "kind":
            kind = _asked(flaw.shape)
            return refused(
                f"Invalid value at '{_place(flaw.at)}' ({kind}), "
                f"{write_text(flaw.value)[:200]}"
            )
        case "below" | "above":
            assert isinstance(flaw.shape, Number)  # noqa: S101 - only these have a range
            return _said(flaw.at, f"{name} must be {_range(flaw.shape)}.")
        case "word":
            return refused(
                f"Invalid value at '{_place(flaw.at)}' (TYPE_ENUM), "
                f"{write_text(flaw.value)[:200]}"
            )
        case "missing" | "short" | "long" | "pattern":
            if name == "name":
                return _said(
                    flaw.at,
                    "Invalid function name. Must start with a letter or an "
                    "underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), "
                    "dots (.), colons (:), or dashes (-), with a maximum length of 64.",
                )
            most = flaw.shape.most if isinstance(flaw.shape, Items | Text) else None
            return _said(flaw.at, f"{name} must have at most {most} entries.")
        case _ as unreachable:
            assert_never(unreachable)


def _range(shape: Number) -> str:
    if shape.low is not None and shape.high is not None:
        return f"in the range [{shape.low:g}, {shape.high:g}]"
    limit = shape.high if shape.low is None else shape.low
    return f"at {'most' if shape.low is None else 'least'} {limit:g}"


def _snake(name: str) -> str:
    return _CAPITAL.sub(lambda found: f"_{found[0].lower()}", name)


def _place(at: At) -> str:
    text = ""
    for step in at:
        text += f"[{step}]" if isinstance(step, int) else f".{_snake(step)}"
    return text.removeprefix(".")


def _asked(shape: Shape) -> str:
    match shape:
        case Number(whole=True):
            return "TYPE_INT32"
        case Number():
            return "TYPE_FLOAT"
        case Text():
            return "TYPE_STRING"
        case OneOf():
            return "TYPE_ENUM"
        case Flag():
            return "TYPE_BOOL"
        case Items() | Fields():
            return "TYPE_MESSAGE"
        case Either(shapes=shapes):
            return _asked(shapes[0])
        case _ as unreachable:
            assert_never(unreachable)


# -------------------------------------------------------------------- contents


def _contents(contents: list[dict[str, Any]]) -> Iterator[Answer]:
    for number, content in enumerate(contents):
        if content.get("role") not in (None, "", *_ROLES):
            yield refused("Please use a valid role: user, model.")
        at: At = ("contents", number, "parts")
        parts = _parts(content)
        if not parts:
            yield _said(at, "contents.parts must not be empty.")
        for place, part in enumerate(parts):
            if not part:
                yield _said(
                    (*at, place, "data"),
                    "required oneof field 'data' must have one initialized field",
                )


def _parts(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts; one alone stands for a list of it."""
    parts = content.get("parts") or []
    return parts if isinstance(parts, list) else [parts]


def _history(contents: list[dict[str, Any]]) -> Iterator[Answer]:
    """Whether each turn of calls is answered by as many responses, and no other."""
    calls = 0
    for content in contents:
        parts = _parts(content)
        responses = sum("functionResponse" in part for part in parts)
        if responses and not calls:
            yield refused(
                "Please ensure that function response turn comes immediately after a "
                "function call turn."
            )
        if calls and responses != calls:
            yield refused(
                "Please ensure that the number of function response parts is equal to "
                "the number of function call parts of the function call turn."
            )
        calls = sum("functionCall" in part for part in parts)


def _tools(said: dict[str, Any]) -> Iterator[Answer]:
    tools = said.get("tools") or []
    names = Counter(
        declared["name"]
        for tool in (tools if isinstance(tools, list) else [tools])
        for declared in tool.get("functionDeclarations") or ()
    )
    for name, count in names.items():
        if count > 1:
            yield refused(f"Duplicate function declaration found: {name}")
    config = said.get("toolConfig") or {}
    calling = config.get("functionCallingConfig") or {}
    allowed = calling.get("allowedFunctionNames") or []
    at: At = ("toolConfig", "functionCallingConfig", "allowedFunctionNames")
    if allowed and calling.get("mode") not in ("ANY", "VALIDATED"):
        yield _said(at, "only allowed when mode is ANY.")
    for name in allowed:
        if name not in names:
            yield _said(at, f"'{name}' is not the name of a function declaration.")
    if calling.get("mode") == "ANY" and not names:
        yield refused("Function calling config is set without function_declarations.")
