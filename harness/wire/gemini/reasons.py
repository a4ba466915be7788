"""Why an answer ended: Gemini's words, and the numbers that stand for them.

Replies to ``enum-encoding=int`` have numbers, which the two services count apart.
"""

from typing import Any

__all__ = ["read_reason", "write_reason"]

_GOOGLE_AI = (
    "FINISH_REASON_UNSPECIFIED STOP MAX_TOKENS SAFETY RECITATION OTHER LANGUAGE "
    "BLOCKLIST PROHIBITED_CONTENT SPII MALFORMED_FUNCTION_CALL IMAGE_SAFETY "
    "UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS IMAGE_PROHIBITED_CONTENT IMAGE_OTHER "
    "NO_IMAGE IMAGE_RECITATION MISSING_THOUGHT_SIGNATURE MALFORMED_RESPONSE"
).split()
_VERTEX = (
    "FINISH_REASON_UNSPECIFIED STOP MAX_TOKENS SAFETY RECITATION OTHER BLOCKLIST "
    "PROHIBITED_CONTENT SPII MALFORMED_FUNCTION_CALL MODEL_ARMOR IMAGE_SAFETY "
    "IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION IMAGE_OTHER UNEXPECTED_TOOL_CALL "
    "NO_IMAGE"
).split()
_FILTERED = (
    "SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII MODEL_ARMOR IMAGE_SAFETY "
    "IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION IMAGE_OTHER"
).split()
_COMMON = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    **dict.fromkeys(_FILTERED, "content_filter"),
}
_OURS = {
    "stop": "STOP",
    "tool_calls": "STOP",
    "length": "MAX_TOKENS",
    "content_filter": "SAFETY",
}
_KNOWN = frozenset(_GOOGLE_AI) | frozenset(_VERTEX)


def read_reason(said: Any, *, called: bool = False, vertex: bool = False) -> str | None:
    """The reason that *said* is, in common words where there is one; None for none.

    >>> read_reason("MAX_TOKENS"), read_reason(1, called=True), read_reason("OTHER")
    ('length', 'tool_calls', 'OTHER')
    """
    names = _VERTEX if vertex else _GOOGLE_AI
    if type(said) is int:
        said = names[said] if 0 <= said < len(names) else str(said)
    if not isinstance(said, str) or said in ("", "FINISH_REASON_UNSPECIFIED"):
        return None
    return "tool_calls" if called and said == "STOP" else _COMMON.get(said, said)


def write_reason(reason: str | None) -> str:
    """Gemini's word for *reason*; an answer that says none has simply stopped.

    >>> write_reason("length"), write_reason("pause_turn")
    ('MAX_TOKENS', 'OTHER')
    """
    if not reason:
        return "STOP"
    return _OURS.get(reason, reason if reason in _KNOWN else "OTHER")
