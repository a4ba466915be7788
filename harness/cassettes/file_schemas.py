"""JSON schemas of the files in `cassettes/`, for editors and other programs.

They describe what we write, and vcrpy's format as far as it is the same. Reading is
more lenient: it takes what other recorders write too. Bytes count as texts.
"""

from typing import Any, get_args

from harness.cassettes.interactions import Ending
from harness.cassettes.json_spelling import SPELLINGS
from harness.cassettes.message_format import _ENDINGS, FORMAT
from harness.cassettes.message_values import (
    _CHOICE,
    _FAULT,
    _FORMAT,
    _FORMATS,
    _REQUEST,
    _TOOL,
    _TYPES,
    Kinds,
)
from harness.cassettes.shown_bodies import _UNSIZED
from harness.chunks import AIMessageChunk
from harness.messages import (
    AIMessage,
    HumanMessage,
    Message,
    SystemMessage,
    ToolMessage,
)
from harness.steps import FaultKind
from harness.tool_specs import Mode

__all__ = ["cassette_schema", "conversation_schema"]

Schema = dict[str, Any]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_TEXTS: Schema = {"type": "array", "items": _TEXT}
_SEAL: Schema = {"type": "string", "pattern": "^[0-9a-f]{16}$"}
_FORMS = [f"{spelling}{end}" for spelling in SPELLINGS for end in ("", _UNSIZED)]
_JSON_TYPES = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}


def _object(required: str, **properties: Schema) -> Schema:
    """An object of these properties and no other."""
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def _about(about: str, schema: Schema) -> Schema:
    return {"description": about, **schema}


# ----------------------------------------------------------------- HTTP traffic


def cassette_schema() -> Schema:
    """The schema of a cassette of HTTP traffic: vcrpy's format, and our own keys.

    >>> cassette_schema()["required"]
    ['interactions', 'version']
    """
    item = _object("request response", request=_request(), response=_response())
    return {
        "$schema": _DRAFT,
        "title": "A cassette of HTTP traffic",
        **_object(
            "interactions version",
            interactions=_about(
                "What was sent and what came, in order.",
                {"type": "array", "items": item},
            ),
            version=_about("vcrpy's format.", {"const": 1}),
            seal=_about("Checksum of the text from 'interactions:' to here.", _SEAL),
            count=_about("How many interactions there are.", _COUNT),
        ),
    }


def _headers() -> Schema:
    values = {"anyOf": [_TEXT, _TEXTS]}
    return _about(
        "The values of each name.",
        {"type": ["object", "null"], "additionalProperties": values},
    )


def _request() -> Schema:
    return _object(
        "method uri",
        method=_about("GET, POST, ...", _TEXT),
        uri=_about("The address, with its query.", _TEXT),
        headers=_headers(),
        body=_about(
            "The body; JSON is laid out over several lines.",
            {"type": ["string", "null"]},
        ),
    )


def _response() -> Schema:
    code = {"type": "integer", "minimum": 100, "maximum": 999}
    return _object(
        "status body",
        status=_object(
            "code",
            code=_about("The status; 599: there never was an answer.", code),
            message=_about("Its words.", {"type": ["string", "null"]}),
        ),
        headers=_headers(),
        recorded=_recorded(),
        body=_object(
            "string",
            string=_about(
                "The body; JSON is laid out over several lines.",
                {"type": ["string", "null"]},
            ),
            chunks=_about(
                "The pieces in which it came: bytes of each, or [bytes, milliseconds "
                "after the request]. null: none came, and when is not known.",
                {"type": ["array", "null"], "items": _piece()},
            ),
        ),
    )


def _piece() -> Schema:
    timed = {"type": "array", "prefixItems": [_COUNT, _COUNT], "items": False}
    return {"anyOf": [_COUNT, {**timed, "minItems": 2}]}


def _recorded() -> Schema:
    """What we say beyond vcrpy, which keeps all that stands inside a response."""
    known = _object(
        "",
        at=_about("When it was recorded, in UTC.", _TEXT),
        http_version=_about("HTTP/1.1, HTTP/2, ...", _TEXT),
        reason=_about("The words of the status, where they are not ASCII.", _TEXT),
        ended=_about(
            "How the answer ended, unless it is complete: left by the application "
            "(truncated), dropped (interrupted), late (timeout), no connection.",
            {"enum": [*get_args(Ending)]},
        ),
        failure=_about("What went wrong, in words.", _TEXT),
        request_form=_about(
            "How the wire spelled the JSON of the request.", {"enum": _FORMS}
        ),
        form=_about("How the wire spelled the JSON of the answer.", {"enum": _FORMS}),
        request_header_order=_about(
            "Names of the request's headers, where their order is another.", _TEXTS
        ),
        header_order=_about(
            "Names of the answer's headers, where their order is another.", _TEXTS
        ),
        seal=_about("Checksum of the interaction.", _SEAL),
    )
    return _about("What vcrpy has no words for.", known)


# ---------------------------------------------------------------- conversations


def conversation_schema() -> Schema:
    """The schema of a cassette of conversations.

    >>> conversation_schema()["properties"]["format"]["const"]
    'chat-harness/1'
    """
    item = _object(
        "request answer",
        recorded=_about("When it was recorded, in UTC.", _TEXT),
        request=_asked(),
        answer=_about("The steps of the answer.", {"type": "array", "items": _step()}),
        ended=_about(
            "truncated: the application read no further.", {"enum": [*_ENDINGS]}
        ),
        seal=_about("Checksum of the conversation.", _SEAL),
    )
    return {
        "$schema": _DRAFT,
        "title": "A cassette of conversations",
        **_object(
            "format conversations count",
            format=_about("This format, and its version.", {"const": FORMAT}),
            conversations=_about(
                "What was asked and answered, in order.",
                {"type": ["array", "null"], "items": item},
            ),
            count=_about("How many conversations there are.", _COUNT),
        ),
    }


def _asked() -> Schema:
    return _of(
        _REQUEST,
        "messages",
        messages={"type": "array", "items": _message()},
        tools={"type": "array", "items": _of(_TOOL, "name")},
        tool_choice={
            "anyOf": [
                {"enum": [*get_args(Mode)]},
                _of(_CHOICE, "mode", mode={"enum": [*get_args(Mode)]}),
            ]
        },
        response_format=_of(_FORMAT, "kind", kind={"enum": [*_FORMATS]}),
        stop=_TEXTS,
    )


def _message() -> Schema:
    """Any message: its role, and the fields of its class."""
    kinds = {
        "system": SystemMessage(""),
        "human": HumanMessage(""),
        "ai": AIMessage(""),
        "tool": ToolMessage("", tool_call_id=""),
    }
    return {
        "oneOf": [
            _object(
                "role content",
                role={"const": role},
                **_fields(kinds[kind], "type artifact"),
            )
            for role, kind in _TYPES.items()
        ]
    }


def _step() -> Schema:
    time = _about("Milliseconds after the request.", _COUNT)
    piece = {"type": "array", "prefixItems": [_COUNT, _TEXT], "items": False}
    pieces = {"type": "array", "items": {**piece, "minItems": 2}}
    fault = _of(_FAULT, "kind", kind={"enum": [*get_args(FaultKind)]})
    told = "[milliseconds after the request, text] of each."
    chunk = _fields(AIMessageChunk(""), "type conflicts")
    texts = _object("pieces", id=_TEXT, pieces=_about(told, pieces))
    return {
        "anyOf": [
            _about("Chunks of text alone.", texts),
            _about(
                "The answer failed here.", _object("at fault", at=time, fault=fault)
            ),
            _about("A chunk.", _object("at", at=time, **chunk)),
        ]
    }


def _fields(message: Message, without: str) -> dict[str, Schema]:
    """The fields of a message or chunk, by what it is when it is empty."""
    left_out = without.split()
    texts = {"content": {"type": ["string", "array"]}}
    return {
        name: texts.get(name, {"type": _JSON_TYPES.get(type(value), "string")})
        if value is not None
        else {"type": ["object" if "usage" in name else "string"]}
        for name, value in message.model_dump().items()
        if name not in left_out
    }


def _of(kinds: Kinds, required: str, **known: Schema) -> Schema:
    """An object of the keys that the reader knows, each of its kind."""
    properties = {
        name: known.get(name, {"type": _json_type(kind)})
        for name, kind in kinds.items()
    }
    return _object(required, **properties)


def _json_type(kind: type | tuple[type, ...]) -> str | list[str]:
    if isinstance(kind, type):
        return _JSON_TYPES[kind]
    return [_JSON_TYPES[one] for one in kind]
