"""Wire formats of providers, both directions, as pure functions.

`DIALECTS` has them by name, and `dialect_of` tells which one a URL speaks. One of your
own is a `WireFormat`.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import urlsplit

from harness.wire.anthropic_messages import ANTHROPIC_MESSAGES
from harness.wire.bedrock_converse import BEDROCK_CONVERSE
from harness.wire.dialect import Dialect, StreamEncoder
from harness.wire.faults import ErrorReply, error_reply, error_status, read_error
from harness.wire.gemini import GEMINI
from harness.wire.grammar import Grammar, Problem
from harness.wire.ollama_chat import OLLAMA_CHAT
from harness.wire.openai_chat import OPENAI_CHAT
from harness.wire.openai_responses import OPENAI_RESPONSES
from harness.wire.sse import Event
from harness.wire.streams import Reader, StreamDecoder
from harness.wire.templates import Repeat
from harness.wire.wire_format import WireFormat

__all__ = [
    "DIALECTS",
    "Dialect",
    "ErrorReply",
    "Event",
    "Grammar",
    "Problem",
    "Reader",
    "Repeat",
    "StreamDecoder",
    "StreamEncoder",
    "WireFormat",
    "dialect_of",
    "error_reply",
    "error_status",
    "read_error",
]

#: Every dialect by its name.
DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {
        dialect.name: dialect
        for dialect in (
            ANTHROPIC_MESSAGES,
            BEDROCK_CONVERSE,
            GEMINI,
            OLLAMA_CHAT,
            OPENAI_CHAT,
            OPENAI_RESPONSES,
        )
    }
)

_ROUTES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?:^|/v\d+|/anthropic)/messages/?"), "anthropic-messages"),
    (re.compile(r":(?:r|streamR)awPredict"), "anthropic-messages"),
    (
        re.compile(r"/model/[^/]*anthropic[^/]*/invoke(?:-with-response-stream)?"),
        "anthropic-messages",
    ),
    (re.compile(r"/model/[^/]+/converse(?:-stream)?"), "bedrock-converse"),
    (re.compile(r"/[^/:]+:(?:g|streamG)enerateContent"), "gemini"),
    (re.compile(r"/api/chat/?"), "ollama-chat"),
    (re.compile(r"/chat/completions/?"), "openai-chat"),
    (re.compile(r"/responses/?"), "openai-responses"),
)


def dialect_of(url: str) -> Dialect | None:
    """The dialect that the path of *url* belongs to, or None.

    >>> dialect_of("https://api.openai.com/v1/chat/completions").name
    'openai-chat'
    >>> dialect_of("https://[::1/v1/chat/completions")
    """
    return _dialect_of(url)


@lru_cache(maxsize=256)
def _dialect_of(url: str) -> Dialect | None:
    try:
        path = urlsplit(url).path
    except ValueError:  # no URL that anybody could call
        return None
    for route, name in _ROUTES:
        if (found := route.search(path)) and found.end() == len(path):
            return DIALECTS[name]
    return None
