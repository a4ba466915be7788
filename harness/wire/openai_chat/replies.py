"""Whole replies of OpenAI Chat Completions. In: a message. Out: the reply that says it.

What was read from a reply is written as it was read. A message that no provider of
this format said gets what a reply must have: an id, a model, a reason why it ended.
"""

import hashlib
from typing import Any

from harness.errors import InputError
from harness.messages import AIMessage
from harness.requests import ChatRequest
from harness.values import canonical
from harness.wire.json_values import says, write_json
from harness.wire.openai_chat.assistant import write_assistant
from harness.wire.openai_chat.usage import write_usage
from harness.wire.text_frames import TextFrame

__all__ = [
    "OF_CHOICE",
    "OF_EITHER",
    "OF_FRAME",
    "choices_of",
    "ending",
    "made_id",
    "usual_end",
    "write_reply",
]

#: Metadata that stands in a choice; other metadata stands beside the choices.
OF_CHOICE = frozenset(
    "content_filter_results finish_reason logprobs matched_stop native_finish_reason "
    "stop_reason token_ids".split()
)
#: Metadata that has a form of its own.
OF_FRAME = frozenset(
    "choices content_as created error id model model_name model_provider object "
    "other_choices reasoning_field stop_sequence token_usage usage".split()
)
OF_EITHER = OF_FRAME | OF_CHOICE
_INT = frozenset({int})
_COUNTS = {"input_tokens", "output_tokens", "total_tokens"}
#: The replies that were written last, but for their ids.
_FRAMES: dict[tuple[Any, ...], TextFrame] = {}
_REMEMBERED = 64
_ENDS = frozenset({"content_filter", "function_call", "length", "stop", "tool_calls"})


def write_reply(message: AIMessage, request: ChatRequest | None = None) -> bytes:
    """The whole reply that says *message*, to *request* if that is known."""
    message = message.to_message()
    metadata = message.response_metadata
    key = _key(message, metadata)
    if key is None:
        return write_json(_reply(message, metadata, request))
    frame = _FRAMES.get(key)
    if frame is None:
        said = _reply(message, metadata, request)
        frame = TextFrame(lambda text: write_json({**said, "id": text}))
        if len(_FRAMES) >= _REMEMBERED:
            _FRAMES.clear()
        _FRAMES[key] = frame
    return frame.saying(str(message.id))


def _key(message: AIMessage, metadata: dict[str, Any]) -> tuple[Any, ...] | None:
    """What the reply hangs on beside the id, where that is little: plain text.

    An answer that is given again is not written again.
    """
    text, usage = message.content, message.usage_metadata
    model, reason = metadata.get("model_name"), metadata.get("finish_reason")
    plain = (
        isinstance(text, str)
        and len(metadata) == 2
        and isinstance(model, str)
        and isinstance(reason, str)
        and message.id
        and message.id.isascii()
        and (usage is None or usage.keys() == _COUNTS)
        and (usage is None or _INT.issuperset(map(type, usage.values())))
        and not message.additional_kwargs
        and not message.tool_calls
        and not message.invalid_tool_calls
    )
    counts = tuple(usage.items()) if usage else ()
    return (text, model, reason, counts) if plain else None


def _reply(
    message: AIMessage, metadata: dict[str, Any], request: ChatRequest | None
) -> dict[str, Any]:
    read = metadata.get("model_provider") == "openai"
    model = metadata.get("model_name")
    if model is None and not read:
        model = (request.model if request else None) or "harness"
    reply: dict[str, Any] = {
        "id": message.id or ("" if read else made_id(message)),
        "object": "chat.completion",
        "created": metadata.get("created") or 0,
        "model": model or "",
        "choices": choices_of(message),
    }
    usage = write_usage(message.usage_metadata, metadata.get("token_usage"))
    if usage is not None:
        reply["usage"] = usage
    reply |= {k: v for k, v in metadata.items() if k not in OF_EITHER}
    return reply


def made_id(said: object) -> str:
    """An id for an answer that has none: the same for the same answer."""
    text = canonical(said.model_dump() if isinstance(said, AIMessage) else said)
    return f"chatcmpl-{hashlib.sha256(text.encode()).hexdigest()[:29]}"


def choices_of(message: AIMessage) -> list[dict[str, Any]]:
    """The choice that *message* is, and the others that it tells of."""
    metadata = message.response_metadata
    found = [_choice(message, metadata, 0)]
    others = metadata.get("other_choices")
    for other in others if isinstance(others, list) else ():
        try:
            fields = {k: v for k, v in other.items() if k != "index"}
            one = AIMessage.model_validate(fields)
            found.append(_choice(one, one.response_metadata, other["index"]))
        except (AttributeError, InputError, KeyError):
            continue  # no message of ours
    return found


def _choice(message: AIMessage, metadata: dict[str, Any], index: int) -> dict[str, Any]:
    said = write_assistant(message, answer=True)
    said.setdefault("refusal", None)
    beside = {k: v for k, v in metadata.items() if k in OF_CHOICE}
    reason = beside.get("finish_reason")
    read = metadata.get("model_provider") == "openai"
    if says(reason) or not read:
        beside |= ending(reason, usual_end(said), read=read)
    return {
        "index": index,
        "message": said,
        "logprobs": None,
        "finish_reason": None,
        **beside,
    }


def usual_end(said: dict[str, Any]) -> str:
    """Why an answer that has said this ends, where nothing else is known."""
    if "function_call" in said:
        return "function_call"
    return "tool_calls" if said.get("tool_calls") else "stop"


def ending(reason: Any, usual: str, *, read: bool) -> dict[str, Any]:
    """Why an answer ended, in words that OpenAI has.

    What was *read* in this format is taken at its word. Another's word for what
    OpenAI does not know goes under the name that gateways have for it.

    >>> ending("pause_turn", "stop", read=False)
    {'finish_reason': 'stop', 'native_finish_reason': 'pause_turn'}
    """
    known = isinstance(reason, str) and reason in _ENDS
    if known or (read and says(reason)):
        return {"finish_reason": reason}
    native = {"native_finish_reason": reason} if says(reason) else {}
    return {"finish_reason": usual, **native}
