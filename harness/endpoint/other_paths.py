"""What providers answer beside chats: models, embeddings, counts, "no such path"."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from harness.endpoint.answers import Answer, Desk
from harness.endpoint.calls import HttpCall
from harness.endpoint.embeddings import (
    gemini_embeddings,
    ollama_embeddings,
    openai_embeddings,
)
from harness.endpoint.model_lists import Models, no_model
from harness.endpoint.providers import provider_of
from harness.endpoint.validation import (
    anthropic_messages,
    bedrock_converse,
    gemini,
    ollama_chat,
    openai_words,
    unreadable,
)
from harness.errors import WireError
from harness.usage import estimated_tokens
from harness.wire import DIALECTS
from harness.wire.json_values import read_json, write_json

__all__ = ["other_paths"]

Said = dict[str, Any]


class _Asked(NamedTuple):
    """A request as those who answer it see it: *said* is the body of a POST."""

    models: Models
    provider: str
    name: str  # what the path names
    said: Said


class _Route(NamedTuple):
    """Where something is answered; an empty provider is all those without their own."""

    provider: str
    method: str
    path: re.Pattern[str]
    answer: Callable[[_Asked], Answer]


def _list(asked: _Asked) -> Answer:
    return asked.models.listed(asked.provider)


def _one(asked: _Asked) -> Answer:
    return asked.models.one(asked.name, asked.provider)


def _count_anthropic(asked: _Asked) -> Answer:
    missing = [key for key in ("model", "messages") if key not in asked.said]
    if missing:
        return anthropic_messages.refused(f"{missing[0]}: Field required")
    return _counted(asked, "anthropic-messages")


def _count_gemini(asked: _Asked) -> Answer:
    said = asked.said.get("generateContentRequest", asked.said)
    return _counted(asked._replace(said=said), "gemini")


def _counted(asked: _Asked, dialect: str) -> Answer:
    try:
        request = DIALECTS[dialect].read_request(write_json(asked.said))
    except WireError as error:
        return _REFUSED[dialect](str(error))
    tokens = estimated_tokens(sum(len(message.text) for message in request.messages))
    if dialect == "anthropic-messages":
        return Answer({"input_tokens": tokens})
    details = [{"modality": "TEXT", "tokenCount": tokens}]
    return Answer({"totalTokens": tokens, "promptTokensDetails": details})


def _route(
    provider: str, method: str, path: str, answer: Callable[[_Asked], Answer]
) -> _Route:
    return _Route(provider, method, re.compile(path), answer)


_ROUTES = (
    _route("anthropic-messages", "GET", r"/models/?$", _list),
    _route("anthropic-messages", "GET", r"/models/(.+)$", _one),
    _route("anthropic-messages", "POST", r"/messages/count_tokens$", _count_anthropic),
    _route("gemini", "GET", r"/models/?$", _list),
    _route("gemini", "GET", r"/models/([^:]+)$", _one),
    _route("gemini", "POST", r"/models/([^/:]+):countTokens$", _count_gemini),
    _route(
        "gemini",
        "POST",
        r"/models/([^/:]+):embedContent$",
        lambda asked: gemini_embeddings(asked.said, asked.name, batch=False),
    ),
    _route(
        "gemini",
        "POST",
        r"/models/([^/:]+):batchEmbedContents$",
        lambda asked: gemini_embeddings(asked.said, asked.name, batch=True),
    ),
    _route("ollama-chat", "GET", r"/api/tags$", _list),
    _route(
        "ollama-chat",
        "POST",
        r"/api/embed$",
        lambda asked: ollama_embeddings(asked.said, old=False),
    ),
    _route(
        "ollama-chat",
        "POST",
        r"/api/embeddings$",
        lambda asked: ollama_embeddings(asked.said, old=True),
    ),
    _route("openai-chat", "GET", r"/models/?$", _list),
    _route("openai-chat", "GET", r"/models/(.+)$", _one),
    _route(
        "openai-chat",
        "POST",
        r"/embeddings$",
        lambda asked: openai_embeddings(asked.said),
    ),
)
#: How each provider says that it has no such path, and that it takes no such method.
_REFUSED: dict[str, Callable[[str], Answer]] = {
    "anthropic-messages": anthropic_messages.refused,
    "gemini": gemini.refused,
}


def other_paths(given: Sequence[str] | None) -> Desk:
    """Answers what is no chat; of chats only those with a model that there is not.

    *given* are the models that there are; None lets every model be.
    """
    models = Models(given)

    def answer(call: HttpCall) -> Answer | None:
        method = call.request.method.upper()
        if call.dialect and method == "POST":
            unknown = models.unknown(call.request)
            return None if unknown is None else no_model(unknown, call.dialect)
        provider = provider_of(call.request)
        path = urlsplit(call.url).path
        if call.dialect:
            return _no_method(provider, method, path, ["POST"])
        found = [
            (route, place)
            for route in _ROUTES
            if route.provider == provider and (place := route.path.search(path))
        ]
        if not found:
            return _no_path(provider, method, path)
        for route, place in found:
            if route.method == method:
                return _answered(call, route, place, models)
        return _no_method(provider, method, path, [one.method for one, _ in found])

    return answer


def _answered(
    call: HttpCall, route: _Route, place: re.Match[str], models: Models
) -> Answer:
    said: Any = {}
    if route.method == "POST":
        if (unknown := models.unknown(call.request)) is not None:
            return no_model(unknown, route.provider)
        try:
            said = read_json(call.request.body)
        except ValueError:
            return unreadable(route.provider)
        if not isinstance(said, dict):
            return unreadable(route.provider)
    name = unquote(place[1]) if place.re.groups else ""
    return route.answer(_Asked(models, route.provider, name, said))


def _no_path(provider: str, method: str, path: str) -> Answer:
    match provider:
        case "anthropic-messages":
            return anthropic_messages.refused("Not Found", 404, "not_found_error")
        case "bedrock-converse":
            return bedrock_converse.refused(
                "Unknown operation.", 404, "UnknownOperationException"
            )
        case "gemini":
            words = "Requested entity was not found."
            return gemini.refused(words, 404, "NOT_FOUND")
        case "ollama-chat":
            return ollama_chat.refused("404 page not found", 404)
        case _:
            return openai_words.refused(f"Invalid URL ({method} {path})", status=404)


def _no_method(provider: str, method: str, path: str, allowed: Iterable[str]) -> Answer:
    said = _not_allowed(provider, method, path)
    return replace(said, headers=(*said.headers, ("allow", ", ".join(allowed))))


def _not_allowed(provider: str, method: str, path: str) -> Answer:
    match provider:
        case "anthropic-messages":
            return anthropic_messages.refused("Method Not Allowed", 405)
        case "bedrock-converse":
            return bedrock_converse.refused("Method not allowed.", 405)
        case "gemini":
            words = f"Method {method} is not allowed for {path}."
            return gemini.refused(words, 405, "UNIMPLEMENTED")
        case "ollama-chat":
            return ollama_chat.refused("405 method not allowed", 405)
        case _:
            words = f"Not allowed to {method} on {path}."
            return openai_words.refused(words, code="method_not_supported", status=405)
