"""Traces of httprr: HTTP messages as Go writes them, behind their lengths in bytes."""

import re

from harness.cassettes import Interaction
from harness.converting.parts import Answer, interaction_of, status_of, wrong
from harness.http_messages import Headers, HttpRequest

__all__ = ["read_httprr"]

_LENGTHS = re.compile(rb"(\d{1,18}) (\d{1,18})\r?\n")
_GAP = re.compile(rb"\r?\n\r?\n")  # who scrubs a header may leave a bare newline
_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[^\r\n]*\r\n")
_FIRST = "httprr trace v1"
_CODING = "transfer-encoding"


def read_httprr(data: bytes, name: str) -> list[Interaction]:
    """The interactions of a trace. Raises CassetteError."""
    first, _, _ = data.partition(b"\n")
    if first.strip().decode("latin-1") != _FIRST:
        raise wrong(name, f"does not begin with {_FIRST!r}")
    found: list[Interaction] = []
    at = len(first) + 1
    while at < len(data):
        place = f"{name}, interaction {len(found) + 1} (byte {at})"
        lengths = _LENGTHS.match(data, at)
        if lengths is None:
            raise wrong(place, "does not begin with two lengths")
        middle = lengths.end() + int(lengths[1])
        end = middle + int(lengths[2])
        if end > len(data):
            raise wrong(place, f"is cut short: {end - len(data)} bytes are missing")
        asked, answered = data[lengths.end() : middle], data[middle:end]
        found.append(_interaction(asked, answered, place))
        at = end
    return found


def _interaction(asked: bytes, answered: bytes, place: str) -> Interaction:
    where = f"{place}: the request"
    line, headers, body = _parts(asked, where)
    method, _, url = line.rpartition(" ")[0].partition(" ")
    if not method or not url:
        raise wrong(where, f"begins with {line!r}")
    if url.startswith("/"):
        host = next((text for name, text in headers if name.lower() == "host"), "")
        url = f"https://{host}{url}"
    request = HttpRequest(method, url, headers, b"".join(_pieces(headers, body, where)))

    where = f"{place}: the response"
    line, headers, body = _parts(answered, where)
    version, _, status = line.partition(" ")
    code, _, reason = status.partition(" ")
    chunks = _pieces(headers, body, where)
    answer = Answer(
        status_of(code, where),
        headers,
        b"".join(chunks),
        reason=reason,
        http_version=version,
        # Go's dumper makes one chunk of all: only several tell how it came.
        chunks=tuple(chunks) if len(chunks) > 1 else None,
    )
    return interaction_of(request, answer, place)


def _parts(message: bytes, where: str) -> tuple[str, Headers, bytes]:
    """The first line of a message, its headers, and its body as it is framed."""
    gap = _GAP.search(message)
    if gap is None:
        raise wrong(where, "has no end of its headers")
    head, body = message[: gap.start()], message[gap.end() :]
    first, *lines = re.split("\r?\n", head.decode("latin-1"))
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise wrong(where, f"has the header {line!r}")
        headers.append((name, value.strip()))
    return first, tuple(headers), body


def _pieces(headers: Headers, body: bytes, where: str) -> list[bytes]:
    """The chunks of *body*, if it is framed in chunks; else all of it as one."""
    codings = [text.lower() for name, text in headers if name.lower() == _CODING]
    if "chunked" not in ",".join(codings):
        return [body]
    found: list[bytes] = []
    at = 0
    while (size := _SIZE.match(body, at)) is not None:
        length = int(size[1], 16)
        if not length:
            return found
        at = size.end() + length
        found.append(body[size.end() : at])
        if body[at : at + 2] != b"\r\n":
            break
        at += 2
    raise wrong(where, f"has no whole chunk at byte {at} of its body")
