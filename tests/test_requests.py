"""A request is one frozen value."""

import dataclasses

import pytest

from harness.messages import HumanMessage
from harness.requests import ChatRequest, ResponseFormat
from harness.tool_specs import ToolSpec

HELLO = (HumanMessage("Hello"),)


def test_a_request_cannot_be_changed():
    """A source cannot change what it is asked."""
    request = ChatRequest(HELLO)

    with pytest.raises(dataclasses.FrozenInstanceError):
        request.stream = True  # type: ignore[misc]  # that is the point


def test_tools_are_found_by_name():
    """A bound tool is found by its name, others are None."""
    search = ToolSpec("search")
    request = ChatRequest(HELLO, tools=(ToolSpec("add"), search))

    assert request.tool("search") is search
    assert request.tool("find") is None


def test_streamed_asks_for_pieces():
    """The same request with `stream`, or itself where it has that."""
    request = ChatRequest(HELLO, model="m")

    streamed = request.streamed()

    assert streamed == ChatRequest(HELLO, model="m", stream=True)
    assert streamed.streamed() is streamed


def test_requests_are_values():
    """Equal requests are equal and hash alike, whatever dicts they hold."""
    one, two = (
        ChatRequest(HELLO, params={"seed": 1}, response_format=form)
        for form in (
            ResponseFormat("json_schema", {}),
            ResponseFormat("json_schema", {}),
        )
    )

    assert one == two
    assert hash(one) == hash(two)
