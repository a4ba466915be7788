"""Recorded Anthropic messages: we and the official client read the same in them."""

import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx2
from anthropic import Anthropic
from anthropic.lib.bedrock import AnthropicBedrock

Sdk = dict[str, Callable[..., Any]]

#: What answers may differ in, by the reason, which is the client's each time.
EXCEPTIONS: dict[str, dict[str, str]] = {
    "it fails on the [DONE] with which OpenRouter ends": {
        "gateway_message_delta_metadata.yaml#0": "error",
    },
    "it reads two streams, kept in one file, as one": {
        "anthropic-tool-search-bm25.1.chunks.txt#0": "finish text usage",
    },
    "it skips what is no event: lines of a stream, kept as JSON texts": {
        "f22657bfd86db6348c0a0d0b17332dcfc038b345d2a7be8da4b880a433d36a52.json#0": (
            "error"
        ),
    },
}

#: The kinds of fault that each of the client's errors may be.
ERRORS: dict[str, set[str]] = {
    "AuthenticationError": {"authentication"},
    "BadRequestError": {"bad_request"},
    "InternalServerError": {"overloaded", "server", "timeout"},
    "NotFoundError": {"bad_request"},
    "OverloadedError": {"overloaded"},
    "PermissionDeniedError": {"authentication"},
    "RateLimitError": {"rate_limit"},
    "RequestTooLargeError": {"bad_request"},
    "ServiceUnavailableError": {"overloaded"},
}


def client_of(sdk: Sdk, exchange: Any) -> Any:
    """Give a client, of Bedrock's kind where it must, answered with a recording."""
    body = sdk["framed"](exchange)
    content_type = "application/json" if whole(body) else "text/event-stream"
    of_aws = "/invoke" in exchange.url
    if of_aws and not whole(body):
        content_type = "application/vnd.amazon.eventstream"
    headers = sdk["headers_of"](exchange, content_type)

    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(exchange.status or 200, headers=headers, content=body)

    said: Any = {
        "api_key": "none",
        "base_url": "http://recorded",
        "max_retries": 0,
        "http_client": httpx2.Client(transport=httpx2.MockTransport(answer)),
    }
    if of_aws:
        return AnthropicBedrock(aws_region="us-east-1", **said)
    return Anthropic(**said)


def whole(body: bytes) -> bool:
    """Tell a whole reply from a stream."""
    return body.lstrip()[:1] == b"{"


def their_answer(sdk: Sdk, exchange: Any) -> dict[str, Any]:
    """Say what the client makes of a recorded answer.

    It is asked for the beta messages, which know all that the others do.
    """
    asked: Any = {"model": "m", "max_tokens": 9, "messages": []}
    wrong, message = None, None
    with client_of(sdk, exchange) as client, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that what came is not what was declared
        try:
            if whole(sdk["framed"](exchange)):
                message = client.beta.messages.create(**asked)
            else:
                with client.beta.messages.stream(**asked) as stream:
                    try:
                        stream.until_done()
                    finally:
                        with suppress(AssertionError):  # there is none
                            message = stream.current_message_snapshot
        except Exception as error:  # noqa: BLE001  # whatever a client may raise
            wrong = type(error).__name__
    return {"error": wrong} if message is None else said_by(sdk, message, wrong)


def said_by(sdk: Sdk, message: Any, wrong: str | None) -> dict[str, Any]:
    """Say what a message of the client says."""
    said = message.to_dict(warnings=False)
    blocks = said.get("content") or []
    kinds = [block["type"] for block in blocks]
    usage = said.get("usage") or {}
    read = usage.get("cache_read_input_tokens") or 0
    written = usage.get("cache_creation_input_tokens") or 0
    before = (usage.get("input_tokens") or 0) + read + written
    after = usage.get("output_tokens") or 0
    called = [
        (block["type"], sdk["call"](block["name"], block["input"], block["id"]))
        for block in blocks
        if block["type"] in ("tool_use", "server_tool_use", "mcp_tool_use")
    ]
    return {
        "id": said.get("id") or None,
        "model": said.get("model") or None,
        "text": joined(blocks, "text"),
        "reasoning": joined(blocks, "thinking"),
        "signatures": [
            b["signature"] for b in blocks if b["type"] == "thinking" and b["signature"]
        ],
        "calls": sorted(call for kind, call in called if kind == "tool_use"),
        "server_calls": sorted(call for kind, call in called if kind != "tool_use"),
        "server_results": sum(kind.endswith("_tool_result") for kind in kinds),
        "citations": sum(len(block.get("citations") or ()) for block in blocks),
        "usage": sdk["counts"](
            {
                "input_tokens": before,
                "output_tokens": after,
                "total_tokens": before + after,
                "input_token_details": {"cache_read": read, "cache_creation": written},
                "output_token_details": {
                    "reasoning": (usage.get("output_tokens_details") or {}).get(
                        "thinking_tokens"
                    )
                },
            }
        ),
        "finish": said.get("stop_reason"),
        "error": wrong,
    }


def joined(blocks: list[dict[str, Any]], kind: str) -> str:
    """Join what blocks of a kind say."""
    return "".join(block[kind] for block in blocks if block["type"] == kind)


def test_answers_agree_but_for_the_exceptions(exchanges: list[Any], sdk: Sdk) -> None:
    """Whole replies and streams say the same to us and to the official client."""
    messages = sdk["recorded"]("anthropic-messages", exchanges)
    found: dict[str, str] = {}
    for name, each in messages:
        if each.status >= 400:
            continue
        ours = sdk["our_answer"]("anthropic-messages", each, finish="stop_reason")
        theirs = their_answer(sdk, each)
        if differing := sdk["compared"](ours, theirs):
            found[name] = differing

    assert len(messages) > 80
    assert found == sdk["excused"](EXCEPTIONS)


def test_errors_are_of_the_kind_of_the_clients(exchanges: list[Any], sdk: Sdk) -> None:
    """Each recorded error is a Fault of the kind that the client's class says."""
    messages = sdk["recorded"]("anthropic-messages", exchanges)
    failed = [(name, each) for name, each in messages if each.status >= 400]
    wrong = []
    for name, each in failed:
        ours = sdk["our_answer"]("anthropic-messages", each)["error"]
        theirs = their_answer(sdk, each)["error"]
        if ours not in ERRORS.get(theirs, ()):
            wrong.append((name, each.status, ours, theirs))

    assert len(failed) > 5
    assert wrong == []
