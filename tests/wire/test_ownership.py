"""Whose word a key is."""

import pytest

from harness.chunks import AIMessageChunk
from harness.messages import AIMessage, HumanMessage
from harness.requests import ChatRequest
from harness.tool_specs import ToolSpec
from harness.wire import DIALECTS, Dialect
from harness.wire.ownership import own


def test_words_of_others_are_left_out():
    """A signature goes back to the provider alone that gave it."""
    extras = {"signature": "s", "thoughtSignature": "t", "new": 1}

    assert own(extras, "anthropic-messages") == {"signature": "s", "new": 1}
    assert own(extras, "gemini") == {"thoughtSignature": "t", "new": 1}
    assert own(extras, "ollama-chat") == {"new": 1}


def test_nothing_is_nobodys():
    """No extras are none."""
    assert own(None, "gemini") == own({}, "gemini") == {}


def test_some_words_have_several_owners():
    """What two providers know goes to both, and to no third."""
    extras = {"filename": "a.pdf", "cache_control": {}, "name": "a"}

    assert own(extras, "openai-chat") == {"filename": "a.pdf", "cache_control": {}}
    assert own(extras, "openai-responses") == {"filename": "a.pdf"}
    assert own(extras, "bedrock-converse") == {"filename": "a.pdf", "name": "a"}


def test_a_mark_stays_with_its_dialect():
    """How a dialect spelled something is told to no other."""
    extras = {"gemini": {"types": "capitals"}}

    assert own(extras, "gemini") == extras
    assert own(extras, "openai-chat") == {}


def test_what_is_no_mapping_says_nothing():
    """Extras of a wrong type are none."""
    assert own(7, "gemini") == {}


@pytest.mark.parametrize("provider", [None, "its own"])
@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_what_stands_beside_an_answer_does_not_take_its_place(
    dialect: Dialect, provider: str | None
) -> None:
    """Whole or in a stream: a field of the format's own among those that are none."""
    text = {"content": "No", "text": "No", "parts": [{"text": "No"}]}
    beside = {
        **text,
        "message": text,
        "output": {"message": {"content": [{"text": "No"}]}},
        "candidates": [{"content": text}],
        "choices": [{"message": text}],
        "stopReason": "No",
    }
    told = beside if provider is None else {**beside, "model_provider": provider}
    if provider:
        plain = dialect.read_reply(dialect.write_reply(AIMessage("Yes")))
        told["model_provider"] = plain.response_metadata["model_provider"]
    chunk = AIMessageChunk("Yes", additional_kwargs=beside, response_metadata=told)
    encoder = dialect.encoder()

    whole = dialect.read_reply(dialect.write_reply(chunk.to_message()))
    streamed = dialect.read_reply(encoder.feed(chunk) + encoder.close())

    assert (whole.text, streamed.text) == ("Yes", "Yes")


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_a_mark_of_a_wrong_type_is_none(dialect: Dialect) -> None:
    """A body may say anything under a name that we remember things under."""
    odd = {dialect.name: 7}
    odder = {dialect.name: {"function": 7}}
    call = {"name": "f", "args": {}, "id": "c", "extras": odd}
    messages = (
        HumanMessage("Hi", additional_kwargs=odd),
        AIMessage("", tool_calls=[call], additional_kwargs=odd),
    )
    tools = (ToolSpec("f", "Does.", extras=odd), ToolSpec("g", extras=odder))
    request = ChatRequest(messages, tools=tools, model="m", params=odd)

    read = dialect.read_request(dialect.write_request(request))

    assert [tool.name for tool in read.tools] == ["f", "g"]
    assert [call["name"] for call in read.messages[1].tool_calls] == ["f"]
