"""Files with one interaction each, as those of dd-trace's tests, in JSON or YAML."""

from typing import Any

from harness.cassettes import Interaction
from harness.cassettes.reading import text_of as file_text
from harness.converting.documents import document
from harness.converting.parts import (
    Answer,
    body_bytes,
    headers_of,
    interaction_of,
    mapping_of,
    status_line_of,
    text_of,
)
from harness.http_messages import HttpRequest

__all__ = ["read_datadog"]


def read_datadog(data: bytes, name: str) -> list[Interaction]:
    """The one interaction of a file. Raises CassetteError."""
    said = document(file_text(data, name), name).value
    request = mapping_of(said, "request", name)
    response = mapping_of(said, "response", name)
    asked = HttpRequest(
        text_of(request, "method", name),
        text_of(request, "url" if "url" in request else "uri", name),
        headers_of(request.get("headers"), f"{name}: the request"),
        _body(request.get("body"), f"{name}: the request"),
    )
    where = f"{name}: the response"
    code, reason = status_line_of(response.get("status"), where)
    answer = Answer(
        code,
        headers_of(response.get("headers"), where),
        _body(response.get("body"), where),
        reason=reason,
    )
    return [interaction_of(asked, answer, name)]


def _body(said: Any, where: str) -> bytes:
    match said:
        case {"string": inner}:
            return body_bytes(inner, where)
        case _:
            return body_bytes(said, where)
