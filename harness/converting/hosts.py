"""Where requests went whose recording says only their paths."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

from harness.cassettes.interactions import Interaction
from harness.errors import CassetteError, InputError
from harness.services import ANTHROPIC, COMPATIBLE, GEMINI, OLLAMA, OPENAI, Service
from harness.wire import dialect_of

__all__ = ["base_of", "with_host"]


def _origin(service: Service) -> str:
    """What stands before the paths of *service*."""
    parts = urlsplit(service.base_url)
    return f"{parts.scheme}://{parts.netloc}"


def _at(name: str) -> str:
    return _origin(COMPATIBLE[name])


_OPENAI, _ANTHROPIC, _GEMINI = map(_origin, (OPENAI, ANTHROPIC, GEMINI))

#: Paths that one provider alone has.
_PATHS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), base)
    for pattern, base in (
        (r"/openai/v1/", _at("groq")),
        (r"/api/v1/", _at("openrouter")),
        (r"/backend-api/", "https://chatgpt.com"),
        (r"/inference/v1/", _at("fireworks")),
        (r"/v1beta\d*/", _GEMINI),
        (r"/v2/chat\b", "https://api.cohere.com"),
    )
)

#: Models that are asked for at one provider, where the path is anybody's.
_MODELS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), base)
    for pattern, base in (
        (r"deepseek-", _at("deepseek")),
        (
            r"(mistral|ministral|magistral|codestral|pixtral)-",
            _at("mistralai"),
        ),
        (r"grok-", _at("xai")),
        (r"sonar\b", _at("perplexity")),
    )
)

#: The provider that each dialect is named after.
_DIALECTS: Mapping[str, str] = {
    "anthropic-messages": _ANTHROPIC,
    "bedrock-converse": "https://bedrock-runtime.us-east-1.amazonaws.com",
    "gemini": _GEMINI,
    "ollama-chat": _origin(OLLAMA),
    "openai-chat": _OPENAI,
    "openai-responses": _OPENAI,
}

_OF_OPENAI = re.compile(
    r"/v1/(audio|batches|completions|embeddings|files|images|models|moderations)\b"
)
#: What of a URL is before its path, and in it what goes without saying.
_START = re.compile(
    r"(?P<scheme>(?P<tls>https:)|[A-Za-z][\w+.-]*:(?!\d))?(?://)?"
    r"[^/?#]*?(?P<port>(?(tls):443|:80))?(?=[/?#]|$)"
)
_SAFE = "%/?#[]@!$&'()*+,;=:~"
_LOOPBACK = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?(/|$)")


def base_of(host: str) -> str:
    """The base URL that *host* says, with a scheme. Raises InputError for none.

    >>> base_of("api.example.com"), base_of("localhost:8080/v1/")
    ('https://api.example.com', 'http://localhost:8080/v1')
    """
    scheme = (
        "" if "://" in host else ("http://" if _LOOPBACK.match(host) else "https://")
    )
    said = f"{scheme}{host}".rstrip("/")
    try:
        parts = urlsplit(said)
        whole = parts.hostname and parts.scheme in ("http", "https")
    except ValueError:
        whole = False
    if not whole or re.search(r"[\s?#]", said):
        raise InputError(
            f"host={host!r} is none; give one such as 'api.example.com' or "
            "'http://localhost:8000'."
        )
    return said


def with_host(one: Interaction, host: str | None) -> tuple[Interaction, str]:
    """*one* with its URL whole, and as clients send it; and the base that was added.

    *host* is taken if the recording says only a path, or a placeholder for the host.
    Without it, a path gets the provider's that path, headers and model tell, and a
    placeholder stays. Raises CassetteError where they tell none.
    """
    start = _START.match(one.url)
    assert start is not None  # noqa: S101 - it matches nothing, too
    before, rest = start[0].removesuffix(start["port"] or ""), one.url[start.end() :]
    added = "" if start["scheme"] and "<" not in before else _base(one, before, host)
    # Who filters secrets leaves placeholders that no URL can have.
    url = (added or before) + quote(rest, _SAFE, errors="surrogatepass")
    return (one if url == one.url else replace(one, url=url)), added


def _base(one: Interaction, before: str, host: str | None) -> str:
    """The base URL to put in place of *before*; "" to leave that there."""
    if host is not None:
        return base_of(host)
    if before:
        return ""
    if (guessed := _guessed(one)) is not None:
        return guessed
    raise CassetteError(
        f"{one.place}: the recording says no host, and the path {one.url!r} does "
        "not tell whose it is. Give the host: --host api.example.com"
    )


def _guessed(one: Interaction) -> str | None:
    path = urlsplit(one.url).path
    for pattern, base in _PATHS:
        if pattern.match(path):
            return base
    names = {name.lower() for name, _ in one.request_headers}
    if "anthropic-version" in names:
        return _ANTHROPIC
    model = _model(one.request_body)
    for pattern, base in _MODELS:
        if pattern.match(model):
            return base
    dialect = dialect_of(one.url)
    if dialect is not None:
        return _DIALECTS[dialect.name]
    return _OPENAI if _OF_OPENAI.match(path) else None


def _model(body: bytes) -> str:
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    return str(said.get("model", "")) if isinstance(said, dict) else ""
