"""Validation and real traffic: what providers took passes, what they refused not."""

import json
from typing import Any

from harness.endpoint import HttpCall
from harness.endpoint.description import provider_schemas
from harness.endpoint.keys import key_check
from harness.endpoint.model_lists import no_model
from harness.endpoint.validation import refusal
from harness.http_messages import HttpRequest
from harness.schemas import problems
from harness.wire import dialect_of

#: What a provider answered, though validation refuses it: file, and why.
TAKEN = {
    "llamastack__llama-stack/tests/integration/messages/recordings/"
    "f22657bfd86db6348c0a0d0b17332dcfc038b345d2a7be8da4b880a433d36a52.json": (
        "the recording has no body: it is null, with an answer of some other request"
    ),
}
#: What a provider refused for a reason that its request shows, and we refuse too:
#: the end of the file's name, and whether the error's body is the very same.
REFUSED = {
    "testopenai/cassettes/chat-no-messages.yaml": True,
    "test_openai_responses/test_openai_responses_model_http_error.yaml": True,
    # It was Mistral, which has other words.
    "mistral-small-latest_handles_invalid_message_format_errors.yml": False,
}


def refused(exchange: Any) -> Any:
    """Say why *exchange* is refused, if it is."""
    dialect = dialect_of(exchange.url)
    assert dialect is not None
    asked = HttpRequest("POST", exchange.url, body=exchange.request)
    return refusal(asked, dialect.name)


def chats(exchanges: list[Any]) -> list[Any]:
    """Give those that ask a model something."""
    return [e for e in exchanges if e.request and dialect_of(e.url) is not None]


def test_what_providers_took_is_not_refused(exchanges):
    """Every request that had an answer, and no more exceptions than there are."""
    taken = [e for e in chats(exchanges) if e.status < 300]

    wrong = {e.file: why.refused for e in taken if (why := refused(e)) is not None}

    assert len(taken) > 370
    assert wrong.keys() == TAKEN.keys(), wrong


def test_what_providers_refused_is_refused_in_their_words(exchanges):
    """Where the reason is general, and stands in the request."""
    turned_down = [e for e in chats(exchanges) if e.status in (400, 422)]
    found = {}

    for e in turned_down:
        if (why := refused(e)) is not None:
            end = next((end for end in REFUSED if e.file.endswith(end)), e.file)
            found[end] = why.said == json.loads(e.response)

    assert found == REFUSED


def body(exchanges: list[Any], status: int, api: str, words: str) -> Any:
    """Give the recorded body of an error, by what it says."""
    return next(
        json.loads(e.response)
        for e in exchanges
        if e.status == status and api in e.api and words.encode() in e.response
    )


def test_a_model_that_there_is_not_is_told_as_it_was(exchanges):
    """Four providers, word for word."""
    claude = body(exchanges, 404, "anthropic", "claude-4-5-haiku")
    del claude["request_id"]

    assert claude == no_model("claude-4-5-haiku", "anthropic-messages").said
    assert body(exchanges, 404, "gemini", "this-model-does-not-exist-12345") == (
        no_model("this-model-does-not-exist-12345", "gemini").said
    )
    assert body(exchanges, 404, "ollama", "nonexistent-model:latest") == (
        no_model("nonexistent-model:latest", "ollama-chat").said
    )
    assert body(exchanges, 404, "openai", "model_not_found") == (
        no_model("does-not-exist", "openai-chat").said
    )
    assert body(exchanges, 400, "openai", "does-not-exist-nr-test") == (
        no_model("does-not-exist-nr-test", "openai-responses").said
    )


def test_a_wrong_key_is_told_as_it_was(exchanges):
    """What a key is made of apart, which is not repeated."""

    def told(url: str, **headers: str) -> Any:
        asked = HttpRequest("POST", url, tuple(headers.items()))
        answer = key_check({"right"})(HttpCall(0, asked, 0.0))
        assert answer is not None
        return answer.said

    google = "https://generativelanguage.googleapis.com/v1beta/models/m:generateContent"
    openai = body(exchanges, 401, "openai", "Incorrect API key provided: DEADBEEF")
    openai["error"]["message"] = openai["error"]["message"].replace("DEADBEEF", "*" * 8)

    assert told(google, **{"x-goog-api-key": "wrong"}) == (
        body(exchanges, 400, "gemini", "API_KEY_INVALID")
    )
    assert told(google) == body(exchanges, 403, "gemini", "unregistered callers")
    assert told("https://api.anthropic.com/v1/messages", **{"x-api-key": "wrong"}) == (
        body(exchanges, 401, "anthropic", "invalid x-api-key")
    )
    assert told("https://x/v1/chat/completions", authorization="Bearer wrong") == openai


#: What a description names the requests of a dialect, where the model is in the path.
IN_PATH = {
    "openai-chat": "openai-chat.request-of-a-deployment",
    "anthropic-messages": "anthropic-messages.request-at-a-model",
}


def test_what_is_not_refused_is_valid_by_the_description(exchanges):
    """Every recorded request that passes: no schema asks more than validation does."""
    schemas = provider_schemas()
    wrong = {}
    passed = [e for e in chats(exchanges) if refused(e) is None]

    for e in passed:
        said = json.loads(e.request)
        dialect = dialect_of(e.url).name
        name = f"{dialect}.request"
        if dialect in IN_PATH and "model" not in said:
            name = IN_PATH[dialect]
        if found := problems(said, schemas[name]):
            wrong[e.name] = found

    assert len(passed) > 370
    # Mistral says "any" for "required", and is let: by its address, not by its path.
    assert {file for file, found in wrong.items() if "'any'" not in str(found)} == set()
