"""Messages go to LangChain and come back as they were."""

import pytest
from hypothesis import given
from langchain_core import messages as lc

from harness import (
    AIMessage,
    AIMessageChunk,
    HumanMessage,
    InputError,
    SystemMessage,
    ToolMessage,
)
from harness import strategies as hst
from harness.bridges.langchain import message_from_langchain, message_to_langchain
from harness.messages import Message

CALL = {"name": "f", "args": {"a": 1}, "id": "c1"}
USAGE = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}

THEIRS = [
    lc.HumanMessage("Hi", name="Ann", id="m1"),
    lc.HumanMessage([{"type": "image", "url": "https://a.b/c.png"}]),
    lc.SystemMessage("Be brief.", additional_kwargs={"cache": True}),
    lc.AIMessage("", tool_calls=[lc.ToolCall(**CALL)], usage_metadata=USAGE),
    lc.AIMessage(
        "Hm",
        invalid_tool_calls=[{"name": "f", "args": "{", "id": "c", "error": "cut"}],
    ),
    lc.AIMessage("x", response_metadata={"model_name": "m", "finish_reason": "stop"}),
    lc.ToolMessage("sunny", tool_call_id="c1", artifact={"raw": 1}, status="error"),
    lc.ChatMessage("Hi", role="developer"),
    lc.HumanMessage("Hi", mood="fine"),
]


@given(message=hst.messages())
def test_ours_come_back_as_they_were(message: Message) -> None:
    """There is a place for everything over there."""
    said = message_to_langchain(message)

    assert isinstance(said, lc.BaseMessage)
    assert message_from_langchain(said) == message


@pytest.mark.parametrize("message", THEIRS, ids=lambda m: type(m).__name__)
def test_theirs_come_back_as_they_were(message: lc.BaseMessage) -> None:
    """What only LangChain has is kept beside the rest."""
    said = message_from_langchain(message)

    assert message_to_langchain(said) == message


def test_a_class_of_ours_for_each_of_theirs() -> None:
    """The classes have the same meaning."""
    kinds = [type(message_from_langchain(message)) for message in THEIRS]

    assert kinds == [
        *(HumanMessage, HumanMessage, SystemMessage),
        *(AIMessage, AIMessage, AIMessage),
        *(ToolMessage, SystemMessage, HumanMessage),
    ]


def test_a_chunk_goes_as_the_message_that_it_amounts_to() -> None:
    """A history has no chunks."""
    said = message_to_langchain(AIMessageChunk("Hello"))

    assert type(said) is lc.AIMessage
    assert said.content == "Hello"


@pytest.mark.parametrize(
    "message, words",
    [
        (lc.ChatMessage("x", role="sytem"), "Did you mean 'system'"),
        (lc.RemoveMessage(id="m1"), "RemoveMessage, which is not said"),
        (lc.FunctionMessage("x", name="f"), "FunctionMessage, which is not said"),
    ],
)
def test_what_is_not_said_to_a_model_is_refused(
    message: lc.BaseMessage, words: str
) -> None:
    """The error names it."""
    with pytest.raises(InputError, match=words):
        message_from_langchain(message)


@pytest.mark.parametrize("turn", [message_from_langchain, message_to_langchain])
def test_what_is_no_message_is_refused(turn: object) -> None:
    """Both ways."""
    with pytest.raises(InputError, match="'Hi' is no message of"):
        turn("Hi")  # type: ignore[operator]
