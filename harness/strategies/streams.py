"""Chunks, and whole streams of them whose sum is known beforehand.

A *delta* is a chunk not made yet: the keywords of :class:`AIMessageChunk` as a plain
dict. Any class that takes (some of) those keywords can be given as *make*.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.errors import InputError, nearest, shown
from harness.messages import AIMessage
from harness.strategies.cuts import interleavings, partitions
from harness.strategies.messages import FINISH_REASONS, answers, usages
from harness.strategies.texts import json_arguments, texts

__all__ = [
    "FIELDS",
    "Delta",
    "Stream",
    "call_cuts",
    "chunk_streams",
    "chunks",
    "coalesced",
    "delta_cuts",
    "deltas",
    "merged",
    "message_cuts",
]

#: A chunk not made yet: keywords of AIMessageChunk.
Delta = dict[str, Any]

#: Which field of a block arrives in pieces.
_GROWS = {"text": "text", "reasoning": "reasoning", "refusal": "refusal"}
_INDEXES = st.sampled_from([0, 1, 2, None, "x"])
_PIECES = st.sampled_from(["", "{", '"a": 1', "}", '{"a": "\ud83d', "\ude00"]) | texts(
    max_size=4
)
_FRAGMENTS = st.fixed_dictionaries(
    {
        "name": st.sampled_from([None, "f", "g"]),
        "args": st.none() | _PIECES,
        "id": st.sampled_from([None, "a", "b", ""]),
        "index": _INDEXES,
    }
)
_BLOCKS = st.one_of(
    *(
        st.fixed_dictionaries(
            {"type": st.just(kind), field: _PIECES, "index": _INDEXES}
        )
        for kind, field in (("text", "text"), ("reasoning", "reasoning"))
    ),
    st.just({"type": "image", "url": "https://example.org/a.png"}),
)
_SAID = st.sampled_from([None, 1, 1.5, True, "x", "y", [1], {"k": [1]}])
_METADATA = st.one_of(
    st.fixed_dictionaries({"finish_reason": FINISH_REASONS}),
    st.fixed_dictionaries({"model_name": st.sampled_from(["m", "n"])}),
    st.fixed_dictionaries({"service_tier": _SAID}),
    st.just({"logprobs": {"content": [{"token": "a"}]}}),
)

_SAYINGS: dict[str, st.SearchStrategy[Any]] = {
    "content": texts(max_size=6),
    "blocks": st.lists(_BLOCKS, max_size=3),
    "tool_call_chunks": st.lists(_FRAGMENTS, max_size=3),
    "usage_metadata": usages(),
    "cumulative_usage": usages(),
    "response_metadata": _METADATA,
    "additional_kwargs": st.fixed_dictionaries({"kept": _SAID}),
    "id": st.sampled_from(["msg_1", "msg_2"]),
    "name": st.sampled_from(["ann", "bob"]),
    "chunk_position": st.just("last"),
}

_OFTEN = st.sampled_from([False, True, True, True])

#: What a chunk can say: AIMessageChunk's keywords, and "blocks" for content in blocks.
FIELDS = tuple(_SAYINGS)


@st.composite
def deltas(draw: st.DrawFn, *, fields: Collection[str] = FIELDS) -> Delta:
    """Draw what one chunk says, in at most three of *fields*: any mixture.

    >>> from hypothesis import find
    >>> find(deltas(fields=["id"]), lambda delta: len(delta) == 1)
    {'id': 'msg_1'}
    """
    for field in fields:
        if field not in FIELDS:
            raise InputError(f"No field is {field!r}. {nearest(field, FIELDS)}")
    if not fields:
        raise InputError(f"fields is empty. {nearest('', FIELDS)}")
    known = [field for field in _SAYINGS if field in fields]
    if len(known) > 3:
        known = draw(st.lists(st.sampled_from(known), max_size=3, unique=True))
    drawn = {field: draw(_SAYINGS[field]) for field in known if draw(_OFTEN)}
    if "blocks" in drawn:
        drawn["content"] = drawn.pop("blocks")
    return drawn


def chunks(
    *,
    make: Callable[..., Any] = AIMessageChunk,
    fields: Collection[str] = FIELDS,
) -> st.SearchStrategy[Any]:
    """Draw one chunk, any at all: what `+` must be able to take.

    *make* makes it of some of *fields*, as AIMessageChunk does.

    >>> from hypothesis import find
    >>> find(chunks(fields=["id"]), lambda chunk: chunk.id)
    AIMessageChunk('', id='msg_1')
    """
    return deltas(fields=fields).map(lambda delta: make(**delta))


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream that a provider might send: *chunks*, and the *message* they sum to.

    >>> from hypothesis import find
    >>> stream = find(chunk_streams(), lambda stream: len(stream.chunks) == 2)
    >>> sum(stream.chunks[1:], stream.chunks[0]).to_message() == stream.message
    True
    """

    chunks: tuple[AIMessageChunk, ...]
    message: AIMessage


@st.composite
def chunk_streams(draw: st.DrawFn) -> Stream:
    """Draw a lawful stream of one answer, with the answer beside it.

    >>> from hypothesis import find
    >>> stream = find(chunk_streams(), lambda stream: len(stream.message.text) == 1)
    >>> sum(stream.chunks).to_message() == stream.message
    True
    """
    message = draw(answers())
    return Stream(tuple(draw(message_cuts(message))), message)


def message_cuts(message: AIMessage) -> st.SearchStrategy[list[AIMessageChunk]]:
    """Draw chunks whose sum, finished, is *message*.

    Text is cut between any UTF-16 units, arguments anywhere; blocks are interleaved,
    usage comes as deltas or as running totals, ids are repeated. The message must be
    one that a stream can give (see :func:`answers`).

    >>> from hypothesis import find
    >>> message = AIMessage("Hi!", response_metadata={"finish_reason": "stop"})
    >>> cut = find(message_cuts(message), lambda chunks: len(chunks) > 4)
    >>> sum(cut).to_message() == message
    True
    """
    return delta_cuts(message).map(
        lambda cut: [AIMessageChunk(**delta) for delta in cut]
    )


@st.composite
def delta_cuts(draw: st.DrawFn, message: AIMessage) -> list[Delta]:
    """Draw what :func:`message_cuts` makes chunks of."""
    if not isinstance(message, AIMessage):
        raise InputError(f"{shown(message)} cannot be cut; give an AIMessage.")
    plain = isinstance(message.content, str)
    blocks = [
        draw(_block_cuts(block, n, plain=plain))
        for n, block in enumerate(message.content_blocks)
    ]
    metadata = message.response_metadata
    finish = {k: metadata.pop(k) for k in ("finish_reason",) if k in metadata}
    said: list[list[Delta]] = [
        *([{"response_metadata": {key: value}}] for key, value in metadata.items()),
        [{"additional_kwargs": message.additional_kwargs}],
        [{"id": message.id}] * draw(st.integers(1, 2)),
        [{"name": message.name}],
        draw(_usage_cuts(message.usage_metadata)),
    ]
    said = [group for group in said if group and any(group[0].values())]
    body = draw(interleavings([*blocks, *said]))
    ends: list[Delta] = [{"response_metadata": finish}] if finish else []
    return draw(coalesced([*body, *ends, {"chunk_position": "last"}]))


@st.composite
def _block_cuts(
    draw: st.DrawFn, block: dict[str, Any], index: int, *, plain: bool
) -> list[Delta]:
    kind = block["type"]
    grows = _GROWS.get(kind)
    if kind == "text" and plain:
        return [{"content": piece} for piece in draw(_pieces(block["text"]))]
    if kind == "tool_call":
        return draw(call_cuts(block, index))
    if grows is None:
        return [{"content": [{**block, "index": index}]}]
    first, *rest = draw(_pieces(block[grows])) or [""]
    later = [{"type": kind, grows: piece, "index": index} for piece in rest]
    blocks = [{**block, grows: first, "index": index}, *later]
    return [{"content": [piece]} for piece in blocks]


@st.composite
def call_cuts(draw: st.DrawFn, call: dict[str, Any], index: int | None) -> list[Delta]:
    """Draw the fragments of one tool call; the id is repeated or not."""
    pieces = draw(_pieces(draw(json_arguments(call["args"]))))
    if draw(st.booleans()):
        pieces.insert(0, "")
    echo = draw(st.booleans())
    return [
        {
            "tool_call_chunks": [
                {
                    "name": None if n else call["name"],
                    "args": piece,
                    "id": call["id"] if echo or not n else None,
                    "index": index,
                    "type": "tool_call_chunk",
                }
            ]
        }
        for n, piece in enumerate(pieces)
    ]


def _pieces(text: str) -> st.SearchStrategy[list[str]]:
    return partitions(text, max_size=6, halved=True)


@st.composite
def _usage_cuts(draw: st.DrawFn, usage: Any) -> list[Delta]:
    if usage is None:
        return []
    first = {
        k: draw(st.integers(0, usage[k])) for k in ("input_tokens", "output_tokens")
    }
    first["total_tokens"] = sum(first.values())
    rest = {**usage, **{key: usage[key] - count for key, count in first.items()}}
    ways: list[list[Delta]] = [
        [{"usage_metadata": usage}],
        [{"usage_metadata": first}, {"usage_metadata": rest}],
        [{"cumulative_usage": first}, {"cumulative_usage": usage}],
    ]
    return draw(st.sampled_from(ways))


@st.composite
def coalesced(draw: st.DrawFn, stream: Sequence[Delta]) -> list[Delta]:
    """Draw *stream* with neighbours made one chunk, and with empty chunks in it."""
    found: list[Delta] = []
    for delta in stream:
        how = draw(st.sampled_from(["apart", "together", "after an empty one"]))
        together = merged(found[-1], delta) if found and how == "together" else None
        if together is not None:
            found[-1] = together
        else:
            found += [delta] if how != "after an empty one" else [{}, delta]
    return found


def merged(left: Delta, right: Delta) -> Delta | None:
    """One delta that says what *left* and then *right* say, or None if none can.

    >>> merged({"content": [{"type": "text", "text": "a"}]}, {"id": "x"})
    {'content': [{'type': 'text', 'text': 'a'}], 'id': 'x'}
    """
    both = left.keys() & right.keys()
    if not all(isinstance(d[key], list) for key in both for d in (left, right)):
        return None
    return {**left, **right, **{key: [*left[key], *right[key]] for key in both}}
