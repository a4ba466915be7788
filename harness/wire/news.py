"""What each event of a stream says that none before it has said."""

from collections.abc import Mapping
from typing import Any

from harness.wire.json_values import says

__all__ = ["News"]


class News:
    """Metadata of one answer: most events repeat what was said before.

    >>> news = News()
    >>> news.of({"model": "m", "usage": None})
    {'model': 'm'}
    >>> news.of({"model": "m", "usage": {"total": 3}})
    {'usage': {'total': 3}}
    """

    def __init__(self) -> None:
        self._said: dict[str, Any] = {}

    def of(self, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """What of *metadata* was not said just so before; objects are completed."""
        news: dict[str, Any] = {}
        for key, value in metadata.items():
            match self._said.get(key), value:
                case before, _ if not says(value) or value == before:
                    pass
                case dict() as before, dict():
                    news[key] = {**before, **value}
                case _:
                    news[key] = value
        self._said |= news
        return news
