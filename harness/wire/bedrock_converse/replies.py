"""Whole replies of the Converse API."""

from harness.messages import AIMessage
from harness.wire.bedrock_converse.blocks import write_block
from harness.wire.bedrock_converse.finishing import NO_METRICS, about, stop_reason
from harness.wire.bedrock_converse.usage import write_usage
from harness.wire.json_values import write_json
from harness.wire.ownership import beside

__all__ = ["write_reply"]


def write_reply(message: AIMessage) -> bytes:
    """The reply that says *message*.

    The API has no room for an id, the model's name, or usage that is not known: it
    then says that nothing was counted.
    """
    metadata = message.response_metadata
    calls = bool(message.tool_calls or message.invalid_tool_calls)
    answer = {
        "role": "assistant",
        "content": [write_block(block) for block in message.content_blocks],
    }
    said = {
        "output": {"message": beside(answer, _kwargs(message))},
        "stopReason": stop_reason(metadata, calls=calls),
        "usage": write_usage(message),
    }
    return write_json(beside(said, {"metrics": NO_METRICS, **about(message)}))


def _kwargs(message: AIMessage) -> dict[str, object]:
    ours = message.response_metadata.get("model_provider") == "bedrock_converse"
    return message.additional_kwargs if ours else {}
