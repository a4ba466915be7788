"""Streams go to LangChain and come back; where sums differ, a law names why."""

from functools import reduce
from operator import add
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core import messages as lc

from harness import AIMessage, AIMessageChunk, InputError
from harness import strategies as hst
from harness.bridges.langchain import (
    ChunkWriter,
    chunk_from_langchain,
    message_from_langchain,
)


def written(chunks: list[AIMessageChunk], **how: bool) -> list[lc.AIMessageChunk]:
    """Give the stream as LangChain has it."""
    writer = ChunkWriter(**how)
    said = [writer.feed(chunk) for chunk in chunks]
    return [*(one for one in said if one is not None), writer.close()]


def theirs(chunks: list[AIMessageChunk], **how: bool) -> AIMessage:
    """Give what LangChain makes of the stream, as a message of ours."""
    total: Any = reduce(add, written(chunks, **how))
    message = message_from_langchain(lc.message_chunk_to_message(total))
    assert isinstance(message, AIMessage)
    return message


def calls_of(message: AIMessage) -> list[tuple[Any, ...]]:
    """Give name, arguments and id of each call."""
    return [(c["name"], c["args"], c["id"]) for c in message.tool_calls]


def in_order(chunks: list[AIMessageChunk]) -> bool:
    """Tell whether blocks begin in the order of their indexes."""
    blocks = [block for chunk in chunks for block in chunk.content_blocks]
    found = [*dict.fromkeys(block.get("index", -1) for block in blocks)]
    return found == sorted(found)


@given(data=st.data(), blocks=st.booleans())
def test_lawful_streams_sum_to_the_same(data: Any, blocks: bool) -> None:
    """Text, calls and usage; whatever the cut."""
    message = data.draw(hst.answers())
    stream = data.draw(hst.message_cuts(message))

    ours, summed = sum(stream).to_message(), theirs(stream, blocks=blocks)

    if in_order(stream):
        assert summed.text == ours.text
    else:  # see "interleaving" below
        assert sorted(summed.text) == sorted(ours.text)
    assert summed.usage_metadata == ours.usage_metadata
    if not ours.invalid_tool_calls:  # see "finishing is strict" below
        # In any order: see "interleaving" below.
        assert sorted(calls_of(summed), key=repr) == sorted(calls_of(ours), key=repr)
    assert summed.response_metadata == ours.response_metadata


@given(data=st.data())
def test_a_stream_comes_back_as_it_was(data: Any) -> None:
    """What LangChain would add up to is what we add up to again."""
    message = data.draw(hst.answers())
    stream = data.draw(hst.message_cuts(message))

    back = sum(chunk_from_langchain(chunk) for chunk in written(stream)).to_message()

    ours = sum(stream).to_message()
    assert (back.text, back.usage_metadata) == (ours.text, ours.usage_metadata)
    assert calls_of(back) == calls_of(ours)
    assert [c["args"] for c in back.invalid_tool_calls] == [
        c["args"] for c in ours.invalid_tool_calls
    ]


def fragment(args: str, **fields: Any) -> AIMessageChunk:
    """Give a piece of a call."""
    said = {"name": None, "id": None, "index": 0, "args": args, **fields}
    return AIMessageChunk(tool_call_chunks=[said])


def test_calls_stand_as_they_came_to_langchain() -> None:
    """Law "interleaving": who numbers calls may say them in any order."""
    stream = [
        fragment("{}", name="f", id="b", index=1),
        fragment("{}", name="f", id="a", index=0),
    ]

    assert [call["id"] for call in sum(stream).tool_calls] == ["a", "b"]
    assert [call["id"] for call in theirs(stream).tool_calls] == ["b", "a"]


def test_blocks_stand_as_they_came_to_langchain() -> None:
    """Law "interleaving" again: the text with the lower index came later."""
    stream = [
        AIMessageChunk([{"type": "text", "text": text, "index": index}])
        for text, index in (("world", 1), ("Hello ", 0))
    ]

    assert sum(stream).text == "Hello world"
    assert theirs(stream).text == "worldHello "


def test_unfinished_arguments_are_a_call_to_langchain() -> None:
    """Law "finishing is strict": a stream that ended says what did not parse."""
    stream = [
        fragment('{"a": 1', name="f", id="c"),
        AIMessageChunk(chunk_position="last"),
    ]

    ours = sum(stream).to_message()

    assert ours.tool_calls == []
    assert ours.invalid_tool_calls[0]["args"] == '{"a": 1'
    assert theirs(stream).tool_calls[0]["args"] == {"a": 1}


def test_halves_of_a_character_find_each_other() -> None:
    """LangChain joins strings as they are: a half is held back until it is whole."""
    stream = [AIMessageChunk("so \ud83d"), AIMessageChunk("\ude00!")]

    assert [chunk.content for chunk in written(stream)] == ["so ", "😀!", ""]


def test_a_new_id_at_an_old_number_is_a_new_call() -> None:
    """LangChain would put what follows to the first of them."""
    stream = [
        fragment("{", name="f", id="a"),
        fragment("}"),
        fragment("{", name="f", id="b"),
        fragment("}"),
    ]

    said = theirs(stream)

    assert [call["id"] for call in said.tool_calls] == ["a", "b"]
    assert said.invalid_tool_calls == []


def test_numbers_that_are_words_become_numbers() -> None:
    """LangChain takes no others for calls."""
    stream = [fragment("{", name="f", id="a", index="x"), fragment("}", index="x")]

    chunks = written(stream)

    assert {c["index"] for chunk in chunks for c in chunk.tool_call_chunks} == {0}
    assert theirs(stream).tool_calls[0]["args"] == {}


def test_usage_and_metadata_come_once_and_last() -> None:
    """LangChain adds what it is told twice, and joins names to nonsense."""
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    stream = [
        AIMessageChunk("a", response_metadata={"model_name": "m"}),
        AIMessageChunk(
            "b", response_metadata={"model_name": "m"}, cumulative_usage=usage
        ),
        AIMessageChunk("", cumulative_usage=usage, chunk_position="last"),
    ]

    chunks = written(stream)

    assert [chunk.usage_metadata for chunk in chunks] == [None, None, usage]
    assert chunks[-1].response_metadata == {"model_name": "m"}
    assert chunks[-1].chunk_position == "last"


@pytest.mark.parametrize(
    "turn", [chunk_from_langchain, lambda chunk: ChunkWriter().feed(chunk)]
)
def test_what_is_no_chunk_is_refused(turn: Any) -> None:
    """Both ways."""
    with pytest.raises(InputError, match="'a' is no chunk of"):
        turn("a")
