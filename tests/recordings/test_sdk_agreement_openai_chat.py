"""Recorded OpenAI Chat answers: we and the official client read the same in them."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import httpx2
import openai

Sdk = dict[str, Callable[..., Any]]

#: What answers may differ in, by the reason, which is the client's each time.
EXCEPTIONS: dict[str, dict[str, str]] = {
    "it fails on a fragment of a call that has no index": {
        "test_mistral_chat_model_complete_parallel_function_call.yaml#0": "error usage",
        "test_openai_chat_model_complete_ollama[Return True.-output_types1-bool]"
        ".yaml#0": "error finish",
        "test_openai_chat_model_gemini_acomplete[Return True.-output_types1-bool]"
        ".yaml#0": "error",
        "test_openai_chat_model_gemini_complete[Return [1, 2, 3, 4, 5]-output_types2-"
        "list].yaml#0": "error",
    },
    "it unlearns a call's type where later fragments say null, and fails": {
        f"{name}.json#0": "calls error finish usage"
        for name in (
            "02549b1a19b2a9ed27b71ec2894bb4326acc1fd18759577fd379177ae15fb009",
            "a6c5e729150f78535d09a5b59e3a28b0309eb2a756d8b99d109fce66bd2230df",
            "afd80b876358c09a626d72c4ea6b461dc2793aa52515f0d7ceb6b68b6999b3fd",
        )
    },
    "it fails on a choice that has no delta": {
        "azure_chat_completion_streamed.yaml#0": "error",
    },
    "it fails on annotations that have no index": {
        "test_openrouter_web_search_annotations_stream.yaml#0": (
            "error finish text usage"
        ),
    },
    "it adds up a call's id and name that each fragment repeats": {
        "test_tools_streaming_variant_a.yaml#0": "calls",
    },
    "it reads usage under its own name only, not Groq's": {
        "TestTokenCounts.test_groq.yaml#0": "usage",
        "test_groq_model_web_search_tool_stream.yaml#0": "usage",
    },
    "it loses content that is a list at first, and a text later": {
        "chat_with_extended_thinking_mistral_mistral-small-latest_"
        "streams_thinking_content_when_available.yml#0": "reasoning text",
        "test_mistral_model_thinking_part_iter.yaml#0": "reasoning",
    },
    "it passes on a function call and a finish reason that are empty": {
        "test_snowflake_native_output.yaml#0": "calls finish",
    },
    "it takes an error of status 200 for an empty answer": {
        "test_prompt_content_filtering_with_events_with_content.yaml#0": "error",
    },
}

#: The kinds of fault that each of the client's errors may be.
ERRORS: dict[str, set[str]] = {
    "APIStatusError": {"bad_request", "timeout"},
    "AuthenticationError": {"authentication"},
    "BadRequestError": {"bad_request"},
    "InternalServerError": {"overloaded", "server", "timeout"},
    "NotFoundError": {"bad_request"},
    "PermissionDeniedError": {"authentication"},
    "RateLimitError": {"rate_limit"},
    "UnprocessableEntityError": {"bad_request"},
}


def client_of(sdk: Sdk, exchange: Any) -> openai.OpenAI:
    """Give a client that is answered with a recording."""
    body = sdk["framed"](exchange)
    whole = body.lstrip()[:1] == b"{"
    content_type = "application/json" if whole else "text/event-stream"
    if exchange.status >= 400:
        content_type = exchange.headers.get("content-type", content_type)
    headers = sdk["headers_of"](exchange, content_type)

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(exchange.status or 200, headers=headers, content=body)

    return openai.OpenAI(
        api_key="none",
        base_url="http://recorded/v1",
        max_retries=0,
        http_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
    )


def their_answer(sdk: Sdk, exchange: Any) -> dict[str, Any]:
    """Say what the client makes of a recorded answer."""
    asked: Any = {"model": "m", "messages": []}
    wrong, completion = None, None
    with client_of(sdk, exchange) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that what came is not what was declared
        try:
            if sdk["framed"](exchange).lstrip()[:1] == b"{":
                completion = client.chat.completions.create(**asked)
            else:
                with client.chat.completions.stream(**asked) as stream:
                    try:
                        stream.until_done()
                    finally:
                        with suppress(AssertionError):  # there is none
                            completion = stream.current_completion_snapshot
        except Exception as error:  # noqa: BLE001  # whatever a client may raise
            wrong = type(error).__name__
    if completion is None:
        return {"error": wrong}
    return {**said_by(sdk, completion), "error": wrong}


def said_by(sdk: Sdk, completion: Any) -> dict[str, Any]:
    """Say what a completion of the client says."""
    said = completion.to_dict(warnings=False)
    if not said.get("choices"):
        return {}
    usage = said.get("usage") or {}
    before = usage.get("prompt_tokens_details") or {}
    after = usage.get("completion_tokens_details") or {}
    first, *others = said["choices"]
    message = first.get("message") or {}
    text, reasoning = content_of(message.get("content"))
    calls = [*calls_of(message)]
    return {
        "id": said.get("id") or None,
        "model": said.get("model") or None,
        "text": text,
        "reasoning": message.get("reasoning_content")
        or message.get("reasoning")
        or reasoning,
        "refusal": message.get("refusal") or "",
        "calls": sorted(sdk["call"](*each) for each in calls),
        "usage": sdk["counts"](
            {
                "input_tokens": usage.get("prompt_tokens"),
                "output_tokens": usage.get("completion_tokens"),
                "total_tokens": usage.get("total_tokens"),
                "input_token_details": {
                    "cache_read": before.get("cached_tokens"),
                    "cache_creation": before.get("cache_write_tokens"),
                },
                "output_token_details": {"reasoning": after.get("reasoning_tokens")},
            }
        ),
        "finish": first.get("finish_reason"),
        "logprobs": len((first.get("logprobs") or {}).get("content") or ()),
        "others": [other["message"].get("content") or "" for other in others],
    }


def content_of(content: Any) -> tuple[str, str]:
    """Give text and reasoning of what the client passes on as it came."""
    if isinstance(content, str | None):
        return content or "", ""
    text = "".join(part.get("text", "") for part in content)
    thoughts = [p["thinking"] for p in content if p["type"] == "thinking"]
    return text, "".join(part["text"] for parts in thoughts for part in parts)


def calls_of(message: dict[str, Any]) -> Iterator[tuple[Any, Any, Any]]:
    """Give name, arguments and id of each call."""
    for call in message.get("tool_calls") or ():
        if call.get("type") == "custom":
            yield call["custom"]["name"], {"input": call["custom"]["input"]}, call["id"]
        else:
            function = call["function"]
            yield function.get("name"), function.get("arguments"), call.get("id")
    if function := message.get("function_call"):
        yield function["name"], function["arguments"], None


def test_answers_agree_but_for_the_exceptions(exchanges: list[Any], sdk: Sdk) -> None:
    """Whole replies and streams say the same to us and to the official client."""
    chats = sdk["recorded"]("openai-chat", exchanges)
    found: dict[str, str] = {}
    for name, each in chats:
        if each.status >= 400:
            continue
        ours = sdk["our_answer"]("openai-chat", each)
        theirs = their_answer(sdk, each)
        if differing := sdk["compared"](ours, theirs):
            found[name] = differing

    assert len(chats) > 150
    assert found == sdk["excused"](EXCEPTIONS)


def test_errors_are_of_the_kind_of_the_clients(exchanges: list[Any], sdk: Sdk) -> None:
    """Each recorded error is a Fault of the kind that the client's class says."""
    chats = sdk["recorded"]("openai-chat", exchanges)
    failed = [(name, each) for name, each in chats if each.status >= 400]
    wrong = []
    for name, each in failed:
        ours = sdk["our_answer"]("openai-chat", each)["error"]
        theirs = their_answer(sdk, each)["error"]
        if ours not in ERRORS.get(theirs, ()):
            wrong.append((name, each.status, ours, theirs))

    assert len(failed) > 30
    assert wrong == []
