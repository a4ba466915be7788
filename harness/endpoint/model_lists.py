"""Which models there are, as each provider lists them, and which there are not."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote, urlsplit

from harness.endpoint.answers import Answer
from harness.endpoint.validation import (
    anthropic_messages,
    bedrock_converse,
    gemini,
    ollama_chat,
    openai_words,
)
from harness.errors import InputError
from harness.http_messages import HttpRequest
from harness.wire.json_values import read_json

__all__ = ["Models", "no_model"]

Said = dict[str, Any]

_DEFAULTS = {
    "anthropic-messages": ("claude-sonnet-4-5", "claude-haiku-4-5"),
    "gemini": ("gemini-2.5-flash", "gemini-embedding-001"),
    "ollama-chat": ("qwen3",),
    "openai-chat": ("gpt-5-mini", "text-embedding-3-small"),
}
#: When all of them came out: a time that never changes.
_BORN, _BIRTHDAY = 1735689600, "2025-01-01T00:00:00Z"
_IN_PATH = re.compile(r"/(?:models?|deployments)/([^/:]+(?:%3A[^/:]*)?)")


class Models:
    """The models of a provider: those *given*, or some that it has.

    >>> Models(["mine"]).known("mine"), Models(["mine"]).known("other")
    (True, False)
    >>> Models(None).known("other")
    True

    Raises InputError for a text where a list belongs.
    """

    def __init__(self, given: Sequence[str] | None) -> None:
        if isinstance(given, str):
            raise InputError(f"models={given!r} is one text. Give a list: [{given!r}].")
        self._given = None if given is None else tuple(given)

    def known(self, model: str) -> bool:
        """Whether there is such a *model*: any, where none were given."""
        return self._given is None or model in self._given

    def unknown(self, request: HttpRequest) -> str | None:
        """The model that *request* names, if there is none such."""
        model = None if self._given is None else _asked_model(request)
        return None if model is None or self.known(model) else model

    def listed(self, provider: str) -> Answer:
        """All of them."""
        given = self._given
        names = _DEFAULTS.get(provider, ()) if given is None else given
        told = [_told(name, provider) for name in names]
        match provider:
            case "anthropic-messages":
                first, last = next(iter(names), None), next(reversed(names), None)
                ends = {"first_id": first, "last_id": last}
                return Answer({"data": told, "has_more": False, **ends})
            case "gemini" | "ollama-chat":
                return Answer({"models": told})
            case _:
                return Answer({"object": "list", "data": told})

    def one(self, model: str, provider: str) -> Answer:
        """The one called *model*, or that there is none."""
        if self.known(model):
            return Answer(_told(model, provider))
        return no_model(model, provider)


def _told(name: str, provider: str) -> Said:
    match provider:
        case "anthropic-messages":
            return {
                "type": "model",
                "id": name,
                "display_name": name,
                "created_at": _BIRTHDAY,
            }
        case "gemini":
            methods = ["generateContent", "countTokens", "embedContent"]
            return {
                "name": f"models/{name}",
                "version": "001",
                "displayName": name,
                "supportedGenerationMethods": methods,
            }
        case "ollama-chat":
            return {
                "name": name,
                "model": name,
                "modified_at": _BIRTHDAY,
                "size": 0,
                "digest": "0" * 64,
                "details": {"format": "gguf", "family": name},
            }
        case _:
            return {
                "id": name,
                "object": "model",
                "created": _BORN,
                "owned_by": "harness",
            }


def no_model(model: str, provider: str) -> Answer:
    """How *provider* says that it has no such *model*.

    >>> no_model("mine", "ollama-chat").said
    {'error': "model 'mine' not found"}
    """
    match provider:
        case "anthropic-messages":
            return anthropic_messages.refused(f"model: {model}", 404, "not_found_error")
        case "bedrock-converse":
            return bedrock_converse.refused("The provided model identifier is invalid.")
        case "gemini":
            return gemini.refused(
                f"models/{model} is not found for API version v1beta, or is not "
                "supported for generateContent. Call ListModels to see the list of "
                "available models and their supported methods.",
                404,
                "NOT_FOUND",
            )
        case "ollama-chat":
            return ollama_chat.refused(f"model '{model}' not found", 404)
        case "openai-responses":
            return openai_words.refused(
                f"The requested model '{model}' does not exist.",
                "model",
                "model_not_found",
            )
        case _:
            return openai_words.refused(
                f"The model `{model}` does not exist or you do not have access to it.",
                code="model_not_found",
                status=404,
            )


def _asked_model(request: HttpRequest) -> str | None:
    """The model that *request* names in its body, or else in its path."""
    try:
        said = read_json(request.body)
    except ValueError:
        said = None
    if isinstance(said, dict) and isinstance(said.get("model"), str):
        return str(said["model"]).removeprefix("models/") or None
    found = _IN_PATH.search(urlsplit(request.url).path)
    return unquote(found[1]) if found else None
