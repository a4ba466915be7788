"""Cassettes of VCR: for Ruby, for R in its two versions, and of betamax."""

from typing import Any
from urllib.parse import urlencode

from harness.cassettes import Interaction
from harness.cassettes.encodings import unzipped
from harness.cassettes.reading import text_of as file_text
from harness.converting.documents import document
from harness.converting.parts import (
    Answer,
    body_bytes,
    from_base64,
    headers_of,
    interaction_of,
    items_of,
    mapping_of,
    moment,
    status_line_of,
    text_of,
    wrong,
)
from harness.http_messages import HttpRequest

__all__ = ["read_vcr"]

#: How the first VCR for R writes that there is no body.
_NO_BODY = ("no", "false", "FALSE")


def read_vcr(data: bytes, name: str) -> list[Interaction]:
    """The interactions of a cassette of VCR. Raises CassetteError."""
    said = document(file_text(data, name), name)
    items = items_of(said, "http_interactions", name)
    by = str(said.value.get("recorded_with") or "").lower()
    of_r = by.startswith(("vcr/", "vcr-vcr/"))
    return [_interaction(item, place, of_r=of_r) for item, place in items]


def _interaction(item: Any, place: str, *, of_r: bool) -> Interaction:
    request = mapping_of(item, "request", place)
    response = mapping_of(item, "response", place)
    asked = HttpRequest(
        text_of(request, "method", place),
        text_of(request, "uri", place),
        headers_of(request.get("headers"), place),
        _body(request.get("body"), f"{place}: the request", of_r=of_r),
    )
    code, reason = status_line_of(response.get("status"), place)
    answer = Answer(
        code,
        headers_of(response.get("headers"), place),
        _body(response.get("body"), f"{place}: the response", of_r=of_r),
        reason=reason,
        http_version=_version(response.get("http_version")),
    )
    return interaction_of(asked, answer, place, moment(item.get("recorded_at")))


def _version(said: Any) -> str:
    return f"HTTP/{said}" if str(said or "")[:1].isdigit() else str(said or "")


def _body(said: Any, where: str, *, of_r: bool) -> bytes:
    match said:
        case None:
            return b""
        case {"raw_gzip": packed}:
            return _unpacked(from_base64(packed, where), where)
        case {"base64_string": coded}:
            return from_base64(coded, where)
        case {"on_disk": _} | {"file": True | "yes" | "true" | "TRUE"}:
            raise wrong(where, "has its body in a file of its own, which is not read")
        case {"string": text}:
            return b"" if of_r and text in _NO_BODY else body_bytes(text, where)
        case {"fields": dict() as fields}:
            return urlencode(fields, errors="surrogatepass").encode()
        case dict() if not {*said} - {"encoding"}:
            return b""
        case _:
            return body_bytes(said, where)


def _unpacked(data: bytes, where: str) -> bytes:
    found = unzipped(data) if data else b""
    if found is None:
        raise wrong(where, "has a body that is no gzip")
    return found
