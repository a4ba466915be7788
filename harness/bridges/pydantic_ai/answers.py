"""Whole answers: a response of pydantic-ai, and our AIMessage."""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from pydantic_ai.messages import FinishReason, ModelResponse, ModelResponsePart
from pydantic_ai.usage import RequestUsage

from harness.bridges.pydantic_ai.parts import PROVIDER, block_of, part_of
from harness.errors import InputError, shown
from harness.messages import AIMessage

__all__ = [
    "described",
    "message_from_response",
    "message_to_response",
    "metadata_of",
    "usage_from",
    "usage_to",
]

_FINISHES: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_call",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "error": "error",
}
_REASONS = {theirs: ours for ours, theirs in reversed(_FINISHES.items())}
#: Counts by their name there, and where they are here.
_COUNTS = {
    "input_tokens": ("input_tokens",),
    "output_tokens": ("output_tokens",),
    "cache_read_tokens": ("input_token_details", "cache_read"),
    "cache_write_tokens": ("input_token_details", "cache_creation"),
    "input_audio_tokens": ("input_token_details", "audio"),
    "output_reasoning_tokens": ("output_token_details", "reasoning"),
    "output_audio_tokens": ("output_token_details", "audio"),
}
_CALLS = frozenset({"tool_call", "invalid_tool_call"})
#: What a message has and a response has no field for.
_KEPT = ("additional_kwargs", "name", "blocks")


def message_to_response(message: AIMessage, *, model_name: str) -> ModelResponse:
    """*message* as pydantic-ai has it; *model_name* says who spoke where it does not.

    Blocks that have no form there are in ``provider_details["blocks"]``, each with its
    place. Raises InputError for what is no answer.

    >>> message_to_response(AIMessage("Hello!"), model_name="m").parts
    [TextPart(content='Hello!')]
    """
    if not isinstance(message, AIMessage):
        raise InputError(f"{shown(message)} is no AIMessage.")
    said = message.to_message()
    found = [part for _, part in _parted(said) if part is not None]
    usage = usage_to(said.usage_metadata)
    return ModelResponse(parts=found, usage=usage, **described(said, model_name))


def _parted(said: AIMessage) -> list[tuple[dict[str, Any], ModelResponsePart | None]]:
    """Each block, and its part where it has one."""
    names: dict[str, str] = {}
    return [(block, part_of(block, names)) for block in said.content_blocks]


def described(said: AIMessage, model_name: str) -> dict[str, Any]:
    """What there is to say of an answer besides its parts: fields of a response."""
    metadata = said.response_metadata
    model = metadata.pop("model_name", None) or model_name
    kept = {"additional_kwargs": said.additional_kwargs, "name": said.name}
    details = metadata | {name: value for name, value in kept.items() if value}
    left = {n: block for n, (block, part) in enumerate(_parted(said)) if part is None}
    refused = [b["refusal"] for b in left.values() if b["type"] == "refusal"]
    if left:
        details["blocks"] = [[place, block] for place, block in left.items()]
    if refused:
        details["refusal"] = "".join(refused)
    reason = "content_filter" if refused else _FINISHES.get(str(said.finish_reason))
    return {
        "model_name": model,
        "provider_name": PROVIDER,
        "provider_details": details or None,
        "provider_response_id": said.id,
        "finish_reason": reason,
    }


def message_from_response(response: ModelResponse) -> AIMessage:
    """*response* as we have it. Raises InputError for what is none.

    >>> from pydantic_ai.messages import TextPart
    >>> message_from_response(ModelResponse([TextPart("Hello!")]))
    AIMessage('Hello!')
    """
    if not isinstance(response, ModelResponse):
        raise InputError(f"{shown(response)} is no response of pydantic-ai.")
    details = dict(response.provider_details or {})
    blocks = [*map(block_of, response.parts)]
    for place, block in details.get("blocks", ()):
        blocks.insert(place, block)
    said, calls = _apart(blocks)
    content: Any = said
    match said:
        case []:
            content = ""
        case [{"type": "text", "text": str(text), **more}] if not more:
            content = text
        case _:
            pass
    wrong = bool(calls) and calls[0]["type"] == "invalid_tool_call"
    return AIMessage(
        content,
        tool_calls=() if wrong else calls,
        invalid_tool_calls=calls if wrong else (),
        usage_metadata=usage_from(response.usage),
        additional_kwargs=details.get("additional_kwargs"),
        name=details.get("name"),
        id=response.provider_response_id,
        response_metadata=metadata_of(response),
    )


def _apart(blocks: list[Any]) -> tuple[list[Any], list[Any]]:
    """What was said, and calls of one kind that come after all of it.

    Other calls stay among the blocks, for else their order would be lost.
    """
    head = [*takewhile(lambda block: block["type"] not in _CALLS, blocks)]
    calls = blocks[len(head) :]
    alike = len({block["type"] for block in calls}) == 1
    if alike and calls[0]["type"] in _CALLS:
        return head, calls
    return blocks, []


def metadata_of(response: ModelResponse) -> dict[str, Any]:
    """What the provider said about *response*."""
    details = dict(response.provider_details or {})
    refused = details.pop("refusal", None) if "blocks" in details else None
    said = {key: value for key, value in details.items() if key not in _KEPT}
    if response.finish_reason and "finish_reason" not in said and not refused:
        said["finish_reason"] = _REASONS[response.finish_reason]
    if response.model_name:
        said["model_name"] = response.model_name
    if response.provider_name not in (None, PROVIDER):
        said["model_provider"] = response.provider_name
    return said


def usage_to(usage: Mapping[str, Any] | None) -> RequestUsage:
    """Our *usage* as pydantic-ai counts it.

    >>> usage_to({"input_tokens": 3, "output_tokens": 5}).total_tokens
    8
    """
    counts: dict[str, Any] = {}
    for name, path in _COUNTS.items():
        value: Any = usage
        for key in path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value:
            counts[name] = value
    return RequestUsage(**counts)


def usage_from(usage: RequestUsage) -> dict[str, Any] | None:
    """Their *usage* as we count it; None where nothing was said."""
    if not usage.has_values():
        return None
    counts: dict[str, Any] = {}
    for name, path in _COUNTS.items():
        if value := getattr(usage, name):
            level = counts
            for key in path[:-1]:
                level = level.setdefault(key, {})
            level[path[-1]] = value
    return counts
