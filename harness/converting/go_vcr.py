"""Cassettes of go-vcr, versions 1 and 2 of its file format."""

import re
from typing import Any

from harness.cassettes import Interaction
from harness.cassettes.reading import text_of as file_text
from harness.converting.documents import document
from harness.converting.parts import (
    Answer,
    body_bytes,
    headers_of,
    interaction_of,
    items_of,
    mapping_of,
    milliseconds,
    status_of,
    text_of,
)
from harness.http_messages import HttpRequest

__all__ = ["read_go_vcr"]

#: Parts of a duration as Go writes it, and how many milliseconds each is.
_PART = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|µs|μs|us|ns)")
_UNITS = {"h": 3.6e6, "m": 6e4, "s": 1e3, "ms": 1.0, "ns": 1e-6}


def read_go_vcr(data: bytes, name: str) -> list[Interaction]:
    """The interactions of a cassette of go-vcr. Raises CassetteError."""
    said = document(file_text(data, name), name)
    return [_interaction(*one) for one in items_of(said, "interactions", name)]


def _interaction(item: Any, place: str) -> Interaction:
    request = mapping_of(item, "request", place)
    response = mapping_of(item, "response", place)
    asked = HttpRequest(
        text_of(request, "method", place, "") or "GET",
        text_of(request, "url", place),
        headers_of(request.get("headers"), place),
        body_bytes(request.get("body"), f"{place}: the request"),
    )
    status = text_of(response, "status", place, "")
    code = status_of(response.get("code"), place)
    answer = Answer(
        code,
        headers_of(response.get("headers"), place),
        body_bytes(response.get("body"), f"{place}: the response"),
        reason=status.removeprefix(str(code)).strip(),
        http_version=text_of(response, "proto", place, ""),
        duration=_milliseconds(text_of(response, "duration", place, "")),
    )
    return interaction_of(asked, answer, place)


def _milliseconds(said: str) -> int | None:
    """How long *said* is: `1m2.5s`; None where it says nothing.

    >>> _milliseconds("1m2.5s"), _milliseconds("850.25µs"), _milliseconds("")
    (62500, 1, None)
    """
    found = _PART.findall(said)
    if not found:
        return None
    return milliseconds(sum(float(n) * _UNITS.get(unit, 1e-3) for n, unit in found))
