"""The grammar of OpenAI's streams: each rule, seen to be broken."""

import json
from typing import Any

import pytest

from harness.wire.openai_chat import OPENAI_CHAT

HEAD = {"id": "c1", "object": "chat.completion.chunk", "created": 5, "model": "m"}


def event(
    delta: Any = None, finish: str | None = None, index: Any = 0, **more: Any
) -> dict[str, Any]:
    """Give one event."""
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return {**HEAD, "choices": [choice], **more}


ROLE = event({"role": "assistant", "content": ""})
WORD = event({"content": "Hi"})
END = event({}, "stop")
USAGE = {**HEAD, "choices": [], "usage": {"total_tokens": 1}}
DONE = "[DONE]"


def calls(*said: Any) -> dict[str, Any]:
    """Give an event with calls."""
    return event({"tool_calls": [*said]})


def call(args: Any = "{}", **more: Any) -> dict[str, Any]:
    """Give the beginning of a call."""
    function = {"name": "f", "arguments": args}
    return {"index": 0, "id": "a", "type": "function", "function": function, **more}


def later(args: Any = "", index: int = 0, **more: Any) -> dict[str, Any]:
    """Give a later piece of a call."""
    return {"index": index, "function": {"arguments": args}, **more}


CUSTOM = {
    "index": 0,
    "id": "a",
    "type": "custom",
    "custom": {"name": "f", "input": "x"},
}
CALLED = event({}, "tool_calls")
OLD = event({"function_call": {"name": "f", "arguments": "{}"}})


def stream(*events: Any) -> bytes:
    """Give the bytes of a stream."""
    said = [one if isinstance(one, str) else json.dumps(one) for one in events]
    return "".join(f"data: {text}\n\n" for text in said).encode()


@pytest.mark.parametrize(
    "events",
    [
        [ROLE, WORD, END, DONE],
        [ROLE, WORD, END, USAGE, DONE],
        [ROLE, {**HEAD, "choices": [], "moderation": {}}, END, DONE],
        [ROLE, calls(call("")), calls(later("{}")), CALLED, DONE],
        [ROLE, calls(call(), call(index=1)), CALLED, DONE],
        [ROLE, calls(call()), END, DONE],
        [ROLE, calls(call('{"x')), event({}, "length"), DONE],
        [ROLE, calls(CUSTOM), calls({"index": 0, "custom": {"input": "y"}}), END, DONE],
        [ROLE, OLD, event({}, "function_call"), DONE],
        [ROLE, event({"role": "assistant"}, index=1), END, event({}, "stop", 1), DONE],
        [ROLE, {"error": {"message": "busy"}}],
    ],
)
def test_whole_streams(events: list[Any]) -> None:
    """A stream as OpenAI sends it breaks no rule."""
    assert OPENAI_CHAT.check_stream(stream(*events)) == []


@pytest.mark.parametrize(
    ("rule", "place", "events"),
    [
        ("object", 1, [{**ROLE, "object": "x"}, END, DONE]),
        ("object", 2, [ROLE, [], END, DONE]),
        ("id", 2, [ROLE, {**WORD, "id": "c2"}, END, DONE]),
        ("id", 1, [{**ROLE, "id": ""}, END, DONE]),
        ("created", 2, [ROLE, {**WORD, "created": 6}, END, DONE]),
        ("created", 1, [{**ROLE, "created": "5"}, END, DONE]),
        ("model", 2, [ROLE, {**WORD, "model": "n"}, END, DONE]),
        ("choice", 2, [ROLE, {**HEAD, "choices": []}, END, DONE]),
        ("choice", 2, [ROLE, {**HEAD}, END, DONE]),
        ("choice", 2, [ROLE, event({}, index=None), END, DONE]),
        ("choice", 2, [ROLE, {**HEAD, "choices": [3]}, END, DONE]),
        (
            "choice",
            2,
            [
                ROLE,
                {**HEAD, "choices": [{"index": 0, "finish_reason": None}]},
                END,
                DONE,
            ],
        ),
        ("choice", 0, [{**USAGE}, DONE]),
        ("role", 1, [WORD, END, DONE]),
        ("role", 2, [ROLE, ROLE, END, DONE]),
        ("content", 2, [ROLE, event({"content": [{"type": "text"}]}), END, DONE]),
        ("content", 2, [ROLE, event({"refusal": 3}), END, DONE]),
        ("call", 2, [ROLE, event({"tool_calls": {}}), END, DONE]),
        ("call", 2, [ROLE, calls(call(index=1)), END, DONE]),
        ("call", 2, [ROLE, calls(call(index=None)), END, DONE]),
        ("call", 2, [ROLE, calls(3), END, DONE]),
        ("call", 2, [ROLE, calls(call(id="")), CALLED, DONE]),
        ("call", 2, [ROLE, calls(call(type=None)), CALLED, DONE]),
        (
            "call",
            2,
            [ROLE, calls(call(function={"arguments": "{}"})), CALLED, DONE],
        ),
        ("call", 2, [ROLE, calls(call(function=None)), event({}, "length"), DONE]),
        ("call", 3, [ROLE, calls(call()), calls(later(id="a")), CALLED, DONE]),
        ("arguments", 2, [ROLE, calls(call(None)), CALLED, DONE]),
        ("arguments", 0, [ROLE, calls(call('{"x')), CALLED, DONE]),
        ("arguments", 0, [ROLE, calls(call()), calls(later("}")), CALLED, DONE]),
        ("finish", 0, [ROLE, WORD, DONE]),
        ("finish", 3, [ROLE, END, WORD, DONE]),
        ("finish", 3, [ROLE, END, END, DONE]),
        ("finish", 2, [ROLE, event({}, "eos"), DONE]),
        ("finish", 0, [ROLE, CALLED, DONE]),
        ("finish", 0, [ROLE, event({}, "function_call"), DONE]),
        (
            "finish",
            2,
            [ROLE, {**HEAD, "choices": [{"index": 0, "delta": {}}]}, END, DONE],
        ),
        ("usage", 2, [ROLE, {**END, "usage": {"total_tokens": 1}}, DONE]),
        ("usage", 4, [ROLE, END, USAGE, USAGE, DONE]),
        ("done", 0, [ROLE, END]),
        ("done", 4, [ROLE, END, DONE, DONE]),
        ("done", 2, [{"error": "busy"}, DONE]),
        ("json", 2, [ROLE, "{", END, DONE]),
    ],
)
def test_each_rule(rule: str, place: int, events: list[Any]) -> None:
    """A broken rule is named, and the event that breaks it."""
    problems = OPENAI_CHAT.check_stream(stream(*events))

    assert (rule, place) in {(p.rule, p.event) for p in problems}
    assert {p.rule for p in problems} == {rule}


def test_an_event_with_a_name() -> None:
    """OpenAI's events have none."""
    data = b"event: chunk\n" + stream(ROLE, END, DONE)

    assert [p.rule for p in OPENAI_CHAT.check_stream(data)] == ["object"]


def test_a_stream_without_its_last_line() -> None:
    """Framing is part of the grammar."""
    data = stream(ROLE, END, DONE)[:-2]

    assert [p.rule for p in OPENAI_CHAT.check_stream(data)] == ["framing"]
