"""Recordings of other programs, told by how they begin and by their keys.

In: the text of a file, or the value that it says. Out: the form that it has. None of
them is read by halves: of those that have a name `harness convert` makes cassettes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import CassetteError

__all__ = ["Form", "refuse_text", "refuse_value", "text_form", "value_form"]


@dataclass(frozen=True, slots=True)
class Form:
    """What a recording is: in words, and what `harness convert` calls it, if it can.

    *why* says what is in the way of converting it, where that is no lack of ours.
    """

    about: str
    name: str = ""
    why: str = ""


_VCR = Form("VCR for Ruby or R", "vcr")
_GO_VCR = Form("go-vcr", "go-vcr")
_GRPC = Form("gRPC messages of xAI's SDK", "xai-grpc")
_BODY = "one answer's body alone, as {}"
_LLAMA = Form("llama-stack", "llama-stack")

#: What may stand before a YAML document says something.
_HEAD = r"(?:#[^\n]*\n|[ \t\r]*\n)*+(?:---[^\n]*\n)?+(?:#[^\n]*\n|[ \t\r]*\n)*+"

#: How files begin that need not be parsed, or cannot be.
_TEXTS: tuple[tuple[re.Pattern[str], Form], ...] = tuple(
    (re.compile(pattern), form)
    for pattern, form in (
        (r"httprr trace", Form("httprr", "httprr")),
        (rf"{_HEAD}(?:when|then):", Form("httpmock", "httpmock")),
        (rf"{_HEAD}http_interactions:", _VCR),
        (
            r"(event|id|retry): ?\S+\r?\n|data: ?[\[{]|:",
            Form(_BODY.format("an SSE stream"), "body"),
        ),
        (r"\{.*\}\r?\n\s*\{", Form(_BODY.format("JSON lines"), "body")),
    )
)

#: Keys of the whole, and the format that has them.
_KEYS: tuple[tuple[frozenset[str], Form], ...] = (
    (frozenset({"http_interactions"}), _VCR),
    (frozenset({"log"}), Form("HAR", "har")),
    (frozenset({"mappings"}), Form("WireMock")),
    (frozenset({"data", "meta"}), Form("Hoverfly")),
    (frozenset({"request", "response", "test_id"}), _LLAMA),
    (
        frozenset({"request", "response"}),
        Form("one interaction a file, as dd-trace's", "datadog"),
    ),
    (frozenset({"__type__"}), Form("llama-stack")),
    (frozenset({"flows"}), Form("mitmproxy")),
    (
        frozenset({"fixtures"}),
        Form(
            "aimock's fixtures",
            why="they were written, not recorded: make a script of them, --to script",
        ),
    ),
)

#: Keys of the first interaction.
_ITEM_KEYS: tuple[tuple[frozenset[str], Form], ...] = (
    (frozenset({"request_stream"}), _GRPC),
    (frozenset({"request_sample"}), _GRPC),
    (frozenset({"collections_method"}), _GRPC),
    (
        frozenset({"kind", "direction"}),
        Form(
            "WebSocket frames",
            why="a realtime session is no chat: both sides speak whenever they want, "
            "most of it sound",
        ),
    ),
)

#: Keys of what providers answer.
_ANSWER = frozenset(
    "choices candidates output content completion message generations error".split()
)


def text_form(text: str) -> Form | None:
    """The form that *text* begins as; None if it is to be parsed first."""
    return next((form for pattern, form in _TEXTS if pattern.match(text)), None)


def value_form(value: Any) -> Form | None:
    """The form that a whole file with *value* has; None if it may be a cassette."""
    match value:
        case [{"scope": _}, *_]:
            return Form("nock", "nock")
        case [{"request": _}, *_]:
            return Form("vcrpy before 1.0")
        case {"interactions": _, "version": 2 | "2"}:
            return _GO_VCR
        case {"interactions": [dict() as first, *_]}:
            return _item_form(first)
        case {"interactions": _}:
            return None
        case dict():
            found = (form for keys, form in _KEYS if keys <= value.keys())
            answer = (
                Form(_BODY.format("JSON"), "body") if _ANSWER & value.keys() else None
            )
            return next(found, answer)
        case _:
            return None


def _item_form(item: Mapping[str, Any]) -> Form | None:
    match item:
        case {"request": {"url": _}}:
            return _GO_VCR
        case _:
            found = (form for keys, form in _ITEM_KEYS if keys <= item.keys())
            return next(found, None)


def refuse_text(text: str, name: str) -> None:
    """Raise CassetteError if *text* begins as another format does."""
    if (form := text_form(text)) is not None:
        raise _foreign(name, form)


def refuse_value(value: Any, name: str) -> None:
    """Raise CassetteError if *value* is a whole file of another format."""
    if (form := value_form(value)) is not None:
        raise _foreign(name, form)


def _foreign(name: str, form: Form) -> CassetteError:
    todo = (
        f"Make a cassette of it: harness convert {name}"
        if form.name
        else "Record it again with one of these."
    )
    return CassetteError(
        f"{name} is a recording in the format of {form.about}; harness reads its own "
        f"and vcrpy's. {todo}"
    )
