"""Recorded OpenAI Responses: we and the official client read the same in them."""

import warnings
from collections.abc import Callable
from typing import Any

import httpx2
import openai

Sdk = dict[str, Callable[..., Any]]

#: What answers may differ in, by the reason, which is the client's each time.
EXCEPTIONS: dict[str, dict[str, str]] = {
    "it believes a last event that says the answer had no output": {
        "none_suppresses_tool_calls.yaml#0": "text",
    },
    "it fails on content that is numbered from 1": {
        "providers_bedrock_mantle_responses_chat_streams_through_the_responses_surface"
        ".yml#0": "error text",
    },
    "it reads the last event alone, and the pieces before were shortened by hand": {
        "openai-shell-container.1.chunks.txt#0": "text",
    },
}

#: The kinds of fault that each of the client's errors may be.
ERRORS: dict[str, set[str]] = {
    "AuthenticationError": {"authentication"},
    "BadRequestError": {"bad_request"},
    "InternalServerError": {"overloaded", "server", "timeout"},
    "NotFoundError": {"bad_request"},
    "PermissionDeniedError": {"authentication"},
    "RateLimitError": {"rate_limit"},
}


def client_of(sdk: Sdk, exchange: Any) -> openai.OpenAI:
    """Give a client that is answered with a recording."""
    body = sdk["framed"](exchange)
    content_type = "application/json" if whole(body) else "text/event-stream"
    headers = sdk["headers_of"](exchange, content_type)

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(exchange.status or 200, headers=headers, content=body)

    return openai.OpenAI(
        api_key="none",
        base_url="http://recorded/v1",
        max_retries=0,
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
    )


def whole(body: bytes) -> bool:
    """Tell a whole reply from a stream."""
    return body.lstrip()[:1] == b"{"


def their_answer(sdk: Sdk, exchange: Any) -> dict[str, Any]:
    """Say what the client makes of a recorded answer."""
    asked: Any = {"model": "m", "input": "?"}
    wrong, response, text = None, None, ""
    with client_of(sdk, exchange) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that what came is not what was declared
        try:
            if whole(sdk["framed"](exchange)):
                response = client.responses.create(**asked)
            else:
                with client.responses.stream(**asked) as stream:
                    for event in stream:
                        # The client ends well only in "response.completed".
                        response = getattr(event, "response", response)
                        if event.type == "response.output_text.delta":
                            text += event.delta
        except Exception as error:  # noqa: BLE001  # whatever a client may raise
            wrong = type(error).__name__
    if wrong or response is None:
        return {"text": text, "error": wrong}
    failed = response.status if response.status == "failed" else None
    return {**said_by(sdk, response), "error": failed}


def said_by(sdk: Sdk, response: Any) -> dict[str, Any]:
    """Say what a response of the client says."""
    said = response.to_dict(warnings=False)
    items = said.get("output") or []
    parts = [
        part for item in items if item["type"] == "message" for part in item["content"]
    ]
    thoughts = [
        part
        for item in items
        if item["type"] == "reasoning"
        for part in (*(item.get("summary") or ()), *(item.get("content") or ()))
    ]
    usage = said.get("usage") or {}
    before = usage.get("input_tokens_details") or {}
    after = usage.get("output_tokens_details") or {}
    calls = [call for item in items for call in call_of(item)]
    return {
        "id": said.get("id") or None,
        "model": said.get("model") or None,
        "text": "".join(part.get("text", "") for part in parts),
        "reasoning": "".join(part["text"] for part in thoughts),
        "refusal": "".join(part.get("refusal", "") for part in parts),
        "calls": sorted(sdk["call"](*call) for call in calls),
        "citations": sum(len(part.get("annotations") or ()) for part in parts),
        "usage": sdk["counts"](
            {
                **usage,
                "input_token_details": {
                    "cache_read": before.get("cached_tokens"),
                    "cache_creation": before.get("cache_write_tokens"),
                },
                "output_token_details": {"reasoning": after.get("reasoning_tokens")},
            }
        ),
        "finish": said.get("status"),
    }


def call_of(item: dict[str, Any]) -> list[tuple[str, Any, str]]:
    """Give name, arguments and id of an item that is a call."""
    match item:
        case {"type": "function_call"}:
            return [(item["name"], item["arguments"], item["call_id"])]
        case {"type": "custom_tool_call"}:
            return [(item["name"], {"input": item["input"]}, item["call_id"])]
        case _:
            return []


def test_answers_agree_but_for_the_exceptions(exchanges: list[Any], sdk: Sdk) -> None:
    """Whole replies and streams say the same to us and to the official client."""
    replies = sdk["recorded"]("openai-responses", exchanges)
    found: dict[str, str] = {}
    for name, each in replies:
        if each.status >= 400:
            continue
        ours = sdk["our_answer"]("openai-responses", each, finish="status")
        theirs = their_answer(sdk, each)
        if differing := sdk["compared"](ours, theirs):
            found[name] = differing

    assert len(replies) > 40
    assert found == sdk["excused"](EXCEPTIONS)


def test_errors_are_of_the_kind_of_the_clients(exchanges: list[Any], sdk: Sdk) -> None:
    """Each recorded error is a Fault of the kind that the client's class says."""
    replies = sdk["recorded"]("openai-responses", exchanges)
    failed = [(name, each) for name, each in replies if each.status >= 400]
    wrong = []
    for name, each in failed:
        ours = sdk["our_answer"]("openai-responses", each)["error"]
        theirs = their_answer(sdk, each)["error"]
        if ours not in ERRORS.get(theirs, ()):
            wrong.append((name, each.status, ours, theirs))

    assert len(failed) > 1
    assert wrong == []
