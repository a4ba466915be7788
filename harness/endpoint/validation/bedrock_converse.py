"""What Bedrock's Converse refuses. In: a request. Out: the answer that says so."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, assert_never

from harness.endpoint.answers import Answer
from harness.endpoint.validation.shapes import (
    At,
    Fields,
    Flaw,
    Items,
    Number,
    OneOf,
    Text,
    flaws,
)
from harness.http_messages import HttpRequest

__all__ = ["REQUEST", "UNREADABLE", "no_object", "refusals", "refused"]

_MESSAGE = Fields(
    {"role": OneOf(("user", "assistant")), "content": Items(Fields())},
    required=("role", "content"),
)
_NAME = Text(1, 64, "[a-zA-Z0-9_-]+")
_SPEC = Fields(
    {
        "name": _NAME,
        "description": Text(1),
        "inputSchema": Fields({"json": Fields()}),
    },
    required=("name", "inputSchema"),
)
#: Every parameter that has a rule, in the order in which it is looked at.
REQUEST = Fields(
    {
        "messages": Items(_MESSAGE),
        "system": Items(Fields()),
        "inferenceConfig": Fields(
            {
                "temperature": Number(0, 1),
                "topP": Number(0, 1),
                "maxTokens": Number(1, whole=True),
                "stopSequences": Items(Text(1), most=2500),
            }
        ),
        "toolConfig": Fields(
            {
                "tools": Items(Fields({"toolSpec": _SPEC}), least=1),
                "toolChoice": Fields(
                    {
                        "auto": Fields(),
                        "any": Fields(),
                        "tool": Fields({"name": _NAME}, required=("name",)),
                    }
                ),
            },
            required=("tools",),
        ),
    },
)


def refused(
    message: str, status: int = 400, kind: str = "ValidationException"
) -> Answer:
    """The answer with which Bedrock turns a request down."""
    return Answer({"message": message}, status, message, (("x-amzn-errortype", kind),))


UNREADABLE = refused(
    "The request body is not valid JSON.", kind="SerializationException"
)


def no_object(value: Any) -> Answer:
    """The answer to a body that is JSON, but no object."""
    del value
    return UNREADABLE


def refusals(said: dict[str, Any], request: HttpRequest) -> Iterator[Answer]:
    """Why *request*, whose body is *said*, is refused."""
    yield from map(_told, flaws(said, REQUEST))
    messages = said.get("messages") or []
    if messages or "prompt" not in request.url:  # a stored prompt has its own
        yield from _roles(messages)
    yield from _contents(messages)
    yield from _history(messages)
    yield from _tools(said, messages)


def _told(flaw: Flaw) -> Answer:
    where, value = _place(flaw.at), flaw.value
    shape = flaw.shape
    match flaw.rule:
        case "missing":
            must = "Member must not be null"
        case "kind":
            return refused(f"The value at {where} is of the wrong type.")
        case "below" | "above":
            assert isinstance(shape, Number)  # noqa: S101 - only these have a range
            low = flaw.rule == "below"
            limit, side = (shape.low, "greater") if low else (shape.high, "less")
            must = f"Member must have value {side} than or equal to {limit:g}"
        case "word":
            words = ", ".join(shape.words) if isinstance(shape, OneOf) else ""
            must = f"Member must satisfy enum value set: [{words}]"
        case "short" | "long":
            assert isinstance(shape, Text | Items)  # noqa: S101 - only these have a size
            short = flaw.rule == "short"
            limit, side = (shape.least, "greater") if short else (shape.most, "less")
            must = f"Member must have length {side} than or equal to {limit}"
        case "pattern":
            pattern = shape.pattern if isinstance(shape, Text) else ""
            must = f"Member must satisfy regular expression pattern: {pattern}"
        case _ as unreachable:
            assert_never(unreachable)
    got = "null" if value is None else f"'{value}'"
    return refused(
        f"1 validation error detected: Value {got} at '{where}' failed to satisfy "
        f"constraint: {must}"
    )


def _place(at: At) -> str:
    """Where it is, as AWS says it: members are counted from 1.

    >>> _place(("messages", 0, "role"))
    'messages.1.member.role'
    """
    steps = (f"{s + 1}.member" if isinstance(s, int) else s for s in at)
    return ".".join(steps)


# -------------------------------------------------------------------- messages


def _roles(messages: list[dict[str, Any]]) -> Iterator[Answer]:
    roles = [message["role"] for message in messages]
    if roles[:1] != ["user"]:
        yield refused(
            "A conversation must start with a user message. Try again with a "
            "conversation that starts with a user message."
        )
    if any(one == other for one, other in pairwise(roles)):
        yield refused(
            "A conversation must alternate between user and assistant roles. Make "
            "sure the conversation alternates between user and assistant roles and "
            "try again."
        )


def _contents(messages: list[dict[str, Any]]) -> Iterator[Answer]:
    for number, message in enumerate(messages):
        if not message["content"]:
            yield refused(
                f"The content field in the Message object at messages.{number} is "
                "empty. Add a ContentBlock object to the content field and try again."
            )
        for place, block in enumerate(message["content"]):
            text = block.get("text")
            if "text" in block and not str(text).strip():
                yield refused(
                    "The text field in the ContentBlock object at "
                    f"messages.{number}.content.{place} is blank. Add text to the "
                    "text field, and try again."
                )
            if "image" in block and message["role"] != "user":
                yield refused(
                    "The image field is only supported in messages of the user role, "
                    f"and messages.{number}.content.{place} is one of the assistant."
                )


def _history(messages: list[dict[str, Any]]) -> Iterator[Answer]:
    before: list[str] = []
    for number, message in enumerate(messages):
        where = f"messages.{number}.content"
        results = _ids(message, "toolResult")
        if len(results) > len(before):
            yield refused(
                f"The number of toolResult blocks at {where} exceeds the number of "
                "toolUse blocks of previous turn."
            )
        answered = set(results)
        if lost := [one for one in before if one not in answered]:
            yield _expected(where, lost)
        before = _ids(message, "toolUse")
    if before:
        yield _expected(f"messages.{len(messages)}.content", before)


def _ids(message: dict[str, Any], kind: str) -> list[str]:
    """The ids of calls or results, apart from those of tools that run at Amazon."""
    if message["role"] != ("user" if kind == "toolResult" else "assistant"):
        return []
    found = [block.get(kind) for block in message["content"]]
    return [
        str(block.get("toolUseId"))
        for block in found
        if isinstance(block, dict) and block.get("type") != "server_tool_use"
    ]


def _expected(where: str, lost: list[str]) -> Answer:
    return refused(
        f"Expected toolResult blocks at {where} for the following Ids: "
        f"{', '.join(lost)}"
    )


def _tools(said: dict[str, Any], messages: list[dict[str, Any]]) -> Iterator[Answer]:
    config = said.get("toolConfig")
    if config is None:
        if any(_ids(m, "toolUse") + _ids(m, "toolResult") for m in messages):
            yield refused(
                "The toolConfig field must be defined when using toolUse and "
                "toolResult content blocks."
            )
        return
    specs = [tool.get("toolSpec") or {} for tool in config["tools"]]
    names = [spec["name"] for spec in specs if "name" in spec]
    if len(names) != len(set(names)):
        yield refused("The toolConfig.tools field has tools of the same name.")
    match config.get("toolChoice"):
        case {"tool": {"name": name}} if name not in names:
            yield refused(
                f"The tool '{name}' that toolConfig.toolChoice names is none of "
                "toolConfig.tools."
            )
        case _:
            pass
