"""Recorded Gemini answers: we and the official client read the same in them.

The client adds nothing up: the parts that it streams are joined here.
"""

import json
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import httpx2
from google import genai
from google.genai import types

Sdk = dict[str, Callable[..., Any]]

#: What answers may differ in, by the reason, which is the client's each time.
EXCEPTIONS: dict[str, dict[str, str]] = {
    "it fails on enums that are numbers, which it never asks for": {
        "TestGoogleAIToolCallResponse.httprr#0": "error",
        "TestGoogleAIToolCallResponse.httprr#1": "error",
        "test_generate_content_with_files.yaml#0": "error",
    },
}

#: The kinds of fault that each of the client's errors may be.
ERRORS: dict[str, set[str]] = {
    "ClientError": {"authentication", "bad_request", "rate_limit"},
    "ServerError": {"overloaded", "server", "timeout"},
}


def client_of(sdk: Sdk, exchange: Any) -> genai.Client:
    """Give a client that is answered with a recording."""
    body = streamed(exchange.response)
    content_type = "text/event-stream" if body[:5] == b"data:" else "application/json"
    headers = sdk["headers_of"](exchange, content_type)

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(exchange.status or 200, headers=headers, content=body)

    return genai.Client(
        api_key="none",
        vertexai=exchange.provider == "google-vertex",
        http_options=types.HttpOptions(
            base_url="http://recorded",
            httpx_client=httpx2.Client(transport=httpx2.MockTransport(answer)),
        ),
    )


def streamed(body: bytes) -> bytes:
    """Give the items of a JSON array as the events that the client asks for."""
    if body.lstrip()[:1] != b"[":
        return body
    items = (json.dumps(item) for item in json.loads(body))
    return "".join(f"data: {item}\r\n\r\n" for item in items).encode()


def their_answer(sdk: Sdk, exchange: Any) -> dict[str, Any]:
    """Say what the client makes of a recorded answer."""
    asked: Any = {"model": "m", "contents": "?"}
    wrong = None
    said: list[types.GenerateContentResponse] = []
    with client_of(sdk, exchange) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that what came is not what was declared
        try:
            if "streamGenerateContent" in exchange.url or not exchange.url:
                said.extend(client.models.generate_content_stream(**asked))
            else:
                said.append(client.models.generate_content(**asked))
        except Exception as error:  # noqa: BLE001  # whatever a client may raise
            wrong = type(error).__name__
    return {**said_by(sdk, said), "error": wrong} if said else {"error": wrong}


def said_by(sdk: Sdk, said: list[types.GenerateContentResponse]) -> dict[str, Any]:
    """Say what the client's responses say, one after the other."""
    first = [
        candidate
        for response in said
        for candidate in response.candidates or ()
        if not candidate.index
    ]
    contents = [candidate.content for candidate in first if candidate.content]
    parts = [part for content in contents for part in content.parts or ()]
    calls = [part.function_call for part in parts if part.function_call]
    usages = [said_usage(u) for each in said if (u := each.usage_metadata)]
    return {
        "id": said[0].response_id,
        "model": said[0].model_version,
        "text": joined(part for part in parts if not part.thought),
        "reasoning": joined(part for part in parts if part.thought),
        "calls": sorted(sdk["call"](c.name, c.args or {}, c.id) for c in calls),
        "server_results": sum(
            bool(part.code_execution_result or part.tool_response) for part in parts
        ),
        "media": sum(bool(part.inline_data or part.file_data) for part in parts),
        "usage": sdk["counts"](usages[-1] if usages else {}),
        "finish": next(
            (c.finish_reason.value for c in reversed(first) if c.finish_reason), None
        ),
    }


def joined(parts: Iterable[types.Part]) -> str:
    """Join the texts of parts."""
    return "".join(part.text or "" for part in parts)


def said_usage(usage: types.GenerateContentResponseUsageMetadata) -> dict[str, Any]:
    """Give the counts of one response under our names."""
    thoughts = usage.thoughts_token_count or 0
    before = (usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0)
    return {
        "input_tokens": before,
        "output_tokens": (usage.candidates_token_count or 0) + thoughts,
        "total_tokens": usage.total_token_count,
        "input_token_details": {"cache_read": usage.cached_content_token_count},
        "output_token_details": {"reasoning": thoughts},
    }


def without_made_up_id(call: tuple[str, str, str]) -> tuple[str, str, str]:
    """Forget the id that we gave a call which came without one."""
    name, args, call_id = call
    return name, args, "" if call_id.startswith("no_id_") else call_id


def test_answers_agree_but_for_the_exceptions(exchanges: list[Any], sdk: Sdk) -> None:
    """Whole replies and streams say the same to us and to the official client."""
    answers = sdk["recorded"]("gemini", exchanges)
    found: dict[str, str] = {}
    for name, each in answers:
        if each.status >= 400:
            continue
        ours = sdk["our_answer"]("gemini", each, finish="finishReason")
        ours["calls"] = [without_made_up_id(call) for call in ours["calls"]]
        theirs = their_answer(sdk, each)
        if differing := sdk["compared"](ours, theirs):
            found[name] = differing

    assert len(answers) > 40
    assert found == sdk["excused"](EXCEPTIONS)


def test_errors_are_of_the_kind_of_the_clients(exchanges: list[Any], sdk: Sdk) -> None:
    """Each recorded error is a Fault of the kind that the client's class says."""
    answers = sdk["recorded"]("gemini", exchanges)
    failed = [(name, each) for name, each in answers if each.status >= 400]
    wrong = []
    for name, each in failed:
        ours = sdk["our_answer"]("gemini", each)["error"]
        theirs = their_answer(sdk, each)["error"]
        if ours not in ERRORS.get(theirs, ()):
            wrong.append((name, each.status, ours, theirs))

    assert len(failed) > 5
    assert wrong == []
