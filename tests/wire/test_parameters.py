"""Whose parameter a word is."""

from typing import Any

import pytest

from harness.errors import InputError
from harness.messages import HumanMessage
from harness.requests import ChatRequest
from harness.wire import DIALECTS
from harness.wire.parameters import asked


@pytest.mark.parametrize("dialect", DIALECTS)
def test_marks_of_a_dialect_stay_with_it(dialect: str) -> None:
    """What a dialect notes of its own spelling is sent by no other."""
    marks = {name: {"x": 1} for name in DIALECTS}

    assert asked(marks, dialect) == {dialect: {"x": 1}}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_nobody_is_known_to_own_is_sent(dialect: str) -> None:
    """Providers have more words than a table."""
    assert asked({"new": 1, "temperature": 0}, dialect) == {"new": 1, "temperature": 0}


def test_the_same_in_another_word_is_said_in_the_common_one() -> None:
    """A limit of tokens means the same everywhere, and the common word goes first."""
    params = {"max_completion_tokens": 9}

    assert asked(params, "openai-chat") == params
    assert asked(params, "gemini") == {"max_tokens": 9}
    assert asked({"max_tokens": 3, **params}, "gemini") == {"max_tokens": 3}


@pytest.mark.parametrize(
    "params",
    [
        {"stream_options": {"include_usage": True}},
        {"include": ["reasoning.encrypted_content"]},
        {"inferenceConfig": {}},
        {"previous_response_id": None},
        {"store": False},
    ],
)
def test_what_asks_for_nothing_is_left_out(params: dict[str, Any]) -> None:
    """Another's word that says how to deliver, or nothing at all, loses nothing."""
    assert asked(params, "ollama-chat") == {}


def test_what_only_another_can_be_asked_is_refused() -> None:
    """The error says whose word it is."""
    with pytest.raises(InputError, match=r"'safetySettings'.*a word of gemini"):
        asked({"safetySettings": [{"category": "x"}]}, "anthropic-messages")


def test_names_are_texts() -> None:
    """No wire format has other names."""
    with pytest.raises(InputError, match="a str for a name, not 1"):
        asked({1: 2}, "gemini")  # type: ignore[dict-item]


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_what_no_json_says_is_refused(dialect: Any) -> None:
    """A value that is no JSON is no traceback of the JSON library."""
    request = ChatRequest((HumanMessage("Hi"),), model="m", params={"new": {1, 2}})

    with pytest.raises(InputError, match="cannot be said in JSON"):
        dialect.write_request(request)


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_writing_changes_no_request(dialect: Any) -> None:
    """What is written is a copy."""
    params = {"options": {"num_ctx": 1}} if dialect.name == "ollama-chat" else {}
    request = ChatRequest(
        (HumanMessage("Hi"),), model="m", params={**params, "temperature": 1}
    )
    before = repr(request)

    dialect.write_request(request)

    assert repr(request) == before
