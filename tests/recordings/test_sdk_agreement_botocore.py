"""Recorded Bedrock Converse answers: we and the official client read the same.

The client checks the frames and names what is in them; it adds nothing up, so that its
events are joined here.
"""

from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from typing import Any

# Its types are missing; a type checker asks for them where it is imported by name.
boto: dict[str, Any] = {
    name: import_module(f"botocore.{name}")
    for name in ("awsrequest", "config", "exceptions", "session")
}

Sdk = dict[str, Callable[..., Any]]
NAME = "bedrock-converse"

#: What answers may differ in, by the reason, which is the client's each time.
EXCEPTIONS: dict[str, dict[str, str]] = {}

#: The kinds of fault that each of the client's errors may be.
ERRORS: dict[str, set[str]] = {
    "400": {"bad_request"},
    "500": {"server"},
    "ThrottlingException": {"rate_limit"},
    "UnrecognizedClientException": {"authentication"},
}


class Raw:
    """A body as the client's connection gives it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, size: int = 1024, **_: Any) -> Iterator[bytes]:
        """Give the body in pieces."""
        for start in range(0, len(self._body), size):
            yield self._body[start : start + size]

    def close(self) -> None:
        """Release nothing."""


@cache
def client() -> Any:
    """Give a client, which may be asked but not sent anywhere."""
    session = boto["session"].Session()
    session.set_credentials("none", "none")
    return session.create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url="http://recorded",
        config=boto["config"].Config(retries={"total_max_attempts": 1}),
    )


def asked(operation: str, exchange: Any) -> Any:
    """Ask the client, and answer with a recording."""
    body: bytes = exchange.response
    headers = {k: v for k, v in exchange.headers.items() if k != "content-encoding"}

    def answer(**_: Any) -> Any:
        return boto["awsrequest"].AWSResponse(
            "http://recorded", exchange.status, headers, Raw(body)
        )

    known = client()
    event = f"before-send.bedrock-runtime.{operation}"
    known.meta.events.register(event, answer)
    try:
        method = {"Converse": "converse", "ConverseStream": "converse_stream"}[
            operation
        ]
        return getattr(known, method)(modelId="m", messages=[])
    finally:
        known.meta.events.unregister(event, answer)


def their_answer(sdk: Sdk, exchange: Any) -> dict[str, Any]:
    """Say what the client makes of a recorded answer."""
    try:
        if "converse-stream" in exchange.url:
            said = whole([*asked("ConverseStream", exchange)["stream"]])
        else:
            said = asked("Converse", exchange)
            said = {**said, "content": said["output"]["message"]["content"]}
    except boto["exceptions"].ClientError as error:
        return {"error": error.response["Error"]["Code"]}
    except Exception as error:  # noqa: BLE001  # whatever a client may raise
        return {"error": type(error).__name__}
    return {**said_by(sdk, said), "error": None}


def whole(events: list[Any]) -> dict[str, Any]:
    """Join events to what a whole reply says."""
    blocks: dict[int, dict[str, Any]] = {}
    said: dict[str, Any] = {}
    for event in events:
        match event:
            case {"contentBlockStart": {"contentBlockIndex": at, "start": start}}:
                blocks[at] = {k: {**v, "input": ""} for k, v in start.items()}
            case {"contentBlockDelta": {"contentBlockIndex": at, "delta": delta}}:
                grow(blocks.setdefault(at, {}), delta)
            case {"messageStop": stop}:
                said |= stop
            case {"metadata": metadata}:
                said |= metadata
            case _:
                pass
    return {**said, "content": [block for _, block in sorted(blocks.items())]}


def grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add what a delta says."""
    match delta:
        case {"text": text}:
            block["text"] = block.get("text", "") + text
        case {"toolUse": {"input": piece}}:
            block["toolUse"]["input"] += piece
        case {"reasoningContent": said}:
            thought = block.setdefault("reasoningContent", {})
            thought = thought.setdefault("reasoningText", {})
            for key in ("text", "signature"):
                thought[key] = thought.get(key, "") + said.get(key, "")
        case _:
            pass


def said_by(sdk: Sdk, said: dict[str, Any]) -> dict[str, Any]:
    """Say what a reply of the client says."""
    blocks = said["content"]
    used = [block["toolUse"] for block in blocks if "toolUse" in block]
    calls = [tool for tool in used if tool.get("type") != "server_tool_use"]
    thoughts = [
        block["reasoningContent"].get("reasoningText", {})
        for block in blocks
        if "reasoningContent" in block
    ]
    usage = said.get("usage") or {}
    read = usage.get("cacheReadInputTokens") or 0
    written = usage.get("cacheWriteInputTokens") or 0
    return {
        "text": "".join(text_of(block) for block in blocks),
        "reasoning": "".join(thought.get("text", "") for thought in thoughts),
        "signatures": [t["signature"] for t in thoughts if t.get("signature")],
        "calls": sorted(
            sdk["call"](c["name"], c["input"], c["toolUseId"]) for c in calls
        ),
        "usage": sdk["counts"](
            {
                "input_tokens": (usage.get("inputTokens") or 0) + read + written,
                "output_tokens": usage.get("outputTokens"),
                "total_tokens": usage.get("totalTokens"),
                "input_token_details": {"cache_read": read, "cache_creation": written},
            }
        ),
        "finish": said.get("stopReason"),
    }


def text_of(block: dict[str, Any]) -> str:
    """Give the text of a block, with citations or without."""
    cited = block.get("citationsContent", {}).get("content", ())
    return "".join(part.get("text", "") for part in (block, *cited))


def test_answers_agree_but_for_the_exceptions(exchanges: list[Any], sdk: Sdk) -> None:
    """Whole replies and streams say the same to us and to the official client."""
    answers = sdk["recorded"](NAME, exchanges)
    found: dict[str, str] = {}
    for name, each in answers:
        if each.status >= 400:
            continue
        ours = sdk["our_answer"](NAME, each, finish="stopReason")
        theirs = their_answer(sdk, each)
        if differing := sdk["compared"](ours, theirs):
            found[name] = differing

    assert len(answers) > 20
    assert found == sdk["excused"](EXCEPTIONS)


def test_errors_are_of_the_kind_of_the_clients(exchanges: list[Any], sdk: Sdk) -> None:
    """Each recorded error is a Fault of the kind that the client's class says."""
    answers = sdk["recorded"](NAME, exchanges)
    failed = [(name, each) for name, each in answers if each.status >= 400]
    wrong = []
    for name, each in failed:
        ours = sdk["our_answer"](NAME, each)["error"]
        theirs = their_answer(sdk, each)["error"]
        if ours not in ERRORS.get(theirs, ()):
            wrong.append((name, each.status, ours, theirs))

    assert len(failed) > 5
    assert wrong == []
