"""Who may ask: the key of a request, and how a provider turns down a wrong one."""

import re
from collections.abc import Callable, Collection
from urllib.parse import parse_qs, urlsplit

from harness.endpoint.answers import Answer, Desk
from harness.endpoint.calls import HttpCall
from harness.endpoint.providers import provider_of
from harness.endpoint.validation import (
    anthropic_messages,
    bedrock_converse,
    gemini,
    ollama_chat,
    openai_words,
)
from harness.errors import InputError
from harness.http_messages import HttpRequest

__all__ = ["key_check"]

_HEADERS = ("x-api-key", "x-goog-api-key", "api-key")
_BEARER = re.compile(r"Bearer\s+(.+)", re.IGNORECASE)
_AWS = re.compile(r"AWS4-HMAC-SHA256 .*?Credential=([^/,\s]+)")  # the key's id
_SHOWN = 3  # characters of a long key that an answer repeats
_LONG = 12


def key_check(keys: Collection[str]) -> Desk:
    """Answers requests that have none of *keys*, in the words of their provider.

    Raises InputError for a text where a set belongs, and for what is no key.
    """
    if isinstance(keys, str):
        raise InputError("keys= is one text. Give a set of keys: {'sk-test'}.")
    allowed = frozenset(keys)
    if not allowed or not all(isinstance(key, str) and key for key in allowed):
        raise InputError(
            "keys= has no key, or one that is no text. Give a set of them: "
            "{'sk-test'}; without keys= every request is answered."
        )

    def answer(call: HttpCall) -> Answer | None:
        key = _key_of(call.request)
        if key in allowed:
            return None
        return _REFUSALS[provider_of(call.request)](key)

    return answer


def _key_of(request: HttpRequest) -> str | None:
    """The key of *request*, wherever providers look for one."""
    said = request.header("authorization") or ""
    for form in (_BEARER, _AWS):
        if found := form.match(said):
            return found[1].strip()
    for name in _HEADERS:
        if key := request.header(name):
            return key
    return next(iter(parse_qs(urlsplit(request.url).query).get("key", ())), None)


def _hidden(key: str) -> str:
    """*key* as an answer may repeat it."""
    start = key[:_SHOWN] if len(key) >= _LONG else ""
    return start + "*" * 8


def _openai(key: str | None) -> Answer:
    if key is None:
        return openai_words.refused(
            "You didn't provide an API key. You need to provide your API key in an "
            "Authorization header using Bearer auth (i.e. Authorization: Bearer "
            "YOUR_KEY).",
            status=401,
        )
    return openai_words.refused(
        f"Incorrect API key provided: {_hidden(key)}. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        code="invalid_api_key",
        status=401,
    )


def _anthropic(key: str | None) -> Answer:
    words = "x-api-key header is required" if key is None else "invalid x-api-key"
    return anthropic_messages.refused(words, 401, "authentication_error")


def _gemini(key: str | None) -> Answer:
    if key is None:
        return gemini.refused(
            "Method doesn't allow unregistered callers (callers without established "
            "identity). Please use API Key or other form of API consumer identity to "
            "call this API.",
            403,
            "PERMISSION_DENIED",
        )
    words = "API key not valid. Please pass a valid API key."
    google = "type.googleapis.com/google.rpc"
    details = [
        {
            "@type": f"{google}.ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": "generativelanguage.googleapis.com"},
        },
        {"@type": f"{google}.LocalizedMessage", "locale": "en-US", "message": words},
    ]
    error = {"code": 400, "message": words, "status": "INVALID_ARGUMENT"}
    return Answer({"error": {**error, "details": details}}, 400, words)


def _bedrock(key: str | None) -> Answer:
    if key is None:
        return bedrock_converse.refused(
            "Missing Authentication Token", 403, "MissingAuthenticationTokenException"
        )
    return bedrock_converse.refused(
        "The security token included in the request is invalid.",
        403,
        "UnrecognizedClientException",
    )


def _ollama(key: str | None) -> Answer:
    del key
    return ollama_chat.refused("unauthorized", 401)


_REFUSALS: dict[str, Callable[[str | None], Answer]] = {
    "anthropic-messages": _anthropic,
    "bedrock-converse": _bedrock,
    "gemini": _gemini,
    "ollama-chat": _ollama,
    "openai-chat": _openai,
    "openai-responses": _openai,
}
