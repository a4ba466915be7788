"""Whole replies of Anthropic Messages, and what they share with streamed ones.

In: a message, whoever it is from. Out: the reply. Refusals are said as text, for the
format has no block for them; so images and audio, which no answer has here, raise
InputError. A call whose arguments are no JSON object has their text as its ``input``.
"""

from collections.abc import Mapping
from typing import Any

from harness.blocks import ContentBlock
from harness.errors import InputError, shown
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.wire.anthropic_messages.block_writing import made_id, write_block
from harness.wire.anthropic_messages.blocks import NAME
from harness.wire.anthropic_messages.endings import write_stop_reason
from harness.wire.anthropic_messages.usage import write_usage
from harness.wire.json_values import write_json

__all__ = ["answer_block", "head", "metadata_beside", "usage_of", "write_reply"]

_ANSWERED = frozenset(
    "invalid_tool_call non_standard reasoning refusal server_tool_call "
    "server_tool_call_chunk server_tool_result text tool_call".split()
)
_CALLS = frozenset({"invalid_tool_call", "tool_call"})
#: Metadata that has a place of its own, or none.
_PLACED = frozenset(
    "conflicts content finish_reason id model model_name model_provider other_events "
    "stop_reason stop_sequence token_usage type usage".split()
)


def write_reply(message: AIMessage, request: ChatRequest | None = None) -> bytes:
    """The whole reply that says *message*, to *request* if that is known.

    >>> write_reply(AIMessage("Hi", id="msg_1"))[:50]
    b'{"id":"msg_1","type":"message","role":"assistant",'
    """
    metadata = message.response_metadata
    blocks = message.content_blocks
    said = head(message, request)
    said["content"] = [answer_block(block) for block in blocks]
    calls = any(block["type"] in _CALLS for block in blocks)
    said["stop_reason"] = write_stop_reason(metadata, calls=calls)
    said["stop_sequence"] = metadata.get("stop_sequence")
    said["usage"] = usage_of(message)
    return write_json(said | metadata_beside(metadata))


def head(message: AIMessage, request: ChatRequest | None) -> dict[str, Any]:
    """What the provider says of an answer before its content."""
    asked = request.model if request else None
    model = message.response_metadata.get("model_name") or asked or "harness"
    made = made_id("msg", [model, message.content, message.tool_calls])
    return {
        "id": message.id or made,
        "type": "message",
        "role": "assistant",
        "model": model,
    }


def answer_block(block: ContentBlock) -> dict[str, Any]:
    """*block* as it stands in an answer. Raises InputError for what has no form."""
    extras = block.get("extras")
    told = extras.get("block_type") if isinstance(extras, Mapping) else None
    if block["type"] not in _ANSWERED and told != "container_upload":
        raise InputError(
            f"an answer of {NAME} has no {block['type']} block: {shown(block)}. It has "
            "text, reasoning and calls: answer with these, or in another format."
        )
    said = write_block(block)
    if said["type"] == "thinking":
        return {"signature": "", **said}
    args = block.get("args")
    if isinstance(args, str):
        said["input"] = args
    return said


def usage_of(message: AIMessage) -> dict[str, Any]:
    """The token counts of *message*, as the provider said them if it did."""
    said = message.response_metadata.get("token_usage")
    if _is_ours(message.response_metadata) and isinstance(said, dict):
        return said
    return write_usage(message.usage_metadata)


def metadata_beside(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What else the provider said of an answer; nothing of another provider's."""
    if not _is_ours(metadata):
        return {}
    return {key: value for key, value in metadata.items() if key not in _PLACED}


def _is_ours(metadata: Mapping[str, Any]) -> bool:
    return metadata.get("model_provider") == "anthropic"
