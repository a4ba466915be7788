"""Validation takes time in proportion to the request, however long its history is."""

from typing import Any

import pytest

from harness.endpoint.validation import _RULES
from harness.http_messages import HttpRequest

Said = dict[str, Any]

HI: Any = [{"role": "user", "content": "Hi"}]
URLS = {
    "openai-chat": "https://api.openai.com/v1/chat/completions",
    "openai-responses": "https://api.openai.com/v1/responses",
    "anthropic-messages": "https://api.anthropic.com/v1/messages",
    "gemini": "https://g/v1beta/models/gemini-2.5-flash:generateContent",
    "bedrock-converse": "https://b/model/amazon.nova-lite-v1%3A0/converse",
}


class Counted(str):
    """A text that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = str.__hash__

    def __str__(self) -> str:
        return self


def ids(count: int) -> list[Any]:
    """Give texts that no other is the same object as."""
    return [Counted(f"call-{number}") for number in range(count)]


def many(dialect: str, count: int) -> Said:
    """Give a request with *count* calls and results, or functions."""
    calls, results = ids(count), ids(count)
    match dialect:
        case "openai-chat":
            said = [{"id": one, "function": {"name": "f"}} for one in calls]
            told = [{"role": "tool", "tool_call_id": one} for one in results]
            asked = {"role": "assistant", "tool_calls": said}
            return {"model": "m", "messages": [*HI, asked, *told]}
        case "openai-responses":
            kind = Counted("function_call_output")
            told = [{"type": kind, "call_id": one, "output": "1"} for one in results]
            return {"model": "m", "input": [*told, {"type": "item_reference"}]}
        case "anthropic-messages":
            said = [
                {"type": "tool_use", "id": one, "name": "f", "input": {}}
                for one in calls
            ]
            told = [{"type": "tool_result", "tool_use_id": one} for one in results]
            answer = {"role": "assistant", "content": said}
            result = {"role": "user", "content": told}
            messages = [*HI, answer, result]
            return {"model": "m", "max_tokens": 9, "messages": messages}
        case "gemini":
            tools = [{"functionDeclarations": [{"name": one} for one in calls]}]
            config = {"mode": "ANY", "allowedFunctionNames": results}
            return {
                "contents": [{"parts": [{"text": "Hi"}]}],
                "tools": tools,
                "toolConfig": {"functionCallingConfig": config},
            }
        case _:
            said = [{"toolUse": {"toolUseId": one, "name": "f"}} for one in calls]
            told = [{"toolResult": {"toolUseId": one}} for one in results]
            spec = {"name": "f", "inputSchema": {"json": {"type": "object"}}}
            turns = (("user", [{"text": "Hi"}]), ("assistant", said), ("user", told))
            return {
                "messages": [{"role": r, "content": c} for r, c in turns],
                "toolConfig": {"tools": [{"toolSpec": spec}]},
            }


@pytest.mark.parametrize("dialect", URLS)
def test_what_is_long_is_looked_at_once(dialect: str) -> None:
    """Twice the calls, results or functions are compared twice as often, not four."""
    counts: list[int] = []
    for size in (200, 400):
        said = many(dialect, size)
        before = Counted.compared
        asked = HttpRequest("POST", URLS[dialect])

        assert next(_RULES[dialect].refusals(said, asked), None) is None

        counts.append(Counted.compared - before)
    assert counts[1] <= 2 * counts[0] + 20
