"""Contents of a request, and the messages that they are.

In: contents, camelCase. Out: messages, and a layout: which content had which of them,
where that is not how they would be written anyway. One content of a user may answer
several calls, each of which is a ToolMessage.
"""

from itertools import groupby
from typing import Any

from harness.blocks import ContentBlock
from harness.messages import AIMessage, HumanMessage, Message, SystemMessage
from harness.wire.gemini.answers import CallBook
from harness.wire.gemini.parts import CallIds, read_part
from harness.wire.json_values import expect

__all__ = ["default_layout", "read_contents", "read_system", "role_of", "turns_of"]

Layout = list[dict[str, Any]]


def read_contents(contents: Any) -> tuple[list[Message], Layout]:
    """The messages of *contents*, and how these were laid out. Raises WireError."""
    messages: list[Message] = []
    layout: Layout = []
    calls = CallBook()
    listed = [contents] if isinstance(contents, dict) else contents
    for number, content in enumerate(expect(listed, list, "'contents'") or []):
        if isinstance(content, str):
            content = {"parts": [{"text": content}]}  # noqa: PLW2901 - it says the same
        said = expect(content, dict, "a content") or {}
        found = _messages(said, CallIds(str(number)), calls)
        messages += found
        layout.append({"messages": len(found), **_shape(said, found)})
    return messages, layout


def read_system(instruction: Any) -> tuple[list[Message], dict[str, Any]]:
    """The system message of *instruction*, and what is unusual in its shape."""
    if instruction is None:
        return [], {}
    if isinstance(instruction, str):
        return [SystemMessage(instruction)], {"text": True}
    said = expect(instruction, dict, "'systemInstruction'") or {}
    blocks = [read_part(part) for part in _parts(said)]
    return [SystemMessage(_content(blocks))], _shape(said, [])


def _parts(content: dict[str, Any]) -> list[Any]:
    parts = content.get("parts")
    parts = [parts] if isinstance(parts, dict) else parts
    return expect(parts, list, "'parts' of a content") or []


def _shape(content: dict[str, Any], messages: list[Message]) -> dict[str, Any]:
    """What of *content* is not as we write it."""
    shape: dict[str, Any] = {}
    default = role_of(messages[0]) if messages else None
    if content.get("role") != default:
        shape["role"] = content.get("role")
    if not isinstance(content.get("parts"), list):
        shape["parts"] = "one" if isinstance(content.get("parts"), dict) else "none"
    rest = {k: v for k, v in content.items() if k not in ("role", "parts")}
    return {**shape, **({"rest": rest} if rest else {})}


def role_of(message: Message) -> str:
    """The role in which *message* is said."""
    return "model" if isinstance(message, AIMessage) else "user"


def _messages(content: dict[str, Any], ids: CallIds, calls: CallBook) -> list[Message]:
    role = expect(content.get("role"), str, "'role' of a content")
    parts = _parts(content)
    if role == "model":
        blocks = [ids.given(read_part(part)) for part in parts]
        calls.ask([block for block in blocks if block["type"] == "tool_call"])
        return [_model_message(blocks)]
    messages: list[Message] = []
    for answers, run in groupby(parts, key=_is_answer):
        if answers:
            messages += [calls.read_answer(part, ids) for part in run]
        else:
            said = [ids.given(read_part(part)) for part in run]
            messages.append(HumanMessage(_content(said)))
    return messages or [HumanMessage([])]


def _is_answer(part: Any) -> bool:
    return isinstance(part, dict) and isinstance(part.get("functionResponse"), dict)


def _content(blocks: list[ContentBlock]) -> str | list[ContentBlock]:
    """The text, where there is one and nothing else."""
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        text: str = blocks[0]["text"]
        return text
    return blocks


def _model_message(blocks: list[ContentBlock]) -> AIMessage:
    """Calls at the end stand in ``tool_calls``, as they do in an answer."""
    end = len(blocks)
    while end and blocks[end - 1]["type"] == "tool_call":
        end -= 1
    body, calls = blocks[:end], blocks[end:]
    if any(block["type"] == "tool_call" for block in body):
        return AIMessage(blocks)
    content = _content(body)
    if calls and not body:
        return AIMessage("", tool_calls=calls)
    if calls and content == "":
        return AIMessage(body, tool_calls=calls)
    return AIMessage(content, tool_calls=calls)


# ------------------------------------------------------------------ layout


def turns_of(messages: list[Message]) -> list[list[Message]]:
    """*messages* as they share contents: what one side says in a row is one content.

    Answers to calls have a content of their own.
    """
    return [[*run] for _, run in groupby(messages, key=type)]


def default_layout(messages: list[Message]) -> Layout:
    """How *messages* are laid out where nothing else was said."""
    return [{"messages": len(turn)} for turn in turns_of(messages)]
