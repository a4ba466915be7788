"""Recordings of llama-stack's tests: requests, and the client's objects as JSON.

An object stands as its type's name and its fields. Streams are lists of chunks: they
are written as the events that the client made them of, so that their borders are kept.
"""

from collections.abc import Mapping
from typing import Any

from harness.cassettes import Interaction
from harness.cassettes.interactions import NO_ANSWER
from harness.cassettes.reading import text_of as file_text
from harness.converting.documents import document
from harness.converting.events import framed, stream_type
from harness.converting.parts import (
    Answer,
    body_bytes,
    headers_of,
    interaction_of,
    json_bytes,
    mapping_of,
    status_of,
    text_of,
    wrong,
)
from harness.errors import shown
from harness.http_messages import Headers, HttpRequest
from harness.wire import dialect_of

__all__ = ["read_llama_stack"]

_JSON: Headers = (("content-type", "application/json"),)


def read_llama_stack(data: bytes, name: str) -> list[Interaction]:
    """The one interaction of a file. Raises CassetteError."""
    said = document(file_text(data, name), name).value
    if not isinstance(said, dict):
        raise wrong(name, f"is {shown(said)}, which is no recording of llama-stack's")
    request = mapping_of(said, "request", name)
    if "url" not in request:
        raise wrong(name, "has no URL: what it records went over no wire")
    # The client's base URL and the path behind it, which both say the version.
    url = text_of(request, "url", name).replace("/v1/v1/", "/v1/")
    body = _plain(request.get("body", request.get("payload")))
    asked = HttpRequest(
        text_of(request, "method", name, "POST"),
        url,
        headers_of(request.get("headers"), f"{name}: the request") or _JSON,
        b"" if body is None else json_bytes(body, name),
    )
    response = mapping_of(said, "response", name)
    return [
        interaction_of(asked, _answer(response, url, f"{name}: the response"), name)
    ]


def _answer(response: Mapping[str, Any], url: str, where: str) -> Answer:
    if response.get("is_exception"):
        return _failure(response, where)
    body = _plain(response.get("body"))
    match body:
        case [str(), *_] if all(isinstance(line, str) for line in body):
            text = "\n".join(body).rstrip("\n")
            return _stream((body_bytes(f"{text}\n\n", where),))
        case list():
            dialect = dialect_of(url)
            name = "" if dialect is None else dialect.name
            return _stream(framed(body, name), stream_type(name))
        case dict():
            return Answer(200, _JSON, json_bytes(body, where))
        case _:
            raise wrong(where, f"has the body {shown(body)}, which is no answer")


def _stream(frames: tuple[bytes, ...], kind: str = "text/event-stream") -> Answer:
    headers = (("content-type", kind),)
    chunks = frames if len(frames) > 1 else None
    return Answer(200, headers, b"".join(frames), chunks=chunks)


def _failure(response: Mapping[str, Any], where: str) -> Answer:
    """The answer that the client raised as an error."""
    said = mapping_of(response, "exception_data", where)
    message = str(said.get("message") or response.get("exception_message") or "")
    if said.get("status_code") is None:
        return Answer(NO_ANSWER, failure=message or "there was no answer")
    body = _plain(said.get("body"))
    # The client takes the error out of its envelope.
    if not isinstance(body, dict):
        body = {"error": {"message": message}}
    elif "error" not in body:
        body = {"error": body}
    return Answer(status_of(said["status_code"], where), _JSON, json_bytes(body, where))


def _plain(value: Any) -> Any:
    """*value* with the fields of objects in their place."""
    match value:
        case {"__type__": _, "__data__": data}:
            return _plain(data)
        case dict():
            return {key: _plain(one) for key, one in value.items()}
        case list():
            return [_plain(one) for one in value]
        case _:
            return value
