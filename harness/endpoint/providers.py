"""Whose words a request is answered in, where its path is that of no chat."""

import re
from urllib.parse import urlsplit

from harness.http_messages import HttpRequest
from harness.wire import dialect_of

__all__ = ["provider_of"]

#: By what is asked for: a part of the address, and the dialect of whom it belongs to.
_PLACES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"//[^/]*anthropic\."), "anthropic-messages"),
    (re.compile(r"//[^/]*(?:generativelanguage|aiplatform)\."), "gemini"),
    (re.compile(r"//bedrock|/model/[^/]+/"), "bedrock-converse"),
    (re.compile(r"//[^/]*:11434/(?!v1/)|/api/\w+$"), "ollama-chat"),
    (re.compile(r"/v1(?:alpha|beta)\d*/"), "gemini"),
    (re.compile(r"/v1/messages\b"), "anthropic-messages"),
    (re.compile(r"/responses\b"), "openai-responses"),
)
#: Headers that only one kind of client sends.
_HEADERS = (
    ("anthropic-version", "anthropic-messages"),
    ("x-goog-api-key", "gemini"),
    ("x-amz-date", "bedrock-converse"),
    ("x-api-key", "anthropic-messages"),
)


def provider_of(request: HttpRequest) -> str:
    """The dialect of the provider that *request* takes its server for.

    It is seen from the path, the host or a header; else it is OpenAI, whose paths most
    services share.

    >>> provider_of(HttpRequest("GET", "https://api.anthropic.com/v1/models"))
    'anthropic-messages'
    >>> provider_of(HttpRequest("GET", "http://127.0.0.1:8000/v1/models"))
    'openai-chat'
    """
    dialect = dialect_of(request.url)
    if dialect is not None:
        return dialect.name
    parts = urlsplit(request.url)
    address = f"//{parts.netloc}{parts.path}"
    for header, name in _HEADERS:
        if request.header(header) is not None:
            return name
    for place, name in _PLACES:
        if place.search(address):
            return name
    return "openai-chat"
