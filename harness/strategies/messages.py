"""Messages and conversations, with everything that they may hold."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from harness.errors import InputError, nearest
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)
from harness.strategies.sizes import check_sizes
from harness.strategies.texts import json_objects, texts

__all__ = ["answers", "conversations", "messages", "tool_calls", "usages"]

NAMES = st.sampled_from(["get_weather", "search", "f"])
FINISH_REASONS = st.sampled_from(["stop", "length", "tool_calls", "content_filter"])
_COUNTS = st.integers(0, 1000)
_PLAIN = texts(half_characters=False)
_SOME = texts(min_size=1, half_characters=False)


@st.composite
def usages(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a usage report whose total is the sum of input and output."""
    got, said = draw(_COUNTS), draw(_COUNTS)
    usage: dict[str, Any] = {
        "input_tokens": got,
        "output_tokens": said,
        "total_tokens": got + said,
    }
    if draw(st.booleans()):
        usage["input_token_details"] = {"cache_read": draw(st.integers(0, got))}
    return usage


@st.composite
def tool_calls(draw: st.DrawFn, *, min_size: int = 0, max_size: int = 3) -> list[Any]:
    """Draw *min_size* to *max_size* calls of one answer, their ids all different.

    >>> from hypothesis import find
    >>> [call["id"] for call in find(tool_calls(min_size=2), lambda calls: True)]
    ['call_0', 'call_1']
    """
    check_sizes(min_size, max_size)
    return [
        {
            "name": draw(NAMES),
            "args": draw(json_objects()),
            "id": f"call_{n}",
            "type": "tool_call",
        }
        for n in range(draw(st.integers(min_size, max_size)))
    ]


_BLOCKS = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": _SOME}),
    st.fixed_dictionaries({"type": st.just("reasoning"), "reasoning": _SOME}),
    st.just({"type": "image", "url": "https://example.org/a.png"}),
)


@st.composite
def answers(draw: st.DrawFn, *, max_blocks: int = 3, max_calls: int = 3) -> AIMessage:
    """Draw a finished answer in the form that a finished stream has.

    It has at most *max_blocks* blocks and *max_calls* calls. Its text is not empty
    where it has a text block, and it says why it ended.

    >>> from hypothesis import find
    >>> find(answers(), lambda message: len(message.tool_calls) == 1).tool_calls[0]
    {'name': 'get_weather', 'args': {}, 'id': 'call_0', 'type': 'tool_call'}
    """
    blocks = draw(st.lists(_BLOCKS, max_size=max_blocks))
    texts_only = len(blocks) == 1 and blocks[0]["type"] == "text"
    content: Any = blocks[0]["text"] if texts_only else blocks or ""
    return AIMessage(
        content,
        tool_calls=draw(tool_calls(max_size=max_calls)),
        usage_metadata=draw(st.none() | usages()),
        response_metadata={
            "finish_reason": draw(FINISH_REASONS),
            **draw(st.sampled_from([{}, {"model_name": "gpt"}])),
        },
        id=draw(st.none() | st.just("msg_1")),
        name=draw(st.none() | st.just("bob")),
    )


_KINDS: Mapping[str, st.SearchStrategy[Message]] = {
    "system": st.builds(SystemMessage, _PLAIN),
    "human": st.builds(
        HumanMessage,
        _PLAIN | st.lists(_BLOCKS, max_size=3),
        name=st.none() | st.just("ann"),
        id=st.none() | st.just("h1"),
    ),
    "ai": answers(),
    "tool": st.builds(
        ToolMessage,
        _PLAIN,
        tool_call_id=st.sampled_from(["call_0", "call_1"]),
        status=st.sampled_from(["success", "error"]),
        artifact=st.none() | json_objects(max_size=2),
    ),
}


@st.composite
def messages(
    draw: st.DrawFn, *, kinds: tuple[str, ...] = ("human", "ai", "system", "tool")
) -> Message:
    """Draw one message of one of *kinds*.

    >>> from hypothesis import find
    >>> find(messages(kinds=("tool",)), lambda message: True).tool_call_id
    'call_0'
    """
    for kind in kinds:
        if kind not in _KINDS:
            raise InputError(f"No kind of message is {kind!r}. {nearest(kind, _KINDS)}")
    if not kinds:
        raise InputError(f"kinds is empty. {nearest('', _KINDS)}")
    drawn: Message = draw(st.one_of(*(_KINDS[kind] for kind in kinds)))
    return drawn


@st.composite
def conversations(
    draw: st.DrawFn, *, min_size: int = 1, max_size: int = 4
) -> list[Message]:
    """Draw a conversation that a model can answer next, of *min_size* rounds and more.

    At most *max_size* rounds. Perhaps a system message first; then what people say and
    models answer, each tool call with its result; in the end a person's word or a
    tool's result.

    >>> from hypothesis import find
    >>> [one] = find(conversations(), lambda messages: len(messages) == 1)
    >>> one.type
    'human'
    """
    check_sizes(max(min_size, 0), max_size)
    if min_size < 1:
        raise InputError(f"min_size={min_size}; a conversation has one round at least.")
    found: list[Message] = []
    if draw(st.booleans()):
        found.append(draw(_KINDS["system"]))
    found.append(draw(_KINDS["human"]))
    for _ in range(draw(st.integers(min_size, max_size)) - 1):
        answer = draw(answers(max_blocks=2, max_calls=2))
        found.append(answer)
        results = [
            ToolMessage(draw(_PLAIN), tool_call_id=call["id"] or "", name=call["name"])
            for call in answer.tool_calls
        ]
        found += results or [draw(_KINDS["human"])]
    return found
