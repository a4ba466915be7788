"""Which provider's parameter a word is, where a request goes to another provider.

In: the params of a request, from wherever it was read. Out: those that a dialect may
send. What no dialect here is known to own is anybody's, and sent as it is: providers
have more words than any table.
"""

from collections.abc import Mapping
from typing import Any

from harness.errors import InputError, shown

__all__ = ["asked"]

_CHAT, _RESPONSES = "openai-chat", "openai-responses"
_ANTHROPIC, _BEDROCK = "anthropic-messages", "bedrock-converse"
_GEMINI, _OLLAMA = "gemini", "ollama-chat"
#: Words, and the dialects that know them. Chat Completions is spoken by so many
#: services that it is denied only what none of them can know.
_KNOWN_TO: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("audio logit_bias max_completion_tokens modalities prediction", (_CHAT,)),
    ("reasoning_effort web_search_options", (_CHAT,)),
    ("previous_response_id background conversation include", (_RESPONSES,)),
    ("max_tool_calls prompt truncation", (_RESPONSES, _CHAT)),
    ("prompt_cache_key prompt_cache_options", (_RESPONSES, _CHAT)),
    ("reasoning store stream_options user", (_RESPONSES, _CHAT)),
    ("cache_control thinking", (_ANTHROPIC, _CHAT)),
    ("mcp_servers", (_ANTHROPIC,)),
    ("context_management", (_ANTHROPIC, _RESPONSES)),
    ("anthropic_beta anthropic_version", (_ANTHROPIC,)),
    ("cachedContent generationConfig safetySettings", (_GEMINI,)),
    ("toolConfig", (_GEMINI, _BEDROCK)),
    ("additionalModelRequestFields guardrailConfig", (_BEDROCK,)),
    ("additionalModelResponseFieldPaths inferenceConfig outputConfig", (_BEDROCK,)),
    ("performanceConfig promptVariables requestMetadata", (_BEDROCK,)),
    ("keep_alive options think", (_OLLAMA, _CHAT)),
    ("system", (_ANTHROPIC, _BEDROCK)),
    ("tools", (_ANTHROPIC, _OLLAMA)),
    ("stream", (_ANTHROPIC, _CHAT, _RESPONSES, _OLLAMA)),
    # What a dialect has to remember of its own spelling is under its name.
    *((name, (name,)) for name in (_CHAT, _RESPONSES, _ANTHROPIC)),
    *((name, (name,)) for name in (_BEDROCK, _GEMINI, _OLLAMA)),
)
_KNOWN = {word: names for words, names in _KNOWN_TO for word in words.split()}
#: These say how an answer is delivered, cached or versioned, not what is asked.
_BESIDE = frozenset(
    "anthropic_beta anthropic_version cache_control include prompt_cache_key "
    "prompt_cache_options stream stream_options".split()
)


def asked(params: Mapping[str, Any], dialect: str) -> dict[str, Any]:
    """What of *params* is sent in *dialect*. Raises InputError for another's word.

    >>> asked({"stream_options": {}, "max_completion_tokens": 9, "new": 1}, "gemini")
    {'max_tokens': 9, 'new': 1}
    """
    said: dict[str, Any] = {}
    for key, value in params.items():
        if not isinstance(key, str):
            raise InputError(f"a parameter has a str for a name, not {shown(key)}.")
        known = _KNOWN.get(key, (dialect,))
        if dialect in known:
            said[key] = value
        elif key == "max_completion_tokens":
            said.setdefault("max_tokens", value)
        elif value and not (key in known or key in _BESIDE):
            raise InputError(
                f"{dialect} has no parameter {key!r}, which is {shown(value)}. It is a "
                f"word of {' and '.join(known)}: leave it out, or say the same in a "
                f"word of {dialect}."
            )
    return said
