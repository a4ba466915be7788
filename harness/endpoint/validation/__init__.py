"""What providers refuse, before any model is asked, and in which words.

In: a request over HTTP. Out: the answer with which its provider turns it down, or
nothing. What a provider is not known to refuse passes.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from harness.endpoint.answers import Answer
from harness.endpoint.calls import HttpCall
from harness.endpoint.validation import (
    anthropic_messages,
    bedrock_converse,
    gemini,
    ollama_chat,
    openai_chat,
    openai_responses,
    openai_words,
)
from harness.http_messages import HttpRequest
from harness.wire.json_values import read_json

__all__ = ["refusal", "unreadable", "validate"]

#: The longest body, in bytes, that is worth to be remembered.
_SHORT = 1 << 14


class _Rules(NamedTuple):
    """What a provider refuses: bodies that are no JSON, no object, and the rest.

    Each of *refusals* holds only if there was none before it: later rules may take for
    granted what earlier ones ask.
    """

    unreadable: Answer
    no_object: Callable[[Any], Answer]
    refusals: Callable[[dict[str, Any], HttpRequest], Iterator[Answer]]


def _openai(
    refusals: Callable[[dict[str, Any], HttpRequest], Iterator[Answer]],
) -> _Rules:
    return _Rules(openai_words.UNREADABLE, openai_words.no_object, refusals)


_RULES: dict[str, _Rules] = {
    "openai-chat": _openai(openai_chat.refusals),
    "openai-responses": _openai(openai_responses.refusals),
    **{
        name: _Rules(module.UNREADABLE, module.no_object, module.refusals)
        for name, module in (
            ("anthropic-messages", anthropic_messages),
            ("bedrock-converse", bedrock_converse),
            ("gemini", gemini),
            ("ollama-chat", ollama_chat),
        )
    },
}


def refusal(request: HttpRequest, dialect: str) -> Answer | None:
    """Why the provider of *dialect* refuses *request*, as its answer; else None.

    >>> said = HttpRequest("POST", "/v1/messages", body=b'{"model": "m"}')
    >>> refusal(said, "anthropic-messages").refused
    'max_tokens: Field required'
    """
    rules = _RULES[dialect]
    try:
        said = read_json(request.body)
    except ValueError:
        return rules.unreadable
    if not isinstance(said, dict):
        return rules.no_object(said)
    return next(rules.refusals(said, request), None)


def unreadable(dialect: str) -> Answer:
    """How the provider of *dialect* says that a body is no JSON object.

    >>> unreadable("ollama-chat").status
    400
    """
    return _RULES[dialect].unreadable


def validate(call: HttpCall) -> Answer | None:
    """The same of a call of a chat; others are none of its business."""
    if not call.dialect:
        return None
    short = len(call.request.body) <= _SHORT
    return (_remembered if short else refusal)(call.request, call.dialect)


@lru_cache(maxsize=64)
def _remembered(request: HttpRequest, dialect: str) -> Answer | None:
    """`refusal`: who tries again asks the same, which need not be looked at anew."""
    return refusal(request, dialect)
