"""Recordings of other programs, told by name: none is read by halves."""

import re
from collections.abc import Mapping
from typing import Any

from harness.errors import CassetteError

__all__ = ["refuse_text", "refuse_value"]

_GRPC = "gRPC messages"
_BODY = "one answer's body alone, as {}"

#: How files begin that need not be parsed, or cannot be.
_TEXTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), form)
    for pattern, form in (
        (r"httprr trace", "httprr"),
        (r"(---\s*\n)?when:", "httpmock"),
        (r"(---\s*\n)?http_interactions:", "VCR for Ruby or R"),
        (r"(event|id|retry): ?\S+\r?\n|data: ?[\[{]|:", _BODY.format("an SSE stream")),
        (r"\{.*\}\r?\n\s*\{", _BODY.format("JSON lines")),
    )
)

#: Keys of the whole, and the format that has them.
_KEYS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"http_interactions"}), "VCR for Ruby or R"),
    (frozenset({"log"}), "HAR"),
    (frozenset({"mappings"}), "WireMock"),
    (frozenset({"data", "meta"}), "Hoverfly"),
    (frozenset({"request", "response", "test_id"}), "llama-stack"),
    (frozenset({"request", "response"}), "one interaction a file, as dd-trace's"),
    (frozenset({"__type__"}), "llama-stack"),
    (frozenset({"flows"}), "mitmproxy"),
)

#: Keys of the first interaction.
_ITEM_KEYS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"request_stream"}), _GRPC),
    (frozenset({"request_sample"}), _GRPC),
    (frozenset({"collections_method"}), _GRPC),
    (frozenset({"kind", "direction"}), "WebSocket frames"),
)

#: Keys of what providers answer.
_ANSWER = frozenset(
    "choices candidates output content completion message generations error".split()
)


def refuse_text(text: str, name: str) -> None:
    """Raise CassetteError if *text* begins as another format does."""
    for pattern, form in _TEXTS:
        if pattern.match(text):
            raise _foreign(name, form)


def refuse_value(value: Any, name: str) -> None:
    """Raise CassetteError if *value* is a whole file of another format."""
    match value:
        case [{"scope": _}, *_]:
            raise _foreign(name, "nock")
        case [{"request": _}, *_]:
            raise _foreign(name, "vcrpy before 1.0")
        case {"interactions": [dict() as first, *_]}:
            _refuse_item(first, name)
        case {"interactions": _}:
            return
        case dict():
            for keys, form in _KEYS:
                if keys <= value.keys():
                    raise _foreign(name, form)
            if _ANSWER & value.keys():
                raise _foreign(name, _BODY.format("JSON"))
        case _:
            return


def _refuse_item(item: Mapping[str, Any], name: str) -> None:
    match item:
        case {"request": {"url": _}}:
            raise _foreign(name, "go-vcr")
        case _:
            for keys, form in _ITEM_KEYS:
                if keys <= item.keys():
                    raise _foreign(name, form)


def _foreign(name: str, form: str) -> CassetteError:
    return CassetteError(
        f"{name} is a recording in the format of {form}; harness reads its own and "
        "vcrpy's. Record it again with one of these."
    )
