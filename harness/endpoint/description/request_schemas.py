"""The JSON schemas of requests: the tables of validation, and what its code asks.

A request that a schema here refuses is refused by the endpoint. The reverse is not so:
rules that weigh one part of a request against another (each call has its result) are
in the code alone.
"""

from harness.endpoint.description.shape_schemas import Schema, schema_of
from harness.endpoint.embeddings import OLLAMA, OPENAI
from harness.endpoint.validation import (
    anthropic_messages,
    bedrock_converse,
    gemini,
    ollama_chat,
    openai_chat,
    openai_responses,
)
from harness.endpoint.validation.shapes import Fields

__all__ = ["request_schemas"]

_WORD: Schema = {"type": "string", "minLength": 1}
#: What counts as said: null, false, 0 and what is empty do not.
_SAID: Schema = {"not": {"enum": [None, False, 0, "", [], {}]}}
_NOT_NULL: Schema = {"not": {"type": "null"}}


def _with(**members: Schema) -> Schema:
    """These members are there, and are so."""
    return {"required": [*members], "properties": members}


def _when(condition: Schema, asked: Schema) -> Schema:
    return {"if": condition, "then": asked}


def _either(*names: str) -> Schema:
    """One of the members *names* says something."""
    return {"anyOf": [_with(**{name: _SAID}) for name in names]}


def _each(name: str, rule: Schema) -> Schema:
    """Each item of the list that the member *name* may be keeps *rule*."""
    return {"properties": {name: {"items": rule}}}


def _one_of_them(values: list[object]) -> Schema:
    return {"enum": values}


def _of_type(name: str) -> Schema:
    return {"type": "object", **_with(type={"const": name})}


_CHAT: tuple[Schema, ...] = (
    {
        "not": _with(
            max_tokens={"type": "integer"}, max_completion_tokens={"type": "integer"}
        )
    },
    _when(
        _with(top_logprobs={"type": "integer", "minimum": 1}),
        _with(logprobs={"const": True}),
    ),
    _when(
        _with(stream_options={"type": "object", "minProperties": 1}),
        _with(stream={"const": True}),
    ),
    _when(
        _with(tool_choice={"not": {"enum": [None, "none"]}}),
        _with(tools={"type": "array"}),
    ),
    _each(
        "messages",
        _when(
            _with(role=_one_of_them(["system", "developer", "user"])),
            _with(content=_NOT_NULL),
        ),
    ),
    _each(
        "messages",
        _when(_with(role={"const": "tool"}), _with(tool_call_id=_NOT_NULL)),
    ),
)
_RESPONSES: tuple[Schema, ...] = (
    _either("model", "prompt"),
    {
        "anyOf": [
            _with(input=_NOT_NULL),
            *_either("previous_response_id", "prompt", "conversation")["anyOf"],
        ]
    },
)
_MESSAGES: tuple[Schema, ...] = (
    _when(
        _with(tool_choice=_of_type("tool")),
        _with(tools=_SAID, tool_choice=_with(name=_NOT_NULL)),
    ),
    _when(
        _with(thinking=_of_type("enabled")),
        _with(thinking=_with(budget_tokens={"type": "integer"})),
    ),
)
_GENERATE: tuple[Schema, ...] = (_with(contents=_SAID),)
_OLLAMA_CHAT: tuple[Schema, ...] = (
    _with(model=_WORD),
    _each("messages", _with(role=_one_of_them(list(ollama_chat.ROLES)))),
    {
        "properties": {
            "format": {"anyOf": [_one_of_them([None, "", "json"]), {"type": "object"}]},
            "think": _one_of_them([None, True, False, *ollama_chat.THINK]),
        }
    },
)
_SIZE: Schema = {"type": "integer", "minimum": 1, "maximum": 8192}
_TEXT: Schema = {"type": "object", **_with(text={"type": "string"})}
_PARTS: Schema = {"anyOf": [_TEXT, {"type": "array", "contains": _TEXT}]}
_EMBED: Schema = {
    "type": "object",
    "required": ["content"],
    "properties": {
        "content": {"type": "object", **_with(parts=_PARTS)},
        "outputDimensionality": {"anyOf": [_SIZE, {"type": "null"}]},
    },
}
_OLLAMA_SIZE: Schema = {
    "properties": {"dimensions": {"anyOf": [_SIZE, _one_of_them([None, 0])]}}
}
_INPUT: Schema = {
    "anyOf": [
        {"type": "string", "minLength": 1},
        {
            "type": "array",
            "items": {
                "anyOf": [
                    {"type": "string", "minLength": 1},
                    {"type": "array", "minItems": 1},
                    {"type": "integer", "minimum": 0},
                ]
            },
        },
    ]
}


def _ruled(shape: Fields, *rules: Schema) -> Schema:
    """The schema of *shape* that keeps *rules* too."""
    return schema_of(shape) | ({"allOf": [*rules]} if rules else {})


def request_schemas() -> dict[str, Schema]:
    """The schema of each kind of request, by the name that it has in a description."""
    messages = anthropic_messages.REQUEST
    return {
        "openai-chat.request": _ruled(openai_chat.REQUEST, _with(model=_WORD), *_CHAT),
        "openai-chat.request-of-a-deployment": _ruled(openai_chat.REQUEST, *_CHAT),
        "openai-responses.request": _ruled(openai_responses.REQUEST, *_RESPONSES),
        "openai.embeddings-request": _ruled(
            OPENAI, _with(model=_WORD), _with(input=_INPUT)
        ),
        "anthropic-messages.request": _ruled(
            messages, _with(model=_NOT_NULL), *_MESSAGES
        ),
        "anthropic-messages.request-at-a-model": _ruled(messages, *_MESSAGES),
        "anthropic.count-request": {
            "type": "object",
            "required": ["model", "messages"],
        },
        "gemini.request": _ruled(gemini.REQUEST, *_GENERATE),
        "gemini.count-request": {
            "type": "object",
            "properties": {"generateContentRequest": {"type": "object"}},
        },
        "gemini.embed-request": _EMBED,
        "gemini.batch-embed-request": {
            "type": "object",
            **_with(requests={"type": "array", "minItems": 1, "items": _EMBED}),
        },
        "bedrock-converse.request": _ruled(bedrock_converse.REQUEST),
        "ollama-chat.request": _ruled(ollama_chat.REQUEST, *_OLLAMA_CHAT),
        "ollama.embed-request": _ruled(OLLAMA, _with(model=_WORD), _OLLAMA_SIZE),
    }
