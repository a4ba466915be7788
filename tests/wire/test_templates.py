"""Events read without parsing: the same as parsed, or not at all."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.chunks import AIMessageChunk
from harness.wire.sse import Event
from harness.wire.templates import Repeat, Template

FIRST = {"id": "c", "n": [1, {"s": "Hi"}], "pad": "xyz", "count": 7, "last": None}
PLACE = ("n", 1, "s")
PADDING = frozenset({"pad", "count"})


def template(data: str, *, event: str = "message") -> Template:
    """Give a template of an event."""
    return Template(Event(data, event), Repeat(PLACE, AIMessageChunk("Hi"), PADDING))


def said(text: str, **changes: Any) -> dict[str, Any]:
    """Give the first event with another text, and other changes."""
    return {**FIRST, "n": [1, {"s": text}], **changes}


@given(text=st.text(min_size=1), ascii_only=st.booleans())
def test_any_text_is_read(text: str, ascii_only: bool) -> None:
    """Whatever the text is and however it is escaped, it is what JSON says it is."""
    known = template(json.dumps(FIRST))

    chunk = known.chunk(Event(json.dumps(said(text), ensure_ascii=ascii_only)))

    assert chunk == AIMessageChunk(text)


@given(
    indent=st.none() | st.integers(0, 2),
    pad=st.text(max_size=5),
    count=st.integers() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_space_and_padding_do_not_count(indent: Any, pad: str, count: float) -> None:
    """White space between words, and members that are padding, may be anything."""
    known = template(json.dumps(FIRST))

    chunk = known.chunk(
        Event(json.dumps(said("x", pad=pad, count=count), indent=indent))
    )

    assert chunk == AIMessageChunk("x")


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(said("x", id="d")),
        json.dumps(said("x", last=0)),
        json.dumps(said("x", more=1)),
        json.dumps({**said("x"), "n": [1, {"s": "x", "t": "y"}]}),
        json.dumps({**said("x"), "n": [1, {"s": None}]}),
        json.dumps(said("x"))[:-1],
        json.dumps(said("x")) + "}",
        json.dumps(said("x")).replace('"x"', '"\\x"'),
        json.dumps(said("x")).replace('"x"', '"a\tb"'),
        json.dumps(said("x")).replace('"x"', '"a"b"'),
        json.dumps(said("x")).replace('"pad": "', '"pad": "\\x'),
        json.dumps(said("x")).replace('"pad": "', '"pad": "\\u12'),
        json.dumps(said("x", count=5)).replace("5", "5x"),
        json.dumps(said("x", count=5)).replace("5", "05"),
        json.dumps(said("x", count=5)).replace("5", "."),
        json.dumps(said("")),
        "",
        "[DONE]",
    ],
)
def test_anything_else_is_left_to_the_parser(data: str) -> None:
    """An event that differs in more than its text is none of the template's."""
    assert template(json.dumps(FIRST)).chunk(Event(data)) is None


def test_the_event_has_the_same_name() -> None:
    """The name of an event is part of what it says."""
    known = template(json.dumps(FIRST), event="delta")

    assert known.chunk(Event(json.dumps(said("x")), "other")) is None
    assert known.chunk(Event(json.dumps(said("x")), "delta")) is not None


def test_a_key_that_is_there_twice() -> None:
    """Where one key is said twice there is no telling which counts: nothing matches."""
    data = '{"n": [1, {"s": "a", "s": "Hi"}]}'

    assert template(data).chunk(Event(data)) is None


def test_the_reader_hears_what_was_said() -> None:
    """A reader that must know the text is told of it."""
    heard: list[str] = []
    repeat = Repeat(("s",), AIMessageChunk("Hi"), heard=heard.append)
    known = Template(Event('{"s": "Hi"}'), repeat)

    known.chunk(Event('{"s": "a\\u00e9"}'))

    assert heard == ["aé"]


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (AIMessageChunk("a", id="x"), AIMessageChunk("b", id="x")),
        (
            AIMessageChunk([{"type": "reasoning", "reasoning": "a", "index": 1}]),
            AIMessageChunk([{"type": "reasoning", "reasoning": "b", "index": 1}]),
        ),
        (
            AIMessageChunk(tool_call_chunks=[{"args": "a", "index": 0}], id="x"),
            AIMessageChunk(tool_call_chunks=[{"args": "b", "index": 0}], id="x"),
        ),
    ],
)
def test_a_chunk_says_another_text(first: AIMessageChunk, more: AIMessageChunk) -> None:
    """Text, reasoning and arguments are replaced; the first chunk stays as it is."""
    before = first.model_dump()

    found = first.saying("b")

    assert found.model_dump() == more.model_dump()
    assert first.model_dump() == before
    assert (first + found).model_dump() == (first + more).model_dump()


def test_half_characters_are_joined() -> None:
    """Two halves in one text become one character, as in any chunk."""
    assert AIMessageChunk("a").saying("\ud83d\ude00").text == "😀"
