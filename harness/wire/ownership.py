"""Which provider's word a key is, so that no provider is sent another's.

What a dialect has no field for stays where it was said, in the ``extras`` of a block or
tool or the ``additional_kwargs`` of a message, and is sent back with it. Some of these
keys, such as signatures, mean something to the provider alone that gave them, and most
providers refuse a request with a key that they do not know.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["beside", "marks", "own"]

_OWNERS: dict[str, frozenset[str]] = {
    "anthropic-messages": frozenset(
        "allowed_callers block_type cache_control caller citation_type citations "
        "context defer_loading eager_input_streaming filename input_examples is_error "
        "redacted_thinking signature title".split()
    ),
    "bedrock-converse": frozenset(
        "citations context filename name reasoningSignature redactedContent "
        "status".split()
    ),
    "gemini": frozenset(
        "behavior fileData functionCall functionResponse inlineData mediaResolution "
        "outcome response responseJsonSchema thoughtSignature toolType "
        "videoMetadata".split()
    ),
    "ollama-chat": frozenset({"tool", "tool_calls"}),
    "openai-responses": frozenset(
        "content_index defer_loading detail encrypted_content filename item item_id "
        "namespace part phase prompt_cache_breakpoint status summary_index".split()
    ),
    "openai-chat": frozenset(
        "cache_control detail filename function_call index prefix "
        "prompt_cache_breakpoint reasoning_details tool_calls".split()
    ),
}
_KEYS = frozenset().union(*_OWNERS.values())
# What a dialect has to remember of its own spelling is under its name.
_OTHERS = {
    name: frozenset(_OWNERS.keys() - {name}) | _KEYS - keys
    for name, keys in _OWNERS.items()
}


def own(extras: object, dialect: str) -> dict[str, Any]:
    """What of *extras* may be sent in *dialect*: all but what is another's.

    >>> own({"signature": "Ev4C", "new": 1}, "gemini")
    {'new': 1}
    >>> own({"cache_control": {"type": "ephemeral"}}, "anthropic-messages")
    {'cache_control': {'type': 'ephemeral'}}
    """
    if not isinstance(extras, Mapping):
        return {}
    others = _OTHERS[dialect]
    return {key: value for key, value in extras.items() if key not in others}


def marks(extras: object, name: str) -> dict[str, Any]:
    """What a dialect remembers under *name*, such as its own: nothing, if no object.

    >>> marks({"gemini": {"types": "capitals"}}, "gemini")
    {'types': 'capitals'}
    >>> marks({"gemini": 7}, "gemini")
    {}
    """
    found = extras.get(name) if isinstance(extras, Mapping) else None
    return {**found} if isinstance(found, Mapping) else {}


def beside(said: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """What is *said*, and *more* that says nothing else of the same.

    >>> beside({"role": "assistant", "content": "Yes"}, {"content": "No", "new": 1})
    {'role': 'assistant', 'content': 'Yes', 'new': 1}
    """
    return {**said, **{key: value for key, value in more.items() if key not in said}}
