"""Recordings of httpmock: a YAML document for each rule of `when` and `then`.

They say no host: the URLs that are read here are paths.
"""

from typing import Any
from urllib.parse import quote, urlencode

from harness.cassettes import Interaction
from harness.cassettes.reading import text_of as file_text
from harness.converting.documents import Document, documents
from harness.converting.parts import (
    Answer,
    body_bytes,
    from_base64,
    interaction_of,
    json_bytes,
    mapping_of,
    milliseconds,
    pairs_of,
    status_of,
    text_of,
    wrong,
)
from harness.http_messages import HttpRequest

__all__ = ["read_httpmock"]

#: What a rule may ask for beside what was recorded, and matches more than one request.
_LOOSE = ("_matches", "_contains", "_prefix", "_suffix", "_includes", "_exists", "_not")


def read_httpmock(data: bytes, name: str) -> list[Interaction]:
    """The interactions of a recording, their URLs without a host."""
    found = [one for one in documents(file_text(data, name), name) if one.value]
    return [
        _interaction(one, f"{name}, interaction {n}{_line(one)}")
        for n, one in enumerate(found, 1)
    ]


def _line(said: Document) -> str:
    return f" (line {said.line})" if said.line else ""


def _interaction(said: Document, place: str) -> Interaction:
    when = mapping_of(said.value, "when", place)
    then = mapping_of(said.value, "then", place)
    if loose := [key for key in when if str(key).endswith(_LOOSE) and when[key]]:
        raise wrong(
            place,
            f"is no recording of one request, but a rule for many: it has {loose[0]!r}",
        )
    said_query = pairs_of(when.get("query_param"), place)
    query = urlencode(said_query, errors="surrogatepass", quote_via=quote)
    path = text_of(when, "path", place)
    asked = HttpRequest(
        text_of(when, "method", place, "GET"),
        f"{path}?{query}" if query else path,
        pairs_of(when.get("header"), f"{place}: the request"),
        _body(when, f"{place}: the request"),
    )
    where = f"{place}: the response"
    answer = Answer(
        status_of(then.get("status", 200), where),
        pairs_of(then.get("header"), where),
        _body(then, where),
        duration=milliseconds(then.get("delay")),
    )
    return interaction_of(asked, answer, place)


def _body(side: Any, where: str) -> bytes:
    match side:
        case {"body_base64": coded} | {"body": coded, "body_encoding": "base64"}:
            return from_base64(coded, where)
        case {"body": said}:
            return body_bytes(said, where)
        case {"json_body": str() as text}:
            return body_bytes(text, where)
        case {"json_body": value}:
            return json_bytes(value, where)
        case _:
            return b""
