"""HTTP archives: of browsers and proxies, and of Polly.JS, as JSON or YAML."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from harness.cassettes import Interaction
from harness.cassettes.interactions import NO_ANSWER
from harness.cassettes.reading import text_of as file_text
from harness.converting.documents import Document, document
from harness.converting.parts import (
    Answer,
    body_bytes,
    from_base64,
    from_hexadecimal,
    interaction_of,
    items_of,
    mapping_of,
    milliseconds,
    moment,
    pairs_of,
    status_of,
    text_of,
    wrong,
)
from harness.http_messages import Headers, HttpRequest

__all__ = ["read_har"]

_GZIP = b"\x1f\x8b"
_CODING = "content-encoding"

_CODES: Mapping[str, Callable[[Any, str], bytes]] = {
    "base64": from_base64,
    "hex": from_hexadecimal,
}
#: Answers that have no body, whatever size is said.
_EMPTY = (204, 205, 304)


def read_har(data: bytes, name: str) -> list[Interaction]:
    """The interactions of an archive, in the order of its entries.

    Raises CassetteError, also for an answer whose body was left out of the file.
    """
    log = document(file_text(data, name), name).value
    said = Document(mapping_of(log, "log", name))
    return [_interaction(*one) for one in items_of(said, "entries", name)]


def _interaction(entry: Any, place: str) -> Interaction:
    request = mapping_of(entry, "request", place)
    response = mapping_of(entry, "response", place)
    asked = HttpRequest(
        text_of(request, "method", place),
        text_of(request, "url", place),
        _headers(request, f"{place}: the request"),
        _posted(request.get("postData"), f"{place}: the request"),
    )
    answer = _answer(entry, response, f"{place}: the response")
    return interaction_of(asked, answer, place, moment(entry.get("startedDateTime")))


def _answer(
    entry: Mapping[str, Any], response: Mapping[str, Any], where: str
) -> Answer:
    if response.get("status") in (0, "0"):
        why = response.get("_error") or response.get("statusText")
        return Answer(NO_ANSWER, failure=str(why or "there was no answer"))
    status = status_of(response.get("status"), where)
    content = response.get("content") or {}
    body, chunks = _body(content, status, where)
    headers = _headers(response, where)
    if chunks is None and not body.startswith(_GZIP):
        # An archive has bodies decoded; only Polly's chunks are as they came.
        headers = tuple(pair for pair in headers if pair[0].lower() != _CODING)
    return Answer(
        status,
        headers,
        body,
        reason=text_of(response, "statusText", where, ""),
        http_version=text_of(response, "httpVersion", where, ""),
        chunks=chunks,
        duration=milliseconds(entry.get("time")),
    )


def _headers(message: Mapping[str, Any], where: str) -> Headers:
    """The headers of a message, but for the fields that HTTP/2 has beside them."""
    found = pairs_of(message.get("headers"), where)
    return tuple(pair for pair in found if not pair[0].startswith(":"))


def _posted(said: Any, where: str) -> bytes:
    match said:
        case None:
            return b""
        case {"text": str() as text, "encoding": "base64"}:
            return from_base64(text, where)
        case {"text": str() as text} if text:
            return body_bytes(text, where)
        case {"params": list() as params} if params:
            return urlencode(pairs_of(params, where), errors="surrogatepass").encode()
        case dict():
            return b""
        case _:
            return body_bytes(said, where)


def _body(
    content: Any, status: int, where: str
) -> tuple[bytes, tuple[bytes, ...] | None]:
    """The body that *content* says, and its chunks where it says them."""
    if not isinstance(content, dict):
        raise wrong(where, "has a 'content' that is no mapping")
    text = content.get("text")
    if text is None:
        _refuse_missing(content, status, where)
        return b"", None
    code = "hex" if content.get("_isBinary") is True else content.get("encoding")
    if not code:
        return body_bytes(text, where), None
    if (decode := _CODES.get(str(code))) is None:
        raise wrong(where, f"has a body in the encoding {code!r}, which is not known")
    pieces = _list_of(text)
    if pieces is None:
        return decode(text, where), None
    chunks = tuple(decode(one, where) for one in pieces)
    return b"".join(chunks), chunks


def _list_of(text: Any) -> list[Any] | None:
    """The list that *text* is as JSON: Polly's chunks; None if it is none."""
    if not isinstance(text, str) or not text.startswith("["):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _refuse_missing(content: Mapping[str, Any], status: int, where: str) -> None:
    size = milliseconds(content.get("size")) or 0
    if "_file" in content or (size > 0 and status not in _EMPTY):
        kept = f"in {content['_file']!r}" if "_file" in content else "out"
        raise wrong(
            where,
            f"has a body of {size} bytes that was left {kept} when the archive was "
            "saved; save it with its contents",
        )
