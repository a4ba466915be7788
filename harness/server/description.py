"""What a server answers, as an OpenAPI 3.1 description."""

from collections.abc import Mapping
from typing import Any

from harness.endpoint.description import Schema, provider_paths, provider_schemas
from harness.server.control_paths import ADMIN, CONTROL_PATHS, ControlPath
from harness.server.served import Served
from harness.server.sessions import SESSION_HEADER

__all__ = ["description", "description_of"]

_ABOUT = (
    "Answers the clients of chat providers with a script. Paths are those of official "
    "clients; what stands before the part that tells the format is left to the client. "
    "A request that a schema refuses is refused with 400, in its provider's words, "
    "unless the server was told not to validate. The schemas do not tell all that is "
    "refused: rules that weigh one part of a request against another are left out. "
    "Gemini's names may be spelled with underscores too. Other paths are answered with "
    "404, other methods with 405 and Allow."
)
#: Of the description itself; it changes with what is answered.
_VERSION = "1"
_ERROR = "harness.error"
_TOLD: Schema = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}},
}
_SCHEMES: Mapping[str, Schema] = {
    "bearer": {"type": "http", "scheme": "bearer"},
    **{
        name: {"type": "apiKey", "in": "header", "name": name}
        for name in ("x-api-key", "x-goog-api-key", "api-key")
    },
    "key": {"type": "apiKey", "in": "query", "name": "key"},
}


def description(*, session_header: str | None = SESSION_HEADER) -> dict[str, Any]:
    """The OpenAPI 3.1 description of a server of one script.

    *session_header* names the sessions of its clients; without one there is no script,
    and what is told is the control of the server alone.

    >>> said = description()
    >>> said["openapi"], "/v1/messages" in said["paths"]
    ('3.1.0', True)
    """
    providers = {} if session_header is None else provider_paths(session_header)
    schemas = {} if session_header is None else provider_schemas()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "chat-harness",
            "version": _VERSION,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, *({name: []} for name in _SCHEMES)],
        "paths": providers | _control_paths(),
        "components": {
            "schemas": schemas | {_ERROR: _TOLD},
            "securitySchemes": dict(_SCHEMES),
        },
    }


def description_of(served: Mapping[str, Served]) -> dict[str, Any]:
    """The same of a server of *served*: of several, each answers below its name."""
    scripts = {name: one for name, one in served.items() if one.session_header}
    header = next((one.session_header for one in scripts.values()), None)
    said = description(session_header=header)
    if len(served) > 1 and scripts:
        said["servers"] = [{"url": f"/{name}"} for name in scripts]
        for path in said["paths"].values():
            if any("control" in one["tags"] for one in path.values()):
                path["servers"] = [{"url": "/"}]
    return said


def _control_paths() -> dict[str, Schema]:
    paths: dict[str, Schema] = {}
    for one in CONTROL_PATHS:
        path = paths.setdefault(f"/{ADMIN}/{one.path}", {})
        path[one.method.lower()] = _operation(one)
    return paths


def _operation(one: ControlPath) -> Schema:
    content = {"application/json": {"schema": one.schema}}
    said: Schema = {
        "operationId": f"{ADMIN}.{one.name}",
        "summary": one.about,
        "tags": ["control"],
        "security": [],
        "responses": {"200": {"description": one.about, "content": content}},
    }
    if one.of_session:
        schema = {"type": "string"}
        said["parameters"] = [{"name": "session", "in": "query", "schema": schema}]
    return said
