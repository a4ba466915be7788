"""What Anthropic Messages refuses. In: a request. Out: the answer that says so."""

from collections.abc import Iterator
from itertools import groupby
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
from harness.errors import shown
from harness.http_messages import HttpRequest

__all__ = ["CUSTOM_TOOL", "REQUEST", "UNREADABLE", "no_object", "refusals", "refused"]

_BLOCKS = Items(Fields({"type": Text()}, required=("type",)))
_MESSAGE = Fields(
    {
        "role": OneOf(("user", "assistant", "system")),
        "content": Either((Text(), _BLOCKS)),
    },
    required=("role", "content"),
)
_CHOICE = Fields(
    {"type": OneOf(("auto", "any", "tool", "none")), "name": Text()},
    required=("type",),
)
#: Every parameter that has a rule, in the order in which it is looked at.
REQUEST = Fields(
    {
        "model": Text(1),
        "max_tokens": Number(1, whole=True),
        "messages": Items(_MESSAGE, least=1),
        "system": Either((Text(), _BLOCKS)),
        "temperature": Number(0, 1),
        "top_p": Number(0, 1),
        "top_k": Number(0, whole=True),
        "stop_sequences": Items(Text()),
        "stream": Flag(),
        "metadata": Fields(),
        "tools": Items(Fields()),
        "tool_choice": _CHOICE,
        "thinking": Fields(
            {
                "type": OneOf(("enabled", "disabled", "adaptive")),
                "budget_tokens": Number(1024, whole=True),
            },
            required=("type",),
        ),
    },
    required=("max_tokens", "messages"),
)
_NAME = Text(1, pattern="[a-zA-Z0-9_-]{1,128}")
_SCHEMA = Fields({"type": OneOf(("object",))}, required=("type",))
#: A tool that runs at the application.
CUSTOM_TOOL = Fields(
    {"name": _NAME, "input_schema": _SCHEMA}, required=("name", "input_schema")
)
_RESULT = Fields(
    {"tool_use_id": Text(pattern="[a-zA-Z0-9_-]+")}, required=("tool_use_id",)
)
_USE = Fields(
    {
        "id": Text(pattern="[a-zA-Z0-9_-]+"),
        "name": Text(1, 200),
        "input": Fields(),
    },
    required=("id", "name", "input"),
)


def refused(
    message: str, status: int = 400, kind: str = "invalid_request_error"
) -> Answer:
    """The answer with which Anthropic turns a request down."""
    error = {"type": kind, "message": message}
    return Answer({"type": "error", "error": error}, status, message)


UNREADABLE = refused("The request body is not valid JSON.")


def no_object(value: Any) -> Answer:
    """The answer to a body that is JSON, but no object."""
    return refused(f"Input should be an object, not {shown(value, limit=60)}")


def refusals(said: dict[str, Any], request: HttpRequest) -> Iterator[Answer]:
    """Why *request*, whose body is *said*, is refused."""
    # Elsewhere than at Anthropic itself the URL has the model.
    path = request.url.partition("?")[0]
    if said.get("model") is None and path.endswith("/messages"):
        yield refused("model: Field required")
    yield from map(_told, flaws(said, REQUEST))
    messages = said["messages"]
    yield from _contents(messages, said.get("system"))
    yield from _history(messages)
    yield from _tools(said)
    # Thoughts between calls have a budget for all of them together.
    beta = request.header("anthropic-beta") or ""
    yield from _thinking(said, between_calls="interleaved-thinking" in beta)


def _told(flaw: Flaw) -> Answer:
    where = _place(flaw.at)
    match flaw.rule:
        case "missing":
            said = "Field required"
        case "kind":
            said = f"Input should be {_asked(flaw.shape)}"
        case "below" | "above":
            assert isinstance(flaw.shape, Number)  # noqa: S101 - only these have a range
            low = flaw.rule == "below"
            limit = flaw.shape.low if low else flaw.shape.high
            side = "greater" if low else "less"
            said = f"Input should be {side} than or equal to {limit:g}"
        case "word":
            said = f"Input should be {_asked(flaw.shape)}"
        case "short":
            kind = "List" if isinstance(flaw.value, list) else "String"
            said = f"{kind} should have at least 1 {_unit(flaw.value)}"
            if flaw.at == ("messages",):
                said = "at least one message is required"
        case "long":
            most = flaw.shape.most if isinstance(flaw.shape, Text | Items) else 0
            said = f"String should have at most {most} characters"
        case "pattern":
            pattern = flaw.shape.pattern if isinstance(flaw.shape, Text) else ""
            said = f"String should match pattern '^{pattern}$'"
        case _ as unreachable:
            assert_never(unreachable)
    return refused(f"{where}: {said}")


def _unit(value: Any) -> str:
    return "item" if isinstance(value, list) else "character"


def _place(at: At) -> str:
    return ".".join(map(str, at))


def _asked(shape: Shape) -> str:
    match shape:
        case Number(whole=True):
            return "a valid integer"
        case Number():
            return "a valid number"
        case Text():
            return "a valid string"
        case OneOf(words=words):
            texts = [f"'{word}'" for word in words]
            return " or ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))
        case Flag():
            return "a valid boolean"
        case Items():
            return "a valid list"
        case Fields():
            return "an object"
        case Either(shapes=shapes):
            return " or ".join(map(_asked, shapes))
        case _ as unreachable:
            assert_never(unreachable)


# -------------------------------------------------------------------- messages


def _contents(messages: list[dict[str, Any]], system: Any) -> Iterator[Answer]:
    """What is empty where something must be said, or cannot be said there."""
    if isinstance(system, list):
        yield from _texts(system, "system")
    if messages[0]["role"] == "assistant":
        yield refused('messages: first message must use the "user" role')
    last = len(messages) - 1
    for number, message in enumerate(messages):
        content, role = message["content"], message["role"]
        if not content and not (number == last and role == "assistant"):
            yield refused(
                f"messages.{number}: all messages must have non-empty content except "
                "for the optional final assistant message"
            )
        if isinstance(content, list):
            yield from _texts(content, "messages")
            yield from _images(number, role, content)
    if messages[last]["role"] == "assistant":
        yield from _prefill(messages[last]["content"])


def _texts(blocks: list[dict[str, Any]], where: str) -> Iterator[Answer]:
    for block in blocks:
        match block:
            case {"type": "text", "text": ""}:
                yield refused(f"{where}: text content blocks must be non-empty")
            case {"type": "text", "text": str(text)} if not text.strip():
                yield refused(
                    f"{where}: text content blocks must contain non-whitespace text"
                )
            case _:
                pass


def _images(number: int, role: str, blocks: list[dict[str, Any]]) -> Iterator[Answer]:
    for place, block in enumerate(blocks):
        if block["type"] in ("image", "document") and role != "user":
            yield refused(
                f"messages.{number}.content.{place}: `{block['type']}` blocks are not "
                f"allowed in messages of role `{role}`"
            )


def _prefill(content: str | list[dict[str, Any]]) -> Iterator[Answer]:
    text = content
    if isinstance(content, list):
        text = str(content[-1].get("text", "")) if content else ""
    if isinstance(text, str) and text != text.rstrip():
        yield refused(
            "messages: final assistant content cannot end with trailing whitespace"
        )


def _history(messages: list[dict[str, Any]]) -> Iterator[Answer]:
    """Whether each call of a tool is answered in the next message, and no other."""
    before: dict[str, None] = {}  # the calls of the last turn, in order
    last = 0
    for number, role, blocks in _turns(messages):
        results: set[str] = set()
        calls: dict[str, None] = {}
        for place, block in enumerate(blocks):
            at = ("messages", number, "content", place)
            if block["type"] == "tool_result" and role == "user":
                yield from map(_told, flaws(block, _RESULT, (*at, "tool_result")))
                results.add(block["tool_use_id"])
                if block["tool_use_id"] not in before:
                    yield _unexpected(at, block["tool_use_id"])
            elif block["type"] == "tool_use" and role == "assistant":
                yield from map(_told, flaws(block, _USE, (*at, "tool_use")))
                calls[block["id"]] = None
        if lost := [one for one in before if one not in results]:
            yield _unanswered(last, lost)
        before, last = calls, number
    if before:
        yield _unanswered(last, [*before])


def _turns(
    messages: list[dict[str, Any]],
) -> Iterator[tuple[int, str, list[dict[str, Any]]]]:
    """Number, role and blocks of each turn: neighbours of one role are one turn."""
    numbered = enumerate(messages)
    for role, run in groupby(numbered, key=lambda item: item[1]["role"]):
        turn = [*run]
        blocks: list[dict[str, Any]] = []
        for _, message in turn:
            content = message["content"]
            plain = isinstance(content, str)
            blocks += [{"type": "text", "text": content}] if plain else content
        yield turn[0][0], role, blocks


def _unexpected(at: At, call_id: str) -> Answer:
    return refused(
        f"{_place(at)}: unexpected `tool_use_id` found in `tool_result` blocks: "
        f"{call_id}. Each `tool_result` block must have a corresponding `tool_use` "
        "block in the previous message."
    )


def _unanswered(number: int, lost: list[str]) -> Answer:
    return refused(
        f"messages.{number}: `tool_use` ids were found without `tool_result` blocks "
        f"immediately after: {', '.join(lost)}. Each `tool_use` block must have a "
        "corresponding `tool_result` block in the next message."
    )


# ------------------------------------------------------------- tools and the rest


def _tools(said: dict[str, Any]) -> Iterator[Answer]:
    tools: list[dict[str, Any]] = said.get("tools") or []
    for number, tool in enumerate(tools):
        if tool.get("type", "custom") != "custom":
            continue  # it runs at Anthropic
        at = ("tools", number, "custom")
        yield from map(_told, flaws(tool, CUSTOM_TOOL, at))
    names = [str(tool["name"]) for tool in tools if tool.get("name")]
    if len(names) != len(set(names)):
        yield refused("tools: Tool names must be unique.")
    choice = said.get("tool_choice")
    if not isinstance(choice, dict):
        return
    if not tools and choice["type"] != "none":
        yield refused("tool_choice: may only be specified while providing tools")
    if choice["type"] == "tool":
        if choice.get("name") is None:
            yield refused("tool_choice.tool.name: Field required")
        if choice["name"] not in names:
            yield refused(f"Tool '{choice['name']}' not found in provided tools")


def _thinking(said: dict[str, Any], *, between_calls: bool) -> Iterator[Answer]:
    thinking = said.get("thinking") or {}
    if thinking.get("type") != "enabled":
        return
    budget = thinking.get("budget_tokens")
    if budget is None:
        yield refused("thinking.enabled.budget_tokens: Field required")
    if said["max_tokens"] <= budget and not between_calls:
        yield refused(
            "`max_tokens` must be greater than `thinking.budget_tokens`. Please "
            "consult our documentation at "
            "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
            "#max-tokens-and-context-window-size"
        )
    if said.get("temperature", 1) not in (1, None):
        yield refused("`temperature` may only be set to 1 when thinking is enabled.")
    if said.get("top_k") is not None:
        yield refused("`top_k` must be unset when thinking is enabled.")
    choice = said.get("tool_choice")
    if isinstance(choice, dict) and choice["type"] in ("any", "tool"):
        yield refused("Thinking may not be enabled when tool_choice forces tool use.")
