"""Why an answer of the Converse API ended, and all else that is said of it."""

from collections.abc import Mapping
from typing import Any

from harness.messages import AIMessage

__all__ = ["FINISHES", "NO_METRICS", "about", "finish", "stop_reason"]

#: Their words, and ours.
FINISHES = {
    "end_turn": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "content_filtered": "content_filter",
    "stop_sequence": "stop",
    "guardrail_intervened": "content_filter",
    "model_context_window_exceeded": "length",
    "malformed_model_output": "malformed_model_output",
    "malformed_tool_use": "malformed_tool_use",
}
#: What a server says that has measured nothing.
NO_METRICS = {"latencyMs": 0}

_PROVIDER = "bedrock_converse"
_OURS = frozenset(
    "conflicts finish_reason logprobs model_name model_provider stopReason "
    "token_usage".split()
)
_THEIRS = frozenset(
    "additionalModelResponseFields metrics performanceConfig serviceTier trace".split()
)


def finish(reason: str, *, calls: bool) -> dict[str, str]:
    """The metadata that says why the answer ended.

    >>> finish("end_turn", calls=True)
    {'finish_reason': 'tool_calls', 'stopReason': 'end_turn'}
    """
    ours = FINISHES.get(reason, reason)
    ours = "tool_calls" if calls and ours == "stop" else ours
    return {"finish_reason": ours, **({"stopReason": reason} if reason != ours else {})}


def stop_reason(metadata: Mapping[str, Any], *, calls: bool) -> str:
    """Their word: the one they gave, else the one for ours."""
    said = metadata.get("stopReason")
    if isinstance(said, str):
        return said
    ours = metadata.get("finish_reason")
    if not isinstance(ours, str):
        return "tool_use" if calls else "end_turn"
    return next((k for k, v in FINISHES.items() if v == ours), ours)


def about(message: AIMessage) -> dict[str, Any]:
    """What the API itself says of an answer, beside its usage and its end."""
    metadata = message.response_metadata
    if metadata.get("model_provider") == _PROVIDER:
        return {k: v for k, v in metadata.items() if k not in _OURS}
    return {k: v for k, v in metadata.items() if k in _THEIRS}
