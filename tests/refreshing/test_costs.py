"""What answers have cost."""

import sys
from decimal import Decimal

import pytest

from harness.cassettes import Interaction
from harness.cassettes.conversations import conversation
from harness.chunks import AIMessageChunk
from harness.messages import HumanMessage
from harness.refreshing import Tokens, price, priced, summed, tokens_of, total_of
from harness.requests import ChatRequest

URL = "https://api.openai.com/v1/chat/completions"
USAGE = (
    b'"usage": {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17, '
    b'"prompt_tokens_details": {"cached_tokens": 4}, '
    b'"completion_tokens_details": {"reasoning_tokens": 5}}'
)
BODY = b'{"model": "gpt-4o", "choices": [{"index": 0, "message": {"content": ""}}], '


def test_tokens_are_those_of_the_provider():
    """Cached ones and reasoning too; by model and provider."""
    one = Interaction("POST", URL, 200, response_body=BODY + USAGE + b"}")
    other = Interaction(
        "POST", URL.replace("api", "eu"), 200, response_body=BODY + USAGE + b"}"
    )

    assert tokens_of([one, one, other]) == (
        Tokens("gpt-4o", "https://api.openai.com", 2, 20, 14, 8, 0, 10),
        Tokens("gpt-4o", "https://eu.openai.com", 1, 10, 7, 4, 0, 5),
    )


def test_what_has_no_usage_has_no_tokens():
    """Refusals, other traffic and damage cost nothing that is known."""
    nothing = [
        Interaction("POST", URL, 429),
        Interaction("GET", "https://a.b/", 200),
        Interaction("POST", URL, 200, response_body=b"{"),
    ]

    assert tokens_of(nothing) == ()


def test_a_recorded_conversation_has_tokens():
    """As its chunks say; the model is the one that was asked for."""
    usage = {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}
    chunk = AIMessageChunk("Hi", usage_metadata=usage, chunk_position="last")
    request = ChatRequest((HumanMessage("Hi"),), model="m")

    assert tokens_of([conversation(request, [chunk], [0])]) == (
        Tokens("m", "", 1, 3, 4),
    )


def test_tokens_add_up():
    """Of one model, and all together."""
    a, b = Tokens("a", input=1), Tokens("b", output=2, requests=1)

    assert summed([b, a, b]) == (a, Tokens("b", output=4, requests=2))
    assert total_of([a, b]) == Tokens("", requests=1, input=1, output=2)


@pytest.mark.parametrize(
    "tokens, cost",
    [
        (Tokens("gpt-4o", "https://api.openai.com", 1, 1000, 100), "0.0035"),
        (Tokens("gpt-4o", "http://127.0.0.1:8000", 1, 1000, 100, 200), "0.00325"),
        (Tokens("gpt-4o", "https://api.openai.com", 1, 100, 0, 999, 999), "0.000125"),
        (Tokens("weather-1", "https://a.b", 1, 1000, 100), None),
    ],
)
def test_a_price_is_known_or_not(tokens, cost):
    """By genai-prices; a provider that is not known may have a model that is."""
    pytest.importorskip("genai_prices")

    assert priced()
    assert price(tokens) == (None if cost is None else Decimal(cost))


def test_without_the_extra_no_price_is_known(monkeypatch):
    """And nothing breaks."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)

    assert not priced()
    assert price(Tokens("gpt-4o", "https://api.openai.com", 1, 1000, 100)) is None
