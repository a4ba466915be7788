"""Whole answers of OpenAI Responses, and what they say beside their items.

In: a message, or what is known of one that is being streamed. Out: the object that is
the body of a reply, and that the first and the last event of a stream have in them.
"""

from typing import Any

from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.wire.json_values import write_json
from harness.wire.openai_responses.item_writing import grouped
from harness.wire.openai_responses.items import derived_id, digest
from harness.wire.openai_responses.usage import write_usage

__all__ = ["about", "answer_id", "answer_of", "spread_logprobs", "write_reply"]

Said = dict[str, Any]

#: What every answer says, in this order; the keys that a message may know of.
_USUAL: Said = {
    "created_at": 0,
    "status": "completed",
    "background": None,
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "max_output_tokens": None,
    "model": "",
    "output": [],
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": None,
    "service_tier": None,
    "store": None,
    "temperature": None,
    "text": None,
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": None,
    "usage": None,
    "metadata": {},
}
_OURS = frozenset(
    "conflicts finish_reason logprobs model_name model_provider token_usage".split()
)
_UNFINISHED: dict[str, str] = {
    "content_filter": "content_filter",
    "length": "max_output_tokens",
    "max_tokens": "max_output_tokens",
}
_STATUSES = frozenset(
    "cancelled completed failed in_progress incomplete queued".split()
)
_MODEL = "harness"


def write_reply(message: AIMessage, request: ChatRequest | None = None) -> bytes:
    """The whole reply that says *message*."""
    given = answer_id(message.id, [message.text, message.tool_calls])
    groups = grouped(message.content_blocks, message.additional_kwargs)
    items = [group.item(given, place) for place, group in enumerate(groups)]
    metadata = message.response_metadata
    spread_logprobs(items, metadata.get("logprobs"))
    model = metadata.get("model_name") or (request.model if request else None)
    usage = write_usage(message.usage_metadata, metadata.get("token_usage"))
    said = about(metadata, str(model or _MODEL))
    return write_json(answer_of(given, said, items, usage))


def answer_id(given: str | None, said: object) -> str:
    """The id of an answer: the one that was *given*, or one made of what was *said*."""
    return given or derived_id("response", digest(said), 0)


def about(metadata: Said, model: str) -> Said:
    """What an answer says of itself, out of the *metadata* of a message."""
    status = metadata.get("status")
    told = isinstance(status, str) and status in _STATUSES
    # Keys that this format does not have are those of the provider that gave them.
    said = {
        k: v for k, v in metadata.items() if k not in _OURS and (told or k in _USUAL)
    }
    reason = metadata.get("finish_reason")
    if not told:
        said |= _ended(reason)
    if "created_at" not in said and type(metadata.get("created")) is int:
        said["created_at"] = metadata["created"]
    return {**said, "model": model}


def _ended(reason: Any) -> Said:
    if reason in (None, "stop", "tool_calls"):
        return {"status": "completed"}
    word = _UNFINISHED.get(reason, reason)
    return {"status": "incomplete", "incomplete_details": {"reason": word}}


def answer_of(given: str, said: Said, items: list[Said], usage: Said | None) -> Said:
    """The object that is an answer."""
    head = {"id": given, "object": "response"}
    return {**head, **_USUAL, **said, "output": items, "usage": usage}


def spread_logprobs(items: list[Said], logprobs: Any) -> None:
    """Give each text of *items* the logprobs of its tokens."""
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else logprobs
    rest = list(tokens) if isinstance(tokens, list) else []
    texts = [
        part
        for item in items
        if item.get("type") == "message"
        for part in item["content"]
        if part.get("type") == "output_text" and isinstance(part.get("text"), str)
    ]
    for part in texts:
        length, taken = len(part["text"]), 0
        while rest and taken < length:
            token = rest.pop(0)
            word = token.get("token") if isinstance(token, dict) else None
            taken += max(len(word), 1) if isinstance(word, str) else 1
            part.setdefault("logprobs", []).append(token)
    if rest and texts:
        texts[-1].setdefault("logprobs", []).extend(rest)
