"""Why an answer ended: the provider's word and the common one."""

from collections.abc import Mapping
from typing import Any

__all__ = ["STOP_REASONS", "read_finish", "write_stop_reason"]

_FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "content_filter",
    "pause_turn": "pause_turn",
    "compaction": "compaction",
}
#: Every word that the provider has.
STOP_REASONS = frozenset(_FINISHES)
_REASONS = {
    "stop": "end_turn",
    "tool_calls": "tool_use",
    "length": "max_tokens",
    "content_filter": "refusal",
}


def read_finish(reason: str, *, calls: bool) -> str:
    """The common word for *reason*; *calls*: whether the answer asks to run tools.

    >>> read_finish("max_tokens", calls=True), read_finish("end_turn", calls=True)
    ('length', 'tool_calls')
    """
    finish = _FINISHES.get(reason, reason)
    return "tool_calls" if calls and finish == "stop" else finish


def write_stop_reason(metadata: Mapping[str, Any], *, calls: bool) -> str:
    """The provider's word for how an answer of this *metadata* ended.

    A word that the provider does not have becomes the one that the content calls for.

    >>> write_stop_reason({"finish_reason": "length"}, calls=False)
    'max_tokens'
    """
    finish, said = metadata.get("finish_reason"), str(metadata.get("stop_reason"))
    if said in STOP_REASONS and (calls or said != "tool_use"):
        unsaid_calls = calls and _FINISHES[said] == "stop"
        if not unsaid_calls and finish in (None, _FINISHES[said]):
            return said
    if finish == "stop" and metadata.get("stop_sequence") and not calls:
        return "stop_sequence"
    finish = str(finish)
    reason = finish if finish in STOP_REASONS else _REASONS.get(finish)
    if reason in (None, "end_turn", "stop_sequence", "tool_use"):
        return "tool_use" if calls else "end_turn"
    return reason
