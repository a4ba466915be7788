"""Recordings of nock: a list of the answers that it gives, in JSON."""

from typing import Any

from harness.cassettes import Interaction
from harness.cassettes.reading import text_of as file_text
from harness.converting.documents import document
from harness.converting.parts import (
    Answer,
    body_bytes,
    from_hexadecimal,
    headers_of,
    interaction_of,
    json_bytes,
    placed,
    status_of,
    text_of,
    wrong,
)
from harness.http_messages import Headers, HttpRequest

__all__ = ["read_nock"]


def read_nock(data: bytes, name: str) -> list[Interaction]:
    """The interactions of a recording of nock. Raises CassetteError."""
    found = document(file_text(data, name), name).value
    if not isinstance(found, list):
        raise wrong(name, "is no list")
    return [_interaction(*one) for one in placed(found, name)]


def _interaction(item: Any, place: str) -> Interaction:
    if not isinstance(item, dict):
        raise wrong(place, "is no mapping")
    scope, path = text_of(item, "scope", place), text_of(item, "path", place)
    asked = HttpRequest(
        text_of(item, "method", place, "GET"),
        f"{scope.rstrip('/')}{path}",
        headers_of(item.get("reqheaders"), f"{place}: the request"),
        _value(item.get("body"), f"{place}: the request"),
    )
    where = f"{place}: the response"
    headers = _headers(item.get("rawHeaders") or item.get("headers"), where)
    chunks = _chunks(item, headers, where)
    answer = Answer(
        status_of(item.get("status", 200), where),
        headers,
        b"".join(chunks) if chunks else _value(item.get("response"), where),
        chunks=chunks if chunks and len(chunks) > 1 else None,
    )
    return interaction_of(asked, answer, place)


def _value(said: Any, where: str) -> bytes:
    """A body: a text as it is, anything else as the JSON that it was read from."""
    if said is None or isinstance(said, str):
        return body_bytes(said, where)
    return json_bytes(said, where)


def _chunks(
    item: dict[str, Any], headers: Headers, where: str
) -> tuple[bytes, ...] | None:
    """The pieces of an answer that stands in hexadecimal, if it does.

    A binary one does as one text, a compressed one as the list of its pieces.
    """
    response = item.get("response")
    coded = any(name.lower() == "content-encoding" for name, _ in headers)
    match response:
        case str() if item.get("responseIsBinary") is True:
            return (from_hexadecimal(response, where),)
        case list() if coded and all(isinstance(one, str) for one in response):
            return tuple(from_hexadecimal(one, where) for one in response)
        case _:
            return None


def _headers(said: Any, where: str) -> Headers:
    """Headers as nock writes them: names and values in turn, or a mapping."""
    if not isinstance(said, list):
        return headers_of(said, where)
    if len(said) % 2 or not all(isinstance(one, str) for one in said):
        raise wrong(where, "has headers that are no names and values in turn")
    return tuple(zip(said[::2], said[1::2], strict=True))
