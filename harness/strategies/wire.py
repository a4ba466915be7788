"""What is answered over a wire: answers, and their chunks in order.

Not every format has room for everything: *parts*, some of `ANSWER_PARTS`, say what may
be drawn.
"""

from collections.abc import Collection
from functools import reduce
from operator import add
from typing import Any

from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.errors import InputError, nearest, shown
from harness.messages import AIMessage
from harness.strategies.cuts import partitions
from harness.strategies.messages import tool_calls
from harness.strategies.streams import Delta, merged
from harness.strategies.texts import json_arguments, texts
from harness.wire.numbering import Numbering

__all__ = ["ANSWER_PARTS", "check_parts", "wire_answers", "wire_chunks"]

#: What an answer may have: "order" is that blocks of several kinds alternate.
ANSWER_PARTS = frozenset(
    "text reasoning refusal calls call_ids order usage cached_tokens reasoning_tokens "
    "content_filter id model".split()
)
_GROWS = ("text", "reasoning", "refusal")
_SOME = texts(min_size=1, half_characters=False)
_EITHER = st.booleans()
_COUNTS = st.integers(1, 1000)


def check_parts(parts: Collection[str], known: Collection[str]) -> frozenset[str]:
    """*parts* as a set, all of them *known*. Raises InputError."""
    if isinstance(parts, str) or not all(isinstance(part, str) for part in parts):
        raise InputError(f"parts is {shown(parts)}; give a list of names.")
    for part in parts:
        if part not in known:
            raise InputError(f"No part is {part!r}. {nearest(part, known)}")
    return frozenset(parts)


# ------------------------------------------------------------------------ answers


@st.composite
def wire_answers(
    draw: st.DrawFn, *, parts: Collection[str] = ANSWER_PARTS
) -> AIMessage:
    """Draw an answer that can go over the wire, in the form a finished stream has.

    It says why it ended, "tool_calls" where it calls.

    >>> from hypothesis import find
    >>> answer = find(wire_answers(parts=["calls"]), lambda answer: answer.tool_calls)
    >>> answer.finish_reason
    'tool_calls'
    """
    parts = check_parts(parts, ANSWER_PARTS)
    calls: list[Any] = draw(tool_calls(max_size=3 if "calls" in parts else 0))
    kinds = [kind for kind in ("reasoning", "text", "refusal") if kind in parts]
    blocks: list[dict[str, Any]] = [
        {"type": kind, kind: draw(_SOME)} for kind in kinds if draw(_EITHER)
    ]
    if {"text", "refusal"} <= {block["type"] for block in blocks}:
        blocks = [block for block in blocks if block["type"] != "refusal"]
    mixed = {"order", "text"} <= parts and draw(_EITHER)
    if calls and mixed:
        calls = [calls[0], {"type": "text", "text": draw(_SOME)}, *calls[1:]]
    called = any(call["type"] == "tool_call" for call in calls)
    ends = ["tool_calls"] if called else ["stop", "length"]
    ends += ["content_filter"] if "content_filter" in parts and not called else []
    model = {"model_name": draw(st.sampled_from(["m-1", "gpt"]))}
    said: list[Delta] = [
        *_whole([*blocks, *calls]),
        {
            "response_metadata": {
                "finish_reason": draw(st.sampled_from(ends)),
                **(model if "model" in parts else {}),
            },
            "cumulative_usage": draw(_usages(parts)),
            "id": "msg_1" if "id" in parts else None,
            "chunk_position": "last",
        },
    ]
    return reduce(add, [AIMessageChunk(**delta) for delta in said]).to_message()


def _whole(blocks: list[dict[str, Any]]) -> list[Delta]:
    numbering = Numbering()
    indexes = [numbering.next(block["type"]) for block in blocks]
    return [
        {"content": [block if n is None else {**block, "index": n}]}
        for n, block in zip(indexes, blocks, strict=True)
    ]


@st.composite
def _usages(draw: st.DrawFn, parts: frozenset[str]) -> dict[str, Any] | None:
    if "usage" not in parts or draw(_EITHER):
        return None
    got, said = draw(_COUNTS), draw(_COUNTS)
    usage: dict[str, Any] = {
        "input_tokens": got,
        "output_tokens": said,
        "total_tokens": got + said,
    }
    if "cached_tokens" in parts and draw(_EITHER):
        usage["input_token_details"] = {"cache_read": draw(st.integers(1, got))}
    if "reasoning_tokens" in parts and draw(_EITHER):
        usage["output_token_details"] = {"reasoning": draw(st.integers(1, said))}
    return usage


# ------------------------------------------------------------------------- chunks


@st.composite
def wire_chunks(
    draw: st.DrawFn, message: AIMessage, *, halved: bool = False
) -> list[AIMessageChunk]:
    """Draw chunks of *message* in the order in which servers send them.

    Id and model first, one block after the other, each cut anywhere (*halved*: between
    the halves of a character too), the finish reason and the end last. Usage comes
    once or as running totals. Their sum, finished, is *message*.

    >>> from hypothesis import find
    >>> message = AIMessage("Hi!", response_metadata={"finish_reason": "stop"})
    >>> cut = find(wire_chunks(message), lambda chunks: len(chunks) > 4)
    >>> sum(cut).to_message() == message
    True
    """
    if not isinstance(message, AIMessage):
        raise InputError(f"{shown(message)} cannot be cut; give an AIMessage.")
    if draw(st.sampled_from([False, False, False, True])):
        return [AIMessageChunk.from_message(message)]
    metadata = message.response_metadata
    finish = {k: metadata.pop(k) for k in ("finish_reason",) if k in metadata}
    first, *later = draw(_reports(message.usage_metadata))
    numbering = Numbering()
    body: list[Delta] = []
    for block in message.content_blocks:
        index = numbering.next(block["type"])
        body += draw(_pieces(block, index, halved=halved))
    stream: list[Delta] = [
        {"id": message.id, "response_metadata": metadata, **first},
        *body,
        {"response_metadata": finish},
        *later,
        {"chunk_position": "last"},
    ]
    joined: list[Delta] = []
    for delta in stream:
        together = merged(joined[-1], delta) if joined else None
        if together is None or _backwards(joined[-1], delta) or draw(_EITHER):
            joined.append(delta)
        else:
            joined[-1] = together
    named: Delta = {"id": message.id} if draw(_EITHER) else {}
    return [AIMessageChunk(**{**delta, **named}) for delta in joined]


@st.composite
def _reports(draw: st.DrawFn, usage: Any) -> list[Delta]:
    """What the first event says of the usage, and what later ones do."""
    if usage is None:
        return [{}]
    begun = {**usage, "output_tokens": 0, "total_tokens": usage["input_tokens"]}
    begun.pop("output_token_details", None)
    ways: list[list[Delta]] = [
        [{}, {"cumulative_usage": usage}],
        [{}, {"usage_metadata": usage}],
        [{"cumulative_usage": begun}, {"cumulative_usage": usage}],
    ]
    return draw(st.sampled_from(ways))


@st.composite
def _pieces(
    draw: st.DrawFn, block: dict[str, Any], index: int | None, *, halved: bool
) -> list[Delta]:
    kind = block["type"]
    number = {} if index is None else {"index": index}
    if kind in _GROWS:
        cut = draw(partitions(block[kind], max_size=6, halved=halved))
        if block.keys() == {"type", "text"} and index is None:
            return [{"content": piece} for piece in cut]
        rest = {key: block[key] for key in block.keys() - {kind, "index"}}
        return [
            {
                "content": [
                    {**(rest if not n else {"type": kind}), kind: piece, **number}
                ]
            }
            for n, piece in enumerate(cut)
        ]
    if kind != "tool_call":
        return [{"content": [{**block, **number}]}]
    cut = draw(partitions(draw(json_arguments(block["args"])), max_size=6))
    begun = [{"name": block["name"], "args": "", "id": block["id"]}]
    if draw(_EITHER):
        begun, cut = [{**begun[0], "args": cut[0]}], cut[1:]
    later = [{"name": None, "args": piece, "id": None} for piece in cut]
    return [
        {"tool_call_chunks": [{**fragment, "index": index}]}
        for fragment in (*begun, *later)
    ]


def _backwards(before: Delta, after: Delta) -> bool:
    """Whether one chunk of both would say *after* first: content comes before calls."""
    return "tool_call_chunks" in before and "content" in after
