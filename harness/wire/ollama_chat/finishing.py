"""What the last line of an answer says: why it ended, and what it took."""

from collections.abc import Mapping
from typing import Any

from harness.messages import AIMessage
from harness.wire.counts import Places, read_counts, write_counts

__all__ = ["NO_DATE", "about", "finish", "last_line", "read_usage"]

#: The date of an answer that has none.
NO_DATE = "1970-01-01T00:00:00Z"

_PROVIDER = "ollama"
_PLACES: Places = {
    ("input_tokens",): (("prompt_eval_count",),),
    ("output_tokens",): (("eval_count",),),
}
_OURS = frozenset(
    "conflicts created_at finish_reason done_reason model_name model_provider".split()
)
#: Our words that are not theirs.
_REASONS = {"tool_calls": "stop"}


def finish(reason: str, *, calls: bool) -> dict[str, str]:
    """The metadata that says why the answer ended.

    >>> finish("stop", calls=True)
    {'finish_reason': 'tool_calls', 'done_reason': 'stop'}
    """
    if reason == "stop" and calls:
        return {"finish_reason": "tool_calls", "done_reason": reason}
    return {"finish_reason": reason}


def read_usage(line: Mapping[str, Any]) -> dict[str, Any] | None:
    """The usage that a last line counts; a prompt that was cached is not counted."""
    return read_counts(line, _PLACES)


def about(message: AIMessage, model: str | None = None) -> dict[str, str]:
    """The model and the date, which each line has."""
    metadata = message.response_metadata
    said = metadata.get("model_name") or model or "harness"
    return {"model": said, "created_at": metadata.get("created_at") or NO_DATE}


def last_line(message: AIMessage) -> dict[str, Any]:
    """What the last line says of *message*, beside what all lines say."""
    metadata = message.response_metadata
    reason = metadata.get("finish_reason") or "stop"
    reason = metadata.get("done_reason") or _REASONS.get(reason, reason)
    said = {"done": True, "done_reason": reason}
    if metadata.get("model_provider") == _PROVIDER:
        said |= {key: value for key, value in metadata.items() if key not in _OURS}
    usage: Any = message.usage_metadata
    if usage is not None:
        counted = read_usage(said)
        if not counted or AIMessage(usage_metadata=counted).usage_metadata != usage:
            said |= write_counts(usage, _PLACES)
    return said
