"""The operations of providers as OpenAPI has them: path items and their schemas.

Which statuses an operation may answer: 200 with its replies, 4xx with the error of its
provider. A script may fail with any other, so that 4XX and 5XX stand beside them.
"""

import re
from collections.abc import Iterable, Sequence

from harness.endpoint.description.operations import OPERATIONS, Operation
from harness.endpoint.description.reply_shapes import ERRORS, REPLIES
from harness.endpoint.description.request_schemas import request_schemas
from harness.endpoint.description.shape_schemas import Schema, schema_of

__all__ = ["provider_paths", "provider_schemas"]

_JSON = "application/json"
_REFUSED = "the request is not one that the provider takes, or the script has no answer"
#: By status, what it says; of some that not all providers say, which.
_FAILURES: Sequence[tuple[str, str, frozenset[str]]] = (
    ("400", _REFUSED, frozenset(ERRORS)),
    (
        "401",
        "the key is none of those that the server was given",
        frozenset(
            "anthropic-messages ollama-chat openai-chat openai-responses".split()
        ),
    ),
    (
        "403",
        "the key is none of those that the server was given",
        frozenset(("bedrock-converse", "gemini")),
    ),
    ("404", "there is no such model, or no such path", frozenset(ERRORS)),
)
_LIMITED = ("429", "the quota that the server was given is used up")
_SCRIPTED = ("4XX", "5XX")
_NAME = re.compile(r"\{(\w+)\}")
_MODEL: Schema = {"type": "string", "minLength": 1}
#: What may stand in a path, where that is not any name.
_PLACES: dict[str, Schema] = {"claude": {"type": "string", "pattern": "anthropic"}}
#: Headers by which clients are told apart where they share a path.
_TOLD_BY = ("anthropic-version", "x-goog-api-key")
_STREAM = "events, each as the provider writes them"


def provider_schemas() -> dict[str, Schema]:
    """All schemas to which `provider_paths` refers, by name."""
    replies = {name: schema_of(shape) for name, shape in REPLIES.items()}
    errors = {f"{name}.error": schema_of(shape) for name, shape in ERRORS.items()}
    return request_schemas() | replies | errors


def provider_paths(session_header: str) -> dict[str, Schema]:
    """The path items of all operations; *session_header* names a client's session.

    >>> list(provider_paths("x-session")["/v1/messages"])
    ['post']
    """
    paths: dict[str, Schema] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(
            one, session_header
        )
    return paths


def _operation(one: Operation, session_header: str) -> Schema:
    said: Schema = {
        "operationId": one.id,
        "summary": one.about,
        "tags": ["chats" if one.is_chat else "other paths"],
        "parameters": [*_parameters(one, session_header)],
        "responses": _responses(one),
    }
    if one.request:
        content = {_JSON: {"schema": _named(one.request)}}
        said["requestBody"] = {"required": True, "content": content}
    return said


def _parameters(one: Operation, session_header: str) -> Iterable[Schema]:
    for name in _NAME.findall(one.path):
        schema = _PLACES.get(name, _MODEL)
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if "gemini.replies" in one.replies:
        forms = {"type": "string", "enum": ["sse", "json"]}
        yield {"name": "alt", "in": "query", "schema": forms}
    for name in (session_header, *(_TOLD_BY if len(one.providers) > 1 else ())):
        yield {"name": name, "in": "header", "schema": {"type": "string"}}


def _responses(one: Operation) -> Schema:
    content: Schema = {}
    if one.replies:
        content[_JSON] = {"schema": _either(one.replies)}
    for media in one.streams:
        content[media] = {"schema": {"type": "string", "description": _STREAM}}
    said: Schema = {"200": {"description": "the answer", "content": content}}
    for status, about, providers in _FAILURES:
        if names := [name for name in one.providers if name in providers]:
            said[status] = _error(about, names)
    if one.is_chat:
        status, about = _LIMITED
        said[status] = _error(about, one.providers)
        for status in _SCRIPTED:
            said[status] = _error("what the script says", one.providers)
    return said


def _error(about: str, providers: Iterable[str]) -> Schema:
    schema = _either([f"{name}.error" for name in providers])
    return {"description": about, "content": {_JSON: {"schema": schema}}}


def _either(names: Iterable[str]) -> Schema:
    refs = [_named(name) for name in names]
    return refs[0] if len(refs) == 1 else {"anyOf": refs}


def _named(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
