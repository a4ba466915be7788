"""Wire formats of providers, both directions, as pure functions.

`DIALECTS` has them by name, and `dialect_of` tells which one a URL speaks.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import urlsplit

from harness.wire.dialect import Dialect, StreamDecoder
from harness.wire.openai_chat import OPENAI_CHAT

__all__ = ["DIALECTS", "Dialect", "StreamDecoder", "dialect_of"]

#: Every dialect by its name.
DIALECTS: Mapping[str, Dialect] = MappingProxyType({OPENAI_CHAT.name: OPENAI_CHAT})

_ROUTES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"/chat/completions/?"), "openai-chat"),
)


def dialect_of(url: str) -> Dialect | None:
    """The dialect that the path of *url* belongs to, or None.

    >>> dialect_of("https://api.openai.com/v1/chat/completions").name
    'openai-chat'
    """
    path = urlsplit(url).path
    for route, name in _ROUTES:
        if (found := route.search(path)) and found.end() == len(path):
            return DIALECTS[name]
    return None
