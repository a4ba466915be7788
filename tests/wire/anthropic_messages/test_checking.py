"""The grammar of Anthropic Messages: each rule sees a stream break it."""

import json
from copy import deepcopy
from typing import Any

import pytest

from harness.wire.anthropic_messages import ANTHROPIC_MESSAGES

START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 1},
    },
}
PING = {"type": "ping"}
TEXT = [
    {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "text", "text": ""},
    },
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "Hi"},
    },
    {"type": "content_block_stop", "index": 0},
]
END = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn", "stop_sequence": None},
    "usage": {"output_tokens": 5},
}
STOP = {"type": "message_stop"}
ERROR = {"type": "error", "error": {"type": "api_error", "message": "Oh"}}
CALL = {"type": "tool_use", "id": "t", "name": "f", "input": {}}
CALLED = {**END, "delta": {"stop_reason": "tool_use"}}
CUT = {**END, "delta": {"stop_reason": "max_tokens"}}


def framed(event: Any, name: str | None = None) -> str:
    """Frame an event."""
    named = name or (event["type"] if isinstance(event, dict) else "x")
    return f"event: {named}\ndata: {json.dumps(event)}\n\n"


def broken(*events: Any) -> list[tuple[int, str]]:
    """Name the places and rules that a stream breaks."""
    data = "".join(e if isinstance(e, str) else framed(e) for e in events)
    found = ANTHROPIC_MESSAGES.check_stream(data.encode())
    return [(problem.event, problem.rule) for problem in found]


def block(start: Any, *deltas: Any, index: int = 0) -> list[Any]:
    """Give the events of one block."""
    at = {"index": index}
    return [
        {"type": "content_block_start", **at, "content_block": start},
        *({"type": "content_block_delta", **at, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", **at},
    ]


def pieces(*texts: str) -> list[Any]:
    """Give deltas of a call's input."""
    return [{"type": "input_json_delta", "partial_json": text} for text in texts]


def head(**changes: Any) -> dict[str, Any]:
    """Give a message_start with changes."""
    start: dict[str, Any] = deepcopy(START)
    start["message"] |= changes
    return start


GOOD: dict[str, list[Any]] = {
    "plain": [START, PING, *TEXT, PING, END, STOP],
    "empty": [START, END, STOP],
    "call": [START, *block(CALL, *pieces("", '{"a":', "1}")), CALLED, STOP],
    "call without input": [START, *block(CALL, *pieces("")), CALLED, STOP],
    "cut call": [START, *block(CALL, *pieces('{"a')), CUT, STOP],
    "thinking": [
        START,
        *block(
            {"type": "thinking", "thinking": ""},
            {"type": "thinking_delta", "thinking": "Hm"},
            {"type": "signature_delta", "signature": "Ev4C"},
        ),
        END,
        STOP,
    ],
    "unknown blocks": [
        START,
        *block({"type": "new"}, {"type": "new_delta"}),
        END,
        STOP,
    ],
    "an error alone": [ERROR],
    "an error at last": [START, TEXT[0], TEXT[1], ERROR],
}
BAD: dict[str, tuple[list[Any], list[tuple[int, str]]]] = {
    "done": ([START, END, STOP, "data: [DONE]\n\n"], [(4, "done")]),
    "more after the end": ([START, END, STOP, PING], [(4, "done")]),
    "more after an error": ([ERROR, PING], [(2, "done"), (2, "first")]),
    "no object": ([START, framed([1]), END, STOP], [(2, "type")]),
    "no type": ([START, framed({}, "x"), END, STOP], [(2, "type")]),
    "unknown type": ([START, {"type": "news"}, END, STOP], [(2, "type")]),
    "name": ([START, framed(PING, "message"), END, STOP], [(2, "name")]),
    "no start": ([END, STOP], [(1, "first"), (2, "first")]),
    "two starts": ([START, START, END, STOP], [(2, "first")]),
    "no message": (
        [{"type": "message_start"}, END, STOP],
        [(1, "start")] * 5 + [(1, "usage")] * 2,
    ),
    "a reason at the start": (
        [head(stop_reason="end_turn"), END, STOP],
        [(1, "start")],
    ),
    "no id": ([head(id=""), END, STOP], [(1, "start")]),
    "content at the start": ([head(content=[{}]), END, STOP], [(1, "start")]),
    "usage at the start": (
        [head(usage={"output_tokens": -1}), END, STOP],
        [(1, "usage"), (1, "usage")],
    ),
    "usage at the end": ([START, {**END, "usage": None}, STOP], [(2, "usage")]),
    "index": (
        [START, *block({"type": "new"}, index=1), END, STOP],
        [
            (2, "index"),
            (3, "index"),
        ],
    ),
    "two blocks at once": (
        [START, TEXT[0], {**TEXT[0], "index": 1}, {**TEXT[2], "index": 1}, END, STOP],
        [(3, "index")],
    ),
    "delta of no block": ([START, TEXT[1], END, STOP], [(2, "index")]),
    "stop of no block": ([START, TEXT[2], END, STOP], [(2, "index")]),
    "an open block": ([START, TEXT[0], END, STOP], [(3, "index")]),
    "no block": ([START, *block(7), END, STOP], [(2, "block")]),
    "text at the start": (
        [START, *block({"type": "text", "text": "Hi"}), END, STOP],
        [(2, "block")],
    ),
    "input at the start": (
        [START, *block({**CALL, "input": {"a": 1}}), CALLED, STOP],
        [(2, "block")],
    ),
    "no name": ([START, *block({**CALL, "name": None}), CALLED, STOP], [(2, "block")]),
    "a delta of another kind": (
        [START, *block(CALL, {"type": "text_delta", "text": ""}), CALLED, STOP],
        [(3, "delta")],
    ),
    "no delta": ([START, *block(CALL, 7), CALLED, STOP], [(3, "delta")]),
    "no text": (
        [
            START,
            *block({"type": "text", "text": ""}, {"type": "text_delta"}),
            END,
            STOP,
        ],
        [(3, "delta")],
    ),
    "signature": (
        [
            START,
            *block(
                {"type": "thinking", "thinking": "", "signature": ""},
                {"type": "signature_delta", "signature": "x"},
                {"type": "thinking_delta", "thinking": "Hm"},
            ),
            END,
            STOP,
        ],
        [(4, "signature")],
    ),
    "input": ([START, *block(CALL, *pieces('{"a')), CALLED, STOP], [(5, "input")]),
    "no reason": (
        [START, {**END, "delta": {"stop_reason": None}}, STOP],
        [(2, "finish")],
    ),
    "a reason that is no text": (
        [START, {**END, "delta": {"stop_reason": []}}, STOP],
        [(2, "finish")],
    ),
    "a reason without a call": ([START, CALLED, STOP], [(2, "finish")]),
    "a call without its reason": ([START, *block(CALL), END, STOP], [(4, "finish")]),
    "two ends": ([START, END, END, STOP], [(3, "finish")]),
    "a block behind the end": ([START, END, *TEXT, STOP], [(3, "finish")]),
    "no end": ([START, STOP], [(2, "finish")]),
    "no stop": ([START, END], [(0, "end")]),
    "error": ([{"type": "error", "error": "Oh"}], [(1, "error")]),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_the_provider_sends_is_right(name: str) -> None:
    """Pings, cut calls, unknown blocks and errors break no rule."""
    assert broken(*GOOD[name]) == []


@pytest.mark.parametrize("name", BAD)
def test_each_rule_sees_itself_broken(name: str) -> None:
    """The problem is at the event that breaks the rule."""
    events, expected = BAD[name]

    assert broken(*events) == expected


def test_a_block_that_is_none_is_shown() -> None:
    """The problem has the value that stands where the block should."""
    data = "".join(map(framed, [START, *block([7]), END, STOP]))

    (problem,) = ANTHROPIC_MESSAGES.check_stream(data.encode())

    assert str(problem) == "event 2 [block]: [7] is no content block"


def test_a_problem_says_what_is_wrong() -> None:
    """Its text shows the value."""
    data = framed(START) + framed(CALLED) + framed(STOP)

    (problem,) = ANTHROPIC_MESSAGES.check_stream(data.encode())

    assert str(problem) == (
        "event 2 [finish]: the reason is 'tool_use', and the answer calls no tool"
    )
